"""Multiple imputation of the missing outcomes of simulated trials, all trials at once.

A logistic model of the outcome on arm and covariates is fitted to the participants with an outcome.
For each imputed data set its coefficients are drawn from their normal approximation, and missing
outcomes from the model (Rubin DB. *Multiple Imputation for Nonresponse in Surveys*, 1987). Outcomes
may be imputed as under control (jump to reference: Carpenter JR, Roger JH, Kenward MG. *J Biopharm
Stat* 2013;23:1352-71), or shifted by log odds (delta adjustment).
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from estimate.core.arrays import Bools, Floats
from estimate.core.result import RATIOS, Estimate, assemble
from estimate.imputation.rubins_rules import pool
from estimate.regression.logistic import fit_logistic
from pretese.trial.comparison.model_columns import columns
from pretese.trial.conduct.recorded_data import Data, Missing
from pretese.trial.design.arms import Imputation
from simulate.core.random_streams import RandomStreams

#: P-values below this are not told apart.
MIN_P = 1e-300

#: Added to a covariance on its diagonal, relative to it, so that it can be factorised.
RIDGE = 1e-10


def pooled_over_imputations(data: Data, analyse: Callable[[Data], Estimate]) -> Estimate:
    """Return the analysis pooled over imputed data sets by Rubin's rules.

    The statistic is the normal quantile of the p-value of the t distribution, so that boundaries of
    interim analyses apply to it.
    """
    missing, rule = data.missing, data.design.imputation or Imputation()
    if missing is None:
        raise ValueError("no outcome is missing")  # checked by the caller
    rows = _rows(data)
    fit = fit_logistic(rows, data.outcome, data.include.astype(float))
    spread = fit.cov + RIDGE * np.einsum("...ii->...i", fit.cov)[..., None] * np.eye(rows.shape[-1])
    sound = fit.converged & ~fit.separated & np.isfinite(spread).all((-2, -1))
    spread = np.where(sound[:, None, None], spread, np.eye(rows.shape[-1]))
    root, coef = np.linalg.cholesky(spread), np.where(sound[:, None], fit.coef, 0.0)
    log_odds = _Imputed(rows, coef, root, _shift(data, rule), missing, reference=rule.reference)
    complete = replace(data, include=data.include | missing.rows, missing=None)
    answers = [
        analyse(replace(complete, outcome=log_odds.outcome(data.outcome, copy)))
        for copy in range(rule.copies)
    ]
    return _pooled(answers, sound, rows.shape[-1])


def _rows(data: Data) -> Floats:
    """Return (trial, participant, column): intercept, arm, covariates."""
    ones = np.ones_like(data.arm)[..., None]
    numbers = len(data.design.analysis.covariates)
    covariates = columns(data)[0][..., :numbers] if numbers else np.empty((*data.arm.shape, 0))
    return np.concatenate([ones, data.arm[..., None], covariates], -1)


def _shift(data: Data, rule: Imputation) -> Floats:
    deltas = (rule.delta_control_log_odds, rule.delta_treated_log_odds)
    return np.where(data.arm == 1, deltas[1], deltas[0])


class _Imputed:
    """Draws of the missing outcomes."""

    def __init__(
        self, rows: Floats, coef: Floats, root: Floats, shift: Floats, missing: Missing, *,
        reference: bool,
    ) -> None:  # fmt: skip
        self._coef, self._root, self._shift, self._missing = coef, root, shift, missing
        self._rows = rows.copy() if reference else rows
        if reference:
            self._rows[..., 1] = 0.0

    def outcome(self, observed: NDArray[np.float64], copy: int) -> NDArray[np.float64]:
        """Return the outcomes of one imputed data set."""
        streams = self._missing.streams
        own = RandomStreams(streams.seed, self._coef.shape[-1], streams.replicates, streams.first)
        away = own.normal(f"imputed coefficients {copy}")
        coef = self._coef + (self._root @ away[..., None])[..., 0]
        chance = expit((self._rows @ coef[..., None])[..., 0] + self._shift)
        drawn = streams.uniform(f"imputed outcome {copy}")[:, : chance.shape[1]]
        imputed = np.where(self._missing.rows, drawn < chance, observed > 0)
        return np.asarray(imputed.astype(np.float64))


def _pooled(answers: list[Estimate], sound: Bools, coefficients: int) -> Estimate:
    first = answers[0]
    values = np.stack([each.estimate for each in answers], -1)
    if first.scale in RATIOS:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log(values)
    errors = np.stack([each.std_error for each in answers], -1)
    freedom = np.maximum(first.n - coefficients, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = pool(values, errors**2, df_complete=freedom)
        z = np.sign(found.statistic) * -ndtri(np.maximum(found.p_value, MIN_P) / 2)
    return assemble(
        first.estimand, first.method, first.scale, value=found.estimate,
        std_error=found.std_error, statistic=z, p_value=found.p_value, low=found.conf_low,
        high=found.conf_high, n=first.n, interval=f"Wald, {len(answers)} imputations",
        converged=sound & np.isfinite(z),
    )  # fmt: skip
