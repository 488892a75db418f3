"""Boundaries and results of the analyses of an ongoing trial of several arms."""

from dataclasses import dataclass, field

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints
from estimate.multi_arm.local_tests import LocalTests
from estimate.multi_arm.set_boundaries import Observed, observed_boundary
from pretese.trial.multi_arm.adaptation import FUTILITY, HARM, SELECTION, SUCCESS
from pretese.trial.multi_arm.conduct import ArmDecisions
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.monitoring.arm_data import ArmInterimData
from pretese.trial.multi_arm.monitoring.arm_statistics import ArmStatistics

#: A treatment that recruits no more although no rule ended it, and one that ended with the trial.
CLOSED, END, TRIAL_STOPPED = 5, 6, 7

REASONS = {
    SUCCESS: "efficacy", FUTILITY: "futility", HARM: "harm boundary", SELECTION: "selection",
    CLOSED: "closed", END: "end", TRIAL_STOPPED: "first success",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArmsAsked:
    """Options of a comparison with the plan.

    Attributes
    ----------
    final
        Whether the last analysis is the final one although more were planned.
    overrunning
        Whether there are data that arrived after a treatment, or the trial, had ended.
    planned
        Participants of all arms to be analysed at the last planned analysis; None: of the design.
    risks
        Planned risk of each arm by name, for a design with a scenario; empty if unknown.
    shares
        Fractions of the planned effects for conditional power, in addition to the full effects.
    continued
        Treatments that continued although a rule of the design drops them.
    """

    final: bool = False
    overrunning: bool = False
    planned: float | None = None
    risks: dict[str, float] = field(default_factory=dict)
    shares: tuple[float, ...] = ()
    continued: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArmAnalysis:
    """One analysis of an ongoing trial; arrays have one value for each treatment.

    Attributes
    ----------
    observed
        Information fractions of the analyses to this one.
    tested
        Whether a treatment is tested here: it still recruited.
    boundary
        Boundary of ``statistic``: that of the largest set of hypotheses which still has to be
        rejected; NaN where a treatment is not tested, or cannot be rejected yet.
    statistic
        z, or the smallest combined z of those sets.
    tests, before, crossed
        Local tests with the boundaries of the analyses to this one, and which of them had rejected
        before this analysis, and after it.
    combined
        (set,) combined statistics; None unless the design combines stages.
    harm
        z at or below which a treatment is dropped for harm; minus infinity: none.
    rejected
        Whether the null hypothesis is rejected here.
    reason
        Why a treatment ended here; 0: it has not, or had ended before.
    overruled
        Whether a rule drops the treatment, and it continued.
    """

    observed: Observed
    tested: Bools
    boundary: Floats
    statistic: Floats
    tests: LocalTests
    before: Bools
    crossed: Bools
    combined: Floats | None
    harm: float
    rejected: Bools
    reason: Ints
    overruled: Bools


@dataclass(frozen=True, slots=True)
class MonitoredArms:
    """An ongoing trial of several arms.

    Attributes
    ----------
    analyses
        Those to the end of the trial, or all.
    decisions
        State after the last of them.
    ended_at, reason
        (treatment,) analysis with the last data that are tested, from 0, and why it ended; -1 and
        0: it continues.
    stop
        Analysis at which the trial ended, from 0; None while it continues.
    """

    design: MultiArmDesign
    data: ArmInterimData
    asked: ArmsAsked
    statistics: ArmStatistics
    analyses: tuple[ArmAnalysis, ...]
    decisions: ArmDecisions
    ended_at: Ints
    reason: Ints
    stop: int | None


def spends(design: MultiArmDesign) -> bool:
    """Whether boundaries follow the observed information fractions."""
    return design.monitoring.spends and design.combination() is None


def harm_at(design: MultiArmDesign, fractions: tuple[float, ...]) -> float:
    """Return z at or below which a treatment is dropped for harm at the last of these fractions."""
    rule = design.monitoring.harm_spending()
    if rule is None:
        return -np.inf
    times = Observed(fractions if fractions[-1] >= 1 else (*fractions, 1.0))
    upper = observed_boundary(design.rates, rule[0], (1.0,), rule[1], times)
    return -float(upper[len(fractions) - 1])


def set_tests(design: MultiArmDesign, decisions: ArmDecisions, observed: Observed) -> None:
    """Give decisions the boundaries of the analyses to the last of ``observed``.

    Combination tests keep the boundaries of the plan; a trial that ends early spends the rest.
    """
    if decisions.combination is None:
        decisions.tests = design.tests_at(observed)
        return
    count = len(observed.fractions)
    times = Observed(design.rates[:count], observed.last and count < len(design.rates))
    decisions.combination.upper = observed_boundary(
        design.rates, design.monitoring.shape(), (1.0,), design.alpha, times
    )


def needed_sets(tests: LocalTests, arm: int, z: Floats, k: int, before: Bools) -> Bools:
    """Return (set,) which sets still have to be rejected for the primary hypothesis of an arm.

    Those with that hypothesis that have not been rejected before, and are not rejected at this
    analysis by another treatment.
    """
    others = np.zeros(len(tests.step), bool)
    for other in range(tests.treatments):
        if other != arm and np.isfinite(z[other]):
            inside = tests.step[:, other] == 0
            others |= inside & (z[other] >= tests.critical[:, other, k])
    return np.asarray((tests.step[:, arm] == 0) & ~before & ~others)
