"""Subgroups of simulated trials: effects, power of the interaction, and claims."""

from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from estimate.core.arrays import Bools, Floats
from estimate.heterogeneity.subgroup_tests import (
    InteractionScale,
    hochberg,
    interaction_estimate,
    interaction_power,
    score_statistic,
)
from estimate.sample_size.graphs import reject
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.subgroups import Subgroups
from pretese.trial.measures.familywise import null_sets
from pretese.trial.measures.trial_means import mean, plain_measure
from pretese.trial.simulation.trial_results import Outcomes

#: Scales of the interaction, with the names of their fields.
SCALES: dict[str, InteractionScale] = {
    "risk_difference": "risk difference",
    "log_odds_ratio": "log odds ratio",
}


def subgroup_measures(design: DesignFile, outcomes: Outcomes) -> list[dict[str, Any]]:
    """Return one row per subgroup as plain values; empty without subgroups."""
    rule = design.subgroups
    if rule is None or outcomes.subgroup_counts is None or outcomes.subgroup_risks is None:
        return []
    counts = _counts(outcomes.subgroup_counts)
    risks = outcomes.subgroup_risks.reshape(len(counts), -1, 2, 3)
    claimed = _claimed(design, rule, outcomes, counts)
    return [
        {
            "subgroup": each.name,
            "rule": each.words,
            "share_of_participants": plain_measure(mean(risks[:, k, 0, 2])),
            **{
                part: _part(design, counts[:, k, i], risks[:, k, i])
                for i, part in enumerate(("members", "others"))
            },
            "interaction": {
                name: _interaction(rule, counts[:, k], risks[:, k], scale)
                for name, scale in SCALES.items()
            },
            "claimed": None
            if claimed is None
            else plain_measure(mean(claimed[:, k].astype(float))),
        }
        for k, each in enumerate(rule.populations)
    ]


def subgroup_family(design: DesignFile, outcomes: Outcomes) -> dict[str, Any] | None:
    """Return the probabilities of claims about subgroups, and family-wise errors; None without.

    Errors are those under every set of true null hypotheses: the counts of a subgroup without an
    effect are those of the same participants without any.
    """
    rule = design.subgroups
    if rule is None or rule.claims is None or outcomes.subgroup_counts is None:
        return None
    counts, without = (_counts(np.asarray(each)) for each in (
        outcomes.subgroup_counts, outcomes.subgroup_counts_without,
    ))  # fmt: skip
    won = _claimed(design, rule, outcomes, counts)
    if won is None:
        return None
    errors = []
    for nulls in null_sets(len(rule.names)):
        null = np.isin(np.arange(len(rule.names)), nulls)
        mixed = np.where(null[:, None, None, None], without, counts)
        false = _claimed(design, rule, outcomes, mixed)
        share = mean(np.asarray(false)[:, null].any(1).astype(float))
        errors.append({"nulls": [rule.names[k] for k in nulls], **plain_measure(share)})
    return {
        "method": rule.claims.method,
        "after_primary": rule.claims.after_primary,
        "any": plain_measure(mean(won.any(1).astype(float))),
        "all": plain_measure(mean(won.all(1).astype(float))),
        "errors": errors,
    }


def _counts(flat: Floats) -> Floats:
    """Return (replicate, subgroup, part, arm, 2) counts."""
    return flat.reshape(len(flat), -1, 2, 2, 2)


def _part(design: DesignFile, counts: Floats, risks: Floats) -> dict[str, Any]:
    """Return the effect in the subgroup, or in the others: true, estimated, and found."""
    with np.errstate(invalid="ignore", divide="ignore"):
        level = counts[..., 0] / counts[..., 1]
        error = np.sqrt((level * (1 - level) / counts[..., 1]).sum(-1))
    wins = (score_statistic(counts) >= _critical(design)).astype(float)
    return {
        "true_difference": plain_measure(mean(risks[:, 1] - risks[:, 0])),
        "estimate": plain_measure(mean(level[:, 1] - level[:, 0])),
        "model_se": plain_measure(mean(error)),
        "power": plain_measure(mean(wins)),
        "analysed": plain_measure(mean(counts[..., 1].sum(-1))),
    }


def _interaction(
    rule: Subgroups, counts: Floats, risks: Floats, scale: InteractionScale
) -> dict[str, Any]:
    """Return the true interaction, its estimate, and the simulated and approximate power."""
    alpha = rule.interaction_alpha_percent / 100
    value, error = interaction_estimate(counts, scale)
    with np.errstate(invalid="ignore", divide="ignore"):
        hits = np.abs(value / error) >= -ndtri(alpha / 2)
        level = np.nanmean(risks[..., :2], axis=0)  # (part, arm)
        on_scale = level if scale == "risk difference" else np.log(level / (1 - level))
    gap = on_scale[:, 1] - on_scale[:, 0]
    return {
        "true": float(gap[0] - gap[1]),
        "estimate": plain_measure(mean(value)),
        "power": plain_measure(mean(hits.astype(float))),
        "closed_form": interaction_power(level, counts[..., 1].mean(0), scale, alpha),
    }


def _critical(design: DesignFile) -> float:
    """Return the critical z of one test at the alpha of the trial."""
    plan = design.monitoring
    return float(-ndtri(plan.alpha_percent / 100 / plan.sides))


def _claimed(
    design: DesignFile, rule: Subgroups, outcomes: Outcomes, counts: Floats
) -> Bools | None:
    """Return (replicate, subgroup) claims in favour of treatment; None if none are planned."""
    if rule.claims is None:
        return None
    alpha = design.monitoring.alpha_percent / 100 / design.monitoring.sides
    p = ndtr(-score_statistic(counts[:, :, 0]))
    graph = rule.claims.graph(rule.names)
    if graph is not None:
        found = reject(graph, p, alpha)
    elif rule.claims.method == "hochberg":
        found = hochberg(p, alpha)
    else:
        found = p <= alpha
    won = (outcomes.rejected > 0) & (outcomes.z > 0)
    return np.asarray(found & won[:, None]) if rule.claims.after_primary else found
