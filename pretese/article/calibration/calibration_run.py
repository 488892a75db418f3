"""Calibrate a scenario, or check its calibration record against fresh replicates."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from pretese.article.calibration.problem import pose
from pretese.article.calibration.solve import solve_problem
from pretese.article.calibration.store import check_record_place
from pretese.article.calibration.verdict import LIMIT, calibration_record, check
from pretese.article.published import load_published
from protocol.errors import InputError
from simulate.scenario.calibration_record import CalibrationRecord
from simulate.scenario.load import LoadedScenario

#: Opens a progress bar; the function it yields takes the number done, the total, and a description.
Progress = Callable[[str], AbstractContextManager[Callable[[int, int, str], None]]]


def solve_scenario(loaded: LoadedScenario, progress: Progress) -> CalibrationRecord:
    """Solve the calibrated parameters of a scenario; return the record without storing it.

    Raises
    ------
    InputError
        There are no parameters to solve, or the record cannot be stored; raised before simulation.
    """
    parsed = loaded.unsolved
    if not loaded.free:
        fault = "it has no calibrated parameter of its own" + (
            f"; {parsed.extends} has" if parsed.extends else ""
        )
        raise InputError.of(str(loaded.path), "", fault, "nothing needs to be solved here")
    check_record_place(loaded.record_path)
    problem = pose(parsed, load_published(parsed.published), loaded.free, str(loaded.path))
    with progress("calibrating") as tell:
        point, identified, drawn = solve_problem(problem, lambda what, i, of: tell(i, of, what))
    return calibration_record(problem, point, identified, drawn)


def check_record(
    loaded: LoadedScenario, replicates: int, seed: int, progress: Progress
) -> CalibrationRecord:
    """Return the stored record with the targets that fresh replicates achieve.

    Raises
    ------
    InputError
        The scenario has no record of its own.
    """
    if not loaded.free:
        fault = "it has no calibrated parameter of its own, and so no record"
        raise InputError.of(str(loaded.path), "", fault, "check the scenario that it extends")
    scenario, stored = loaded.scenario, loaded.records[0]
    problem = pose(
        loaded.unsolved, load_published(scenario.published), loaded.free, str(loaded.path)
    )
    with progress("checking") as tell:
        tell(0, 1, f"simulating {replicates} studies")
        fresh = check(problem, scenario, replicates, seed)
    return stored.model_copy(update={"targets": fresh, "replicates": replicates, "seed": seed})


def missed_targets(record: CalibrationRecord) -> tuple[str, ...]:
    """Return the targets that must match and deviate by more than `LIMIT`."""
    return tuple(n for n, t in record.targets.items() if t.must_match and t.distance > LIMIT)
