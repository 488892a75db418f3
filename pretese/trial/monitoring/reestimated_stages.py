"""Statistics of an ongoing trial after sample size re-estimation: combined stages.

Lehmacher W, Wassmer G. *Biometrics* 1999;55:1286-90: whatever the size of the second stage, the
statistic of each stage is standard normal under the null hypothesis, so that the planned boundaries
remain valid for their combination.
"""

import numpy as np

from estimate.comparison.risk_difference import score_z
from estimate.core.arrays import Floats, Ints
from estimate.core.numeric.roots import brent_root
from estimate.sequential.combination import inverse_normal
from pretese.trial.design.design_file import DesignFile
from pretese.trial.monitoring.interim_data import InterimData
from pretese.trial.simulation.interim_analyses import combined
from pretese.trial.simulation.reestimation import resized

#: Largest risk difference of the search.
_EDGE = 1 - 1e-9


def new_sizes(design: DesignFile, z: Floats) -> Ints | None:
    """Return (analysis,) participants randomised after re-estimation, or None.

    None without such a rule, or before its analysis.

    Parameters
    ----------
    z
        (observed analysis,) statistics.
    """
    rule = design.monitoring.reestimation
    if rule is None or z.size < rule.at_analysis:
        return None
    return resized(design, design.participants, np.asarray(z[rule.at_analysis - 1]))


def stretch(design: DesignFile, z: Floats) -> float:
    """Return the factor by which the new sample size changes the drift of the second stage."""
    rule, sizes = design.monitoring.reestimation, new_sizes(design, z)
    if rule is None or sizes is None:
        return 1.0
    counts = design.analyses_at(design.participants)
    seen = counts[rule.at_analysis - 1]
    return float(np.sqrt((sizes[-1] - seen) / (counts[-1] - seen)))


def combined_z(design: DesignFile, interim: InterimData) -> Floats:
    """Return (later analysis,) combined statistics after the re-estimation.

    Raises
    ------
    InputError
        There are more analyses than planned, or a later analysis adds no participant to an arm.
    """
    rule, plan = design.monitoring.reestimation, design.monitoring.plan()
    if rule is None or interim.participants is None:
        raise ValueError("sizes are not re-estimated from counts")  # checked by the caller
    if interim.analyses > plan.analyses:
        cure = "re-estimation does not change the number of analyses; remove the others"
        problem = f"analysis {plan.analyses + 1} is not allowed; {plan.analyses} are planned"
        raise interim.fault(plan.analyses, "", problem, cure)
    for k in range(rule.at_analysis, interim.analyses):
        if (interim.participants[k] <= interim.participants[rule.at_analysis - 1]).any():
            problem = f"an arm has no participant after analysis {rule.at_analysis}"
            cure = (
                "wait for participants in both arms: those after re-estimation are analysed "
                "separately"
            )
            raise interim.fault(k, "", problem, cure)
    before = np.atleast_1d(_alone(interim, rule.at_analysis - 1))
    after = np.array(
        [[_alone(interim, k, rule.at_analysis) for k in range(rule.at_analysis, interim.analyses)]]
    )
    if not after.size:
        return np.empty(0)
    found: Floats = combined(plan.information_rates[: interim.analyses], before, after)[0]
    return found


def combined_limits(
    design: DesignFile, interim: InterimData, analysis: int, boundary: float
) -> tuple[float, float]:
    """Return the risk differences that the combination test does not reject.

    Parameters
    ----------
    analysis
        Counted from 0, after the analysis of the re-estimation.
    """
    rule, rates = design.monitoring.reestimation, design.monitoring.plan().information_rates
    if rule is None:
        raise ValueError("sizes are not re-estimated")  # checked by the caller
    at = rule.at_analysis
    weights = [rates[at - 1], rates[analysis] - rates[at - 1]]

    def surplus(null: float, wanted: float) -> float:
        z = [_alone(interim, at - 1, null=null), _alone(interim, analysis, at, null=null)]
        return float(inverse_normal(z, weights)[-1]) - wanted

    def where(wanted: float) -> float:
        if surplus(-_EDGE, wanted) <= 0:
            return -1.0
        if surplus(_EDGE, wanted) >= 0:
            return 1.0
        return float(brent_root(lambda z: surplus(z, wanted), -_EDGE, _EDGE, xtol=1e-12))

    return where(boundary), where(-boundary)


def _alone(interim: InterimData, analysis: int, after: int = 0, *, null: float = 0.0) -> float:
    """Return the score statistic of all participants up to an analysis, or since another.

    ``analysis`` counts from 0; ``after`` is a number of analyses, 0 for all participants.
    """
    if interim.events is None or interim.participants is None:
        raise ValueError("there are no counts")  # checked by the caller
    events, participants = interim.events[analysis], interim.participants[analysis]
    if after:
        events, participants = (
            events - interim.events[after - 1],
            participants - interim.participants[after - 1],
        )
    return float(score_z(events[1], participants[1], events[0], participants[0], null=null))
