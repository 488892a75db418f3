"""Restricted cubic splines: non-linear associations of a number with the outcome.

Harrell FE. *Regression Modeling Strategies*, 2nd ed., 2015, section 2.4.5 (basis), table 2.3
(knots). Linear beyond the outer knots; k knots cost k - 1 coefficients.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.arrays import Bools, Floats
from estimate.core.matrices import quadratic_form
from estimate.core.result import Z95
from estimate.regression.logistic import fit_logistic
from estimate.regression.logistic_fit import LogisticFit
from protocol.errors import InputError

#: Outer quantile by number of knots; the others are placed evenly between the outer two.
OUTER_QUANTILE = {3: 0.10, 4: 0.05, 5: 0.05, 6: 0.05, 7: 0.025}

#: Below this many patients an outer quantile is unstable: the fifth smallest and largest replace
#: it.
SMALL_SAMPLE = 100

#: Proportion of patients tied at the lowest or highest value above which that value is excluded
#: from the quantiles.
TIED_SHARE = 0.05


def harrell_knots(x: ArrayLike, knots: int = 3) -> Floats:
    """Place knots at fixed quantiles (type 7) of one variable; NaN is ignored.

    With at most ``knots`` + 2 distinct values the inner distinct values are the knots. Where 5 %
    or more of the patients are tied at the smallest (largest) value, and at no inner one, the outer
    knot is the next value and the other knots are quantiles of the patients beyond it.

    Raises
    ------
    InputError
        If fewer than three distinct knots remain.

    Examples
    --------
    >>> harrell_knots(range(1, 202), 3)
    array([ 21., 101., 181.])
    """
    if knots not in OUTER_QUANTILE:
        allowed = ", ".join(map(str, OUTER_QUANTILE))
        raise InputError.of("spline", "knots", f"{knots} is not allowed", f"choose from {allowed}")
    values = np.sort(np.asarray(x, float).ravel())
    values = values[~np.isnan(values)]
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= knots + 2:
        placed = distinct[1:-1]
    else:
        placed = _quantile_knots(values, distinct, counts / len(values), knots)
    if len(placed) < 3:
        problem = f"{len(distinct)} distinct values leave {len(placed)} knots"
        raise InputError.of("spline", "knots", problem, "use the variable as linear or in groups")
    return np.asarray(placed)


def _quantile_knots(values: Floats, distinct: Floats, share: Floats, knots: int) -> Floats:
    outer = OUTER_QUANTILE[knots]
    piled = share[1:-1].max() < TIED_SHARE
    below, above = piled and share[0] >= TIED_SHARE, piled and share[-1] >= TIED_SHARE
    fixed = ([distinct[1]] if below else []) + ([distinct[-2]] if above else [])
    if below:
        values = values[values > distinct[1]]
    if above:
        values = values[values < distinct[-2]]
    free = knots - len(fixed)
    if free == 1:
        return np.unique([*fixed, np.median(values)])
    # Two free knots are at the median and at the outer quantile of the side without ties.
    start, stop = (
        (0.5 if free == 2 and below else outer),
        (0.5 if free == 2 and above else 1 - outer),
    )
    placed = np.quantile(values, np.linspace(start, stop, free))
    if len(values) < SMALL_SAMPLE:
        placed[0] = placed[0] if below else values[4]
        placed[-1] = placed[-1] if above else values[-5]
    return np.unique([*fixed, *placed])


def spline_basis(x: ArrayLike, knots: ArrayLike, *, scaled: bool = True) -> Floats:
    """Return the basis (..., k - 1): ``x`` itself, then k - 2 non-linear terms.

    Term j is (x - t_j)+^3 - (x - t_{k-1})+^3 (t_k - t_j) / (t_k - t_{k-1})
    + (x - t_k)+^3 (t_{k-1} - t_j) / (t_k - t_{k-1}), divided by (t_k - t_1)^2 if ``scaled``: then
    all terms have the unit of x.

    Examples
    --------
    >>> spline_basis([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0])
    array([[0.  , 0.  ],
           [1.  , 0.25],
           [2.  , 1.5 ],
           [3.  , 3.  ]])
    """
    x, t = np.asarray(x, float), np.asarray(knots, float)
    inner, before_last, last = t[:-2], t[-2], t[-1]
    cubes = np.maximum(x[..., None] - t, 0) ** 3
    gap = last - before_last
    bent = cubes[..., :-2] - cubes[..., -2:-1] * (last - inner) / gap
    bent = bent + cubes[..., -1:] * (before_last - inner) / gap
    divisor = (last - t[0]) ** 2 if scaled else 1.0
    return np.concatenate([x[..., None], bent / divisor], axis=-1)


@dataclass(frozen=True, slots=True)
class LinearityTest:
    """Chi-square tests of a spline: of association, and of non-linearity; shape (...)."""

    method: Literal["Wald", "likelihood ratio"]
    overall: Floats
    overall_df: int
    overall_p: Floats
    nonlinear: Floats
    nonlinear_df: int
    nonlinear_p: Floats


@dataclass(frozen=True, slots=True)
class Curve:
    """Log odds ratio at ``x`` against ``reference``, with its pointwise Wald limits, (..., x)."""

    x: Floats
    reference: float
    log_odds_ratio: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats


@dataclass(frozen=True, slots=True)
class SplineFit:
    """A logistic model with a spline of one variable; coefficients: 1, spline, covariates."""

    knots: Floats
    fit: LogisticFit
    wald: LinearityTest
    likelihood_ratio: LinearityTest
    converged: Bools

    def curve(self, x: ArrayLike, reference: float) -> Curve:
        """Return the odds of the outcome at ``x`` relative to ``reference``, covariates alike."""
        x = np.asarray(x, float)
        size = len(self.knots) - 1
        contrast = spline_basis(x, self.knots) - spline_basis(reference, self.knots)
        bent, cov = self.fit.coef[..., 1 : 1 + size], self.fit.cov[..., 1 : 1 + size, 1 : 1 + size]
        value = np.einsum("xk,...k->...x", contrast, bent)
        # Rounding can leave a variance of -1e-18 at the reference itself.
        variance = np.einsum("xk,...kl,xl->...x", contrast, cov, contrast).clip(0)
        error = np.sqrt(variance)
        return Curve(x, reference, value, error, value - Z95 * error, value + Z95 * error)


def fit_spline(
    x: ArrayLike,
    y: ArrayLike,
    *,
    knots: ArrayLike,
    covariates: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> SplineFit:
    """Fit logit Pr(y = 1) to a spline of ``x``, and test its linearity.

    Parameters
    ----------
    x, y
        (..., n) variable and 0/1 outcome.
    knots
        (k,) as from `harrell_knots`, the same for the whole batch, so that curves are comparable.
    covariates
        (..., n, c) further columns, without intercept.
    weights
        (..., n); 0 excludes a patient.
    """
    x, y, knots = np.asarray(x, float), np.asarray(y, float), np.asarray(knots, float)
    others = np.empty((*x.shape, 0)) if covariates is None else np.asarray(covariates, float)
    lead = np.broadcast_shapes(x.shape, others.shape[:-1])
    basis = np.broadcast_to(spline_basis(x, knots), (*lead, len(knots) - 1))
    others = np.broadcast_to(others, (*lead, others.shape[-1]))
    parts = [np.ones((*lead, 1)), basis, others]
    full = fit_logistic(np.concatenate(parts, -1), y, weights)
    linear = fit_logistic(np.concatenate([parts[0], basis[..., :1], others], -1), y, weights)
    none = fit_logistic(np.concatenate([parts[0], others], -1), y, weights)
    size = len(knots) - 1
    converged = full.converged & linear.converged & none.converged
    return SplineFit(
        knots,
        full,
        _test(
            "Wald", wald_chi2(full, slice(1, 1 + size)), wald_chi2(full, slice(2, 1 + size)), size
        ),
        _test(
            "likelihood ratio",
            2 * (full.loglik - none.loglik),
            2 * (full.loglik - linear.loglik),
            size,
        ),
        converged,
    )


def wald_chi2(fit: LogisticFit, chosen: slice) -> Floats:
    """Return b' V^-1 b for some coefficients, (...); NaN where the fit has none."""
    return quadratic_form(fit.coef[..., chosen], fit.cov[..., chosen, chosen])


def _test(
    method: Literal["Wald", "likelihood ratio"], overall: Floats, nonlinear: Floats, size: int
) -> LinearityTest:
    return LinearityTest(
        method,
        overall,
        size,
        np.asarray(special.chdtrc(size, overall)),
        nonlinear,
        size - 1,
        np.asarray(special.chdtrc(size - 1, nonlinear)),
    )
