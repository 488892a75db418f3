"""The size of the rest of a trial, from what one look shows.

Lehmacher W, Wassmer G. *Biometrics* 1999;55:1286-90; Cui L, Hung HMJ, Wang SJ. *Biometrics*
1999;55:853-7. Bounds and weights are those of the plan whatever the new size, so the level holds.
"""

import numpy as np

from estimate.core.arrays import Floats, Ints
from estimate.sequential.looking_ahead import information_for_power
from pretese.trial.design.design_file import DesignFile


def resized(design: DesignFile, men: int, z: Floats) -> Ints:
    """Return (..., look) men each look waits for, after re-estimation on the statistics ``z``.

    The rest of the trial becomes so large that the combined statistic of the last look has the
    conditional power wanted; later looks keep their shares of it. Sizes are rounded up to whole
    blocks. A trial without a statistic keeps its plan, as does a design without re-estimation.
    """
    counts, rule = np.asarray(design.looks_at(men)), design.monitoring.reestimation
    planned = np.broadcast_to(counts, (*z.shape, counts.size))
    if rule is None:
        return planned
    plan, seen = design.monitoring.plan(), int(counts[rule.at_look - 1])
    share, left = plan.information_rates[rule.at_look - 1], men - seen
    wanted = information_for_power(
        np.nan_to_num(z),
        plan.upper[-1],
        (share**0.5, (1 - share) ** 0.5),
        effect_per_root_man(design, z, seen),
        power=rule.conditional_power_percent / 100,
        least=left * rule.least_percent / 100,
        most=left * rule.most_percent / 100,
    )
    rest = _up(wanted, design.step)
    later = (counts[rule.at_look :] - seen) / left
    sizes = planned.copy()
    sizes[..., rule.at_look :] = seen + _up(rest[..., None] * later, design.step)
    return np.where(np.isnan(z)[..., None], planned, sizes)


def largest(design: DesignFile, men: int) -> int:
    """Return the largest size that a trial planned for ``men`` may come to have."""
    rule = design.monitoring.reestimation
    if rule is None:
        return men
    seen = design.looks_at(men)[rule.at_look - 1]
    most = _up(np.asarray((men - seen) * rule.most_percent / 100), design.step)
    return max(men, seen + int(most))


def effect_per_root_man(design: DesignFile, z: Floats, men: int) -> Floats:
    """Return the drift of z per root of a man randomised that conditional power reckons with.

    Observed: that of the look, z / sqrt(men). Assumed: the difference of risks over its standard
    deviation, unpooled, with the men who will be lost.
    """
    rule = design.monitoring.reestimation
    if rule is None or rule.assume == "observed":
        return np.asarray(np.nan_to_num(z) / np.sqrt(men))
    risks = design.risks if rule.assume == "planned" else rule.assume
    if risks is None:
        raise ValueError("the design has no planned risks")  # refused when it was read
    lost = np.array([design.dropout.control_percent, design.dropout.treated_percent]) / 100
    risk = np.array([risks.control_percent, risks.treated_percent]) / 100
    arm = np.asarray(design.allocation) / sum(design.allocation)
    if design.endpoint.missing == "failure":
        risk = risk * (1 - lost)
    else:
        arm = arm * (1 - lost)
    return np.asarray((risk[1] - risk[0]) / np.sqrt((risk * (1 - risk) / arm).sum()))


def _up(men: Floats, step: int) -> Ints:
    return (np.ceil(men / step - 1e-9) * step).astype(np.int64)
