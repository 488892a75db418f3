"""Sample size re-estimation from one interim analysis.

Lehmacher W, Wassmer G. *Biometrics* 1999;55:1286-90; Cui L, Hung HMJ, Wang SJ. *Biometrics*
1999;55:853-7. Boundaries and weights are those of the plan whatever the new size, so the level
holds.
"""

import numpy as np

from estimate.core.arrays import Floats, Ints
from estimate.sequential.looking_ahead import information_for_power
from pretese.trial.design.design_file import DesignFile


def resized(design: DesignFile, participants: int, z: Floats) -> Ints:
    """Return (..., analysis) participants at each analysis after re-estimation on ``z``.

    The rest of the trial becomes so large that the combined statistic of the last analysis has the
    conditional power wanted; later analyses keep their shares of it. Sizes are rounded up to whole
    blocks. A trial without a statistic keeps its plan, as does a design without re-estimation.
    """
    counts, rule = np.asarray(design.analyses_at(participants)), design.monitoring.reestimation
    planned = np.broadcast_to(counts, (*z.shape, counts.size))
    if rule is None:
        return planned
    plan, seen = design.monitoring.plan(), int(counts[rule.at_analysis - 1])
    share, left = plan.information_rates[rule.at_analysis - 1], participants - seen
    wanted = information_for_power(
        np.nan_to_num(z),
        plan.upper[-1],
        (share**0.5, (1 - share) ** 0.5),
        effect_per_root_participant(design, z, seen),
        power=rule.conditional_power_percent / 100,
        least=left * rule.min_percent / 100,
        most=left * rule.max_percent / 100,
    )
    rest = _up(wanted, design.step)
    later = (counts[rule.at_analysis :] - seen) / left
    sizes = planned.copy()
    sizes[..., rule.at_analysis :] = seen + _up(rest[..., None] * later, design.step)
    return np.where(np.isnan(z)[..., None], planned, sizes)


def largest(design: DesignFile, participants: int) -> int:
    """Return the largest sample size that re-estimation may choose."""
    rule = design.monitoring.reestimation
    if rule is None:
        return participants
    seen = design.analyses_at(participants)[rule.at_analysis - 1]
    most = _up(np.asarray((participants - seen) * rule.max_percent / 100), design.step)
    return max(participants, seen + int(most))


def effect_per_root_participant(design: DesignFile, z: Floats, participants: int) -> Floats:
    """Return the assumed drift of z per root of a participant randomised.

    Observed: that of the analysis, z / sqrt(participants). Assumed: the difference of risks over
    its standard deviation, unpooled, with the participants who will be lost.
    """
    rule = design.monitoring.reestimation
    if rule is None or rule.assume == "observed":
        return np.asarray(np.nan_to_num(z) / np.sqrt(participants))
    risks = design.risks if rule.assume == "planned" else rule.assume
    if risks is None:
        raise ValueError("the design has no planned risks")  # refused when it was read
    dropped_out = np.array([design.dropout.control_percent, design.dropout.treated_percent]) / 100
    risk = np.array([risks.control_percent, risks.treated_percent]) / 100
    arm = np.asarray(design.allocation) / sum(design.allocation)
    if design.endpoint.missing == "failure":
        risk = risk * (1 - dropped_out)
    else:
        arm = arm * (1 - dropped_out)
    return np.asarray((risk[1] - risk[0]) / np.sqrt((risk * (1 - risk) / arm).sum()))


def _up(participants: Floats, step: int) -> Ints:
    return (np.ceil(participants / step - 1e-9) * step).astype(np.int64)
