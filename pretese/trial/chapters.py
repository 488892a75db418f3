"""Chapters of the page of a power study: rows for its tables, from what the files say."""

from collections.abc import Iterator
from typing import Any

from pretese.trial.design import Design
from pretese.trial.page import number

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
    words += [f"--set {path}={value!r}" for path, value in asked["changed"].items()]
    return " ".join(
        [*words, f"--seed {asked['seed']} --replicates {study['replicates']} --out DIR"]
    )


def identity(study: dict[str, Any]) -> Rows:
    """Return what was run, by which code, from which files."""
    return [
        ("seed", str(study["seed"])),
        ("random numbers", "Philox, keyed by seed, purpose, trial and man: the result does not "
         "depend on processes or blocks"),
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
        ("Missing endpoints", f"{end.missing}; {both(design.dropout)} are lost"),
        ("Crossover", f"{both(design.crossover)}; {end.crossover}"),
        ("Looks", _looks(design)),
    ]  # fmt: skip


def _recruits(design: Design) -> Iterator[str]:
    for site in design.sites:
        rates = ", ".join(
            f"{rate:g} from month {month:g}"
            for month, rate in zip(site.at_months, site.men_in_12_months, strict=True)
        )
        yield f"{site.name}: {rates}{' (ramp)' if site.ramp else ''} men in 12 months"


def both(shares: Any) -> str:
    """Return the shares of either arm as words."""
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
