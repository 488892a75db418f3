"""What remains of an ongoing trial of several arms: analyses, sizes, boundaries, risks."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints
from estimate.multi_arm.local_tests import NEVER, LocalTests
from estimate.multi_arm.set_boundaries import Observed
from pretese.trial.monitoring.boundaries_observed import TOLERANCE
from pretese.trial.monitoring.current_status import effect_on
from pretese.trial.multi_arm.adaptation import apportion, next_shares
from pretese.trial.multi_arm.conduct import ArmDecisions
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.monitoring.arm_boundaries import ArmAnalysis, MonitoredArms, harm_at
from pretese.trial.multi_arm.monitoring.arm_statistics import planned_stages


@dataclass(frozen=True)
class LaterAnalyses:
    """An analysis, counted from 0, and those that follow it as planned."""

    trial: MonitoredArms
    analysis: int

    @property
    def design(self) -> MultiArmDesign:
        """The design of the trial."""
        return self.trial.design

    @property
    def row(self) -> ArmAnalysis:
        """The analysis."""
        return self.trial.analyses[self.analysis]

    @property
    def running(self) -> Bools:
        """(treatment,) whether it continues after the analysis."""
        return np.asarray(self.row.tested & (self.row.reason == 0))

    @property
    def z(self) -> Floats:
        """(treatment,) statistics of the analysis."""
        return np.asarray(self.trial.statistics.z[self.analysis])

    @cached_property
    def rates(self) -> Floats:
        """Information fractions of all analyses; those to come as planned, the last of them 1."""
        seen, planned = np.asarray(self.row.observed.fractions), np.asarray(self.design.rates)
        left = planned[self.analysis + 1 :]
        if self.design.combination() is None:
            left = left[left > seen[-1] + TOLERANCE]
            return np.concatenate([seen, left if left.size else np.ones(1)])
        return np.concatenate([seen, np.maximum(left, seen[-1] + 1e-6)])

    @cached_property
    def tests(self) -> LocalTests:
        """Local tests with the boundaries of all analyses."""
        if self.design.combination() is not None:
            return self.design.tests
        return self.design.tests_at(Observed(tuple(self.rates.tolist()), last=True))

    @cached_property
    def harm(self) -> tuple[float, ...]:
        """Harm boundary of each interim analysis."""
        times = tuple(self.rates.tolist())
        return tuple(harm_at(self.design, times[: k + 1]) for k in range(len(times) - 1))

    @property
    def later(self) -> range:
        """Analyses that follow, counted from 0."""
        return range(self.analysis + 1, len(self.rates))

    def start(self, replicates: int) -> ArmDecisions:
        """Return the state of decisions after the analysis, repeated."""
        found = ArmDecisions(self.design, replicates)
        found.tests, found.harm = self.tests, self.harm
        found.running = np.repeat(self.running[None], replicates, axis=0)
        found.crossed = np.repeat(self.row.crossed[None], replicates, axis=0)
        if found.combination is not None and self.row.combined is not None:
            found.combination = found.combination.resumed(
                self.row.combined, self.analysis + 1, replicates
            )
        return found

    def next_sizes(self, events: Floats, seen: Floats, running: Bools, later: int) -> Ints:
        """Return (replicate, arm) participants analysed at a later analysis, since the one before.

        Parameters
        ----------
        events, seen
            (replicate, arm) counts at the analysis before ``later``.
        running
            (replicate, treatment) whether each continues.
        """
        open_ = np.concatenate([running.any(1, keepdims=True), running], 1)
        planned = self.planned_at(later)
        shares = next_shares(self.design, events, seen, seen, open_, later - 1)
        if shares is not None:
            places = planned - (self.planned_at(later - 1) if later else 0)
            return apportion(np.where(open_, shares, 0.0), round(places.sum()))
        if self.design.combination() is not None:
            new = np.round(planned - (self.planned_at(later - 1) if later else 0))
            return np.where(open_, new, 0).astype(np.int64)
        return np.where(open_, np.maximum(np.round(planned) - seen, 0), 0).astype(np.int64)

    def planned_at(self, later: int) -> Floats:
        """Return (arm,) participants planned to have been analysed at an analysis."""
        planned = self.trial.statistics.planned
        if self.design.combination() is None:
            return np.asarray(self.rates[later] * planned)
        stages = planned_stages(self.design)
        return np.asarray(stages[: later + 1].sum(0) * planned.sum() / stages.sum())

    def risks(self, share: float) -> Floats | None:
        """Return (arm,) planned risks at a fraction of the effects; None if unknown."""
        found = risks_as_planned(self.trial)
        if found is None or (self.trial.statistics.scale != "risk difference" and self._limit):
            return None
        return np.asarray(found[0] + share * (found - found[0]))

    @property
    def _limit(self) -> bool:
        return bool(self.design.analysis.true_by_limit)

    def drifts(self, risks: Floats) -> Floats:
        """Return (treatment,) means of z at full information under these risks."""
        statistics = self.trial.statistics
        if self.trial.data.events is None:
            error = statistics.std_error[self.analysis] * np.sqrt(self.rates[self.analysis])
        else:
            variance = risks * (1 - risks) / statistics.planned
            error = np.sqrt(variance[1:] + variance[0])
        effects = [effect_on(statistics.scale, (risks[0], each)) for each in risks[1:]]
        return np.asarray(np.asarray(effects) / error)

    def lone_boundary(self) -> tuple[int, Floats] | None:
        """Return the only treatment that continues, with its (analysis,) boundaries.

        None if several continue, stages are combined, or no set of hypotheses has the largest
        boundary at every later analysis.
        """
        running = np.flatnonzero(self.running)
        if running.size != 1 or self.design.combination() is not None:
            return None
        arm = int(running[0])
        left = (self.tests.step[:, arm] == 0) & ~self.row.crossed
        critical = self.tests.critical[left, arm]
        high = critical[:, self.analysis + 1 :].max(0)
        ordered = (critical[:, self.analysis + 1 :] >= high - 1e-9).all(1)
        return (arm, np.asarray(critical[ordered][0])) if ordered.any() else None

    def lone_lower(self) -> Floats | None:
        """Return the (analysis,) z below which the only treatment is dropped; None: never."""
        rule = self.design.dropping.futility_z
        low = np.full(len(self.rates), -np.inf)
        for k, harm in enumerate(self.harm):
            futility = rule[min(k, len(rule) - 1)] if rule else -np.inf
            low[k] = max(harm, futility)
        return low if np.isfinite(low).any() else None


def risks_as_planned(trial: MonitoredArms) -> Floats | None:
    """Return (arm,) planned probabilities of the event in participants analysed, or None."""
    from pretese.trial.multi_arm.counts import event_rates

    design = trial.design
    if design.risks_percent is not None:
        return event_rates(design, tuple(range(len(design.names))))[1]
    if not trial.asked.risks:
        return None
    return np.array([trial.asked.risks[name] for name in design.names])


def never(boundary: Floats) -> bool:
    """Whether a treatment cannot be rejected at all."""
    return bool((boundary >= NEVER).any())
