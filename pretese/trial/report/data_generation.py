"""Data-generating mechanism of a power study: parameters, calibration, scenarios simulated."""

import math
from collections.abc import Mapping
from typing import Any

from pretese.trial.design.alternatives import SOURCED
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.endpoint import EndpointAnalysis
from pretese.trial.report.design_words import Rows, axes_words, both_arms
from pretese.trial.views.curve_view import curve_words
from pretese.trial.views.measure_words import cell
from simulate.labels import label_of
from simulate.scenario import Scenario
from simulate.scenario.load import load
from simulate.scenario.parameter_paths import parameters


def mechanism_rows(
    design: DesignFile, scenario: Scenario | None, level: Mapping[str, str | None]
) -> Rows:
    """Return the data-generating mechanism as text; ``level`` is that of the simulation."""
    if scenario is None:
        return [
            ("Mechanism", "every participant of an arm has the same event rate"),
            ("Dependence", "participants are independent"),
            ("Simulation", _level(level)),
        ]  # fmt: skip
    behave = scenario.behaviour
    return [
        ("Question of the scenario", " ".join(scenario.question.split())),
        ("Mechanism", "diagnosis, hormones and testis volume determine a latent spermatogenic "
         "liability (log odds); the regimen of the arm is followed visit by visit and raises it "
         "directly, through normal FSH or through testosterone; a high liability shows sperm in "
         "the ejaculate, a lower one at micro-TESE"),
        ("Dependence between endpoints", "one liability determines sperm in the ejaculate and "
         "retrieval; sperm leads to ICSI, transfers and birth"),
        ("Sites", _sites(design)),
        ("Calendar time", _calendar(design)),
        ("Adherence", f"{100 * behave.missed_share.value:g} % of injections missed, "
         f"{100 * behave.dropout_share.value:g} % of participants stop early; treatment "
         f"switching: {both_arms(design.treatment_switching)}"),
        ("Simulation", _level(level)),
    ]  # fmt: skip


def _level(level: Mapping[str, str | None]) -> str:
    if level["level"] == "patient-level":
        return f"patient level: {level['reason']}"
    return "binomial counts of events, dropouts and arrivals: the same distribution as patients"


def _sites(design: DesignFile) -> str:
    sd = 0.0 if design.site_sd is None else design.site_sd.value
    share = sd**2 / (sd**2 + math.pi**2 / 3)
    return (
        f"standard deviation {sd:g} on the log odds: intraclass correlation {share:.3f} on the "
        "logistic scale"
    )


def _calendar(design: DesignFile) -> str:
    if design.calendar_trend is None:
        return "no calendar-time trend other than site opening"
    return (
        f"every 12 months add {design.calendar_trend.value:g} to the log odds of participants who "
        "are recruited then, in both arms"
    )


def parameter_rows(
    design: DesignFile, scenario: Scenario | None
) -> list[tuple[str, str, str, str, str]]:
    """Return path, value, unit, status with range, and source of every number."""
    own = {name: getattr(design, name) for name in SOURCED}
    found = {name: number for name, number in own.items() if number is not None}
    rows = []
    for path, each in (found | (parameters(scenario) if scenario else {})).items():
        reach = f", {each.sweep[0]:g} to {each.sweep[1]:g}" if each.sweep else ""
        rows.append((path, f"{each.value:.4g}", each.unit, each.status + reach, each.source))
    return rows


def calibration_rows(design: DesignFile) -> list[tuple[str, str, str, str]]:
    """Return target, published, simulated and z of the calibration record of the scenario."""
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
    """Return scenarios, their settings, and the reason to simulate each."""
    effects = sorted({point["effect_percent"] for point in document["points"]})
    between = ", ".join(f"{e:g} %" for e in effects if 0 < e < 100)
    tornado, grid = document["tornado"], document["sensitivity"]
    moved = f"{tornado['screened']} assumptions" if tornado else ""
    return [
        ("No effect", "simulated", "type I error under the null hypothesis"),
        ("Planned effect", "simulated", "power at the planned sample size"),
        ("Intermediate effects", f"{between} of the effect" if between else _NOT.format("--effect"),
         "power if the effect is smaller than planned"),
        *_between_sizes(document["interpolation"]),
        ("Sensitivity grid, with and without effect",
         axes_words(grid["axes"]) if grid else _NOT.format("--sensitivity"),
         "power and type I error if several assumptions are wrong; the worst case is named"),
        ("One assumption at a time", moved or _NOT.format("--tornado"),
         "the assumptions on which the power depends most"),
        ("No effect, prognostic covariates", _prognostic(scenario),
         "an adjusted analysis must not attribute prognosis to treatment"),
        ("Misspecified model", _misspecified(design),
         "the data-generating mechanism differs from the model of the analysis"),
        ("Calendar-time trend", _calendar_trend(design, grid),
         "populations and laboratories change during recruitment"),
    ]  # fmt: skip


def _between_sizes(curve: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    """Return how the power of further sample sizes was found; nothing unless requested."""
    if curve is None:
        return []
    if curve["not_interpolated"]:
        words = f"simulated, not interpolated: {curve['not_interpolated']}"
    else:
        powers = "; ".join(
            f"{point['participants']} participants, {point['effect_percent']:g} % of the effect: "
            + cell({"value": point["power"], "mcse": point["power_error"]}, share=True)
            + " %"
            for point in curve["interpolated"]
        )
        words = f"{curve_words(curve)} {powers}"
    return [("Further sample sizes", words, "power over many sizes")]


_NOT = "not simulated; give {}"


def _prognostic(scenario: Scenario | None) -> str:
    if scenario is None:
        return "not applicable: event rates are fixed"
    names = ", ".join(map(label_of, ("diagnosis", *scenario.spermatogenesis.prognosis)))
    return f"simulated in the trials without effect: {names} determine the outcome"


def _misspecified(design: DesignFile) -> str:
    fitted = [
        label_of(label)
        for question, label in zip(design.questions, design.labels, strict=True)
        if _has_model(question.analysis)
    ]
    if not fitted:
        return "not applicable: no analysis model contains more than the arm"
    return (
        f"simulated throughout: the model of {', '.join(fitted)} uses recorded values, imputes "
        "missing ones by the mean, and omits effect heterogeneity"
    )


def _has_model(analysis: EndpointAnalysis) -> bool:
    given = bool(analysis.covariates or analysis.strata)
    return analysis.method == "mixed" or (given and analysis.method != "mantel-haenszel")


def _calendar_trend(design: DesignFile, grid: dict[str, Any] | None) -> str:
    axis = (grid or {"axes": {}})["axes"].get("calendar_trend")
    words = []
    if design.calendar_trend is not None:
        trend = design.calendar_trend
        words.append(
            f"{trend.value:g} log odds per 12 months in every replicate, both arms alike "
            f"({trend.status}: {trend.source})"
        )
    if axis:
        words.append(f"{', '.join(f'{v:g}' for v in axis)} log odds per 12 months in the grid")
    if words:
        return "; ".join(words)
    cure = (
        ""
        if design.scenario is None
        else "; give calendar_trend or --sensitivity calendar_trend=LOW,HIGH"
    )
    return f"not simulated{cure}"
