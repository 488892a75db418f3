"""A power study as one self-contained HTML page, chapter by chapter.

The chapters follow ADEMP (Morris, White, Crowther. *Stat Med* 2019;38:2074-102) and regulatory
guidance on simulated designs: aims, trial, mechanism, estimands, methods, performance,
verification, results, example trials, conclusions, archive. Reporting items that were not done are
stated in their chapter; hashes, random streams and versions are in the last one.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pretese.io.input.parquet_file import parquet_errors
from pretese.io.text.html_page import render_page
from pretese.plots.style import svg
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.design_file import DesignFile, read_design
from pretese.trial.group_sequential.boundary_document import describe_boundaries
from pretese.trial.group_sequential.boundary_figure import draw_boundaries
from pretese.trial.power import additional_measures as more
from pretese.trial.power.additional_measures import main_point, null_point
from pretese.trial.power.decision_verdict import decision_words, draft_words
from pretese.trial.power.power_view import (
    EXACT_ROWS,
    GRID_HEADS,
    cell,
    cell_numbers,
    decision_cells,
    exact_cell,
    number,
    size_cells,
    worst_case,
)
from pretese.trial.power.study import POWER_SCHEMA
from pretese.trial.power.summary import COUNTED, SHARES, WORDS
from pretese.trial.report import archive_columns as columns
from pretese.trial.report import chapters
from pretese.trial.report import data_generation as drawn
from pretese.trial.report.example_trials import (
    ExampleTrial,
    choose_examples,
    examples,
    replay_trial,
)
from pretese.trial.report.power_figures import draw_design, draw_power
from pretese.trial.report.self_checks import (
    checks,
    conclusions,
    outside_checks,
    replicates_table,
)
from pretese.trial.report.statements import at_a_stop, in_plain_words, limits, statement
from protocol.errors import InputError
from protocol.reading.documents import MAX_JSON_BYTES, parse_json, read_text
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import mechanism_hash

#: Points side by side in one table.
ABREAST = 4


def render_report(folder: Path) -> str:
    """Return the page of a folder that `pretese power --out` has written.

    Parameters
    ----------
    folder
        That of the study, or the folder ``results`` in it.

    Raises
    ------
    InputError
        There is no power study in the folder, or its scenario has changed since.
    """
    folder = folder / "results" if (folder / "results").is_dir() else folder
    document = _read(folder)
    return render_page(
        "power.html",
        document=document,
        command=chapters.command_of(document),
        identity=chapters.identity(document),
        designs=[_section(folder, each, document) for each in document["designs"]],
        figure=svg(draw_power(document["designs"])),
        paired=[
            {**row, "shown": cell(row["power_difference"], share=True)}
            for row in document["paired"]
        ],
        files=sorted(path.name for path in folder.iterdir() if path.is_file()),
    )


def _read(folder: Path) -> dict[str, Any]:
    path = folder / "power.json"
    if not path.exists():
        problem = "there is no power.json"
        raise InputError.of(str(folder), "", problem, "run `pretese power DESIGN --out` first")
    document: dict[str, Any] = parse_json(read_text(path, MAX_JSON_BYTES), str(path))
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != POWER_SCHEMA:
        problem = f"its schema is {schema!r}; this version of the program reads {POWER_SCHEMA!r}"
        raise InputError.of(str(path), "schema", problem, "run `pretese power` again")
    return document


def _section(folder: Path, document: dict[str, Any], study: dict[str, Any]) -> dict[str, Any]:
    """Return all that the page shows of one design, chapter by chapter."""
    design = _planned(folder, document)
    scenario = scenario_of(design, study["changed"])
    trials, points = _trials(folder, design), document["points"]
    replayed = _stories(trials, design, scenario, document, study)
    attributes, events = chapters.estimand_rows(design)
    return {
        "document": document,
        "draft": draft_words(document),
        "summary": chapters.summary_rows(document),
        "boundaries": chapters.boundary_rows(design, document),
        "boundary_figure": svg(draw_boundaries(describe_boundaries(design.monitoring.plan()))),
        "statement": statement(design, document, study["versions"].get("pretese", "")),
        "plain": in_plain_words(document),
        "about": chapters.about(design, document),
        "plan": chapters.plan_and_run(design, document, study),
        "design": chapters.described(design),
        "mechanism": drawn.mechanism_rows(design, scenario, document["simulation"]),
        "parameters": drawn.parameter_rows(design, scenario),
        "calibration": drawn.calibration_rows(design),
        "configurations": drawn.configurations(design, scenario, document),
        "attributes": attributes,
        "events": events,
        "truth": chapters.truth_rows(document),
        "truth_words": chapters.truth_words(design, document["simulation"]["level"]),
        "methods": [*chapters.methods(design), *at_a_stop(design)],
        "tables": [_table(points[i : i + ABREAST]) for i in range(0, len(points), ABREAST)],
        "main": _head(main_point(document)),
        "analyses": _analyses(main_point(document)),
        "null_analyses": _analyses(null_point(document)),
        "sizes": [size_cells(point) for point in points if point["reestimation"]],
        "endpoints": _endpoints(main_point(document), null_point(document)),
        "assurance": [f"{row['participants']} participants: {number(row, share=True)}"
                      for row in document["assurance"]],
        "replicates_to_settle": replicates_table(document),
        "checks": [*checks(document), *outside_checks(len(replayed))],
        "figures": {name: svg(each) for name, each in draw_design(document, folder).items()},
        "grid_heads": list(GRID_HEADS),
        "cells": _cells(document["sensitivity"]),
        "worst": worst_case(document["sensitivity"]) if document["sensitivity"] else "",
        "example_trials": replayed,
        "conclusions": conclusions(document),
        "decision": _decision(document["decision"]),
        "limits": limits(design),
        "dictionary": columns.dictionary_rows(pq.read_schema(trials).names),
        "text": read_text(folder / f"{design.id}.yaml"),
    }  # fmt: skip


def _trials(folder: Path, design: DesignFile) -> Path:
    """Return the file of all trials; raise if it is damaged or gone."""
    trials = folder / f"{design.id}.parquet"
    try:
        pq.read_schema(trials)
    except (OSError, pa.ArrowInvalid):
        problem = "the file of replicates is damaged or missing"
        raise InputError.of(str(trials), "", problem, "run `pretese power` again") from None
    return trials


def _planned(folder: Path, document: dict[str, Any]) -> DesignFile:
    """Return the design that was simulated; raise if its file has changed since."""
    design, sha256 = read_design(folder / f"{document['id']}.yaml")
    if sha256 != document["design_sha256"]:
        problem = "it has changed since the simulation"
        raise InputError.of(
            str(folder / f"{design.id}.yaml"), "", problem, "run `pretese power` again"
        )
    return design


def _head(point: dict[str, Any]) -> str:
    share = point["effect_percent"]
    return f"{point['participants']} participants, " + (
        f"{share:g} % of the effect" if share else "no effect"
    )


def _table(points: list[dict[str, Any]]) -> dict[str, Any]:
    heads = [_head(point) for point in points]
    rows = [
        ("replicates with an estimate", [f"{p['measures']['bias']['n']:,}" for p in points]),
        *_measured(points, WORDS, SHARES),
        *_measured(points, more.WORDS, more.SHARES),
    ]
    for name, words in (("recruited", "participants recruited"), ("duration_months", "months")):
        for share in more.QUANTILES:
            cells = [cell(p["quantiles"][name][f"{100 * share:g}"]) for p in points]
            rows.append((f"{words}, {100 * share:g} % quantile", cells))
    rows.append(("maximum sample size", [str(_most(p)) for p in points]))
    for words, name, scale in EXACT_ROWS:
        pairs = [
            ((p["exact"] or {}).get(name), (p["exact"] or {}).get(f"{name}_mcse")) for p in points
        ]
        if any(value is not None for value, _ in pairs):
            rows.append((words, [exact_cell(v, e, scale) for v, e in pairs]))
    return {"heads": heads, "rows": rows}


def _measured(
    points: list[dict[str, Any]], words: dict[str, str], shares: frozenset[str]
) -> list[tuple[str, list[str]]]:
    return [(text, [cell(p["measures"][name], name in shares,
    counted=name in COUNTED) for p in points])
            for name, text in words.items() if name in points[0]["measures"]]  # fmt: skip


def _most(point: dict[str, Any]) -> int:
    return int(point["reestimation"]["most"] if point["reestimation"] else point["participants"])


def _analyses(point: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **row,
            "efficacy_stop": cell(row["efficacy_stop"], share=True),
            "futility_stop": cell(row["futility_stop"], share=True),
            "median_months": cell(row["median_months"]),
        }
        for row in point["analyses"]
    ]


def _endpoints(point: dict[str, Any], none: dict[str, Any]) -> dict[str, Any]:
    """Return rows of several endpoints, and family-wise errors; empty for a single endpoint."""
    if not point["family"]:
        return {}
    family, alone = point["family"], [row["alone"] for row in none["endpoints"]]
    return {
        "rows": [
            (row["name"], cell(row["truth"]), cell(row["bias"]),
             cell(row["coverage"], share=True), cell(error, share=True),
             cell(row["alone"], share=True), cell(row["claimed"], share=True))
            for row, error in zip(point["endpoints"], alone, strict=True)
        ],
        "family": [
            ("at least one claim, %", cell(family["any"], share=True)),
            ("all claims, %", cell(family["all"], share=True)),
            *((f"false claim, no effect on {', '.join(each['nulls'])}, %",
               cell(each, share=True)) for each in family["errors"]),
        ],
    }  # fmt: skip


def _cells(grid: dict[str, Any] | None) -> list[list[str]]:
    if grid is None:
        return []
    return [[*(f"{v:g}" for v in cell["at"].values()), *cell_numbers(cell)]
            for cell in grid["cells"]]  # fmt: skip


def _decision(decision: dict[str, Any] | None) -> dict[str, Any]:
    """Return thresholds with their verdicts, and what follows; empty if none was fixed."""
    if decision is None:
        return {}
    rows = [decision_cells(part) for part in decision["parts"]]
    return {"rows": rows, "words": decision_words(decision)}


def _stories(
    trials: Path, design: DesignFile, scenario: Scenario | None, document: dict[str, Any],
    study: dict[str, Any],
) -> list[ExampleTrial]:  # fmt: skip
    if scenario is not None and mechanism_hash(scenario) != study["mechanism_sha256"][design.id]:
        problem = "the scenario has changed since the simulation"
        raise InputError.of(design.id, "scenario", problem, "run `pretese power` again")
    participants = main_point(document)["participants"]
    if document["simulation"]["level"] == "binomial":
        table = examples(design, study["seed"], participants)
    else:
        with parquet_errors(str(trials)):
            table = pd.read_parquet(trials, filters=[("participants", "==", participants)])
    replayed = []
    for title, which in choose_examples(table, len(design.monitoring.analyses_percent)).items():
        here = table[(table.trial == which[0]) & np.isclose(table.effect_percent, which[1])]
        replayed.append(
            replay_trial(design, scenario, study["seed"], participants, title, which, here.iloc[0])
        )
    return replayed
