"""The pathway of a patient through the clinic, as a SimPy process."""

from collections.abc import Generator
from dataclasses import dataclass
from math import ceil, inf
from typing import Any

import simpy

from protocol.dates import MONTH_DAYS
from protocol.errors import InputError
from simulate.clinic.courses import decisions
from simulate.clinic.courses.batches import (
    BORN,
    GIVES_UP,
    IN_EJACULATE,
    PREGNANT,
    RETRIEVABLE,
    Batches,
    Tries,
)
from simulate.clinic.courses.decisions import Rules
from simulate.clinic.courses.delays import (
    BETWEEN_SEMEN_SAMPLES,
    BETWEEN_TRANSFERS,
    FIRST_VISIT_PATIENCE,
    OPERATION,
    RETRIEVAL_TO_TRANSFER,
    STIMULATION,
    TEST_TO_DELIVERY,
    TEST_TO_LOSS,
    THEATRE_PATIENCE,
    TIME_TO_CHOOSE,
    TO_STIMULATION,
    TRANSFER_TO_TEST,
)
from simulate.clinic.courses.potential_course import QUARTER_DAYS, Phases
from simulate.clinic.flow import steps
from simulate.clinic.flow.elapsed_time import Answer, Process, send_sample, stamp, visit, wait
from simulate.clinic.flow.ledger import Ledger
from simulate.clinic.flow.patient_state import Case
from simulate.clinic.flow.places import Places
from simulate.hormones.traits import MONTHS


@dataclass(slots=True)
class Pathways:
    """The pathways of all patients of a run.

    Attributes
    ----------
    half_life_days
        Half-life of the effect of therapy on retrieval, from the end of therapy to surgery;
        infinity means no decay.
    listed
        Patients who wait for surgery when the clinic opens; their earlier steps took no time.
    """

    env: simpy.Environment
    batches: Batches
    rules: tuple[Rules, Rules]
    places: Places
    ledger: Ledger
    half_life_days: float = inf
    partner_ages: bool = False
    listed: frozenset[int] = frozenset()
    referred: int = 0

    def walk(self, patient: int) -> Process:
        """Simulate one patient from referral to the end of the pathway."""
        self.referred += 1
        batch = self.batches[patient]
        case = Case(
            patient, batch, self.rules[batch.gonadotropin_therapy], self.ledger.blank, self.env.now
        )
        self.ledger.open(case)
        if patient in self.listed:
            self._was_worked_up(case)
        elif not (yield from self._work_up(case)):
            self._end(case, steps.DECLINED)
            return
        phases: Phases = yield from self._treat(case)
        therapy_ended = self._therapy_ended(case)
        sequence = case.rules.way.sequences[phases]
        if (yield from self._shows_sperm(case, batch.outcome(sequence) & IN_EJACULATE > 0)):
            has_sperm = True
        elif (yield from self._reaches_surgery(case)):
            has_sperm = yield from self._operate(case, sequence, therapy_ended)
        else:
            self._end(case, steps.LEFT_LIST)
            return
        if not has_sperm:
            self._end(case, steps.NO_SPERM)
            return
        stamp(self.env, case, steps.FREEZING)
        if self._wants_icsi(case):
            yield from self._try_for_birth(case)
        else:
            self._end(case, steps.SPERM_KEPT)

    def _work_up(self, case: Case) -> Answer:
        """First visit, hormones, two semen samples, counselling; False if declined."""
        outpatients, delays = self.places.outpatients, case.batch.delays
        first = visit(
            self.env, case, steps.FIRST_VISIT, outpatients, self.env.now,
            follow_up=False, patience=delays[FIRST_VISIT_PATIENCE],
        )  # fmt: skip
        if first is None:
            return False
        yield from first
        yield from send_sample(self.env, case, steps.BASELINE_HORMONES, self.places.hormones, 0)
        yield from send_sample(self.env, case, steps.SEMEN_SAMPLES[0], self.places.semen, 0)
        yield from wait(self.env, delays[BETWEEN_SEMEN_SAMPLES])
        yield from send_sample(self.env, case, steps.SEMEN_SAMPLES[1], self.places.semen, 1)
        yield from visit(self.env, case, steps.COUNSELLING, outpatients, self.env.now) or ()
        yield from wait(self.env, delays[TIME_TO_CHOOSE])
        return True

    def _was_worked_up(self, case: Case) -> None:
        work_up = (steps.FIRST_VISIT, steps.BASELINE_HORMONES, *steps.SEMEN_SAMPLES)
        for step in (*work_up, steps.COUNSELLING):
            stamp(self.env, case, step)

    def _treat(self, case: Case) -> Generator[simpy.Event, Any, Phases]:
        """Decide month by month, each from the hormones at the end of the month before.

        A month begins when it is decided; nothing is injected while a decision is awaited. A
        patient who discontinues therapy has no more injections, but still attends visits.
        """
        rules, env = case.rules, self.env
        phases: Phases = ()
        for month in range(rules.regimen.months):
            place, phase = rules.phase(case.batch, phases)
            phases = (*phases, phase)
            case.rule[month] = place
            case.decided[month] = rules.codes[phase]
            stays = month < case.batch.months
            case.phase[month] = rules.codes[phase] if stays else rules.stopped
            case.month_start[month] = env.now
            if case.number in self.listed:
                yield env.timeout(MONTH_DAYS)
                stamp(self.env, case, steps.MONTH_VISIT[month])
                stamp(self.env, case, steps.MONTH_HORMONES[month])
                continue
            due = env.now + MONTH_DAYS
            yield from (
                visit(self.env, case, steps.MONTH_VISIT[month], self.places.outpatients, due) or ()
            )
            yield from send_sample(
                self.env, case, steps.MONTH_HORMONES[month], self.places.hormones, month + 1
            )
        return phases

    def _therapy_ended(self, case: Case) -> float:
        months = case.rules.regimen.months
        return case.month_start[months - 1] + MONTH_DAYS if months else self.env.now

    def _shows_sperm(self, case: Case, in_ejaculate: bool) -> Answer:
        """Analyse semen if the arm requires it; True if ejaculated sperm replaces surgery."""
        rules = case.rules
        if not rules.way.semen_analysis:
            return False
        if case.number in self.listed:
            stamp(self.env, case, steps.SEMEN_ANALYSIS)
        else:
            yield from send_sample(self.env, case, steps.SEMEN_ANALYSIS, self.places.semen, 2)
        case.seen = in_ejaculate
        place, action = rules.end_of_therapy("sperm" if in_ejaculate else "no sperm")
        case.rule[MONTHS] = place
        if action not in {decisions.ICSI_EJACULATED, decisions.SURGERY}:
            raise InputError.of(
                rules.regimen.id, "tables.end-of-therapy", f"the clinic cannot do {action!r}",
                f"let its action be {decisions.SURGERY} or {decisions.ICSI_EJACULATED}",
            )  # fmt: skip
        return action == decisions.ICSI_EJACULATED

    def _reaches_surgery(self, case: Case) -> Answer:
        """Wait for the theatre; False if the patient leaves first."""
        theatre, batch, now = self.places.theatre, case.batch, self.env.now
        case.asked[steps.MICRO_TESE] = now
        if theatre is not None:
            # Patients waiting when the clinic opens are known not to have left so far.
            patience = batch.delays[THEATRE_PATIENCE] + max(0.0, -now)
            called = yield from theatre.wait(
                case, batch.rank, batch.delays[OPERATION], now, patience
            )
            if not called:
                return False
        case.start[steps.MICRO_TESE] = self.env.now
        return True

    def _operate(self, case: Case, sequence: int, therapy_ended: float) -> Answer:
        """Operate; True if sperm is found.

        The effect of therapy decays until surgery; without waiting or decay, the result is the
        potential outcome.
        """
        faded = 0.5 ** ((self.env.now - therapy_ended) / self.half_life_days)
        batch = case.batch
        yield from wait(self.env, batch.delays[OPERATION])
        case.complete[steps.MICRO_TESE] = self.env.now
        found = batch.outcome(sequence) & RETRIEVABLE > 0
        if faded != 1:
            found = batch.spermatogenic_liability + batch.effect(sequence) * faded > 0
        case.retrieved = found
        return found

    def _wants_icsi(self, case: Case) -> bool:
        """Return whether the couple proceeds to ICSI; the regimen decides on testicular sperm."""
        ready = case.batch.willing
        if case.retrieved != steps.YES:
            return ready
        return case.rules.sperm_use(ready) == decisions.ICSI_TESTICULAR

    def _try_for_birth(self, case: Case) -> Process:
        """Stimulate the partner, fertilise her oocytes, and transfer embryos up to a birth.

        If testicular sperm is not available on the day of ICSI, the pathway ends.
        """
        yield from self._retrieve_oocytes(case)
        testicular = case.retrieved == steps.YES
        if testicular and not case.batch.sperm_available:
            self._end(case, steps.SPERM_DEAD)
            return
        stamp(self.env, case, steps.ICSI)
        available, ends = self._tries(case)
        for number, end in enumerate(ends[:available]):
            due = (
                self.env.now
                + case.batch.delays[BETWEEN_TRANSFERS if number else RETRIEVAL_TO_TRANSFER]
            )
            yield from (
                visit(self.env, case, steps.transfer(number), self.places.transfers, due) or ()
            )
            yield from self._await_outcome(case, number, end)
            if end & BORN:
                self._end(case, steps.BIRTH)
                return
            if end & GIVES_UP:
                self._end(case, steps.GAVE_UP)
                return
        self._end(case, steps.NO_BIRTH)

    def _tries(self, case: Case) -> Tries:
        """Return the outcome of ICSI, with the partner's current age if ageing is modelled."""
        if not self.partner_ages:
            return case.batch.tries
        case.quarters = int((self.env.now - case.referred) / QUARTER_DAYS)
        if not case.quarters:
            return case.batch.tries
        return self.batches.with_older_partner(case.number, case.quarters)

    def _retrieve_oocytes(self, case: Case) -> Process:
        """Book the retrieval, stimulate to be ready on its day, and retrieve."""
        now, delays = self.env.now, case.batch.delays
        stimulation = delays[STIMULATION]
        due = now + delays[TO_STIMULATION] + stimulation
        if not self.places.oocyte_retrievals.unlimited:
            due = float(ceil(due))  # oocytes can wait for part of a day but cannot be early
        slot = self.places.oocyte_retrievals.book(now, due)
        case.asked[steps.STIMULATION] = due - stimulation
        case.start[steps.STIMULATION] = slot - stimulation
        yield from wait(self.env, slot - now)
        case.complete[steps.STIMULATION] = slot
        stamp(self.env, case, steps.OOCYTE_RETRIEVAL)

    def _await_outcome(self, case: Case, number: int, end: int) -> Process:
        """Test after a transfer, and if pregnant wait for delivery or loss."""
        step, delays = steps.pregnancy(number), case.batch.delays
        born = end & BORN > 0
        case.asked[step] = case.start[step] = self.env.now
        yield from wait(self.env, delays[TRANSFER_TO_TEST])
        case.pregnant[number], case.born[number] = end & PREGNANT > 0, born
        if end & PREGNANT:
            yield from wait(self.env, delays[TEST_TO_DELIVERY if born else TEST_TO_LOSS])
        case.complete[step] = self.env.now

    def _end(self, case: Case, end: int) -> None:
        case.end = end
        case.end_day = self.env.now
        self.ledger.close(case)
