"""Who is enrolled."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from protocol.reading.documents import Document
from simulate.core.coding import BASELINE, DIAGNOSES
from simulate.scenario.sections.field_checks import among, exactly
from simulate.scenario.sections.parameter import Correlation, Parameter, Positive

Parameters = dict[str, Parameter]


class Marginal(Document):
    """Distribution of one baseline variable: a normal score stretched differently on each side.

    With z a standard normal, the value is ``median + spread·z`` (split-normal) or
    ``median·exp(spread·z)`` (split-lognormal), where spread is ``spread_low`` below the median
    and ``spread_high`` above it. Three parameters meet three published quartiles.
    """

    form: Literal["split-normal", "split-lognormal"]
    median: Positive
    spread_low: Positive
    spread_high: Positive


class Pair(Document):
    """Correlation of the normal scores of two baseline variables."""

    between: tuple[str, str]
    correlation: Correlation


class Population(Document):
    """Who is enrolled, before anyone chooses a therapy.

    ``score_by_diagnosis`` shifts the normal score of a variable in men with a diagnosis.
    """

    diagnosis_log_odds: dict[str, Parameter]
    marginals: dict[str, Marginal]
    correlations: tuple[Pair, ...]
    score_by_diagnosis: dict[str, dict[str, Parameter]] = Field(default_factory=dict)
    partner_age_years: Marginal
    recruitment_days: Positive

    @field_validator("diagnosis_log_odds")
    @classmethod
    def _every_diagnosis_but_the_reference(
        cls, given: dict[str, Parameter]
    ) -> dict[str, Parameter]:
        return exactly(given, DIAGNOSES[1:], "diagnosis")

    @field_validator("marginals")
    @classmethod
    def _every_variable(cls, given: dict[str, Marginal]) -> dict[str, Marginal]:
        return exactly(given, BASELINE, "baseline variable")

    @field_validator("score_by_diagnosis")
    @classmethod
    def _known_shifts(cls, given: dict[str, Parameters]) -> dict[str, Parameters]:
        for shifts in given.values():
            among(shifts, DIAGNOSES, "diagnosis")
        return among(given, BASELINE, "baseline variable")

    @field_validator("correlations")
    @classmethod
    def _possible_correlations(cls, pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
        for pair in pairs:
            for name in pair.between:
                if name not in BASELINE:
                    raise ValueError(f"{name!r} is unknown; choose from {', '.join(BASELINE)}")
        smallest = float(np.linalg.eigvalsh(correlation_matrix(pairs))[0])
        if smallest <= 0:
            raise ValueError(
                "no men can have all of these correlations at once "
                f"(smallest eigenvalue {smallest:.3f}); bring some of them closer to 0"
            )
        return pairs


def correlation_matrix(pairs: tuple[Pair, ...]) -> NDArray[np.float64]:
    """Return the correlation matrix of the normal scores, in the order of `BASELINE`."""
    matrix = np.eye(len(BASELINE))
    for pair in pairs:
        row, column = (BASELINE.index(name) for name in pair.between)
        matrix[row, column] = matrix[column, row] = pair.correlation.value
    return matrix
