"""Spermatogenic liability of each patient, and the effect of therapy on it."""

from pydantic import Field, field_validator

from protocol.reading.documents import Document
from simulate.core.coding import BASELINE, DIAGNOSES
from simulate.scenario.sections.field_checks import among, exactly
from simulate.scenario.sections.parameter import Parameter, Probability

Parameters = dict[str, Parameter]


class Prognosis(Document):
    """Log odds of finding sperm per unit of a baseline variable, counted from ``centre``."""

    per_unit: Parameter
    centre: Parameter


class Treatment(Document):
    """Effect of therapy on the liability, in log odds; 0 disables a route.

    The direct route is modified: ``long_infertility`` is added beyond a number of years,
    ``by_diagnosis`` for each diagnosis, and ``modifiers`` along baseline variables.
    """

    direct: Parameter
    long_infertility: Parameter
    long_infertility_over_years: Parameter
    by_diagnosis: dict[str, Parameter]
    modifiers: dict[str, Prognosis] = Field(default_factory=dict)
    through_fsh_normalised: Parameter
    through_testosterone_per_log: Parameter

    @field_validator("by_diagnosis")
    @classmethod
    def _every_diagnosis(cls, given: Parameters) -> Parameters:
        return exactly(given, DIAGNOSES, "diagnosis")

    @field_validator("modifiers")
    @classmethod
    def _known_variables(cls, given: dict[str, Prognosis]) -> dict[str, Prognosis]:
        return among(given, BASELINE, "baseline variable")


class Spermatogenesis(Document):
    """A patient's persistent liability on the log-odds scale, and thresholds for seeing sperm.

    ``hidden`` is the spermatogenic liability per standard deviation of the unmeasured confounder.
    """

    spermatogenic_liability: dict[str, Parameter]
    prognosis: dict[str, Prognosis]
    hidden: Parameter
    treatment: Treatment
    ejaculate_threshold: dict[str, Parameter]
    spontaneous_share: Probability
    semen_analysis_sensitivity: Probability

    @field_validator("spermatogenic_liability", "ejaculate_threshold")
    @classmethod
    def _every_diagnosis(cls, given: Parameters) -> Parameters:
        return exactly(given, DIAGNOSES, "diagnosis")

    @field_validator("prognosis")
    @classmethod
    def _known_variables(cls, given: dict[str, Prognosis]) -> dict[str, Prognosis]:
        return among(given, BASELINE, "baseline variable")
