"""`pretese reproduce`: the published study beside its simulated twin, number by number."""

from pathlib import Path

import click
import pandas as pd
from matplotlib.figure import Figure

from pretese.article.pitfalls.all_pitfalls import audit
from pretese.article.pitfalls.pitfalls_report import write_audit
from pretese.article.published import load_published
from pretese.article.report.compare import compare, comparison_frame, missed
from pretese.article.report.reproduction_page import draw_reproduction, render_reproduction
from pretese.article.report.reproduction_view import show_reproduction
from pretese.article.twin.run_twin import run_studies
from pretese.commands.options import seed_option
from pretese.io.input.regimen_files import regimen_files
from pretese.io.output.csv_file import write_csv
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import result_folder
from pretese.io.output.versions import versions
from pretese.io.text.json_text import plain, print_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.plots.style import save, svg
from pretese.screen.console import SafeConsole
from pretese.screen.endings import CheckFailedError
from pretese.screen.progress import progress
from protocol.reading.documents import content_hash, read_text
from protocol.regimen.load import load_regimen
from simulate.cohort.draw import draw_cohort
from simulate.core.shipped import published_path
from simulate.scenario import Scenario
from simulate.scenario.load import LoadedScenario, load
from simulate.tables.study_tables import dictionary, tables


@click.command()
@click.option("--scenario", "name", default="paper", show_default=True, help="Name or file.")
@click.option(
    "--replicates", type=click.IntRange(2, 1_000_000), default=200, show_default=True,
    help="Simulated studies.",
)  # fmt: skip
@seed_option(2022)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("out/reproduce"), show_default=True,
    help="Folder for the report, tables and one drawn cohort.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, 256), default=2, show_default=True,
    help="Processes; the result does not depend on it.",
)  # fmt: skip
@click.option(
    "--audit", "with_audit", is_flag=True,
    help="Also show each pitfall of the design on men with known truth (audit.html, .md, .csv).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as one JSON document.")
def command(
    name: str,
    replicates: int,
    seed: int,
    out: Path,
    workers: int,
    with_audit: bool,
    as_json: bool,
) -> None:
    """Draw studies, analyse each as the article does, and compare number by number.

    Exit code 3 if a number that the scenario is calibrated to is missed by more than 3 Monte
    Carlo standard errors.
    """
    loaded = load(name)
    scenario = loaded.scenario
    published = load_published(scenario.published)
    regimens = regimen_files(scenario)
    facts = _facts(loaded, seed, replicates)  # what was read, not what stands there later
    with result_folder(out) as folder:
        with progress("simulated studies") as tell:
            simulated = run_studies(
                scenario, seed, replicates, workers, lambda done: tell(done, replicates)
            )
        rows = compare(scenario, published, simulated)
        write_csv(comparison_frame(rows), folder / "published_vs_simulated.csv")
        cohort = _write_cohort(scenario, seed, folder / "cohort")
        figures = draw_reproduction(rows, simulated, published, cohort)
        drawn = _write_figures(figures, folder / "figures")
        page = render_reproduction(rows, simulated, published, drawn, facts)
        (folder / "report.html").write_text(page, encoding="utf-8")
        if with_audit:
            with progress("pitfalls") as tell:
                write_audit(audit(replicates, seed, tell), folder, replicates, seed)
        regimens.check()
        write_manifest(folder, facts)
    if as_json:
        print_json(rounded_document(plain(comparison_frame(rows))))
    else:
        show_reproduction(SafeConsole(), rows, simulated, out, replicates)
    failures = missed(rows)
    if failures:
        raise CheckFailedError(_verdict(failures[0].id, len(failures), len(scenario.targets)))


def _verdict(first: str, count: int, targets: int) -> str:
    chance = 1 - 0.9973**targets
    return (
        f"{count} of {targets} calibrated numbers lie beyond 3 Monte Carlo standard errors "
        f"(first: {first}); with that many checks, chance alone misses one in "
        f"{100 * chance:.0f} % of seeds"
    )


def _facts(loaded: LoadedScenario, seed: int, replicates: int) -> dict[str, object]:
    scenario, record = loaded.scenario, loaded.record_sha256
    regimens = sorted({arm.regimen for arm in scenario.arms.values()})
    published = content_hash(read_text(published_path(scenario.published)))
    return {
        "command": f"pretese reproduce --scenario {scenario.id} --replicates {replicates} "
        f"--seed {seed}",
        "scenario": scenario.id,
        "men": scenario.men,
        "replicates": replicates,
        "seed": seed,
        "versions": versions(),
        "inputs_sha256": {
            "scenario": loaded.file_sha256,
            "published": published,
            **({"certificate": record} if record else {}),
            **{f"regimen {each}": load_regimen(each).sha256 for each in regimens},
        },
    }


def _write_figures(figures: dict[str, Figure], folder: Path) -> dict[str, str]:
    """Write every figure as SVG and PNG; return the SVG texts, which the page holds as well."""
    folder.mkdir()
    drawn = {name: svg(figure) for name, figure in figures.items()}
    for name, figure in figures.items():
        (folder / f"{name}.svg").write_text(drawn[name], encoding="utf-8")
        save(figure, folder / f"{name}.png")
    return drawn


def _write_cohort(scenario: Scenario, seed: int, folder: Path) -> dict[str, pd.DataFrame]:
    """Write the first simulated study as the clinic would hold it, and its truth; return both."""
    folder.mkdir()
    first = tables(draw_cohort(scenario, seed))
    for name, table in first.items():
        write_csv(table, folder / f"{name}.csv")
    write_csv(dictionary(), folder / "dictionary.csv")
    return first
