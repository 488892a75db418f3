"""Marginal risks and odds ratios implied by a conditional logistic model.

The odds ratio is not collapsible: the marginal one is closer to 1 than the conditional one, even
without confounding. Gauss-Hermite quadrature gives exact values.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from estimate.core.numeric.roots import brent_root
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class MarginalTruth:
    """Risks of a population under control and under treatment."""

    control: float
    treated: float

    @property
    def risk_difference(self) -> float:
        """Treated minus control."""
        return self.treated - self.control

    @property
    def risk_ratio(self) -> float:
        """Treated over control."""
        return self.treated / self.control

    @property
    def odds_ratio(self) -> float:
        """Marginal odds ratio."""
        odds = [p / (1 - p) for p in (self.control, self.treated)]
        return odds[1] / odds[0]


def marginal_truth(
    intercept: float, effect: float, sd: float, *, nodes: int = 201
) -> MarginalTruth:
    """Return marginal risks of logit p = intercept + effect A + sd U with U ~ N(0, 1).

    Parameters
    ----------
    intercept, effect
        Log odds of the average participant under control, and the conditional log odds ratio.
    sd
        Standard deviation of the linear predictor over participants.
    nodes
        Of the quadrature.

    Examples
    --------
    >>> truth = marginal_truth(-0.5, 0.8, 1.2)
    >>> f"{truth.risk_difference:.6f}, odds ratio {truth.odds_ratio:.4f} against {np.exp(0.8):.4f}"
    '0.154139, odds ratio 1.8635 against 2.2255'
    """
    x, weights = np.polynomial.hermite_e.hermegauss(nodes)
    share = weights / weights.sum()
    risks = [float((share * expit(intercept + effect * a + sd * x)).sum()) for a in (0, 1)]
    return MarginalTruth(*risks)


def solve_conditional(control: float, treated: float, sd: float) -> tuple[float, float]:
    """Return the intercept and the conditional log odds ratio that give these marginal risks.

    >>> intercept, effect = solve_conditional(0.195, 0.359, 1.2)
    >>> truth = marginal_truth(intercept, effect, 1.2)
    >>> f"{truth.control:.3f} {truth.treated:.3f}"
    '0.195 0.359'
    """
    if not (0 < control < 1 and 0 < treated < 1):
        problem = f"{control} and {treated} are not both between 0 and 1"
        raise InputError.of("truth", "risk", problem, "give risks between 0 and 1")
    edge = 40.0 + 10 * sd

    def predictor(risk: float) -> float:
        return float(
            brent_root(lambda m: marginal_truth(m, 0.0, sd).control - risk, -edge, edge, xtol=1e-13)
        )

    intercept = predictor(control)
    return intercept, predictor(treated) - intercept
