"""One run of a clinic: every man a SimPy process, from referral to outcome.

Time is in days from the opening, day 0. The run goes on until nobody has anything left to do:
`simpy.Environment.run(until=t)` would drop what happens exactly at ``t``. What a clinic knows on
some day is read off afterwards (`simulate.clinic.records`).
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from protocol.conditions import Condition, Value
from protocol.errors import InputError
from simulate.clinic import file
from simulate.clinic.arrivals import Waiting, men_to_draw, referral_days
from simulate.clinic.calendar import Calendar, Slots
from simulate.clinic.fate import Fates
from simulate.clinic.file import DAYS_PER, MINUTES_PER_DAY, Clinic, day_part
from simulate.clinic.lengths import GRAIN, days, rounded_days
from simulate.clinic.pathway import Bench, Days, Lengths, Pathways, Places
from simulate.clinic.rules import Rules
from simulate.clinic.steps import Ledger
from simulate.clinic.theatre import WaitingList
from simulate.hormones import MONTHS
from simulate.lookup import MONTH_DAYS
from simulate.luck import Luck
from simulate.nouns import ARMS, DIAGNOSES
from simulate.scenario import Scenario

Floats = NDArray[np.float64]

#: Events between two looks at whether the run should stop.
EVENTS_AT_A_TIME = 500
#: Rank of a man who meets no priority.
LAST_RANK = 100
#: How often a man may come to each bench.
HORMONE_TESTS, SEMEN_TESTS = 1 + MONTHS, 3


@dataclass(frozen=True, slots=True)
class Run:
    """What happened in one run.

    ``until_day`` is when it was stopped from outside; infinity if everybody came to his end.
    """

    clinic: Clinic
    scenario: Scenario
    seed: int
    replicate: int
    fates: Fates
    rules: tuple[Rules, Rules]
    ledger: Ledger
    places: Places
    until_day: float


def run_clinic(
    clinic: Clinic,
    scenario: Scenario,
    seed: int,
    replicate: int = 0,
    men: int | None = None,
    waiting_list: Sequence[Waiting] = (),
    stop: Callable[[], bool] = lambda: False,
    tell: Callable[[int], None] = lambda done: None,
) -> Run:
    """Take the men of one study through a clinic.

    Parameters
    ----------
    replicate
        Number of the study from 0: the men are those of ``draw_cohort(..., first=replicate)``.
    men
        Men drawn for the study; None takes as many as may come before the clinic's horizon, or the
        scenario's number where men do not come at a rate. Those whose referral falls beyond the
        horizon never come.
    waiting_list
        Men who already wait on day 0, from `read_waiting_list`.
    stop
        Asked between events; once it says yes the run ends there, and the ledger is complete up
        to that moment.
    tell
        Called now and then with the number of men referred so far.
    """
    total = men or men_to_draw(clinic, scenario.men) + len(waiting_list)
    fates = Fates(scenario, seed, replicate, total)
    luck = Luck(seed, total, 1, replicate)
    plan, listed = _plan(clinic, fates, luck, waiting_list)
    env = simpy.Environment(initial_time=min(0.0, plan[0][0]) if plan else 0.0)
    ledger = Ledger(total, round(scenario.fertility.most_transfers.value))
    lengths = _lengths(clinic, fates, luck)
    _refuse_short_lists(clinic, scenario)
    pathways = Pathways(
        env=env,
        fates=fates,
        rules=(Rules(fates.ways[0]), Rules(fates.ways[1])),
        places=_places(env, clinic, scenario, luck, ledger),
        lengths=lengths,
        ledger=ledger,
        rank=_ranks(clinic, fates, total),
        half_life_days=_half_life_days(clinic),
        partner_ages=clinic.biology.partner_ages,
        listed=listed,
    )
    env.process(_refer(env, pathways, plan))
    until = _run(env, stop, lambda: tell(pathways.referred))
    return Run(
        clinic, scenario, seed, replicate, fates, pathways.rules, ledger, pathways.places, until
    )


def _run(env: simpy.Environment, stop: Callable[[], bool], tell: Callable[[], None]) -> float:
    """Step through every event; return infinity, or the day on which it was stopped."""
    step = env.step
    while True:
        try:
            for _ in range(EVENTS_AT_A_TIME):
                step()
        except simpy.core.EmptySchedule:
            return inf
        tell()
        if stop():
            moment = env.now
            while env.peek() == moment:  # what happens at that very moment belongs to it
                step()
            return float(moment)


def _refer(
    env: simpy.Environment, pathways: Pathways, plan: Sequence[tuple[float, int]]
) -> Generator[simpy.Event, Any, None]:
    """Start each man's process at his time, so that only those under way take memory."""
    for day, man in plan:
        if day > env.now:
            yield env.timeout(day - env.now)
        env.process(pathways.walk(man))


def _plan(
    clinic: Clinic, fates: Fates, luck: Luck, waiting_list: Sequence[Waiting]
) -> tuple[list[tuple[float, int]], frozenset[int]]:
    """Return (day of referral, man) in order of time, and the men listed for surgery on day 0.

    Who is listed for surgery needs surgery, and has had his therapy just before he was listed.
    """
    needs_surgery = fates.cohort.observed("micro_tese")[0]
    known: dict[int, float] = {}
    surgery: set[int] = set()
    man = -1
    for waiting in waiting_list:
        man += 1
        before = 0
        if waiting.place == "micro-TESE":
            man += int(needs_surgery[man:].argmax())
            surgery.add(man)
            before = MONTHS * MONTH_DAYS * fates.gn[man]
        known[man] = float(np.floor(-(waiting.days_waited + before) * GRAIN) / GRAIN)
    others = [man for man in range(luck.men) if man not in known]
    last = inf if clinic.horizon_days is None else clinic.horizon_days
    referred = referral_days(clinic, fates.cohort.scenario.population, luck)
    if clinic.referrals.men_per_week is None:  # each man has a day of his own
        referred = referred[others]
    arriving = zip(others, referred.tolist(), strict=False)
    known |= {man: day for man, day in arriving if day <= last}
    return sorted((day, man) for man, day in known.items()), frozenset(surgery)


def _planned_days(clinic: Clinic, scenario: Scenario) -> float:
    """Return how long a case is planned to take: the clinic's mean, or the scenario's."""
    own = clinic.theatre.operation if clinic.theatre else None
    return own.mean_days if own else scenario.surgery.minutes.value / MINUTES_PER_DAY


def _refuse_short_lists(clinic: Clinic, scenario: Scenario) -> None:
    lists = clinic.theatre.lists if clinic.theatre else ()
    planned = round(_planned_days(clinic, scenario) * MINUTES_PER_DAY, 6)
    short = [number for number, each in enumerate(lists) if each.minutes < planned]
    if short:
        problem = f"{lists[short[0]].minutes:g} are fewer than the {planned:g} of a case"
        cure = "nobody would ever be operated on; give the list more"
        raise InputError.of(clinic.id, f"theatre.lists.{short[0]}.minutes", problem, cure)


def _places(
    env: simpy.Environment, clinic: Clinic, scenario: Scenario, luck: Luck, ledger: Ledger
) -> Places:
    calendar = Calendar(clinic.opens, clinic.holidays)
    outpatients = Slots(calendar, None)
    if clinic.outpatients:
        outpatients = Slots(
            calendar,
            clinic.outpatients.slots,
            kept=clinic.outpatients.follow_up_only,
            first=day_part(clinic.outpatients.first_slot),
            minutes=clinic.outpatients.minutes,
        )
    embryology = clinic.embryology
    theatre = None
    if clinic.theatre:
        planned = _planned_days(clinic, scenario)
        began = ledger.list_number.__setitem__
        theatre = WaitingList(env, calendar, clinic.theatre, planned, began)
    laboratory = clinic.laboratory
    return Places(
        calendar=calendar,
        outpatients=outpatients,
        hormones=_bench(env, laboratory.hormones, luck, "hormone bench", HORMONE_TESTS),
        semen=_bench(env, laboratory.semen, luck, "semen bench", SEMEN_TESTS),
        theatre=theatre,
        oocyte_retrievals=Slots(calendar, embryology.oocyte_retrievals if embryology else None),
        transfers=Slots(calendar, embryology.transfers if embryology else None),
    )


def _bench(
    env: simpy.Environment, bench: file.Bench, luck: Luck, purpose: str, times: int
) -> Bench:
    work: list[Days] = []
    if bench.work:
        drawn = luck.uniform(f"{purpose} work", width=times)[0]
        work = [days(bench.work, drawn[:, time]).tolist() for time in range(times)]
    return Bench(
        analysers=simpy.Resource(env, bench.analysers) if bench.analysers else None,
        work=work,
        turnaround=_drawn(bench.turnaround, luck, f"{purpose} turnaround"),
    )


def _lengths(clinic: Clinic, fates: Fates, luck: Luck) -> Lengths:
    spans = {
        name: _drawn(getattr(clinic.intervals, name), luck, name)
        for name in file.Intervals.model_fields
    }
    return Lengths(
        **spans,
        operation=_operations(clinic, fates, luck),
        first_visit_patience=_patience(clinic.patience.first_visit, luck, "first visit patience"),
        theatre_patience=_patience(clinic.patience.theatre, luck, "theatre patience"),
    )


def _operations(clinic: Clinic, fates: Fates, luck: Luck) -> Days:
    """Return the length of each man's operation; none where there is no theatre to wait for."""
    if clinic.theatre is None or clinic.theatre.operation:
        return _drawn(clinic.theatre.operation if clinic.theatre else None, luck, "operation")
    own: Days = rounded_days(fates.operations.minutes[0] / MINUTES_PER_DAY).tolist()
    return own


def _drawn(length: file.Length | None, luck: Luck, purpose: str) -> Days:
    if length is None:
        return [0.0] * luck.men
    drawn: Days = days(length, luck.uniform(f"clinic: {purpose}")[0]).tolist()
    return drawn


def _patience(length: file.Length | None, luck: Luck, purpose: str) -> Days:
    return [inf] * luck.men if length is None else _drawn(length, luck, purpose)


def _half_life_days(clinic: Clinic) -> float:
    half_life = clinic.biology.effect_half_life
    return half_life.value * DAYS_PER[half_life.unit] if half_life else inf


def _ranks(clinic: Clinic, fates: Fates, men: int) -> list[int]:
    """Return each man's rank: the lowest of the priorities that he meets."""
    if not clinic.priorities:
        return [LAST_RANK] * men
    read = [(each.rank, file.read_conditions(each.when)) for each in clinic.priorities]
    cohort = fates.cohort
    columns: dict[str, list[Value]] = {
        "age_years": cohort.baseline["age_years"][0].tolist(),
        "partner_age_years": cohort.men.partner_age_years[0].tolist(),
        "infertility_duration_years": cohort.baseline["infertility_duration_years"][0].tolist(),
        "diagnosis": [DIAGNOSES[code] for code in cohort.men.diagnosis[0]],
        "arm": [ARMS[arm] for arm in fates.gn],
    }
    return [
        min((rank for rank, when in read if _met(when, columns, man)), default=LAST_RANK)
        for man in range(men)
    ]


def _met(when: Mapping[str, Condition], columns: Mapping[str, list[Value]], man: int) -> bool:
    return all(condition.holds(columns[name][man]) for name, condition in when.items())
