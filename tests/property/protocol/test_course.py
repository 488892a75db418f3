"""Patients treated under a regimen stay in its defined states, whatever is measured."""

import datetime as dt

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocol.audit.judge import audit_patient
from protocol.bedside.decide import decide
from protocol.regimen.load import list_regimens, load_regimen
from protocol.regimen.paths import injections_of, paths_of
from simulate.hormones.decision_lookup import answers, dose_calendar, lookup
from tests.support.adherent_log import adherent_events

START = dt.date(2022, 3, 1)
FSH = st.none() | st.floats(0, 200) | st.sampled_from([0.0, 0.7, 11.1, 200.0])


#: Regimens that need no result except FSH.
GUIDED_BY_FSH = [
    name
    for name in list_regimens()
    if set(load_regimen(name).tables["phase"].inputs) <= {"month", "previous_phase", "fsh_iu_l"}
]


class Course(RuleBasedStateMachine):
    """One patient under a regimen; a missing value is measured again or awaited."""

    @initialize(name=st.sampled_from(GUIDED_BY_FSH))
    def start(self, name):
        self.regimen = load_regimen(name)
        self.phases: list[str] = []
        self.stopped = False
        self.waits = False
        self.month = 1
        self.spent = 0

    def _decide(self, fsh):
        table = self.regimen.tables["phase"]
        before = (self.phases[-1] if self.phases else "none") if not self.stopped else "stopped"
        given = {"month": self.month, "previous_phase": before, "fsh_iu_l": fsh}
        given = {name: value for name, value in given.items() if name in table.inputs}
        decision = decide(self.regimen, "phase", given)
        columns = {
            name: np.nan
            if value is None
            else self.regimen.inputs[name].values.index(value)
            if isinstance(value, str)
            else value
            for name, value in given.items()
        }
        assert table.rules[int(lookup(table.proved, columns))].id == decision.rule_id
        return decision

    @rule(fsh=FSH)
    def live_a_month(self, fsh):
        decision = self._decide(fsh)
        assert decision.outcome != "out of scope"
        self.waits = decision.outcome == "insufficient data"
        if self.waits:
            assert fsh is None
            assert decision.orders == ()
            return
        assert decision.action is not None
        phase = self.regimen.phase(decision.action)
        assert not (self.stopped and phase.orders)
        if phase.ends_therapy:
            self.stopped = True
        else:
            self._inject(phase)
            self.phases.append(phase.name)
        self.month = min(self.month + 1, 12)

    def _inject(self, phase):
        code = answers(self.regimen.tables["phase"], [p.name for p in self.regimen.phases])
        assert phase.code in code
        same = self.phases and self.phases[-1] == phase.name
        self.spent = self.spent + 1 if same else 0
        begun = len(self.phases) - self.spent
        calendar = dose_calendar(self.regimen)[phase.code, begun, self.spent]
        first = 30 * len(self.phases)
        due = injections_of(self.regimen, (*self.phases, phase.name))
        for code, drug in enumerate(self.regimen.drugs):
            listed = {
                dose.day - first: dose.dose
                for dose in due
                if dose.drug == drug and dose.day >= first
            }
            drawn = {int(day): calendar[code, day] for day in np.flatnonzero(calendar[code])}
            assert drawn == listed

    @precondition(lambda self: self.stopped)
    @rule(semen=st.sampled_from(["sperm", "no sperm", None]))
    def analyse_semen(self, semen):
        decision = decide(self.regimen, "end-of-therapy", {"semen": semen})
        assert decision.outcome in {"recommendation", "insufficient data"}
        assert decision.orders == ()

    @invariant()
    def therapy_is_as_long_as_it_may_be(self):
        assert len(self.phases) <= self.regimen.months
        if self.month > self.regimen.months + 1:
            assert self.stopped

    @invariant()
    def what_was_lived_begins_a_path(self):
        lived = tuple(self.phases)
        assert any(path.phases[: len(lived)] == lived for path in paths_of(self.regimen))


Course.TestCase.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)
TestCourse = Course.TestCase


def test_random_adherent_patients_audit_clean():
    rng = np.random.default_rng(11)
    for name in list_regimens():
        regimen = load_regimen(name)
        for _ in range(40):
            monthly = [
                {
                    "fsh_iu_l": float(fsh),
                    "lh_iu_l": 4.0,
                    "testosterone_nmol_l": 20.0,
                    "estradiol_pmol_l": 90.0,
                }
                for fsh in rng.choice([0.0, 0.5, 0.7, 4.0, 11.1, 11.2, 40.0], 6)
            ]
            semen = str(rng.choice(["sperm", "no sperm"]))
            baseline = {**monthly[0], "fsh_iu_l": 18.0, "prolactin_ng_ml": 9.0}
            events = adherent_events(regimen, START, monthly, baseline=baseline, semen=semen)
            events.sort(key=lambda event: event.date)
            assert audit_patient("m", events, regimen).deviations == ()
