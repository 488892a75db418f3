"""Power between simulated sample sizes, by a line on the probit scale, with its error.

The probit of power is nearly linear in the square root of the sample size. A few sizes are
simulated, a line is fitted, and other sizes are read from it. All sizes share their participants:
the errors of the simulated powers are correlated, and the error of the line uses their covariance.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from estimate.core.arrays import Floats
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.trial_means import won
from pretese.trial.simulation.binomial import why_patient_level
from pretese.trial.simulation.trial_results import Outcomes, Point

#: Sizes simulated at most.
MOST_SIMULATED = 7

#: Trials that must reject, and as many that must not, at each simulated size.
FEWEST = 10

#: Standard errors by which power may fall from one simulated size to the next.
FALL = 3.0

#: The line is refused if the simulated powers deviate from it more than chance allows (P value) and
#: by more than this, in power.
CHANCE, DEVIATION = 1e-3, 0.005

SCALE = "probit of power, linear in the square root of the sample size"


@dataclass(frozen=True, slots=True)
class PowerLine:
    """The line of one effect and what is read from it.

    Attributes
    ----------
    effect
        Share of the planned effect.
    power, error
        Of each of the other sizes: power with its standard error, which has the Monte Carlo error
        of the line and the residual standard deviation.
    residual_sd
        Of true powers around the line, on the probit scale: what Monte Carlo error does not explain
        of the residuals.
    lack_of_fit_p
        P value of the hypothesis that the simulated sizes deviate from the line by chance alone.
    unavailable
        Why there is no line; None if there is one.
    """

    effect: float
    power: Floats
    error: Floats
    residual_sd: float
    lack_of_fit_p: float
    unavailable: str | None = None


@dataclass(frozen=True, slots=True)
class PowerCurve:
    """Sizes simulated, the others, and the lines through the former; none if refused."""

    simulated: tuple[int, ...]
    others: tuple[int, ...]
    lines: tuple[PowerLine, ...]
    unavailable: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the curve as plain values, one row per size and effect."""
        return {
            "line_scale": SCALE,
            "simulated_sizes": list(self.simulated),
            "not_interpolated": self.unavailable,
            "lines": [
                {
                    "effect_percent": 100 * line.effect,
                    "residual_sd": line.residual_sd,
                    "lack_of_fit_p": line.lack_of_fit_p,
                }
                for line in self.lines
            ],
            "interpolated": [
                {
                    "participants": size,
                    "effect_percent": 100 * line.effect,
                    "power": float(power),
                    "power_error": float(error),
                }
                for line in self.lines
                for size, power, error in zip(self.others, line.power, line.error, strict=True)
            ],
        }


def without_line(reason: str, sizes: Iterable[int]) -> PowerCurve:
    """Return the curve of a study all of whose sizes are simulated."""
    return PowerCurve(tuple(sorted(sizes)), (), (), reason)


def why_no_line(design: DesignFile, points: Sequence[Point]) -> str | None:
    """Return why power is not read from a line, known before simulation; None: it may be."""
    if len({size for size, _ in points}) <= MOST_SIMULATED:
        return f"at most {MOST_SIMULATED} sizes are always simulated"
    if why_patient_level(design, points) is None:
        return "binomial counts are simulated as fast"
    if design.secondary:
        return "several endpoints are tested together"
    if design.monitoring.reestimation:
        return "the sample size is re-estimated"
    return None


def chosen_sizes(sizes: Iterable[int]) -> list[int]:
    """Return the sizes to simulate: both ends, and evenly between them by their square roots.

    >>> chosen_sizes(range(220, 620, 20))
    [220, 280, 320, 380, 460, 520, 600]
    """
    given = sorted(set(sizes))
    roots = np.sqrt(given)
    wanted = np.linspace(roots[0], roots[-1], MOST_SIMULATED)
    return sorted({given[int(np.abs(roots - each).argmin())] for each in wanted})


def power_curve(
    results: Mapping[Point, Outcomes], simulated: Sequence[int], others: Sequence[int]
) -> PowerCurve:
    """Return the power of other sizes at every effect but 0; refused if a line is not valid."""
    effects = sorted({effect for _, effect in results if effect > 0})
    lines = []
    for effect in effects:
        rejections = np.stack([won(results[size, effect]) > 0 for size in simulated])
        line = power_line(effect, rejections, simulated, others)
        if line.unavailable is not None:
            return without_line(line.unavailable, simulated)
        lines.append(line)
    return PowerCurve(tuple(simulated), tuple(others), tuple(lines))


def power_line(
    effect: float, rejections: np.ndarray[Any, Any], simulated: Sequence[int], others: Sequence[int]
) -> PowerLine:
    """Fit the line of one effect.

    Parameters
    ----------
    rejections
        (size, replicate) whether a trial of each simulated size rejected in favour of treatment;
        the replicates of all sizes are the same trials.

    Notes
    -----
    Least squares through the probits z; with c the weights of the probits in a prediction and V
    their covariance by the delta method, its variance is c'Vc + s^2, s the residual SD: the mean
    square of the residuals less its expectation under V, at least 0. The lack of fit is that of
    generalised least squares, chi-squared with as many degrees of freedom as sizes less two.
    """
    won_by_size, replicates = rejections.sum(1), rejections.shape[1]
    nothing = (np.empty(0), np.empty(0), np.nan, np.nan)
    if reason := _not_monotone(rejections, simulated) or _extreme(
        won_by_size, replicates, simulated
    ):
        return PowerLine(effect, *nothing, reason)
    share = won_by_size / replicates
    probit = ndtri(share)
    slope_of_probit = 1 / _density(probit)
    covariance = np.cov(rejections) / replicates * np.outer(slope_of_probit, slope_of_probit)
    design, wanted = (np.stack([np.ones(len(n)), np.sqrt(n)], -1) for n in (simulated, others))
    weights = np.linalg.pinv(design)
    left = np.eye(len(probit)) - design @ weights
    residual, freedom = left @ probit, len(simulated) - 2
    beyond = residual @ residual - np.trace(left @ covariance @ left)
    spread = float(np.sqrt(max(beyond, 0.0) / freedom))
    chance = float(chdtrc(freedom, _lack_of_fit(design, probit, covariance)))
    deviation = float(np.abs(share - ndtr(probit - residual)).max())
    if chance < CHANCE and deviation > DEVIATION:
        reason = f"simulated powers deviate from a line by up to {100 * deviation:.1f} points"
        return PowerLine(effect, *nothing, reason)
    at = wanted @ weights
    predicted = at @ probit
    variance = np.einsum("nk,kl,nl->n", at, covariance, at) + spread**2
    power = ndtr(predicted)
    return PowerLine(effect, power, np.sqrt(variance) * _density(predicted), spread, chance)


def _density(z: Floats) -> Floats:
    return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


def _lack_of_fit(design: Floats, probit: Floats, covariance: Floats) -> float:
    """Return the sum of squares left by generalised least squares."""
    whitened = np.linalg.cholesky(covariance + 1e-12 * np.trace(covariance) * np.eye(len(probit)))
    x, z = np.linalg.solve(whitened, design), np.linalg.solve(whitened, probit)
    left = z - x @ np.linalg.lstsq(x, z, rcond=None)[0]
    return float(left @ left)


def _extreme(won_by_size: np.ndarray[Any, Any], replicates: int, sizes: Sequence[int]) -> str:
    """Return which size has a power too near 0 or 1 for its probit, or nothing."""
    few = np.minimum(won_by_size, replicates - won_by_size) < FEWEST
    if not few.any():
        return ""
    size = sizes[int(few.argmax())]
    return f"fewer than {FEWEST} trials of {size} participants rejected, or did not"


def _not_monotone(rejections: np.ndarray[Any, Any], sizes: Sequence[int]) -> str:
    """Return between which sizes power falls by more than chance allows, or nothing."""
    step = np.diff(rejections.astype(np.int8), axis=0)
    change, error = step.mean(1), step.std(1) / np.sqrt(step.shape[1])
    falls = change < -FALL * error
    if not falls.any():
        return ""
    first = int(falls.argmax())
    return f"power falls from {sizes[first]} to {sizes[first + 1]} participants"
