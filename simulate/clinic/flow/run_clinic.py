"""One run of a clinic: every patient a SimPy process, from referral to outcome.

Time is in days from the opening, day 0. The run continues until no events are left:
`simpy.Environment.run(until=t)` would drop events exactly at ``t``. The records of a given day are
derived afterwards (`simulate.clinic.records.clinic_tables`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

import simpy

from simulate.clinic.courses.batches import Batches
from simulate.clinic.courses.decisions import Rules
from simulate.clinic.courses.potential_course import PotentialCourses
from simulate.clinic.courses.referral_plan import Plan, plan
from simulate.clinic.flow.engine import Engine
from simulate.clinic.flow.ledger import Columns, Ledger
from simulate.clinic.flow.pathway import Pathways
from simulate.clinic.flow.places import Places, open_places
from simulate.clinic.setup.clinic_file import Clinic
from simulate.clinic.setup.referrals import Waiting, patients_to_simulate
from simulate.clinic.setup.time_units import DAYS_PER
from simulate.core.random_streams import CHUNK, RandomStreams
from simulate.scenario.scenario_file import Scenario

#: Number of events between two checks whether to stop.
EVENTS_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Run:
    """The results of one run.

    The ``patients`` simulated are read in slices from ``ledger`` and ``batches``, so that memory
    use is bounded. ``until_day`` is the day on which the run was stopped; infinity if every pathway
    ended.
    """

    clinic: Clinic
    scenario: Scenario
    seed: int
    replicate: int
    patients: int
    batches: Batches
    rules: tuple[Rules, Rules]
    ledger: Ledger
    places: Places
    until_day: float

    def parts(self) -> "Iterator[Part]":
        """Yield the patients of a run in slices."""
        for first in range(0, self.patients, CHUNK):
            yield Part(self, first, min(first + CHUNK, self.patients))


@dataclass(frozen=True, slots=True)
class Part:
    """The patients of one slice of a run, from ``first`` up to but not including ``last``."""

    run: Run
    first: int
    last: int

    @property
    def columns(self) -> Columns:
        """Their recorded events."""
        return self.run.ledger.columns(self.first, self.last)

    @property
    def courses(self) -> PotentialCourses:
        """Their potential courses."""
        return self.run.batches.courses(self.first // CHUNK)


def run_clinic(
    clinic: Clinic,
    scenario: Scenario,
    seed: int,
    replicate: int = 0,
    patients: int | None = None,
    waiting_list: Sequence[Waiting] = (),
    stop: Callable[[], bool] = lambda: False,
    tell: Callable[[int], None] = lambda done: None,
) -> Run:
    """Simulate the patients of one study in a clinic.

    Parameters
    ----------
    replicate
        Number of the study from 0: the patients are those of ``draw_cohort(..., first=replicate)``.
    patients
        Number of patients simulated; None takes as many as may be referred before the clinic's
        horizon, or the scenario's number without a referral rate. Patients referred beyond the
        horizon are not seen.
    waiting_list
        Patients already waiting on day 0, from `read_waiting_list`.
    stop
        Called between events; if it returns True, the run ends there, and the ledger is complete up
        to that moment.
    tell
        Called at intervals with the number of patients referred so far.
    """
    total = patients or patients_to_simulate(clinic, scenario.patients) + len(waiting_list)
    batches = Batches(clinic, scenario, seed, replicate, total)
    coming = plan(clinic, batches, RandomStreams(seed, total, 1, replicate), waiting_list)
    env = Engine(initial_time=min(0.0, coming.first_day))
    pathways = Pathways(
        env=env,
        batches=batches,
        rules=(Rules(batches.ways[0]), Rules(batches.ways[1])),
        places=open_places(env, clinic, scenario),
        ledger=Ledger(round(scenario.fertility.max_transfers.value)),
        half_life_days=_half_life_days(clinic),
        partner_ages=clinic.biology.partner_ages,
        listed=coming.listed,
    )
    _Arrivals(env, pathways, coming).refer()
    until = _run(env, stop, lambda: tell(pathways.referred))
    pathways.ledger.close_all()
    return Run(
        clinic, scenario, seed, replicate, total, batches, pathways.rules, pathways.ledger,
        pathways.places, until,
    )  # fmt: skip


def _run(env: Engine, stop: Callable[[], bool], tell: Callable[[], None]) -> float:
    """Process every event; return infinity, or the day on which the run was stopped."""
    while env.process_events(EVENTS_AT_A_TIME):
        tell()
        if stop():
            moment = env.now
            while env.peek() == moment:  # events at that moment are included
                env.step()
            return float(moment)
    return inf


class _Arrivals:
    """Starts each patient's process at referral, so that only open cases use memory.

    By callbacks of events: a process of its own would be resumed once more for each patient.
    """

    __slots__ = ("_coming", "_env", "_next", "_pathways")

    def __init__(self, env: simpy.Environment, pathways: Pathways, coming: Plan) -> None:
        self._env, self._pathways, self._coming = env, pathways, iter(coming)
        self._next = 0

    def refer(self) -> None:
        """Refer the patients whose day has come, and schedule the referral of the next."""
        env = self._env
        for day, patient in self._coming:
            if day > env.now:
                self._next = patient
                env.timeout(day - env.now).callbacks.append(self._refer_next)
                return
            env.process(self._pathways.walk(patient))

    def _refer_next(self, event: simpy.Event) -> None:
        self._env.process(self._pathways.walk(self._next))
        self.refer()


def _half_life_days(clinic: Clinic) -> float:
    half_life = clinic.biology.effect_half_life
    return half_life.value * DAYS_PER[half_life.unit] if half_life else inf
