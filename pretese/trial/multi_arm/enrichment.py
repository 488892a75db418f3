"""Trials that test all participants and a population, and may continue with only the population.

Adaptive enrichment: Jenkins M, Stone A, Jennison C. *Pharm Stat* 2011;10:347-56; Wassmer G,
Brannath W. *Group Sequential and Confirmatory Adaptive Designs in Clinical Trials*, 2016, chapter
11. The intersection of both null hypotheses is tested in every stage by the maximum of both
statistics, given their correlation (Spiessens B, Debois M. *Contemp Clin Trials* 2010;31:647-56),
or by that of the population when only its members are recruited; stages are combined with the
planned weights.
"""

from collections.abc import Mapping

import numpy as np

from estimate.core.arrays import Bools, Floats
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.strata import members
from pretese.trial.multi_arm.adaptation import FUTILITY, SELECTION, SUCCESS
from pretese.trial.multi_arm.balance import balance_of
from pretese.trial.multi_arm.conduct import ArmTrials
from pretese.trial.multi_arm.design.configurations import Configuration
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.design.design_parts import Enrichment
from pretese.trial.multi_arm.pair_analysis import analyse_pair
from pretese.trial.multi_arm.patient_draws import MultiArmPatients, draw_patients
from protocol.errors import InputError

#: Maximum number of patients screened per place of the trial; beyond it the population is too rare.
MOST_SCREENED = 40


def draw_screened(
    design: MultiArmDesign, changes: Mapping[str, float] | None, participants: int, seed: int,
    first: int, size: int,
) -> MultiArmPatients:  # fmt: skip
    """Simulate enough patients for every trial to continue with only the population."""
    rule, ends = _rule(design), design.analyses_at(participants)
    more = participants - ends[0] if len(ends) > 1 else 0
    screened = participants + more
    while True:
        drawn = draw_patients(design, dict(changes or {}), screened, seed, first, size)
        inside = members(rule.population, drawn.baseline, drawn.diagnosis)
        if int(inside[:, ends[0] :].sum(1).min()) >= more:
            return drawn
        screened *= 2
        if screened > MOST_SCREENED * participants:
            problem = f"fewer than 1 in {MOST_SCREENED} patients are {rule.population.name}"
            raise InputError.of(design.id, "enrichment.population", problem, "widen it")


def conduct_enrichment(
    design: MultiArmDesign, configuration: Configuration, drawn: MultiArmPatients,
    participants: int,
) -> ArmTrials:  # fmt: skip
    """Simulate all replicates to their end under one configuration."""
    state = _Enriching(design, configuration, drawn, participants)
    for analysis in range(len(design.rates)):
        state.hold(analysis)
    return state.ended()


def _rule(design: MultiArmDesign) -> Enrichment:
    if design.enrichment is None:
        raise ValueError("the design has no enrichment")
    return design.enrichment


class _Enriching:
    """Ongoing trials; the columns of pairs are all participants and the population."""

    def __init__(
        self, design: MultiArmDesign, configuration: Configuration, drawn: MultiArmPatients,
        participants: int,
    ) -> None:  # fmt: skip
        self.design, self.rule, self.drawn = design, _rule(design), drawn
        self.member = members(self.rule.population, drawn.baseline, drawn.diagnosis)
        self.ends = np.diff(design.analyses_at(participants), prepend=0)
        size, screened = drawn.month.shape
        self.arm = drawn.arm[0]
        self.outcomes, self.treated = _outcomes(configuration, drawn, self.member)
        shares = np.array([design.dropout_percent.get(name, 0.0) for name in design.names]) / 100
        self.lost = drawn.lost < shares[self.arm]
        self.inside, self.stage = np.zeros((size, screened), bool), np.zeros((0,), bool)
        self.next_place = np.zeros(size, np.int64)
        self.running = np.ones((size, 2), bool)
        combination = design.combination()
        if combination is None:
            raise ValueError("enrichment needs the combination test")
        self.combination = combination
        self.crossed = np.zeros((size, len(design.tests.step)), bool)
        self.at_analysis, self.reason = np.zeros((size, 2)), np.zeros((size, 2))
        self.z, self.estimate = np.full((size, 2), np.nan), np.full((size, 2), np.nan)
        self.analyses, self.months = np.zeros(size), np.zeros(size)
        self.waited = np.zeros((size, 2))

    def hold(self, analysis: int) -> None:
        """Recruit a stage, perform its analysis, and decide in whom the trial continues."""
        going = self.running.any(1)
        self._recruit(int(self.ends[analysis]))
        self.analyses += going
        self.months = np.where(going, self._month(), self.months)
        z, estimate = self._compare(self.inside)
        self.z = np.where(self.running, z, self.z)
        self.estimate = np.where(self.running, estimate, self.estimate)
        self.at_analysis = np.where(self.running, analysis + 1, self.at_analysis)
        alone = np.where(self.running, self._compare(self.stage)[0], np.nan)
        self.crossed |= self.combination.add(alone[..., None], analysis, self._correlated())
        self._go_on(z, last=analysis + 1 == len(self.ends))

    def _recruit(self, places: int) -> None:
        """Fill the places of a stage with the next eligible patients."""
        number = np.arange(self.member.shape[1])
        wanted = (number >= self.next_place[:, None]) & (self.member | self.running[:, :1])
        wanted &= self.running.any(1, keepdims=True)
        self.stage = wanted & (wanted.cumsum(1) <= places)
        self.inside |= self.stage
        last = np.where(self.stage, number, -1).max(1)
        self.next_place = np.maximum(self.next_place, last + 1)

    def _month(self) -> Floats:
        last = np.maximum(self.next_place - 1, 0)[:, None]
        at = np.take_along_axis(self.drawn.month, last, 1)[:, 0]
        return np.asarray(at + self.design.decision_month)

    def _compare(self, who: Bools) -> tuple[Floats, Floats]:
        """Return (replicate, population) statistics and estimates in selected participants."""
        pairs = [analyse_pair(self._data(each)) for each in (who, who & self.member)]
        z, estimate = (np.stack(each, -1) for each in zip(*pairs, strict=True))
        return z, estimate

    def _data(self, who: Bools) -> Data:
        drawn, missing = self.drawn, self.design.endpoint.missing == "failure"
        counted = np.where(self.arm == 1, drawn.counted[0][1], drawn.counted[0][0])
        kept = who & counted if missing else who & counted & ~self.lost
        outcome = self.outcomes & ~self.lost if missing else self.outcomes
        return Data(
            design=self.design.pair(self.design.treatments[0]),
            outcome=outcome.astype(float), arm=(self.arm == 1).astype(float),
            present=who, include=kept, operated=np.ones(who.shape, bool), site=drawn.site,
            diagnosis=drawn.diagnosis,
            baseline={name: np.asarray(v, float) for name, v in drawn.baseline.items()},
        )  # fmt: skip

    def _correlated(self) -> Floats:
        """Return arm sizes whose Dunnett test has the correlation of both statistics of the stage.

        It is sqrt(q), q the fraction of participants in the population; the correlation of
        Dunnett's test with treatment arms of relative size r is r / (1 + r).
        """
        part = (self.stage & self.member).sum(1) / np.maximum(self.stage.sum(1), 1)
        correlation = np.minimum(np.sqrt(part), 0.99)
        ratio = correlation / (1 - correlation)
        return np.stack([np.ones_like(ratio), ratio, ratio], -1)

    def _go_on(self, z: Floats, *, last: bool) -> None:
        won = self.design.tests.rejected(self.crossed)[..., 0] & self.running
        ends: Bools = np.asarray(won.any(1) | last)
        everyone = np.nan_to_num(z[:, 0], nan=-np.inf) >= self.rule.all_z
        population = np.nan_to_num(z[:, 1], nan=-np.inf) >= self.rule.population_z
        stays = np.stack([self.running[:, 0] & everyone, population | everyone], -1)
        dropped = np.where(stays.any(1, keepdims=True), SELECTION, FUTILITY)
        reason = np.where(stays | ends[:, None], 0, dropped)
        reason = np.where(won, SUCCESS, reason)
        self.reason = np.where(self.running, reason, self.reason)
        after = self.running & stays & ~ends[:, None]
        self._wait(self.running[:, 0] & ~after[:, 0] & after[:, 1])
        self.running = after

    def _wait(self, enriched: Bools) -> None:
        """Count participants outside the population who were recruited before the decision."""
        number = np.arange(self.member.shape[1])
        late = (number >= self.next_place[:, None]) & (self.drawn.month <= self._month()[:, None])
        late &= enriched[:, None] & ~self.member
        self.waited += np.stack([(late & (self.arm == each)).sum(1) for each in (0, 1)], -1)

    def ended(self) -> ArmTrials:
        """Return the trials when all have ended."""
        balance = balance_of(self.design, self.drawn, int(self.ends.sum()))
        rejected = self.design.tests.rejected(self.crossed)
        arms = [(self.inside & (self.arm == each)).sum(1) for each in (0, 1)]
        return ArmTrials(
            rejected=rejected.reshape(len(rejected), -1).astype(float),
            at_analysis=self.at_analysis, reason=self.reason.astype(float),
            estimate=self.estimate, z=self.z, truth=self._truths(),
            participants=np.stack(arms, -1) + self.waited, analyses=self.analyses,
            months=self.months, guess_rate=balance.guess_rate, imbalance=balance.imbalance,
            interaction_z=self._interaction(),
        )  # fmt: skip

    def _truths(self) -> Floats:
        """Return (replicate, population) true risk differences among the patients screened."""
        gain = self.treated.astype(float) - self.drawn.success[0][0]
        inside = np.where(self.member, gain, np.nan)
        return np.stack([gain.mean(1), np.nanmean(inside, 1)], -1)

    def _interaction(self) -> Floats:
        """Return (replicate,) Wald z of the interaction: difference in members minus others."""
        rows = self.inside & ~self.lost
        gaps, variance = [], np.zeros(len(rows))
        for part in (self.member, ~self.member):
            n, x = (
                np.stack([(rows & part & (self.arm == a) & each).sum(1) for a in (0, 1)], -1)
                for each in (np.ones_like(rows), self.outcomes)
            )
            with np.errstate(invalid="ignore", divide="ignore"):
                p = x / n
                variance += (p * (1 - p) / n).sum(1)
            gaps.append(p[:, 1] - p[:, 0])
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((gaps[0] - gaps[1]) / np.sqrt(variance))


def _outcomes(
    configuration: Configuration, drawn: MultiArmPatients, member: Bools
) -> tuple[Bools, Bools]:
    """Return (replicate, participant) outcomes in the participant's arm, and under treatment."""
    control, treated = drawn.success[0]
    if configuration.acts_as[1] == 0:
        treated = control
    elif configuration.works_in != "everyone":
        works = member if configuration.works_in == "members" else ~member
        treated = np.where(works, treated, control)
    return np.where(drawn.arm[0] == 1, treated, control), treated
