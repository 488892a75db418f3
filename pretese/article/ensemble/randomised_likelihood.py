"""Draw parameter sets from their posterior by randomised maximum likelihood.

Open parameters have uniform priors over their ranges, calibrated ones normal priors on the solver's
scale. For each member the open parameters are drawn, the observed targets are perturbed by their
sampling error, the means of the calibrated priors by the prior error, and the calibrated parameters
are solved for the perturbed targets. In a linear model with normal errors this is a draw from the
posterior (Kitanidis 1995, *Water Resour Res* 31:2411; Oliver, He and Reynolds 1996); sets of open
parameters are drawn by their marginal likelihood in the model linearised at the calibrated point
(importance resampling), and the nonlinear model is solved by Gauss-Newton steps. Simulation-based
calibration (Talts and co-workers 2018, arXiv 1804.06788) checks the whole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pretese.article.calibration.solve import refine
from protocol.errors import InputError

Floats = NDArray[np.float64]

#: Standard deviation of the prior of a calibrated parameter on the solver's scale: log odds or log.
PRIOR_SD = 1.0

#: Standard deviation added to every target, in its own standard deviations, so that counts that sum
#: to a fixed total do not make the covariance singular.
NUGGET = 0.05

#: Sets of open parameters among which one is drawn by its marginal likelihood.
OPEN_DRAWS = 64

#: Evaluations of the model for each member.
EVALUATIONS = 4

#: No target is perturbed by more than this many standard errors: such members miss it.
MAX_PERTURBATION = 3.0


@dataclass(frozen=True)
class LinearModel:
    """Targets as a linear function of all parameters, near the calibrated point.

    Attributes
    ----------
    observed, mean
        (target,) published values, and expected values at the calibrated point.
    covariance
        (target, target) sampling covariance of the targets of one study.
    point, prior_mean
        (calibrated,) the calibrated point and the means of the priors, on the solver's scale.
    slope
        (target, calibrated) derivatives of the targets.
    open_point, open_low, open_high
        (open,) value and range of each open parameter.
    open_slope
        (target, open) derivatives of the targets.
    prior_sd
        Standard deviation of the priors of calibrated parameters, on the solver's scale; one for
        all, or one for each.
    """

    observed: Floats
    mean: Floats
    covariance: Floats
    point: Floats
    prior_mean: Floats
    slope: Floats
    open_point: Floats
    open_low: Floats
    open_high: Floats
    open_slope: Floats
    prior_sd: float | Floats = PRIOR_SD

    @cached_property
    def scale(self) -> Floats:
        """Standard deviation of each target."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @cached_property
    def whitening(self) -> Floats:
        """The matrix that turns deviations of targets into independent standard ones."""
        relative = self.covariance / np.outer(self.scale, self.scale)
        lengths, axes = np.linalg.eigh(relative + NUGGET**2 * np.eye(len(relative)))
        root: Floats = (axes * lengths**-0.5) @ axes.T / self.scale
        return root

    @cached_property
    def stacked_slope(self) -> Floats:
        """Derivatives of the misfits of targets, then of those of the priors."""
        prior = np.eye(len(self.point)) / self.prior_sd
        return np.vstack([self.whitening @ self.slope, prior])


#: Returns the expected targets at calibrated and open parameters; raises `InputError` where
#: there is no such model.
MeanAt = Callable[[Floats, Floats], Floats]
#: Makes allowed values of drawn open parameters (whole numbers), or None if there is no such model.
Settle = Callable[[Floats], Floats | None]


@dataclass(frozen=True, slots=True)
class Member:
    """A drawn parameter set: calibrated on the solver's scale, open in their units."""

    calibrated: Floats
    open_values: Floats


def draw_member(
    model: LinearModel, mean_at: MeanAt, settle: Settle, random: np.random.Generator
) -> Member:
    """Draw one member of the posterior."""
    opened = draw_open(model, settle, random)
    error = _sampling_error(model, random)
    prior_mean = model.prior_mean + model.prior_sd * random.standard_normal(len(model.point))
    return Member(solve_calibrated(model, mean_at, opened, error, prior_mean), opened)


def draw_open(model: LinearModel, settle: Settle, random: np.random.Generator) -> Floats:
    """Draw open parameters by their marginal likelihood in the linear model."""
    stacked = model.stacked_slope
    axes = np.linalg.qr(stacked)[0]
    while True:
        shares = random.uniform(size=(OPEN_DRAWS, len(model.open_point)))
        drawn = model.open_low + shares * (model.open_high - model.open_low)
        gaps = np.stack([_linear_gap(model, each, 0.0, model.prior_mean) for each in drawn])
        left = gaps - (gaps @ axes) @ axes.T
        log_weight = -0.5 * (left**2).sum(-1)
        weight = np.exp(log_weight - log_weight.max())
        found = settle(drawn[random.choice(OPEN_DRAWS, p=weight / weight.sum())])
        if found is not None:
            return found


def solve_calibrated(
    model: LinearModel,
    mean_at: MeanAt,
    open_values: Floats,
    error: Floats | float,
    prior_mean: Floats,
    evaluations: int = EVALUATIONS,
) -> Floats:
    """Solve the calibrated parameters for targets that are off by an error, at open values."""
    stacked, white = model.stacked_slope, model.whitening
    gap = _linear_gap(model, open_values, error, prior_mean)
    start = model.point - np.linalg.lstsq(stacked, gap, rcond=None)[0]

    def misfit(at: Floats) -> Floats:
        try:
            mean = mean_at(at, open_values)
        except InputError:  # a step to numbers that no scenario may have: too long
            return np.full(len(stacked), np.inf)
        return np.concatenate([
            white @ (mean - model.observed - error), (at - prior_mean) / model.prior_sd
        ])  # fmt: skip

    first = misfit(start)
    if not np.isfinite(first).all():
        start, first = model.point, misfit(model.point)
    return refine(lambda at: first if at is start else misfit(at), start, stacked, evaluations)[0]


def _linear_gap(
    model: LinearModel, open_values: Floats, error: Floats | float, prior_mean: Floats
) -> Floats:
    moved = model.mean + model.open_slope @ (open_values - model.open_point)
    return np.concatenate([
        model.whitening @ (moved - model.observed - error),
        (model.point - prior_mean) / model.prior_sd,
    ])  # fmt: skip


def _sampling_error(model: LinearModel, random: np.random.Generator) -> Floats:
    lengths, axes = np.linalg.eigh(model.covariance / np.outer(model.scale, model.scale))
    root = axes * np.sqrt(np.maximum(lengths, 0.0))
    while True:
        error = root @ random.standard_normal(len(lengths))
        if np.abs(error).max() <= MAX_PERTURBATION:
            return np.asarray(error * model.scale)
