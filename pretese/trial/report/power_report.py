"""The report of a power study as one self-contained HTML page.

The chapters follow ADEMP (Morris, White, Crowther. *Stat Med* 2019;38:2074-102) and regulatory
guidance on simulated designs: aims, trial, mechanism, estimands, methods, performance,
verification, results, example trials, conclusions, archive. Reporting items that were not done are
stated in their chapter; hashes, random streams and versions are in the last one.
"""

from collections.abc import Mapping
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
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.group_sequential.boundary_document import describe_boundaries
from pretese.trial.group_sequential.boundary_figure import draw_boundaries
from pretese.trial.power.additional_measures import main_point, null_point
from pretese.trial.power.decision_verdict import draft_words
from pretese.trial.power.study import BAYESIAN_SCHEMA, MULTI_ARM_SCHEMA, POWER_SCHEMA
from pretese.trial.report import archive_columns as columns
from pretese.trial.report import chapters, design_words
from pretese.trial.report import data_generation as drawn
from pretese.trial.report.example_trials import (
    ExampleTrial,
    choose_examples,
    examples,
    replay_trial,
)
from pretese.trial.report.figures.power_figures import draw_design, draw_power
from pretese.trial.report.self_checks import (
    checks,
    conclusions,
    outside_checks,
    replicates_table,
)
from pretese.trial.report.statements import (
    access_words,
    at_a_stop,
    harm_words,
    in_plain_words,
    limits,
    statement,
)
from pretese.trial.views.measure_words import cell, number
from pretese.trial.views.page_tables import (
    analysis_rows,
    endpoint_rows,
    grid_rows,
    measure_rows,
    verdict_rows,
)
from pretese.trial.views.performance_tables import decision_rows, point_words, size_cells
from pretese.trial.views.sensitivity_tables import GRID_HEADS, worst_case
from pretese.trial.views.subgroup_tables import (
    EFFECT_HEADS,
    INTERACTION_HEADS,
    subgroup_claim_rows,
    subgroup_effect_rows,
    subgroup_interaction_rows,
)
from protocol.errors import InputError
from protocol.reading.documents import MAX_JSON_BYTES, parse_json, read_text
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import mechanism_hash
from simulate.scenario.transported import Transported

#: Number of points in one table.
ABREAST = 4


def render_report(folder: Path, beliefs: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """Return the page of a folder that `pretese power --out` has written.

    Parameters
    ----------
    folder
        Folder of the study, or its folder ``results``.
    beliefs
        The chapter on evidence and beliefs of each design, by its name, as `belief_chapter` gives
        it; None: there is no such chapter.

    Raises
    ------
    InputError
        There is no power study in the folder, or its scenario has changed since.
    """
    folder = folder / "results" if (folder / "results").is_dir() else folder
    document = read_study(folder)
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
        beliefs=beliefs or {},
        files=sorted(path.name for path in folder.iterdir() if path.is_file()),
    )


def read_study(folder: Path) -> dict[str, Any]:
    """Return the document of a power study, of two arms or of several; raise if there is none."""
    path = folder / "power.json"
    if not path.exists():
        problem = "there is no power.json"
        raise InputError.of(str(folder), "", problem, "run `pretese power DESIGN --out` first")
    document: dict[str, Any] = parse_json(read_text(path, MAX_JSON_BYTES), str(path))
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema not in (POWER_SCHEMA, MULTI_ARM_SCHEMA, BAYESIAN_SCHEMA):
        problem = f"its schema is {schema!r}; this version of the program reads {POWER_SCHEMA!r}"
        raise InputError.of(str(path), "schema", problem, "run `pretese power` again")
    return document


def _section(folder: Path, document: dict[str, Any], study: dict[str, Any]) -> dict[str, Any]:
    """Return the content of the page for one design."""
    design = _planned(folder, document)
    scenario = scenario_of(design, study["changed"])
    trials = _trials(folder, design)
    replayed = _stories(trials, design, scenario, document, study)
    return {
        "document": document,
        **_aims(design, document, study),
        **_mechanism(design, scenario, document),
        **_results(document),
        "checks": [*checks(document), *outside_checks(len(replayed))],
        "figures": {name: svg(each) for name, each in draw_design(document, folder).items()},
        "example_trials": replayed,
        "limits": limits(design),
        "dictionary": columns.dictionary_rows(pq.read_schema(trials).names),
        "text": read_text(folder / f"{design.id}.yaml"),
    }


def _subgroups(main: dict[str, Any], null: dict[str, Any]) -> dict[str, Any]:
    """Return the tables of subgroups, with the planned effect and without."""
    pairs = ((main, point_words(main)), (null, "no effect"))
    if not main["subgroups"]:
        return {"subgroups": []}
    return {
        "subgroups": [
            {
                "words": words,
                "effects": subgroup_effect_rows(point),
                "interactions": subgroup_interaction_rows(point),
            }
            for point, words in pairs
        ],
        "subgroup_heads": [_flat(head) for head in EFFECT_HEADS]
        + (["claimed, %"] if main["subgroup_claims"] else []),
        "interaction_heads": [_flat(head) for head in INTERACTION_HEADS],
        "subgroup_claims": [(words, cells[0]) for words, cells in subgroup_claim_rows([main])]
        if main["subgroup_claims"]
        else [],
    }


def _flat(head: str) -> str:
    return head.replace("-\n", "").replace("\n", " ")


def _aims(design: DesignFile, document: dict[str, Any], study: dict[str, Any]) -> dict[str, Any]:
    """Return the chapters on the planned trial, and the statements on its sample size."""
    attributes, events = design_words.estimand_rows(design)
    return {
        "draft": draft_words(document),
        "summary": chapters.summary_rows(document),
        "boundaries": chapters.boundary_rows(design, document),
        "boundary_figure": svg(draw_boundaries(describe_boundaries(design.monitoring.plan()))),
        "statement": statement(design, document, study["versions"].get("pretese", "")),
        "plain": in_plain_words(document),
        "harm": harm_words(design),
        "access": access_words(design),
        "about": chapters.about(design, document),
        "plan": chapters.plan_and_run(design, document, study),
        "design": design_words.described(design),
        "attributes": attributes,
        "events": events,
        "methods": [*design_words.methods(design), *at_a_stop(design)],
    }


def _mechanism(
    design: DesignFile, scenario: Scenario | None, document: dict[str, Any]
) -> dict[str, Any]:
    """Return the chapters on the data-generating mechanism and the true effect."""
    found = document["transported"]
    return {
        "mechanism": drawn.mechanism_rows(design, scenario, document["simulation"]),
        "parameters": drawn.parameter_rows(design, scenario),
        "calibration": drawn.calibration_rows(design),
        "configurations": drawn.configurations(design, scenario, document),
        "transported": found and Transported.model_validate(found),
        "truth": chapters.truth_rows(document),
        "truth_words": chapters.truth_words(design, document["simulation"]["level"]),
    }


def _results(document: dict[str, Any]) -> dict[str, Any]:
    """Return the chapters on performance, sensitivity and the decision."""
    points, main, null = document["points"], main_point(document), null_point(document)
    grid = document["sensitivity"]
    return {
        "tables": [measure_rows(points[i : i + ABREAST]) for i in range(0, len(points), ABREAST)],
        "main": point_words(main),
        "analyses": analysis_rows(main),
        "decisions": decision_rows(main),
        **_subgroups(main, null),
        "null_analyses": analysis_rows(null),
        "sizes": [size_cells(point) for point in points if point["reestimation"]],
        "endpoints": endpoint_rows(main, null),
        "assurance": [
            f"{row['participants']} participants: {number(row, share=True)}, "
            f"{number(row['expected_participants'])} participants expected"
            for row in document["assurance"]
        ],
        "replicates_to_settle": replicates_table(document),
        "grid_heads": list(GRID_HEADS),
        "cells": grid_rows(grid),
        "worst": worst_case(grid) if grid else "",
        "conclusions": conclusions(document),
        "decision": verdict_rows(document["decision"]),
    }  # fmt: skip


def _trials(folder: Path, design: DesignFile) -> Path:
    """Return the file of all trials; raise if it is damaged or missing."""
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
