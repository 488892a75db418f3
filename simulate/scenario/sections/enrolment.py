"""The population of enrolled patients."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from protocol.reading.documents import Document
from simulate.core.coding import BASELINE, DIAGNOSES
from simulate.scenario.sections.field_checks import among, exactly
from simulate.scenario.sections.parameter import Correlation, Parameter, Positive

Parameters = dict[str, Parameter]

#: Normal score of the third quartile.
Z_QUARTILE = 0.6744897501960817

#: Skewness of the quartiles (Bowley's, on the logit scale) at which the quantile function of
#: `simulate.patients.marginals` stops increasing: 8 z / (3 √3 (1 + z²)) at the quartile.
MAX_SKEWNESS = 8 * Z_QUARTILE / (3 * math.sqrt(3) * (1 + Z_QUARTILE**2))


class Marginal(Document):
    """Distribution of one baseline variable: three quartiles between two plausible limits.

    The quartiles lie at ``median - 0.6745 sd_below`` and ``median + 0.6745 sd_above`` (``scale:
    natural``), or at ``median`` times the exponentials of these distances (``scale: log``). All
    values are between ``lower`` and ``upper``. `simulate.patients.marginals` implements the smooth
    distribution that they define.
    """

    scale: Literal["natural", "log"]
    median: Positive
    sd_below: Positive
    sd_above: Positive
    lower: Positive
    upper: Positive

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """First quartile, median and third quartile."""
        median = self.median.value
        down, up = Z_QUARTILE * self.sd_below.value, Z_QUARTILE * self.sd_above.value
        if self.scale == "natural":
            return median - down, median, median + up
        return median * math.exp(-down), median, median * math.exp(up)

    @model_validator(mode="after")
    def _quartiles_within_the_limits(self) -> "Marginal":
        low, median, high = self.quartiles
        lower, upper = self.lower.value, self.upper.value
        if not lower < low < median < high < upper:
            raise ValueError(
                f"the quartiles {low:.4g}, {median:.4g}, {high:.4g} do not lie between the limits "
                f"{lower:g} and {upper:g}; widen `lower` or `upper`"
            )
        below, middle, above = (
            math.log((value - lower) / (upper - value)) for value in (low, median, high)
        )
        skewness = abs(above + below - 2 * middle) / (above - below)
        if skewness >= MAX_SKEWNESS:
            raise ValueError(
                f"the quartiles {low:.4g}, {median:.4g}, {high:.4g} are too asymmetric between "
                f"{lower:g} and {upper:g}; move the limit on the side of the longer tail away"
            )
        return self


class Pair(Document):
    """Correlation of the normal scores of two baseline variables."""

    between: tuple[str, str]
    correlation: Correlation


class Population(Document):
    """The population of enrolled patients, before the choice of therapy.

    ``score_by_diagnosis`` shifts the normal score of a variable in patients with a diagnosis.
    ``partner_age_correlation`` is that of the normal scores of both partners' ages. Infertility
    cannot begin before both partners were ``adult_age_years`` old: durations come from the
    truncated distribution, which calibration of the quartiles takes into account.
    """

    diagnosis_log_odds: dict[str, Parameter]
    marginals: dict[str, Marginal]
    correlations: tuple[Pair, ...]
    score_by_diagnosis: dict[str, dict[str, Parameter]] = Field(default_factory=dict)
    partner_age_years: Marginal
    partner_age_correlation: Correlation
    adult_age_years: Positive
    recruitment_days: Positive

    @model_validator(mode="after")
    def _everybody_may_be_infertile(self) -> "Population":
        youngest = min(self.marginals["age_years"].lower.value, self.partner_age_years.lower.value)
        shortest = self.marginals["infertility_duration_years"].lower.value
        if shortest >= youngest - self.adult_age_years.value:
            raise ValueError(
                f"a couple of {youngest:g} years cannot be infertile for {shortest:g} years since "
                f"age {self.adult_age_years.value:g}; raise the lower limit of both ages, or lower "
                "that of infertility_duration_years"
            )
        return self

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
                "no patients can have all of these correlations at once "
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
