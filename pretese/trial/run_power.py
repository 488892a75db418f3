"""Run a power study: simulate every design, store the trials, write tables and figures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pretese.io.input.regimen_files import regimen_files
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import result_folder
from pretese.io.output.versions import versions
from pretese.io.text.rounding_rule import rounded_document
from pretese.jobs.execute import resumable, run_part_of_trials, study_pool
from pretese.jobs.storage.blocks import Store
from pretese.jobs.storage.code_hash import code_version
from pretese.jobs.storage.parts import Part, PartDone
from pretese.jobs.storage.study_folder import study_folder
from pretese.screen.extras import need_extra
from pretese.screen.progress import optional_progress
from pretese.trial.design.design_file import DesignFile
from pretese.trial.finished_study import PowerRun, ScratchFolder, write_archive
from pretese.trial.power.runner import Runner
from pretese.trial.power.study import (
    POWER_SCHEMA,
    Request,
    StudiedDesign,
    enough_replicates,
    prepare_designs,
    study_design,
    study_jobs,
    study_record,
)
from pretese.trial.power.study_document import compare_designs, mechanisms, power_document


def run_power(
    designs: Sequence[tuple[DesignFile, str]],
    request: Request,
    *,
    out: Path | None = None,
    resume: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
    show_progress: bool = True,
) -> PowerRun:
    """Simulate designs, each given with the text of its file, on the same participants.

    Parameters
    ----------
    out, resume
        Folder for finished blocks of trials, tables and figures; whether to continue it.
    workers, scheduler
        Number of processes, or the address of a Dask scheduler; the result does not depend on them.
    show_progress
        Whether a progress bar is shown on standard error.
    """
    if out is not None:
        need_extra("plots", "out", otherwise="print the result without a folder")
    planned = prepare_designs(designs, request)
    record = study_record(planned, request)
    regimens = [regimen_files(each.scenario) for each in planned]
    scratch = ScratchFolder() if out is None else None
    bar = optional_progress("simulated trials", show_progress)
    with (
        study_pool("trials", workers, scheduler) as pool,
        _store(out, scratch, record, resume) as store,
        bar as tell,
    ):
        runner = Runner(store, pool, tell, request.patient_level)
        request = replace(request, replicates=enough_replicates(planned, request, runner))
        studied = [study_design(each, request, runner) for each in planned]
        tell(0, 1, "tables and figures")
        for files in regimens:
            files.check()
        document = study_document(studied, request)
        if out is not None:
            _write(out / "results", studied, document)
    return PowerRun(document, studied, None if out is None else out / "results", scratch)


def run_power_part(
    designs: Sequence[tuple[DesignFile, str]],
    request: Request,
    part: Part,
    *,
    out: Path,
    workers: int = 1,
    show_progress: bool = True,
) -> PartDone:
    """Simulate one part of the trials of `run_power`; arguments are the same."""
    planned = prepare_designs(designs, request)
    record = study_record(planned, request)
    jobs = [job for each in planned for job in study_jobs(each, request)]
    blocks = [block for job in jobs for block in job.blocks(request.replicates)]
    return run_part_of_trials(record, blocks, part, out, workers, show_progress=show_progress)


def study_document(designs: list[StudiedDesign], request: Request) -> dict[str, Any]:
    """Return the study as plain values, rounded as in files."""
    document = {
        "schema": POWER_SCHEMA,
        "seed": request.seed,
        "replicates": request.replicates,
        "changed": request.overrides,
        "asked": request.record(),
        "code_sha256": code_version("trials"),
        "mechanism_sha256": mechanisms(designs),
        "designs": [power_document(each) for each in designs],
        "paired": compare_designs(designs),
        "versions": versions(),
    }
    return {name: rounded_document(value) for name, value in document.items()}


@contextmanager
def _store(
    out: Path | None, scratch: ScratchFolder | None, record: dict[str, Any], resume: bool
) -> Iterator[Store]:
    if out is not None:
        with study_folder(record, out, resume) as store, resumable(out, "finished trials"):
            yield store
    elif scratch is not None:
        try:
            yield Store(scratch.path, lasting=False)
        except BaseException:
            scratch.remove()  # raised at once, because the error references all frames below it
            raise


def _write(results: Path, designs: list[StudiedDesign], document: dict[str, Any]) -> None:
    """Write archive, figures and manifest in one step."""
    from pretese.plots.style import save  # matplotlib takes a while to load
    from pretese.trial.report.figures.power_figures import draw_all

    with result_folder(results) as folder:
        write_archive(folder, designs, document)
        for name, figure in draw_all(document["designs"], folder).items():
            save(figure, folder / f"{name}.svg")
            save(figure, folder / f"{name}.png")
        write_manifest(folder, {"command": "pretese power", "seed": document["seed"]})
