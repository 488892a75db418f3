"""A calibration problem: free parameters, their scales, and the targets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from pretese.article.calibration.draws import truth_statistics
from pretese.article.published import PublishedStudy, nearest
from pretese.article.simulated.counts import QUARTILES, count_statistics
from pretese.article.simulated.studies import GROUPS
from protocol.errors import Fault, InputError
from simulate.scenario import Scenario, Target
from simulate.scenario.parameter_paths import parameters, with_values
from simulate.scenario.sections.parameter import Parameter

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Link:
    """The scale on which a parameter is solved, so that no step leaves its range."""

    forward: Callable[[float], float]
    back: Callable[[float], float]


IDENTITY = Link(float, float)
LOG = Link(lambda value: float(np.log(value)), lambda x: float(np.exp(x)))
LOGIT = Link(lambda value: float(logit(value)), lambda x: float(expit(x)))


def link(parameter: Parameter) -> Link:
    """Choose the scale: identity for log odds, logit for proportions, log for positive amounts."""
    if parameter.unit.startswith("log odds"):
        return IDENTITY
    if parameter.unit == "1" and 0 < parameter.value < 1:
        return LOGIT
    return LOG


@dataclass(frozen=True, slots=True)
class Problem:
    """A scenario, its free parameters in order, and its targets by the number they name."""

    scenario: Scenario
    free: Mapping[str, Parameter]
    targets: Mapping[str, Target]

    def values(self, point: Floats) -> dict[str, float]:
        """Return the free parameters at a point of the solver's scale.

        An unchanged parameter keeps exactly the value of the file.
        """
        return {
            name: number.value if x == x0 else link(number).back(float(x))
            for (name, number), x, x0 in zip(self.free.items(), point, self.start, strict=True)
        }

    def at(self, point: Floats) -> Scenario:
        """Return the scenario with its free parameters at a point of the solver's scale."""
        return with_values(self.scenario, self.values(point), where="calibration")

    @property
    def coarse(self) -> tuple[str, ...]:
        """Quartiles among the targets whose variable is recorded in whole units.

        Such a quartile is a step function of the parameters, whose derivative is 0 almost
        everywhere.
        """
        steps = self.scenario.measurement.rounded_to
        named = {
            f"table1.{variable}.{group}.{quartile}"
            for variable, step in steps.items()
            for group in GROUPS
            for quartile in QUARTILES
            if step.value >= 1
        }
        return tuple(name for name in self.targets if name in named)

    @property
    def start(self) -> Floats:
        """The file's values on the solver's scale."""
        return np.array([link(number).forward(number.value) for number in self.free.values()])


def pose(
    scenario: Scenario,
    published: PublishedStudy,
    free: frozenset[str] | None = None,
    where: str | None = None,
) -> Problem:
    """Collect free parameters and targets.

    Parameters
    ----------
    free
        Paths of the parameters to solve; None takes every calibrated one.
    where
        File of the scenario, for faults; None takes its id.

    Raises
    ------
    InputError
        With all faulty targets: numbers that the article does not report, or that are not
        simulated.
    """
    where = where or scenario.id
    numbers = parameters(scenario)
    chosen = {
        path: number
        for path, number in numbers.items()
        if (number.status == "calibrated" if free is None else path in free)
    }
    targets = _targets(scenario, published, where)
    if len(targets) < len(chosen):
        problem = f"{len(chosen)} calibrated parameters and {len(targets)} targets"
        raise InputError.of(where, "targets", problem, "give at least one for each")
    return Problem(scenario, chosen, targets)


def _targets(scenario: Scenario, published: PublishedStudy, where: str) -> dict[str, Target]:
    """Return the targets by the number they name, printed ones with the article's value."""
    known = count_statistics().keys() | truth_statistics().keys()
    faults: list[Fault] = []
    found: dict[str, Target] = {}
    for place, each in enumerate(scenario.targets):
        name = each if isinstance(each, str) else each.number
        at = f"targets.{place}"
        if isinstance(each, str) and each not in published.numbers:
            problem = f"{each!r} is not a number of {published.study.doi}"
            cure = nearest(each, published.numbers)
            faults.append(Fault(where, at, problem, f"{cure}, or give it a value of its own"))
        elif name not in known:
            cure = "choose a counted number or a true effect, or drop it from the targets"
            faults.append(Fault(where, at, f"{name!r} is not simulated", cure))
        else:
            found[name] = each if isinstance(each, Target) else _printed(each, published)
    if faults:
        raise InputError(faults)
    return found


def _printed(name: str, published: PublishedStudy) -> Target:
    number = published.number(name)
    return Target(
        number=name,
        value=number.value,
        half_unit=number.half_width,
        source=published.study.doi,
    )
