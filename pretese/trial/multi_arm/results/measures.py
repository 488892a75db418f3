"""Operating characteristics of simulated trials of several arms, each with its MCSE."""

from typing import Any

import numpy as np

from estimate.core.arrays import Bools, Floats
from pretese.trial.measures.trial_means import mean, plain_measure, share
from pretese.trial.multi_arm.adaptation import FUTILITY, HARM, SELECTION, SUCCESS
from pretese.trial.multi_arm.conduct import ArmTrials
from pretese.trial.multi_arm.design.configurations import Configuration
from pretese.trial.multi_arm.design.design_file import MultiArmDesign

#: Labels of the reasons for which a comparison ended before the last analysis.
REASONS = {"success": SUCCESS, "futility": FUTILITY, "harm": HARM, "selection": SELECTION}


def summarise_arms(
    design: MultiArmDesign, configuration: Configuration, trials: ArmTrials
) -> dict[str, Any]:
    """Return the operating characteristics under one configuration, as plain values."""
    shape = (-1, len(design.comparisons), len(design.labels))
    rejected = trials.rejected.reshape(shape) > 0
    nulls = np.asarray(configuration.nulls)
    primary = rejected[..., 0]
    works = primary[:, ~nulls]
    return {
        "any_rejection": share(rejected.any((1, 2))),
        "any_effective": share(works.any(1)) if works.size else None,
        "all_effective": share(works.all(1)) if works.size else None,
        "familywise_error": share(rejected[:, nulls].any((1, 2))) if nulls.any() else None,
        "false_claim": _false_claims(rejected, nulls),
        "participants": plain_measure(mean(trials.participants.sum(1))),
        "analyses": plain_measure(mean(trials.analyses)),
        "months": plain_measure(mean(trials.months)),
        "arms": [
            {"arm": name, "participants": plain_measure(mean(trials.participants[:, k]))}
            for k, name in enumerate(design.names)
        ],
        "comparisons": [
            _comparison(design, trials, rejected, k, null=bool(nulls[k]))
            for k in range(len(design.comparisons))
        ],
        "interaction": _interaction(design, trials),
    }


def _false_claims(rejected: Bools, nulls: Bools) -> dict[str, Any] | None:
    """Return the proportion of trials with claims in which all are false; None without nulls."""
    if not nulls.any() or nulls.all():
        return None
    claims: Bools = np.asarray(rejected[..., 0].any(1))
    only_false: Bools = ~np.asarray(rejected[:, ~nulls, 0].any(1))
    return share(only_false[claims]) if claims.sum() > 1 else None


def _comparison(
    design: MultiArmDesign, trials: ArmTrials, rejected: Bools, k: int, *, null: bool
) -> dict[str, Any]:
    reason, difference = trials.reason[:, k], design.analysis.summary.endswith("difference")
    difference = (
        difference and not design.endpoint.excludes
    )  # otherwise the true effect is that in other patients
    bias: Floats = trials.estimate[:, k] - trials.truth[:, k]
    return {
        "comparison": design.comparisons[k],
        "null": null,
        "rejection": {
            label: share(rejected[:, k, s]) for s, label in enumerate(design.labels)
        },
        "true_difference": plain_measure(mean(trials.truth[:, k])),
        "estimate": plain_measure(mean(trials.estimate[:, k])),
        "bias": plain_measure(mean(bias)) if difference else None,
        "ended_early": {name: share(_early(design, trials, k) & (reason == code))
                        for name, code in REASONS.items()},
    }  # fmt: skip


def _early(design: MultiArmDesign, trials: ArmTrials, k: int) -> Bools:
    return np.asarray(trials.at_analysis[:, k] < len(design.rates))


def _interaction(design: MultiArmDesign, trials: ArmTrials) -> dict[str, Any] | None:
    """Return how often the interaction is significant, two-sided at twice the one-sided level."""
    if design.factorial is None and design.enrichment is None:
        return None
    from scipy.special import ndtri

    return share(np.abs(trials.interaction_z) >= -ndtri(design.alpha))


def allocation_balance(design: MultiArmDesign, trials: ArmTrials) -> dict[str, Any] | None:
    """Return predictability and balance of the planned allocation; None for counts."""
    if np.isnan(trials.imbalance).all():
        return None
    everywhere, site, stratum = trials.guess_rate.T
    overall, *within = trials.imbalance.T
    return {
        "correct_guess_rate": plain_measure(mean(everywhere)),
        "site_guess_rate": plain_measure(mean(site)),
        "stratum_guess_rate": plain_measure(mean(stratum)) if design.randomisation.by else None,
        "imbalance": plain_measure(mean(overall)),
        "balance": [
            {"factor": name, "imbalance": plain_measure(mean(each))}
            for name, each in zip(design.balanced, within, strict=True)
        ],
    }


def chosen_power(design: MultiArmDesign, summary: dict[str, Any]) -> dict[str, Any]:
    """Return the power that ``power_of`` of the design defines, under the planned configuration."""
    if design.power_of in ("any", "all"):
        found: dict[str, Any] | None = summary[f"{design.power_of}_effective"]
        return found or dict(summary["any_rejection"])
    row = summary["comparisons"][design.comparisons.index(design.power_of)]
    chosen: dict[str, Any] = row["rejection"][design.labels[0]]
    return chosen
