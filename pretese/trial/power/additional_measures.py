"""What a page for a protocol shows of a point beyond power: spreads, and how estimates go wrong."""

from typing import Any

import numpy as np
from scipy.special import logit

from estimate.core.arrays import Floats
from estimate.performance.measures import Measure, measure_performance
from pretese.trial.design.design_file import DesignFile
from pretese.trial.power.summary import plain_measure, true_effect
from pretese.trial.power.trial_means import mean, quantile_measure
from pretese.trial.simulation.trial_results import Outcomes

#: Words for a table, in their order.
WORDS = {
    "relative_bias": "bias relative to the truth",
    "rmse": "root mean squared error",
    "relative_error": "reported SE against the spread, % off",
    "bias_eliminated_coverage": "coverage of the mean estimate",
    "width": "mean width of the interval",
    "type_s": "rejections with the wrong sign",
    "type_m": "rejections exaggerate, times the truth",
    "sate_bias": "bias against the effect in each trial's own men",
    "sate_coverage": "coverage of the effect in each trial's own men",
    "sate_sd": "spread of that effect over trials",
}

#: Measures that are shares.
SHARES = frozenset({"bias_eliminated_coverage", "type_s", "sate_coverage"})

#: Quantiles shown of sizes and durations.
QUANTILES = (0.1, 0.5, 0.9)


def further(design: DesignFile, outcomes: Outcomes, *, by_men: bool = True) -> dict[str, Any]:
    """Return measures of `WORDS`, quantiles of size and duration, and the truth on the scale.

    ``by_men``: whether trials have men, and so an effect of their own, or counts alone.
    """
    o, truth = outcomes, float(true_effect(design, outcomes).value)
    found = measure_performance(
        o.estimate, o.std_error, truth, conf_low=o.conf_low, conf_high=o.conf_high,
        p_value=o.p_value,
    )  # fmt: skip
    return {
        "truth_on_scale": truth if np.isfinite(truth) else None,
        "scale": "log odds ratio" if "odds ratio" in str(design.estimand) else "risk difference",
        "measures": {
            **{name: plain_measure(getattr(found, name)) for name in WORDS if hasattr(found, name)},
            **{
                name: plain_measure(each)
                for name, each in own_effects(design, o, by_men=by_men).items()
            },
        },
        "quantiles": {
            name: {
                f"{100 * share:g}": plain_measure(quantile_measure(values, share))
                for share in QUANTILES
            }
            for name, values in (("recruited", o.recruited), ("duration_months", o.months))
        },
    }


def own_effects(
    design: DesignFile, outcomes: Outcomes, *, by_men: bool = True
) -> dict[str, Measure]:
    """Return how estimates agree with the effect among all planned men of their own trial.

    That effect (SATE) differs from trial to trial around the population's (PATE), and an estimate
    from the same men follows it: its intervals are wide for it. A marginal odds ratio, as a
    logarithm, follows from the risks of the trial's men; a conditional one does not, and trials
    drawn by counts have no men: NaN.
    """
    o = outcomes
    own = own_effect(design, o) if by_men else np.full_like(o.target, np.nan)
    gap, held = o.estimate - own, (o.conf_low <= own) & (own <= o.conf_high)
    known = np.isfinite(gap)
    shared = own[np.isfinite(own)]
    n = max(shared.size, 1)
    spread = shared.std(ddof=1) if n > 1 else np.nan
    return {
        "sate_bias": mean(gap),
        "sate_coverage": mean(np.where(known, held, np.nan)),
        "sate_sd": Measure(
            np.asarray(spread), np.asarray(spread / np.sqrt(2 * max(n - 1, 1))), np.asarray(n)
        ),
    }


def own_effect(design: DesignFile, outcomes: Outcomes) -> Floats:
    """Return (replicate,) effects among each trial's own men, on the scale of the method."""
    if design.analysis.conditional:
        return np.full_like(outcomes.target, np.nan)
    if design.analysis.method != "logistic":
        return outcomes.target
    with np.errstate(divide="ignore"):
        return np.asarray(logit(outcomes.risk_treated) - logit(outcomes.risk_control))


def main_point(document: dict[str, Any]) -> dict[str, Any]:
    """Return the point with the full effect at the size solved for, or at the largest size."""
    full = [point for point in document["points"] if point["effect_percent"] == 100]
    solved = document["solve"]
    wanted = solved["men"] if solved else max(point["men"] for point in full)
    found: dict[str, Any] = next(point for point in full if point["men"] == wanted)
    return found


def null_point(document: dict[str, Any]) -> dict[str, Any]:
    """Return the point without an effect at the size of `main_point`."""
    men = main_point(document)["men"]
    found: dict[str, Any] = next(
        p for p in document["points"] if p["men"] == men and p["effect_percent"] == 0
    )
    return found
