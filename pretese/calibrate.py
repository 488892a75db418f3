"""Solve a scenario's calibrated parameters so that published numbers come out on average.

Common random numbers make the average of many simulated studies a fixed, almost smooth function
of the parameters. A Jacobian by wide finite differences over a few hundred studies serves
least-squares steps over many more. The certificate says what was achieved.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from pretese.certificate import Achieved, Certificate, Solved
from pretese.mechanism import mechanism_hash, parameters, with_values
from pretese.published import PublishedStudy, nearest
from pretese.reproduce.counts import count_statistics
from pretese.reproduce.study import Studies
from protocol.errors import Fault, InputError
from simulate.cohort import Cohort, draw_cohort
from simulate.parameter import Parameter
from simulate.scenario import Scenario, Target
from simulate.truth import ESTIMANDS, SCALES, Estimand, sample_effects

Floats = NDArray[np.float64]

#: Root of the luck of calibration: unlike any default seed, so that a later check is a fresh one.
SEED = 7_042_022

#: Studies drawn for a Jacobian.
JACOBIAN_STUDIES = 400

#: Studies drawn for the residuals of successive refinements, and how many evaluations each may
#: have. A fresh Jacobian comes before the first two; the last goes on with theirs.
REFINEMENTS = {400: 14, 2000: 10, 8000: 6}
FRESH_JACOBIANS = 2

#: Root mean square of the misfits, in units of a target's spread, at which a refinement ends.
CLOSE = 0.002

#: Damping of the first step, in units of what targets feel, and how it shrinks and grows.
DAMPING, DAMPING_LEAST, DAMPING_FACTOR = 0.15, 0.05, 3.0

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
    """A scenario, its free parameters in order, and its targets by the number they name."""

    scenario: Scenario
    free: Mapping[str, Parameter]
    targets: Mapping[str, Target]

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
        At the target's place in the scenario: a number that the article does not print, or one
        that nothing computes. All of them at once.
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
            problem = f"{each!r} is no number of {published.study.doi}"
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


def truth_statistics() -> dict[str, Callable[[Cohort], Floats]]:
    """Return every true effect that may be a target, by its id: truth, estimand, scale."""
    return {
        f"truth.{estimand.key}.{scale}": _truth(estimand, scale)
        for estimand in ESTIMANDS
        for scale in SCALES
    }


def _truth(estimand: Estimand, scale: str) -> Callable[[Cohort], Floats]:
    def read(cohort: Cohort) -> Floats:
        effect = sample_effects(cohort, (estimand,))[estimand.key]
        value: Floats = getattr(effect, scale)
        return value

    return read


def simulate_targets(problem: Problem, point: Floats, studies: int, seed: int) -> Floats:
    """Return every target in every simulated study, shape (study, target)."""
    scenario = problem.at(point)
    return np.concatenate(list(_blocks(scenario, tuple(problem.targets), studies, seed)))


def _blocks(
    scenario: Scenario, targets: tuple[str, ...], studies: int, seed: int
) -> Iterator[Floats]:
    counted, true = count_statistics(), truth_statistics()
    for first in range(0, studies, BLOCK):
        size = min(BLOCK, studies - first)
        cohort = draw_cohort(scenario, seed, replicates=size, first=first)
        drawn = Studies(cohort)
        yield np.stack(
            [counted[n](drawn) if n in counted else true[n](cohort) for n in targets], axis=-1
        )


def calibrate(
    problem: Problem,
    report: Callable[[str, int, int], None],
    seed: int = SEED,
    start: Floats | None = None,
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Solve; return the point, which parameters are identified, and the last simulated targets.

    Parameters
    ----------
    report
        Called with a phase's name, evaluations done and evaluations planned.
    start
        Where to start on the solver's scale; None takes the file's values.
    """
    point = problem.start if start is None else start
    scale = _scale(problem, simulate_targets(problem, point, JACOBIAN_STUDIES, seed))
    jacobian = np.zeros((len(problem.targets), len(point)))
    for index, (studies, evaluations) in enumerate(REFINEMENTS.items()):
        if index < FRESH_JACOBIANS:
            jacobian = _jacobian(problem, point, scale, seed, report)

        def misfit(at: Floats, studies: int = studies) -> Floats:
            return _misfit(problem, simulate_targets(problem, at, studies, seed), scale)

        def tell(call: int, of: int, studies: int = studies) -> None:
            report(f"refinement over {studies} studies", call, of)

        point, jacobian = refine(misfit, point, jacobian, evaluations, tell)
    drawn = simulate_targets(problem, point, max(REFINEMENTS), seed)
    return point, _identified(jacobian), drawn


def _misfit(problem: Problem, drawn: Floats, scale: Floats) -> Floats:
    """Return how far each target's mean is off, times the root of its weight in the squares."""
    targets = problem.targets.values()
    wanted = np.array([target.value for target in targets])
    pull = np.sqrt([target.weight for target in targets])
    return np.asarray(pull * (drawn.mean(axis=0) - wanted) / scale)


def _scale(problem: Problem, drawn: Floats) -> Floats:
    """Return what counts as one unit of each target: its spread between studies.

    Half a unit of the last printed digit is added, for a quartile of whole years may not vary at
    all between studies and would then outweigh everything else.
    """
    half_units = np.array([target.half_unit for target in problem.targets.values()])
    return np.asarray(np.hypot(drawn.std(axis=0), np.maximum(half_units, 1e-3)))


def _identified(jacobian: Floats) -> NDArray[np.bool_]:
    """Say which parameters the targets see, alone and against each other."""
    alone: NDArray[np.bool_] = np.abs(jacobian).max(axis=0) > VISIBLE
    _, lengths, directions = np.linalg.svd(jacobian)
    blurred = directions[np.pad(lengths, (0, len(directions) - len(lengths))) < BLUR]
    leaned_on: NDArray[np.bool_] = (np.abs(blurred) > 0.5).any(axis=0)
    seen: NDArray[np.bool_] = alone & ~leaned_on
    return seen


def refine(
    misfit: Callable[[Floats], Floats],
    point: Floats,
    jacobian: Floats,
    evaluations: int,
    tell: Callable[[int, int], None] = lambda call, of: None,
) -> tuple[Floats, Floats]:
    """Lower the sum of squared misfits by damped Gauss-Newton steps; return point and Jacobian.

    Levenberg's damping holds a parameter that targets hardly feel near its start and shortens
    steps that fail; Broyden's update keeps the Jacobian in step with the misfits seen, so that
    none needs to be drawn anew. Every parameter counts in units that targets feel, so it does
    not matter whether it is a log of years or a log odds.

    Examples
    --------
    >>> point, _ = refine(lambda x: x**2 - [4.0, 9.0], np.ones(2), 2 * np.eye(2), 30)
    >>> point.round(4).tolist()
    [2.0, 3.0]
    """
    unit = 1 / np.maximum(np.linalg.norm(jacobian, axis=0), VISIBLE)
    slope = jacobian * unit
    gap, damping = misfit(point), DAMPING
    for call in range(evaluations):
        tell(call, evaluations)
        if np.linalg.norm(gap) < CLOSE * np.sqrt(len(gap)):
            break
        bent = slope.T @ slope + damping**2 * np.eye(len(point))
        step = -np.linalg.solve(bent, slope.T @ gap)
        found = misfit(point + unit * step)
        length, least = np.linalg.norm(found), np.linalg.norm(gap)
        if length < 2 * least and step.any():
            slope += np.outer(found - gap - slope @ step, step) / (step @ step)
        if length < least:
            point, gap = point + unit * step, found
            damping = max(damping / DAMPING_FACTOR, DAMPING_LEAST)
        else:
            damping *= DAMPING_FACTOR
    return point, slope / unit


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
    for (name, target), mean, error in zip(problem.targets.items(), means, errors, strict=True):
        yield (
            name,
            Achieved(
                published=target.value,
                half_unit=target.half_unit,
                simulated=float(mean),
                monte_carlo_se=float(error),
                z=distance(float(mean), target.value, target.half_unit, float(error)),
                must_match=target.must_match,
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
