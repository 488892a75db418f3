"""Rates per oocyte or embryo with correlation within couples.

A chi-square test of fertilised among all oocytes treats embryos as independent: with realistic
correlation its type I error is about 25 %. The unit of inference is the couple; this module has the
naive test and three valid methods.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.comparison.two_risks import score_if_degenerate
from estimate.comparison.two_sample import Comparison, chi_square
from estimate.core.arrays import Bools, Floats
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate, wald
from estimate.regression.logistic import fit_logistic
from protocol.errors import InputError

Working = Literal["independence", "exchangeable"]

STEP_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts of couples: ``events`` among ``trials`` (embryos), (..., n), and the couple's arm.

    Couples without trials are not used.
    """

    events: Floats
    trials: Floats
    arm: Floats

    @property
    def used(self) -> Bools:
        """Couples with at least one trial."""
        return self.trials > 0

    @property
    def table(self) -> Floats:
        """Return events and non-events by arm, (..., 2, 2), summed over couples."""
        rows = []
        for a in (0, 1):
            here = self.used & (self.arm == a)
            yes, all_ = (np.where(here, v, 0).sum(-1) for v in (self.events, self.trials))
            rows.append(np.stack([yes, all_ - yes], -1))
        return np.stack(rows, -2)

    @property
    def design(self) -> Floats:
        """Return intercept and arm, (..., n, 2)."""
        return np.stack([np.ones_like(self.arm), self.arm], -1)

    @property
    def share(self) -> Floats:
        """Return the rate of each couple, 0 without a trial."""
        return np.asarray(np.where(self.used, self.events / np.maximum(self.trials, 1), 0.0))


def rates(events: ArrayLike, trials: ArrayLike, arm: ArrayLike) -> Rates:
    """Check counts of couples.

    Raises
    ------
    InputError
        If a couple has more events than trials, a negative count, or an arm other than 0 and 1.
    """
    e, t, a = np.broadcast_arrays(*(np.asarray(v, float) for v in (events, trials, arm)))
    if not ((e >= 0) & (e <= t)).all():
        cure = "give 0 <= events <= trials for every couple"
        raise InputError.of("rates", "events", "they do not fit the trials", cure)
    if not np.isin(a, (0, 1)).all():
        raise InputError.of("rates", "arm", "is not 0/1", "code it 0 (untreated) and 1 (treated)")
    return Rates(e, t, a)


def naive_test(data: Rates) -> Comparison:
    """Return the chi-square test (Yates) with embryos treated as independent."""
    plain = chi_square(data.table)
    return Comparison(f"{plain.method}, embryos as units", plain.statistic, plain.p_value, plain.df)


def naive_odds_ratio(data: Rates, question: Estimand) -> Estimate:
    """Return the odds ratio of pooled embryos with the standard error that ignores couples."""
    fit = fit_logistic(data.design, data.share, data.trials)
    return _answer(fit.coef, fit.cov, fit.converged, data, question, "naive, embryos as units")


def overdispersed_odds_ratio(data: Rates, question: Estimand) -> Estimate:
    """Return the same odds ratio with quasi-binomial standard error (Pearson's dispersion)."""
    fit = fit_logistic(data.design, data.share, data.trials)
    scaled = fit.cov * dispersion(data)[..., None, None]
    return _answer(fit.coef, scaled, fit.converged, data, question, "quasi-binomial")


def dispersion(data: Rates) -> Floats:
    """Return Pearson's chi-square per degree of freedom of the two-rate model, (...).

    1 if embryos of a couple are independent; the naive variance is too small by this factor.
    """
    fit = fit_logistic(data.design, data.share, data.trials)
    mu = special.expit(np.einsum("...np,...p->...n", data.design, fit.coef))
    with np.errstate(divide="ignore", invalid="ignore"):
        pearson = (data.events - data.trials * mu) ** 2 / (data.trials * mu * (1 - mu))
    return np.asarray(np.where(data.used, pearson, 0).sum(-1) / (data.used.sum(-1) - 2))


@dataclass(frozen=True, slots=True)
class GeeFit:
    """Generalised estimating equations: log odds ratios, robust covariance, correlation (...)."""

    coef: Floats
    cov: Floats
    correlation: Floats
    converged: Bools


def gee(data: Rates, working: Working = "exchangeable") -> GeeFit:
    """Fit the marginal odds ratio of an embryo's event; couples are the clusters.

    All embryos of a couple share their predictors, so the estimating equation is that of a logistic
    regression in which a couple of n embryos weighs n / (1 + (n - 1) r). The sandwich variance is
    valid for any r. Liang KY, Zeger SL. *Biometrika* 1986;73:13-22.
    """
    X, n = data.design, data.trials
    r: Floats = np.zeros(n.shape[:-1])
    converged: Bools = np.zeros(n.shape[:-1], bool)
    fit = fit_logistic(X, data.share, n)
    steps = 1 if working == "independence" else STEP_LIMIT
    for _ in range(steps):
        mu = special.expit(np.einsum("...np,...p->...n", X, fit.coef))
        new = r if working == "independence" else _correlation(data, mu)
        converged = np.asarray(np.abs(new - r) < 1e-12) & fit.converged
        if converged.all():
            break
        r = new
        fit = fit_logistic(X, data.share, _effective(n, r))
    mu = special.expit(np.einsum("...np,...p->...n", X, fit.coef))
    residual = _effective(n, r) * (data.share - mu)
    terms = X * residual[..., None]
    meat = np.einsum("...np,...nq->...pq", terms, terms)
    return GeeFit(fit.coef, fit.cov @ meat @ fit.cov, r, converged)


def _effective(n: Floats, r: Floats) -> Floats:
    """Return the effective number of independent embryos among n correlated ones."""
    return np.asarray(n / np.maximum(1 + (n - 1) * r[..., None], 1e-3))


def _correlation(data: Rates, mu: Floats) -> Floats:
    """Return the mean product of Pearson residuals of two embryos of one couple."""
    n, y = data.trials, data.events
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = (y * (1 - mu) ** 2 + (n - y) * mu**2) / (mu * (1 - mu))
        products = ((y - n * mu) ** 2 / (mu * (1 - mu)) - squares) / 2
        scale = squares.sum(-1) / n.sum(-1)
        r = products.sum(-1) / (scale * (n * (n - 1) / 2).sum(-1))
    return np.asarray(np.where(np.isfinite(r), r, 0.0))


def gee_odds_ratio(data: Rates, question: Estimand, working: Working = "exchangeable") -> Estimate:
    """Return the marginal odds ratio of `gee` with its robust interval."""
    fit = gee(data, working)
    return _answer(
        fit.coef,
        fit.cov,
        fit.converged,
        data,
        question,
        f"GEE, {working}",
        interval="Wald, robust to clustering",
    )


def rate_difference(data: Rates, question: Estimand) -> Estimate:
    """Return the difference of pooled rates, treated against untreated, with couples as units.

    Each rate is a ratio of two sums over couples; its variance is that of the couples' residuals,
    m / (m - 1) sum (y - rate n)^2 / (sum n)^2. Cochran WG. *Sampling Techniques*, 3rd ed., 1977,
    section 6.3.

    Examples
    --------
    >>> couples = rates([2, 4, 3, 5], [4, 8, 4, 6], [0, 0, 1, 1])
    >>> answer = rate_difference(couples, Estimand("couples", "therapy 1 vs 0", "zygotes", ""))
    >>> print(f"{answer.estimate:.2f} (SE {answer.std_error:.3f})")
    0.30 (SE 0.040)
    """
    rate, variance, couples = [], [], []
    for a in (0, 1):
        here = data.used & (data.arm == a)
        y, n = (np.where(here, v, 0) for v in (data.events, data.trials))
        couples.append(here.sum(-1))
        with np.errstate(divide="ignore", invalid="ignore"):
            p = y.sum(-1) / n.sum(-1)
            variation = ((y - p[..., None] * n) ** 2).sum(-1) / n.sum(-1) ** 2
            variance.append(variation * couples[-1] / (couples[-1] - 1))
        rate.append(p)
    found = wald(
        question.as_("difference of rates per embryo"),
        "ratio estimator",
        "risk difference",
        rate[1] - rate[0],
        np.sqrt(variance[0] + variance[1]),
        data.used.sum(-1),
        interval="Wald, couples as units",
    )
    size = np.stack(couples, -1).astype(float)
    risks, own = (np.stack(pair[::-1], -1) for pair in (rate, variance))
    return score_if_degenerate(found, risks, own, size[..., ::-1], np.asarray(size.all(-1)))


def _answer(
    coef: Floats,
    cov: Floats,
    converged: Bools,
    data: Rates,
    question: Estimand,
    method: str,
    *,
    interval: str = "Wald",
) -> Estimate:
    return wald(
        question.as_("odds ratio per embryo, marginal"),
        method,
        "odds ratio",
        coef[..., 1],
        np.sqrt(cov[..., 1, 1]),
        data.used.sum(-1),
        interval=interval,
        converged=converged,
    )
