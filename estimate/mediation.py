"""Causal mediation: how much of an exposure's effect runs through a mediator.

Imai K, Keele L, Tingley D. *Psychol Methods* 2010;15:309-34: algorithm 1 (quasi-Bayes) and 2
(bootstrap), with one change. Where these draw each man's mediator at random, the two values of a
binary mediator (or the quadrature points of a numeric one) are summed with their probabilities:
the same effects without that noise.

What mediation does not say: whether the mediator works better in the exposed. An effect through
treatment arises from different *uptake* of treatment, even if treatment works alike in everyone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from estimate.arrays import Bools, Floats, Ints
from estimate.estimand import Estimand
from estimate.logistic import fit_logistic
from estimate.result import Estimate, assemble
from protocol.errors import InputError

Method = Literal["quasi-Bayes", "bootstrap"]

#: Effects in the order of `effects_of`. "acme": average causal mediated (indirect) effect, "ade":
#: average direct effect; "_0" with the other factor as in the unexposed, "_1" as in the exposed,
#: without suffix their mean; "proportion": acme / total; "indirect_ratio": risk ratio of "acme_1".
EFFECTS = (
    "acme_0",
    "acme_1",
    "ade_0",
    "ade_1",
    "total",
    "proportion_0",
    "proportion_1",
    "acme",
    "ade",
    "proportion",
    "indirect_ratio",
)

#: Values under which each effect would be nothing.
NOTHING = {"indirect_ratio": 1.0}

#: Numbers (draw x man) worked on at once: few enough to stay in cache, five times the speed.
BLOCK = 20_000

#: Numbers (resample x man x column) fitted at once by the bootstrap: bounds the memory.
BOOTSTRAP_BLOCK = 2_000_000

#: Points of Gauss-Hermite quadrature over a numeric mediator.
POINTS = 20

_QUADRATURE = np.polynomial.hermite.hermgauss(POINTS)


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect and its distribution over draws; numbers are (...).

    ``plug_in`` is the value at the estimated coefficients; mean, median, SD and the 2.5 % and
    97.5 % percentiles are over draws. ``p_value`` is twice the smaller share of draws on one side
    of no effect, and ``p_error`` its Monte Carlo standard error.
    """

    plug_in: Floats
    mean: Floats
    median: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    p_value: Floats
    p_error: Floats


@dataclass(frozen=True, slots=True)
class Mediation:
    """All effects of one mediation analysis, and what it asks.

    ``draws`` are those used for the intervals, (...); a draw without a finite fit is not used.
    """

    exposure: str
    mediator: str
    outcome: str
    method: Method
    effects: Mapping[str, Effect]
    draws: Ints
    n: Ints
    converged: Bools

    @property
    def reading(self) -> str:
        """Return what the numbers mean, in words."""
        return (
            f"how much of the effect of {self.exposure} on {self.outcome} runs through "
            f"{self.mediator}, that is through {self.mediator} differing by {self.exposure}; "
            f"not whether {self.mediator} works better in some"
        )

    def estimates(self) -> tuple[Estimate, ...]:
        """Return indirect, direct and total effect as risk differences: means over the draws."""
        kinds = {
            "acme": f"average indirect effect through {self.mediator}",
            "ade": f"average direct effect not through {self.mediator}",
            "total": "total effect",
        }
        return tuple(self._estimate(name, summary) for name, summary in kinds.items())

    def indirect_ratio(self) -> Estimate:
        """Return the indirect effect in the exposed as a risk ratio (log error: SD / mean)."""
        effect = self.effects["indirect_ratio"]
        summary = f"risk ratio through {self.mediator}, in the exposed"
        question = Estimand("all men analysed", f"{self.exposure} 1 vs 0", self.outcome, summary)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = effect.std_error / effect.mean
            logs = [np.log(v) for v in (effect.mean, effect.conf_low, effect.conf_high)]
            z = logs[0] / error
        return assemble(
            question,
            f"mediation, {self.method}",
            "risk ratio",
            value=logs[0],
            std_error=error,
            statistic=z,
            p_value=effect.p_value,
            low=logs[1],
            high=logs[2],
            n=self.n,
            interval=f"percentile, {self.method}",
            converged=self.converged,
            test=f"share of {self.method} draws",
        )

    def _estimate(self, name: str, summary: str) -> Estimate:
        effect = self.effects[name]
        question = Estimand("all men analysed", f"{self.exposure} 1 vs 0", self.outcome, summary)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = effect.mean / effect.std_error
        return assemble(
            question,
            f"mediation, {self.method}",
            "risk difference",
            value=effect.mean,
            std_error=effect.std_error,
            statistic=z,
            p_value=effect.p_value,
            low=effect.conf_low,
            high=effect.conf_high,
            n=self.n,
            interval=f"percentile, {self.method}",
            converged=self.converged,
            test=f"share of {self.method} draws",
        )


@dataclass(frozen=True, slots=True)
class _Data:
    """The arrays of both models; ``base`` (..., n, 1 + c) is intercept and covariates."""

    exposure: Floats
    mediator: Floats
    outcome: Floats
    base: Floats
    weights: Floats
    binary: bool
    interaction: bool

    def rows(self, rows: Ints | tuple[int, ...]) -> "_Data":
        """Return men resampled from one study (resample, n), or one data set of a batch."""
        return replace(
            self,
            exposure=self.exposure[rows],
            mediator=self.mediator[rows],
            outcome=self.outcome[rows],
            base=self.base[rows],
            weights=self.weights[rows],
        )


@dataclass(frozen=True, slots=True)
class _Models:
    """Both fitted models: mediator given exposure, outcome given exposure and mediator.

    Coefficients: exposure (and mediator, and their product) first, then the base columns.
    """

    mediator: Floats
    mediator_cov: Floats
    sigma: Floats
    outcome: Floats
    outcome_cov: Floats
    converged: Bools


def mediate(
    exposure: ArrayLike,
    mediator: ArrayLike,
    outcome: ArrayLike,
    rng: np.random.Generator,
    *,
    names: tuple[str, str, str],
    covariates: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    interaction: bool = False,
    method: Method = "quasi-Bayes",
    draws: int = 10_000,
    imputed: bool = False,
) -> Mediation:
    """Split the effect of an exposure into a part through a mediator and the rest.

    Logistic models of outcome and (binary) mediator, effects on the risk, averaged over men. Valid
    only if, given the covariates, nobody unmeasured drives both exposure and mediator, exposure
    and outcome, or mediator and outcome.

    Parameters
    ----------
    exposure, outcome
        (..., n) of 0/1.
    mediator
        (..., n): 0/1, or numbers (then linear with normal residuals).
    names
        Exposure, mediator and outcome, for labels.
    covariates
        (..., n, c), without intercept.
    weights
        (..., n); 0 leaves a man out.
    interaction
        Whether the mediator may act differently in the exposed (product term): then "acme_0" and
        "acme_1" differ for more than the curvature of risks.
    method
        "quasi-Bayes" draws coefficients from their normal approximation; "bootstrap" draws men
        (one study only).
    imputed
        Whether the last leading axis holds imputations of one study: their draws are put together,
        which adds the uncertainty of the missing values.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> exposed, treated = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    >>> retrieved = (rng.random(400) < 0.2 + 0.2 * exposed).astype(int)
    >>> got = mediate(exposed, treated, retrieved, rng, names=("dx", "gn", "y"), draws=500)
    >>> got.reading.split("; ")[1]
    'not whether gn works better in some'
    """
    data = _gather(exposure, mediator, outcome, covariates, weights, interaction)
    fitted = _fit(data)
    plug_in = effects_of(_risks(data, fitted, None, None))[..., 0, :]
    plug_in = np.where(fitted.converged[..., None], plug_in, np.nan)
    if method == "bootstrap":
        drawn = _bootstrap(data, rng, draws)
    else:
        drawn = _quasi_bayes(data, fitted, rng, draws)
    n = np.count_nonzero(np.broadcast_to(data.weights > 0, data.exposure.shape), axis=-1)
    converged = fitted.converged
    if imputed:
        drawn = drawn.reshape(*drawn.shape[:-3], -1, drawn.shape[-1])
        plug_in, n = plug_in.mean(-2), np.asarray(n).min(-1)
        converged = np.asarray(converged.all(-1))
    return _summarise(names, method, drawn, plug_in, n, converged)


def effects_of(risks: ArrayLike) -> Floats:
    """Turn risks (..., 2, 2) into effects (..., effect), ordered as `EFFECTS`.

    ``risks[a, b]`` is the risk if everyone had exposure a, and the mediator of exposure b.

    Examples
    --------
    >>> effects = effects_of([[0.20, 0.22], [0.30, 0.33]])
    >>> dict(zip(EFFECTS, effects.round(3).tolist()))["acme"]
    0.025
    """
    risks = np.asarray(risks, float)
    r00, r01, r10, r11 = np.moveaxis(risks.reshape(*risks.shape[:-2], 4), -1, 0)
    acme = r01 - r00, r11 - r10
    ade = r10 - r00, r11 - r01
    total = r11 - r00
    with np.errstate(divide="ignore", invalid="ignore"):
        share = acme[0] / total, acme[1] / total
        means = [(pair[0] + pair[1]) / 2 for pair in (acme, ade, share)]
        return np.stack([*acme, *ade, total, *share, *means, r11 / r10], -1)


def _gather(
    exposure: ArrayLike,
    mediator: ArrayLike,
    outcome: ArrayLike,
    covariates: ArrayLike | None,
    weights: ArrayLike | None,
    interaction: bool,
) -> _Data:
    a, m, y = (np.asarray(v, float) for v in (exposure, mediator, outcome))
    w = np.ones(a.shape[-1]) if weights is None else np.asarray(weights, float)
    shape = np.broadcast_shapes(a.shape, m.shape, y.shape, w.shape)
    others = np.empty((*shape, 0)) if covariates is None else np.asarray(covariates, float)
    shape = np.broadcast_shapes(shape, others.shape[:-1])
    a, m, y, w = (np.broadcast_to(v, shape) for v in (a, m, y, w))
    for name, column in (("exposure", a), ("outcome", y)):
        if not np.isin(column[w > 0], (0, 1)).all():
            raise InputError.of("mediation", name, "is not 0/1", "code it 0 and 1")
    base = np.concatenate(
        [np.ones((*shape, 1)), np.broadcast_to(others, (*shape, others.shape[-1]))], -1
    )
    binary = bool(np.isin(m[w > 0], (0, 1)).all())
    return _Data(a, m, y, base, w, binary, interaction)


def _fit(data: _Data) -> _Models:
    a, m = data.exposure[..., None], data.mediator[..., None]
    first = np.concatenate([a, data.base], -1)
    head = [a, m, a * m] if data.interaction else [a, m]
    second = fit_logistic(np.concatenate([*head, data.base], -1), data.outcome, data.weights)
    if not data.binary:
        coef, cov, sigma, good = _least_squares(first, data.mediator, data.weights)
        return _Models(coef, cov, sigma, second.coef, second.cov, good & second.converged)
    fit = fit_logistic(first, data.mediator, data.weights)
    nothing = np.zeros(fit.loglik.shape)
    good = fit.converged & second.converged
    return _Models(fit.coef, fit.cov, nothing, second.coef, second.cov, good)


def _least_squares(X: Floats, y: Floats, w: Floats) -> tuple[Floats, Floats, Floats, Bools]:
    """Return coefficients, covariance, residual SD, and whether all is finite."""
    weighted = X * w[..., None]
    gram = np.matmul(weighted.swapaxes(-1, -2), X)
    length = np.sqrt(np.einsum("...pp->...p", gram))
    scale = np.where(length > 0, length, 1.0)
    gram = gram / (scale[..., :, None] * scale[..., None, :])
    weakest = np.linalg.eigvalsh(gram)[..., 0]
    sound: Bools = np.asarray((length > 0).all(-1) & (weakest > 1e-12))
    gram = np.where(sound[..., None, None], gram, np.eye(X.shape[-1]))
    inverse = np.linalg.inv(gram) / (scale[..., :, None] * scale[..., None, :])
    coef = np.einsum("...pq,...nq,...n->...p", inverse, weighted, y)
    residual = y - np.einsum("...np,...p->...n", X, coef)
    df = np.count_nonzero(w > 0, axis=-1) - X.shape[-1]
    variance = (w * residual**2).sum(-1) / np.maximum(df, 1)
    return coef, inverse * variance[..., None, None], np.sqrt(variance), sound


def _risks(data: _Data, fitted: _Models, mediator: Floats | None, outcome: Floats | None) -> Floats:
    """Return mean risks (..., draw, 2, 2) under coefficients (..., draw, p); None is one draw."""
    first = fitted.mediator[..., None, :] if mediator is None else mediator
    second = fitted.outcome[..., None, :] if outcome is None else outcome
    lead, n = data.exposure.shape[:-1], data.exposure.shape[-1]
    count = first.shape[-2]
    if lead and count * n > BLOCK:  # many draws: one data set at a time stays in cache
        each = [
            _risks(data.rows(at), replace(fitted, sigma=fitted.sigma[at]), first[at], second[at])
            for at in np.ndindex(lead)
        ]
        return np.stack(each).reshape(*lead, count, 2, 2)
    size = max(1, BLOCK // max(1, n * int(np.prod(lead))))
    parts = [
        _risk_block(data, fitted.sigma, first[..., i : i + size, :], second[..., i : i + size, :])
        for i in range(0, count, size)
    ]
    return np.concatenate(parts, axis=-3)


def _risk_block(data: _Data, sigma: Floats, first: Floats, second: Floats) -> Floats:
    share = (data.weights / data.weights.sum(-1, keepdims=True))[..., None]
    base = data.base.swapaxes(-1, -2)
    by_exposure, by_mediator = second[..., 0], second[..., 1]
    product = second[..., 2] if data.interaction else np.zeros_like(by_mediator)
    start = 3 if data.interaction else 2
    m_eta = np.matmul(first[..., 1:], base)
    y_eta = np.matmul(second[..., start:], base)
    risks = np.empty((*first.shape[:-1], 2, 2))
    if data.binary:
        # One exponential per man and model: moving a coefficient multiplies the odds.
        m_odds, y_odds = (np.exp(-eta.clip(-500, 500)) for eta in (m_eta, y_eta))
        chance = [1 / (1 + m_odds * np.exp(-b * first[..., :1])) for b in (0, 1)]
        for a in (0, 1):
            without = 1 / (1 + y_odds * np.exp(-a * by_exposure)[..., None])
            log_odds = a * by_exposure + by_mediator + a * product
            gain = 1 / (1 + y_odds * np.exp(-log_odds)[..., None]) - without
            for b in (0, 1):
                risks[..., a, b] = np.matmul(without + chance[b] * gain, share)[..., 0]
        return risks
    nodes, node_weights = _QUADRATURE
    for a in (0, 1):
        slope = (by_mediator + a * product)[..., None]
        for b in (0, 1):
            mean = m_eta + b * first[..., :1]
            eta = y_eta + (a * by_exposure)[..., None] + slope * mean
            spread = slope * (np.sqrt(2) * sigma[..., None, None])
            risk = sum(
                w / (1 + np.exp(-(eta + spread * x).clip(-500, 500)))
                for x, w in zip(nodes, node_weights / np.sqrt(np.pi), strict=True)
            )
            risks[..., a, b] = np.matmul(risk, share)[..., 0]
    return risks


def _quasi_bayes(data: _Data, fitted: _Models, rng: np.random.Generator, draws: int) -> Floats:
    """Return effects (..., draw, effect) under coefficients drawn from N(estimate, covariance)."""
    drawn = []
    for coef, cov in (
        (fitted.mediator, fitted.mediator_cov),
        (fitted.outcome, fitted.outcome_cov),
    ):
        sound = fitted.converged[..., None]
        root = np.linalg.cholesky(np.where(sound[..., None], cov, np.eye(coef.shape[-1])))
        z = rng.standard_normal((*coef.shape[:-1], draws, coef.shape[-1]))
        drawn.append(
            np.where(sound, coef, np.nan)[..., None, :] + np.matmul(z, root.swapaxes(-1, -2))
        )
    return effects_of(_risks(data, fitted, drawn[0], drawn[1]))


def _bootstrap(data: _Data, rng: np.random.Generator, draws: int) -> Floats:
    """Return effects (resample, effect) of studies made of men drawn with replacement."""
    if data.exposure.ndim != 1:
        raise InputError.of("mediation", "method", "bootstrap of a batch", "give one study")
    n = data.exposure.shape[-1]
    size = max(1, BOOTSTRAP_BLOCK // (n * (data.base.shape[-1] + 3)))
    parts = []
    for start in range(0, draws, size):
        some = data.rows(rng.integers(0, n, (min(size, draws - start), n)))
        fitted = _fit(some)
        effects = effects_of(_risks(some, fitted, None, None))[:, 0]
        parts.append(np.where(fitted.converged[:, None], effects, np.nan))
    return np.concatenate(parts)


def _summarise(
    names: tuple[str, str, str],
    method: Method,
    drawn: Floats,
    plug_in: Floats,
    n: Ints,
    converged: Bools,
) -> Mediation:
    used = np.isfinite(drawn[..., EFFECTS.index("total")])
    count = np.count_nonzero(used, axis=-1)
    nothing_left = count == 0
    # A study without any finite draw is NaN throughout, without numpy's warnings about it.
    drawn = np.where(nothing_left[..., None, None], 0.0, np.where(used[..., None], drawn, np.nan))
    blank = np.where(nothing_left, np.nan, 0.0)
    effects = {}
    for j, name in enumerate(EFFECTS):
        x = drawn[..., j]
        zero = NOTHING.get(name, 0.0)
        size = np.maximum(count, 1)
        tail = np.minimum((x > zero).sum(-1), (x < zero).sum(-1))
        smoothed = (tail + 1) / (size + 2)
        low, median, high = np.nanquantile(x, [0.025, 0.5, 0.975], axis=-1)
        effects[name] = Effect(
            plug_in[..., j],
            np.nanmean(x, -1) + blank,
            median + blank,
            np.nanstd(x, -1) * np.sqrt(size / np.maximum(size - 1, 1)) + blank,
            low + blank,
            high + blank,
            np.minimum(1.0, 2 * tail / size) + blank,
            2 * np.sqrt(smoothed * (1 - smoothed) / size) + blank,
        )
    return Mediation(*names, method, effects, count, n, converged & ~nothing_left)
