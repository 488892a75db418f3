"""Statements of a power study: for a protocol, and for clinicians."""

from typing import Any

from estimate.methods.registry import METHODS
from pretese.trial.design.design_file import DesignFile
from pretese.trial.power.additional_measures import main_point, null_point
from pretese.trial.simulation.stopped_estimates import can_be_ordered
from pretese.trial.views.measure_words import number


def statement(design: DesignFile, document: dict[str, Any], version: str = "") -> str:
    """Return the sample-size paragraph of a protocol.

    Parameters
    ----------
    version
        Version of the program, named as the software.
    """
    point = main_point(document)
    measures = point["measures"]
    sentences = [
        _question(design, document),
        _size(design, document),
        _rates(design, point),
        _monitoring(document, measures),
        f"Without an effect the null hypothesis is rejected in "
        f"{number(null_point(document)['measures']['rejection'], share=True)} of trials.",
        *_trend(design),
        *_specific(document, point),
        f"At the planned recruitment rates the final analysis takes place after "
        f"{number(measures['duration_months'])} months on average.",
        _software(point, version),
    ]
    return " ".join(each for each in sentences if each)


def _question(design: DesignFile, document: dict[str, Any]) -> str:
    """Return estimand and test."""
    method = document["analysis"]
    test = "the score test (pooled z) of two proportions"
    if method != "unadjusted":
        test = METHODS[method].short_label
    bounds = document["boundaries"]
    return (
        f"The primary estimand is the {document['estimand']}. The arms are compared by "
        f"{test}, at a {_sided(bounds)} significance level of "
        f"{100 * bounds['alpha']:g} %."
    )


def _size(design: DesignFile, document: dict[str, Any]) -> str:
    point = main_point(document)
    power = number(point["measures"]["power"], share=True)
    exact = point["exact"]
    known = f" (exact: {100 * exact['power']:.1f} %)" if exact and not exact["power_mcse"] else ""
    sites = f"{len(design.sites)} {'site' if len(design.sites) == 1 else 'sites'}"
    return (
        f"With {point['participants']} participants, randomised "
        f"{':'.join(map(str, design.allocation))} (control to treatment; "
        f"{design.randomisation.method}) at {sites}, the power is {power}{known}."
    )


def _rates(design: DesignFile, point: dict[str, Any]) -> str:
    truth = point["truth"]
    return (
        f"This assumes event rates of {100 * truth['risk_control']:.1f} % under control and "
        f"{100 * truth['risk_treated']:.1f} % under treatment, and {_dropout(design)}."
    )


def _dropout(design: DesignFile) -> str:
    control, treated = design.dropout.control_percent, design.dropout.treated_percent
    if not control and not treated:
        return "no dropout"
    if design.dropout.informative:
        return (
            f"dropout of {control:g} % under control and {treated:g} % under treatment among "
            "participants without success, with other odds for the others"
        )
    if control == treated:
        return f"dropout of {control:g} % in both arms"
    return f"dropout of {control:g} % under control and {treated:g} % under treatment"


def _monitoring(document: dict[str, Any], measures: dict[str, Any]) -> str:
    bounds = document["boundaries"]
    analyses = len(bounds["information_rates"])
    if analyses == 1:
        return "No interim analysis is planned."
    return (
        f"There are {analyses} analyses ({bounds['name']}); on average "
        f"{number(measures['analysed'])} participants are analysed when the trial ends."
    )


def _trend(design: DesignFile) -> list[str]:
    if design.calendar_trend is None:
        return []
    value = design.calendar_trend.value
    return [f"Every 12 months of recruitment add {value:g} to the log odds in both arms."]


def _specific(document: dict[str, Any], point: dict[str, Any]) -> list[str]:
    """Return sentences for some designs: required size, final inference, re-estimation."""
    solved, sizes = document["sample_size_search"], point["reestimation"]
    found = []
    if solved and solved["exact"]:
        found.append(
            "The sample size is the smallest whose exact power reaches the target; every size from "
            f"{solved['stays_from']} participants has that power."
        )
    elif solved:
        found.append(
            "The sample size was determined for the target power; its 95 % interval for Monte "
            f"Carlo error is {solved['low']} to {solved['high']} participants."
        )
    final = point["measures"].get("final_coverage")
    if final:
        found.append(
            "The effect will be reported as the median-unbiased estimate with the 95 % confidence "
            "interval of the stagewise ordering, whose coverage is "
            f"{number(final, share=True)}."
        )
    if sizes:
        found.append(
            f"The sample size is re-estimated at analysis {sizes['at_analysis']}, up to "
            f"{sizes['most']} participants; trials that continue have "
            f"{number(sizes['participants'])} participants on average."
        )
    return found


def _software(point: dict[str, Any], version: str) -> str:
    name = f"pretese {version}".strip()
    return (
        f"The operating characteristics were simulated in {point['replicates']:,} replicates with "
        f"{name}; MCSE is the Monte Carlo standard error."
    )


def at_a_stop(design: DesignFile) -> list[tuple[str, str]]:
    """Return a row on the estimate reported after an early stop; none without interim analyses."""
    plan = design.monitoring
    blinded = plan.reestimation is not None and plan.reestimation.blinded
    if len(plan.analyses_percent) == 1 or blinded:
        return []
    if not can_be_ordered(design):
        reason = (
            "the sample size is re-estimated"
            if plan.reestimation
            else "the trial waits for participants after the analysis that stops it"
            if plan.decision_analysis
            else "the endpoints share alpha"
        )
        return [
            ("After a stop", f"estimates and intervals are not adjusted for stopping: {reason}")
        ]
    words = (
        "median-unbiased estimate and final 95 % interval by the stagewise ordering (Tsiatis, "
        "Rosner and Mehta 1984); the unadjusted estimate and interval are shown for comparison"
    )
    if plan.plan().has_futility:
        words += (
            f"; futility boundaries are {'binding' if plan.binding else 'ignored, as for alpha'}"
        )
    return [("After a stop", words)]


def in_plain_words(document: dict[str, Any]) -> str:
    """Return the results of the study for clinicians, without technical terms."""
    point, none = main_point(document), null_point(document)
    truth, months = point["truth"], point["measures"]["duration_months"]["value"]
    more = round(100 * (truth["risk_treated"] - truth["risk_control"]))
    finds = _of_hundred(point["measures"]["power"]["value"])
    errs = _of_hundred(none["measures"]["rejection"]["value"])
    treated = point["measures"]["n_experimental"]["value"]
    control, helped = (100 * truth[name] for name in ("risk_control", "risk_treated"))
    return (
        f"If the therapy helps {abs(more)} {'more' if more >= 0 else 'fewer'} of every 100 "
        f"patients (from {control:.0f} to {helped:.0f}), a trial of {point['participants']} "
        f"participants shows an effect {finds}. If the therapy has no effect, the trial declares "
        f"one by chance {errs}. About {treated:.0f} participants receive the therapy, and the "
        f"result is available about {months:.0f} months after recruitment starts. A trial without "
        "a significant result does not prove that the therapy has no effect."
    )


def _of_hundred(share: float) -> str:
    times = round(100 * share)
    return "in fewer than 1 of 100 such trials" if times < 1 else f"in {times} of 100 such trials"


def _sided(bounds: dict[str, Any]) -> str:
    return "one-sided" if bounds["sides"] == 1 else "two-sided"


def harm_words(design: DesignFile) -> str:
    """Return what the study shows, and does not show, about harm."""
    plan = design.monitoring
    words = (
        "Adverse events are not simulated, and treatment has no harms other than on the endpoints: "
        "the study gives no information on safety. Rejection in favour of control is a "
        "significant result against treatment on the primary endpoint, not a rate of adverse "
        "events."
    )
    if not plan.harm:
        return f"{words} The design has no harm boundary."
    error = plan.harm_alpha_percent or plan.alpha_percent
    return (
        f"{words} The harm boundary ({plan.harm}, one-sided {error:g} %) refers to the primary "
        "endpoint."
    )


def access_words(design: DesignFile) -> str:
    """Return who may see interim results by arm; empty without an interim analysis."""
    if len(design.monitoring.analyses_percent) == 1:
        return ""
    return (
        "Interim results by arm and conditional power are unblinded. An independent statistician "
        "prepares them, and only the data monitoring committee sees them until the trial ends "
        "(ICH E9, sections 4.5 and 4.6); sponsor, investigators and participants receive the "
        "recommendation of the committee. The design file does not define this access: its "
        "charter must."
    )


def limits(design: DesignFile) -> list[str]:
    """Return the limitations of the simulation of a design."""
    found = [
        "A fraction of the planned effect is simulated as that fraction of participants "
        "responding.",
        harm_words(design),
        "Dropout and treatment switching are independent of prognosis within each arm.",
    ]
    if len(design.monitoring.analyses_percent) > 1 and not can_be_ordered(design):
        found.append(
            "Estimates are those at the analysis where the trial ended, not adjusted for stopping."
        )
    if design.scenario is None:
        return ["All participants of an arm have the same event rate.", *found]
    found += [
        "Participants are simulated from a mechanism calibrated to one published cohort; a trial "
        "may recruit a different population.",
        "Sites differ in their event rates, not in the effect of treatment.",
        "One latent liability determines sperm in the ejaculate and at micro-TESE; without "
        "therapy it does not change over time.",
    ]
    if design.randomisation.method == "minimisation" and len(set(design.allocation)) > 1:
        found.append(
            "Minimisation with unequal allocation does not keep the ratio for every participant; "
            "the first ones of a site are allocated less evenly."
        )
    if design.calendar_trend is None:
        return [*found, "No calendar-time trend is planned."]
    return [
        *found,
        "The calendar-time trend is linear on the log odds, equal at all sites and in both arms.",
    ]
