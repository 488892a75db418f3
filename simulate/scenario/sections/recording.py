"""Recording of the data by the clinic."""

from typing import Literal

from pydantic import Field, field_validator

from protocol.reading.documents import Document
from simulate.core.coding import BASELINE, HORMONES
from simulate.scenario.sections.field_checks import among, exactly
from simulate.scenario.sections.parameter import Parameter, Positive, Probability

Parameters = dict[str, Parameter]


#: Causes of missing hormones other than baseline variables.
MISSING_BY = ("gonadotropin_therapy", "any_sperm", "itself")


class Measurement(Document):
    """Recording of the data by the clinic.

    ``missing_by`` defines the causes of missing hormones, as shifts of the normal score per
    standard deviation: baseline variables, ``gonadotropin_therapy``, ``any_sperm``, or the hormone
    ``itself``. The proportions in ``missing`` are approximately preserved.
    ``missing_at_visits`` is the proportion of results other than FSH that are missing at a monthly
    visit.
    """

    rounded_to: dict[str, Positive]
    missing: dict[str, Probability]
    missing_correlation: Probability
    missing_at_visits: Probability
    missing_by: dict[str, Parameter] = Field(default_factory=dict)

    @property
    def mechanism(self) -> Literal["MCAR", "MAR", "MNAR"]:
        """Completely at random, at random given what is always known, or not at random."""
        acting = {name for name, each in self.missing_by.items() if each.value}
        if acting & {"itself", *HORMONES}:
            return "MNAR"
        return "MAR" if acting else "MCAR"

    @field_validator("missing_by")
    @classmethod
    def _known_causes(cls, given: Parameters) -> Parameters:
        return among(given, (*BASELINE, *MISSING_BY), "cause of a missing hormone")

    @field_validator("rounded_to")
    @classmethod
    def _every_variable(cls, given: Parameters) -> Parameters:
        return exactly(given, BASELINE, "baseline variable")

    @field_validator("missing")
    @classmethod
    def _every_hormone(cls, given: Parameters) -> Parameters:
        return exactly(given, HORMONES, "hormone")
