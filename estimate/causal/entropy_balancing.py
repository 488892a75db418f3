"""Entropy balancing: weights that make the means of covariates equal, nearest to equal weights.

Hainmueller J. *Polit Anal* 2012;20:25-46. The weights of an arm are exponential in the covariates;
their parameters solve a convex problem, so that no propensity score is estimated. Errors are by
M-estimation (Zhao Q, Percival D. *J Causal Inference* 2017;5(1)): means and parameters are
estimated from the same patients.
"""

from typing import Literal

import numpy as np

from estimate.causal.propensity import Weights
from estimate.comparison.two_risks import Risks
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.design_matrix import design_matrix
from estimate.core.estimand import POPULATIONS
from estimate.core.matrices import solve_each
from estimate.core.result import Estimate

#: Target populations, whose means the weighted arms reproduce.
EntropyTarget = Literal["ate", "att", "atc"]

#: Largest difference of means, in standard deviations, at which weights count as balanced.
TOLERANCE = 1e-9
STEP_LIMIT = 100
HALVINGS = 30


def entropy_weights(
    data: AnalysisSet, target: EntropyTarget = "ate", covariates: tuple[str, ...] | None = None
) -> Weights:
    """Return weights that sum to the size of the target population in each arm.

    Parameters
    ----------
    target
        Target population: "ate" all patients, "att" the treated, "atc" the untreated; patients of
        the target's own arm keep the weight 1.
    covariates
        Names; None takes all of the analysis set.

    Returns
    -------
    Weights
        NaN in a data set in which no weights balance the means: a mean of the target lies outside
        the range of an arm, or covariates are collinear.

    Examples
    --------
    One patient in four is treated where x = 0, three in four where x = 1:

    >>> from estimate.core.complete_cases import analysis_set
    >>> from estimate.core.columns import Numeric
    >>> therapy, y = [1, 0, 0, 0, 1, 1, 1, 0], [1, 0, 1, 0, 1, 1, 0, 0]
    >>> patients = {"therapy": therapy, "y": y, "x": [0] * 4 + [1] * 4}
    >>> data = analysis_set(patients, treatment="therapy", outcome="y", covariates={"x": Numeric()})
    >>> print(entropy_weights(data).value.round(4))
    [4.     1.3333 1.3333 1.3333 1.3333 1.3333 1.3333 4.    ]
    """
    base, centred, group = _centred(data, target, covariates)
    value = np.zeros(base.shape)
    size = (base * group).sum(-1)[..., None]
    for arm, own in _arms(data, target):
        inside = base * arm
        if own:
            value = value + inside
            continue
        weight, sound = _balanced(centred, inside)
        value = value + np.where(sound[..., None], weight * size, np.where(arm, np.nan, 0.0))
    return Weights(value, np.zeros(value.shape), target)


def entropy_risks(
    data: AnalysisSet,
    w: Weights,
    covariates: tuple[str, ...] | None = None,
    *,
    errors: Literal["M-estimation", "HC0"] = "M-estimation",
) -> Risks:
    """Return the weighted risk (or mean) of each arm.

    Parameters
    ----------
    w
        From `entropy_weights`, of the same covariates.
    errors
        "HC0" treats the weights as known: conservative if covariates predict the outcome.
    """
    target: EntropyTarget = "ate" if w.target not in ("att", "atc") else w.target
    base, centred, group = _centred(data, target, covariates)
    share = base * group / (base * group).sum(-1)[..., None]
    means, influence = [], []
    sound = np.asarray(np.isfinite(w.value).all(-1))
    known = np.where(np.isfinite(w.value), w.value, 0.0)
    for arm, own in _arms(data, target):
        inside = known * arm
        total = np.maximum(inside.sum(-1), 1e-300)[..., None]
        mean = (inside * data.outcome).sum(-1) / total[..., 0]
        residual = np.where(data.include, data.outcome - mean[..., None], 0.0)
        if not own and errors == "M-estimation":
            slope = _slope(centred, inside / total, residual)
            fitted = np.einsum("...np,...p->...n", centred, slope)
            by_patient = inside / total * (residual - fitted) + share * fitted
        else:
            by_patient = inside / total * residual
        means.append(mean)
        influence.append(by_patient)
    units = data.by_unit(np.stack(influence, -1))
    cov = units.swapaxes(-1, -2) @ units
    sizes = np.stack(w.effective_size(data), -1)
    return Risks(means[0], means[1], cov, data.n, sound, data.df, sizes)


def entropy_balanced(
    data: AnalysisSet,
    w: Weights,
    covariates: tuple[str, ...] | None = None,
    *,
    errors: Literal["M-estimation", "HC0"] = "M-estimation",
) -> tuple[Estimate, Estimate, Estimate]:
    """Return marginal risk difference, risk ratio and odds ratio by entropy balancing."""
    risks = entropy_risks(data, w, covariates, errors=errors)
    question = data.question(POPULATIONS[w.target])
    return risks.compare(question, f"entropy-{w.target}", data.labelled(f"Wald, {errors}"))


def _arms(data: AnalysisSet, target: EntropyTarget) -> list[tuple[Bools, bool]]:
    """Return treated and untreated patients, and whether each arm is the target population."""
    treated, untreated = data.treatment > 0, data.treatment <= 0
    return [(treated & data.include, target == "att"), (untreated & data.include, target == "atc")]


def _centred(
    data: AnalysisSet, target: EntropyTarget, covariates: tuple[str, ...] | None
) -> tuple[Floats, Floats, Floats]:
    """Return sampling weights, covariates minus the target's means in SDs, and who is the target.

    Shapes are (..., n), (..., n, p) and (..., n).
    """
    X = design_matrix(data, covariates, treatment=False).X[..., 1:]
    base = data.include.astype(float) if data.weights is None else data.weights
    group = data.include.astype(float)
    if target != "ate":
        group = group * ((data.treatment > 0) == (target == "att"))
    total = np.maximum((base * group).sum(-1), 1e-300)[..., None]
    mean = np.einsum("...n,...np->...p", base * group, X) / total
    spread = np.sqrt(np.einsum("...n,...np->...p", base, (X - mean[..., None, :]) ** 2))
    spread = spread / np.sqrt(base.sum(-1))[..., None]
    scale = np.where(spread > 0, spread, 1.0)[..., None, :]
    rows = np.where(data.include[..., None], (X - mean[..., None, :]) / scale, 0.0)
    return base, rows, group


def _balanced(centred: Floats, base: Floats) -> tuple[Floats, Bools]:
    """Return weights (..., n) that sum to 1 with weighted sums of 0, and where there are such.

    Newton's method with halved steps on the logarithm of sum(base exp(centred b)), which is convex.
    """
    *lead, n, p = centred.shape
    rows, first = centred.reshape(-1, n, p), base.reshape(-1, n)
    coef = np.zeros((len(rows), p))
    value, weight = _dual(rows, first, coef)
    sound = np.zeros(len(rows), bool)
    for _ in range(STEP_LIMIT):
        gradient = np.einsum("mn,mnp->mp", weight, rows)
        sound = np.abs(gradient).max(-1, initial=0.0) < TOLERANCE
        if sound.all():
            break
        inner = (rows * weight[..., None]).swapaxes(-1, -2) @ rows
        curvature = inner - gradient[:, :, None] * gradient[:, None, :]
        step = np.nan_to_num(solve_each(curvature, gradient), nan=0.0, posinf=0.0, neginf=0.0)
        slope = (step * gradient).sum(-1)
        factor = np.where(sound, 0.0, 1.0)
        for _ in range(HALVINGS):
            tried, new = _dual(rows, first, coef - factor[:, None] * step)
            worse = ~(tried <= value - 1e-4 * factor * slope + 1e-12 * np.abs(value))
            if not worse.any():
                break
            factor = np.where(worse, factor / 2, factor)
        coef = coef - factor[:, None] * step
        value, weight = tried, new
    return weight.reshape(*lead, n), sound.reshape(lead)


def _dual(rows: Floats, base: Floats, coef: Floats) -> tuple[Floats, Floats]:
    """Return the logarithm of sum(base exp(rows coef)), and each patient's share of the sum."""
    eta = np.einsum("mnp,mp->mn", rows, coef)
    top = np.where(base > 0, eta, -np.inf).max(-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    grown = base * np.exp(np.where(base > 0, eta - top, 0.0))
    total = np.maximum(grown.sum(-1, keepdims=True), 1e-300)
    return np.log(total[:, 0]) + top[:, 0], grown / total


def _slope(centred: Floats, share: Floats, residual: Floats) -> Floats:
    """Return the weighted regression (..., p) of the outcome on the covariates within an arm."""
    moved = centred * share[..., None]
    inner = moved.swapaxes(-1, -2) @ centred
    outer = np.einsum("...np,...n->...p", moved, residual)
    return np.asarray(np.einsum("...pq,...q->...p", np.linalg.pinv(inner, hermitian=True), outer))
