"""Performance measures of simulated trials, each with its Monte Carlo standard error."""

import numpy as np

from estimate.performance.measures import Measure, measure_performance
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.exact_power import controlled_rejections
from pretese.trial.measures.trial_means import (
    bias_of,
    given_measure,
    mean,
    share_below,
    true_effect,
    truth_by_trial,
    won,
)
from pretese.trial.simulation.trial_results import Outcomes

#: Labels of measures in tables, in their order; some apply only to group-sequential trials.
WORDS = {
    "power": "rejects in favour of treatment, %",
    "controlled_power": "the same, control variate, %",
    "rejection": "rejects the null hypothesis, %",
    "controlled_rejection": "the same, control variate, %",
    "wrong_direction": "rejects in favour of control, %",
    "bias": "bias of the estimate at the end",
    "below": "estimate at the end below truth, %",
    "coverage": "coverage of its 95 % interval, %",
    "final_bias": "bias, median-unbiased estimate",
    "final_below": "median-unbiased below truth, %",
    "final_coverage": "coverage, final 95 % interval, %",
    "final_over": "final interval above truth, %",
    "empirical_se": "empirical SE",
    "model_se": "mean model SE",
    "non_convergence": "non-convergence, %",
    "recruited": "participants recruited",
    "analysed": "participants analysed",
    "n_experimental": "participants in the treated arm",
    "duration_months": "duration, months",
    "correct_guess_rate": "correct-guess rate, all sites, %",
    "site_guess_rate": "correct-guess rate, own site, %",
    "stratum_guess_rate": "correct-guess rate, own stratum, %",
    "imbalance": "imbalance of the arms, participants",
}

#: Measures that are proportions of replicates or participants.
SHARES = frozenset({
    "power", "controlled_power", "rejection", "controlled_rejection", "wrong_direction", "coverage",
    "non_convergence", "correct_guess_rate", "site_guess_rate", "stratum_guess_rate", "below",
    "final_below", "final_coverage", "final_over",
})  # fmt: skip

#: Measures that are proportions of independent replicates, whose 0 has an upper limit.
COUNTED = SHARES - {
    "controlled_power", "controlled_rejection", "correct_guess_rate", "site_guess_rate",
    "stratum_guess_rate",
}  # fmt: skip


def measures(design: DesignFile, outcomes: Outcomes) -> dict[str, Measure]:
    """Return the measures of `WORDS` that apply to a design."""
    o = outcomes
    found, truth, known = np.isfinite(o.estimate), true_effect(design, o), truth_by_trial(design, o)
    performance = measure_performance(
        o.estimate, o.std_error, truth.value, conf_low=o.conf_low, conf_high=o.conf_high,
        p_value=o.p_value,
    )  # fmt: skip
    return {
        "power": mean(won(o)),
        "rejection": mean(o.rejected),
        "wrong_direction": mean(o.rejected * (o.z < 0)),
        "bias": bias_of(performance.bias, o.estimate, known, given_measure(o)),
        "coverage": performance.coverage,
        "empirical_se": performance.empirical_se,
        "model_se": performance.model_se,
        "non_convergence": mean((~found).astype(float)),
        "recruited": mean(o.recruited),
        "analysed": mean(o.analysed),
        "n_experimental": mean(o.n_experimental),
        "duration_months": mean(o.months),
        "correct_guess_rate": mean(o.correct_guess_rate),
        **{
            name: mean(rate)
            for name in ("site_guess_rate", "stratum_guess_rate")
            if (rate := getattr(o, name)) is not None
        },
        "imbalance": mean(o.imbalance),
        **_final(design, o, truth),
    }


def _final(design: DesignFile, outcomes: Outcomes, truth: Measure) -> dict[str, Measure]:
    """Return the performance of median-unbiased estimates and final intervals."""
    o, true, known = outcomes, truth.value, truth_by_trial(design, outcomes)
    if o.median_unbiased is None or o.final_low is None or o.final_high is None:
        return {}
    found = measure_performance(
        o.median_unbiased, o.std_error, true, conf_low=o.final_low, conf_high=o.final_high,
        p_value=o.p_value,
    )  # fmt: skip
    return {
        "below": share_below(o.estimate, true),
        "final_bias": bias_of(found.bias, o.median_unbiased, known, given_measure(o)),
        "final_below": share_below(o.median_unbiased, true),
        "final_coverage": found.coverage,
        "final_over": share_below(-o.final_low, -true),
    }


def largest_mcse(design: DesignFile, participants: int, effect: float, outcomes: Outcomes) -> float:
    """Return the Monte Carlo error of power or rejection, with the control variate if any."""
    risks = risks_of(design, effect, outcomes)
    controlled = controlled_rejections(design, participants, outcomes, risks)
    if controlled:
        return max(float(each.measure.mcse) for each in controlled.values())
    n = outcomes.replicates
    shares = ((float(each.sum()) + 2) / (n + 4) for each in (won(outcomes), outcomes.rejected))
    return float(
        np.sqrt(max(share * (1 - share) / n for share in shares))
    )  # not 0 without rejections


def risks_of(design: DesignFile, effect: float, outcomes: Outcomes) -> tuple[float, float]:
    """Return the risks in both arms: those of the file, or of the simulated participants."""
    if design.risks is None:
        return float(outcomes.risk_control.mean()), float(outcomes.risk_treated.mean())
    control = design.risks.control_percent / 100
    treated = design.treated_percent_at(effect) / 100
    moved = (
        np.array(
            [design.treatment_switching.control_percent, design.treatment_switching.treated_percent]
        )
        / 100
    )
    gap = treated - control
    match design.endpoint.treatment_switching:
        case "treatment policy":
            return control + moved[0] * gap, treated - moved[1] * gap
        case "composite":
            return control * (1 - moved[0]), treated * (1 - moved[1])
    return control, treated
