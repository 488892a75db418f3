"""Further performance measures of the report: relative error, SATE, quantiles."""

from typing import Any

import numpy as np

from estimate.core.arrays import Floats
from estimate.core.result import RATIOS, log_of_risk
from estimate.performance.measures import Measure, measure_performance
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.trial_means import (
    mean,
    plain_measure,
    quantile_measure,
    relative_bias_of,
    sd_measure,
    true_effect,
    truth_by_trial,
)
from pretese.trial.simulation.trial_results import Outcomes

#: Labels of measures in the report, in their order.
WORDS = {
    "relative_bias": "relative bias",
    "rmse": "root mean squared error",
    "relative_error": "relative error of the model SE, %",
    "bias_eliminated_coverage": "bias-eliminated coverage, %",
    "width": "mean width of the interval",
    "type_s": "type S error: rejections with the wrong sign, %",
    "type_m": "type M error: exaggeration of rejected effects",
    "sate_bias": "bias for the sample effect (SATE)",
    "sate_coverage": "coverage of the sample effect (SATE), %",
    "sate_sd": "standard deviation of the sample effect",
}

#: Measures that are proportions.
SHARES = frozenset({"bias_eliminated_coverage", "type_s", "sate_coverage"})

#: Quantiles of sample size and duration that are shown.
QUANTILES = (0.1, 0.5, 0.9)


def additional_measures(
    design: DesignFile, outcomes: Outcomes, *, patient_level: bool = True
) -> dict[str, Any]:
    """Return the measures of `WORDS`, quantiles of sample size and duration, and true effects.

    ``patient_level``: whether participants were simulated, so that a sample effect exists, or only
    counts.
    """
    o, true = outcomes, true_effect(design, outcomes)
    truth = float(true.value)
    found = measure_performance(
        o.estimate, o.std_error, truth, conf_low=o.conf_low, conf_high=o.conf_high,
        p_value=o.p_value,
    )  # fmt: skip
    return {
        "truth_on_scale": truth if np.isfinite(truth) else None,
        "scale": design.analysis.number_scale,
        "measures": {
            **{name: plain_measure(getattr(found, name)) for name in WORDS if hasattr(found, name)},
            "relative_bias": plain_measure(
                relative_bias_of(found.bias, o.estimate, truth_by_trial(design, o), true)
            ),
            **{
                name: plain_measure(each)
                for name, each in sate_performance(design, o, patient_level=patient_level).items()
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


def sate_performance(
    design: DesignFile, outcomes: Outcomes, *, patient_level: bool = True
) -> dict[str, Measure]:
    """Return bias and coverage for the effect in each trial's own participants (SATE).

    The sample effect (SATE) varies between trials around the population effect (PATE), and
    estimates from the same participants are correlated with it, so that intervals are conservative
    for it. A marginal ratio, as a logarithm, follows from the risks of the participants. A
    conditional one does not, and trials simulated as counts have no participants: NaN.
    """
    o = outcomes
    own = sample_effects(design, o) if patient_level else np.full_like(o.target, np.nan)
    gap, held = o.estimate - own, (o.conf_low <= own) & (own <= o.conf_high)
    known = np.isfinite(gap)
    return {
        "sate_bias": mean(gap),
        "sate_coverage": mean(np.where(known, held, np.nan)),
        "sate_sd": sd_measure(own),
    }


def sample_effects(design: DesignFile, outcomes: Outcomes) -> Floats:
    """Return (replicate,) sample effects (SATE) on the scale of the method."""
    if design.analysis.true_by_limit:
        return np.full_like(outcomes.target, np.nan)
    scale = design.analysis.effect_scale
    if scale not in RATIOS:
        return outcomes.target
    with np.errstate(invalid="ignore"):
        return log_of_risk(scale, outcomes.risk_treated) - log_of_risk(scale, outcomes.risk_control)


def main_point(document: dict[str, Any]) -> dict[str, Any]:
    """Return the point with the full effect at the required (or the largest) sample size."""
    full = [point for point in document["points"] if point["effect_percent"] == 100]
    solved = document["sample_size_search"]
    wanted = solved["participants"] if solved else max(point["participants"] for point in full)
    found: dict[str, Any] = next(point for point in full if point["participants"] == wanted)
    return found


def null_point(document: dict[str, Any]) -> dict[str, Any]:
    """Return the point without an effect at the size of `main_point`."""
    participants = main_point(document)["participants"]
    found: dict[str, Any] = next(
        p
        for p in document["points"]
        if p["participants"] == participants and p["effect_percent"] == 0
    )
    return found
