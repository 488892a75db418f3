"""Interaction on the additive scale: RERI, AP and S, and the contrast of risks.

Rothman KJ. *Modern Epidemiology*, 1986, chapter 15; Hosmer DW, Lemeshow S. *Epidemiology*
1992;3:452-6 (delta method); Zou GY. *Am J Epidemiol* 2008;168:212-24 (MOVER).

Two cautions apply to every result. Measures from odds ratios approximate those from risk ratios
only if the outcome is rare, and sperm retrieval is not (`risk_interaction` uses risks). They are
designed for exposures that increase the risk: if one decreases it, sign and size depend on the
coding (`preventive`), and Knol MJ et al. *Eur J Epidemiol* 2011;26:433-8 recode so that the
patients at lowest risk are the reference (`recode`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.matrices import quadratic_form
from estimate.core.result import Z95
from estimate.heterogeneity.subgroups import interaction_design
from estimate.regression.logistic import fit_logistic
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class InteractionMeasure:
    """A measure of interaction in each data set, (...), with its 95 % limits."""

    estimate: Floats
    std_error: Floats
    p_value: Floats
    conf_low: Floats
    conf_high: Floats


@dataclass(frozen=True, slots=True)
class AdditiveInteraction:
    """Interaction of treatment (first exposure) and modifier (second); fields are (...).

    Attributes
    ----------
    ratio10, ratio01, ratio11
        Odds (or risk) ratio of treatment alone, modifier alone, and both, against neither.
    reri, ap
        ratio11 - ratio10 - ratio01 + 1, and that divided by ratio11; delta method.
    synergy
        (ratio11 - 1) / (ratio10 + ratio01 - 2); its standard error and test are on the log scale
        and NaN where it is not positive.
    mover_low, mover_high
        Limits of ``reri`` by MOVER, which follow its skewness.
    preventive
        Whether an exposure by itself lowers the risk, so that the sign depends on the coding.
    """

    ratio10: Floats
    ratio01: Floats
    ratio11: Floats
    reri: InteractionMeasure
    ap: InteractionMeasure
    synergy: InteractionMeasure
    mover_low: Floats
    mover_high: Floats
    preventive: Bools


@dataclass(frozen=True, slots=True)
class AdditiveLevels:
    """Interaction of treatment with a modifier of k levels, each against the first.

    Attributes
    ----------
    levels
        k - 1 pairwise interactions, of one model.
    reri, cov
        (..., k - 1) and (..., k - 1, k - 1): their RERI and its covariance.
    p_value
        (...) of all of them being 0 together (Wald).
    """

    levels: tuple[AdditiveInteraction, ...]
    reri: Floats
    cov: Floats
    p_value: Floats


def additive_interaction(coef: ArrayLike, cov: ArrayLike) -> AdditiveInteraction:
    """Turn the coefficients of a model with a product term into measures on the additive scale.

    Parameters
    ----------
    coef
        (..., 3) log odds (or risk) ratios: treatment, modifier, product.
    cov
        (..., 3, 3) their covariance.

    Examples
    --------
    >>> got = additive_interaction(np.log([2.0, 3.0, 1.0]), np.eye(3) * 0.04)
    >>> print(f"RERI {got.reri.estimate:.1f}, S {got.synergy.estimate:.2f}")
    RERI 2.0, S 1.67
    """
    coef, cov = np.asarray(coef, float), np.asarray(cov, float)
    a, b, c = np.moveaxis(coef, -1, 0)
    r10, r01, r11 = np.exp(a), np.exp(b), np.exp(a + b + c)
    reri = r11 - r10 - r01 + 1
    slope = _reri_slope(r10, r01, r11)
    with np.errstate(divide="ignore", invalid="ignore"):
        ap_slope = np.stack([r01 - 1, r10 - 1, r10 + r01 - 1], -1) / r11[..., None]
        apart = r10 + r01 - 2
        s = (r11 - 1) / apart
        joint = r11 / (r11 - 1)
        s_slope = np.stack([joint - r10 / apart, joint - r01 / apart, joint], -1)
    low, high = _mover(coef, cov)
    return AdditiveInteraction(
        r10,
        r01,
        r11,
        _measure(reri, slope, cov),
        _measure(reri / r11, ap_slope, cov),
        _log_measure(s, s_slope, cov),
        low,
        high,
        (r10 < 1) | (r01 < 1),
    )


def delta_error(slope: Floats, cov: Floats) -> Floats:
    """Return the standard error of a function with gradient ``slope`` (..., k), first order."""
    return np.asarray(np.sqrt(np.einsum("...i,...ij,...j->...", slope, cov, slope).clip(0)))


def _measure(value: Floats, slope: Floats, cov: Floats) -> InteractionMeasure:
    error = delta_error(slope, cov)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * special.ndtr(-np.abs(value / error))
    return InteractionMeasure(value, error, p, value - Z95 * error, value + Z95 * error)


def _log_measure(value: Floats, slope: Floats, cov: Floats) -> InteractionMeasure:
    with np.errstate(divide="ignore", invalid="ignore"):
        on_log = _measure(np.log(np.where(value > 0, value, np.nan)), slope, cov)
    unsound = np.isnan(on_log.estimate)
    error = np.where(unsound, np.nan, on_log.std_error)
    with np.errstate(over="ignore"):
        low, high = np.exp(on_log.conf_low), np.exp(on_log.conf_high)
    low, high = (np.where(unsound, np.nan, limit) for limit in (low, high))
    return InteractionMeasure(value, error, on_log.p_value, low, high)


def _mover(coef: Floats, cov: Floats) -> tuple[Floats, Floats]:
    """Combine the separate limits of three ratios (Zou 2008, equations 5 and 6)."""
    mix = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    logs = coef @ mix.T
    variation = np.einsum("ij,...jk,lk->...il", mix, cov, mix)
    error = np.sqrt(np.einsum("...ii->...i", variation))
    with np.errstate(divide="ignore", invalid="ignore"):
        r = variation / (error[..., :, None] * error[..., None, :])
    ratio, low, high = (np.exp(logs + sign * Z95 * error) for sign in (0, -1, 1))
    sign = np.array([1.0, -1.0, -1.0])
    value = (sign * ratio).sum(-1) + 1
    limits = []
    for side in (low, high):
        # The sum is lowest with the first ratio low and the two subtracted high.
        other = high if side is low else low
        move = np.stack([side[..., 0], other[..., 1], other[..., 2]], -1) - ratio
        limits.append(np.sqrt(np.einsum("...i,...ij,...j->...", move, r, move).clip(0)))
    return value - limits[0], value + limits[1]


def recode(
    coef: ArrayLike, cov: ArrayLike, reference: ArrayLike | None = None
) -> tuple[Floats, Floats, Floats]:
    """Rewrite a model with product term for another reference group.

    Parameters
    ----------
    coef, cov
        As for `additive_interaction`.
    reference
        (..., 2) of 0/1: treatment and modifier of the new reference; None takes the group at the
        lowest risk.

    Returns
    -------
    tuple
        Coefficients, covariance, and the reference taken.

    Examples
    --------
    >>> coef, _, taken = recode(np.log([0.5, 2.0, 1.0]), np.eye(3))
    >>> np.exp(coef).round(2), taken
    (array([2., 2., 1.]), array([1., 0.]))
    """
    coef, cov = np.asarray(coef, float), np.asarray(cov, float)
    if reference is None:
        a, b, c = np.moveaxis(coef, -1, 0)
        risk = np.stack([np.zeros_like(a), a, b, a + b + c], -1)
        groups = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        reference = groups[risk.argmin(-1)]
    chosen = np.asarray(reference, float)
    s, t = chosen[..., 0], chosen[..., 1]
    swap_s, swap_t = 1 - 2 * s, 1 - 2 * t
    zero = np.zeros_like(s)
    mix = np.stack(
        [
            np.stack([swap_s, zero, swap_s * t], -1),
            np.stack([zero, swap_t, swap_t * s], -1),
            np.stack([zero, zero, swap_s * swap_t], -1),
        ],
        -2,
    )
    moved = np.einsum("...ij,...j->...i", mix, coef)
    return moved, np.einsum("...ij,...jk,...lk->...il", mix, cov, mix), chosen


def additive_from_data(
    data: AnalysisSet, modifier: ArrayLike, covariates: Sequence[str] | None = None
) -> AdditiveInteraction:
    """Fit the joint logistic model and return its odds-ratio measures, coded as the data are.

    ``modifier`` is (..., n) of 0/1.
    """
    coef, cov = interaction_coefficients(data, modifier, covariates)
    return additive_interaction(coef, cov)


def additive_by_level(
    data: AnalysisSet, group: ArrayLike, levels: int, covariates: Sequence[str] | None = None
) -> AdditiveLevels:
    """Fit one joint logistic model and compare each level of a modifier with its first.

    ``group`` is (..., n) of 0 to ``levels`` - 1. With two levels it is `additive_from_data`.
    """
    group, k = np.asarray(group), levels - 1
    indicators = np.stack([(group == g).astype(float) for g in range(1, levels)], -1)
    X, tested = interaction_design(data, indicators, covariates)
    fit = fit_logistic(X, data.outcome, data.weights)
    chosen = [1, *range(2, 2 + k), *range(tested.start, tested.stop)]
    sound = fit.converged[..., None]
    coef = np.where(sound, fit.coef[..., chosen], np.nan)
    cov = np.where(sound[..., None], fit.cov[..., chosen, :][..., chosen], np.nan)
    pairs = [[0, 1 + g, 1 + k + g] for g in range(k)]
    each = tuple(additive_interaction(coef[..., at], cov[..., at, :][..., at]) for at in pairs)
    slope = np.zeros((*coef.shape[:-1], k, len(chosen)))
    for g, (at, one) in enumerate(zip(pairs, each, strict=True)):
        slope[..., g, at] = _reri_slope(one.ratio10, one.ratio01, one.ratio11)
    reri = np.stack([one.reri.estimate for one in each], -1)
    joint = slope @ cov @ slope.swapaxes(-1, -2)
    p_value = special.chdtrc(k, quadratic_form(reri, joint))
    return AdditiveLevels(each, reri, joint, np.asarray(p_value))


def _reri_slope(r10: Floats, r01: Floats, r11: Floats) -> Floats:
    return np.stack([r11 - r10, r11 - r01, r11], -1)


def interaction_coefficients(
    data: AnalysisSet, modifier: ArrayLike, covariates: Sequence[str] | None = None
) -> tuple[Floats, Floats]:
    """Return log odds ratios (..., 3) of treatment, modifier and product, and their covariance.

    NaN where the model did not converge.
    """
    X, tested = interaction_design(data, binary_modifier(modifier)[..., None], covariates)
    fit = fit_logistic(X, data.outcome, data.weights)
    chosen = [1, 2, tested.start]
    sound = fit.converged[..., None]
    coef = np.where(sound, fit.coef[..., chosen], np.nan)
    cov = fit.cov[..., chosen, :][..., chosen]
    return coef, np.where(sound[..., None], cov, np.nan)


def binary_modifier(modifier: ArrayLike) -> Floats:
    """Return a modifier as numbers; one that is not 0/1 is an `InputError`."""
    modifier = np.asarray(modifier, float)
    if not np.isin(modifier, (0, 1)).all():
        raise InputError.of("additive interaction", "modifier", "is not 0/1", "choose a cut")
    return modifier
