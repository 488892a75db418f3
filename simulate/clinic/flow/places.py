"""Resources of a clinic: slots, benches and theatre, as defined in its file."""

from collections.abc import Mapping
from dataclasses import dataclass

import simpy

from protocol.errors import InputError
from simulate.clinic.courses.delays import (
    HORMONE_TURNAROUND,
    HORMONE_WORK,
    SEMEN_TURNAROUND,
    SEMEN_WORK,
)
from simulate.clinic.flow.engine import Servers
from simulate.clinic.flow.patient_state import Case
from simulate.clinic.flow.theatre import WaitingList
from simulate.clinic.setup import equipment
from simulate.clinic.setup.clinic_file import Clinic
from simulate.clinic.setup.opening_days import Calendar, Slots
from simulate.clinic.setup.time_units import MINUTES_PER_DAY, Weekday, day_part
from simulate.scenario.scenario_file import Scenario


@dataclass(frozen=True, slots=True)
class BenchResource:
    """A laboratory bench: analysers (None: no limit), and its delays.

    ``work`` is the index of the first sample's work in `simulate.clinic.courses.delays.DELAYS`.
    """

    analysers: Servers | None
    work: int
    turnaround: int


@dataclass(frozen=True, slots=True)
class Places:
    """The resources of a clinic; a theatre of None has no limit and takes no time."""

    calendar: Calendar
    outpatients: Slots
    hormones: BenchResource
    semen: BenchResource
    theatre: WaitingList[Case] | None
    oocyte_retrievals: Slots
    transfers: Slots


def open_places(env: simpy.Environment, clinic: Clinic, scenario: Scenario) -> Places:
    """Return the resources of a clinic; a theatre in which no case fits is an `InputError`."""
    calendar = Calendar(clinic.opens, clinic.holidays)
    laboratory, embryology = clinic.laboratory, clinic.embryology
    return Places(
        calendar=calendar,
        outpatients=_outpatients(calendar, clinic),
        hormones=_bench(env, laboratory.hormones, HORMONE_WORK, HORMONE_TURNAROUND),
        semen=_bench(env, laboratory.semen, SEMEN_WORK, SEMEN_TURNAROUND),
        theatre=_theatre(env, calendar, clinic, scenario),
        oocyte_retrievals=_embryology(
            calendar, embryology, embryology.oocyte_retrievals if embryology else None
        ),
        transfers=_embryology(calendar, embryology, embryology.transfers if embryology else None),
    )


def _embryology(
    calendar: Calendar, given: equipment.Embryology | None, slots: Mapping[Weekday, int] | None
) -> Slots:
    if given is None:
        return Slots(calendar, None)
    return Slots(calendar, slots, first=day_part(given.first_slot), minutes=given.minutes)


def _outpatients(calendar: Calendar, clinic: Clinic) -> Slots:
    given = clinic.outpatients
    if given is None:
        return Slots(calendar, None)
    return Slots(
        calendar,
        given.slots,
        kept=given.follow_up_only,
        first=day_part(given.first_slot),
        minutes=given.minutes,
    )


def _bench(
    env: simpy.Environment, bench: equipment.Bench, work: int, turnaround: int
) -> BenchResource:
    analysers = Servers(env, bench.analysers) if bench.analysers else None
    return BenchResource(analysers, work, turnaround)


def _theatre(
    env: simpy.Environment, calendar: Calendar, clinic: Clinic, scenario: Scenario
) -> WaitingList[Case] | None:
    if clinic.theatre is None:
        return None
    planned = _planned_days(clinic.theatre, scenario)
    _refuse_short_lists(clinic.id, clinic.theatre, planned)
    return WaitingList(env, calendar, clinic.theatre, planned, _note_list)


def _note_list(case: Case, number: int) -> None:
    case.list_number = number


def _planned_days(theatre: equipment.Theatre, scenario: Scenario) -> float:
    """Return the planned duration of a case: the mean of the clinic, or of the scenario."""
    own = theatre.operation
    return own.mean_days if own else scenario.surgery.minutes.value / MINUTES_PER_DAY


def _refuse_short_lists(clinic: str, theatre: equipment.Theatre, planned_days: float) -> None:
    planned = round(planned_days * MINUTES_PER_DAY, 6)
    short = [number for number, each in enumerate(theatre.lists) if each.minutes < planned]
    if short:
        problem = f"{theatre.lists[short[0]].minutes:g} are fewer than the {planned:g} of a case"
        cure = "no patient would ever be operated on; give the list more"
        raise InputError.of(clinic, f"theatre.lists.{short[0]}.minutes", problem, cure)
