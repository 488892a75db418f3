"""Targets of the published study as functions of calibrated and open parameters, by simulation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from pretese.article.calibration.draws import SEED, draw_targets
from pretese.article.calibration.problem import Problem
from pretese.article.simulated.studies import GROUPS
from pretese.io.text.rounding_rule import rounded_replicates
from protocol.errors import InputError
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import parameters, with_values

Floats = NDArray[np.float64]

#: Studies behind an expected value of the targets while a member is solved.
STUDIES = 120

#: Numbers of these sections change no patient and no outcome.
_WITHOUT_EFFECT = ("dates.",)


@dataclass(frozen=True, slots=True)
class SimulatedTargets:
    """The model behind an ensemble.

    A quartile in whole units is a step function of the parameters, so the quartile before rounding
    stands for it here, with the error of rounding added; members are accepted by the quartiles as
    printed.

    Attributes
    ----------
    problem
        Scenario, free parameters and targets of the calibration.
    open_paths
        Numbers that are not settled and declare a range.
    studies
        Studies behind an expected value of the targets.
    """

    problem: Problem
    open_paths: tuple[str, ...]
    studies: int = STUDIES

    def scenario_at(self, point: Floats, open_values: Floats) -> Scenario:
        """Return the scenario at calibrated values on the solver's scale and at open values."""
        return with_values(self.problem.scenario, self.values(point, open_values), "worlds")

    def values(self, point: Floats, open_values: Floats) -> dict[str, float]:
        """Return calibrated and open values by path, rounded as they are stored."""
        opened = dict(zip(self.open_paths, open_values.tolist(), strict=True))
        found = {**self.problem.values(point), **opened}
        rounded = rounded_replicates(np.array(list(found.values())))
        return dict(zip(found, rounded.tolist(), strict=True))

    def mean_at(self, point: Floats, open_values: Floats) -> Floats:
        """Return the expected targets, over ``studies`` with common random numbers."""
        return np.asarray(self.drawn(self.scenario_at(point, open_values), self.studies).mean(0))

    def drawn(self, scenario: Scenario, studies: int, seed: int = SEED) -> Floats:
        """Return the targets of simulated studies, (study, target)."""
        names, coarse = tuple(self.problem.targets), self.problem.coarse
        found = draw_targets(scenario, names, studies, seed, exact=coarse)
        place = {name: len(names) + index for index, name in enumerate(coarse)}
        return found[:, [place.get(name, index) for index, name in enumerate(names)]]

    def settle(self, drawn: Floats) -> Floats | None:
        """Return open values with counts as whole numbers; None if no scenario may have them."""
        whole = [path.rsplit(".", 1)[-1].startswith("max_") for path in self.open_paths]
        found = np.where(whole, np.rint(drawn), drawn)
        try:
            self.scenario_at(self.problem.start, found)
        except InputError:
            return None
        return cast("Floats", found)

    @property
    def observed(self) -> Floats:
        """The published values."""
        return np.array([target.value for target in self.problem.targets.values()])

    @property
    def rounding(self) -> Floats:
        """Half a unit of the last digit of each target; of the recorded value for quartiles."""
        steps = self.problem.scenario.measurement.rounded_to
        halves = {
            f"table1.{variable}.{group}.{quartile}": step.value / 2
            for variable, step in steps.items()
            for group in GROUPS
            for quartile in ("q1", "median", "q3")
        }
        return np.array([
            halves.get(name, target.half_unit) if name in self.problem.coarse else target.half_unit
            for name, target in self.problem.targets.items()
        ])  # fmt: skip


def open_numbers(scenario: Scenario) -> dict[str, tuple[float, float, float]]:
    """Return value and range of each number that no source settles, by path."""
    return {
        path: (number.value, *number.sweep)
        for path, number in parameters(scenario).items()
        if number.sweep is not None
        and number.sweep[0] < number.sweep[1]
        and not path.startswith(_WITHOUT_EFFECT)
    }


def smallest_tails(model: SimulatedTargets, drawn: Floats) -> Floats:
    """Return for each target the share of studies at or beyond the published value, rarer side.

    Parameters
    ----------
    drawn
        (study, target) as printed.
    """
    halves = np.array([target.half_unit for target in model.problem.targets.values()]) + 1e-9
    below = (drawn <= model.observed + halves).mean(0)
    above = (drawn >= model.observed - halves).mean(0)
    return np.asarray(np.minimum(below, above))


def must_match(model: SimulatedTargets) -> Sequence[bool]:
    """Return which targets a member must meet."""
    return [target.must_match for target in model.problem.targets.values()]
