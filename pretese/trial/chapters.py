"""Chapters of the page of a power study: rows for its tables, from what the files say."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pretese.certificate import Certificate, certificate_path, read_certificate
from pretese.mechanism import parameters
from pretese.shipped import scenario_path
from pretese.trial.design import Design
from pretese.trial.page import number
from simulate.scenario import Scenario, read_scenario

Rows = list[tuple[str, str]]

_METHODS = {
    "unadjusted": "difference of two shares; score test and score interval (Farrington-Manning)",
    "mantel-haenszel": "risk difference pooled over strata (Mantel-Haenszel, Sato's variance); "
    "Cochran-Mantel-Haenszel test",
    "standardised": "logistic outcome model, averaged over all men as if in either arm; Wald test "
    "with Ye's variance, which knows the strata of a stratified randomisation",
    "logistic": "logistic model; Wald test and interval on the log odds ratio",
    "mixed": "logistic model with a normal intercept per site; Wald test and interval",
    "principal stratum": "difference in any sperm over the share operated under treatment, which "
    "is that of men operated under either arm; Wald test, delta method",
}


def command_of(study: dict[str, Any]) -> str:
    """Return the command that makes the study again, every option as it was asked."""
    asked = study["asked"]
    words = ["pretese power", *(design["id"] + ".yaml" for design in study["designs"])]
    words += [f"--men {men}" for men in asked["men"]]
    words += [f"--effect {100 * share:g}" for share in asked["effects"]]
    words += [] if asked["solve"] is None else [f"--solve {asked['solve']:g}"]
    words += [
        f"--nuisance {path}={','.join(f'{value:g}' for value in values)}"
        for path, values in asked["nuisance"].items()
    ]
    words += ["--tornado"] if asked["tornado"] else []
    words += ["--by-men"] if asked["by_men"] and len(study["designs"]) == 1 else []
    words += [f"--set {path}={value!r}" for path, value in asked["changed"].items()]
    return " ".join(
        [*words, f"--seed {asked['seed']} --replicates {study['replicates']} --out DIR"]
    )


def identity(study: dict[str, Any]) -> Rows:
    """Return what was run, by which code, from which files."""
    return [
        ("seed", str(study["seed"])),
        ("random numbers", "Philox, keyed by seed, purpose, trial and man (or look, where counts "
         "are drawn): the result does not depend on processes or blocks"),
        ("trials", f"{study['replicates']:,} per size and effect"),
        ("sources that decide a digit", study["code_sha256"]),
        *((f"design {d['id']}", d["design_sha256"]) for d in study["designs"]),
        *((f"mechanism of {name}", text) for name, text in study["mechanism_sha256"].items()),
        *((f"changed: {name}", f"{value:g}") for name, value in study["changed"].items()),
        *study["versions"].items(),
    ]  # fmt: skip


def described(design: Design) -> Rows:
    """Return arms, men, randomisation, recruitment and analysis as words."""
    rule, end = design.randomisation, design.endpoint
    arms = "control and treated" if design.risks else "those of the scenario"
    if design.arms:
        pair = (("control", design.arms.control), ("treated", design.arms.treated))
        arms = "; ".join(
            f"{name}: {arm.regimen}, semen {'' if arm.semen_check else 'not '}checked again"
            for name, arm in pair
        )
    blocks = f", blocks of {design.block}" if design.block else ""
    by = f" by {' and '.join(rule.by)}" if rule.by else ""
    chance = f", preferred arm with {rule.probability_percent:g} %"
    chance = chance if rule.method == "minimisation" else ""
    return [
        ("Arms", arms),
        ("Men", f"scenario {design.scenario}" if design.scenario else "plain risks"),
        ("Randomisation",
         f"{rule.method}{blocks}{by}, {':'.join(map(str, design.allocation))}{chance}"),
        ("Recruitment", "; ".join(_recruits(design))),
        ("Endpoint", f"{end.variable}, known {end.known_after_months:g} months after recruitment"),
        *(("Secondary endpoint", f"{each.endpoint.label}: {each.endpoint.variable}, "
           f"{each.analysis.method}") for each in design.secondary),
        ("Multiplicity", _multiplicity(design)),
        ("Missing endpoints", f"{end.missing}; {_both(design.dropout)} are lost"),
        ("Crossover", f"{_both(design.crossover)}; {end.crossover}"),
        ("Looks", _looks(design)),
    ]  # fmt: skip


def _recruits(design: Design) -> Iterator[str]:
    for site in design.sites:
        rates = ", ".join(
            f"{rate:g} from month {month:g}"
            for month, rate in zip(site.at_months, site.men_in_12_months, strict=True)
        )
        yield f"{site.name}: {rates}{' (ramp)' if site.ramp else ''} men in 12 months"


def _both(shares: Any) -> str:
    return f"{shares.control_percent:g} % of control, {shares.treated_percent:g} % of treated"


def _multiplicity(design: Design) -> str:
    if design.multiplicity:
        return f"{design.multiplicity.method}, in the order {', '.join(design.labels)}"
    return "every endpoint at the whole level" if design.secondary else "one endpoint, one test"


def _looks(design: Design) -> str:
    plan, rule = design.monitoring, design.monitoring.reestimation
    shares = ", ".join(f"{share:g} %" for share in plan.looks_percent)
    words = f"at {shares} of the endpoints; efficacy {plan.efficacy}"
    words += f", futility {plan.futility} ({'' if plan.binding else 'not '}binding)" * bool(
        plan.futility
    )
    if rule:
        words += (
            f"; size re-estimated at look {rule.at_look} for conditional power "
            f"{rule.conditional_power_percent:g} % ({rule.combination}), the rest of the trial "
            f"{rule.least_percent:g} to {rule.most_percent:g} % of plan"
        )
    return words


def estimand_rows(design: Design) -> tuple[Rows, Rows]:
    """Return the attributes of ICH E9(R1), and the intercurrent events with their strategies."""
    what = design.estimand
    attributes = [
        ("Treatment", what.treatment),
        ("Population", what.population),
        ("Variable", what.variable),
        ("Summary", what.summary),
    ]
    return attributes, [(each.event, each.strategy) for each in what.intercurrent]


def methods(design: Design) -> Rows:
    """Return each analysis with its variance, the level, and what is done without an answer."""
    plan, rows = design.monitoring, []
    for question, label in zip(design.questions, design.labels, strict=True):
        given = [*question.analysis.covariates, *question.analysis.strata]
        stratum = question.endpoint.ejaculators == "principal stratum"
        words = _METHODS["principal stratum" if stratum else question.analysis.method] + (
            f"; given {', '.join(given)}" if given else ""
        )
        words += "; variance times n / (n - p)" if question.analysis.small_sample else ""
        rows.append((f"Analysis of {label}", words))
    return [
        *rows,
        ("Level", f"{plan.alpha_percent:g} %, {'one side' if plan.sides == 1 else 'two sides'}"),
        ("No answer", "a trial whose analysis has no finite answer does not reject; their share "
         "stands in the table of performance"),
        ("Missing covariates", "the mean of the trial, which cannot depend on the arm"),
    ]  # fmt: skip


def mechanism_rows(design: Design, scenario: Scenario | None) -> Rows:
    """Return what men are drawn from, as words."""
    if scenario is None:
        return [
            ("Mechanism", "every man of an arm has the same risk"),
            ("Dependence", "men are independent"),
        ]  # fmt: skip
    spread, behave = design.site_spread, scenario.behaviour
    share = 0.0 if spread is None else spread.value**2 / (spread.value**2 + math.pi**2 / 3)
    return [
        ("Question of the scenario", " ".join(scenario.question.split())),
        ("Mechanism", "diagnosis, hormones and testis volume give each man a reserve (log odds of "
         "sperm); the regimen of his arm is followed visit by visit and raises it directly, "
         "through normal FSH or through testosterone; a high reserve shows sperm in the "
         "ejaculate, a lower one at micro-TESE"),
        ("Dependence between endpoints", "one reserve decides ejaculate and retrieval; sperm leads "
         "to ICSI, transfers and birth"),
        ("Sites", f"standard deviation {0 if spread is None else spread.value:g} log odds: "
         f"intraclass correlation {share:.3f} on the logistic scale"),
        ("Adherence", f"{100 * behave.missed_share.value:g} % of injections missed, "
         f"{100 * behave.dropout_share.value:g} % of men stop early; "
         f"{_both(design.crossover)} cross over"),
    ]  # fmt: skip


def parameter_rows(scenario: Scenario | None) -> list[tuple[str, str, str, str, str]]:
    """Return path, value, unit, status (with its range) and source of every number."""
    if scenario is None:
        return []
    rows = []
    for path, each in parameters(scenario).items():
        reach = f", {each.sweep[0]:g} to {each.sweep[1]:g}" if each.sweep else ""
        rows.append((path, f"{each.value:.4g}", each.unit, each.status + reach, each.source))
    return rows


def calibration_rows(design: Design) -> list[tuple[str, str, str, str]]:
    """Return target, published, simulated and z of the certificate that the scenario rests on."""
    certificate = None if design.scenario is None else _certificate(scenario_path(design.scenario))
    if certificate is None:
        return []
    return [
        (name, f"{each.published:g}", f"{each.simulated:.4g}", f"{each.z:.2f}")
        for name, each in certificate.targets.items()
    ]


def _certificate(path: Path) -> Certificate | None:
    """Return the certificate of a scenario or of the nearest one that it extends."""
    scenario, _ = read_scenario(path, scenario_path)
    file = certificate_path(path, scenario)
    if file.exists():
        return read_certificate(file)
    if scenario.extends is None:
        return None
    beside = path.parent / f"{scenario.extends}.yaml"
    return _certificate(beside if beside.exists() else scenario_path(scenario.extends))


def configurations(document: dict[str, Any]) -> Rows:
    """Return which states of nature were simulated, and which were not."""
    effects = sorted({point["effect_percent"] for point in document["points"]})
    between = [f"{e:g} %" for e in effects if 0 < e < 100]
    return [
        ("No effect", "every analysis must keep its level here"),
        ("The planned effect", "what the size is for"),
        ("Between", f"{', '.join(between)} of the effect" if between else
         "not simulated; give --effect"),
        ("Nuisance grid, with the effect and without", _axes(document["nuisance"])
         or "not simulated; give --nuisance"),
        ("Each assumption alone", f"{document['tornado']['screened']} assumptions"
         if document["tornado"] else "not simulated; give --tornado"),
        ("A model that is wrong", "the outcome model of an adjusted analysis is not the mechanism "
         "that draws the men, in any scenario"),
        ("Drift over calendar time", "not simulated: men who come late are like those who come "
         "early, but for opening sites"),
    ]  # fmt: skip


def _axes(grid: dict[str, Any] | None) -> str:
    if not grid:
        return ""
    return "; ".join(
        f"{path}: {', '.join(f'{value:g}' for value in values)}"
        for path, values in grid["axes"].items()
    )


def truth_rows(document: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return size with effect, risks, and the true effect, a logarithm for a ratio."""
    return [
        (
            f"{point['men']} men, {point['effect_percent']:g} % of the effect",
            f"{100 * point['truth']['risk_control']:.2f} %",
            f"{100 * point['truth']['risk_treated']:.2f} %",
            number(point["truth"]["on_scale"]),
        )
        for point in document["points"]
    ]


#: What the columns of the file of all trials hold; names may go on with ``_1``, ``_2``, ...
DICTIONARY: Mapping[str, str] = {
    "men": "men planned, both arms",
    "effect_percent": "percent of the planned effect",
    "trial": "number of the trial, from 0: with seed and design it can be drawn again",
    "look": "look at which it ended, from 1",
    "rejected": "1 if it rejected, in either direction",
    "z": "test statistic at the end, positive in favour of treatment",
    "estimate": "estimate at the end; logarithm for a ratio; empty without an answer",
    "std_error": "its standard error",
    "conf_low": "lower limit of its 95 % interval",
    "conf_high": "upper limit",
    "p_value": "p-value, as of a fixed trial",
    "median_unbiased": "median-unbiased estimate, which knows of the looks",
    "final": "limits of its final 95 % interval, by the stagewise ordering",
    "full_men": "men at the last look as decided by the end",
    "analysed": "men in the last analysis",
    "recruited": "men recruited by the end",
    "exposed": "of them randomised to treatment",
    "months": "from the opening to the last analysis; 12 months are a year",
    "risk_control": "share of all planned men (or the population) who would succeed under control",
    "risk_treated": "the same under treatment",
    "target": "true effect among the men of this trial (or the population), a risk difference",
    "guessed": "share of arms that an investigator guesses",
    "imbalance": "men by which the arms differ at full size",
    "given_truth": "true conditional log odds ratio, the same for all trials; empty if marginal",
    "given_truth_mcse": "its Monte Carlo standard error",
    "endpoint": "the same of each of several endpoints, the primary first",
    "endpoint_path": "statistics of all endpoints, look after look, as if no trial had stopped",
    "endpoint_path_without": "the same of the same men without any effect",
}


def dictionary_rows(columns: list[str]) -> Rows:
    """Return the columns of the file of all trials with their meaning."""
    stems = [re.sub(r"_\d+$", "", name) for name in columns]
    known = [stem if stem in DICTIONARY else stem.partition("_")[0] for stem in stems]
    return [(name, DICTIONARY[stem]) for name, stem in zip(columns, known, strict=True)]
