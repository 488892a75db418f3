"""Dates of events, for standards that do not count days from enrolment."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pretese.io.export.columns.export_fields import KEYS, with_study

#: First day of a study that is written with exact days, and so without dates.
FIRST_DAY = pd.Timestamp("2000-01-03")


def with_dates(parts: Mapping[str, pd.DataFrame], table: str) -> pd.DataFrame:
    """Return a table with a column ``date``; days of exact studies count from `FIRST_DAY`."""
    rows = with_study(parts[table])
    if "date" in rows:
        return rows
    enrolled = enrolment(parts)
    when = rows.merge(enrolled, on=list(KEYS), how="left")["enrolled_date"]
    day = pd.to_timedelta(rows["day"].to_numpy(), unit="D")
    return rows.assign(date=when.to_numpy() + day.to_numpy())


def enrolment(parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return study, patient and date of enrolment."""
    patients = with_study(parts["patients"])
    if "enrolled_date" not in patients:
        day = pd.to_timedelta(patients["enrolled_day"].to_numpy(), unit="D")
        patients = patients.assign(enrolled_date=FIRST_DAY + day)
    return patients[[*KEYS, "enrolled_date"]]


def birth_year(patients: pd.DataFrame, enrolled: pd.DataFrame) -> NDArray[np.int_]:
    """Return the year of birth of each patient, from the age at enrolment."""
    years = enrolled["enrolled_date"].dt.year.to_numpy() - patients["age_years"].to_numpy()
    return np.asarray(np.floor(years).astype(int))


def day_text(dates: pd.Series) -> pd.Series:
    """Write dates as 2016-01-04."""
    return dates.dt.strftime("%Y-%m-%d")
