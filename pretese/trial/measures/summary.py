"""Summary of simulated trials: performance, stopping, sample sizes, endpoints, exact power."""

from dataclasses import fields
from typing import Any

import numpy as np

from estimate.core.arrays import Bools
from estimate.performance.measures import Measure
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.enumeration import why_no_control_variate, why_not_enumerated
from pretese.trial.measures.exact_power import controlled_rejections, exact_behaviour
from pretese.trial.measures.familywise import any_and_all, each_endpoint, family_errors
from pretese.trial.measures.performance import measures, risks_of
from pretese.trial.measures.subgroups import subgroup_family, subgroup_measures
from pretese.trial.measures.trial_means import (
    mean,
    plain_measure,
    quantile_measure,
    true_effect,
    won,
)
from pretese.trial.simulation.reestimation import largest
from pretese.trial.simulation.trial_results import Outcomes, Results

#: Percentiles of re-estimated sample sizes that are shown.
QUANTILES = (5, 25, 50, 75, 95)


#: Numbers of the enumerated trial in a summary.
_EXACT = ("power", "power_mcse", "overruled", "expected_participants", "z", "closed_form")


def summarise(design: DesignFile, results: Results) -> list[dict[str, Any]]:
    """Return one plain document per size and effect, in rising order of both."""
    return [
        summarise_point(design, participants, effect, results[participants, effect])
        for participants, effect in sorted(results)
    ]


def summarise_point(
    design: DesignFile, participants: int, effect: float, outcomes: Outcomes
) -> dict[str, Any]:
    """Return performance, stopping, truth and exact power of one sample size and effect."""
    risks, target = risks_of(design, effect, outcomes), mean(outcomes.target)
    exact = exact_behaviour(design, participants, outcomes, risks)
    controlled = controlled_rejections(design, participants, outcomes, risks)
    found = measures(design, outcomes) | {
        f"controlled_{name}": each.measure for name, each in controlled.items()
    }
    return {
        "participants": participants,
        "effect_percent": 100 * effect,
        "replicates": outcomes.replicates,
        "truth": {
            "risk_control": risks[0],
            "risk_treated": risks[1],
            "risk_difference": plain_measure(target),
            "on_scale": plain_measure(true_effect(design, outcomes)),
        },
        "measures": {name: plain_measure(measure) for name, measure in found.items()},
        "analyses": _analyses(design, participants, outcomes),
        "reestimation": _sizes(design, participants, outcomes),
        "balance": []
        if outcomes.factor_imbalance is None
        else [
            {"factor": name, "imbalance": plain_measure(mean(values))}
            for name, values in zip(design.balanced, outcomes.factor_imbalance.T, strict=True)
        ],
        "subgroups": subgroup_measures(design, outcomes),
        "subgroup_claims": subgroup_family(design, outcomes),
        "endpoints": _endpoints(design, outcomes),
        "family": _family(design, effect, outcomes),
        "exact": None if exact is None else {name: getattr(exact, name) for name in _EXACT},
        "control_variate": {
            "variance_ratio": {name: each.variance_ratio for name, each in controlled.items()},
            "unavailable": why_no_control_variate(design) or _unfilled(design, participants),
        },
        "exact_unavailable": why_not_enumerated(design, participants)
        or _unfilled(design, participants),
    }


#: Median of an empty set of trials.
_UNKNOWN = {"value": None, "mcse": None, "n": 0}


def assurance(design: DesignFile, results: Results, participants: int) -> Measure:
    """Return the probability of rejecting for treatment, averaged over the prior.

    The effects use the same participants, so that the Monte Carlo error is that of the weighted sum
    per replicate.
    """
    weighed = [
        each.weight_percent / 100 * won(results[participants, each.effect_percent / 100])
        for each in design.beliefs
    ]
    return mean(np.sum(weighed, axis=0))


def expected_size(design: DesignFile, results: Results, participants: int) -> Measure:
    """Return the mean number of participants recruited, averaged over the prior."""
    weighed = [
        each.weight_percent / 100 * results[participants, each.effect_percent / 100].recruited
        for each in design.beliefs
    ]
    return mean(np.sum(weighed, axis=0))


def _endpoints(design: DesignFile, outcomes: Outcomes) -> list[dict[str, Any]]:
    """Return one row for each of several endpoints."""
    if not design.secondary:
        return []
    rows = []
    for one in each_endpoint(design, outcomes):
        values = {field.name: getattr(one, field.name) for field in fields(one)}
        rows.append(
            {
                name: plain_measure(value) if isinstance(value, Measure) else value
                for name, value in values.items()
            }
        )
    return rows


def _family(design: DesignFile, effect: float, outcomes: Outcomes) -> dict[str, Any] | None:
    """Return the probabilities of claims over all endpoints, and family-wise errors."""
    if not design.secondary:
        return None
    some, every = any_and_all(outcomes)
    rule, errors = design.multiplicity, family_errors(design, outcomes)
    return {
        "method": rule.method if rule else "none",
        "any": plain_measure(some),
        "all": plain_measure(every),
        # Without any effect the global null is the only family of true null hypotheses.
        "errors": [
            {"nulls": list(each.nulls), **plain_measure(each.error)}
            for each in (errors if effect else errors[:1])
        ],
    }


def _sizes(design: DesignFile, participants: int, outcomes: Outcomes) -> dict[str, Any] | None:
    """Return how re-estimation changed the sample size; None for a fixed plan.

    Proportions refer to all trials; quantiles and mean of the size to trials that continued.
    """
    rule, o = design.monitoring.reestimation, outcomes
    if rule is None:
        return None
    onward = o.analysis > rule.at_analysis
    sizes = o.final_size[onward]
    most = largest(design, participants)
    return {
        "at_analysis": rule.at_analysis,
        "combination": "blinded" if rule.blinded else rule.combination,
        "planned": participants,
        "most": most,
        "re_estimated": plain_measure(mean(onward.astype(float))),
        "raised": plain_measure(mean((onward & (o.final_size > participants)).astype(float))),
        "lowered": plain_measure(mean((onward & (o.final_size < participants)).astype(float))),
        "at_most": plain_measure(mean((onward & (o.final_size == most)).astype(float))),
        "participants": plain_measure(mean(sizes)),
        "quantiles": {
            f"{percent}": float(np.percentile(sizes, percent)) if sizes.size else None
            for percent in QUANTILES
        },
    }


def _unfilled(design: DesignFile, participants: int) -> str | None:
    return "the sample size does not fill whole blocks" if participants % design.step else None


def _waited_for(design: DesignFile, participants: int, outcomes: Outcomes) -> list[int]:
    """Return participants at each analysis, re-estimated ones on average."""
    counts, rule = design.analyses_at(participants), design.monitoring.reestimation
    if rule is None or not (outcomes.analysis > rule.at_analysis).any():
        return list(counts)
    seen = counts[rule.at_analysis - 1]
    grown = outcomes.final_size[outcomes.analysis > rule.at_analysis].mean() - seen
    later = [round(seen + (count - seen) / (participants - seen) * grown) for count in counts]
    return [*counts[: rule.at_analysis], *later[rule.at_analysis :]]


def _analyses(design: DesignFile, participants: int, outcomes: Outcomes) -> list[dict[str, Any]]:
    rows, plan = [], design.monitoring.plan()
    below = (*plan.harm, *(-np.inf for _ in range(plan.analyses - len(plan.harm))))
    for analysis, count in enumerate(_waited_for(design, participants, outcomes), start=1):
        at = outcomes.analysis == analysis
        win = at & (outcomes.rejected > 0)
        stopped_by = outcomes.z if outcomes.interim_z is None else outcomes.interim_z
        harm = at & ~win & (stopped_by < below[analysis - 1])
        rows.append(
            {
                "analysis": analysis,
                "participants": count,
                "efficacy_stop": plain_measure(mean(win.astype(float))),
                "futility_stop": plain_measure(mean((at & ~win).astype(float))),
                "harm_stop": plain_measure(mean(harm.astype(float))) if plan.harm else None,
                "median_months": plain_measure(quantile_measure(outcomes.months[at], 0.5))
                if at.any()
                else _UNKNOWN,
                **_waits(outcomes, at, win),
            }
        )
    return rows


def _waits(outcomes: Outcomes, at: Bools, win: Bools) -> dict[str, Any]:
    """Return how decision analyses ended at one analysis; None without them."""
    names = ("awaited", "efficacy_reversed", "futility_reversed")
    if outcomes.crossed is None or outcomes.awaited is None:
        return dict.fromkeys(names)
    up, down = at & (outcomes.crossed > 0), at & (outcomes.crossed < 0)
    found = (
        mean(outcomes.awaited[at]) if at.sum() > 1 else None,
        mean((up & ~win).astype(float)), mean((down & win).astype(float)),
    )  # fmt: skip
    return {
        name: _UNKNOWN if each is None else plain_measure(each)
        for name, each in zip(names, found, strict=True)
    }
