"""A man's way through the clinic, as a SimPy process that reads like the protocol."""

from collections.abc import Generator
from dataclasses import dataclass
from math import ceil, floor, inf
from typing import Any

import simpy

from protocol.errors import InputError
from simulate.clinic import rules as says
from simulate.clinic import steps
from simulate.clinic.calendar import Calendar, Slots
from simulate.clinic.fate import QUARTER_DAYS, Fates, Outcome, Phases
from simulate.clinic.rules import Rules
from simulate.clinic.steps import Ledger
from simulate.clinic.theatre import WaitingList
from simulate.hormones import MONTHS
from simulate.lookup import MONTH_DAYS

Process = Generator[simpy.Event, Any, None]
Answer = Generator[simpy.Event, Any, bool]
#: A length of time in days for each man, drawn beforehand.
Days = list[float]


@dataclass(frozen=True, slots=True)
class Bench:
    """A laboratory bench: analysers (None: no limit); per man, work (by visit) and turnaround."""

    analysers: simpy.Resource | None
    work: list[Days]
    turnaround: Days


@dataclass(frozen=True, slots=True)
class Places:
    """What serves the men; a theatre of None has no limit and takes no time."""

    calendar: Calendar
    outpatients: Slots
    hormones: Bench
    semen: Bench
    theatre: WaitingList | None
    oocyte_retrievals: Slots
    transfers: Slots


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long each man takes over what needs no place, and how long he is ready to wait."""

    operation: Days
    between_semen_samples: Days
    time_to_choose: Days
    to_stimulation: Days
    stimulation: Days
    retrieval_to_transfer: Days
    transfer_to_test: Days
    between_transfers: Days
    test_to_delivery: Days
    test_to_loss: Days
    first_visit_patience: Days
    theatre_patience: Days


@dataclass(slots=True)
class Pathways:
    """The ways of all men of a run.

    Attributes
    ----------
    rank
        Rank of each man on the theatre list, the lowest first.
    half_life_days
        Of therapy's effect on retrieval, between therapy's end and surgery; infinity is for ever.
    listed
        Men who wait for surgery when the clinic opens; their earlier steps took no time.
    """

    env: simpy.Environment
    fates: Fates
    rules: tuple[Rules, Rules]
    places: Places
    lengths: Lengths
    ledger: Ledger
    rank: list[int]
    half_life_days: float = inf
    partner_ages: bool = False
    listed: frozenset[int] = frozenset()
    referred: int = 0

    def walk(self, man: int) -> Process:
        """Lead one man from referral to his end."""
        self.referred += 1
        self.ledger.referred[man] = self.env.now
        if man in self.listed:
            self._was_worked_up(man)
        elif not (yield from self._work_up(man)):
            self._end(man, steps.DECLINED)
            return
        phases: Phases = yield from self._treat(man)
        therapy_ended = self._therapy_ended(man)
        outcome = self._rules(man).way.outcomes[phases]
        if (yield from self._shows_sperm(man, outcome)):
            has_sperm = True
        elif (yield from self._reaches_surgery(man)):
            has_sperm = yield from self._operate(man, outcome, therapy_ended)
        else:
            self._end(man, steps.LEFT_LIST)
            return
        if not has_sperm:
            self._end(man, steps.NO_SPERM)
            return
        self._stamp(man, steps.FREEZING)
        if self._wants_icsi(man):
            yield from self._try_for_birth(man)
        else:
            self._end(man, steps.SPERM_KEPT)

    def _work_up(self, man: int) -> Answer:
        """See him, test hormones and two semen samples, counsel; False if he declines to come."""
        outpatients, lengths = self.places.outpatients, self.lengths
        seen = yield from self._visit(
            man, steps.FIRST_VISIT, outpatients, self.env.now,
            follow_up=False, patience=lengths.first_visit_patience[man],
        )  # fmt: skip
        if not seen:
            return False
        yield from self._test(man, steps.BASELINE_HORMONES, self.places.hormones, 0)
        yield from self._test(man, steps.SEMEN_SAMPLES[0], self.places.semen, 0)
        yield from self._pass(lengths.between_semen_samples[man])
        yield from self._test(man, steps.SEMEN_SAMPLES[1], self.places.semen, 1)
        yield from self._visit(man, steps.COUNSELLING, outpatients, self.env.now)
        yield from self._pass(lengths.time_to_choose[man])
        return True

    def _was_worked_up(self, man: int) -> None:
        work_up = (steps.FIRST_VISIT, steps.BASELINE_HORMONES, *steps.SEMEN_SAMPLES)
        for step in (*work_up, steps.COUNSELLING):
            self._stamp(man, step)

    def _treat(self, man: int) -> Generator[simpy.Event, Any, Phases]:
        """Decide month by month, each from the hormones at the end of the month before.

        A month begins when it is decided; nothing is injected while a decision is awaited. A man
        who breaks therapy off injects nothing any more, but still comes to his visits.
        """
        rules, ledger, env = self._rules(man), self.ledger, self.env
        phases: Phases = ()
        for month in range(MONTHS):
            place, phase = rules.phase(man, phases)
            phases = (*phases, phase)
            ledger.rule[month][man] = place
            ledger.decided[month][man] = rules.codes[phase]
            stays = month < self.fates.months[man]
            ledger.phase[month][man] = rules.codes[phase] if stays else rules.stopped
            if not rules.regimen.months:
                continue  # a regimen without therapy: its answers take no time
            ledger.month_start[month][man] = env.now
            if man in self.listed:
                yield env.timeout(MONTH_DAYS)
                self._stamp(man, steps.MONTH_VISIT[month])
                self._stamp(man, steps.MONTH_HORMONES[month])
                continue
            due = env.now + MONTH_DAYS
            yield from self._visit(man, steps.MONTH_VISIT[month], self.places.outpatients, due)
            yield from self._test(man, steps.MONTH_HORMONES[month], self.places.hormones, month + 1)
        return phases

    def _therapy_ended(self, man: int) -> float:
        begun = self.ledger.month_start[-1][man]
        return begun + MONTH_DAYS if self._rules(man).regimen.months else self.env.now

    def _shows_sperm(self, man: int, outcome: Outcome) -> Answer:
        """Check semen if the arm does so; True if sperm in the ejaculate makes surgery needless."""
        rules = self._rules(man)
        if not rules.way.semen_check:
            return False
        if man in self.listed:
            self._stamp(man, steps.SEMEN_CHECK)
        else:
            yield from self._test(man, steps.SEMEN_CHECK, self.places.semen, 2)
        seen = outcome.in_ejaculate[man]
        self.ledger.seen[man] = seen
        place, action = rules.end_of_therapy("sperm" if seen else "no sperm")
        self.ledger.rule[MONTHS][man] = place
        if action not in {says.ICSI_EJACULATED, says.SURGERY}:
            raise InputError.of(
                rules.regimen.id, "tables.end-of-therapy", f"the clinic cannot do {action!r}",
                f"let it say {says.SURGERY} or {says.ICSI_EJACULATED}",
            )  # fmt: skip
        return action == says.ICSI_EJACULATED

    def _reaches_surgery(self, man: int) -> Answer:
        """Wait for the theatre; False if patience ends before."""
        ledger, theatre, now = self.ledger, self.places.theatre, self.env.now
        ledger.asked[steps.MICRO_TESE][man] = now
        if theatre is not None:
            operation = self.lengths.operation[man]
            # Who waits when the clinic opens is known to be patient so far.
            patience = self.lengths.theatre_patience[man] + max(0.0, -now)
            called = yield from theatre.wait(man, self.rank[man], operation, now, patience)
            if not called:
                return False
        ledger.start[steps.MICRO_TESE][man] = self.env.now
        return True

    def _operate(self, man: int, outcome: Outcome, therapy_ended: float) -> Answer:
        """Operate; True if sperm is found.

        Whatever of therapy's effect has faded by then no longer helps; without waiting, or without
        fading, what is found is what nature holds.
        """
        faded = 0.5 ** ((self.env.now - therapy_ended) / self.half_life_days)
        yield from self._pass(self.lengths.operation[man])
        self.ledger.complete[steps.MICRO_TESE][man] = self.env.now
        found = outcome.retrievable[man]
        if faded != 1:
            found = self.fates.level[man] + outcome.effect[man] * faded > 0
        self.ledger.retrieved[man] = found
        return found

    def _wants_icsi(self, man: int) -> bool:
        """Say whether the couple goes on to ICSI; testicular sperm asks the regimen's table too."""
        ready = self.fates.tries().willing[man]
        if self.ledger.retrieved[man] != steps.YES:
            return ready
        return self._rules(man).sperm_use(ready) == says.ICSI_TESTICULAR

    def _try_for_birth(self, man: int) -> Process:
        """Stimulate the partner, fertilise her oocytes, and transfer embryos up to a birth.

        Testicular sperm may not be there on the day of ICSI: then that is the end.
        """
        yield from self._retrieve_oocytes(man)
        testicular = self.ledger.retrieved[man] == steps.YES
        if testicular and not self.fates.tries().testicular_sperm_usable[man]:
            self._end(man, steps.SPERM_DEAD)
            return
        self._stamp(man, steps.ICSI)
        lengths, transfers = self.lengths, self.places.transfers
        if self.partner_ages:
            waited = self.env.now - self.ledger.referred[man]
            self.ledger.quarters[man] = int(waited / QUARTER_DAYS)
        tries = self.fates.tries(self.ledger.quarters[man])
        for number in range(tries.transfers_available[man]):
            gap = lengths.between_transfers if number else lengths.retrieval_to_transfer
            due = self.env.now + gap[man]
            yield from self._visit(man, steps.transfer(number), transfers, due)
            yield from self._await_outcome(man, number, tries.pregnant[man], tries.born[man])
            if tries.born[man][number]:
                self._end(man, steps.BIRTH)
                return
            if tries.gives_up[man][number]:
                self._end(man, steps.GAVE_UP)
                return
        self._end(man, steps.NO_BIRTH)

    def _retrieve_oocytes(self, man: int) -> Process:
        """Book the retrieval, stimulate so as to be ready on its day, and retrieve."""
        env, ledger, lengths = self.env, self.ledger, self.lengths
        now, stimulation = env.now, lengths.stimulation[man]
        due = now + lengths.to_stimulation[man] + stimulation
        if not self.places.oocyte_retrievals.unlimited:
            due = float(ceil(due))  # her oocytes can wait a part of a day, not come before it
        slot = self.places.oocyte_retrievals.book(now, due)
        ledger.asked[steps.STIMULATION][man] = due - stimulation
        ledger.start[steps.STIMULATION][man] = slot - stimulation
        yield from self._pass(slot - now)
        ledger.complete[steps.STIMULATION][man] = slot
        self._stamp(man, steps.OOCYTE_RETRIEVAL)

    def _await_outcome(
        self, man: int, number: int, pregnant: list[bool], born: list[bool]
    ) -> Process:
        step, ledger = steps.pregnancy(number), self.ledger
        ledger.asked[step][man] = ledger.start[step][man] = self.env.now
        yield from self._pass(self.lengths.transfer_to_test[man])
        ledger.pregnant[number][man] = pregnant[number]
        ledger.born[number][man] = born[number]
        if pregnant[number]:
            on = self.lengths.test_to_delivery if born[number] else self.lengths.test_to_loss
            yield from self._pass(on[man])
        ledger.complete[step][man] = self.env.now

    def _visit(
        self, man: int, step: int, slots: Slots, due: float,
        follow_up: bool = True, patience: float = inf,
    ) -> Answer:  # fmt: skip
        """Book a slot from the day it is due on and keep it; False if it is offered too late."""
        ledger, now = self.ledger, self.env.now
        ledger.asked[step][man] = due if slots.unlimited else max(now, floor(due))
        if patience < inf and slots.first_free(now, due, follow_up=follow_up) - due > patience:
            return False
        begins = slots.book(now, due, follow_up=follow_up)
        ledger.start[step][man] = begins
        yield from self._pass(begins + slots.length - now)
        ledger.complete[step][man] = self.env.now
        return True

    def _test(self, man: int, step: int, bench: Bench, time: int) -> Process:
        """Send a sample to a bench and wait for the report; ``time`` counts his samples from 0."""
        env, ledger = self.env, self.ledger
        ledger.asked[step][man] = env.now
        if bench.analysers is None:
            ledger.start[step][man] = env.now
        else:
            with bench.analysers.request() as turn:
                yield turn
                ledger.start[step][man] = env.now
                yield env.timeout(bench.work[time][man])
        yield from self._pass(bench.turnaround[man])
        ledger.complete[step][man] = env.now

    def _pass(self, days: float) -> Process:
        if days > 0:
            yield self.env.timeout(days)

    def _stamp(self, man: int, step: int) -> None:
        """Write down a step that takes no time."""
        ledger, now = self.ledger, self.env.now
        ledger.asked[step][man] = ledger.start[step][man] = ledger.complete[step][man] = now

    def _end(self, man: int, end: int) -> None:
        self.ledger.end[man] = end
        self.ledger.end_day[man] = self.env.now

    def _rules(self, man: int) -> Rules:
        return self.rules[self.fates.gn[man]]
