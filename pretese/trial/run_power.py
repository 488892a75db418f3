"""Run a whole power study: simulate every design, keep the trials, write tables and figures."""

import shutil
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from pretese.io.input.regimen_files import regimen_files
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import result_folder
from pretese.io.output.versions import versions
from pretese.io.text.json_text import to_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.jobs.execute import finish_part, resumable, study_pool
from pretese.jobs.storage.blocks import Store
from pretese.jobs.storage.code_hash import code_version
from pretese.jobs.storage.parts import Part, PartDone
from pretese.jobs.storage.study_folder import part_of_study, study_folder
from pretese.screen.extras import need_extra
from pretese.screen.progress import Tell, progress
from pretese.trial.design.design_file import DesignFile
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
from pretese.trial.power.trial_tables import write_trials


class ScratchFolder:
    """A folder that is gone when nobody holds it any more, at the latest when the process ends."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="pretese-"))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class PowerRun:
    """A finished study.

    Attributes
    ----------
    document
        What it shows, as plain values.
    designs
        The designs with their simulated trials.
    results
        Folder of tables, figures and trials; None if none was asked for.
    scratch
        Keeps the replicates while it exists.
    """

    document: dict[str, Any]
    designs: list[StudiedDesign]
    results: Path | None
    scratch: ScratchFolder | None

    def archive(self) -> Path:
        """Return a folder with document, design files and trials; made on first use."""
        if self.results is not None:
            return self.results
        assert self.scratch is not None  # noqa: S101  one of the two is always there
        folder = self.scratch.path / "results"
        if not folder.exists():
            folder.mkdir()
            write_archive(folder, self.designs, self.document)
        return folder


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
        Folder for finished blocks of trials, tables and figures; whether to go on with it.
    workers, scheduler
        Processes here, or the address of a Dask scheduler; the result does not depend on them.
    show_progress
        Whether a bar on standard error shows how far the work is.
    """
    if out is not None:
        need_extra("plots", "out", otherwise="print the result without a folder")
    planned = prepare_designs(designs, request)
    record = study_record(planned, request)
    regimens = [regimen_files(each.scenario) for each in planned]
    scratch = ScratchFolder() if out is None else None
    bar = progress("simulated trials") if show_progress else _no_progress()
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
    bar = progress("simulated trials") if show_progress else _no_progress()
    with (
        study_pool("trials", workers, None) as pool,
        part_of_study(record, out, part) as store,
        resumable(part.folder(out), "finished trials", "the same --part"),
        bar as tell,
    ):
        return finish_part(part, blocks, store, pool, tell)


def study_document(designs: list[StudiedDesign], request: Request) -> dict[str, Any]:
    """Return a whole study as plain values, rounded as they are written."""
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


def write_archive(folder: Path, designs: list[StudiedDesign], document: dict[str, Any]) -> None:
    """Write the design files as they were read, every trial, and the document."""
    for each in designs:
        (folder / f"{each.design.id}.yaml").write_bytes(each.planned.text.encode())
        write_trials(each.results, folder / f"{each.design.id}.parquet")
    (folder / "power.json").write_text(to_json(document) + "\n", encoding="utf-8")


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
            scratch.remove()  # at once: who holds the error holds the frames below it too
            raise


def _no_progress() -> AbstractContextManager[Tell]:
    def tell(done: int, total: int, doing: str = "") -> None:
        """Show nothing."""

    return nullcontext(tell)


def _write(results: Path, designs: list[StudiedDesign], document: dict[str, Any]) -> None:
    """Write archive, figures and manifest in one step."""
    from pretese.plots.style import save  # matplotlib takes a while to load
    from pretese.trial.report.power_figures import draw_all

    with result_folder(results) as folder:
        write_archive(folder, designs, document)
        for name, figure in draw_all(document["designs"], folder).items():
            save(figure, folder / f"{name}.svg")
            save(figure, folder / f"{name}.png")
        write_manifest(folder, {"command": "pretese power", "seed": document["seed"]})
