"""Covariate-adjusted marginal risks in a randomised trial, with a design-based variance.

A logistic model of the outcome on arm and covariates is fitted, every patient is predicted under
both arms, and the predictions are averaged. Randomisation makes the averages consistent even if the
model is wrong, and the variance of Ye T, Bannick M, Yi Y, Shao J (*Stat Theory Relat Fields*
2023;7:159-63) is valid for the population effect whether or not the model is correct, and under
randomisation balanced within strata. `marginal.g_computation` with ``errors="robust"`` is the
variance of Ge M et al. (*Drug Inf J* 2011;45:481-93), which treats the covariates as fixed.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtri, stdtrit

from estimate.causal.marginal import OutcomeModel, outcome_model
from estimate.causal.randomisation_test import (
    RandomisationTest,
    randomisation_test,
    with_randomisation_test,
)
from estimate.comparison.balance_gain import SmallSample, balance_gain, chance_products
from estimate.comparison.stratified import joint_strata
from estimate.comparison.two_risks import Risks
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.result import Estimate
from estimate.regression.logistic import fit_logistic
from protocol.errors import InputError

#: Risks this close to 0 or 1 are set to 0 or 1: no trial is large enough to distinguish them.
LIMIT = 1e-7

#: Quantile at which a t distribution replaces the normal one in small samples.
UPPER = 0.975

#: Moments of outcomes and risks below this are rounding errors.
ROUNDING = 1e-13


def randomised(
    data: AnalysisSet,
    covariates: Sequence[str] | None = None,
    *,
    strata: Sequence[str] = (),
    small_sample: bool = False,
) -> tuple[Estimate, Estimate, Estimate]:
    """Return marginal risk difference, risk ratio and odds ratio of a randomised trial.

    The test of no effect, which is the same on all scales, is the score test of
    `randomisation_test`, and the intervals contain the effects that it does not reject.

    Parameters
    ----------
    covariates
        Of the outcome model; None takes all of the analysis set.
    strata
        Categorical covariates within which arms were balanced by permuted blocks. Under
        minimisation the variance given the strata is not known to hold: put its factors in
        ``covariates`` instead.
    small_sample
        As in `g_computation_by_arm`.
    """
    model = outcome_model(data, covariates)
    risks = randomised_risks(data, model, strata=strata, small_sample=small_sample)
    estimand = data.question("all patients randomised")
    answers = risks.compare(estimand, "g-computation-randomised", "Wald, Ye")
    test = _score(data, model, strata)
    first, second, third = (with_randomisation_test(each, test) for each in answers)
    return first, second, third


def _score(data: AnalysisSet, model: OutcomeModel, strata: Sequence[str]) -> RandomisationTest:
    """Return the score test, given the covariates of a fitted model."""
    own = [0, *range(2, model.design.X.shape[-1])]  # without the treatment
    return randomisation_test(
        np.where(data.include, data.outcome, 0.0), data.treatment, model.design.X[..., own[1:]],
        include=data.include, stratum=joint_strata(data, strata)[0] if strata else None,
        start=np.nan_to_num(model.fit.coef[..., own]),
    )  # fmt: skip


def randomised_risks(
    data: AnalysisSet,
    model: OutcomeModel,
    *,
    strata: Sequence[str] = (),
    small_sample: bool = False,
) -> Risks:
    """Return the marginal risks of a trial from a fitted outcome model, with Ye's covariance."""
    stratum = joint_strata(data, strata)[0] if strata else None
    predicted = np.moveaxis(model.predicted[::-1], 0, -2)
    sound = model.fit.converged | model.fit.separated
    kept = data.include.astype(float)
    rows = model.design.X.swapaxes(-1, -2)
    leverage = _leverage(rows, kept, predicted, data.treatment, model.fit.cov)
    return _risks(
        data.outcome, data.treatment, kept, predicted, stratum, sound,
        SmallSample(rows, leverage, model.fit.cov) if small_sample else None,
    )  # fmt: skip


def g_computation_by_arm(
    outcome: ArrayLike,
    treated: ArrayLike,
    covariates: ArrayLike,
    *,
    include: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    small_sample: bool = False,
    start: ArrayLike | None = None,
) -> Risks:
    """Return marginal risks of a randomised trial from plain arrays.

    Separation by a covariate (for example, a site without events) leaves coefficients without a
    finite value, but not the predictions; such trials count as converged.

    Parameters
    ----------
    outcome, treated
        (..., patient) 0 or 1.
    covariates
        (..., patient, covariate) without intercept; finite for every patient.
    include
        (..., patient) patients analysed, so that trials of different sizes share an array; None is
        all.
    stratum
        (..., patient) whole numbers from 0: strata within which arms were balanced by permuted
        blocks.
    small_sample
        Divide residuals by 1 - leverage (HC3: MacKinnon JG, White H. *J Econometrics*
        1985;29:305-25) and widen by the t quantile with n - p degrees of freedom, less the strata
        but one; the gain from balance is corrected for its expectation by chance. Fitted residuals
        are too small: without the correction intervals cover too seldom. With the root of
        1 - leverage (HC2) tests of non-inferiority with 8 coefficients and 240 patients still
        reject 2.78 % at one-sided 2.5 %, with HC3 2.50 % (MCSE 0.08).
    start
        (..., 2 + covariate) coefficients to start from: intercept, arm, covariates. They affect
        only the computing time.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> arm, x = np.arange(200) % 2, rng.normal(size=(200, 1))
    >>> y = rng.random(200) < 0.2 + 0.3 * arm + 0.2 * (x[:, 0] > 0)
    >>> risks = g_computation_by_arm(y, arm, x)
    >>> print(f"{risks.treated - risks.untreated:.3f}")
    0.310
    """
    y, arm = np.broadcast_arrays(np.asarray(outcome, float), np.asarray(treated, float))
    x = np.asarray(covariates, float)
    if x.shape[-2] != y.shape[-1]:
        problem = f"{x.shape[-2]} rows of covariates were given for {y.shape[-1]} patients"
        raise InputError.of("g-computation", "covariates", problem, "give one row per patient")
    kept = np.ones(y.shape) if include is None else np.broadcast_to(include, y.shape).astype(float)
    # Patients along the last axis, as `fit_logistic` reads it best: (..., column, patient).
    lead = (*y.shape[:-1], x.shape[-1], y.shape[-1])
    rows = np.stack([np.ones(y.shape), arm], -2)
    rows = np.concatenate([rows, np.broadcast_to(x.swapaxes(-1, -2), lead)], -2)
    fit = fit_logistic(rows.swapaxes(-1, -2), y, None if include is None else kept, start=start)
    effect = fit.coef[..., None, 1]
    base = np.matmul(fit.coef[..., None, :], rows)[..., 0, :] - arm * effect
    predicted = expit(np.stack([base, base + effect], -2))
    places = None if stratum is None else np.asarray(stratum)
    sound = fit.converged | fit.separated
    if not small_sample:
        return _risks(y, arm, kept, predicted, places, sound, None)
    leverage = _leverage(rows, kept, predicted, arm, fit.cov)
    return _risks(y, arm, kept, predicted, places, sound, SmallSample(rows, leverage, fit.cov))


def _leverage(rows: Floats, kept: Floats, predicted: Floats, arm: Floats, cov: Floats) -> Floats:
    """Return (..., patient) diagonal of the hat matrix of a logistic model, at most 0.95.

    Parameters
    ----------
    rows
        (..., column, patient) design matrix.
    cov
        (..., column, column) inverse information.
    """
    own = np.where(arm > 0, predicted[..., 1, :], predicted[..., 0, :])
    found = (rows * (cov @ rows)).sum(-2) * own * (1 - own) * kept
    return np.asarray(np.clip(found, 0.0, 0.95))


def _risks(
    y: Floats,
    arm: Floats,
    kept: Floats,
    predicted: Floats,
    stratum: NDArray[np.int64] | None,
    sound: Bools,
    correction: SmallSample | None,
) -> Risks:
    """Average predictions (..., 2, patient), untreated first."""
    patients = kept.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        risks = np.moveaxis(np.matmul(predicted, kept[..., None])[..., 0], -1, 0) / patients
        # Under separation by the arm the risks converge to 0 or 1 and are set to the limit.
        untreated, treated = np.where(np.abs(risks - 0.5) > 0.5 - LIMIT, np.round(risks), risks)
        if correction is None:
            cov = _cov_ye(y, arm, kept, predicted, stratum)
        else:
            own = np.where(arm > 0, predicted[..., 1, :], predicted[..., 0, :])
            scaled = own + (y - own) / (1 - correction.leverage)
            cov = _cov_ye(scaled, arm, kept, predicted, None)
            freedom = patients - correction.rows.shape[-2]
            if stratum is not None:
                noise = chance_products(correction, own * (1 - own) * kept, arm, kept, stratum)
                gain = balance_gain(y, arm, kept, predicted, stratum, noise)
                cov = cov - gain / patients[..., None, None]
                freedom = freedom - int(stratum.max())  # strata, less one that the model has
            freedom = np.maximum(freedom, 1)
            cov = cov * (stdtrit(freedom, UPPER) / ndtri(UPPER))[..., None, None] ** 2
    sizes = np.stack([(kept * arm).sum(-1), (kept * (1 - arm)).sum(-1)], -1)
    enough = sizes.min(-1) >= 2
    swapped = cov[..., ::-1, ::-1]
    count = patients.astype(np.int64)
    return Risks(treated, untreated, swapped, count, sound & enough, size=sizes)


def _cov_ye(
    y: Floats,
    arm: Floats,
    kept: Floats,
    predicted: Floats,
    stratum: NDArray[np.int64] | None,
) -> Floats:
    """Return the covariance of Ye et al. 2023, equation 3, less the gain from the strata.

    With moments over all patients, or over the patients of arm a where marked by a:
    V_aa = (Var_a Y - 2 Cov_a(Y, m_a) + Var m_a) / pi_a + 2 Cov_a(Y, m_a) - Var m_a,
    V_ab = Cov_a(Y, m_b) + Cov_b(Y, m_a) - Cov(m_a, m_b).
    """
    n = kept.sum(-1)
    members = [kept * (1 - arm), kept * arm]
    share = [member.sum(-1) / n for member in members]
    columns = np.concatenate([predicted, y[..., None, :]], -2)
    within, among = [_moments(columns, member) for member in members], _moments(columns, kept)
    total = np.empty((*n.shape, 2, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        for a in (0, 1):
            shared, variation = within[a][..., 2, a], among[..., a, a]
            own = within[a][..., 2, 2] - 2 * shared + variation
            total[..., a, a] = own / share[a] + 2 * shared - variation
        cross = within[0][..., 2, 1] + within[1][..., 2, 0] - among[..., 0, 1]
        total[..., 0, 1] = total[..., 1, 0] = cross
        if stratum is not None:
            total = total - balance_gain(y, arm, kept, predicted, stratum, None)
        # If model and outcome agree in every patient, the difference from 0 is rounding error.
        total = np.where(np.abs(total) < ROUNDING, 0.0, total)
        return np.asarray(total / n[..., None, None])


def _moments(columns: Floats, weight: Floats) -> Floats:
    """Return (..., column, column) covariances over patients of weight 1, divisor n - 1."""
    n = weight.sum(-1)[..., None, None]
    weighted = columns * weight[..., None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = weighted.sum(-1, keepdims=True) / n
        squares = weighted @ columns.swapaxes(-1, -2) - n * mean * mean.swapaxes(-1, -2)
        return np.asarray(squares / (n - 1))
