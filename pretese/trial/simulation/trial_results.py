"""Results of simulated trials."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from estimate.core.arrays import Floats

#: A sample size, and a fraction of the planned effect.
Point = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Results of every replicate of one sample size and effect, shape (replicate,).

    Attributes
    ----------
    analysis
        Analysis at which the trial ended, from 1.
    rejected
        Whether it rejected, in either direction.
    z
        Statistic at the end.
    estimate, std_error, conf_low, conf_high, p_value
        At the end, without adjustment for interim analyses; logarithms for ratios; NaN without
        convergence.
    final_size
        Planned participants at the last analysis, after re-estimation if there is one.
    analysed, recruited, exposed
        Participants in the last analysis; participants recruited by then; those of them randomised
        to treatment.
    months
        From the opening of the trial to its last analysis.
    risk_control, risk_treated
        Proportion of all planned participants who would succeed if randomised to each arm. Trials
        simulated as counts have no participants: it is then that of the population.
    target
        True effect of the estimand, a risk difference: in the participants of this trial, or in the
        population.
    guessed, imbalance
        Correct-guess rates of observers of all sites (expected, for binomial counts) and of one
        site each (None for counts); imbalance of the arms at full sample size.
    stratum_guess_rate, factor_imbalance
        Correct-guess rate of an observer who sees the strata of the randomisation; (replicate,
        factor) largest imbalance within a level of each factor of `DesignFile.balanced`. None
        without factors.
    median_unbiased, final_low, final_high
        Estimate and 95 % interval adjusted for interim analyses, from `stopped_estimates`; None if
        the design has one analysis, or no stagewise ordering.
    endpoint_...
        (replicate, endpoint), the primary first, at the analysis where the trial ended; None with a
        single endpoint. ``claimed`` is whether the endpoint is claimed by the multiple testing
        procedure; ``rejected`` then refers to the primary endpoint. ``path`` holds the statistics
        of all analyses without stopping, (replicate, analysis x endpoint); ``path_without`` those
        of the same participants without any effect. With re-estimation ``path_null_size`` has the
        sample sizes chosen without an effect on the primary endpoint, and
        ``path_without_planned_size`` those chosen with it.
    crossed, interim_z, awaited
        With decision analyses: boundary crossed at an interim analysis (1 efficacy, -1 futility or
        harm, 0 none), statistic of the analysis that stopped recruitment, and participants awaited
        then. ``z`` is that of the decision analysis. None for other designs.
    unadjusted_rejection
        1 or -1 where the unadjusted score test would have rejected for or against treatment, 0
        otherwise; None if `enumeration.why_no_control_variate` excludes it.
    subgroup_counts, subgroup_counts_without, subgroup_risks
        As `conduct.subgroups` counts them at the end of the trial; ``without`` any effect in the
        same participants. None without subgroups.
    given_truth, given_truth_mcse
        (replicate, endpoint) true conditional log odds ratio, the same for all trials, with its
        Monte Carlo error; NaN where the analysis is marginal, None if all are.
    """

    analysis: Floats
    rejected: Floats
    z: Floats
    estimate: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    p_value: Floats
    final_size: Floats
    analysed: Floats
    recruited: Floats
    n_experimental: Floats
    months: Floats
    risk_control: Floats
    risk_treated: Floats
    target: Floats
    correct_guess_rate: Floats
    imbalance: Floats
    site_guess_rate: Floats | None = None
    stratum_guess_rate: Floats | None = None
    factor_imbalance: Floats | None = None
    median_unbiased: Floats | None = None
    final_low: Floats | None = None
    final_high: Floats | None = None
    crossed: Floats | None = None
    interim_z: Floats | None = None
    awaited: Floats | None = None
    unadjusted_rejection: Floats | None = None
    endpoint_z: Floats | None = None
    endpoint_claimed: Floats | None = None
    endpoint_path: Floats | None = None
    endpoint_path_without: Floats | None = None
    endpoint_path_null_size: Floats | None = None
    endpoint_path_without_planned_size: Floats | None = None
    endpoint_estimate: Floats | None = None
    endpoint_conf_low: Floats | None = None
    endpoint_conf_high: Floats | None = None
    endpoint_std_error: Floats | None = None
    endpoint_analysed: Floats | None = None
    endpoint_risk_control: Floats | None = None
    endpoint_risk_treated: Floats | None = None
    endpoint_target: Floats | None = None
    subgroup_counts: Floats | None = None
    subgroup_counts_without: Floats | None = None
    subgroup_risks: Floats | None = None
    given_truth: Floats | None = None
    given_truth_mcse: Floats | None = None

    @property
    def replicates(self) -> int:
        """Number of trials."""
        return int(self.analysis.size)

    @classmethod
    def joined(cls, parts: Sequence["Outcomes"]) -> "Outcomes":
        """Concatenate blocks of trials."""
        there = [f.name for f in fields(cls) if getattr(parts[0], f.name) is not None]
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in there})

    def columns(self) -> dict[str, Floats]:
        """Return every array by name; endpoints have separate columns, numbered from 1."""
        found: dict[str, Floats] = {}
        for field in fields(self):
            values = getattr(self, field.name)
            if values is not None and values.ndim == 2:
                found |= {f"{field.name}_{k}": v for k, v in enumerate(values.T, start=1)}
            elif values is not None:
                found[field.name] = values
        return found


Results = dict[Point, Outcomes]
