"""How men are drawn, for the page of a power study: mechanism, numbers, states of nature."""

import math
from collections.abc import Mapping
from typing import Any

from pretese.trial.design.alternatives import SOURCED
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.endpoint import EndpointAnalysis
from pretese.trial.report.chapters import Rows, axes_words, both_arms
from simulate.scenario import Scenario
from simulate.scenario.load import load
from simulate.scenario.parameter_paths import parameters


def mechanism_rows(
    design: DesignFile, scenario: Scenario | None, how: Mapping[str, str | None]
) -> Rows:
    """Return what men are drawn from, as words; ``how`` trials were drawn is from the study."""
    if scenario is None:
        return [
            ("Mechanism", "every man of an arm has the same risk"),
            ("Dependence", "men are independent"),
            ("Drawn", _drawn(how)),
        ]  # fmt: skip
    behave = scenario.behaviour
    return [
        ("Question of the scenario", " ".join(scenario.question.split())),
        ("Mechanism", "diagnosis, hormones and testis volume give each man a reserve (log odds of "
         "sperm); the regimen of his arm is followed visit by visit and raises it directly, "
         "through normal FSH or through testosterone; a high reserve shows sperm in the "
         "ejaculate, a lower one at micro-TESE"),
        ("Dependence between endpoints", "one reserve decides ejaculate and retrieval; sperm leads "
         "to ICSI, transfers and birth"),
        ("Sites", _sites(design)),
        ("Calendar", _calendar(design)),
        ("Adherence", f"{100 * behave.missed_share.value:g} % of injections missed, "
         f"{100 * behave.dropout_share.value:g} % of men stop early; "
         f"{both_arms(design.crossover)} cross over"),
        ("Drawn", _drawn(how)),
    ]  # fmt: skip


def _drawn(how: Mapping[str, str | None]) -> str:
    if how["by"] == "men":
        return f"man by man: {how['why']}"
    return "by counts, of the same law: successes and men lost of each arm, and when they came"


def _sites(design: DesignFile) -> str:
    spread = 0.0 if design.site_spread is None else design.site_spread.value
    share = spread**2 / (spread**2 + math.pi**2 / 3)
    return (
        f"standard deviation {spread:g} log odds: intraclass correlation {share:.3f} on the "
        "logistic scale"
    )


def _calendar(design: DesignFile) -> str:
    if design.drift is None:
        return "men who come late are like those who come early, but for opening sites"
    return (
        f"every 12 months since the opening add {design.drift.value:g} log odds to the reserve of "
        "the men who come then, in both arms alike"
    )


def parameter_rows(
    design: DesignFile, scenario: Scenario | None
) -> list[tuple[str, str, str, str, str]]:
    """Return path, value, unit, status (with its range) and source of every number."""
    own = {name: getattr(design, name) for name in SOURCED}
    found = {name: number for name, number in own.items() if number is not None}
    rows = []
    for path, each in (found | (parameters(scenario) if scenario else {})).items():
        reach = f", {each.sweep[0]:g} to {each.sweep[1]:g}" if each.sweep else ""
        rows.append((path, f"{each.value:.4g}", each.unit, each.status + reach, each.source))
    return rows


def calibration_rows(design: DesignFile) -> list[tuple[str, str, str, str]]:
    """Return target, published, simulated and z of the certificate that the scenario rests on."""
    records = () if design.scenario is None else load(design.scenario).records
    if not records:
        return []
    return [
        (name, f"{each.published:g}", f"{each.simulated:.4g}", f"{each.distance:.2f}")
        for name, each in records[0].targets.items()
    ]


def configurations(
    design: DesignFile, scenario: Scenario | None, document: dict[str, Any]
) -> list[tuple[str, str, str]]:
    """Return states of nature, what was simulated of each, and why it belongs to the study."""
    effects = sorted({point["effect_percent"] for point in document["points"]})
    between = ", ".join(f"{e:g} %" for e in effects if 0 < e < 100)
    tornado, grid = document["tornado"], document["nuisance"]
    moved = f"{tornado['screened']} assumptions" if tornado else ""
    return [
        ("No effect", "simulated",
         "every analysis must keep its level where therapy does nothing for anyone"),
        ("The planned effect", "simulated", "it is what the size is for"),
        ("Between", f"{between} of the effect" if between else _NOT.format("--effect"),
         "the effect may be smaller than planned, and power falls with it"),
        ("Nuisance grid, with the effect and without",
         axes_words(grid["axes"]) if grid else _NOT.format("--nuisance"),
         "level and power may fail where several assumptions are wrong together; the worst cell "
         "is named"),
        ("Each assumption alone", moved or _NOT.format("--tornado"),
         "it tells which numbers the plan rests on"),
        ("No effect, but covariates that predict", _prognostic(scenario),
         "an adjusted analysis must not find an effect in prognosis"),
        ("A model that is wrong", _misspecified(design),
         "the truth is no model that an analysis could fit"),
        ("Drift over calendar time", _drift(design, grid),
         "recruitment takes years; men and laboratories change, and looks see early men alone"),
    ]  # fmt: skip


_NOT = "not simulated; give {}"


def _prognostic(scenario: Scenario | None) -> str:
    if scenario is None:
        return "not simulated: men of plain risks differ in nothing"
    names = ", ".join(("diagnosis", *scenario.spermatogenesis.prognosis))
    return f"simulated, as the trials without effect: {names} decide there who has sperm"


def _misspecified(design: DesignFile) -> str:
    fitted = [
        label
        for question, label in zip(design.questions, design.labels, strict=True)
        if _has_model(question.analysis)
    ]
    if not fitted:
        return "does not arise: no analysis here has a model with more than the arm"
    return (
        f"simulated throughout: the outcome model of {', '.join(fitted)} takes what the clinic "
        "writes down, fills gaps with a mean, and leaves out how the effect differs between men"
    )


def _has_model(analysis: EndpointAnalysis) -> bool:
    given = bool(analysis.covariates or analysis.strata)
    return analysis.method == "mixed" or (given and analysis.method != "mantel-haenszel")


def _drift(design: DesignFile, grid: dict[str, Any] | None) -> str:
    axis = (grid or {"axes": {}})["axes"].get("drift")
    words = []
    if design.drift is not None:
        words.append(f"{design.drift.value:g} log odds per 12 months in every trial, both arms "
                     f"alike ({design.drift.status}: {design.drift.source})")  # fmt: skip
    if axis:
        words.append(f"{', '.join(f'{v:g}' for v in axis)} log odds per 12 months in the grid")
    if words:
        return "; ".join(words)
    cure = "" if design.scenario is None else "; give drift or --nuisance drift=LOW,HIGH"
    return f"not simulated: men who come late are like those who come early{cure}"
