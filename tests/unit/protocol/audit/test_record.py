"""Day 0, revised decisions, implausible dates, duplicate rows and the end of a log."""

import datetime as dt
from dataclasses import replace

import pytest

from protocol.audit.judge import audit, audit_patient
from protocol.audit.log.events import Event
from protocol.regimen.load import load_regimen
from protocol.regimen.parts import MonthLength
from tests.support.adherent_log import adherent_events, calendar_month_events

GUIDED = load_regimen("fsh-guided")
START = dt.date(2021, 9, 14)
DAY0 = START.toordinal()
OTHERS = {"lh_iu_l": 3.0, "testosterone_nmol_l": 20.0, "estradiol_pmol_l": 120.0}


def adherent(*fsh: float) -> list[Event]:
    return adherent_events(
        GUIDED,
        START,
        [{"fsh_iu_l": value, **OTHERS} for value in fsh],
        baseline={"fsh_iu_l": 21.0, "prolactin_ng_ml": 8.0, **OTHERS},
        semen="no sperm",
    )


def judged(events, **options):
    return audit_patient("a", sorted(events, key=lambda event: event.date), GUIDED, **options)


def found(events, **options):
    answer = judged(events, **options)
    return [d.kind for d in answer.deviations], [q.kind for q in answer.queries]


def injection(day: int, drug: str = "hcg", dose: float = 2000.0, **more) -> Event:
    return Event(DAY0 + day, "injection", drug, dose, **more)


@pytest.mark.parametrize(
    ("stray", "query"),
    [
        (Event(DAY0 - 9, "decision", value="hcg"), "before therapy"),
        (Event(DAY0 - 100, "injection", "hcg", 2000.0), "before therapy"),
        (Event(DAY0 - 400, "icsi", value="testicular"), "before therapy"),
        (Event(DAY0 - 3653, "injection", "hcg", 2000.0), "before therapy"),
        (Event(DAY0 + 65_000, "injection", "hcg", 2000.0), "implausible date"),
        (Event(DAY0 + 3653, "fsh_iu_l", value=9.0), "implausible date"),
        (Event(DAY0 - 40_000, "karyotype", value="klinefelter"), "implausible date"),
        (Event(DAY0 + 12, "start"), "second start"),
        (Event(DAY0 + 44, "decision", value="hcg"), "decision not used"),
    ],
)
def test_one_stray_row_is_one_query_and_no_deviation(stray, query):
    assert found([*adherent(9.0, 9.0, 9.0), stray]) == ([], [query])


def test_one_injection_with_a_wrong_year_does_not_move_day_0():
    events = [event for event in adherent(9.0, 9.0, 9.0) if event.name != "start"]
    wrong = replace(events[-20], date=events[-20].date - 3652)
    answer = judged([*events, wrong])
    assert answer.start == START
    assert [query.kind for query in answer.queries] == ["before therapy"]


def test_without_a_logged_start_day_0_is_the_first_injection():
    events = [event for event in adherent(9.0, 9.0, 9.0) if event.name != "start"]
    events.append(Event(DAY0 - 3, "decision", value="hcg"))
    assert found(events) == ([], [])


@pytest.mark.parametrize(
    ("made", "kinds"),
    [
        # The first decision was made before FSH was known: the second one counts.
        ([(28, "hcg"), (30, "hcg-ufsh")], []),
        # Both use the FSH of day 30: the later one counts.
        ([(30, "hcg"), (32, "hcg-ufsh")], []),
        ([(30, "hcg-ufsh"), (32, "hcg")], ["decision against the rule"]),
        # Only the second of these was made without data.
        ([(31, "hcg-ufsh")], []),
    ],
)
def test_a_later_decision_supersedes_an_earlier_one(made, kinds):
    events = [e for e in adherent(9.0, 9.0, 9.0) if e.name != "decision" or e.date != DAY0 + 30]
    events += [Event(DAY0 + day, "decision", value=phase) for day, phase in made]
    deviations, queries = found(events)
    assert [kind for kind in deviations if kind == "decision against the rule"] == kinds
    assert queries == (["revised decision"] if len(made) > 1 else [])


def test_with_two_decisions_on_one_day_the_phase_follows_from_the_injections():
    events = [*adherent(9.0, 9.0, 9.0), Event(DAY0 + 30, "decision", value="hcg")]
    assert found(events) == ([], ["conflicting values"])
    assert found(events[::-1]) == ([], ["conflicting values"])


def test_two_values_of_one_day_on_both_sides_of_a_limit_are_named_and_not_judged():
    events = [*adherent(9.0, 9.0, 9.0), Event(DAY0 + 30, "fsh_iu_l", value=12.0)]
    answer = judged(events)
    assert answer.deviations == ()
    (query,) = answer.queries
    assert query.text.startswith("FSH on day 30 is 12 and 9, on both sides of a limit")
    same_side = [*adherent(9.0, 9.0, 9.0), Event(DAY0 + 30, "fsh_iu_l", value=10.0)]
    assert found(same_side) == ([], [])


def test_a_decision_is_not_judged_by_a_value_reported_later():
    events = [*adherent(15.0, 15.0, 15.0), Event(DAY0 + 33, "fsh_iu_l", value=5.0)]
    assert found(events) == ([], [])


def test_identical_rows_are_counted_once_and_nothing_is_judged_that_is_due_after_the_log():
    events = [injection(0, row=2), injection(0, row=3), injection(2, row=4)]
    answer = judged(events)
    assert answer.deviations == ()
    assert [(q.kind, q.rows) for q in answer.queries] == [("identical rows", (2, 3))]
    assert "2 identical rows (hcg 2000 IU) on day 0: counted once" in answer.queries[0].text
    assert "nothing" not in answer.note
    assert answer.adherence[0].given_amount == 4000


def test_vials_that_add_up_to_the_ordered_dose_are_one_dose():
    events = adherent(9.0, 9.0, 9.0)
    at = next(i for i, e in enumerate(events) if e.drug == "ufsh")
    events[at : at + 1] = [replace(events[at], dose=75.0)] * 2
    assert found(events) == ([], ["divided dose"])


def test_a_second_injection_of_one_day_is_reported_as_such_and_not_as_an_early_one():
    events = [e for e in adherent(15.0, 15.0, 15.0) if e.date != DAY0 + 6 or e.name != "injection"]
    answer = judged([*events, injection(4, dose=5000.0, row=9)])
    assert [(d.kind, d.day) for d in answer.deviations] == [
        ("extra dose", 4), ("missed dose", 6)
    ]  # fmt: skip
    assert answer.deviations[0].observed == "a second dose on one day: hcg 5000 IU on day 4"


def test_a_log_states_how_far_it_can_be_judged():
    events = [e for e in adherent(9.0, 9.0, 9.0) if e.date - DAY0 <= 12]
    assert judged(events).note == (
        "the log ends on day 12 (2021-09-26); assessed are doses due up to day 10 and "
        "tests due up to day 6"
    )


def test_events_after_the_data_cut_off_are_not_used():
    events = [e for e in adherent(9.0, 9.0, 9.0) if e.date - DAY0 <= 14]
    until = START + dt.timedelta(days=24)
    assert found(events, cutoff=until) == (["treatment gap"], [])
    early = START + dt.timedelta(days=8)
    assert found(events, cutoff=early) == ([], ["after the data cut-off"])


def test_calendar_months_are_used_if_requested_and_are_reported():
    events = calendar_month_events(START, OTHERS)
    assert found(events, calendar_months=True) == ([], [])
    assert found(events)[0] == ["therapy after stop"]
    month = MonthLength(length="calendar month", status="assumed", rationale="our clinic's diary")
    tolerances = replace(GUIDED.tolerances, month=month)
    own = replace(GUIDED, tolerances=tolerances)
    assert audit_patient("a", sorted(events, key=lambda e: e.date), own).deviations == ()


def test_a_month_begins_on_the_last_day_of_a_shorter_month():
    events = calendar_month_events(dt.date(2021, 12, 31), OTHERS)
    assert found(events, calendar_months=True) == ([], [])


def test_old_baseline_values_are_reported_once_with_their_age():
    events = [
        replace(e, date=e.date - 3652) if e.name in OTHERS and e.date == DAY0 else e
        for e in adherent(9.0, 9.0, 9.0)
    ]
    answer = judged(events)
    assert [d.kind for d in answer.deviations] == ["test timing"]
    assert answer.deviations[0].expected == "LH, Total testosterone, Estradiol on day 0"
    assert answer.deviations[0].observed == "on 2011-09-15, 3652 days before therapy"


def test_the_semen_analysis_before_surgery_may_be_as_old_as_the_regimen_states():
    events = adherent(9.0, 9.0, 9.0)
    for wait, kinds in ((90, []), (91, ["test timing"]), (215, ["test timing"])):
        late = [replace(e, date=DAY0 + 90 + wait) if e.name == "micro-tese" else e for e in events]
        assert found(late)[0] == kinds


def test_identifiers_that_differ_only_in_capitals_are_reported():
    log = {"P-017": adherent(9.0, 9.0, 9.0), "p-017 ": [], "P-18": [], "1-12": [], "11-2": []}
    (query,) = audit(log, GUIDED).queries
    assert query.text.startswith("'P-017' and 'p-017 ' may be one patient")


@pytest.mark.parametrize(
    ("facts", "verdict", "rules"),
    [
        ([("karyotype", "klinefelter", -20)], "violated", ["karyotype"]),
        ([("azf", "azfb", -20), ("radio_or_chemotherapy", "yes", -4000)], "violated",
         ["azf-hopeless", "no-cancer-therapy"]),
        ([("karyotype", "klinefelter", 12)], "violated", ["karyotype"]),
        ([("karyotype", "klinefelter", -90), ("karyotype", "normal", -20)], "not judged", []),
        ([("karyotype", "normal", -20)], "not judged", []),
        ([], "not judged", []),
    ],
)  # fmt: skip
def test_eligibility_is_judged_first(facts, verdict, rules):
    events = adherent(9.0, 9.0, 9.0)
    at = next(i for i, e in enumerate(events) if e.name == "injection")
    del events[at + 3]
    events += [Event(DAY0 + day, name, value=value) for name, value, day in facts]
    answer = judged(events)
    assert answer.eligibility == verdict
    assert [d.rule for d in answer.deviations] == [*rules, "order"]
    assert "centrifuge_g" in answer.missing_facts


def test_a_patient_with_all_facts_known_is_eligible():
    facts = {
        "azoospermic_samples": 2.0, "centrifuge_g": 3000.0, "centrifuge_minutes": 30.0,
        "karyotype": "normal", "azf": "azfc", "radio_or_chemotherapy": "no",
        "hypogonadotropic_hypogonadism": "no",
    }  # fmt: skip
    known = [Event(DAY0 - 8, name, value=value) for name, value in facts.items()]
    answer = judged([*adherent(9.0, 9.0, 9.0), *known])
    assert (answer.eligibility, answer.missing_facts, answer.deviations) == ("met", (), ())
    speed = [replace(e, value=2999.9) if e.name == "centrifuge_g" else e for e in known]
    assert judged([*adherent(9.0, 9.0, 9.0), *speed]).eligibility == "violated"


def test_injections_under_a_hold_come_first_and_end_with_the_value_that_lifts_it():
    level = "hematocrit_percent"
    events = [
        *adherent(9.0, 9.0, 9.0),
        Event(DAY0 + 39, level, value=56.0),
        Event(DAY0 + 45, level, value=54.0),
    ]
    answer = judged(events)
    (held,) = answer.deviations
    assert (held.kind, held.day, held.rule) == ("treatment during a hold", 39, "F5")
    assert held.expected == ("nothing after Hematocrit 56 % on day 39 (Hematocrit above 54)")
    assert held.observed == "3 doses from day 40 to day 44"
    assert judged([*events[:-2], Event(DAY0 + 39, level, value=54.0)]).deviations == ()


def by_visits(*late: int) -> list[Event]:
    """A log with late monthly visits, whose months of therapy begin at the visits."""
    starts = [0]
    for days in late:
        starts.append(starts[-1] + 30 + days)
    moved = []
    for event in adherent(9.0, 9.0, 9.0):
        month, within = divmod(event.date - DAY0, 30)
        moved.append(replace(event, date=DAY0 + starts[month] + within))
    return moved


def test_months_counted_from_visits_are_audited():
    log = by_visits(3, 5, 4)
    assert found(log, visit_months=True) == ([], [])
    assert "missed dose" in found(log)[0]
    assert judged(log, visit_months=True).month_starts == (0, 33, 68, 102)
    assert found(by_visits(3, 6, 0), visit_months=True)[0] == ["test timing"]


def test_a_regimen_may_state_that_months_count_from_visits():
    length = MonthLength(length="from visit to visit", status="assumed", rationale="x")
    own = replace(GUIDED, tolerances=replace(GUIDED.tolerances, month=length))
    assert audit_patient("a", by_visits(3, 5, 4), own).deviations == ()
