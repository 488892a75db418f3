"""Stratified comparison of two proportions: Mantel-Haenszel estimates and the CMH test.

Mantel N, Haenszel W. *J Natl Cancer Inst* 1959;22:719-48. Variances: odds ratio by Robins J,
Breslow N, Greenland S. *Biometrics* 1986;42:311-23; risk ratio by Greenland S, Robins JM.
*Biometrics* 1985;41:55-68; risk difference by Sato T. *Biometrics* 1989;45:1323-4 (valid for few
large and for many small strata).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from estimate.comparison.restricted_risks import restricted_risks
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats
from estimate.core.columns import Categorical
from estimate.core.estimand import Estimand
from estimate.core.numeric.roots import chandrupatla_roots
from estimate.core.result import Z95, Estimate, Scale, wald
from protocol.errors import InputError

#: Accuracy of limits of a risk difference.
TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class StratumCounts:
    """Events and patients of both arms in every stratum, each (..., stratum).

    A stratum with an empty arm does not contribute.
    """

    x1: Floats
    n1: Floats
    x2: Floats
    n2: Floats

    @classmethod
    def of(cls, x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> "StratumCounts":
        """Make counts from arrays that broadcast; the last axis is the stratum."""
        a, b, c, d = np.broadcast_arrays(*(np.asarray(v, float) for v in (x1, n1, x2, n2)))
        if a.ndim == 0 or (a < 0).any() or (a > b).any() or (c < 0).any() or (c > d).any():
            problem = "some are not 0 <= events <= patients, or there is no stratum axis"
            raise InputError.of("counts", "strata", problem, "check the counts of each stratum")
        return cls(a, b, c, d)

    @property
    def patients(self) -> Floats:
        """(..., stratum) patients in both arms, 0 where an arm is empty."""
        return np.where((self.n1 > 0) & (self.n2 > 0), self.n1 + self.n2, 0.0)


def joint_strata(data: AnalysisSet, strata: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """Return each patient's combination of several categorical covariates, and how many there are.

    Parameters
    ----------
    strata
        Names of categorical covariates, for example site and diagnosis.

    Returns
    -------
    stratum
        (..., patient) whole numbers from 0.
    count
        Number of combinations, including those without patients.
    """
    place, count = np.zeros(data.include.shape, np.int64), 1
    for name in strata:
        kind = data.kinds.get(name)
        if not isinstance(kind, Categorical):
            problem = f"{name!r} is not a categorical covariate of the data"
            raise InputError.of("strata", name, problem, "declare its categories")
        place = place * len(kind.levels) + data.covariates[name].astype(np.int64)
        count *= len(kind.levels)
    return place, count


def count_within(data: AnalysisSet, strata: Sequence[str]) -> StratumCounts:
    """Count the patients of an analysis set within combinations of categorical covariates."""
    place, count = joint_strata(data, strata)
    outcome = np.where(data.include, data.outcome, np.nan)
    return count_strata(outcome, data.treatment, place, count)


def count_strata(
    outcome: ArrayLike, treated: ArrayLike, stratum: ArrayLike, strata: int
) -> StratumCounts:
    """Count the patients of each stratum.

    Parameters
    ----------
    outcome, treated
        (..., patient) 0 or 1; a patient with a NaN outcome is excluded.
    stratum
        (..., patient) whole numbers from 0 to ``strata`` - 1.
    """
    y, arm, place = np.broadcast_arrays(
        np.asarray(outcome, float), np.asarray(treated, float), np.asarray(stratum)
    )
    if place.min(initial=0) < 0 or place.max(initial=0) >= strata:
        problem = f"some are not 0 to {strata - 1}"
        raise InputError.of("counts", "stratum", problem, "number the strata from 0")
    known = ~np.isnan(y)
    events = np.where(known, y, 0.0)
    cells = [
        sums_within(value * (arm == a), place, strata) for a in (1, 0) for value in (events, known)
    ]
    return StratumCounts.of(*cells)


def sums_within(values: Floats, stratum: NDArray[np.int64], strata: int) -> Floats:
    """Return sums of ``values`` (..., patient) within each stratum, (..., stratum)."""
    lead, patients = values.shape[:-1], values.shape[-1]
    rows = int(np.prod(lead))
    place = np.broadcast_to(stratum, values.shape).reshape(rows, patients)
    cell = (place + strata * np.arange(rows)[:, None]).ravel()
    sums = np.bincount(cell, weights=values.ravel().astype(float), minlength=rows * strata)
    return np.asarray(sums.reshape(*lead, strata), float)


def cochran_mantel_haenszel(
    counts: StratumCounts, *, continuity: bool = False
) -> tuple[Floats, Floats]:
    """Return the (...) chi-squared statistic on 1 degree of freedom and its p-value.

    Parameters
    ----------
    continuity
        Subtract 1/2 from the absolute difference, as R does by default.

    Examples
    --------
    >>> counts = StratumCounts.of([20, 30, 12], [30, 50, 30], [15, 20, 8], [40, 50, 30])
    >>> chi2, p = cochran_mantel_haenszel(counts)
    >>> f"{chi2:.6f}"
    '10.248536'
    """
    n, events = counts.patients, counts.x1 + counts.x2
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(n > 0, counts.n1 * events / n, 0.0)
        variation = counts.n1 * counts.n2 * events * (n - events) / (n**2 * (n - 1))
    gap = np.abs((np.where(n > 0, counts.x1, 0.0) - expected).sum(-1))
    variance = np.where(n > 1, variation, 0.0).sum(-1)
    if continuity:
        gap = np.maximum(gap - 0.5, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        chi2 = np.where(variance > 0, gap**2 / variance, np.nan)
    return chi2, np.asarray(chdtrc(1, chi2))


def stratified_score_z(counts: StratumCounts, null: ArrayLike) -> Floats:
    """Return the (...) score statistic of a risk difference common to the strata.

    Differences less ``null`` are summed with Mantel-Haenszel weights; their variances are those of
    Miettinen and Nurminen (*Stat Med* 1985;4:213-26), restricted to the null within each stratum.
    Unlike Wald's test with Sato's variance it holds its level where the margin is not 0.

    Parameters
    ----------
    null
        (..., 1 or stratum) risk difference under the null, arm 1 less arm 2; minus a margin of
        non-inferiority.

    Examples
    --------
    >>> counts = StratumCounts.of([55], [100], [40], [100])
    >>> print(f"{stratified_score_z(counts, -0.10):.4f}")
    3.5485
    """
    both = counts.patients > 0
    n1, n2 = (np.where(both, n, 1.0) for n in (counts.n1, counts.n2))
    p1, p2 = (np.where(both, x / n, 0.0) for x, n in ((counts.x1, n1), (counts.x2, n2)))
    r1, r2 = restricted_risks(p1, p2, n1, n2, null, "risk difference")
    more = (n1 + n2) / (n1 + n2 - 1)
    weight = np.where(both, n1 * n2 / (n1 + n2), 0.0)
    variance = weight**2 * (r1 * (1 - r1) / n1 + r2 * (1 - r2) / n2) * more
    over, total = (weight * (p1 - p2 - null)).sum(-1), variance.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(both.any(-1), over / np.sqrt(total), np.nan))


def stratified_score_interval(counts: StratumCounts) -> tuple[Floats, Floats]:
    """Return the (...) 95 % limits of a common risk difference: values that are not rejected.

    They invert `stratified_score_z`, so that they exclude no effect if and only if the
    Cochran-Mantel-Haenszel test rejects, and a margin if and only if its test does. Without a
    stratum that has both arms they are -1 and 1.

    Examples
    --------
    >>> counts = StratumCounts.of([55, 12], [100, 30], [40, 8], [100, 30])
    >>> low, high = stratified_score_interval(counts)
    >>> print(f"{low:.4f} to {high:.4f}")
    0.0259 to 0.2624
    """
    cells = np.stack([counts.x1, counts.n1, counts.x2, counts.n2])
    lead, strata = cells.shape[1:-1], cells.shape[-1]
    each = np.moveaxis(cells.reshape(4, -1, strata), 1, -1)
    known = np.asarray((counts.patients > 0).any(-1)).reshape(-1)
    limits = np.repeat([[-1.0], [1.0]], known.size, axis=1)
    if known.any():
        limits[:, known] = _score_limits(each[..., known])
    return limits[0].reshape(lead), limits[1].reshape(lead)


def _score_limits(cells: Floats) -> Floats:
    """Return (2, trial) limits for the cells (4, stratum, trial)."""
    trials = cells.shape[-1]
    wanted = np.repeat([Z95, -Z95], trials)

    def above(null: Floats, *columns: Floats) -> Floats:
        given = StratumCounts(*(np.stack(columns[1 + k :: 4], -1) for k in range(4)))
        z = stratified_score_z(given, null[:, None])  # NaN without events where null is 0
        return np.clip(np.nan_to_num(z, posinf=np.inf, neginf=-np.inf) - columns[0], -1e9, 1e9)

    both = np.concatenate([cells, cells], -1)
    rows = np.concatenate([wanted[None], np.moveaxis(both, 1, 0).reshape(-1, 2 * trials)])
    ends = np.full((2, 2 * trials), [[-1.0], [1.0]])
    first, last = (above(end, *rows) for end in ends)
    inside = (first > 0) & (last < 0)
    found = np.where(first > 0, 1.0, -1.0)
    if inside.any():
        found[inside] = chandrupatla_roots(
            above, ends[0, inside], ends[1, inside], rows[:, inside], xtol=TOLERANCE
        )
    return found.reshape(2, trials)


def mantel_haenszel(
    counts: StratumCounts, estimand: Estimand
) -> tuple[Estimate, Estimate, Estimate]:
    """Return common risk difference, risk ratio and odds ratio over the strata.

    Trials without an estimate on a scale (no events, no stratum with both arms) are flagged as
    not converged.

    Examples
    --------
    >>> question = Estimand("randomised patients", "therapy 1 vs 0", "sperm_in_ejaculate", "")
    >>> counts = StratumCounts.of([20, 30, 12], [30, 50, 30], [15, 20, 8], [40, 50, 30])
    >>> for answer in mantel_haenszel(counts, question):
    ...     print(f"{answer.scale} {answer.estimate:.3f}")
    risk difference 0.210
    risk ratio 1.587
    odds ratio 2.405
    """
    parts = (_difference(counts), _ratio(counts), _odds(counts))
    names: tuple[Scale, Scale, Scale] = ("risk difference", "risk ratio", "odds ratio")
    kinds = ("Wald, Sato", "Wald, Greenland-Robins", "Wald, Robins-Breslow-Greenland")
    total = (counts.n1 + counts.n2).sum(-1).astype(int)
    first, second, third = (
        wald(
            estimand.as_(f"{name}, common to the strata"),
            "mantel-haenszel",
            name,
            value,
            std_error,
            total,
            interval=kind,
        )
        for name, (value, std_error), kind in zip(names, parts, kinds, strict=True)
    )
    return first, second, third


def _over_patients(counts: StratumCounts, numerator: Floats) -> Floats:
    """Return numerator / patients, 0 for a stratum that does not contribute."""
    return np.divide(
        numerator, counts.patients, out=np.zeros_like(counts.patients), where=counts.patients > 0
    )


def _difference(c: StratumCounts) -> tuple[Floats, Floats]:
    weight = _over_patients(c, c.n1 * c.n2).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = _over_patients(c, c.x1 * c.n2 - c.x2 * c.n1).sum(-1) / weight
        p = _over_patients(
            c,
            c.n1**2 * c.x2 / c.patients
            - c.n2**2 * c.x1 / c.patients
            + c.n1 * c.n2 * (c.n2 - c.n1) / c.patients / 2,
        )
        q = _over_patients(c, c.x1 * (c.n2 - c.x2) + c.x2 * (c.n1 - c.x1)) / 2
        variance = (value * p.sum(-1) + q.sum(-1)) / weight**2
        return value, np.sqrt(variance)


def _ratio(c: StratumCounts) -> tuple[Floats, Floats]:
    events = c.x1 + c.x2
    top, bottom = _over_patients(c, c.x1 * c.n2).sum(-1), _over_patients(c, c.x2 * c.n1).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = _over_patients(c, _over_patients(c, c.n1 * c.n2 * events) - c.x1 * c.x2)
        return np.log(top / bottom), np.sqrt(each.sum(-1) / (top * bottom))


def _odds(c: StratumCounts) -> tuple[Floats, Floats]:
    r, s = _over_patients(c, c.x1 * (c.n2 - c.x2)), _over_patients(c, c.x2 * (c.n1 - c.x1))
    p, q = _over_patients(c, c.x1 + c.n2 - c.x2), _over_patients(c, c.x2 + c.n1 - c.x1)
    top, bottom = r.sum(-1), s.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (
            (p * r).sum(-1) / (2 * top**2)
            + (p * s + q * r).sum(-1) / (2 * top * bottom)
            + (q * s).sum(-1) / (2 * bottom**2)
        )
        return np.log(top / bottom), np.sqrt(variance)
