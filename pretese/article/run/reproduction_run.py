"""Simulate studies, analyse each as the article does, compare, and write the report."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pretese.article.pitfalls.all_pitfalls import all_pitfalls
from pretese.article.pitfalls.pitfall_result import Pitfall
from pretese.article.pitfalls.pitfalls_report import write_bias_analysis
from pretese.article.published import PublishedStudy, load_published_hashed
from pretese.article.report.compare import Row, compare, comparison_frame, missed
from pretese.article.report.joint_facts import Prediction, joint_frame, joint_predictions
from pretese.article.report.reproduction_page import (
    draw_reproduction,
    render_reproduction,
    summary,
)
from pretese.article.run.ensemble_comparison import (
    EnsembleComparison,
    compare_over_ensemble,
    effect_bands,
    ensemble_frame,
)
from pretese.article.simulated.fsh_influence import (
    FshInfluence,
    fsh_influences,
    transported_frame,
)
from pretese.article.simulated.run_studies import run_studies
from pretese.io.input.regimen_files import regimen_files
from pretese.io.output.csv_file import write_csv
from pretese.io.output.manifest import write_manifest
from pretese.io.output.versions import versions
from pretese.plots.style import save, svg
from protocol.regimen.load import load_regimen
from simulate.cohort.draw import draw_cohort
from simulate.scenario import Scenario
from simulate.scenario.ensemble import ensemble_for
from simulate.scenario.load import LoadedScenario
from simulate.scenario.transported import Transported
from simulate.tables.study_tables import columns_of, dictionary, tables

Floats = NDArray[np.float64]
#: Opens a progress bar with a title; yields a function of the number done and the total.
Progress = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


@dataclass(frozen=True, slots=True)
class ReproductionRun:
    """The published study compared with simulated ones.

    ``simulated`` contains every statistic and true effect by id, shape (replicate,); ``rows``
    compare the published numbers with them; ``transported`` are numbers of other patients or doses,
    ``influences`` what depends on them; ``joint`` compares joint facts of other sources;
    ``pitfalls`` is the bias analysis, if requested. ``facts`` records inputs and options, with the
    hashes of the files when they were read. ``ensemble`` compares over parameter sets, if these
    were requested.
    """

    scenario: Scenario
    published: PublishedStudy
    replicates: int
    seed: int
    simulated: Mapping[str, Floats]
    rows: list[Row]
    transported: Transported
    influences: list[FshInfluence]
    joint: list[Prediction]
    pitfalls: list[Pitfall] | None
    facts: Mapping[str, Any]
    ensemble: EnsembleComparison | None = None

    @property
    def verdict(self) -> str:
        """The missed calibration targets in a sentence; empty if there are none."""
        failures = missed(self.rows)
        if not failures:
            return ""
        targets = len(self.scenario.targets)
        chance = 1 - 0.9973**targets
        return (
            f"{len(failures)} of {targets} calibration targets missed by more than 3 Monte Carlo "
            f"standard errors (first: {failures[0].id}); by chance alone, at least one of that "
            f"many targets is missed with {100 * chance:.0f} % of seeds"
        )

    def cohort(self) -> dict[str, pd.DataFrame]:
        """Return the first simulated study as observed, with its true effects."""
        return tables(draw_cohort(self.scenario, self.seed))

    def figures(self, cohort: Mapping[str, pd.DataFrame]) -> dict[str, Figure]:
        """Draw the figures of the report, by name; ``cohort`` is the first simulated study."""
        return draw_reproduction(self.rows, self.simulated, self.published, cohort)


def reproduce_article(
    loaded: LoadedScenario,
    replicates: int,
    seed: int,
    workers: int,
    with_bias_analysis: bool,
    progress: Progress,
    worlds: int | None = None,
) -> ReproductionRun:
    """Simulate studies, analyse each as the article does, and compare number by number.

    Raises
    ------
    InputError
        The published study cannot be read, a number is not modelled without a reason, or a
        regimen file changed meanwhile.
    """
    scenario = loaded.scenario
    ensemble = None if worlds is None else ensemble_for(loaded, worlds)
    published, sha256 = load_published_hashed(scenario.published)
    regimens = regimen_files(scenario)
    facts = _facts(
        loaded, sha256, seed, replicates
    )  # hashes of the files as read, even if they change later
    with progress("simulated studies") as tell:
        simulated = run_studies(
            scenario, seed, replicates, workers, lambda done: tell(done, replicates)
        )
    rows, pitfalls = compare(scenario, published, simulated), None
    joint, transported = joint_predictions(simulated), loaded.transported
    influences = fsh_influences(scenario, transported, seed)
    if with_bias_analysis:
        with progress("pitfalls") as tell:
            pitfalls = all_pitfalls(replicates, seed, tell)
    over = None
    if ensemble is not None:
        with progress("parameter sets") as tell:
            over = compare_over_ensemble(
                scenario, ensemble, published, replicates, seed, workers,
                lambda done: tell(done, len(ensemble.changes)),
            )  # fmt: skip
    regimens.check()
    return ReproductionRun(
        scenario, published, replicates, seed, simulated, rows, transported, influences, joint,
        pitfalls, {**facts, **_ensemble_facts(facts, over)}, over,
    )  # fmt: skip


def _ensemble_facts(facts: Mapping[str, Any], over: EnsembleComparison | None) -> dict[str, Any]:
    if over is None:
        return {}
    return {
        "command": f"{facts['command']} --worlds {over.worlds}",
        "worlds": over.worlds,
        "inputs_sha256": {**facts["inputs_sha256"], "ensemble": over.sha256},
    }


def write_reproduction(run: ReproductionRun, folder: Path) -> None:
    """Write report, tables, figures and one simulated cohort into an open folder of results."""
    write_csv(comparison_frame(run.rows), folder / "published_vs_simulated.csv")
    write_csv(
        transported_frame(run.transported, run.influences), folder / "transported_numbers.csv"
    )
    write_csv(joint_frame(run.joint), folder / "joint_facts.csv")
    if run.ensemble is not None:
        write_csv(ensemble_frame(run.ensemble), folder / "parameter_sets.csv")
    cohort = run.cohort()
    _write_cohort(run.scenario, cohort, folder / "cohort")
    drawn = _write_figures(run.figures(cohort), folder / "figures")
    page = render_reproduction(
        run.rows, run.simulated, run.published, drawn, run.facts, run.transported,
        run.influences, run.joint, ensemble=_ensemble_chapter(run),
    )  # fmt: skip
    (folder / "report.html").write_text(page, encoding="utf-8")
    if run.pitfalls is not None:
        write_bias_analysis(run.pitfalls, folder, run.replicates, run.seed)
    write_manifest(folder, run.facts)


def _ensemble_chapter(run: ReproductionRun) -> dict[str, Any] | None:
    """Return the chapter of the page about the parameter sets."""
    over = run.ensemble
    if over is None:
        return None
    before, after = summary(run.rows), summary(over.rows)
    shown = ensemble_frame(over)
    widest = shown[shown["status"] == "predicted"].sort_values("open_share", ascending=False)
    return {
        "worlds": over.worlds, "studies": over.studies,
        "before": before["inside"], "after": after["inside"], "predicted": before["predicted"],
        "effects": effect_bands(over),
        "open": widest.head(15).to_dict("records"),
    }  # fmt: skip


def _facts(loaded: LoadedScenario, published: str, seed: int, replicates: int) -> dict[str, Any]:
    scenario, record = loaded.scenario, loaded.record_sha256
    regimens = sorted({arm.regimen for arm in scenario.arms.values()})
    return {
        "command": f"pretese reproduce --scenario {scenario.id} --replicates {replicates} "
        f"--seed {seed}",
        "scenario": scenario.id,
        "patients": scenario.patients,
        "replicates": replicates,
        "seed": seed,
        "versions": versions(),
        "inputs_sha256": {
            "scenario": loaded.file_sha256,
            "published": published,
            **({"calibration_record": record} if record else {}),
            **{f"regimen {each}": load_regimen(each).sha256 for each in regimens},
        },
    }


def _write_figures(figures: Mapping[str, Figure], folder: Path) -> dict[str, str]:
    """Write every figure as SVG and PNG; return the SVG texts for the page."""
    folder.mkdir()
    drawn = {name: svg(figure) for name, figure in figures.items()}
    for name, figure in figures.items():
        (folder / f"{name}.svg").write_text(drawn[name], encoding="utf-8")
        save(figure, folder / f"{name}.png")
    return drawn


def _write_cohort(scenario: Scenario, cohort: Mapping[str, pd.DataFrame], folder: Path) -> None:
    folder.mkdir()
    for name, table in cohort.items():
        write_csv(table, folder / f"{name}.csv")
    write_csv(dictionary(cohort, columns_of(scenario)), folder / "dictionary.csv")
