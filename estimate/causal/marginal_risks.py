"""Two marginal risks with their covariance, and the three ways to compare them."""

from dataclasses import dataclass

import numpy as np

from estimate.comparison.degenerate_risks import score_if_degenerate
from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate, Scale, wald


@dataclass(frozen=True, slots=True)
class Risks:
    """Risk had everyone of a population been treated, and had nobody been.

    Attributes
    ----------
    treated, untreated
        (...) risks.
    cov
        (..., 2, 2) their covariance, in this order.
    n
        (...) patients who contributed.
    converged
        (...) whether all models behind them did.
    df
        Degrees of freedom of Student's t for tests and intervals; None is the normal.
    size
        (..., 2) effective sample sizes of the treated and the untreated arm, used where a risk is
        0 or 1; None if such risks cannot occur.
    """

    treated: Floats
    untreated: Floats
    cov: Floats
    n: Ints
    converged: Bools
    df: Ints | None = None
    size: Floats | None = None

    def compare(
        self, estimand: Estimand, method: str, interval: str
    ) -> tuple[Estimate, Estimate, Estimate]:
        """Return risk difference, risk ratio and odds ratio; errors by the delta method.

        Where every patient of an arm has the same outcome, the delta method gives its risk no
        variance, and a Wald test would be far too confident: see `score_if_degenerate`.

        Examples
        --------
        >>> risks = Risks(*map(np.array, (0.3, 0.2)), np.eye(2) / 1e3, np.array(99), np.array(True))
        >>> question = Estimand("all patients", "therapy 1 vs 0", "sperm_retrieved", "")
        >>> for answer in risks.compare(question, "g-computation", "delta"):
        ...     print(f"{answer.scale}: {answer.estimate:.3f}")
        risk difference: 0.100
        risk ratio: 1.500
        odds ratio: 1.714
        """
        p1, p0 = self.treated, self.untreated
        with np.errstate(divide="ignore", invalid="ignore"):
            log1, log0, odd1, odd0 = (f(p) for f in (np.log, _logit) for p in (p1, p0))
            slope1, slope0 = p1 * (1 - p1), p0 * (1 - p0)
            ways: tuple[tuple[Scale, Floats, Floats, Floats], ...] = (
                ("risk difference", p1 - p0, np.ones_like(p1), -np.ones_like(p0)),
                ("risk ratio", log1 - log0, 1 / p1, -1 / p0),
                ("odds ratio", odd1 - odd0, 1 / slope1, -1 / slope0),
            )
            answers = [
                wald(
                    estimand.as_(f"marginal {scale}"),
                    method,
                    scale,
                    value,
                    self._delta(by1, by0),
                    self.n,
                    interval=interval,
                    converged=self.converged,
                    df=self.df,
                )
                for scale, value, by1, by0 in ways
            ]
        return self._scored(answers[0]), self._scored(answers[1]), answers[2]

    def _scored(self, answer: Estimate) -> Estimate:
        """Return the answer with score test and interval where Wald's variance is 0."""
        if self.size is None:
            return answer
        risks = np.stack([self.treated, self.untreated], -1)
        variance = np.stack([self.cov[..., 0, 0], self.cov[..., 1, 1]], -1)
        return score_if_degenerate(answer, risks, variance, self.size, self.converged)

    def _delta(self, by1: Floats, by0: Floats) -> Floats:
        """Return the standard error of a function with these derivatives."""
        cov = self.cov
        variance = by1**2 * cov[..., 0, 0] + by0**2 * cov[..., 1, 1]
        error: Floats = np.sqrt(variance + 2 * by1 * by0 * cov[..., 0, 1])
        return error


def _logit(p: Floats) -> Floats:
    logit: Floats = np.log(p) - np.log1p(-p)
    return logit
