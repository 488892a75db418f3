"""Solve a scenario's calibrated parameters so that published numbers come out on average.

Common random numbers make the average of many simulated studies a fixed, almost smooth function
of the parameters. A Jacobian by wide finite differences over a few hundred studies serves
least-squares steps over many more. The certificate says what was achieved.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq
from scipy.special import expit, logit

from pretese.certificate import Achieved, Certificate, Solved
from pretese.mechanism import mechanism_hash, parameters, with_values
from pretese.published import PublishedStudy
from pretese.reproduce.counts import count_statistics
from pretese.reproduce.study import Studies
from protocol.errors import InputError
from simulate.cohort import draw_cohort
from simulate.parameter import Parameter
from simulate.scenario import Scenario

Floats = NDArray[np.float64]

#: Root of the luck of calibration: unlike any default seed, so that a later check is a fresh one.
SEED = 7_042_022

#: Studies drawn for the Jacobian, and for the residuals of successive refinements.
JACOBIAN_STUDIES = 400
REFINEMENTS = (400, 2000, 8000)

#: Evaluations of a refinement.
STEPS = 8

#: Directions whose singular value is below this share of the largest are left alone; columns of
#: the Jacobian are brought to one length before.
CUT_OFF = 0.02

#: Studies drawn at a time: about 90,000 men of 40 columns stay well below a gigabyte.
BLOCK = 160

#: Step of a finite difference, on the scale of `Link`: wide enough to move hundreds of men.
STEP = 0.1

#: Distance in Monte Carlo standard errors beyond which a target counts as missed.
LIMIT = 3.0

#: A parameter is identified if a unit of its scale moves some target by more than this many
#: standard deviations of a single study ...
VISIBLE = 0.5

#: ... and no combination of parameters that moves all targets by less than this leans on it.
BLUR = 0.2


@dataclass(frozen=True, slots=True)
class Link:
    """The scale on which a parameter is solved, so that no step leaves its range."""

    forward: Callable[[float], float]
    back: Callable[[float], float]


IDENTITY = Link(float, float)
LOG = Link(lambda value: float(np.log(value)), lambda x: float(np.exp(x)))
LOGIT = Link(lambda value: float(logit(value)), lambda x: float(expit(x)))


def link(parameter: Parameter) -> Link:
    """Choose the scale: log odds as they are, shares by logit, positive amounts by log."""
    if parameter.unit.startswith("log odds"):
        return IDENTITY
    if parameter.unit == "1" and 0 < parameter.value < 1:
        return LOGIT
    return LOG


@dataclass(frozen=True, slots=True)
class Problem:
    """A scenario, its free parameters in order, and its targets in order."""

    scenario: Scenario
    free: Mapping[str, Parameter]
    targets: Mapping[str, tuple[float, float]]

    def at(self, point: Floats) -> Scenario:
        """Return the scenario with its free parameters at a point of the solver's scale."""
        values = {
            name: link(parameter).back(float(x))
            for (name, parameter), x in zip(self.free.items(), point, strict=True)
        }
        return with_values(self.scenario, values, where="calibration")

    @property
    def start(self) -> Floats:
        """The file's values on the solver's scale."""
        return np.array([link(number).forward(number.value) for number in self.free.values()])


def pose(scenario: Scenario, published: PublishedStudy) -> Problem:
    """Collect free parameters and targets; a target that nothing computes is an `InputError`."""
    free = {p: n for p, n in parameters(scenario).items() if n.status == "calibrated"}
    computed = count_statistics()
    for target in scenario.targets:
        if target not in computed:
            cure = "choose a counted number, or drop it from the targets"
            raise InputError.of(scenario.id, f"targets.{target}", "it is not simulated", cure)
    numbers = {target: published.number(target) for target in scenario.targets}
    return Problem(scenario, free, {name: (n.value, n.half_width) for name, n in numbers.items()})


def simulate_targets(problem: Problem, point: Floats, studies: int, seed: int) -> Floats:
    """Return every target in every simulated study, shape (study, target)."""
    scenario = problem.at(point)
    return np.concatenate(list(_blocks(scenario, tuple(problem.targets), studies, seed)))


def _blocks(
    scenario: Scenario, targets: tuple[str, ...], studies: int, seed: int
) -> Iterator[Floats]:
    computed = count_statistics()
    for first in range(0, studies, BLOCK):
        size = min(BLOCK, studies - first)
        drawn = Studies(draw_cohort(scenario, seed, replicates=size, first=first))
        yield np.stack([computed[name](drawn) for name in targets], axis=-1)


def calibrate(
    problem: Problem, report: Callable[[str, int, int], None], seed: int = SEED
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Solve; return the point, which parameters are identified, and the last simulated targets.

    Parameters
    ----------
    report
        Called with a phase's name, evaluations done and evaluations planned.
    """
    point = problem.start
    scale = simulate_targets(problem, point, JACOBIAN_STUDIES, seed).std(axis=0)
    scale = np.maximum(scale, 1e-3)
    for studies in REFINEMENTS:
        jacobian = _jacobian(problem, point, scale, seed, report)
        point = _refine(problem, point, jacobian, scale, studies, seed, report)
    return point, _identified(jacobian), simulate_targets(problem, point, REFINEMENTS[-1], seed)


def _identified(jacobian: Floats) -> NDArray[np.bool_]:
    """Say which parameters the targets see, alone and against each other."""
    alone: NDArray[np.bool_] = np.abs(jacobian).max(axis=0) > VISIBLE
    _, lengths, directions = np.linalg.svd(jacobian)
    blurred = directions[np.pad(lengths, (0, len(directions) - len(lengths))) < BLUR]
    leaned_on: NDArray[np.bool_] = (np.abs(blurred) > 0.5).any(axis=0)
    seen: NDArray[np.bool_] = alone & ~leaned_on
    return seen


def _refine(
    problem: Problem,
    point: Floats,
    jacobian: Floats,
    scale: Floats,
    studies: int,
    seed: int,
    report: Callable[[str, int, int], None],
) -> Floats:
    """Solve over more studies by Gauss-Newton steps, mending the Jacobian by Broyden's update.

    A step that does not help is halved. Singular directions are left alone: a least-squares
    solution with a cut-off moves no parameter that the targets do not feel.
    """
    wanted = np.array([value for value, _ in problem.targets.values()])
    jacobian = jacobian.copy()
    length_of = np.maximum(np.linalg.norm(jacobian, axis=0), BLUR)
    best, gap_there, step = point, np.full(len(wanted), np.inf), np.zeros_like(point)
    for call in range(STEPS):
        report(f"refinement over {studies} studies", call, STEPS)
        drawn = simulate_targets(problem, best + step, studies, seed)
        gap = (drawn.mean(axis=0) - wanted) / scale
        moved = float(step @ step)
        if moved:
            jacobian += np.outer(gap - gap_there - jacobian @ step, step) / moved
        if np.linalg.norm(gap) < np.linalg.norm(gap_there):
            best, gap_there = best + step, gap
            step = -lstsq(jacobian / length_of, gap, cond=CUT_OFF)[0] / length_of
        else:
            step = step / 2
    return best


def _jacobian(
    problem: Problem,
    point: Floats,
    scale: Floats,
    seed: int,
    report: Callable[[str, int, int], None],
) -> Floats:
    columns = []
    for index in range(len(point)):
        report(f"Jacobian over {JACOBIAN_STUDIES} studies", index, len(point))
        step = np.zeros_like(point)
        step[index] = STEP
        ahead, behind = (
            simulate_targets(problem, point + side * step, JACOBIAN_STUDIES, seed).mean(axis=0)
            for side in (1, -1)
        )
        columns.append((ahead - behind) / (2 * STEP) / scale)
    return np.stack(columns, axis=-1)


def certify(
    problem: Problem, point: Floats, identified: NDArray[np.bool_], drawn: Floats, seed: int = SEED
) -> Certificate:
    """Return the certificate of a solved problem."""
    solved = {
        name: Solved(
            value=link(number).back(float(x)),
            start=number.value,
            unit=number.unit,
            source=number.source,
            identified=bool(seen),
        )
        for (name, number), x, seen in zip(problem.free.items(), point, identified, strict=True)
    }
    return Certificate(
        scenario=problem.scenario.id,
        mechanism_sha256=mechanism_hash(problem.scenario),
        published=problem.scenario.published,
        seed=seed,
        studies=len(drawn),
        parameters=solved,
        targets=dict(_achieved(problem, drawn)),
    )


def check(problem: Problem, solved: Scenario, studies: int, seed: int) -> Mapping[str, Achieved]:
    """Return what a solved scenario achieves on fresh luck."""
    drawn = np.concatenate(list(_blocks(solved, tuple(problem.targets), studies, seed)))
    return dict(_achieved(problem, drawn))


def _achieved(problem: Problem, drawn: Floats) -> Iterator[tuple[str, Achieved]]:
    means = drawn.mean(axis=0)
    errors = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    for (name, (value, half)), mean, error in zip(
        problem.targets.items(), means, errors, strict=True
    ):
        yield (
            name,
            Achieved(
                published=value,
                half_unit=half,
                simulated=float(mean),
                monte_carlo_se=float(error),
                z=distance(float(mean), value, half, float(error)),
            ),
        )


def distance(simulated: float, published: float, half_unit: float, error: float) -> float:
    """Return how far a simulated mean lies from a printed number, in Monte Carlo standard errors.

    A printed 31.2 stands for anything from 31.15 to 31.25, so only the distance beyond half a
    unit of the last digit counts. Without Monte Carlo error any distance is infinite.

    >>> distance(31.5, 31.2, half_unit=0.05, error=0.1)
    2.5
    """
    beyond = max(0.0, abs(simulated - published) - half_unit)
    if beyond < 1e-12:
        return 0.0
    return float(round(beyond / error, 12)) if error > 0 else float("inf")
