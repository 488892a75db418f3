"""Clinics and scenarios that several tests share."""

import datetime as dt
from functools import cache
from typing import Any

from pretese.clinic.clinic_files import load_clinic
from simulate.clinic.courses.potential_course import PotentialCourses
from simulate.clinic.flow.ledger import Columns
from simulate.clinic.flow.run_clinic import Run
from simulate.clinic.setup.clinic_file import Clinic
from simulate.scenario import Scenario
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import with_values


def ledger(run: Run) -> Columns:
    """Return the ledger of a run of one slice of patients."""
    return run.ledger.columns(0, run.patients)


def courses(run: Run) -> PotentialCourses:
    """Return the true courses of the patients of a run of one slice."""
    return run.batches.courses(0)


@cache
def shipped(name: str) -> Clinic:
    return load_clinic(name)[0]


@cache
def everybody_untreated() -> Scenario:
    """Return untreated patients of `paper`: each needs one analyser or operation slot."""
    paper = load_scenario("paper")
    return with_values(paper, {"choice.intercept": -60, "population.recruitment_days": 0.5}, "test")


def assumed(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "status": "derived", "source": "test"}


def constant(value: float, unit: str) -> dict[str, Any]:
    return {"mean": assumed(value, unit)}


def exponential(value: float, unit: str) -> dict[str, Any]:
    return {"mean": assumed(value, unit), "form": "exponential"}


def clinic(**parts: Any) -> Clinic:
    """Return a clinic that opens on a Monday and has only the given limits."""
    return Clinic.model_validate(
        {"id": "test", "title": "test", "opens": dt.date(2026, 1, 5), **parts}
    )


def every_day(number: int) -> dict[str, int]:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return dict.fromkeys(days, number)
