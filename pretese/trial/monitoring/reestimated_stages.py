"""A running trial whose size its data have changed: stages apart, combined by the plan's weights.

Lehmacher W, Wassmer G. *Biometrics* 1999;55:1286-90: whatever size the rest is given, each stage's
statistic is standard normal without an effect, so their combination keeps the planned bounds.
"""

import numpy as np
from scipy.optimize import brentq

from estimate.comparison.risk_difference import score_z
from estimate.core.arrays import Floats, Ints
from estimate.sequential.combination import inverse_normal
from pretese.trial.design.design_file import DesignFile
from pretese.trial.monitoring.interim_data import Taken
from pretese.trial.simulation.interim_analyses import combined
from pretese.trial.simulation.reestimation import resized

#: Differences of risks are searched up to here.
_EDGE = 1 - 1e-9


def new_sizes(design: DesignFile, z: Floats) -> Ints | None:
    """Return (look,) men randomised by each look after re-estimation, by the rule of the design.

    None if it has no such rule, or its look is still to come.

    Parameters
    ----------
    z
        (look taken,) statistics.
    """
    rule = design.monitoring.reestimation
    if rule is None or z.size < rule.at_look:
        return None
    return resized(design, design.men, np.asarray(z[rule.at_look - 1]))


def stretch(design: DesignFile, z: Floats) -> float:
    """Return by how much the rest of the trial moves z more than planned, for its new size."""
    rule, sizes = design.monitoring.reestimation, new_sizes(design, z)
    if rule is None or sizes is None:
        return 1.0
    counts = design.looks_at(design.men)
    seen = counts[rule.at_look - 1]
    return float(np.sqrt((sizes[-1] - seen) / (counts[-1] - seen)))


def combined_z(design: DesignFile, taken: Taken) -> Floats:
    """Return (later look,) statistics of looks after the one that re-estimated.

    Raises
    ------
    InputError
        There are more looks than planned, or a later look has no man of its own in an arm.
    """
    rule, plan = design.monitoring.reestimation, design.monitoring.plan()
    if rule is None or taken.men is None:
        raise ValueError("sizes are not re-estimated from counts")  # the caller has looked
    if taken.looks > plan.looks:
        cure = "a trial that was re-estimated keeps its number of looks; leave the others out"
        problem = f"look {plan.looks + 1} came, {plan.looks} are planned"
        raise taken.fault(plan.looks, "", problem, cure)
    for k in range(rule.at_look, taken.looks):
        if (taken.men[k] <= taken.men[rule.at_look - 1]).any():
            problem = f"an arm has no man after look {rule.at_look}"
            cure = "wait for men in both arms: those after re-estimation are analysed apart"
            raise taken.fault(k, "", problem, cure)
    before = np.atleast_1d(_alone(taken, rule.at_look - 1))
    after = np.array([[_alone(taken, k, rule.at_look) for k in range(rule.at_look, taken.looks)]])
    if not after.size:
        return np.empty(0)
    found: Floats = combined(plan.information_rates[: taken.looks], before, after)[0]
    return found


def combined_limits(
    design: DesignFile, taken: Taken, look: int, bound: float
) -> tuple[float, float]:
    """Return the risk differences that the combination does not reject at a bound.

    Parameters
    ----------
    look
        Counted from 0, after the look that re-estimated.
    """
    rule, rates = design.monitoring.reestimation, design.monitoring.plan().information_rates
    if rule is None:
        raise ValueError("sizes are not re-estimated")  # the caller has looked
    at = rule.at_look
    weights = [rates[at - 1], rates[look] - rates[at - 1]]

    def surplus(null: float, wanted: float) -> float:
        z = [_alone(taken, at - 1, null=null), _alone(taken, look, at, null=null)]
        return float(inverse_normal(z, weights)[-1]) - wanted

    def where(wanted: float) -> float:
        if surplus(-_EDGE, wanted) <= 0:
            return -1.0
        if surplus(_EDGE, wanted) >= 0:
            return 1.0
        return float(brentq(surplus, -_EDGE, _EDGE, args=(wanted,), xtol=1e-12))

    return where(bound), where(-bound)


def _alone(taken: Taken, look: int, after: int = 0, *, null: float = 0.0) -> float:
    """Return the score statistic of the men up to a look alone, those after another if given.

    ``look`` counts from 0; ``after`` is a number of looks, 0 for all men.
    """
    if taken.events is None or taken.men is None:
        raise ValueError("there are no counts")  # the caller has looked
    events, men = taken.events[look], taken.men[look]
    if after:
        events, men = events - taken.events[after - 1], men - taken.men[after - 1]
    return float(score_z(events[1], men[1], events[0], men[0], null=null))
