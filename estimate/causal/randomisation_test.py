"""Score test of no effect in a randomised trial, given covariates, with a permutation variance.

A logistic model of the outcome on the covariates, without the arm, leaves a residual of every
patient. Without an effect of treatment residuals do not depend on the arm, so that randomisation
alone gives mean and variance of their sum in the treated arm, whether the model is correct or not:
Gail MH, Tan WY, Piantadosi S. *Biometrika* 1988;75:57-64; Rosenbaum PR. *Stat Sci* 2002;17:286-327.
Without covariates it is the Mantel-Haenszel test of one stratum; with strata, the extended
Mantel-Haenszel test of the residuals.
"""

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr

from estimate.comparison.restricted_risks import Measure
from estimate.comparison.risk_difference import score_interval, score_z
from estimate.comparison.stratified import sums_within
from estimate.core.arrays import Floats
from estimate.core.result import Z95, Estimate, Scale
from estimate.regression.logistic import fit_logistic

#: Sums of squared residuals below this are rounding errors: the covariates predict every outcome.
NOTHING_LEFT = 1e-9

#: Statistics below this are rounding errors of 0.
SMALL = 1e-6

#: Comparisons of two risks.
_MEASURES: tuple[Measure, ...] = get_args(Measure)

#: The test in the words of a result.
TEST = "score, permutation variance"


@dataclass(frozen=True, slots=True)
class RandomisationTest:
    """The score test of each trial, and what its inversion needs.

    Attributes
    ----------
    statistic
        (...) positive where the treated arm has more events than expected.
    treated, untreated
        (...) risks of the arms, adjusted for the covariates: the proportion with the event, plus
        the mean residual of the arm. Their difference is 0 where the statistic is 0.
    sizes
        (..., 2) patients of the treated and of the untreated arm, at least 1.
    variance_ratio
        (...) permutation variance of the difference, divided by that without covariates and strata.
    coef
        (..., 1 + covariate) coefficients of the model without the arm: where the fit of a model
        with the arm may start.
    """

    statistic: Floats
    treated: Floats
    untreated: Floats
    sizes: Floats
    variance_ratio: Floats
    coef: Floats

    def start_with_arm(self) -> Floats:
        """(..., 2 + covariate) coefficients of the model with an arm that has no effect."""
        return np.insert(self.coef, 1, 0.0, axis=-1)

    def interval(self, measure: Measure) -> tuple[Floats, Floats]:
        """Return the 95 % limits of an effect on the risks: the values that are not rejected.

        Without covariates and strata they are the limits of Miettinen and Nurminen (*Stat Med*
        1985;4:213-26). With them the variance under each value is multiplied by the ratio of
        variances that the covariates leave without an effect, so that the interval excludes no
        effect if and only if p is below 0.05. Large effects leave a little less, so that it is then
        slightly too long.

        Examples
        --------
        >>> arm = np.repeat([1, 0], [110, 120])
        >>> y = np.concatenate([np.arange(110) < 62, np.arange(120) < 43])
        >>> low, high = randomisation_test(y, arm, np.zeros((230, 0))).interval("risk difference")
        >>> print(f"{low:.4f} to {high:.4f}")
        0.0765 to 0.3276
        """
        n1, n0 = self.sizes[..., 0], self.sizes[..., 1]
        bound = Z95 * np.sqrt(self.variance_ratio)
        return score_interval(self.treated * n1, n1, self.untreated * n0, n0, measure=measure,
                              z=bound)  # fmt: skip


def randomisation_test(
    outcome: ArrayLike,
    treated: ArrayLike,
    covariates: ArrayLike,
    *,
    include: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    balanced: ArrayLike = 0,
    start: ArrayLike | None = None,
) -> RandomisationTest:
    """Test that treatment has no effect on the outcome.

    A trial whose covariates predict every outcome, or that has an empty arm, has the statistic 0.

    Parameters
    ----------
    outcome, treated
        (..., patient) 0 or 1.
    covariates
        (..., patient, covariate) without intercept; finite for every patient.
    include
        (..., patient) patients analysed; None is all.
    stratum
        (..., patient) whole numbers from 0: strata within which arms were balanced by permuted
        blocks; residuals are permuted within them. None permutes them over all patients.
    balanced
        (...) columns of ``covariates`` whose values minimisation balances over the arms: the
        residuals are uncorrelated with them, and the arms too, which takes that many degrees of
        freedom.
    start
        (..., 1 + covariate) coefficients to start from; affects only the computing time.

    Examples
    --------
    Without covariates it is the Mantel-Haenszel test: 62 events in 110 patients, 43 in 120.

    >>> arm = np.repeat([1, 0], [110, 120])
    >>> y = np.concatenate([np.arange(110) < 62, np.arange(120) < 43])
    >>> print(f"{randomisation_test(y, arm, np.zeros((230, 0))).statistic:.4f}")
    3.1157
    """
    y, arm = np.broadcast_arrays(np.asarray(outcome, float), np.asarray(treated, float))
    kept = np.ones(y.shape) if include is None else np.broadcast_to(include, y.shape).astype(float)
    expected, coef = _expected(y, kept, np.asarray(covariates, float), start)
    residual = kept * (y - expected)
    members = kept * arm
    if stratum is None:
        found = _sums(residual, members, kept, np.zeros(y.shape, np.int64), 1)
    else:
        place = np.broadcast_to(stratum, y.shape)
        found = _sums(residual, members, kept, place, int(place.max(initial=0)) + 1)
    over, n1, n, squares = found
    balance = np.asarray(balanced)[..., None] if stratum is None else 0
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(n > 0, n1 * (n - n1) / n, 0.0)
        variance = np.where(n > 1, weight * squares / np.maximum(n - 1 - balance, 1), 0.0)
    total, weights = variance.sum(-1), weight.sum(-1)
    tested = (squares.sum(-1) > NOTHING_LEFT) & (total > 0)
    excess = np.where(tested, over.sum(-1), 0.0)
    total, weights = np.where(tested, total, 1.0), np.where(weights > 0, weights, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        overall = (kept * y).sum(-1) / n.sum(-1)
    return _invertible(
        excess / np.sqrt(total), excess / weights, np.where(tested, total / weights**2, np.nan),
        np.nan_to_num(overall), np.stack([n1.sum(-1), (n - n1).sum(-1)], -1), coef,
    )  # fmt: skip


def _invertible(
    statistic: Floats,
    difference: Floats,
    variance: Floats,
    overall: Floats,
    sizes: Floats,
    coef: Floats,
) -> RandomisationTest:
    """Return the test with risks of the arms that have this difference and overall risk."""
    n1, n0 = sizes[..., 0], sizes[..., 1]
    n = np.maximum(n1 + n0, 1)
    treated = np.clip(overall + difference * n0 / n, 0.0, 1.0)
    untreated = np.clip(overall - difference * n1 / n, 0.0, 1.0)
    whole = np.maximum(sizes, 1.0)
    # Risks at 0 or 1 make the difference smaller: the ratio follows from the statistics.
    plain = score_z(
        treated * whole[..., 0], whole[..., 0], untreated * whole[..., 1], whole[..., 1],
        variance="Miettinen-Nurminen",
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        by_statistic = (plain / statistic) ** 2
        common = overall * (1 - overall) * (1 / n1 + 1 / n0) * n / (n - 1)
        by_variance = variance / common
    ratio = np.where(np.abs(statistic) > SMALL, by_statistic, by_variance)
    known = np.isfinite(ratio) & (ratio > 0)
    return RandomisationTest(
        statistic, treated, untreated, whole, np.where(known, ratio, 1.0), coef
    )


def with_randomisation_test(answer: Estimate, test: RandomisationTest) -> Estimate:
    """Return an estimate on a scale of risks with the test of no effect and its interval."""
    low, high = test.interval(_measure(answer.scale))
    sound = answer.converged
    return replace(
        with_statistic(answer, test.statistic), conf_low=np.where(sound, low, np.nan),
        conf_high=np.where(sound, high, np.nan), interval=TEST,
    )  # fmt: skip


def with_statistic(answer: Estimate, z: Floats) -> Estimate:
    """Return an estimate tested for no effect by a statistic of `randomisation_test`."""
    sound = answer.converged
    return replace(
        answer, statistic=np.where(sound, z, np.nan),
        p_value=np.where(sound, 2 * ndtr(-np.abs(z)), np.nan), test=TEST,
    )  # fmt: skip


def _measure(scale: Scale) -> Measure:
    for measure in _MEASURES:
        if measure == scale:
            return measure
    raise ValueError(f"{scale} does not compare two risks")  # no caller has another one


def _expected(y: Floats, kept: Floats, x: Floats, start: ArrayLike | None) -> tuple[Floats, Floats]:
    """Return (..., patient) probabilities given the covariates only, and coefficients if finite."""
    columns = np.concatenate([np.ones((*y.shape[:-1], 1, y.shape[-1])), np.broadcast_to(
        x.swapaxes(-1, -2), (*y.shape[:-1], x.shape[-1], y.shape[-1])
    )], -2)  # fmt: skip
    fit = fit_logistic(columns.swapaxes(-1, -2), y, None if kept.all() else kept, start=start)
    coef = np.nan_to_num(fit.coef)
    expected = expit(np.matmul(coef[..., None, :], columns)[..., 0, :])
    return np.asarray(expected), np.where(fit.converged[..., None], coef, 0.0)


def _sums(
    residual: Floats, members: Floats, kept: Floats, place: NDArray[np.int64], strata: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return per stratum: residuals of the treated above expectation, treated, all, squares."""
    n1, n, total, treated, squares = (
        sums_within(each, place, strata)
        for each in (members, kept, residual, residual * members, residual**2)
    )
    mean = total / np.maximum(n, 1)
    return treated - n1 * mean, n1, n, np.maximum(squares - n * mean**2, 0.0)
