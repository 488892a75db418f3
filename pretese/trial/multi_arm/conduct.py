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


class ArmDecisions:
    """Decisions of ongoing trials: which hypotheses are rejected, which treatments stop.

    Attributes
    ----------
    running
        (replicate, comparison) whether it continues.
    reason
        (replicate, comparison) why it ended: `adaptation.SUCCESS`, ...; 0: it has not, or ended at
        the last analysis.
    crossed
        (replicate, set) local tests that have rejected.
    tests, harm, combination
        Boundaries: those of the plan, or those of the observed analyses in their place.
    """

    def __init__(self, design: MultiArmDesign, replicates: int) -> None:
        self.design = design
        self.tests, self.harm = design.tests, design.harm_z()
        self.combination = design.combination()
        self.running: Bools = np.ones((replicates, len(design.comparisons)), bool)
        self.reason: Ints = np.zeros(self.running.shape, np.int64)
        self.crossed: Bools = np.zeros((replicates, len(self.tests.step)), bool)

    @property
    def rejected(self) -> Bools:
        """(replicate, comparison, hypothesis) rejections to date."""
        return self.tests.rejected(self.crossed)

    def combine(self, z: Floats, sizes: Floats, analysis: int) -> None:
        """Test all hypotheses by the statistics of one stage, combined with those before.

        Parameters
        ----------
        z
            (replicate, comparison, hypothesis) statistics of the participants of only this stage.
        sizes
            (replicate, arm) participants of this stage.
        """
        if self.combination is None:
            raise ValueError("the design has no combination test")  # checked by the caller
        seen = np.where(self.running[..., None], z, np.nan)
        self.crossed = self.crossed | self.combination.add(seen, analysis, sizes)

    def test(self, z: Floats, analysis: int, *, last: bool) -> None:
        """Test all hypotheses; those with a later endpoint when it is known, in arms that end here.

        A test that is not performed rejects nothing, so that the family-wise error is controlled.

        Parameters
        ----------
        z
            (replicate, comparison, hypothesis) statistics of all participants to date.
        """
        seen = np.where(self.running[..., None] & np.isfinite(z), z, -np.inf)
        delayed = np.asarray(self.design.delayed)
        early = np.where(delayed, -np.inf, seen)
        self.crossed = self.crossed | self.tests.crossed(early, analysis)
        if delayed.any():
            ends = self.rejected[..., :1] | last
            late = np.where(ends, seen, -np.inf)
            self.crossed = self.crossed | self.tests.crossed(late, analysis)

    def end(self, z: Floats, analysis: int, *, last: bool) -> None:
        """Stop treatments that are successful or dropped, all at the last analysis.

        Parameters
        ----------
        z
            (replicate, comparison) statistics of the primary endpoint, all participants to date.
        """
        won = self.rejected[..., 0] & self.running
        reason: Ints = np.where(won, SUCCESS, 0)
        if not last:
            drop = dropped(self.design, z, self.running & ~won, analysis, self.harm[analysis])
            reason = np.where(won, SUCCESS, drop)
        self.reason = np.where(self.running, reason, self.reason)
        self.running = self.running & (reason == 0) & (not last)
        if self.design.stop_at_first_success:
            self.running = self.running & ~won.any(1, keepdims=True)


class _State:
    """Ongoing trials."""

    def __init__(self, design: MultiArmDesign, source: Recruiter) -> None:
        self.design, self.source = design, source
        self.decisions = ArmDecisions(design, source.replicates)
        shape = (source.replicates, len(design.comparisons))
        self.arms = np.ones((source.replicates, len(design.names)), bool)
        self.shares: Floats | None = None
        self.at_analysis = np.zeros(shape)
        self.estimate, self.z = np.full(shape, np.nan), np.full(shape, np.nan)
        self.waited = np.zeros((source.replicates, len(design.names)))
        self.analyses, self.months = np.zeros(source.replicates), np.zeros(source.replicates)

    def hold(self, analysis: int) -> None:
        """Recruit a stage and perform its analysis."""
        going = self.decisions.running.any(1)
        self.source.recruit(analysis, self.arms, self.shares)
        found = [self.source.compare(s, alone=False) for s in range(len(self.design.labels))]
        self.analyses += going
        self.months = np.where(going, self.source.months(), self.months)
        self._record(found[0], analysis)
        self._test(found, analysis)
        self._go_on(found[0].z, analysis)

    def _record(self, found: Compared, analysis: int) -> None:
        running = self.decisions.running
        self.estimate = np.where(running, found.estimate, self.estimate)
        self.z = np.where(running, found.z, self.z)
        self.at_analysis = np.where(running, analysis + 1, self.at_analysis)

    def _test(self, found: list[Compared], analysis: int) -> None:
        last = analysis + 1 == len(self.design.rates)
        if self.decisions.combination is None:
            self.decisions.test(np.stack([each.z for each in found], -1), analysis, last=last)
            return
        alone = [self.source.compare(s, alone=True).z for s in range(len(found))]
        self.decisions.combine(np.stack(alone, -1), self.source.stage_sizes(), analysis)

    def _go_on(self, z: Floats, analysis: int) -> None:
        """Stop arms that are successful or dropped, and determine the next allocation."""
        last = analysis + 1 == len(self.design.rates)
        self.decisions.end(z, analysis, last=last)
        if self.design.factorial or last:
            return
        before, running = self.arms, self.decisions.running
        self.arms = np.concatenate([running.any(1, keepdims=True), running], 1)
        if self.design.dropping.places == "removed" and self.design.adaptive_allocation is None:
            self.waited += np.where(before & ~self.arms, self.source.waiting(), 0.0)
        counts = self.source.counts()
        self.shares = next_shares(
            self.design, *counts, self.source.participants(), self.arms, analysis
        )

    def ended(self) -> ArmTrials:
        """Return the trials after all have ended."""
        rejected = self.decisions.rejected
        of_interaction = np.full(self.source.replicates, np.nan)
        balance = self.source.balance()
        if self.design.factorial:
            of_interaction = interaction(self.design, *self.source.counts()).z[:, 0]
        return ArmTrials(
            rejected=rejected.reshape(len(rejected), -1).astype(float),
            at_analysis=self.at_analysis,
            reason=self.decisions.reason.astype(float),
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
