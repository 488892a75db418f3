"""`pretese power`: how often a planned trial finds its effect, and how many men it needs."""

import json
import shutil
from pathlib import Path
from typing import Any

import click
import pandas as pd
from rich.console import Console

from pretese.commands.options import settings
from pretese.files import versions, whole_folder, write_manifest
from pretese.mechanism import mechanism_hash
from pretese.plots.power import draw_power
from pretese.plots.style import save
from pretese.progress import progress
from pretese.trial.design import design_path
from pretese.trial.page import show
from pretese.trial.study import Answer, Request, compare_designs, document_of, study_design
from protocol.errors import InputError


@click.command()
@click.argument("designs", nargs=-1, required=True, metavar="DESIGN...")
@click.option(
    "--men", multiple=True, type=click.IntRange(10, 100_000),
    help="Men in both arms [the file's]. May be repeated: a curve.",
)  # fmt: skip
@click.option(
    "--effect", "effects", multiple=True, type=click.FloatRange(0, 100),
    help="Percent of the planned effect, beside 0 and 100. May be repeated: a curve.",
)  # fmt: skip
@click.option("--solve", type=float, help="Find the men for this power, such as 0.9.")
@click.option(
    "--replicates", type=click.IntRange(20, 10_000_000), default=2000, show_default=True,
    help="Simulated trials.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option(
    "--workers", type=click.IntRange(1, 256), default=1, show_default=True,
    help="Processes; the result does not depend on it.",
)  # fmt: skip
@click.option(
    "--set", "changes", multiple=True, metavar="PATH=NUMBER",
    help="Replace a number of the scenario, such as spermatogenesis.treatment.direct=0.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="Folder for tables and figures.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def command(
    designs: tuple[str, ...],
    men: tuple[int, ...],
    effects: tuple[float, ...],
    solve: float | None,
    replicates: int,
    seed: int,
    workers: int,
    changes: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Simulate trials of each DESIGN (a shipped name or a file), always also under no effect.

    Designs are simulated on the same men, so that differences between them are paired.
    """
    request = Request(
        men, tuple(e / 100 for e in effects), solve, replicates, seed, workers, settings(changes)
    )
    with progress("simulated trials") as tell:
        answers = [study_design(name, request, tell) for name in designs]
    if len({answer.design.id for answer in answers}) < len(answers):
        raise InputError.of("power", "DESIGN", "two designs have the same id", "rename one of them")
    document = _document(answers, request)
    if out is not None:
        _write(out, designs, answers, document)
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        show(Console(), document)


def _document(answers: list[Answer], request: Request) -> dict[str, Any]:
    return {
        "seed": request.seed,
        "replicates": request.replicates,
        "changed": request.overrides,
        "mechanism_sha256": {
            answer.design.id: mechanism_hash(answer.scenario)
            for answer in answers
            if answer.scenario is not None
        },
        "designs": [document_of(answer) for answer in answers],
        "paired": compare_designs(answers),
        "versions": versions(),
    }


def _write(
    out: Path, names: tuple[str, ...], answers: list[Answer], document: dict[str, Any]
) -> None:
    """Write the design files, the document, every trial and the figure."""
    with whole_folder(out) as folder:
        for name, answer in zip(names, answers, strict=True):
            shutil.copyfile(design_path(name), folder / f"{answer.design.id}.yaml")
            frames = [
                pd.DataFrame(
                    {
                        "men": men,
                        "effect_percent": 100 * effect,
                        "trial": range(outcomes.replicates),
                        **outcomes.columns(),
                    }
                )
                for (men, effect), outcomes in sorted(answer.results.items())
            ]
            pd.concat(frames).to_parquet(folder / f"{answer.design.id}.parquet", index=False)
        text = json.dumps(document, indent=1)
        (folder / "power.json").write_text(text + "\n", encoding="utf-8")
        figure = draw_power(document["designs"])
        save(figure, folder / "power.svg")
        save(figure, folder / "power.png")
        write_manifest(folder, {"command": "pretese power", "seed": document["seed"]})
