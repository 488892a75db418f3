"""Chapters of the power report: rows for its tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from estimate.comparison.risk_difference import score_z
from estimate.methods.registry import METHODS
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.endpoint import Endpoint
from pretese.trial.design.multiplicity import Multiplicity
from pretese.trial.power.additional_measures import main_point, null_point
from pretese.trial.power.power_view import number
from pretese.trial.simulation.conditional_effect import PARTICIPANTS, TRIALS
from simulate.recruitment.schemes import SCHEMES

Rows = list[tuple[str, str]]

_STRATUM = (
    "difference in any sperm divided by the proportion operated under treatment, which estimates "
    "the proportion operated under either arm; Wald test, delta method"
)


def command_of(study: dict[str, Any]) -> str:
    """Return the command that reproduces the study, with every option."""
    asked = study["asked"]
    words = ["pretese power", *(design["id"] + ".yaml" for design in study["designs"])]
    words += [f"--participants {participants}" for participants in asked["participants"]]
    words += [f"--effect {100 * share:g}" for share in asked["effects"]]
    words += [] if asked["target_power"] is None else [f"--target-power {asked['target_power']:g}"]
    words += [
        f"--sensitivity {path}={','.join(f'{value:g}' for value in values)}"
        for path, values in asked["sensitivity"].items()
    ]
    words += ["--tornado"] if asked["tornado"] else []
    words += ["--patient-level"] if asked["patient_level"] and len(study["designs"]) == 1 else []
    words += [f"--set {path}={value!r}" for path, value in asked["changed"].items()]
    return " ".join(
        [*words, f"--seed {asked['seed']} --replicates {study['replicates']} --out DIR"]
    )


def identity(study: dict[str, Any]) -> Rows:
    """Return seed, code and versions of the study."""
    return [
        ("seed", str(study["seed"])),
        ("random numbers", "Philox, keyed by seed, purpose, replicate and participant (analysis "
         "for counts): the result does not depend on processes or blocks"),
        ("replicates", f"{study['replicates']:,} per sample size and effect"),
        ("code hash", study["code_sha256"]),
        *((f"mechanism of {name}", text) for name, text in study["mechanism_sha256"].items()),
        *study["versions"].items(),
        ("date, machine, run time", "not recorded, so that equal runs give equal files"),
    ]  # fmt: skip


def about(design: DesignFile, document: dict[str, Any]) -> Rows:
    """Return title, version and hashes of a design file."""
    unsaid = "not stated in the design file"
    return [
        ("Title", design.title),
        ("Version", design.version or unsaid),
        ("Author", design.author or unsaid),
        ("Date", str(design.date or unsaid)),
        ("Design file", document["design_sha256"]),
        *((f"Regimen {name} {each['version']}", each["sha256"])
          for name, each in document["regimens"].items()),
    ]  # fmt: skip


def plan_and_run(
    design: DesignFile, document: dict[str, Any], study: dict[str, Any]
) -> list[tuple[str, str, str]]:
    """Return what the design file plans, and what was simulated."""
    points, asked = document["points"], study["asked"]
    effects = sorted({0.0, 100.0, *(each.effect_percent for each in design.prior)})
    grid, filed = document["sensitivity"], "as in its file" if design.scenario else "none"
    power = asked["target_power"]
    solved = "not requested" if power is None else f"for a power of {power:g}"
    return [
        ("participants", str(design.participants),
         _listed({point["participants"] for point in points})),
        ("required sample size", "none", solved),
        ("effects, %", _listed(effects), _listed({point["effect_percent"] for point in points})),
        ("sensitivity analyses", axes_words(design.sensitivity),
         axes_words(grid["axes"] if grid else {})),
        ("numbers of the scenario", filed, "; ".join(
            f"{path} {value:g}" for path, value in study["changed"].items()) or filed),
        ("decision", "rule in the file" if design.decision else "none",
         document["decision"]["verdict"] if document["decision"] else "none"),
    ]  # fmt: skip


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(values))


def axes_words(axes: Mapping[str, Sequence[float]]) -> str:
    """Return the values of every axis of a grid as text."""
    return "; ".join(f"{path}: {_listed(values)}" for path, values in axes.items()) or "none"


def described(design: DesignFile) -> Rows:
    """Return arms, participants, randomisation, recruitment and analysis as text."""
    rule, end = design.randomisation, design.endpoint
    arms = "control and treated" if design.risks else "those of the scenario"
    if design.arms:
        pair = (("control", design.arms.control), ("treated", design.arms.treated))
        arms = "; ".join(
            f"{name}: {arm.regimen}, semen {'' if arm.semen_analysis else 'not '}analysed again"
            for name, arm in pair
        )
    sizes = " or ".join(str(sum(design.allocation) * each) for each in design.rounds_of_blocks)
    scheme = SCHEMES[rule.method]
    blocks = f", blocks of {sizes}" if scheme.blocks else ""
    by = f" by {' and '.join(rule.by)}" if rule.by else ""
    chance = f", preferred arm with probability {rule.probability_percent:g} %"
    chance = chance if scheme.preference else ""
    return [
        ("Arms", arms),
        ("Participants", f"scenario {design.scenario}" if design.scenario else "fixed event rates"),
        ("Randomisation",
         f"{rule.method}{blocks}{by}, {':'.join(map(str, design.allocation))}{chance}"),
        ("Recruitment", "participants per year " + "; ".join(_recruits(design))),
        ("Endpoint", f"{end.variable}, known {end.endpoint_month:g} months after recruitment"),
        *(("Secondary endpoint", f"{each.endpoint.label}: {each.endpoint.variable}, "
           f"{each.analysis.method}, known {each.endpoint.endpoint_month:g} months after "
           "recruitment") for each in design.secondary),
        ("Multiplicity", _multiplicity(design)),
        ("Analysis set", _analysed(end)),
        ("Missing endpoints", f"{end.missing}; dropout: {both_arms(design.dropout)}"),
        ("Treatment switching",
         f"{both_arms(design.treatment_switching)}; strategy: {end.treatment_switching}"),
        ("Analyses", _analyses(design)),
    ]  # fmt: skip


def _analysed(end: Endpoint) -> str:
    stratum = end.sperm_in_ejaculate == "principal stratum"
    words = f"{'all participants randomised' if stratum else end.population}, as randomised"
    words += "; dropouts count as failures" if end.missing == "failure" else ", dropouts excluded"
    if end.treatment_switching in ("hypothetical", "excluded"):
        words += "; participants who switched treatment excluded"
    return words


def _recruits(design: DesignFile) -> Iterator[str]:
    for site in design.sites:
        rates = ", ".join(
            f"{rate:g} from month {month:g}"
            for month, rate in zip(site.from_month, site.recruitment_per_year, strict=True)
        )
        yield f"at {site.name}: {rates}{' (linear ramp)' if site.ramp else ''}"


def both_arms(shares: Any) -> str:
    """Return the percentages of both arms as text."""
    return f"{shares.control_percent:g} % of control, {shares.treated_percent:g} % of treated"


def _multiplicity(design: DesignFile) -> str:
    if design.multiplicity:
        return _graph(design, design.multiplicity)
    return "every endpoint at full alpha" if design.secondary else "one endpoint, one test"


def _graph(design: DesignFile, rule: Multiplicity) -> str:
    """Return a procedure with its initial weights and transitions as text."""
    graph, parts = rule.graph(design.labels), []
    for label, weight, row in zip(graph.names, graph.weights, graph.transitions, strict=True):
        shares = zip(graph.names, row, strict=True)
        heirs = [f"{100 * share:g} % to {name}" for name, share in shares if share]
        left = f", passed on as {' and '.join(heirs)}" if heirs else ""
        parts.append(f"{label} has {100 * weight:g} % of alpha{left}")
    return f"{rule.method}: {'; '.join(parts)}"


def _analyses(design: DesignFile) -> str:
    plan, rule = design.monitoring, design.monitoring.reestimation
    shares = ", ".join(f"{share:.4g} %" for share in plan.analyses_percent)
    words = f"at {shares} of the information; efficacy {plan.efficacy}"
    words += f", futility {plan.futility} ({'' if plan.binding else 'not '}binding)" * bool(
        plan.futility
    )
    if rule:
        words += (
            f"; sample size re-estimated at analysis {rule.at_analysis} for conditional power "
            f"{rule.conditional_power_percent:g} % ({rule.combination}), the second stage "
            f"{rule.min_percent:g} to {rule.max_percent:g} % of the planned one"
        )
    return words


def estimand_rows(design: DesignFile) -> tuple[Rows, Rows]:
    """Return the attributes of ICH E9(R1), and the intercurrent events with their strategies."""
    what = design.estimand
    attributes = [
        ("Treatment", what.treatment),
        ("Population", what.population),
        ("Variable", what.variable),
        ("Summary", what.summary),
    ]
    return attributes, [(each.event, each.strategy) for each in what.intercurrent]


def methods(design: DesignFile) -> Rows:
    """Return each analysis with its variance, alpha, and the handling of non-convergence."""
    plan, rows = design.monitoring, []
    for question, label in zip(design.questions, design.labels, strict=True):
        given = [*question.analysis.covariates, *question.analysis.strata]
        stratum = question.endpoint.sperm_in_ejaculate == "principal stratum"
        words = _STRATUM if stratum else METHODS[question.analysis.method].label
        words += f"; adjusted for {', '.join(given)}" if given else ""
        words += "; small-sample variance (HC2, t quantile)" if question.analysis.corrected else ""
        rows.append((f"Analysis of {label}", words))
    return [
        *rows,
        ("Significance level",
         f"{plan.alpha_percent:g} %, {'one-sided' if plan.sides == 1 else 'two-sided'}"),
        ("Non-convergence", "an analysis without a finite estimate does not reject; the proportion "
         "is in the table of performance"),
        *([("Missing covariates", "imputed by the mean over both arms")]
          if any(each.analysis.covariates for each in design.questions) else []),
        ("Software", "the estimators of this program; versions in the last chapter"),
    ]  # fmt: skip


def truth_words(design: DesignFile, level: str) -> str:
    """Return how the true effect was determined; ``level`` is that of the simulation."""
    if design.analysis.conditional:
        return (
            "the large-sample limit of the analysis model (conditional odds ratio): the mean over "
            f"{TRIALS} simulated trials of {PARTICIPANTS:,} patients, each in both arms"
        )
    if level == "binomial":
        return "exact, from the event rates, the share of the effect and treatment switching"
    return "the mean of both potential outcomes over all simulated participants, with its MCSE"


def truth_rows(document: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return point, risks and true effect; a logarithm for a ratio."""
    return [
        (
            f"{point['participants']} participants, {point['effect_percent']:g} % of the effect",
            f"{100 * point['truth']['risk_control']:.2f} %",
            f"{100 * point['truth']['risk_treated']:.2f} %",
            number(point["truth"]["on_scale"]),
        )
        for point in document["points"]
    ]


def summary_rows(document: dict[str, Any]) -> Rows:
    """Return the operating characteristics that a reader needs first."""
    point, none = main_point(document), null_point(document)
    exact = none["exact"] or {"power": None, "overruled": None}
    rows = [
        ("Sample size", f"{point['participants']} participants"),
        ("Power", number(point["measures"]["power"], share=True)),
        ("Type I error", number(none["measures"]["rejection"], share=True)),
    ]
    for words, value in (
        ("Type I error, exact", exact["power"]),
        ("Type I error, exact, futility overruled", exact["overruled"]),
    ):
        if value is not None:
            rows.append((words, f"{100 * value:.2f} %"))
    for words, where in (("with the planned effect", point), ("without an effect", none)):
        recruited, months = (where["measures"][n] for n in ("recruited", "duration_months"))
        rows.append((f"Expected sample size and duration, {words}",
                     f"{number(recruited)} participants, {number(months)} months"))  # fmt: skip
    if document["decision"]:
        rows.append(("Decision rule", document["decision"]["verdict"]))
    return rows


def boundary_rows(design: DesignFile, document: dict[str, Any]) -> list[list[str]]:
    """Return each analysis with its boundaries as z, p, risk difference and alpha spent.

    The risk difference is the smallest that reaches the efficacy boundary at the control risk.
    """
    point, plan = main_point(document), design.monitoring.plan()
    sizes = design.analyses_at(point["participants"])
    control, parts = point["truth"]["risk_control"], np.asarray(design.allocation)
    spent, rows = plan.alpha_spent(), []
    for k, size in enumerate(sizes):
        arms = size * parts / parts.sum()
        effect = effect_at(plan.upper[k], control, arms[1], arms[0])
        low = plan.lower[k]
        futile = "-" if plan.sides == 2 or not np.isfinite(low) or k + 1 == plan.analyses else low
        rows.append([
            str(k + 1), f"{plan.information_rates[k]:.3f}", str(size), f"{plan.upper[k]:.4f}",
            f"{plan.sides * float(ndtr(-plan.upper[k])):.5f}",
            "-" if effect is None else f"{effect:.3f}", f"{spent[k]:.5f}",
            futile if isinstance(futile, str) else f"{futile:z.4f}",
        ])  # fmt: skip
    return rows


def effect_at(z: float, control: float, treated_n: float, control_n: float) -> float | None:
    """Return the risk difference whose pooled z statistic is ``z``; None if none is so large.

    >>> round(effect_at(1.96, 0.4, 150, 150), 4)
    0.1127
    """

    def surplus(treated: float) -> float:
        return float(score_z(treated * treated_n, treated_n, control * control_n, control_n)) - z

    if not np.isfinite(z) or surplus(1 - 1e-9) < 0:
        return None
    return float(brentq(surplus, control, 1 - 1e-9)) - control
