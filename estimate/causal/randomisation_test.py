"""Score test of no effect in a randomised trial, given covariates, with a permutation variance.

A logistic model of the outcome on the covariates, without the arm, leaves a residual of every
patient. Without an effect of treatment residuals do not depend on the arm, so that randomisation
alone gives mean and variance of their sum in the treated arm, whether the model is correct or not:
Gail MH, Tan WY, Piantadosi S. *Biometrika* 1988;75:57-64; Rosenbaum PR. *Stat Sci* 2002;17:286-327.
Without covariates it is the Mantel-Haenszel test of one stratum; with strata, the extended
Mantel-Haenszel test of the residuals.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr

from estimate.comparison.stratified import sums_within
from estimate.core.arrays import Floats
from estimate.core.result import Estimate
from estimate.regression.logistic import fit_logistic

#: Sums of squared residuals below this are rounding errors: the covariates predict every outcome.
NOTHING_LEFT = 1e-9

#: The test in the words of a result.
TEST = "score, permutation variance"


def randomisation_z(
    outcome: ArrayLike,
    treated: ArrayLike,
    covariates: ArrayLike,
    *,
    include: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    balanced: ArrayLike = 0,
    start: ArrayLike | None = None,
) -> Floats:
    """Return (...) statistics, positive where the treated arm has more events than expected.

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
    >>> print(f"{randomisation_z(y, arm, np.zeros((230, 0))):.4f}")
    3.1157
    """
    y, arm = np.broadcast_arrays(np.asarray(outcome, float), np.asarray(treated, float))
    kept = np.ones(y.shape) if include is None else np.broadcast_to(include, y.shape).astype(float)
    residual = kept * (y - _expected(y, kept, np.asarray(covariates, float), start))
    members = kept * arm
    if stratum is None:
        found = _sums(residual, members, kept, np.zeros(y.shape, np.int64), 1)
    else:
        place = np.broadcast_to(stratum, y.shape)
        found = _sums(residual, members, kept, place, int(place.max(initial=0)) + 1)
    over, n1, n, squares = found
    balance = np.asarray(balanced)[..., None] if stratum is None else 0
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(
            n > 1, n1 * (n - n1) / n * squares / np.maximum(n - 1 - balance, 1), 0.0
        )
    total = variance.sum(-1)
    tested = (squares.sum(-1) > NOTHING_LEFT) & (total > 0)
    return np.where(tested, over.sum(-1) / np.sqrt(np.where(tested, total, 1.0)), 0.0)


def with_randomisation_test(answer: Estimate, z: Floats) -> Estimate:
    """Return an estimate with its interval, tested for no effect by this statistic."""
    sound = answer.converged
    return replace(
        answer, statistic=np.where(sound, z, np.nan),
        p_value=np.where(sound, 2 * ndtr(-np.abs(z)), np.nan), test=TEST,
    )  # fmt: skip


def _expected(y: Floats, kept: Floats, x: Floats, start: ArrayLike | None) -> Floats:
    """Return (..., patient) probabilities of the outcome given the covariates only."""
    columns = np.concatenate([np.ones((*y.shape[:-1], 1, y.shape[-1])), np.broadcast_to(
        x.swapaxes(-1, -2), (*y.shape[:-1], x.shape[-1], y.shape[-1])
    )], -2)  # fmt: skip
    fit = fit_logistic(columns.swapaxes(-1, -2), y, kept, start=start)
    coef = np.nan_to_num(fit.coef)
    return np.asarray(expit(np.matmul(coef[..., None, :], columns)[..., 0, :]))


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
