"""Members of an ensemble: drawn, solved, and accepted if they meet every target."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pretese.article.calibration.draws import draw_targets
from pretese.article.ensemble.randomised_likelihood import (
    LinearModel,
    draw_member,
    solve_calibrated,
)
from pretese.article.ensemble.simulated_targets import (
    SimulatedTargets,
    must_match,
    smallest_tails,
)
from protocol.errors import InputError
from simulate.scenario import Scenario
from simulate.truth import population_effects

Floats = NDArray[np.float64]

#: Studies in which each member is tested, with random numbers that have solved nothing.
TEST_STUDIES = 800

#: Base seed of these studies.
TEST_SEED = 20_220_707

#: A target is met if the published value lies between these quantiles of simulated studies, in
#: parts of 1: three standard errors either way for a normal number.
SMALLEST_TAIL = 0.00135

#: Patients behind true risks.
PATIENTS = 131_072

#: Evaluations to solve the calibrated numbers after an open one was moved.
_EVALUATIONS = 3


@dataclass(frozen=True, slots=True)
class Tested:
    """A proposed member: its values, and the smallest tail of a target (0: refused values)."""

    values: dict[str, float]
    smallest_tail: float

    @property
    def accepted(self) -> bool:
        """Whether it meets every target that must match."""
        return self.smallest_tail >= SMALLEST_TAIL


@dataclass(frozen=True, slots=True)
class Propose:
    """Work of one process: solve and test the proposal with a number."""

    model: SimulatedTargets
    linear: LinearModel
    seed: int

    def __call__(self, index: int) -> Tested:
        """Return the proposal, as it would be stored."""
        model, random = self.model, np.random.default_rng([self.seed, index])
        member = draw_member(self.linear, model.mean_at, model.settle, random)
        values = model.values(member.calibrated, member.open_values)
        try:
            scenario = model.scenario_at(member.calibrated, member.open_values)
        except InputError:
            return Tested(values, 0.0)
        names = tuple(model.problem.targets)
        drawn = draw_targets(scenario, names, TEST_STUDIES, TEST_SEED)
        tails = smallest_tails(model, drawn)[list(must_match(model))]
        return Tested(values, float(tails.min()))


@dataclass(frozen=True, slots=True)
class Moved:
    """Open numbers at one end: true risks of any sperm, and the largest misfit of a target."""

    values: tuple[float, ...]
    risks: tuple[float, float]
    misfit: float


@dataclass(frozen=True, slots=True)
class Move:
    """Work of one process: move open numbers, and solve the calibrated ones again."""

    model: SimulatedTargets
    linear: LinearModel

    def __call__(self, ends: tuple[tuple[str, float], ...]) -> Moved:
        """Return what holds at these values, or as near to them as a scenario may be."""
        model, linear = self.model, self.linear
        opened = self._allowed(dict(ends))
        point = solve_calibrated(
            linear, model.mean_at, opened, 0.0, linear.prior_mean, _EVALUATIONS
        )
        scenario = model.scenario_at(point, opened)
        gap = model.mean_at(point, opened) - linear.observed
        beyond = np.maximum(np.abs(gap) - model.rounding, 0.0)
        values = tuple(float(opened[model.open_paths.index(path)]) for path, _ in ends)
        return Moved(values, any_sperm_risks(scenario), float((beyond / linear.scale).max()))

    def _allowed(self, ends: dict[str, float]) -> Floats:
        start = self.linear.open_point
        paths = self.model.open_paths
        full = [ends.get(path, value) for path, value in zip(paths, start, strict=True)]
        for share in (1.0, 0.75, 0.5, 0.25):
            found = self.model.settle(start + share * (np.array(full) - start))
            if found is not None:
                return found
        return start


def any_sperm_risks(scenario: Scenario) -> tuple[float, float]:
    """Return the true risks of any sperm in all patients, untreated and treated."""
    effect = population_effects(scenario, TEST_SEED, PATIENTS)["any_sperm.everyone"]
    return float(effect.risk_untreated), float(effect.risk_treated)
