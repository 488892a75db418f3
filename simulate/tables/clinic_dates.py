"""Tables on the calendar of a clinic: dates, weekdays, hours, late visits and injections, waits.

A study is simulated on the days of the regimen. This module writes its tables with realistic dates:
patients are enrolled and seen from Monday to Friday in opening hours, visits may be late, a month
of therapy counts from the previous visit, and surgery and ICSI have waiting times. Results do not
depend on the dates. Random numbers are addressed by patient, so that slices of a study agree with
the whole.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from protocol.dates import MONTH_DAYS
from simulate.cohort.birth_times import wait_days
from simulate.cohort.draw import Cohort
from simulate.core.random_streams import RandomStreams
from simulate.hormones.traits import MONTHS
from simulate.scenario.sections.dates import Dates
from simulate.tables.study_rows import coded
from simulate.tables.table_columns import COLUMNS

Ints = NDArray[np.int_]
Floats = NDArray[np.float64]
Tables = Mapping[str, pd.DataFrame]

WEEK, SATURDAY = 7, 5
SECONDS_PER_DAY = 86_400
#: The Unix epoch.
_EPOCH = dt.date(1970, 1, 1).toordinal()
#: Appointments are given every five minutes.
SLOT_MINUTES = 5


@dataclass(frozen=True, slots=True)
class _Plan:
    """Dates of each patient of a study, in days from enrolment; arrays by patient.

    ``visit`` has shape (patient, month from 0), ``enrolled`` counts from the first day.
    """

    dates: Dates
    first_patient: int
    enrolled: Ints
    visit: Ints
    surgery: Ints
    icsi: Ints

    def place(self, table: pd.DataFrame) -> Ints:
        """Return the position of the patient of each row."""
        return np.asarray(table["patient_id"].to_numpy() - self.first_patient - 1)

    def date(self, who: Ints, day: Ints) -> NDArray[np.datetime64]:
        """Return the dates of days counted from the enrolment of each patient."""
        seconds = self.enrolled[who] + day
        seconds += self.dates.begins.toordinal() - _EPOCH
        seconds *= SECONDS_PER_DAY
        return seconds.view("datetime64[s]")


def on_clinic_dates(parts: Tables, cohort: Cohort, dates: Dates, r: int) -> dict[str, pd.DataFrame]:
    """Return the tables of a study with dates and actual days."""
    plan = _plan(parts, cohort, dates, r)
    everyone = np.arange(len(plan.enrolled))
    hours = _hours(dates, cohort.streams, r)
    return {
        **parts,
        "patients": _changed(
            parts["patients"],
            "patients",
            enrolled_day=plan.enrolled,
            enrolled_date=plan.date(everyone, np.zeros_like(everyone)),
        ),
        "visits": _visits(parts["visits"], plan, hours),
        "injections": _injections(parts["injections"], plan, cohort, r),
        "procedures": _procedures(parts["procedures"], plan, hours),
        "operations": _operations(parts["operations"], plan),
    }


def _plan(parts: Tables, cohort: Cohort, dates: Dates, r: int) -> _Plan:
    streams = cohort.streams
    enrolled = _on_weekday(dates, parts["patients"]["enrolled_day"].to_numpy(np.int_))
    visit = np.zeros((len(enrolled), MONTHS + 1), np.int_)
    late = np.abs(dates.visit_sd_days.value * streams.normal("late visits", width=MONTHS)[r])
    late = np.rint(np.minimum(late, dates.visit_late_days.value)).astype(np.int_)
    for month in range(1, MONTHS + 1):
        day = visit[:, month - 1] + MONTH_DAYS + late[:, month - 1]
        visit[:, month] = _on_weekday(dates, enrolled + day) - enrolled
    waits = streams.normal("waits", width=2)[r]
    over = visit[np.arange(len(enrolled)), cohort.surgery_day[r] // MONTH_DAYS]
    surgery = over + wait_days(dates.surgery_wait_days.value, dates, waits[:, 0])
    surgery = _on_weekday(dates, enrolled + surgery) - enrolled
    ejaculated = cohort.observed("sperm_in_ejaculate")[r]
    icsi = np.where(ejaculated, over, surgery)
    later = icsi + wait_days(dates.icsi_wait_days.value, dates, waits[:, 1])
    fresh = ~ejaculated & ~_thawed(parts, cohort)
    icsi = np.where(fresh, surgery, _on_weekday(dates, enrolled + later) - enrolled)
    return _Plan(dates, streams.first_patient, enrolled, visit, surgery, icsi)


def _thawed(parts: Tables, cohort: Cohort) -> NDArray[np.bool_]:
    """Return whose sperm had been frozen; false for couples who did not reach ICSI."""
    thawed = np.zeros(cohort.streams.patients, bool)
    cycles = parts["cycles"]
    place = cycles["patient_id"].to_numpy() - cohort.streams.first_patient - 1
    thawed[place] = cycles["sperm_thawed"].to_numpy() == 1
    return thawed


def _on_weekday(dates: Dates, day: Ints) -> Ints:
    """Move days, counted from the first day of the study, from a weekend to the next Monday."""
    weekday = (dates.begins.weekday() + day) % WEEK
    return day + np.where(weekday >= SATURDAY, WEEK - weekday, 0)


def _hours(dates: Dates, streams: RandomStreams, r: int) -> Floats:
    """Draw a time within the opening hours for each visit, then for each procedure."""
    return np.asarray(streams.uniform("time of day", width=MONTHS + 1 + len(_FROM_PART))[r])


#: Semen analysis, micro-TESE, ICSI: start and width of their window, as fractions of opening hours.
_FROM_PART = (0.0, 0.0, 0.5)
_PARTS = (1.0, 0.4, 0.5)


def _times(dates: Dates, part: Floats) -> pd.Categorical:
    """Return times of day, as hours and minutes."""
    slots = (dates.closes_hour - dates.opens_hour) * 60 // SLOT_MINUTES
    first = dates.opens_hour * 60
    known = [divmod(first + SLOT_MINUTES * slot, 60) for slot in range(slots)]
    written = [f"{hour:02d}:{minute:02d}" for hour, minute in known]
    return coded(written, np.minimum((part * slots).astype(np.int_), slots - 1))


def _visits(table: pd.DataFrame, plan: _Plan, hours: Floats) -> pd.DataFrame:
    who, month = plan.place(table), table["month"].to_numpy()
    day = plan.visit[who, month]
    times = _times(plan.dates, hours[who, month])
    return _changed(table, "visits", day=day, date=plan.date(who, day), time=times)


def _injections(table: pd.DataFrame, plan: _Plan, cohort: Cohort, r: int) -> pd.DataFrame:
    """Count the days of a month from the previous visit; some injections are a day late.

    An injection followed by another on the same or the next day is on time. Rows are sorted by
    patient and day, so that values common to a month are repeated.
    """
    who, planned = plan.place(table), table["day"].to_numpy(np.int_)
    count = np.bincount(who * MONTHS + _MONTH_OF[planned], minlength=MONTHS * len(plan.enrolled))
    later = plan.visit[:, :MONTHS] - MONTH_DAYS * np.arange(MONTHS)
    day = planned + np.repeat(later.ravel(), count)
    share = plan.dates.injection_late_share.value
    if share and len(table):
        drawn = cohort.streams.uniform("late injections", width=len(_MONTH_OF) // 2)[r] < share
        late = np.flatnonzero(drawn.ravel()[who * (len(_MONTH_OF) // 2) + planned // 2])
        day[late[_alone(late, who, planned)]] += 1
    return _changed(table, "injections", day=day, date=plan.date(who, day))


#: Month of therapy, from 0, of each of its days.
_MONTH_OF = np.repeat(np.arange(MONTHS), MONTH_DAYS)


def _alone(rows: Ints, who: Ints, planned: Ints) -> NDArray[np.bool_]:
    """Return for some injections whether the patient has no other on that day or the next."""
    before, after = np.maximum(rows - 1, 0), np.minimum(rows + 1, len(who) - 1)
    same_day = (who[before] == who[rows]) & (planned[before] == planned[rows]) & (before != rows)
    soon = (who[after] == who[rows]) & (planned[after] <= planned[rows] + 1) & (after != rows)
    return np.asarray(~same_day & ~soon)


def _procedures(table: pd.DataFrame, plan: _Plan, hours: Floats) -> pd.DataFrame:
    who = plan.place(table)
    which = table["procedure"].cat.codes.to_numpy()
    month = table["day"].to_numpy(np.int_) // MONTH_DAYS
    over = plan.visit[who, month]
    day = np.choose(which, [over, plan.surgery[who], plan.icsi[who]])
    begin, part = np.array(_FROM_PART)[which], np.array(_PARTS)[which]
    hour = begin + part * hours[who, MONTHS + 1 + which.astype(np.int_)]
    times = _times(plan.dates, hour)
    return _changed(table, "procedures", day=day, date=plan.date(who, day), time=times)


def _operations(table: pd.DataFrame, plan: _Plan) -> pd.DataFrame:
    who = plan.place(table)
    day = plan.surgery[who]
    return _changed(table, "operations", day=day, date=plan.date(who, day))


def _changed(table: pd.DataFrame, name: str, **columns: NDArray[Any]) -> pd.DataFrame:
    """Return a table with columns replaced or added, in order, without copying the others."""
    kept = {column: _values(table[column]) for column in table}
    whole = {**kept, **columns}
    known = dict.fromkeys(each.name for each in COLUMNS[name] if each.name in whole)
    return pd.DataFrame({each: whole[each] for each in {**known, **whole}}, copy=False)


def _values(column: pd.Series) -> Any:
    """Return what a column holds; the array of a plain one is searched for missing words."""
    plain = isinstance(column.dtype, np.dtype)
    return column.to_numpy() if plain else column.array
