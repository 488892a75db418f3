"""Conduct trials with several arms, stage by stage: recruit, compare, decide, drop, reallocate."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints
from pretese.trial.multi_arm.adaptation import SUCCESS, dropped, next_shares
from pretese.trial.multi_arm.balance import AllocationBalance
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.statistics import Compared, interaction


class Recruiter(Protocol):
    """Source of the data of trials: counts, or patients."""

    replicates: int

    def recruit(self, stage: int, open_: Bools, shares: Floats | None) -> None:
        """Recruit a stage into the open (replicate, arm) arms."""

    def compare(self, hypothesis: int, *, alone: bool) -> Compared:
        """Compare the arms in all participants to date; ``alone``: in those of the last stage."""

    def counts(self) -> tuple[Floats, Floats]:
        """Return (replicate, arm) events and participants analysed, primary endpoint."""

    def participants(self) -> Floats:
        """Return (replicate, arm) participants randomised to date."""

    def stage_sizes(self) -> Floats:
        """Return (replicate, arm) participants randomised in the last stage."""

    def waiting(self) -> Floats:
        """Return (replicate, arm) participants recruited until the last endpoint is known."""

    def months(self) -> Floats:
        """Return (replicate,) months until the endpoints of all participants to date are known."""

    def truths(self) -> Floats:
        """Return (replicate, comparison) true risk differences of the primary endpoint."""

    def balance(self) -> AllocationBalance:
        """Return predictability and balance of the planned allocation."""


@dataclass(frozen=True, slots=True)
class ArmTrials:
    """Finished trials, arrays with the replicate first.

    Attributes
    ----------
    rejected
        (comparison x hypothesis) rejections in favour of treatment, ordered by comparison.
    at_analysis
        (comparison,) analysis at which the comparison ended, from 1.
    reason
        (comparison,) reason: `adaptation.SUCCESS`, ..., or 0 at the last analysis.
    estimate
        (comparison,) effect on the primary endpoint when it ended.
    z
        (comparison,) its statistic at that analysis.
    truth
        (comparison,) true risk difference in the participants of the trial.
    participants
        (arm,) randomised until the trial ended, including those whose endpoint was not yet known;
        if places are shared, decisions take effect at once.
    analyses, months
        Number of analyses, and months until the last endpoint of the participants is known.
    guess_rate, imbalance
        Predictability and balance of the planned allocation: `balance.AllocationBalance`.
    interaction_z
        Statistic of the interaction; NaN unless the trial is factorial.
    """

    rejected: Floats
    at_analysis: Floats
    reason: Floats
    estimate: Floats
    z: Floats
    truth: Floats
    participants: Floats
    analyses: Floats
    months: Floats
    guess_rate: Floats
    imbalance: Floats
    interaction_z: Floats


def conduct_arms(design: MultiArmDesign, source: Recruiter) -> ArmTrials:
    """Simulate all replicates to their end."""
    state = _State(design, source)
    for analysis in range(len(design.rates)):
        state.hold(analysis)
    return state.ended()


class _State:
    """Ongoing trials."""

    def __init__(self, design: MultiArmDesign, source: Recruiter) -> None:
        self.design, self.source = design, source
        shape = (source.replicates, len(design.comparisons))
        self.arms = np.ones((source.replicates, len(design.names)), bool)
        self.running = np.ones(shape, bool)
        self.crossed = np.zeros((source.replicates, len(design.tests.step)), bool)
        self.combination = design.combination()
        self.shares: Floats | None = None
        self.at_analysis, self.reason = np.zeros(shape), np.zeros(shape)
        self.estimate, self.z = np.full(shape, np.nan), np.full(shape, np.nan)
        self.waited = np.zeros((source.replicates, len(design.names)))
        self.analyses, self.months = np.zeros(source.replicates), np.zeros(source.replicates)

    def hold(self, analysis: int) -> None:
        """Recruit a stage and perform its analysis."""
        going = self.running.any(1)
        self.source.recruit(analysis, self.arms, self.shares)
        found = [self.source.compare(s, alone=False) for s in range(len(self.design.labels))]
        self.analyses += going
        self.months = np.where(going, self.source.months(), self.months)
        self._record(found[0], analysis)
        self._test(found, analysis)
        self._go_on(found[0].z, analysis)

    def _record(self, found: Compared, analysis: int) -> None:
        self.estimate = np.where(self.running, found.estimate, self.estimate)
        self.z = np.where(self.running, found.z, self.z)
        self.at_analysis = np.where(self.running, analysis + 1, self.at_analysis)

    def _test(self, found: list[Compared], analysis: int) -> None:
        if self.combination is None:
            self._test_closed(np.stack([each.z for each in found], -1), analysis)
            return
        alone = [self.source.compare(s, alone=True).z for s in range(len(found))]
        z = np.where(self.running[..., None], np.stack(alone, -1), np.nan)
        self.crossed |= self.combination.add(z, analysis, self.source.stage_sizes())

    def _test_closed(self, z: Floats, analysis: int) -> None:
        """Test all hypotheses; those with a later endpoint when it is known, in arms that end here.

        A test that is not performed rejects nothing, so that the family-wise error is controlled.
        """
        tests, last = self.design.tests, analysis + 1 == len(self.design.rates)
        seen = np.where(self.running[..., None] & np.isfinite(z), z, -np.inf)
        delayed = np.asarray(self.design.delayed)
        self.crossed |= tests.crossed(np.where(delayed, -np.inf, seen), analysis)
        if delayed.any():
            ends = tests.rejected(self.crossed)[..., :1] | last
            self.crossed |= tests.crossed(np.where(ends, seen, -np.inf), analysis)

    def _go_on(self, z: Floats, analysis: int) -> None:
        """Stop arms that are successful or dropped, and determine the next allocation."""
        last = analysis + 1 == len(self.design.rates)
        won = self.design.tests.rejected(self.crossed)[..., 0] & self.running
        reason: Ints = np.where(won, SUCCESS, 0)
        if not last:
            drop = dropped(self.design, z, self.running & ~won, analysis)
            reason = np.where(won, SUCCESS, drop)
        self.reason = np.where(self.running, reason, self.reason)
        self.running = self.running & (reason == 0) & (not last)
        if self.design.stop_at_first_success:
            self.running = self.running & ~won.any(1, keepdims=True)
        if self.design.factorial or last:
            return
        before = self.arms
        self.arms = np.concatenate([self.running.any(1, keepdims=True), self.running], 1)
        if self.design.dropping.places == "removed" and self.design.adaptive_allocation is None:
            self.waited += np.where(before & ~self.arms, self.source.waiting(), 0.0)
        counts = self.source.counts()
        self.shares = next_shares(
            self.design, *counts, self.source.participants(), self.arms, analysis
        )

    def ended(self) -> ArmTrials:
        """Return the trials after all have ended."""
        rejected = self.design.tests.rejected(self.crossed)
        of_interaction = np.full(self.source.replicates, np.nan)
        balance = self.source.balance()
        if self.design.factorial:
            of_interaction = interaction(self.design, *self.source.counts()).z[:, 0]
        return ArmTrials(
            rejected=rejected.reshape(len(rejected), -1).astype(float),
            at_analysis=self.at_analysis,
            reason=self.reason.astype(float),
            estimate=self.estimate,
            z=self.z,
            truth=self.source.truths(),
            participants=self.source.participants() + self.waited,
            analyses=self.analyses,
            months=self.months + self.design.endpoint_month - self.design.decision_month,
            guess_rate=balance.guess_rate,
            imbalance=balance.imbalance,
            interaction_z=of_interaction,
        )
