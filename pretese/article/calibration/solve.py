"""Solve a scenario's calibrated parameters so that published numbers come out on average.

Common random numbers make the average of many simulated studies a fixed, almost smooth function of
the parameters. A Jacobian by wide finite differences over a few hundred studies is used in
least-squares steps over many more. Quartiles in whole units are step functions; the same quartile
before rounding is added with decreasing weight to provide a gradient. Starting values that meet
every target are the solution. The calibration record states the values achieved.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pretese.article.calibration.draws import SEED, draw_targets
from pretese.article.calibration.problem import Problem
from pretese.article.calibration.verdict import is_solved
from protocol.errors import InputError

Floats = NDArray[np.float64]

#: Studies simulated for a Jacobian.
JACOBIAN_STUDIES = 400

#: Studies simulated for the residuals of successive refinements, and the maximum evaluations of
#: each. The first two begin with a new Jacobian; the last continues with theirs.
REFINEMENTS = {400: 14, 2000: 10, 8000: 6}
FRESH_JACOBIANS = 2

#: Weight, in each refinement, of the quartiles before rounding that guide those in whole units.
GUIDANCE = (0.5, 0.2, 0.05)

#: Root mean square of the misfits, in standard deviations of a target, at which a refinement ends.
CLOSE = 0.002

#: Initial damping, in units of the targets, and its factors of decrease and increase.
DAMPING, DAMPING_MIN, DAMPING_FACTOR = 0.15, 0.05, 3.0

#: Step of a finite difference, on the scale of `Link`: wide enough to move hundreds of patients.
STEP = 0.1

#: A parameter is identified if a unit of its scale moves some target by more than this many
#: standard deviations of a single study ...
VISIBLE = 0.5

#: ... and is not part of a combination of parameters that moves all targets by less than this.
BLUR = 0.2


def solve_problem(
    problem: Problem,
    report: Callable[[str, int, int], None],
    seed: int = SEED,
    start: Floats | None = None,
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Solve; return the solution, the identified parameters, and the last simulated targets.

    Parameters
    ----------
    report
        Called with a phase's name, evaluations done and evaluations planned.
    start
        Starting point on the solver's scale; None takes the values of the file.
    """
    point = problem.start if start is None else start
    report("testing the start", 0, 1)
    drawn = _drawn(problem, point, max(REFINEMENTS), seed)
    scale = _scale(problem, drawn)
    if is_solved(problem, _targets(problem, drawn)):
        jacobian = _jacobian(problem, point, scale, seed, report)
        return point, _identified(_of_targets(problem, jacobian)), _targets(problem, drawn)
    jacobian = np.zeros((len(scale), len(point)))
    for index, (studies, evaluations) in enumerate(REFINEMENTS.items()):
        if index < FRESH_JACOBIANS:
            jacobian = _jacobian(problem, point, scale, seed, report)
        pull = _pull(problem, GUIDANCE[index])[:, None]

        def misfit(at: Floats, studies: int = studies, guidance: float = GUIDANCE[index]) -> Floats:
            try:
                drawn = _drawn(problem, at, studies, seed)
            except InputError:  # the step leads to invalid numbers: it is too long
                return np.full(len(scale), np.inf)
            return _pull(problem, guidance) * _misfit(problem, drawn, scale)

        def tell(call: int, of: int, studies: int = studies) -> None:
            report(f"refinement over {studies} studies", call, of)

        point, pulled = refine(misfit, point, pull * jacobian, evaluations, tell)
        jacobian = pulled / pull
    drawn = _drawn(problem, point, max(REFINEMENTS), seed)
    return point, _identified(_of_targets(problem, jacobian)), _targets(problem, drawn)


def _targets(problem: Problem, drawn: Floats) -> Floats:
    """Return only the targets, without the quartiles before rounding that follow them."""
    return drawn[:, : len(problem.targets)]


def _of_targets(problem: Problem, jacobian: Floats) -> Floats:
    return jacobian[: len(problem.targets)]


def _pull(problem: Problem, guidance: float) -> Floats:
    """Return the root of the weight of each target, and of each quartile before rounding."""
    pull = [np.sqrt(target.weight) for target in problem.targets.values()]
    return np.array([*pull, *[guidance] * len(problem.coarse)])


def _misfit(problem: Problem, drawn: Floats, scale: Floats) -> Floats:
    """Return the deviation of the mean of each target, and of each quartile before rounding."""
    names = (*problem.targets, *problem.coarse)
    wanted = np.array([problem.targets[name].value for name in names])
    return np.asarray((drawn.mean(axis=0) - wanted) / scale)


def _scale(problem: Problem, drawn: Floats) -> Floats:
    """Return the unit of each target: its standard deviation between studies.

    Half a unit of the last printed digit is added, because a quartile in whole years may not vary
    between studies and would then have infinite weight.
    """
    names = (*problem.targets, *problem.coarse)
    half_units = np.array([problem.targets[name].half_unit for name in names])
    return np.asarray(np.hypot(drawn.std(axis=0), np.maximum(half_units, 1e-3)))


def _identified(jacobian: Floats) -> NDArray[np.bool_]:
    """Return which parameters are identified by the targets, individually and jointly."""
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

    Levenberg's damping keeps weakly identified parameters near their start and shortens failed
    steps; Broyden's update adapts the Jacobian without further simulation. Parameters are scaled by
    their effect on the targets, so that their units do not matter.

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
        length, minimum = np.linalg.norm(found), np.linalg.norm(gap)
        if length < 2 * minimum and step.any():
            slope += np.outer(found - gap - slope @ step, step) / (step @ step)
        if length < minimum:
            point, gap = point + unit * step, found
            damping = max(damping / DAMPING_FACTOR, DAMPING_MIN)
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
        forward, behind = (
            _drawn(problem, point + side * step, JACOBIAN_STUDIES, seed).mean(axis=0)
            for side in (1, -1)
        )
        columns.append((forward - behind) / (2 * STEP) / scale)
    return np.stack(columns, axis=-1)


def _drawn(problem: Problem, point: Floats, studies: int, seed: int) -> Floats:
    """Return targets in simulated studies, then the quartiles before rounding that guide them."""
    return draw_targets(
        problem.at(point), tuple(problem.targets), studies, seed, exact=problem.coarse
    )
