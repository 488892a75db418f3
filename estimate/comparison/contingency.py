"""Effects in a two-by-two table: risks, differences and ratios, with the paper's conventions.

Everything works on arrays of counts, so a batch of studies is one call.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.comparison.risk_difference import compare_arms
from estimate.comparison.two_risks import clustered_risks, score_if_degenerate
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate, wald
from estimate.regression.logistic import fit_logistic
from estimate.regression.odds_ratio import from_logistic


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """Counts of patients, each (...): with and without the outcome, treated and untreated.

    Examples
    --------
    >>> table = TwoByTwo.of(115, 253, 34, 140)
    >>> print(f"{table.risk_treated:.4f} {table.risk_untreated:.4f}")
    0.3125 0.1954
    """

    treated_yes: Floats
    treated_no: Floats
    untreated_yes: Floats
    untreated_no: Floats

    @classmethod
    def of(
        cls,
        treated_yes: ArrayLike,
        treated_no: ArrayLike,
        untreated_yes: ArrayLike,
        untreated_no: ArrayLike,
    ) -> "TwoByTwo":
        """Make a table from counts of any type, broadcast together."""
        cells = (treated_yes, treated_no, untreated_yes, untreated_no)
        return cls(*np.broadcast_arrays(*(np.asarray(cell, float) for cell in cells)))

    @property
    def cells(self) -> Floats:
        """(..., 4) in the order of the fields."""
        return np.stack(
            [self.treated_yes, self.treated_no, self.untreated_yes, self.untreated_no], axis=-1
        )

    @property
    def matrix(self) -> Floats:
        """(..., 2, 2): treated then untreated, with the outcome then without."""
        return self.cells.reshape(*self.cells.shape[:-1], 2, 2)

    @property
    def n(self) -> Floats:
        """All patients, (...)."""
        total: Floats = self.cells.sum(-1)
        return total

    @property
    def treated(self) -> Floats:
        """Treated patients, (...)."""
        return self.treated_yes + self.treated_no

    @property
    def untreated(self) -> Floats:
        """Untreated patients, (...)."""
        return self.untreated_yes + self.untreated_no

    @property
    def risk_treated(self) -> Floats:
        """Risk among the treated, (...); NaN in an empty arm."""
        return _divide(self.treated_yes, self.treated)

    @property
    def risk_untreated(self) -> Floats:
        """Risk among the untreated, (...); NaN in an empty arm."""
        return _divide(self.untreated_yes, self.untreated)


def count(data: AnalysisSet) -> TwoByTwo:
    """Count the patients of an analysis set."""
    treated, yes = data.treatment > 0, data.outcome > 0
    cells = (treated & yes, treated & ~yes, ~treated & yes, ~treated & ~yes)
    return TwoByTwo.of(*(np.count_nonzero(cell & data.include, axis=-1) for cell in cells))


def unadjusted(data: AnalysisSet, *, population: str = "all patients") -> tuple[Estimate, ...]:
    """Return the unadjusted risk difference, risk ratio and odds ratio of an analysis set."""
    estimand = data.question(population, "unadjusted")
    if data.robust:
        return clustered_risks(data).compare(estimand, "unadjusted", data.labelled("Wald"))
    table = count(data)
    return (
        risk_difference(table, estimand),
        risk_ratio(table, estimand),
        odds_ratio(table, estimand),
    )


def risk_difference(table: TwoByTwo, estimand: Estimand, *, method: str = "unadjusted") -> Estimate:
    """Return the difference in risk with its score test and score interval.

    Farrington CP, Manning G. *Stat Med* 1990;9:1447-54. The test of no difference is the chi-square
    test without continuity correction; the interval contains the differences that it does not
    reject. ``std_error`` is Wald's, with unpooled variance.

    Examples
    --------
    >>> question = Estimand("operated", "therapy 1 vs 0", "sperm_retrieved", "risk difference")
    >>> answer = risk_difference(TwoByTwo.of(115, 253, 34, 140), question)
    >>> print(f"{answer.estimate:.3f} ({answer.conf_low:.3f} to {answer.conf_high:.3f})")
    0.117 (0.038 to 0.190)
    """
    counts = (table.treated_yes, table.treated, table.untreated_yes, table.untreated)
    return compare_arms(*counts, estimand, variance="Farrington-Manning", method=method)


def risk_ratio(table: TwoByTwo, estimand: Estimand, *, method: str = "unadjusted") -> Estimate:
    """Return the ratio of risks with Wald's interval on the log scale (Katz et al. 1978).

    If every patient of an arm has the outcome, see `score_if_degenerate`.
    """
    risks = np.stack([table.risk_treated, table.risk_untreated], -1)
    size = np.stack([table.treated, table.untreated], -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(table.risk_treated / table.risk_untreated)
        relative = ((1 - risks) / (risks * size)).sum(-1)
        variance = risks * (1 - risks) / size
    found = wald(
        estimand.as_("risk ratio"), method, "risk ratio", value, np.sqrt(relative), table.n
    )
    return score_if_degenerate(found, risks, variance, size, np.isfinite(value))


def odds_ratio(table: TwoByTwo, estimand: Estimand, *, method: str = "unadjusted") -> Estimate:
    """Return the odds ratio with profile-likelihood interval and likelihood-ratio p-value.

    Examples
    --------
    >>> question = Estimand("patients operated", "therapy 1 vs 0", "sperm_retrieved", "odds ratio")
    >>> answer = odds_ratio(TwoByTwo.of(115, 253, 34, 140), question)
    >>> print(f"{answer.estimate:.2f} ({answer.conf_low:.2f} to {answer.conf_high:.2f})")
    1.87 (1.22 to 2.92)
    >>> print(f"P = {answer.p_value:.3f}")
    P = 0.004
    """
    X, y = np.array([[1.0, 1], [1, 1], [1, 0], [1, 0]]), np.array([1.0, 0, 1, 0])
    fit = fit_logistic(X, y, table.cells)
    return from_logistic(
        fit, X, y, 1, estimand.as_("odds ratio"), method, weights=table.cells, n=table.n
    )


def _divide(a: ArrayLike, b: ArrayLike) -> Floats:
    """Return a / b, NaN where b is 0."""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    sound: Bools = b != 0
    quotient: Floats = np.divide(a, b, out=np.full(a.shape, np.nan), where=sound)
    return quotient
