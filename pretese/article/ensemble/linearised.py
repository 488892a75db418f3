"""The model linearised at the calibrated point: targets differentiated by finite differences."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pretese.article.calibration.solve import JACOBIAN_STUDIES, STEP
from pretese.article.ensemble.randomised_likelihood import LinearModel
from pretese.article.ensemble.simulated_targets import SimulatedTargets, open_numbers
from pretese.jobs.worker_pool import WorkerPool, in_order
from protocol.errors import InputError

Floats = NDArray[np.float64]

#: Studies behind the sampling covariance of the targets.
COVARIANCE_STUDIES = 4000

#: Shares of the way to the end of a range at which a derivative is taken; the first allowed counts.
_SHARES = (1.0, 0.5, 0.25, 0.1)


@dataclass(frozen=True, slots=True)
class Derivative:
    """Work of one process: the slope of all targets along one parameter."""

    model: SimulatedTargets

    def __call__(self, path: str) -> Floats:
        """Return (target,) the change per unit: of the solver's scale, or of the open number."""
        model, point = self.model, self.model.problem.start
        numbers = open_numbers(model.problem.scenario)
        opened = np.array([numbers[name][0] for name in model.open_paths])
        if path in model.problem.free:
            step = STEP * (np.array(list(model.problem.free)) == path)
            forward, behind = (self._mean(point + side * step, opened) for side in (1, -1))
            return (forward - behind) / (2 * STEP)
        place = model.open_paths.index(path)
        ends = [self._towards(opened, place, end) for end in numbers[path][1:]]
        (low, behind), (high, forward) = ends
        return (forward - behind) / (high - low)

    def _towards(self, opened: Floats, place: int, end: float) -> tuple[float, Floats]:
        """Return the furthest allowed value on the way to an end of the range, and the targets."""
        start = opened[place]
        for share in _SHARES:
            moved = opened.copy()
            moved[place] = start + share * (end - start)
            settled = self.model.settle(moved)
            if settled is not None:
                return settled[place], self._mean(self.model.problem.start, settled)
        return start, self._mean(self.model.problem.start, opened)

    def _mean(self, point: Floats, opened: Floats) -> Floats:
        scenario = self.model.scenario_at(point, opened)
        return np.asarray(self.model.drawn(scenario, JACOBIAN_STUDIES).mean(0))


def linearise(model: SimulatedTargets, pool: WorkerPool | None) -> Iterator[LinearModel | int]:
    """Yield how many derivatives are known, and at last the linear model.

    Raises
    ------
    InputError
        A target is the same in all studies, so that its precision cannot be estimated from them.
    """
    problem, numbers = model.problem, open_numbers(model.problem.scenario)
    drawn = model.drawn(problem.scenario, COVARIANCE_STUDIES)
    covariance = np.cov(drawn.T) + np.diag(model.rounding**2 / 3)
    _check(model, np.diag(covariance))
    slopes = []
    for slope in in_order(Derivative(model), [*problem.free, *model.open_paths], pool):
        slopes.append(slope)
        yield len(slopes)
    count, ranges = len(problem.free), np.array(list(numbers.values()))
    yield LinearModel(
        observed=model.observed, mean=drawn.mean(0), covariance=covariance,
        point=problem.start, prior_mean=problem.start, slope=np.stack(slopes[:count], -1),
        open_point=ranges[:, 0], open_low=ranges[:, 1], open_high=ranges[:, 2],
        open_slope=np.stack(slopes[count:], -1),
    )  # fmt: skip


def _check(model: SimulatedTargets, variance: Floats) -> None:
    for name, value in zip(model.problem.targets, variance, strict=True):
        if not value > 0:
            problem = f"{name} is undefined, or the same in all simulated studies"
            cure = "calibrate to a number that varies between studies"
            raise InputError.of(model.problem.scenario.id, "targets", problem, cure)
