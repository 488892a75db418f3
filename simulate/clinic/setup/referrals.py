"""Referral days: a Poisson process with seasons, or a real waiting list."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from protocol.errors import Fault, InputError
from protocol.reading.numbers import cure_of, lone_number, shown
from protocol.tables import read_bytes, read_rows
from simulate.clinic.setup.clinic_file import Clinic
from simulate.clinic.setup.durations import GRAIN
from simulate.clinic.setup.opening_days import DAYS_PER_WEEK, Calendar
from simulate.clinic.setup.time_units import MONTH_NAMES, WEEKDAYS, day_part
from simulate.core.random_streams import RandomStreams
from simulate.patients.baseline import recruitment_day
from simulate.scenario.sections.enrolment import Population

Floats = NDArray[np.float64]

#: Queues of a waiting list, by their names in files.
PLACES = ("first visit", "micro-TESE")
HORIZON_YEARS = 400

#: Days on which an office receives referrals, and days simulated beyond the horizon.
WORKDAYS = WEEKDAYS[:5]
SLACK = 60

#: Maximum number of patients of one run, as for ``--patients``.
MAX_PATIENTS_IN_RUN = 10_000_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """A patient already waiting on day 0: the queue, and the days waited so far."""

    place: str
    days_waited: float


def referral_days(clinic: Clinic, population: Population, streams: RandomStreams) -> Floats:
    """Return the day on which each patient is referred, shape (patient,).

    Without a rate they are the scenario's days of enrolment. With a rate they increase: the
    cumulative rate is piecewise linear over calendar months and is inverted at the points of a unit
    Poisson process, so that the process is exact. Patients of two clinics that differ only
    elsewhere are referred on the same days.
    """
    rate = clinic.referrals.patients_per_week
    if rate is None:
        enrolled: Floats = recruitment_day(population, streams)[0]
        return enrolled
    unit = np.cumsum(-np.log1p(-streams.uniform("referral gap")[0]))
    if clinic.referrals.by_month:
        knots, heap = _cumulative(clinic, rate.value / DAYS_PER_WEEK)
        times = np.interp(unit, heap, knots, right=np.inf)
    else:
        times = unit * DAYS_PER_WEEK / rate.value
    if clinic.referrals.office_hours:
        times = _in_office_hours(clinic, times)
    rounded: Floats = np.floor(times * GRAIN) / GRAIN
    return rounded


def _in_office_hours(clinic: Clinic, times: Floats) -> Floats:
    """Move referrals within the horizon into office hours: time runs only while the office is open.

    The order and the expected number do not change. Later referrals stay beyond the horizon.
    """
    office, last = clinic.referrals.office_hours, clinic.horizon_days
    if office is None or last is None:
        return times
    calendar = Calendar(clinic.opens, clinic.holidays)
    days_open = np.cumsum(
        [calendar.is_open(day) and calendar.weekday(day) in WORKDAYS for day in range(last + SLACK)]
    )
    opens, closes = day_part(office.opens), day_part(office.closes)
    within = times < last
    worked = times[within] * days_open[last - 1] / last
    day = np.searchsorted(days_open, np.floor(worked), side="right")
    moved = times + SLACK
    moved[within] = day + opens + (worked % 1) * (closes - opens)
    return moved


def patients_to_simulate(clinic: Clinic, otherwise: int) -> int:
    """Return a number of patients that suffices for a clinic's horizon.

    It is six standard deviations above the expected number; ``otherwise`` without rate or horizon.
    """
    rate, horizon, expected = (
        clinic.referrals.patients_per_week, clinic.horizon_days, expected_referrals(clinic)
    )  # fmt: skip
    if rate is None or expected is None:
        return otherwise
    if not expected < MAX_PATIENTS_IN_RUN:
        problem = f"{rate.value:g} a week over {horizon} days are {expected:.3g} patients"
        cure = f"give a rate and a horizon with fewer than {MAX_PATIENTS_IN_RUN}"
        raise InputError.of(f"clinic {clinic.id}", "referrals.patients_per_week", problem, cure)
    return int(np.ceil(expected + 6 * np.sqrt(expected) + 10))


def expected_referrals(clinic: Clinic) -> float | None:
    """Return the expected number of referrals within the horizon; None without rate or horizon."""
    rate, horizon = clinic.referrals.patients_per_week, clinic.horizon_days
    if rate is None or horizon is None:
        return None
    if clinic.referrals.by_month:
        knots, heap = _cumulative(clinic, rate.value / DAYS_PER_WEEK)
        return float(np.interp(horizon, knots, heap))
    return float(rate.value / DAYS_PER_WEEK * horizon)


def _cumulative(clinic: Clinic, per_day: float) -> tuple[Floats, Floats]:
    """Return the first days of the months ahead, and the patients expected by then."""
    factor = [clinic.referrals.by_month[name] for name in MONTH_NAMES]
    firsts, rates = [0], []
    year, month = clinic.opens.year, clinic.opens.month - 1
    last = min(clinic.opens.year + HORIZON_YEARS, dt.MAXYEAR - 1)
    while year < last:
        rates.append(per_day * factor[month])
        year, month = (year, month + 1) if month < 11 else (year + 1, 0)
        firsts.append((dt.date(year, month + 1, 1) - clinic.opens).days)
    knots = np.array(firsts, float)
    return knots, np.concatenate([[0.0], np.cumsum(np.array(rates) * np.diff(knots))])


def _untold(assumption: str) -> None:
    pass


def read_waiting_list(path: Path, tell: Callable[[str], None] = _untold) -> tuple[Waiting, ...]:
    """Read patients already waiting; all faulty rows are reported in one `InputError`.

    ``tell`` is called with each assumption about the file.
    """
    table, rows = read_rows(read_bytes(path), str(path))
    wanted = ("days_waited", "waiting_for")
    if set(table.header) != set(wanted) or not rows:
        came = f"the columns {', '.join(table.header)}" if rows else "no row"
        cure = f"give the columns {', '.join(wanted)} and a row per patient"
        raise InputError.of(table.where, "", f"it holds {came}", cure)
    at_days, at_place = (table.header.index(name) for name in wanted)
    faults, patients = [], []
    for row, cells in rows:
        place, days = cells[at_place].strip(), cells[at_days].strip()
        if place not in PLACES:
            problem = f"{shown(place)} is not a place to wait"
            cure = f"give {' or '.join(PLACES)}"
            faults.append(Fault(table.where, f"row {row}, waiting_for", problem, cure))
        waited = _waited(days, free=table.delimiter != ",")
        if waited is None:
            cure = cure_of(days, "give days from 0 to 36500")
            problem = f"{shown(days)} is not allowed"
            faults.append(Fault(table.where, f"row {row}, days_waited", problem, cure))
        patients.append(Waiting(place, waited or 0.0))
    if faults:
        raise InputError(faults)
    if any("," in cells[at_days] for _, cells in rows):
        table.assumptions.append("decimal commas are read")
    for assumption in table.assumptions:
        tell(assumption)
    return tuple(patients)


def _waited(text: str, *, free: bool) -> float | None:
    """Return days; None if the cell is not a number from 0 to 36500."""
    value = lone_number(text, free=free)
    return value if value is not None and 0 <= value <= 36500 else None
