"""A power study as one self-contained HTML page, and its sample-size statement."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, StrictUndefined

from estimate.performance import replicates_for
from pretese.mechanism import mechanism_hash
from pretese.plots.power import draw_power
from pretese.plots.style import svg
from pretese.trial.candidates import scenario_of
from pretese.trial.design import Design, read_design
from pretese.trial.further import main_point
from pretese.trial.narrate import Story, choose, tell_story
from pretese.trial.page import number
from pretese.trial.summary import SHARES, WORDS
from protocol.documents import read_text
from protocol.errors import InputError

#: Monte Carlo standard error of a power of 80 % that the page calls fine enough.
FINE = 0.01


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
    designs = [_section(folder, each, document) for each in document["designs"]]
    template = resources.files("pretese").joinpath("templates/power.html").read_text("utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(template)
    return page.render(
        document=document,
        designs=designs,
        figure=svg(draw_power(document["designs"])),
        paired=[
            {**row, "shown": number(row["power_difference"], share=True)}
            for row in document["paired"]
        ],
        needed=replicates_for(FINE, 0.8),
        fine=100 * FINE,
    )


def statement(design: Design, document: dict[str, Any]) -> str:
    """Return one paragraph on the sample size, ready for a protocol."""
    point = main_point(document)
    solved, measures, truth = document["solve"], point["measures"], point["truth"]
    null = next(
        p for p in document["points"] if p["men"] == point["men"] and p["effect_percent"] == 0
    )
    false_positive = number(null["measures"]["rejection"], share=True)
    bounds, exact = document["bounds"], point["exact"]
    looks = len(bounds["information_rates"])
    monitoring = "without interim analyses" if looks == 1 else (
        f"with {looks} looks ({bounds['name']}), ending after "
        f"{measures['analysed']['value']:.0f} analysed men on average"
    )  # fmt: skip
    lost = design.dropout.control_percent, design.dropout.treated_percent
    sentences = [
        f"With {point['men']} men in all, randomised {design.allocation[0]}:"
        f"{design.allocation[1]} ({design.randomisation.method}) at {len(design.sites)} "
        f"{'site' if len(design.sites) == 1 else 'sites'}, the trial rejects the null hypothesis "
        f"at a {_sided(bounds)} level of {100 * bounds['alpha']:g} % with a probability of "
        f"{number(measures['rejection'], share=True)}, {monitoring}.",
        f"This assumes success in {100 * truth['risk_control']:.1f} % of men under control and "
        f"{100 * truth['risk_treated']:.1f} % under treatment, and that {lost[0]:g} % and "
        f"{lost[1]:g} % are lost.",
        f"The primary estimand is the {document['estimand']}.",
        f"Power was simulated in {point['replicates']} trials, analysed as planned "
        f"({document['analysis']}); in brackets stands the Monte Carlo standard error in units of "
        "the last digit.",
        f"Without an effect the same trial rejects in {false_positive}.",
    ]
    if exact:
        sentences.append(f"Exact enumeration gives a power of {100 * exact['power']:.2f} %.")
    if solved:
        sentences.append(
            f"The size was solved for; its 95 % interval for Monte Carlo error is "
            f"{solved['low']} to {solved['high']} men."
        )
    sentences.append(
        f"Recruitment and follow-up take {measures['duration_months']['value']:.0f} months on "
        "average at the planned rates."
    )
    return " ".join(sentences)


def _sided(bounds: dict[str, Any]) -> str:
    return "one-sided" if bounds["sides"] == 1 else "two-sided"


def _read(folder: Path) -> dict[str, Any]:
    path = folder / "power.json"
    if not path.exists():
        problem = "there is no power.json"
        raise InputError.of(str(folder), "", problem, "run `pretese power DESIGN --out` first")
    try:
        document: dict[str, Any] = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        problem = f"this is not valid JSON ({error.msg})"
        raise InputError.of(str(path), f"line {error.lineno}", problem, "run power again") from None
    return document


def _section(folder: Path, document: dict[str, Any], study: dict[str, Any]) -> dict[str, Any]:
    design, sha256 = read_design(folder / f"{document['id']}.yaml")
    if sha256 != document["design_sha256"]:
        problem = "it changed after the trials were simulated"
        raise InputError.of(str(folder / f"{design.id}.yaml"), "", problem, "run power again")
    return {
        "document": document,
        "statement": statement(design, document),
        "design": _described(design),
        "text": read_text(folder / f"{design.id}.yaml"),
        "tables": [
            _table(document["points"][i : i + 4]) for i in range(0, len(document["points"]), 4)
        ],
        "looks": _looks(main_point(document)),
        "stories": _stories(folder, design, document, study),
        "assurance": [
            f"{row['men']} men: {number(row, share=True)}" for row in document["assurance"]
        ],
    }


def _described(design: Design) -> list[tuple[str, str]]:
    rule, end = design.randomisation, design.endpoint
    arms = "those of the scenario"
    if design.arms:
        arms = f"{design.arms.control.regimen} (control), {design.arms.treated.regimen} (treated)"
    source = f"scenario {design.scenario}" if design.scenario else "plain risks"
    blocks = f", blocks of {design.block}" if design.block else ""
    by = f" by {' and '.join(rule.by)}" if rule.by else ""
    parts = ":".join(map(str, design.allocation))
    used = [*design.analysis.covariates, *design.analysis.strata]
    return [
        ("Arms", arms),
        ("Men", source),
        ("Randomisation", f"{rule.method}{blocks}{by}, {parts}"),
        ("Sites", ", ".join(f"{s.name} (from month {s.at_months[0]:g})" for s in design.sites)),
        ("Endpoint", f"{end.variable}, known {end.known_after_months:g} months after recruitment"),
        ("Missing endpoints", end.missing),
        ("Crossover", f"{design.crossover.control_percent:g} % of control, "
                      f"{design.crossover.treated_percent:g} % of treated; {end.crossover}"),
        ("Analysis", design.analysis.method + (f", given {', '.join(used)}" if used else "")),
    ]  # fmt: skip


def _table(points: list[dict[str, Any]]) -> dict[str, Any]:
    heads = [
        f"{p['men']} men, "
        + ("no effect" if p["effect_percent"] == 0 else f"{p['effect_percent']:g} %")
        for p in points
    ]
    rows = [
        (words, [number(p["measures"][name], name in SHARES) for p in points])
        for name, words in WORDS.items()
    ]
    truth = [
        f"{100 * p['truth']['risk_control']:.1f} / {100 * p['truth']['risk_treated']:.1f} %"
        for p in points
    ]
    target = [number(p["truth"]["risk_difference"]) for p in points]
    checks = []
    for words, name, scale in (
        ("exact power, %", "power", 100.0),
        ("z of simulated against exact", "z", 1.0),
        ("closed form (an approximation), %", "closed_form", 100.0),
    ):
        values = [(p["exact"] or {}).get(name) for p in points]
        checks.append((words, ["-" if v is None else f"{scale * v:.2f}" for v in values]))
    rows = [("true risks, control / treated", truth), ("true effect", target), *rows, *checks]
    return {"heads": heads, "rows": rows}


def _looks(point: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **row,
            "rejects": number(row["rejects"], share=True),
            "stops_without": number(row["stops_without"], share=True),
        }
        for row in point["looks"]
    ]


def _stories(
    folder: Path, design: Design, document: dict[str, Any], study: dict[str, Any]
) -> list[Story]:
    scenario = scenario_of(design, study["changed"])
    if scenario is not None and mechanism_hash(scenario) != study["mechanism_sha256"][design.id]:
        problem = "the scenario has changed since the trials were simulated"
        raise InputError.of(design.id, "scenario", problem, "run power again")
    table = pd.read_parquet(folder / f"{design.id}.parquet")
    men = main_point(document)["men"]
    table = table[table.men == men]
    stories = []
    for title, which in choose(table, len(design.monitoring.looks_percent)).items():
        stored = table[(table.trial == which[0]) & np.isclose(table.effect_percent, which[1])].iloc[
            0
        ]
        stories.append(tell_story(design, scenario, study["seed"], men, title, which, stored))
    return stories
