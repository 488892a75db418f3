"""Compare dynamic treatment strategies by cloning, censoring and weighting.

A dynamic strategy decides each month from the known history ("add FSH if the hormone is low").
Every patient is cloned to each strategy; a clone is censored in the first month in which the
treatment given is not the one that the strategy assigns; the remaining clones are weighted by the
inverse probability of remaining, which depends on the history. Patients lost before the outcome are
weighted in the same way. Hernan MA, Robins JM. *Am J Epidemiol* 2016;183:758-64; Cain LE et al.
*Int J Biostat* 2010;6(2):18.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from estimate.comparison.two_risks import Risks
from estimate.core.arrays import Bools, Floats
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate
from estimate.longitudinal.pooled_logistic import fit_pooled
from estimate.regression.logistic import fit_logistic
from estimate.regression.logistic_fit import LogisticFit
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class Courses:
    """Treatment and measurements by month; ``...`` is the leading shape.

    Attributes
    ----------
    treatment
        (..., n, month) 0 or 1: the treatment given in each month.
    covariates
        (..., n, month, p) values known when the month's treatment was decided, with baseline values
        repeated in every month.
    outcome
        (..., n) 0 or 1 after the last month; NaN for patients lost before it.
    open
        (..., n, month) whether treatment was decided; elsewhere no one is treated and no weight is
        needed. None: in every month.
    """

    treatment: Floats
    covariates: Floats
    outcome: Floats
    open: Bools | None = None


def courses(
    treatment: ArrayLike,
    covariates: ArrayLike,
    outcome: ArrayLike,
    *,
    decided: ArrayLike | None = None,
) -> Courses:
    """Check the courses of patients.

    Parameters
    ----------
    decided
        (..., n, month) whether treatment was decided; None: in every month.

    Raises
    ------
    InputError
        If shapes do not fit, a treatment or outcome is not 0/1, a covariate is missing, or a
        patient was treated without a decision.
    """
    a, x, y = (np.asarray(each, float) for each in (treatment, covariates, outcome))
    if x.shape[:-1] != a.shape or y.shape != a.shape[:-1]:
        problem = f"treatment {a.shape}, covariates {x.shape} and outcome {y.shape} do not fit"
        cure = "give (..., patient, month), (..., patient, month, covariate) and (..., patient)"
        raise InputError.of("courses", "shape", problem, cure)
    if not np.isin(a, (0, 1)).all() or not np.isin(y[~np.isnan(y)], (0, 1)).all():
        raise InputError.of("courses", "values", "treatment or outcome is not 0/1", "code it 0/1")
    if not np.isfinite(x).all():
        cure = "carry the last value forward, or impute it"
        raise InputError.of("courses", "covariates", "a value is missing", cure)
    decided = None if decided is None else np.broadcast_to(np.asarray(decided, bool), a.shape)
    if decided is not None and (a[~decided] > 0).any():
        problem = f"{int((a[~decided] > 0).sum())} treatments where the rule leaves no decision"
        raise InputError.of("courses", "decided", problem, "widen the rule")
    return Courses(a, x, y, decided)


@dataclass(frozen=True, slots=True)
class RegimeRisks:
    """Risks if everyone had followed each strategy.

    Attributes
    ----------
    names
        Strategies, in the order of the last axis.
    risk
        (..., strategy).
    cov
        (..., strategy, strategy), by M-estimation with leave-one-out residuals: it accounts for
        the estimated weights.
    weights
        (..., strategy, n) of the clones; 0 for those censored.
    adherent
        (..., strategy) patients whose clone was never censored and whose outcome is known.
    converged
        (...) whether the models of treatment and of loss converged.
    """

    names: tuple[str, ...]
    risk: Floats
    cov: Floats
    weights: Floats
    adherent: Floats
    converged: Bools

    def compare(self, first: str, second: str, outcome: str = "outcome") -> tuple[Estimate, ...]:
        """Return risk difference, risk ratio and odds ratio of two strategies."""
        at = [self.names.index(name) for name in (first, second)]
        sizes = self.weights[..., at, :]
        with np.errstate(divide="ignore", invalid="ignore"):
            size = sizes.sum(-1) ** 2 / (sizes**2).sum(-1)
        n = self.adherent[..., at].sum(-1).astype(np.int64)
        risks = Risks(
            self.risk[..., at[0]], self.risk[..., at[1]], self.cov[..., at, :][..., at], n,
            self.converged, size=size,
        )  # fmt: skip
        question = Estimand("all patients", f"{first} vs {second}", outcome, "")
        return risks.compare(question, "clone-censor-weight", "Wald, M-estimation")


def regime_risks(
    data: Courses, strategies: Mapping[str, ArrayLike], *, weighted: bool = True
) -> RegimeRisks:
    """Estimate the risk under each strategy by clone-censor-weighting.

    Treatment is modelled by one logistic regression pooled over months, on the month, the
    covariates of the month and the treatment of the month before; loss by one on the covariates and
    the treatment of the last month. Consistency requires both models to be correct, no unmeasured
    common causes of treatment and outcome given the history, and positivity: every course that a
    strategy assigns must occur.

    Parameters
    ----------
    strategies
        Name to (..., n, month): the treatment that the strategy assigns, given the patient's
        history; NaN if it allows either (a grace period).
    weighted
        False leaves the clones unweighted: the naive per-protocol analysis, which is biased if
        adherence depends on the history.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> low = rng.random((4000, 2)) < 0.5
    >>> given = rng.random((4000, 2)) < np.where(low, 0.7, 0.3)
    >>> y = rng.random(4000) < 0.2 + 0.2 * given.mean(1) - 0.1 * low.mean(1)
    >>> data = courses(given, low[..., None], y)
    >>> found = regime_risks(data, {"never": np.zeros((4000, 2)), "if low": low})
    >>> [round(float(risk), 2) for risk in found.risk]
    [0.14, 0.26]
    """
    model = _Model(data)
    risks, influences, weights, counts = [], [], [], []
    for asked in strategies.values():
        wanted = np.broadcast_to(np.asarray(asked, float), data.treatment.shape)
        kept = (np.isnan(wanted) | (wanted == data.treatment)).all(-1) & model.seen
        w = np.where(kept, 1.0, 0.0)
        if weighted:
            w = w * model.inverse(~np.isnan(wanted))
        y = np.where(model.seen, data.outcome, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            total = w.sum(-1)[..., None]
            risk = (w * y).sum(-1) / total[..., 0]
            own = w * (y - risk[..., None]) / total
            # leave-one-out residuals, because a clone of large weight pulls the mean towards itself
            enlarged = own / (1 - w / total)
        if weighted:
            enlarged = enlarged + model.correction(own, ~np.isnan(wanted))
        risks.append(risk)
        influences.append(enlarged)
        weights.append(w)
        counts.append(kept.sum(-1))
    stacked = np.stack(influences, -2)
    return RegimeRisks(
        tuple(strategies), np.stack(risks, -1), stacked @ stacked.swapaxes(-1, -2),
        np.stack(weights, -2), np.stack(counts, -1), model.converged,
    )  # fmt: skip


class _Model:
    """Models of treatment in each month and of follow-up at the end."""

    def __init__(self, data: Courses) -> None:
        a, x = data.treatment, data.covariates
        *lead, n, months, _ = x.shape
        before = np.concatenate([np.zeros_like(a[..., :1]), a[..., :-1]], -1)
        month = np.broadcast_to(np.eye(months), (*lead, n, months, months))
        parts = [month, x] if months == 1 else [month, x, before[..., None]]
        X = np.concatenate(parts, -1)
        decided = np.ones(a.shape, bool) if data.open is None else data.open
        self.treatment = fit_pooled(X, a, decided)
        self.seen = ~np.isnan(data.outcome)
        last = np.concatenate([np.ones((*lead, n, 1)), x[..., -1, :], a[..., -1:]], -1)
        self.last, self.loss = last, None
        if not self.seen.all():
            self.loss, self.stay, self.stay_residual = _fitted(last, self.seen.astype(float))
        self.converged = self.treatment.fit.converged & (self.loss is None or self.loss.converged)

    def inverse(self, asked: Bools) -> Floats:
        """Return each patient's weight, from the months in which a strategy assigns a treatment."""
        probability = np.where(asked, self.treatment.likelihood, 1.0).prod(-1)
        if self.loss is not None:
            probability = probability * self.stay
        with np.errstate(divide="ignore"):
            return np.asarray(1 / probability)

    def correction(self, own: Floats, asked: Bools) -> Floats:
        """Return the contribution of estimating the weights to the influence of each patient."""
        slope = -np.where(asked[..., None], self.treatment.scores, 0.0).sum(-2)
        gradient = np.einsum("...n,...nq->...q", own, slope)
        added = np.einsum("...nq,...q->...n", self.treatment.influence, gradient)
        if self.loss is not None:
            later = self.stay_residual[..., None] * self.last
            slope = -((1 - self.stay)[..., None] * self.last)
            gradient = np.einsum("...n,...nq->...q", own, slope)
            added = added + np.einsum("...nq,...q->...n", later @ self.loss.cov, gradient)
        return np.asarray(added)


def _fitted(X: Floats, y: Floats) -> tuple[LogisticFit, Floats, Floats]:
    """Return a logistic fit with fitted probabilities and residuals."""
    fit = fit_logistic(X, y)
    chance = expit(np.einsum("...np,...p->...n", X, fit.coef))
    return fit, chance, y - chance
