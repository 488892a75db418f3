"""Hospitals of one study, each by its differences."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, field_validator

from protocol.reading.documents import Document
from simulate.core.coding import BASELINE, DIAGNOSES, HORMONES
from simulate.scenario.sections.field_checks import among
from simulate.scenario.sections.parameter import LOG_ODDS, Parameter, Positive, Probability

MAX_SITES = 100


def _unstated(value: float, unit: str, sweep: tuple[float, float]) -> Parameter:
    """Return the defaults of a site that states no differences."""
    source = "no difference is stated"
    return Parameter(value=value, unit=unit, status="assumed", source=source, sweep=sweep)


def _no_shift() -> Parameter:
    return _unstated(0, "log odds", (-LOG_ODDS, LOG_ODDS))


def _equal_share() -> Parameter:
    return _unstated(1, "1", (0.001, 1000))


class StudySite(Document):
    """A hospital, by its differences from the scenario; values not stated do not differ.

    Patients are distributed over sites in proportion to ``share``. Added to the scenario's numbers
    are ``diagnosis_log_odds`` (case mix), ``scores`` (shifts of the normal scores of baseline
    values), ``therapy`` (log odds of choosing it), ``spermatogenic_liability`` and ``effect`` (of a
    completed course, in log odds). Its laboratory reports ``measured_ratio`` times the true value
    of a hormone, also of the FSH that decides on therapy, and baseline results are missing with the
    probabilities in ``missing`` in place of the scenario's.
    """

    share: Positive = Field(default_factory=_equal_share)
    diagnosis_log_odds: dict[str, Parameter] = Field(default_factory=dict)
    scores: dict[str, Parameter] = Field(default_factory=dict)
    therapy: Parameter = Field(default_factory=_no_shift)
    spermatogenic_liability: Parameter = Field(default_factory=_no_shift)
    effect: Parameter = Field(default_factory=_no_shift)
    measured_ratio: dict[str, Positive] = Field(default_factory=dict)
    missing: dict[str, Probability] = Field(default_factory=dict)

    @field_validator("diagnosis_log_odds")
    @classmethod
    def _known_diagnoses(cls, given: dict[str, Parameter]) -> dict[str, Parameter]:
        return among(given, DIAGNOSES[1:], "diagnosis")

    @field_validator("scores")
    @classmethod
    def _known_variables(cls, given: dict[str, Parameter]) -> dict[str, Parameter]:
        return among(given, BASELINE, "baseline variable")

    @field_validator("measured_ratio", "missing")
    @classmethod
    def _known_hormones(cls, given: dict[str, Parameter]) -> dict[str, Parameter]:
        return among(given, HORMONES, "hormone")


def _named(given: Any) -> Any:
    """Return sites by name; a number means that many sites without systematic differences."""
    if isinstance(given, bool) or not isinstance(given, int):
        return given
    if not 2 <= given <= MAX_SITES:
        raise ValueError(f"{given} is not a number of sites; give 2 to {MAX_SITES}, or their names")
    return {f"site-{number}": {} for number in range(1, given + 1)}


def _at_least_two(given: dict[str, StudySite]) -> dict[str, StudySite]:
    if len(given) == 1 or len(given) > MAX_SITES:
        raise ValueError(f"{len(given)} sites are stated; give 2 to {MAX_SITES}, or none")
    return given


SiteName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]{0,39}$")]

#: Sites by name, in the order of their codes; empty: one hospital.
Sites = Annotated[dict[SiteName, StudySite], BeforeValidator(_named), AfterValidator(_at_least_two)]
