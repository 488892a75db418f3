"""The g-formula of dynamic treatment strategies, by iterated conditional expectations.

Robins J. *Math Model* 1986;7:1393-512; Bang H, Robins JM. *Biometrics* 2005;61:962-972 (iterated
conditional expectations). From the last month backwards, the expected outcome is regressed on the
known history and predicted with the treatment that the strategy assigns.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from estimate.comparison.two_risks import Risks
from estimate.core.arrays import Bools, Floats
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate
from estimate.longitudinal.regimes import Courses
from estimate.regression.logistic import fit_logistic

#: Bootstrap samples in memory together.
BLOCK = 50


def g_formula_risks(data: Courses, strategies: Mapping[str, ArrayLike]) -> tuple[Floats, Bools]:
    """Return the risk (..., strategy) if everyone followed each strategy, and convergence (...).

    Consistency requires correct regressions and no unmeasured common causes of treatment and
    outcome given the history. Outcomes of patients lost to follow-up are predicted from the others.

    Parameters
    ----------
    strategies
        As for `estimate.longitudinal.regimes.regime_risks`; if either treatment is allowed, the
        observed one is used.

    Examples
    --------
    >>> from estimate.longitudinal.regimes import courses
    >>> rng = np.random.default_rng(5)
    >>> low = rng.random((4000, 2)) < 0.5
    >>> given = rng.random((4000, 2)) < np.where(low, 0.7, 0.3)
    >>> y = rng.random(4000) < 0.2 + 0.2 * given.mean(1) - 0.1 * low.mean(1)
    >>> data = courses(given, low[..., None], y)
    >>> risks, _ = g_formula_risks(data, {"never": np.zeros((4000, 2)), "if low": low})
    >>> [round(float(risk), 2) for risk in risks]
    [0.16, 0.25]
    """
    found = [_one(data, np.asarray(asked, float)) for asked in strategies.values()]
    return np.stack([risk for risk, _ in found], -1), np.all([sound for _, sound in found], axis=0)


def _one(data: Courses, asked: Floats) -> tuple[Floats, Bools]:
    a, x = data.treatment, data.covariates
    wanted = np.broadcast_to(asked, a.shape)
    wanted = np.where(np.isnan(wanted), a, wanted)
    months = a.shape[-1]
    seen = ~np.isnan(data.outcome)
    expected, weight = np.where(seen, data.outcome, 0.0), seen.astype(float)
    sound = np.ones(a.shape[:-2], bool)
    for month in reversed(range(months)):
        # the history: previous treatments, and measurements up to this month
        past = x[..., : month + 1, :].reshape(*x.shape[:-2], -1)
        known = np.concatenate([past, a[..., : month + 1]], -1)
        kept = _varying(known)
        head = np.ones((*a.shape[:-1], 1))
        fit = fit_logistic(np.concatenate([head, known[..., kept]], -1), expected, weight)
        sound &= fit.converged
        asked_for = np.concatenate([known[..., :-1], wanted[..., month : month + 1]], -1)
        rows = np.concatenate([head, asked_for[..., kept]], -1)
        expected = expit(np.einsum("...np,...p->...n", rows, fit.coef))
        weight = np.ones(expected.shape)
    return expected.mean(-1), sound


def _varying(past: Floats) -> Bools:
    """Return which columns are neither constant nor equal to one before them."""
    flat = past.reshape(-1, past.shape[-1])
    kept = np.ptp(flat, axis=0) > 0
    for column in range(1, flat.shape[1]):
        same = np.abs(flat[:, :column] - flat[:, column : column + 1]).max(0) == 0
        kept[column] &= not same.any()
    return np.asarray(kept)


def g_formula_effects(
    data: Courses,
    strategies: Mapping[str, ArrayLike],
    outcome: str,
    *,
    samples: int,
    seed: int,
) -> list[Estimate]:
    """Return each strategy against the first on three scales; bootstrap errors, one table.

    Parameters
    ----------
    samples, seed
        Of the bootstrap of patients.
    """
    risks, sound = g_formula_risks(data, strategies)
    rng = np.random.default_rng(seed)
    n = data.outcome.shape[-1]
    drawn = []
    for first in range(0, samples, BLOCK):
        rows = rng.integers(0, n, (min(BLOCK, samples - first), n))
        sample = Courses(data.treatment[rows], data.covariates[rows], data.outcome[rows])
        asked = {
            name: np.broadcast_to(np.asarray(each, float), data.treatment.shape)[rows]
            for name, each in strategies.items()
        }
        found, good = g_formula_risks(sample, asked)
        drawn.append(found[good])
    spread = np.concatenate(drawn)
    cov = np.cov(spread.T)
    answers: list[Estimate] = []
    names = list(strategies)
    for place in range(1, len(names)):
        at = [place, 0]
        pair = Risks(
            risks[place], risks[0], cov[np.ix_(at, at)], np.asarray(n), sound,
            size=np.full(2, float(n)),
        )  # fmt: skip
        words = f"{names[place]} vs {names[0]}"
        question = Estimand("all patients", words, outcome, "")
        label = f"Wald, bootstrap ({len(spread):,} samples of patients)"
        answers += [
            replace(each, method=f"g-formula: {words}")
            for each in pair.compare(question, "g-formula", label)
        ]
    return answers
