"""A design file as rows of the report: arms, analyses, estimand, methods."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from estimate.methods.registry import METHODS
from estimate.sequential.boundary_shapes import describe
from pretese.trial.design.boundary_notation import read_shape
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.endpoint import IMPUTED, Endpoint, EndpointAnalysis
from pretese.trial.design.interim import Monitoring, Reestimation
from pretese.trial.design.multiplicity import Multiplicity
from simulate.labels import axis_label, label_of, regimen_label
from simulate.recruitment.schemes import SCHEMES

Rows = list[tuple[str, str]]


_STRATUM = (
    "difference in any sperm divided by the proportion operated under treatment, which estimates "
    "the proportion operated under either arm; Wald test, delta method"
)


def number_list(values: Iterable[float]) -> str:
    """Return numbers in rising order as text."""
    return ", ".join(f"{value:g}" for value in sorted(values))


def axes_words(axes: Mapping[str, Sequence[float]]) -> str:
    """Return the values of every axis of a grid as text."""
    return "; ".join(f"{path}: {number_list(values)}" for path, values in axes.items()) or "none"


def described(design: DesignFile) -> Rows:
    """Return arms, participants, randomisation, recruitment and analysis as text."""
    rule, end = design.randomisation, design.endpoint
    arms = "control and treated" if design.risks else "those of the scenario"
    if design.arms:
        pair = (("control", design.arms.control), ("treated", design.arms.treated))
        arms = "; ".join(
            f"{name}: {regimen_label(arm.regimen)}, "
            f"semen {'' if arm.semen_analysis else 'not '}analysed again"
            for name, arm in pair
        )
    sizes = " or ".join(str(sum(design.allocation) * each) for each in design.rounds_of_blocks)
    scheme = SCHEMES[rule.method]
    blocks = f", blocks of {sizes}" if scheme.blocks else ""
    by = f" by {' and '.join(map(label_of, rule.by))}" if rule.by else ""
    chance = f", preferred arm with probability {rule.probability_percent:g} %"
    chance = chance if scheme.preference else ""
    return [
        ("Arms", arms),
        ("Participants", f"scenario {design.scenario}" if design.scenario else "fixed event rates"),
        ("Randomisation",
         f"{rule.method}{blocks}{by}, {':'.join(map(str, design.allocation))}{chance}"),
        *(("Factor", f"{each.name}: {axis_label(each.variable)}: {', '.join(each.classes)}")
          for each in design.factors),
        *_unused(design),
        ("Recruitment", "participants per year " + "; ".join(_recruits(design))),
        ("Endpoint",
         f"{label_of(end.variable)}, known {end.endpoint_month:g} months after recruitment"),
        *(("Secondary endpoint",
           f"{_named(each.endpoint)}, {METHODS[each.analysis.method].short_label}, known "
           f"{each.endpoint.endpoint_month:g} months after recruitment")
          for each in design.secondary),
        ("Hypothesis", design.analysis.hypothesis_words),
        ("Multiplicity", _multiplicity(design)),
        *_subgroups(design),
        ("Analysis set", _analysed(end)),
        ("Missing endpoints", f"{_missing(design)}; dropout: {_dropout(design)}"),
        ("Treatment switching",
         f"{both_arms(design.treatment_switching)}; strategy: {end.treatment_switching}"),
        ("Analyses", _analyses(design)),
    ]  # fmt: skip


def _unused(design: DesignFile) -> Rows:
    """Return the factors of the randomisation that the analysis does not take into account."""
    analysis, scheme = design.analysis, SCHEMES[design.randomisation.method]
    if analysis.method == "g-computation-randomised" and scheme.blocks == "strata":
        return []  # the variance takes all strata of the randomisation into account
    used = {*analysis.strata, *(["site"] if analysis.method == "mixed" else [])}
    used |= {each.name for each in design.factors if each.variable in analysis.covariates}
    names = [label_of(name) for name in design.randomisation.by if name not in used]
    words = f"{', '.join(names)}: an analysis that ignores them is conservative and loses power"
    return [("Not in the analysis", words)] if names else []


def _subgroups(design: DesignFile) -> Rows:
    """Return the subgroups and how they are claimed."""
    rule = design.subgroups
    if rule is None:
        return []
    named = "; ".join(f"{each.name} ({each.words})" for each in rule.populations)
    words = f"{named}; interaction two-sided at {rule.interaction_alpha_percent:g} %"
    if rule.claims:
        after = ", after the primary null hypothesis" if rule.claims.after_primary else ""
        words += f"; claims by {rule.claims.method}{after}"
    return [("Subgroups", words)]


#: How participants who drop out are analysed.
_DROPOUTS = {
    "failure": "; dropouts count as failures", "complete case": ", dropouts excluded",
    "multiple imputation": "; outcomes of dropouts are imputed",
}  # fmt: skip


def _missing(design: DesignFile) -> str:
    """Return how missing outcomes are handled; of an imputation, its assumption."""
    rule = design.imputation
    if design.endpoint.missing != IMPUTED:
        censored = design.endpoint.is_time and design.endpoint.missing == "complete case"
        return "censored on the day of dropout" if censored else design.endpoint.missing
    words = f"{IMPUTED} by a logistic model of arm and covariates (Rubin's rules)"
    if rule is None:
        return f"{words}, missing at random"
    words += ", in the treated arm as under control (jump to reference)" * rule.reference
    deltas = (rule.delta_control_log_odds, rule.delta_treated_log_odds)
    if any(deltas):
        words += f", shifted by log odds of {deltas[0]:g} (control) and {deltas[1]:g} (treated)"
    return words if rule.reference or any(deltas) else f"{words}, missing at random"


def _dropout(design: DesignFile) -> str:
    rule, words = design.dropout, both_arms(design.dropout)
    if rule.informative:
        words += " without success in the primary endpoint"
    if rule.if_success_log_odds:
        words += f", log odds {rule.if_success_log_odds:+g} with success"
    for each in rule.covariates:
        words += f", {each.per_unit_log_odds:+g} per unit of {each.variable}"
    return words


def _analysed(end: Endpoint) -> str:
    stratum = end.sperm_in_ejaculate == "principal stratum"
    words = f"{'all participants randomised' if stratum else end.population}, as randomised"
    censored = end.is_time and end.missing == "complete case"
    words += "; dropouts are censored" if censored else _DROPOUTS[end.missing]
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


def _named(end: Endpoint) -> str:
    """Return the variable of an endpoint, after its name if it has one."""
    variable = label_of(end.variable)
    return f"{end.name}: {variable}" if end.name else variable


def _multiplicity(design: DesignFile) -> str:
    if design.multiplicity:
        return _graph(design, design.multiplicity)
    return "every endpoint at full alpha" if design.secondary else "one endpoint, one test"


def _graph(design: DesignFile, rule: Multiplicity) -> str:
    """Return a procedure with its initial weights and transitions as text."""
    graph, parts = rule.graph(design.labels), []
    for label, weight, row in zip(graph.names, graph.weights, graph.transitions, strict=True):
        shares = zip(graph.names, row, strict=True)
        heirs = [f"{100 * share:g} % to {label_of(name)}" for name, share in shares if share]
        left = f", passed on as {' and '.join(heirs)}" if heirs else ""
        parts.append(f"{label_of(label)} has {100 * weight:g} % of alpha{left}")
    return f"{rule.method}: {'; '.join(parts)}"


def _boundary_words(plan: Monitoring) -> str:
    """Return the families of boundaries in words, with their notation in the design file."""
    notation = plan.efficacy + (f", futility {plan.futility}" if plan.futility else "")
    return f"{describe(plan.shape(), plan.beta_spending(), plan.binding)} ({notation})"


def _blinded_words(plan: Monitoring, rule: Reestimation) -> str:
    """Return a re-estimation that does not compare the arms, as text."""
    return (
        f"one, at the end; the sample size is re-estimated at {plan.analyses_percent[0]:.4g} % of "
        "the participants from the events of both arms together, blinded, for a power of "
        f"{rule.conditional_power_percent:g} % at the assumed risk difference, the rest being "
        f"{rule.min_percent:g} to {rule.max_percent:g} % of the planned one"
    )


def _analyses(design: DesignFile) -> str:
    plan, rule = design.monitoring, design.monitoring.reestimation
    if rule and rule.blinded:
        return _blinded_words(plan, rule)
    shares = ", ".join(f"{share:.4g} %" for share in plan.analyses_percent)
    words = f"at {shares} of the information; efficacy boundaries: {_boundary_words(plan)}"
    for name, chosen in (
        ("efficacy", plan.efficacy_analyses),
        ("futility", plan.futility_analyses),
    ):
        if chosen:
            words += f"; {name} applied at interim analyses {', '.join(map(str, chosen))}"
    if plan.harm:
        error = plan.harm_alpha_percent or plan.alpha_percent
        family = describe(read_shape(plan.harm, "harm"), None, False)
        words += f"; harm boundaries: {family} ({plan.harm}) at one-sided {error:g} %"
    if plan.decision_analysis:
        words += (
            "; a crossed boundary stops recruitment, and a decision analysis "
            f"({plan.decision_analysis}) follows once the endpoints awaited are known"
        )
    if rule:
        words += (
            f"; sample size re-estimated at analysis {rule.at_analysis} for conditional power "
            f"{rule.conditional_power_percent:g} % ({rule.combination}), the second stage "
            f"{rule.min_percent:g} to {rule.max_percent:g} % of the planned one"
        )
        if design.secondary:
            words += "; the primary endpoint determines the size, each endpoint combines its stages"
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


def _test_words(analysis: EndpointAnalysis) -> str:
    """Return the test of a model of the outcome, and when its type I error is too large."""
    if analysis.score_tested:
        return "; no effect is tested by the score test with a permutation variance"
    if analysis.test == "wald":
        return "; Wald's test, which rejects too often in small trials (the score test does not)"
    return ""


def methods(design: DesignFile) -> Rows:
    """Return each analysis with its variance, alpha, and handling of non-convergence."""
    plan, rows = design.monitoring, []
    for question, label in zip(design.questions, design.labels, strict=True):
        given = map(label_of, (*question.analysis.covariates, *question.analysis.strata))
        stratum = question.endpoint.sperm_in_ejaculate == "principal stratum"
        words = _STRATUM if stratum else METHODS[question.analysis.method].label
        names = ", ".join(given)
        words += f"; adjusted for {names}" if names else ""
        words += "; small-sample variance (HC3, t quantile)" if question.analysis.corrected else ""
        words += _test_words(question.analysis)
        rows.append((f"Analysis of {label_of(label)}", words))
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
