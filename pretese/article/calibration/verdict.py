"""Comparison of a solved scenario with its targets."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from pretese.article.calibration.draws import SEED, draw_targets
from pretese.article.calibration.problem import Problem
from protocol.errors import Fault, InputError
from simulate.scenario import Scenario
from simulate.scenario.calibration_record import Achieved, CalibrationRecord, Solved
from simulate.scenario.parameter_paths import mechanism_hash
from simulate.scenario.transported import transported_numbers

Floats = NDArray[np.float64]

#: Distance in Monte Carlo standard errors beyond which a target counts as missed.
LIMIT = 3.0

#: Distance within which a target counts as solved.
CLOSE = 2.0

_CURE = "calibrate to a number that every study has, or draw larger studies"


def calibration_record(
    problem: Problem, point: Floats, identified: NDArray[np.bool_], drawn: Floats, seed: int = SEED
) -> CalibrationRecord:
    """Return the calibration record of a solved problem."""
    values = problem.values(point)
    solved = {
        name: Solved(
            value=values[name],
            start=number.value,
            unit=number.unit,
            source=number.source,
            identified=bool(seen),
        )
        for (name, number), seen in zip(problem.free.items(), identified, strict=True)
    }
    return CalibrationRecord(
        scenario=problem.scenario.id,
        mechanism_sha256=mechanism_hash(problem.scenario),
        published=problem.scenario.published,
        seed=seed,
        replicates=len(drawn),
        parameters=solved,
        targets=dict(_achieved(problem, drawn)),
        transported=transported_numbers(problem.scenario),
    )


def check(problem: Problem, solved: Scenario, replicates: int, seed: int) -> Mapping[str, Achieved]:
    """Return the targets achieved by a solved scenario in independent replicates.

    Raises
    ------
    InputError
        A missed target is constant over replicates, so that its standard error is 0.
    """
    drawn = draw_targets(solved, tuple(problem.targets), replicates, seed)
    return dict(_achieved(problem, drawn))


def is_solved(problem: Problem, drawn: Floats) -> bool:
    """Return whether simulated studies meet every target that must match.

    Among many targets one or two deviate by more than two standard errors by chance; a solution on
    the same random numbers must be closer.
    """
    achieved = dict(_achieved(problem, drawn)).values()
    return all(each.distance <= CLOSE for each in achieved if each.must_match)


def _achieved(problem: Problem, drawn: Floats) -> Iterator[tuple[str, Achieved]]:
    if len(unknown := np.flatnonzero(~np.isfinite(drawn).all(axis=0))):
        names = [list(problem.targets)[place] for place in unknown]
        raise InputError(
            Fault(problem.scenario.id, "targets", f"{name} has no value in some studies", _CURE)
            for name in names
        )
    means = drawn.mean(axis=0)
    errors = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    for (name, target), mean, error in zip(problem.targets.items(), means, errors, strict=True):
        z = distance(float(mean), target.value, target.half_unit, float(error))
        yield (
            name,
            Achieved(
                published=target.value,
                half_unit=target.half_unit,
                simulated=float(mean),
                mcse=float(error),
                z=z if math.isfinite(z) else None,
                must_match=target.must_match,
            ),
        )


def distance(simulated: float, published: float, half_unit: float, error: float) -> float:
    """Return the distance of a simulated mean from a printed number, in Monte Carlo errors.

    A printed 31.2 represents values from 31.15 to 31.25, so that only the distance beyond half a
    unit of the last digit counts. Without Monte Carlo error any distance is infinite.

    >>> distance(31.5, 31.2, half_unit=0.05, error=0.1)
    2.5
    """
    beyond = max(0.0, abs(simulated - published) - half_unit)
    if beyond < 1e-12:
        return 0.0
    return float(round(beyond / error, 12)) if error > 0 else float("inf")
