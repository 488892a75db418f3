"""ENDPOINTS: every endpoint with its population, its column, and its potential outcomes.

The tables and their dictionary, `pretese truth`, `recover`, `power` and the exports take their
endpoints from here. A new endpoint is one entry, plus its outcome in `simulate.cohort.births`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulate.cohort.births import Births, births_along, births_of, couples_of
from simulate.cohort.draw import Cohort, Path

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Population of an endpoint: everyone (patients who drop out earlier have not reached it), or those
#: operated on, which depends on therapy.
Population = Literal["everyone", "operated"]

#: Role of sperm in the ejaculate for an endpoint: a success, a reason not to operate, an
#: intermediate step, or the endpoint itself.
Ejaculate = Literal["success", "no operation", "on the way", "itself"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A binary endpoint.

    Attributes
    ----------
    name
        Name in plans and designs.
    label
        Description in words.
    defined_in
        The population in which it is defined.
    ejaculate
        The role of sperm in the ejaculate.
    time_unit
        Unit of the time to the endpoint: days from enrolment ("d"), or embryo transfers.
    along
        Function of the patient's and the couple's course that returns whether it is reached in one
        arm.
    column
        Its column in the table of patients; None if it has none there.
    meaning
        Meaning of that column.
    cdisc
        Name and label of its flag in ADSL; None leaves it out.
    """

    name: str
    label: str
    defined_in: Population
    ejaculate: Ejaculate
    time_unit: Literal["d", "transfers"]
    along: Callable[[Path, Births], Flags] | None = None
    column: str | None = None
    meaning: str = ""
    cdisc: tuple[str, str] | None = None

    @property
    def needs_births(self) -> bool:
        """Whether couples must be followed beyond surgery to know it."""
        return self.along is not None


def _any_transfer(flags: Flags) -> Flags:
    return np.asarray(flags.any(axis=-1))


_ENTRIES = (
    Endpoint(
        "sperm_in_ejaculate", "sperm in the ejaculate", "everyone", "itself", "d",
        column="sperm_in_ejaculate",
        meaning="1/0 at the semen analysis after therapy; empty: no check",
        cdisc=("EJACFL", "Sperm in Ejaculate after Therapy Flag"),
    ),
    Endpoint(
        "sperm_retrieved", "sperm retrieved at micro-TESE", "operated", "no operation", "d",
        column="sperm_retrieved",
        meaning="1/0 at micro-TESE; empty if not operated on",
        cdisc=("RETRFL", "Sperm Retrieved at Micro-TESE Flag"),
    ),
    Endpoint("any_sperm", "any sperm", "everyone", "success", "d"),
    Endpoint(
        "biochemical_pregnancy", "biochemical pregnancy", "everyone", "on the way", "transfers",
        along=lambda _, births: _any_transfer(births.biochemical_pregnancy),
    ),
    Endpoint(
        "clinical_pregnancy", "clinical pregnancy", "everyone", "on the way", "transfers",
        along=lambda _, births: _any_transfer(births.clinical_pregnancy),
    ),
    Endpoint(
        "live_birth", "live birth", "everyone", "on the way", "transfers",
        along=lambda _, births: births.delivered,
        column="live_birth",
        meaning="1/0 delivery of a live child; empty without ICSI or if unknown",
        cdisc=("BIRTHFL", "Live Birth Flag"),
    ),
)  # fmt: skip

#: Every endpoint by name, in the order in which a patient comes to them.
ENDPOINTS: dict[str, Endpoint] = {each.name: each for each in _ENTRIES}


#: Endpoints that are times, with the binary endpoint that ends the time; planned trials have them.
TIME_ENDPOINTS = {"time_to_live_birth": "live_birth"}


def check_endpoint(name: str) -> str:
    """Return the name of an endpoint; raise ValueError for another name."""
    if name not in ENDPOINTS:
        raise ValueError(f"there is no such endpoint; choose from {', '.join(ENDPOINTS)}")
    return name


def potential_outcomes(
    cohort: Cohort, name: str, births: tuple[Births, Births] | None = None
) -> tuple[Flags, Flags]:
    """Return an endpoint without and with therapy, each of shape (replicate, patient).

    Parameters ---------- births Outcomes of the couples in both arms, if already computed.
    """
    endpoint = ENDPOINTS[name]
    if endpoint.along is None:
        untreated, treated = (getattr(path, name) for path in cohort.paths)
        return untreated, treated
    pairs = zip(cohort.paths, births or births_of(cohort), strict=True)
    without, with_therapy = (endpoint.along(path, each) for path, each in pairs)
    return without, with_therapy


def observed_outcome(cohort: Cohort, name: str) -> Floats:
    """Return the observed endpoint of each patient; NaN if lost to follow-up.

    Couples that did not reach ICSI are known not to have reached later endpoints.
    """
    if not ENDPOINTS[name].needs_births:
        return cohort.observed(name).astype(float)
    couples = couples_of(cohort)
    untreated, treated = (births_along(couples, path) for path in cohort.paths)
    reached = cohort.in_chosen_arm(*potential_outcomes(cohort, name, (untreated, treated)))
    icsi = cohort.in_chosen_arm(untreated.icsi, treated.icsi)
    return np.where(icsi & ~couples.heard_of, np.nan, reached.astype(float))


def endpoint_columns() -> tuple[str, ...]:
    """Return the columns of endpoints in the table of patients, in their order.

    >>> endpoint_columns()
    ('sperm_in_ejaculate', 'sperm_retrieved', 'live_birth')
    """
    return tuple(each.column for each in ENDPOINTS.values() if each.column)
