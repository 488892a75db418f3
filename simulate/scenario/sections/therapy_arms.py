"""Assignment to arms, and adherence to the therapy chosen."""

from typing import Literal

from pydantic import field_validator

from protocol.reading.documents import Document
from simulate.core.coding import BASELINE, DIAGNOSES
from simulate.scenario.sections.field_checks import among, exactly
from simulate.scenario.sections.parameter import NotNegative, Parameter, Probability


class ChoiceTerm(Document):
    """Log odds of choosing therapy by the normal score z of a variable, truncated to [-2.5, 2.5].

    The three Hermite polynomials z, z²-1 and z³-3z are uncorrelated, so each coefficient has a
    meaning of its own: the chosen arm is shifted, widened or skewed against the other.
    """

    linear: Parameter
    quadratic: Parameter
    cubic: Parameter


class Choice(Document):
    """Assignment to therapy: by ``own choice`` of each patient, or at random (``coin``).

    ``hidden`` is the log odds of therapy per standard deviation of the unmeasured confounder (see
    `Spermatogenesis.hidden`). A ``coin`` uses only the intercept.
    """

    by: Literal["own choice", "coin"] = "own choice"
    intercept: Parameter
    hidden: Parameter
    diagnosis: dict[str, Parameter]
    terms: dict[str, ChoiceTerm]

    @field_validator("diagnosis")
    @classmethod
    def _every_diagnosis_but_the_reference(
        cls, given: dict[str, Parameter]
    ) -> dict[str, Parameter]:
        return exactly(given, DIAGNOSES[1:], "diagnosis")

    @field_validator("terms")
    @classmethod
    def _known_variables(cls, given: dict[str, ChoiceTerm]) -> dict[str, ChoiceTerm]:
        return among(given, BASELINE, "baseline variable")


class Arm(Document):
    """One arm: its regimen, and whether semen is analysed again before surgery."""

    regimen: str
    semen_analysis: bool


class Behaviour(Document):
    """Adherence to the therapy chosen; perfect if all values are 0.

    ``missed_share`` of injections is missed, more by some patients than by others
    (``missed_log_odds_sd``). ``dropout_share`` of patients stop within the three months, at the end
    of the first or the second; ``dropout_per_spermatogenic_liability`` is the log odds of dropout
    per unit of spermatogenic liability above the average; below 0, patients with a poor prognosis
    stop. ``lost_share`` of couples are lost to follow-up after sperm retrieval;
    ``stop_after_failure`` is the proportion who give up after each failed transfer although embryos
    are left.
    """

    missed_share: Probability
    missed_log_odds_sd: NotNegative
    dropout_share: Probability
    dropout_per_spermatogenic_liability: Parameter
    lost_share: Probability
    stop_after_failure: Probability
