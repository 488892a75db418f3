"""Sample size re-estimation from one interim analysis.

Lehmacher W, Wassmer G. *Biometrics* 1999;55:1286-90; Cui L, Hung HMJ, Wang SJ. *Biometrics*
1999;55:853-7. Boundaries and weights are those of the plan for any new size, so that the type I
error is controlled.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from estimate.core.arrays import Floats, Ints
from estimate.sequential.conditional_power import information_for_power, required_z
from pretese.trial.design.arms import Risks
from pretese.trial.design.design_file import DesignFile

#: Assumed risks are at least this far from 0 and 1.
SMALLEST = 1e-3


def resized(design: DesignFile, participants: int, z: Floats) -> Ints:
    """Return (..., analysis) participants at each analysis after re-estimation on ``z``.

    The second stage is chosen so that the combined statistic of the last analysis has the target
    conditional power; later analyses keep their fractions of it. Sizes are rounded up to whole
    blocks. Trials without a statistic and designs without re-estimation keep the planned size.
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
        lowest=left * rule.min_percent / 100,
        most=left * rule.max_percent / 100,
    )
    if len(set(design.allocation)) > 1 and rule.assume != "observed":
        wanted = np.clip(_for_unequal_arms(design, z, (share, plan.upper[-1])),
                         left * rule.min_percent / 100,
                         left * rule.max_percent / 100)  # fmt: skip
    rest = np.minimum(_up(wanted, design.step), _most_rest(design, participants - seen))
    later = (counts[rule.at_analysis :] - seen) / left
    sizes = planned.copy()
    sizes[..., rule.at_analysis :] = seen + _up(rest[..., None] * later, design.step)
    return np.where(np.isnan(z)[..., None], planned, sizes)


def blinded_size(
    design: DesignFile, participants: int, events: ArrayLike, known: ArrayLike
) -> Ints:
    """Return (...) participants in all after a re-estimation that does not compare the arms.

    The risks are those with the assumed difference whose mean over the arms is the observed
    proportion of events. The size gives the score test of all participants the required power, in
    whole blocks, within the limits of the design. Gould AL. *Stat Med* 1992;11:55-66; Friede T,
    Kieser M. *Pharm Stat* 2004;3:269-79.

    Parameters
    ----------
    participants
        Planned.
    events, known
        (...) events and known outcomes of both arms together at the analysis of the re-estimation.
        Without a known outcome the size stays as planned.

    Examples
    --------
    >>> from pretese.trial.design.design_reader import design_path, read_design
    >>> design = read_design(design_path("re-estimation"))[0]
    >>> rule = design.monitoring.reestimation.model_copy(update={"blinded": True})
    >>> plan = design.monitoring.model_copy(update={"reestimation": rule})
    >>> blinded = design.model_copy(update={"monitoring": plan})
    >>> [int(blinded_size(blinded, 360, events, 180)) for events in (45, 81)]
    [784, 900]
    """
    rule = design.monitoring.reestimation
    if rule is None:
        raise ValueError("sizes are not re-estimated")  # checked by the caller
    risk, arm = assumed_rates(design)
    seen = design.analyses_at(participants)[rule.at_analysis - 1]
    known = np.asarray(known, float)
    overall = np.where(known > 0, events / np.maximum(known, 1.0), (risk * arm).sum() / arm.sum())
    gap, share = risk[1] - risk[0], arm / arm.sum()
    low = np.clip(overall - share[1] * gap, SMALLEST, 1 - SMALLEST)
    high = np.clip(overall + share[0] * gap, SMALLEST, 1 - SMALLEST)
    null = overall * (1 - overall) * (1 / arm).sum()
    varied = low * (1 - low) / arm[0] + high * (1 - high) / arm[1]
    power = float(ndtri(rule.conditional_power_percent / 100))
    root = design.monitoring.plan().upper[-1] * np.sqrt(null) + power * np.sqrt(varied)
    left = participants - seen
    wanted = np.clip((root / gap) ** 2 - seen, left * rule.min_percent / 100,
                     left * rule.max_percent / 100)  # fmt: skip
    rest = np.minimum(_up(wanted, design.step), _most_rest(design, left))
    return np.asarray(np.where(known > 0, seen + rest, participants))


def largest(design: DesignFile, participants: int) -> int:
    """Return the largest sample size that re-estimation may choose."""
    rule = design.monitoring.reestimation
    if rule is None:
        return participants
    seen = design.analyses_at(participants)[rule.at_analysis - 1]
    return max(participants, seen + _most_rest(design, participants - seen))


def _most_rest(design: DesignFile, left: int) -> int:
    """Return the largest second stage, in whole blocks within the limit of the file."""
    rule, step = design.monitoring.reestimation, design.step
    limit = left * (rule.max_percent if rule else 100.0) / 100
    return max(int(np.floor(limit / step + 1e-9)), 1) * step


def _for_unequal_arms(design: DesignFile, z: Floats, test: tuple[float, float]) -> Floats:
    """Return the second stage for the conditional power of the pooled z test, unequal arms.

    The statistic has the pooled variance of the null hypothesis, which differs from the variance of
    the data if arms are unequal: sqrt(n) = (needed z sqrt(v0) + z of the power sqrt(v1)) /
    difference (Farrington CP, Manning G. *Stat Med* 1990;9:1447-54).

    Parameters
    ----------
    test
        Information fraction of the analysis, and critical value of the final test.
    """
    rule = design.monitoring.reestimation
    if rule is None:
        raise ValueError("sizes are not re-estimated")  # checked by the caller
    risk, arm = assumed_rates(design)
    share, critical = test
    pooled = float((risk * arm).sum() / arm.sum())
    null = pooled * (1 - pooled) * float((1 / arm).sum())
    data = float((risk * (1 - risk) / arm).sum())
    required = required_z(np.nan_to_num(z), critical, (share**0.5, (1 - share) ** 0.5))
    power = float(ndtri(rule.conditional_power_percent / 100))
    gap = risk[1] - risk[0]
    if gap <= 0:
        return np.full(np.shape(z), np.inf)
    root = required * np.sqrt(null) + power * np.sqrt(data)
    return np.asarray((np.maximum(root, 0.0) / gap) ** 2)


def effect_per_root_participant(design: DesignFile, z: Floats, participants: int) -> Floats:
    """Return the assumed drift of z per root of a participant randomised.

    Observed: that of the analysis, z / sqrt(participants). Assumed: the difference of risks over
    its standard deviation, unpooled, including expected dropout.
    """
    rule = design.monitoring.reestimation
    if rule is None or rule.assume == "observed":
        return np.asarray(np.nan_to_num(z) / np.sqrt(participants))
    risk, arm = assumed_rates(design)
    return np.asarray((risk[1] - risk[0]) / np.sqrt((risk * (1 - risk) / arm).sum()))


def assumed_rates(design: DesignFile) -> tuple[Floats, Floats]:
    """Return (2,) assumed event rates among those analysed, and (2,) fractions analysed."""
    rule = design.monitoring.reestimation
    risks = design.risks if rule is None or rule.assume == "planned" else rule.assume
    if not isinstance(risks, Risks):
        raise ValueError("the design has no planned risks")  # refused when the file was read
    dropped_out = np.array([design.dropout.control_percent, design.dropout.treated_percent]) / 100
    risk = np.array([risks.control_percent, risks.treated_percent]) / 100
    arm = np.asarray(design.allocation) / sum(design.allocation)
    if design.endpoint.missing == "failure":
        return risk * (1 - dropped_out), arm
    return risk, arm * (1 - dropped_out)


def _up(participants: Floats, step: int) -> Ints:
    return (np.ceil(participants / step - 1e-9) * step).astype(np.int64)
