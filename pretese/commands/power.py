"""`pretese power`: how often a planned trial finds its effect, and how many men it needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from pretese.commands.options import Number, NumberRange, pairs_of, seed_option, settings, to_number
from pretese.io.input.regimen_files import regimen_files
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import result_folder
from pretese.io.output.versions import versions
from pretese.io.text.json_text import print_json, to_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.jobs.blocks import Store
from pretese.jobs.code import code_version
from pretese.jobs.execute import resumable, study_crew
from pretese.jobs.folder import study_folder
from pretese.plots.style import save
from pretese.screen.console import SafeConsole
from pretese.screen.progress import progress
from pretese.trial.design.alternatives import Axes
from pretese.trial.power.power_view import show_power
from pretese.trial.power.runner import Runner, passing_store
from pretese.trial.power.study import (
    Request,
    StudiedDesign,
    compare_designs,
    mechanisms,
    power_document,
    prepare_designs,
    study_design,
    study_record,
)
from pretese.trial.power.trial_tables import write_trials
from pretese.trial.report.power_figures import draw_all
from protocol.errors import InputError


@click.command()
@click.argument("designs", nargs=-1, required=True, metavar="DESIGN...")
@click.option(
    "--men", multiple=True, type=click.IntRange(10, 100_000),
    help="Men in both arms [the file's]. May be repeated: a curve.",
)  # fmt: skip
@click.option(
    "--effect", "effects", multiple=True, type=NumberRange(0, 100),
    help="Percent of the planned effect, beside 0 and 100. May be repeated: a curve.",
)  # fmt: skip
@click.option("--solve", type=Number(), help="Find the men for this power, such as 0.9.")
@click.option(
    "--replicates", type=click.IntRange(20, 10_000_000), default=2000, show_default=True,
    help="Simulated trials.",
)  # fmt: skip
@seed_option()
@click.option(
    "--nuisance", "axes", multiple=True, metavar="PATH=V1,V2,...",
    help="Values of an assumption for a worst case, such as dropout=0,10,20. May be repeated: all "
    "combinations.",
)  # fmt: skip
@click.option(
    "--tornado", is_flag=True, help="Move each assumption alone to either end of its range."
)
@click.option(
    "--set", "changes", multiple=True, metavar="PATH=NUMBER",
    help="Replace a number of the scenario, such as spermatogenesis.treatment.direct=0.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="Folder for finished blocks of trials, tables and figures.",
)  # fmt: skip
@click.option(
    "--by-men", is_flag=True,
    help="Draw every man, also where counts of men would do. Designs that are compared always are.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Continue, or extend, the study in --out.")
@click.option(
    "--workers", type=click.IntRange(1, 256), default=1, show_default=True,
    help="Processes; the result does not depend on it.",
)  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler to use in place of --workers.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def command(
    designs: tuple[str, ...],
    men: tuple[int, ...],
    effects: tuple[float, ...],
    solve: float | None,
    replicates: int,
    seed: int,
    axes: tuple[str, ...],
    tornado: bool,
    changes: tuple[str, ...],
    out: Path | None,
    by_men: bool,
    resume: bool,
    workers: int,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Simulate trials of each DESIGN (a shipped name or a file), always also under no effect.

    Men of plain risks, compared unadjusted, are drawn as counts where that is the same: many times
    faster.

    Designs are simulated on the same men, so that differences between them are paired. With --out
    finished work is kept: a run that was stopped continues with --resume, and --replicates may
    grow.
    """
    if resume and out is None:
        problem = "there is nothing to resume without --out"
        raise InputError.of("--resume", "", problem, "name the folder of the study")
    request = Request(
        men, tuple(e / 100 for e in effects), solve, replicates, seed, settings(changes),
        _axes(axes), tornado, by_men or len(designs) > 1,
    )  # fmt: skip
    planned = prepare_designs(designs, request)
    record = study_record(planned, request)
    regimens = [regimen_files(each.scenario) for each in planned]
    with (
        study_crew("trials", workers, scheduler) as crew,
        _store(out, record, resume) as store,
        progress("simulated trials") as tell,
    ):
        runner = Runner(store, crew, tell, request.by_men)
        answers = [study_design(each, request, runner) for each in planned]
        tell(0, 1, "tables and figures")
        for files in regimens:
            files.check()
        document = _document(answers, request)
        if out is not None:
            _write(out / "results", answers, document)
    if as_json:
        print_json(document)
    else:
        show_power(SafeConsole(), document)


@contextmanager
def _store(out: Path | None, record: dict[str, Any], resume: bool) -> Iterator[Store]:
    if out is None:
        with passing_store() as store:
            yield store
        return
    with study_folder(record, out, resume) as store, resumable(out, "finished trials"):
        yield store


def _axes(words: tuple[str, ...]) -> Axes:
    """Return ``PATH=V1,V2`` words as values by path."""
    axes: Axes = {}
    for path, text in pairs_of("--nuisance", words, "dropout=0,10,20").items():
        try:
            axes[path] = tuple(to_number(value) for value in text.split(","))
        except ValueError:
            cure = "write PATH=NUMBER,NUMBER, such as dropout=0,10,20"
            raise InputError.of("--nuisance", path, f"{text!r} is not understood", cure) from None
    return axes


def _document(answers: list[StudiedDesign], request: Request) -> dict[str, Any]:
    answered = {
        "seed": request.seed,
        "replicates": request.replicates,
        "changed": request.overrides,
        "asked": request.record(),
        "code_sha256": code_version("trials"),
        "mechanism_sha256": mechanisms(answers),
        "designs": [power_document(answer) for answer in answers],
        "paired": compare_designs(answers),
        "versions": versions(),
    }
    return {name: rounded_document(value) for name, value in answered.items()}


def _write(results: Path, answers: list[StudiedDesign], document: dict[str, Any]) -> None:
    """Write the design files as they were read, the document, every trial and the figures."""
    with result_folder(results) as folder:
        for answer in answers:
            text = answer.planned.text
            (folder / f"{answer.design.id}.yaml").write_bytes(text.encode())
            write_trials(answer.results, folder / f"{answer.design.id}.parquet")
        (folder / "power.json").write_text(to_json(document) + "\n", encoding="utf-8")
        for figure_name, figure in draw_all(document["designs"], folder).items():
            save(figure, folder / f"{figure_name}.svg")
            save(figure, folder / f"{figure_name}.png")
        write_manifest(folder, {"command": "pretese power", "seed": document["seed"]})
