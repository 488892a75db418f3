"""Recovery studies: whether an analysis recovers an effect that is known by construction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.analysis.recovery_result import Recovery
from pretese.api.arguments.argument_numbers import MAX_SEED, number_in_range, whole_of
from pretese.screen.extras import need_extra
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load, and not needed for `pretese recover --help`
    from pretese.api.analysis.analysis_result import Plan
    from pretese.jobs.storage.parts import PartDone
    from pretese.recovery.design.study_spec import StudyPlan
    from pretese.recovery.run_recovery import PreparedStudy
    from pretese.recovery.temporary_blocks import TemporaryBlocks


def recover(
    scenarios: str | Path | Sequence[str | Path] = (),
    plan: "str | Path | Mapping[str, Any] | Plan | None" = None,
    *,
    replicates: int = 1000,
    mcse: float | None = None,
    truth_patients: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
    figures: bool = True,
    progress: bool = True,
) -> Recovery:
    """Simulate studies with known true effects, analyse each, and assess every method.

    Parameters
    ----------
    scenarios
        Cases and grids of the recovery library, shipped scenarios, or files; none is the whole
        library.
    plan
        Analysis plan in place of the library's: a YAML file, a mapping, or what `pretese.plan`
        returns. Its methods have no expected verdicts.
    replicates
        Simulated studies per scenario, from 2 to 100,000,000.
    mcse
        Continue until coverage and rejection have this Monte Carlo standard error everywhere.
    truth_patients
        Patients over whom true effects are averaged; None takes the library's.
    seed
        Base seed of all random numbers; None takes the library's.
    out
        Folder for finished blocks, estimates, tables and figures. None uses a temporary folder,
        which is removed with the result.
    resume
        Whether to continue or extend the study in ``out``.
    workers
        Processes; the result does not depend on it. In a script, call `recover` below
        ``if __name__ == "__main__":`` if there are several.
    scheduler
        Address of a Dask scheduler in place of ``workers``.
    figures
        Whether ``out`` gets figures.
    progress
        Show progress, on a terminal or in a notebook.

    Returns
    -------
    Recovery
        ``verdicts``, ``performance``, ``unexpected``; ``plot``, ``write``.

    Raises
    ------
    InputError
        An argument, a scenario or the plan is not allowed, or ``out`` holds another study.

    Examples
    --------
    >>> import pretese as pt
    >>> plan = {"covariates": ["fsh_iu_l"], "methods": ["unadjusted", "adjusted"]}
    >>> found = pt.recover("constant-effect", plan, replicates=20, truth_patients=1000,
    ...                    workers=1, progress=False)
    >>> found
    <Recovery: 1 scenario x 20 replicates, 3 verdicts, 0 unexpected>
    >>> found.verdicts[["method", "scale"]].to_string(index=False).splitlines()[1].split()
    ['unadjusted', 'risk', 'difference']
    """
    study = _prepared(scenarios, plan, replicates, truth_patients, seed)
    if mcse is not None:
        number_in_range(mcse, "mcse", 0.00005, 0.1)
    if resume and out is None:
        raise InputError.of("resume", "", "there is no folder to continue", "name it as out")
    workers = whole_of(workers, "workers", 1, 256)
    asked = _Asked(replicates, mcse, workers, scheduler, figures, progress)
    if out is None:
        return _in_temporary_folder(study, asked)
    if figures:
        need_extra("plots", "figures", otherwise="turn figures off")
    return _in_folder(study, asked, Path(out), resume)


def recover_part(
    part: str,
    scenarios: str | Path | Sequence[str | Path] = (),
    plan: "str | Path | Mapping[str, Any] | Plan | None" = None,
    *,
    out: str | Path,
    replicates: int = 1000,
    truth_patients: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    progress: bool = True,
) -> "PartDone":
    """Compute one part of the study that `recover` computes with the same arguments.

    Parts may be computed at the same time, and on machines that share no disk. `recover` with
    ``resume`` then finds them in ``OUT.parts`` and joins them.

    Parameters
    ----------
    part
        ``"I/N"``: part I of N, counted from 1. A part that was interrupted continues.
    scenarios, plan, out, replicates, truth_patients, seed, workers, progress
        As in `recover`.

    Raises
    ------
    InputError
        As in `recover`; or ``part`` is not of the form I/N.
    """
    from pretese.jobs.execute import finish_part, resumable, study_pool
    from pretese.jobs.storage.parts import read_part
    from pretese.jobs.storage.study_folder import part_of_study
    from pretese.recovery.run_recovery import blocks_of_study
    from pretese.screen.progress import optional_progress

    chosen = read_part(part)
    study = _prepared(scenarios, plan, replicates, truth_patients, seed)
    with (
        study_pool("recovery", whole_of(workers, "workers", 1, 256), None) as pool,
        part_of_study(study.record(), Path(out), chosen) as store,
        resumable(chosen.folder(Path(out)), "finished blocks", "the same --part"),
        optional_progress("recovery", progress) as tell,
    ):
        return finish_part(chosen, blocks_of_study(study, replicates), store, pool, tell)


def _prepared(
    scenarios: Any, plan: Any, replicates: int, truth_patients: int | None, seed: int | None
) -> "PreparedStudy":
    """Check what decides the numbers of a study, and prepare it."""
    from pretese.recovery.design.library import choose_study
    from pretese.recovery.run_recovery import prepare_recovery

    whole_of(replicates, "replicates", 2, 100_000_000)
    if truth_patients is not None:
        whole_of(truth_patients, "truth_patients", 1000, 1_000_000_000)
    if seed is not None:
        whole_of(seed, "seed", 0, MAX_SEED)
    spec = choose_study(_names(scenarios), _study_plan(plan), seed, truth_patients)
    return prepare_recovery(spec)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Options of a run."""

    replicates: int
    mcse: float | None
    workers: int
    scheduler: str | None
    figures: bool
    progress: bool


def _in_folder(study: "PreparedStudy", asked: _Asked, out: Path, resume: bool) -> Recovery:
    """Run a study, keep finished blocks, and write the results."""
    from pretese.jobs.execute import resumable, study_pool
    from pretese.jobs.storage.study_folder import study_folder
    from pretese.recovery.run_recovery import run_study, write_results
    from pretese.screen.progress import optional_progress

    with (
        study_pool("recovery", asked.workers, asked.scheduler) as pool,
        study_folder(study.record(), out, resume) as store,
        resumable(out, "finished blocks"),
        optional_progress("recovery", asked.progress) as tell,
    ):
        done = run_study(study, store, asked.replicates, asked.mcse, pool, tell)
        tell(0, 1, "tables and figures")
        found = write_results(study, store, done, out, asked.figures)
    return Recovery(done, study, store, found)


def _in_temporary_folder(study: "PreparedStudy", asked: _Asked) -> Recovery:
    """Run a study whose blocks are deleted with its result."""
    from pretese.jobs.execute import study_pool
    from pretese.recovery.run_recovery import assess_blocks, run_study
    from pretese.screen.progress import optional_progress

    with (
        _temporary_blocks() as temporary,
        study_pool("recovery", asked.workers, asked.scheduler) as pool,
        optional_progress("recovery", asked.progress) as tell,
    ):
        store = temporary.store
        done = run_study(study, store, asked.replicates, asked.mcse, pool, tell)
        found = assess_blocks(study, store, done)
    return Recovery(done, study, store, found, temporary)


@contextmanager
def _temporary_blocks() -> "Iterator[TemporaryBlocks]":
    """Create a temporary folder, which is removed if the block fails."""
    from pretese.recovery.temporary_blocks import TemporaryBlocks

    temporary = TemporaryBlocks()
    try:
        yield temporary
    except BaseException:
        temporary.remove()
        raise


def _names(scenarios: Any) -> tuple[str, ...]:
    several = (scenarios,) if isinstance(scenarios, str | Path) else scenarios
    if not isinstance(several, Sequence) or not all(isinstance(n, str | Path) for n in several):
        problem = f"{type(scenarios).__name__} is not allowed"
        raise InputError.of("scenarios", "", problem, "give names or files, or a list of them")
    return tuple(map(str, several))


def _study_plan(plan: Any) -> "StudyPlan | None":
    """Read a plan for simulated studies."""
    from pretese.api.analysis.analysis_result import Plan
    from pretese.io.text.json_text import plain
    from pretese.recovery.design.study_spec import StudyPlan
    from protocol.reading.documents import read_document, validate

    if plan is None:
        return None
    if isinstance(plan, str | Path):
        return read_document(Path(plan), StudyPlan)
    if not isinstance(plan, Mapping | Plan):
        problem = f"{type(plan).__name__} is not a plan"
        raise InputError.of("plan", "", problem, "give a YAML file, or a mapping")
    try:
        words = plan.to_dict() if isinstance(plan, Plan) else plain(plan)
    except TypeError as error:
        raise InputError.of("plan", "", str(error), "give plain values") from None
    return validate(words, StudyPlan, where="plan")
