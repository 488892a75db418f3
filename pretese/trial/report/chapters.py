"""Chapters of the page of a power study: rows for its tables, from what the files say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from estimate.methods.registry import METHODS
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.endpoint import Endpoint
from pretese.trial.design.multiplicity import Multiplicity
from pretese.trial.power.power_view import number
from pretese.trial.simulation.conditional_effect import MEN, TRIALS
from simulate.recruitment.schemes import SCHEMES

Rows = list[tuple[str, str]]

_STRATUM = (
    "difference in any sperm over the share operated under treatment, which "
    "is that of men operated under either arm; Wald test, delta method"
)


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
        *((f"mechanism of {name}", text) for name, text in study["mechanism_sha256"].items()),
        *study["versions"].items(),
        ("date, machine, run time", "not recorded, so that the same run gives the same bytes"),
    ]  # fmt: skip


def about(design: DesignFile, document: dict[str, Any]) -> Rows:
    """Return what a design file says of itself, and which files it rests on."""
    unsaid = "not given in the design file"
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
    """Return what the design file plans, and what was simulated in its place or beside it."""
    points, asked = document["points"], study["asked"]
    effects = sorted({0.0, 100.0, *(each.effect_percent for each in design.prior)})
    grid, filed = document["nuisance"], "as in its file" if design.scenario else "none"
    solved = (
        f"solved for a power of {asked['solve']:g}" if asked["solve"] is not None else "not asked"
    )
    return [
        ("men", str(design.men), _listed({point["men"] for point in points})),
        ("a size solved for", "none", solved),
        ("effects, %", _listed(effects), _listed({point["effect_percent"] for point in points})),
        ("nuisances", axes_words(design.nuisance), axes_words(grid["axes"] if grid else {})),
        ("numbers of the scenario", filed, "; ".join(
            f"{path} {value:g}" for path, value in study["changed"].items()) or filed),
        ("decision", "fixed in the file" if design.decision else "none",
         document["decision"]["verdict"] if document["decision"] else "none"),
    ]  # fmt: skip


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(values))


def axes_words(axes: Mapping[str, Sequence[float]]) -> str:
    """Return the values of every axis of a grid as words."""
    return "; ".join(f"{path}: {_listed(values)}" for path, values in axes.items()) or "none"


def described(design: DesignFile) -> Rows:
    """Return arms, men, randomisation, recruitment and analysis as words."""
    rule, end = design.randomisation, design.endpoint
    arms = "control and treated" if design.risks else "those of the scenario"
    if design.arms:
        pair = (("control", design.arms.control), ("treated", design.arms.treated))
        arms = "; ".join(
            f"{name}: {arm.regimen}, semen {'' if arm.semen_analysis else 'not '}checked again"
            for name, arm in pair
        )
    sizes = " or ".join(str(sum(design.allocation) * each) for each in rule.repeats)
    scheme = SCHEMES[rule.method]
    blocks = f", blocks of {sizes}" if scheme.blocks else ""
    by = f" by {' and '.join(rule.by)}" if rule.by else ""
    chance = f", preferred arm with {rule.probability_percent:g} %"
    chance = chance if scheme.preference else ""
    return [
        ("Arms", arms),
        ("Men", f"scenario {design.scenario}" if design.scenario else "plain risks"),
        ("Randomisation",
         f"{rule.method}{blocks}{by}, {':'.join(map(str, design.allocation))}{chance}"),
        ("Recruitment", "men in 12 months " + "; ".join(_recruits(design))),
        ("Endpoint", f"{end.variable}, known {end.known_after_months:g} months after recruitment"),
        *(("Secondary endpoint", f"{each.endpoint.label}: {each.endpoint.variable}, "
           f"{each.analysis.method}, known {each.endpoint.known_after_months:g} months after "
           "recruitment") for each in design.secondary),
        ("Multiplicity", _multiplicity(design)),
        ("Analysis set", _analysed(end)),
        ("Missing endpoints", f"{end.missing}; {both_arms(design.dropout)} are lost"),
        ("Crossover", f"{both_arms(design.crossover)}; {end.crossover}"),
        ("Looks", _looks(design)),
    ]  # fmt: skip


def _analysed(end: Endpoint) -> str:
    stratum = end.ejaculators == "principal stratum"
    words = f"{'all men randomised' if stratum else end.population}, as randomised"
    words += "; those lost count as failures" if end.missing == "failure" else ", less those lost"
    if end.crossover in ("hypothetical", "excluded"):
        words += "; not those who crossed over"
    return words


def _recruits(design: DesignFile) -> Iterator[str]:
    for site in design.sites:
        rates = ", ".join(
            f"{rate:g} from month {month:g}"
            for month, rate in zip(site.at_months, site.men_in_12_months, strict=True)
        )
        yield f"at {site.name}: {rates}{' (ramp)' if site.ramp else ''}"


def both_arms(shares: Any) -> str:
    """Return the shares of either arm as words."""
    return f"{shares.control_percent:g} % of control, {shares.treated_percent:g} % of treated"


def _multiplicity(design: DesignFile) -> str:
    if design.multiplicity:
        return _graph(design, design.multiplicity)
    return "every endpoint at the whole level" if design.secondary else "one endpoint, one test"


def _graph(design: DesignFile, rule: Multiplicity) -> str:
    """Return a procedure with the weights that it starts from and where they go."""
    graph, parts = rule.graph(design.labels), []
    for label, weight, row in zip(graph.names, graph.weights, graph.transitions, strict=True):
        shares = zip(graph.names, row, strict=True)
        heirs = [f"{100 * share:g} % to {name}" for name, share in shares if share]
        left = f", then leaves {' and '.join(heirs)}" if heirs else ""
        parts.append(f"{label} starts with {100 * weight:g} % of the level{left}")
    return f"{rule.method}: {'; '.join(parts)}"


def _looks(design: DesignFile) -> str:
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
    """Return each analysis with its variance, the level, and what is done without an answer."""
    plan, rows = design.monitoring, []
    for question, label in zip(design.questions, design.labels, strict=True):
        given = [*question.analysis.covariates, *question.analysis.strata]
        stratum = question.endpoint.ejaculators == "principal stratum"
        words = _STRATUM if stratum else METHODS[question.analysis.method].label
        words += f"; given {', '.join(given)}" if given else ""
        words += "; variance times n / (n - p)" if question.analysis.small_sample else ""
        rows.append((f"Analysis of {label}", words))
    return [
        *rows,
        ("Level", f"{plan.alpha_percent:g} %, {'one side' if plan.sides == 1 else 'two sides'}"),
        ("No answer", "a trial whose analysis has no finite answer does not reject; their share "
         "stands in the table of performance"),
        *([("Missing covariates", "the mean of the trial, which cannot depend on the arm")]
          if any(each.analysis.covariates for each in design.questions) else []),
        ("Software", "the program's own estimators, all trials at once; versions in chapter A"),
    ]  # fmt: skip


def truth_words(design: DesignFile, drawn_by: str) -> str:
    """Return how the true effect was found; ``drawn_by`` is ``men`` or ``counts``."""
    if design.analysis.conditional:
        return (
            "a conditional odds ratio is what the model of the analysis tends to: the mean over "
            f"{TRIALS} simulated trials of {MEN:,} men, each man seen in either arm"
        )
    if drawn_by == "counts":
        return (
            "they follow exactly from the risks of the file, the share of the effect and crossover"
        )
    return (
        "every simulated man has both of his outcomes; the truth is the mean over all, with its "
        "Monte Carlo error in brackets"
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
