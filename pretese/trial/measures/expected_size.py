"""Expected sample size of a two-arm design with interim analyses, under a prior."""

from collections.abc import Sequence
from typing import Any

from estimate.core.numeric.normal_mixture import NormalMixture
from pretese.literature.forecast_parts import TrialPlan
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.prior_average import averaged_over_prior


def expected_under_prior(
    design: DesignFile, plan: TrialPlan, prior: NormalMixture, sizes: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """Return each size with its result of `averaged_over_prior`.

    Recruitment stops with the analysis that ends the trial. Empty for a design with one analysis,
    with re-estimation, or whose arms would coincide at two analyses.
    """
    monitoring = design.monitoring
    if len(monitoring.analyses_percent) == 1 or monitoring.reestimation:
        return {}
    return {
        size: averaged_over_prior(
            monitoring.plan(),
            [_arms(plan, share * size / 100) for share in monitoring.analyses_percent],
            plan.control_risk,
            prior,
            nulls=design.analysis.nulls,
        )
        for size in sizes
    }


def _arms(plan: TrialPlan, participants: float) -> tuple[int, int]:
    """Return participants of the treated and of the control arm."""
    treated = max(1, round(plan.treated_share * participants))
    return treated, max(1, round(participants) - treated)
