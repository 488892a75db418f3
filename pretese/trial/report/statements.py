"""What a power study says in words: for a protocol, and for clinicians."""

from typing import Any

from pretese.trial.design.design_file import DesignFile
from pretese.trial.power.additional_measures import main_point, null_point
from pretese.trial.power.power_view import number
from pretese.trial.simulation.stopped_estimates import can_be_ordered


def statement(design: DesignFile, document: dict[str, Any]) -> str:
    """Return one paragraph on the sample size, ready for a protocol."""
    point = main_point(document)
    measures, truth, bounds = point["measures"], point["truth"], document["bounds"]
    false_positive = number(null_point(document)["measures"]["rejection"], share=True)
    looks = len(bounds["information_rates"])
    monitoring = "without interim analyses" if looks == 1 else (
        f"with {looks} looks ({bounds['name']}), ending after "
        f"{number(measures['analysed'])} analysed men on average"
    )  # fmt: skip
    sentences = [
        f"With {point['men']} men in all, randomised {design.allocation[0]}:"
        f"{design.allocation[1]} ({design.randomisation.method}) at {len(design.sites)} "
        f"{'site' if len(design.sites) == 1 else 'sites'}, the trial rejects the null hypothesis "
        f"at a {_sided(bounds)} level of {100 * bounds['alpha']:g} % with a probability of "
        f"{number(measures['rejection'], share=True)}, {monitoring}.",
        f"This assumes success in {100 * truth['risk_control']:.1f} % of men under control and "
        f"{100 * truth['risk_treated']:.1f} % under treatment, and that {_lost(design)}.",
        f"The primary estimand is the {document['estimand']}.",
        f"Power was simulated in {point['replicates']:,} trials, analysed as planned "
        f"({document['analysis']}); in brackets stands the Monte Carlo standard error in units of "
        "the last digit.",
        f"Without an effect the same trial rejects in {false_positive}.",
    ]
    if design.drift is not None:
        sentences.insert(
            2, f"Every 12 months of recruitment add {design.drift.value:g} log odds in both arms."
        )
    sentences += _further(document, point)
    sentences.append(
        f"Recruitment and follow-up take {number(measures['duration_months'])} months on "
        "average at the planned rates."
    )
    return " ".join(sentences)


def _lost(design: DesignFile) -> str:
    control, treated = design.dropout.control_percent, design.dropout.treated_percent
    if not control and not treated:
        return "nobody is lost"
    return f"{control:g} % of control and {treated:g} % of treated are lost"


def _further(document: dict[str, Any], point: dict[str, Any]) -> list[str]:
    """Return what only some designs have: exact power, a size solved for, looks, a new size."""
    exact, solved, sizes = point["exact"], document["solve"], point["reestimation"]
    found = []
    if exact:
        found.append(f"Exact enumeration gives a power of {100 * exact['power']:.2f} %.")
    if solved:
        found.append(
            f"The size was solved for; its 95 % interval for Monte Carlo error is "
            f"{solved['low']} to {solved['high']} men."
        )
    final = point["measures"].get("final_coverage")
    if final:
        found.append(
            "The effect is reported by the median-unbiased estimate and the 95 % interval of the "
            f"stagewise ordering, which held the true effect in {number(final, share=True)}."
        )
    if sizes:
        found.append(
            f"The size is re-estimated at look {sizes['at_look']} and may reach {sizes['most']} "
            f"men; trials that go on have {number(sizes['men'])} on average."
        )
    return found


def at_a_stop(design: DesignFile) -> list[tuple[str, str]]:
    """Return a row on what a trial with looks reports when it has stopped; none for one look."""
    plan = design.monitoring
    if len(plan.looks_percent) == 1:
        return []
    if not can_be_ordered(design):
        reason = "the size is re-estimated" if plan.reestimation else "endpoints share the level"
        return [
            ("At a stop", f"estimates and intervals are those of a trial without looks: {reason}")
        ]
    words = (
        "median-unbiased estimate and final 95 % interval by the stagewise ordering (Tsiatis, "
        "Rosner and Mehta 1984), counted from estimate and interval of the analysis at that look; "
        "those themselves stand beside them and claim nothing"
    )
    if plan.plan().has_futility:
        words += f"; futility bounds are {'kept' if plan.binding else 'left out, as of the level'}"
    return [("At a stop", words)]


def in_plain_words(document: dict[str, Any]) -> str:
    """Return what the study means for a clinician, without a technical term."""
    point, none = main_point(document), null_point(document)
    truth, months = point["truth"], point["measures"]["duration_months"]["value"]
    more = round(100 * (truth["risk_treated"] - truth["risk_control"]))
    finds, errs = (_of_hundred(p["measures"]["rejection"]["value"]) for p in (point, none))
    exposed = point["measures"]["exposed"]["value"]
    return (
        f"If therapy truly helps {abs(more)} {'more' if more >= 0 else 'fewer'} of every 100 men "
        f"(from {100 * truth['risk_control']:.0f} to {100 * truth['risk_treated']:.0f}), a trial "
        f"of {point['men']} men would show it {finds}. If therapy does nothing, the trial would "
        f"still declare an effect {errs}. About {exposed:.0f} men would be given the therapy, and "
        f"the answer would come about {months:.0f} months after the first man. A trial that shows "
        "nothing does not prove that there is nothing."
    )


def _of_hundred(share: float) -> str:
    times = round(100 * share)
    return "in fewer than 1 of 100 such trials" if times < 1 else f"in {times} of 100 such trials"


def _sided(bounds: dict[str, Any]) -> str:
    return "one-sided" if bounds["sides"] == 1 else "two-sided"


def limits(design: DesignFile) -> list[str]:
    """Return what no trial of this design can show, since its men cannot be so."""
    found = [
        "A part of the effect means that this share of men respond; treatment harms nobody here, "
        "and adverse events are not counted.",
        "Men are lost, and cross over, by lot within their arm, whatever their prognosis.",
    ]
    if len(design.monitoring.looks_percent) > 1 and not can_be_ordered(design):
        found.append(
            "Estimates are those reported at the look where the trial ended, without correction "
            "for stopping."
        )
    if design.scenario is None:
        return ["Men of an arm differ in nothing but luck.", *found]
    found += [
        "The men are drawn from a mechanism fitted to one published cohort; a trial recruits "
        "others.",
        "Sites differ in level, not in what therapy adds to the liability.",
        "One liability decides whether a patient has sperm, in the ejaculate and at micro-TESE "
        "alike; but for therapy it stays as it is while he waits.",
    ]
    if design.drift is None:
        return [*found, "In the plan, men who come late are like those who come early."]
    return [*found, "Drift is a straight line in log odds, the same at all sites and in both arms."]
