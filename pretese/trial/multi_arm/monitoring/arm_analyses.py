"""The analyses of an ongoing trial of several arms, in order: decisions, and what ended."""

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints
from estimate.multi_arm.control_paths import NODES
from estimate.multi_arm.local_tests import NEVER
from estimate.multi_arm.set_boundaries import Observed
from pretese.trial.monitoring.boundaries_observed import TOLERANCE
from pretese.trial.multi_arm.adaptation import FUTILITY, SELECTION
from pretese.trial.multi_arm.conduct import ArmDecisions
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.monitoring.arm_boundaries import (
    CLOSED,
    END,
    REASONS,
    TRIAL_STOPPED,
    ArmAnalysis,
    ArmsAsked,
    MonitoredArms,
    harm_at,
    needed_sets,
    set_tests,
    spends,
)
from pretese.trial.multi_arm.monitoring.arm_data import ArmInterimData
from pretese.trial.multi_arm.monitoring.arm_statistics import ArmStatistics
from protocol.errors import InputError


def follow_arms(
    design: MultiArmDesign, data: ArmInterimData, statistics: ArmStatistics, asked: ArmsAsked
) -> MonitoredArms:
    """Compare every analysis with its boundaries, in order.

    Raises
    ------
    InputError
        An analysis or a treatment has data after its end, or an information fraction differs from
        the plan although boundaries are fixed beforehand.
    """
    course = _Course(design, data, statistics, asked)
    for k in range(data.analyses):
        if course.stop is not None:
            break
        course.hold(k)
    course.check_end()
    return MonitoredArms(
        design, data, asked, statistics, tuple(course.analyses), course.decisions,
        course.ended_at, course.reason, course.stop,
    )  # fmt: skip


class _Course:
    """Analyses that come in one after another."""

    def __init__(
        self, design: MultiArmDesign, data: ArmInterimData, statistics: ArmStatistics,
        asked: ArmsAsked,
    ) -> None:  # fmt: skip
        self.design, self.data, self.statistics, self.asked = design, data, statistics, asked
        self.decisions = ArmDecisions(design, 1)
        self.analyses: list[ArmAnalysis] = []
        treatments = len(design.treatments)
        self.ended_at: Ints = np.full(treatments, -1)
        self.reason: Ints = np.zeros(treatments, np.int64)
        self.stop: int | None = None
        self.late = False

    def hold(self, k: int) -> None:
        """Perform an analysis, counted from 0."""
        self._check_ended(k)
        self._close(k)
        if self.stop is not None:
            return
        decisions, statistics = self.decisions, self.statistics
        tested, before = decisions.running[0].copy(), decisions.crossed[0].copy()
        observed = self._observed(k)
        set_tests(self.design, decisions, observed)
        harm = harm_at(self.design, observed.fractions)
        decisions.harm = (harm,) * (k + 1)
        z = np.where(tested, statistics.z[k], np.nan)
        self._test(z, k, last=observed.last)
        boundary, statistic = self._boundary(z, k, tested, before)
        decisions.end(z[None], k, last=observed.last)
        reason, overruled = self._outcome(k, tested, last=observed.last)
        self.analyses.append(
            ArmAnalysis(
                observed=observed,
                tested=tested,
                boundary=boundary,
                statistic=statistic,
                tests=decisions.tests,
                before=before,
                crossed=decisions.crossed[0].copy(),
                combined=None if decisions.combination is None else decisions.combination.z[0],
                harm=harm,
                rejected=decisions.rejected[0, :, 0] & tested,
                reason=reason,
                overruled=overruled,
            )
        )

    def check_end(self) -> None:
        """Accept or refuse data after the end of the trial."""
        after = 0 if self.stop is None else self.data.analyses - 1 - self.stop
        if after and self.stop is not None:
            problem = f"analysis {self.stop + 2} follows the end of the trial at analysis "
            problem += f"{self.stop + 1}"
            if not self.asked.overrunning:
                cure = "remove it, or give `overrunning` if its data arrived after the decision"
                raise self.data.fault(self.stop + 1, "", problem, cure)
            if after > 1:
                cure = "give one row with all data that arrived after the decision"
                raise self.data.fault(self.stop + 2, "", "a second analysis follows the end", cure)
        elif self.asked.overrunning and not self.late:
            problem = "no data follow the end of the trial or of a treatment"
            raise InputError.of("overrunning", "", problem, "leave it out")

    def _check_ended(self, k: int) -> None:
        """Refuse participants of a treatment that had ended."""
        for arm in np.flatnonzero(self.reason):
            end = self.ended_at[arm]
            name = self.design.treatments[arm]
            more = self.data.participants[k, arm + 1] - self.data.participants[end, arm + 1]
            if more == 0:
                continue
            self.late = True
            if self.asked.overrunning:
                continue
            problem = (
                f"{more} more participants of {name}, which ended at analysis {end + 1} "
                f"({REASONS[int(self.reason[arm])]})"
            )
            cure = (
                f"keep its counts of analysis {end + 1}, or give `overrunning` if they had been "
                f"recruited before; if it was continued against the rule, give `continued` {name}"
            )
            raise self.data.fault(k, f"{name}_participants", problem, cure)

    def _close(self, k: int) -> None:
        """End treatments that recruited nobody since the previous analysis."""
        if k == 0:
            return
        new = self.data.participants[k] - self.data.participants[k - 1]
        closed = self.decisions.running[0] & (new[1:] == 0)
        self.reason[closed], self.ended_at[closed] = CLOSED, k - 1
        self.decisions.running = self.decisions.running & ~closed
        if not self.decisions.running.any():
            self.stop = k - 1
        elif new[0] == 0:
            problem = "the control has no more participants than at the previous analysis"
            cure = "the control recruits while any treatment does; give cumulative counts"
            raise self.data.fault(k, f"{self.design.names[0]}_participants", problem, cure)

    def _observed(self, k: int) -> Observed:
        """Return the information fractions to an analysis, checked."""
        design, seen = self.design, self.data.participants[k]
        everyone = design.dropping.places == "shared" or design.adaptive_allocation is not None
        open_ = np.append(True, self.decisions.running[0] | everyone)
        fraction = float(seen[open_].sum() / self.statistics.planned[open_].sum())
        earlier = self.analyses[-1].observed.fractions if self.analyses else ()
        if earlier and fraction <= earlier[-1] + 1e-9:
            problem = (
                f"information fraction {fraction:.3f} after {earlier[-1]:.3f}: it does not rise"
            )
            cure = "count all participants of the control and of the treatments that continue"
            raise self.data.fault(k, "participants", problem, cure)
        last = self._is_last(k, fraction)
        self._check_analysis(k, fraction, last=last)
        return Observed((*earlier, fraction), last)

    def _is_last(self, k: int, fraction: float) -> bool:
        planned = len(self.design.rates)
        if self.asked.final and k + 1 == self.data.analyses:
            return True
        if self.design.combination() is not None:
            return k + 1 == planned
        by_number = k + 1 == planned and fraction >= 1 - TOLERANCE
        return by_number or fraction >= 1 - 1e-9

    def _check_analysis(self, k: int, fraction: float, *, last: bool) -> None:
        design, planned = self.design, len(self.design.rates)
        if "dunnett" in design.testing.procedure and k + 1 > max(NODES):
            problem = f"{k + 1} analyses are too many for Dunnett's test"
            raise self.data.fault(k, "", problem, f"give at most {max(NODES)}, or `final`")
        if spends(design):
            return
        if k + 1 > planned:
            problem = f"analysis {k + 1} is not allowed; {planned} are planned"
            cure = "remove it: only error spending follows more analyses"
            raise self.data.fault(k, "", problem, cure)
        off = abs(fraction - design.rates[k]) > TOLERANCE
        if off and not last and design.combination() is None:
            problem = (
                f"analysis {k + 1} has information fraction {fraction:.3f}, planned "
                f"{design.rates[k]:.3f}; the boundaries are fixed beforehand"
            )
            cure = f"keep analyses within {TOLERANCE:g} of the plan, or plan error spending"
            raise self.data.fault(k, "", problem, cure)

    def _test(self, z: Floats, k: int, *, last: bool) -> None:
        """Test the primary hypothesis of every treatment; later ones are not monitored."""
        steps = len(self.design.labels)

        def primary(values: Floats) -> Floats:
            rest = np.full((values.size, steps - 1), np.nan)
            return np.concatenate([values[:, None], rest], 1)[None]

        if self.decisions.combination is None:
            self.decisions.test(primary(z), k, last=last)
            return
        sizes = np.diff(self.data.participants, axis=0, prepend=0)[k].astype(float)
        self.decisions.combine(primary(self.statistics.stage_z[k]), sizes[None], k)

    def _boundary(self, z: Floats, k: int, tested: Bools, before: Bools) -> tuple[Floats, Floats]:
        """Return boundary and statistic of every treatment, given the other treatments."""
        boundary, statistic = np.full((2, z.size), np.nan)
        combination = self.decisions.combination
        for arm in np.flatnonzero(tested).tolist():
            left = needed_sets(self.decisions.tests, arm, z, k, before)
            if combination is not None:
                left = (self.decisions.tests.step[:, arm] == 0) & ~before
                boundary[arm] = combination.upper[k]
                statistic[arm] = combination.z[0, left].min() if left.any() else np.inf
                continue
            high = self.decisions.tests.critical[left, arm, k].max(initial=-np.inf)
            boundary[arm] = np.nan if high >= NEVER or not left.any() else high
            statistic[arm] = z[arm]
        return boundary, statistic

    def _outcome(self, k: int, tested: Bools, *, last: bool) -> tuple[Ints, Bools]:
        """Record which treatments ended here and why; let those continue that were continued."""
        reason = np.where(tested, self.decisions.reason[0], 0)
        names = np.array(self.design.treatments)
        overruled = np.isin(reason, (FUTILITY, SELECTION)) & np.isin(names, self.asked.continued)
        if overruled.any():
            self.decisions.running = self.decisions.running | overruled
            self.decisions.reason = np.where(overruled, 0, self.decisions.reason)
            reason = np.where(overruled, 0, reason)
        rest = tested & (reason == 0) & ~self.decisions.running[0]
        reason = np.where(rest, END if last else TRIAL_STOPPED, reason)
        ended = tested & (reason > 0)
        self.reason, self.ended_at = (
            np.where(ended, new, old) for new, old in ((reason, self.reason), (k, self.ended_at))
        )
        if not self.decisions.running.any():
            self.stop = k
        return reason, overruled
