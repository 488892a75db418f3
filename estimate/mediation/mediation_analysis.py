"""Causal mediation analysis: indirect and direct effects of an exposure.

Imai K, Keele L, Tingley D. *Psychol Methods* 2010;15:309-34: algorithm 1 (quasi-Bayes) and 2
(bootstrap), with one change. Instead of simulating each patient's mediator, the two values of a
binary mediator (or the quadrature points of a numeric one) are summed with their probabilities: the
same effects without simulation noise.

Mediation does not show whether the mediator works better in the exposed. An effect through
treatment arises from different *uptake* of treatment, even if the effect of treatment is the same
in everyone.
"""

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.mediation.effects import Mediation, Method, effects_of, summarise
from estimate.mediation.models import (
    MediationData,
    MediationModels,
    fit_models,
    mean_risks,
)
from protocol.errors import InputError

#: Numbers (resample x patient x column) fitted at once by the bootstrap: bounds the memory.
BOOTSTRAP_BLOCK = 2_000_000


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

    Logistic models of outcome and (binary) mediator, effects on the risk, averaged over patients.
    Valid only if, given the covariates, there are no unmeasured common causes of exposure and
    mediator, exposure and outcome, or mediator and outcome.

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
        (..., n); 0 excludes a patient.
    interaction
        Whether the mediator may act differently in the exposed (product term): then "acme_0" and
        "acme_1" differ for more than the curvature of risks.
    method
        "quasi-Bayes" draws coefficients from their normal approximation; "bootstrap" draws patients
        (one study only).
    imputed
        Whether the last leading axis holds imputations of one study: their draws are put together,
        which adds the uncertainty of the missing values.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> group, treated = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    >>> retrieved = (rng.random(400) < 0.2 + 0.2 * group).astype(int)
    >>> got = mediate(group, treated, retrieved, rng, names=("dx", "therapy", "y"), draws=500)
    >>> got.reading.split("; ")[1]
    'not whether therapy works better in some'
    """
    data = _gather(exposure, mediator, outcome, covariates, weights, interaction)
    fitted = fit_models(data)
    plug_in = effects_of(mean_risks(data, fitted, None, None))[..., 0, :]
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
    return summarise(names, method, drawn, plug_in, n, converged)


def _gather(
    exposure: ArrayLike,
    mediator: ArrayLike,
    outcome: ArrayLike,
    covariates: ArrayLike | None,
    weights: ArrayLike | None,
    interaction: bool,
) -> MediationData:
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
    return MediationData(a, m, y, base, w, binary, interaction)


def _quasi_bayes(
    data: MediationData, fitted: MediationModels, rng: np.random.Generator, draws: int
) -> Floats:
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
    return effects_of(mean_risks(data, fitted, drawn[0], drawn[1]))


def _bootstrap(data: MediationData, rng: np.random.Generator, draws: int) -> Floats:
    """Return effects (resample, effect) of studies made of patients drawn with replacement."""
    if data.exposure.ndim != 1:
        raise InputError.of("mediation", "method", "bootstrap of a batch", "give one study")
    n = data.exposure.shape[-1]
    size = max(1, BOOTSTRAP_BLOCK // (n * (data.base.shape[-1] + 3)))
    parts = []
    for start in range(0, draws, size):
        some = data.rows(rng.integers(0, n, (min(size, draws - start), n)))
        fitted = fit_models(some)
        effects = effects_of(mean_risks(some, fitted, None, None))[:, 0]
        parts.append(np.where(fitted.converged[:, None], effects, np.nan))
    return np.concatenate(parts)
