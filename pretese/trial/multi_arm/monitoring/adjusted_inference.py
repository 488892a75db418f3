"""Adjusted p-values and simultaneous intervals of comparisons with one control.

The adjusted p-value of a comparison is the smallest family-wise type I error at which the design
rejects it by the analyses to date: the largest, over all sets of hypotheses with it, of the
sequential p-values of their local tests (Liu Q, Anderson KM. *J Am Stat Assoc* 2008;103:1621-30).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from estimate.comparison.risk_difference import score_interval, score_z
from estimate.core.arrays import Ints
from estimate.core.numeric.roots import brent_root
from estimate.multi_arm.local_tests import NEVER, SetRule
from estimate.multi_arm.set_boundaries import Observed, observed_boundary
from estimate.sequential.boundary_shapes import HaybittlePeto, WangTsiatis
from estimate.sequential.combination import inverse_normal
from pretese.trial.monitoring.final_inference import p_of
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.monitoring.arm_boundaries import ArmAnalysis, MonitoredArms

#: Range of one-sided p-values that are distinguished, on the scale of z.
_LOWEST, _HIGHEST = float(ndtri(1e-12)), float(ndtri(0.5 - 1e-6))

#: Largest risk difference of a search.
_EDGE = 1 - 1e-9

Limits = tuple[float, float]


def adjusted_p(trial: MonitoredArms, analysis: int, treatment: int) -> float | None:
    """Return the adjusted p-value of a treatment by the analyses up to one, counted from 0.

    One-sided, or twice that if the design is two-sided. None if the boundaries are not defined for
    other values of alpha.
    """
    design = trial.design
    if not _any_alpha(trial, analysis):
        return None
    step = trial.decisions.tests.step
    worst = max(
        min(_p_of_set(trial, k, number) for k in range(analysis + 1))
        for number in np.flatnonzero(step[:, treatment] == 0).tolist()
    )
    return min(1.0, worst * design.monitoring.sides)


def _any_alpha(trial: MonitoredArms, analysis: int) -> bool:
    """Whether the boundaries to an analysis are defined for any alpha."""
    shape = trial.design.monitoring.shape()
    if isinstance(shape, HaybittlePeto) or trial.design.monitoring.efficacy.startswith("user"):
        return False
    early = trial.analyses[analysis].observed.last and analysis + 1 < len(trial.design.rates)
    return not (isinstance(shape, WangTsiatis) and early)


def _p_of_set(trial: MonitoredArms, k: int, number: int) -> float:
    """Return the p-value of the local test of a set at one analysis."""
    row, design = trial.analyses[k], trial.design
    if row.combined is not None:
        count = len(row.observed.fractions)
        times = Observed(design.rates[:count], row.observed.last and count < len(design.rates))
        return _p_of_combination(design, times, float(row.combined[number]))
    step = row.tests.step[number]
    inside = (step == 0) & row.tested & (row.tests.critical[number, :, k] < NEVER)
    if not inside.any():
        return 1.0
    rule = design.set_rule(design.alpha, row.observed)
    largest = float(trial.statistics.z[k, inside].max())
    return _p_of_largest(rule, _representative(rule, step), int(inside.sum()), largest)


def _representative(rule: SetRule, step: Ints) -> tuple[int, ...]:
    """Return a set with the same boundaries; the same one for all sets where treatments are alike.

    >>> from estimate.sequential.boundary_shapes import WangTsiatis
    >>> alike = SetRule("holm", (1.0,), WangTsiatis(0.0), (1.0,) * 3, 0.025, (0, 1, 2), False, None)
    >>> _representative(alike, np.array([-1, 0, 0]))
    (0, 0, -1)
    """
    alike = len(set(rule.ratios)) == 1 and rule.procedure != "fixed sequence"
    found = np.sort(step)[::-1] if alike else step
    return tuple(found.tolist())


def _p_of_combination(design: MultiArmDesign, times: Observed, z: float) -> float:
    shape = design.monitoring.shape()
    return _smallest(
        lambda alpha: float(observed_boundary(design.rates, shape, (1.0,), alpha, times)[-1]) - z
    )


@lru_cache(maxsize=4096)
def _p_of_largest(rule: SetRule, step: tuple[int, ...], size: int, z: float) -> float:
    """Return the smallest alpha at which the local test of a set rejects the largest statistic.

    The search begins with the p-value of one hypothesis, which is quickly found, and its multiple
    by Bonferroni.
    """
    chosen = np.array(step)

    def surplus(alpha: float) -> float:
        return float(replace(rule, alpha=alpha).critical(chosen)[:, -1].min()) - z

    if size == 1 or rule.observed is None:
        return _smallest(surplus)
    observed = rule.observed
    alone = _smallest(
        lambda alpha: (
            float(observed_boundary(rule.rates, rule.shape, (1.0,), alpha, observed)[-1]) - z
        )
    )
    return _smallest(surplus, alone / (1 + 1e-6), alone * len(rule.ratios) * (1 + 1e-6))


def _smallest(surplus: Callable[[float], float], low: float = 0.0, high: float = 1.0) -> float:
    """Return the alpha at which a boundary that falls with alpha reaches a statistic.

    Parameters
    ----------
    low, high
        Where it is likely to be; elsewhere it is found too.
    """

    def at(quantile: float) -> float:
        return surplus(float(ndtr(quantile)))

    first, last = np.clip(ndtri([low, min(high, 1.0)]), _LOWEST, _HIGHEST).tolist()
    if first >= _HIGHEST:
        return float(ndtr(_HIGHEST))
    if at(last) > 0:
        first, last = last, _HIGHEST
        if last <= first or at(last) > 0:
            return float(ndtr(_HIGHEST))
    elif at(first) < 0:
        first, last = _LOWEST, first
        if last <= first or at(first) < 0:
            return float(ndtr(_LOWEST))
    return float(ndtr(brent_root(at, first, last, xtol=1e-6)))


def simultaneous_interval(trial: MonitoredArms, analysis: int, treatment: int) -> Limits | None:
    """Return the repeated confidence interval of an effect, together with those of the others.

    By the boundary of all treatments together at this analysis (single step); of a combination
    test by Bonferroni. In a fixed sequence or an unadjusted test each interval has the coverage on
    its own. None if no boundary is finite.
    """
    row, design = trial.analyses[analysis], trial.design
    if row.combined is not None:
        return _combined_interval(trial, analysis, treatment)
    boundary = _single_step(design, row)
    if not np.isfinite(boundary):
        return None
    return score_limits(trial, analysis, treatment, boundary)


def score_limits(trial: MonitoredArms, analysis: int, treatment: int, boundary: float) -> Limits:
    """Return the effects that are not rejected at a critical value of z."""
    data, statistics = trial.data, trial.statistics
    if data.events is None:
        value = float(statistics.estimate[analysis, treatment])
        error = float(statistics.std_error[analysis, treatment])
        return value - boundary * error, value + boundary * error
    x, n = data.events[analysis], data.participants[analysis]
    arm = treatment + 1
    low, high = score_interval(
        x[arm], n[arm], x[0], n[0], variance="Farrington-Manning", z=boundary
    )
    return float(low), float(high)


def naive_p(trial: MonitoredArms, analysis: int, treatment: int) -> float:
    """Return the p-value of one comparison at one analysis, without any adjustment."""
    z = float(trial.statistics.z[analysis, treatment])
    return p_of(float(ndtr(-z)), trial.design.monitoring.sides)


def _single_step(design: MultiArmDesign, row: ArmAnalysis) -> float:
    """Return the boundary of all primary hypotheses together at the last observed analysis."""
    rule = design.set_rule(design.alpha, row.observed)
    if design.testing.procedure in {"fixed sequence", "unadjusted"}:
        found = observed_boundary(
            design.rates, design.monitoring.shape(), (1.0,), design.alpha, row.observed
        )
        return float(found[-1])
    everyone = np.zeros(len(design.comparisons), int)
    return float(rule.critical(everyone)[0, -1])


def _combined_interval(trial: MonitoredArms, analysis: int, treatment: int) -> Limits | None:
    """Return the risk differences that the combination test at alpha / treatments keeps."""
    design, data = trial.design, trial.data
    if data.events is None:
        return None
    level = design.alpha / len(design.treatments)
    times = Observed(design.rates[: analysis + 1], trial.analyses[analysis].observed.last)
    shape = design.monitoring.shape()
    boundary = float(observed_boundary(design.rates, shape, (1.0,), level, times)[-1])
    new_x, new_n = (np.diff(each, axis=0, prepend=0) for each in (data.events, data.participants))
    weights = np.diff(np.asarray(design.rates), prepend=0.0)[: analysis + 1]

    def surplus(null: float, wanted: float) -> float:
        z = [
            float(score_z(x[treatment + 1], n[treatment + 1], x[0], n[0], null=null))
            for x, n in zip(new_x[: analysis + 1], new_n[: analysis + 1], strict=True)
        ]
        return float(inverse_normal(z, weights)[-1]) - wanted

    def where(wanted: float) -> float:
        if surplus(-_EDGE, wanted) <= 0:
            return -1.0
        if surplus(_EDGE, wanted) >= 0:
            return 1.0
        return float(brent_root(lambda null: surplus(null, wanted), -_EDGE, _EDGE, xtol=1e-12))

    return where(boundary), where(-boundary)
