"""Make the ensemble of a calibrated scenario: linearise, draw, solve, test, and vary one by one."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from pretese.article.calibration.problem import pose
from pretese.article.ensemble.linearised import linearise
from pretese.article.ensemble.members import TEST_STUDIES as STUDIES
from pretese.article.ensemble.members import Move, Moved, Propose, Tested, any_sperm_risks
from pretese.article.ensemble.randomised_likelihood import LinearModel
from pretese.article.ensemble.simulated_targets import SimulatedTargets, open_numbers
from pretese.article.published import load_published
from pretese.io.text.rounding_rule import rounded_document
from pretese.jobs.worker_pool import WorkerPool, in_order, local_pool
from protocol.errors import InputError
from simulate.scenario.ensemble import EnsembleFile, OpenNumber
from simulate.scenario.load import LoadedScenario

#: Opens a bar; what it gives is called with how much is done, of how much, and what is being done.
Progress = Callable[[str], AbstractContextManager[Callable[[int, int, str], None]]]

#: Undetermined numbers without a separate influence: confounding needs both.
TOGETHER = (("choice.hidden", "spermatogenesis.hidden"),)

#: Proposals for each member, before the search is given up.
_MOST_PROPOSALS = 10


def make_ensemble(
    loaded: LoadedScenario, worlds: int, seed: int, workers: int, progress: Progress
) -> EnsembleFile:
    """Return members that all meet the targets of a calibrated scenario.

    Raises
    ------
    InputError
        The scenario extends another, has nothing calibrated, or too few proposals meet its targets.
    """
    _check(loaded)
    scenario, numbers = loaded.scenario, open_numbers(loaded.scenario)
    problem = pose(scenario, load_published(scenario.published), loaded.free, str(loaded.path))
    model = SimulatedTargets(problem, tuple(numbers))
    with progress("parameter sets") as tell, local_pool(workers, (__name__,)) as pool:
        linear = _linear(model, pool, tell)
        proposed, members = _members(model, linear, worlds, seed, pool, tell)
        moved = _moved(model, linear, pool, tell)
    return EnsembleFile(
        scenario=scenario.id,
        mechanism_sha256=loaded.mechanism_sha256,
        seed=seed,
        studies=STUDIES,
        proposed=proposed,
        smallest_tail=min(each.smallest_tail for each in members),
        risks=any_sperm_risks(scenario),
        paths=tuple(members[0].values),
        worlds=tuple(tuple(each.values.values()) for each in members),
        open_numbers=moved,
    )


def _check(loaded: LoadedScenario) -> None:
    if loaded.unsolved.extends:
        problem = f"it extends {loaded.unsolved.extends}, whose ensemble it takes"
        cure = f"calibrate {loaded.unsolved.extends} with --worlds"
        raise InputError.of(str(loaded.path), "worlds", problem, cure)
    if not loaded.free:
        problem = "it has no calibrated parameter"
        raise InputError.of(str(loaded.path), "worlds", problem, "give targets and calibrate it")
    if not open_numbers(loaded.scenario):
        problem = "every number of it is settled: nothing is left open"
        raise InputError.of(str(loaded.path), "worlds", problem, "leave --worlds out")


def _linear(
    model: SimulatedTargets, pool: WorkerPool | None, tell: Callable[[int, int, str], None]
) -> LinearModel:
    total = len(model.problem.free) + len(model.open_paths)
    for found in linearise(model, pool):
        if isinstance(found, LinearModel):
            return found
        tell(found, total, "derivatives of the targets")
    raise AssertionError  # the last of them is the model


def _members(
    model: SimulatedTargets, linear: LinearModel, worlds: int, seed: int, pool: WorkerPool | None,
    tell: Callable[[int, int, str], None],
) -> tuple[int, list[Tested]]:  # fmt: skip
    """Return how many were proposed, and the first that meet the targets."""
    found: list[Tested] = []
    for index, tested in enumerate(
        in_order(Propose(model, linear, seed), range(_MOST_PROPOSALS * worlds), pool)
    ):
        if tested.accepted:
            found.append(tested)
        tell(len(found), worlds, "parameter sets that meet every target")
        if len(found) == worlds:
            return index + 1, found
    problem = f"only {len(found)} of {_MOST_PROPOSALS * worlds} proposed sets meet every target"
    cure = "check `pretese calibrate --check`, or narrow the ranges of the assumptions"
    raise InputError.of(model.problem.scenario.id, "worlds", problem, cure)


def _moved(
    model: SimulatedTargets, linear: LinearModel, pool: WorkerPool | None,
    tell: Callable[[int, int, str], None],
) -> tuple[OpenNumber, ...]:  # fmt: skip
    """Return the influence of each undetermined number on the effect."""
    numbers = open_numbers(model.problem.scenario)
    known = [names for names in TOGETHER if set(names) <= numbers.keys()]
    groups = [*((path,) for path in numbers), *known]
    ends = [
        tuple((path, numbers[path][side if place == 0 else 2]) for place, path in enumerate(group))
        for group in groups
        for side in (1, 2)
    ]
    done: list[Moved] = []
    for moved in in_order(Move(model, linear), ends, pool):
        done.append(moved)
        tell(len(done), len(ends), "one undetermined number at a time")
    return tuple(
        OpenNumber(**rounded_document({
            "paths": group, "low": low.values, "high": high.values,
            "risks_low": low.risks, "risks_high": high.risks,
            "misfit_low": low.misfit, "misfit_high": high.misfit,
        }))
        for group, low, high in zip(groups, done[::2], done[1::2], strict=True)
    )  # fmt: skip
