"""Data of trials with fixed event rates: binomial counts of each stage and arm."""

import numpy as np
from scipy.stats import binom

from estimate.core.arrays import Bools, Floats, Ints
from pretese.trial.multi_arm.adaptation import apportion
from pretese.trial.multi_arm.balance import AllocationBalance, unknown_balance
from pretese.trial.multi_arm.design.configurations import Configuration
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.statistics import Compared, compare_counts, true_differences
from pretese.trial.multi_arm.timing import Timing
from pretese.trial.simulation.binomial import binomial_quantile
from simulate.core.random_streams import RandomStreams
from simulate.recruitment.schemes import SCHEMES


def why_patients(design: MultiArmDesign, participants: int) -> str | None:
    """Return why patients must be simulated; None if counts suffice."""
    blocks = SCHEMES[design.randomisation.method].blocks == "all"
    reasons = {
        "the design names a scenario": design.risks_percent is None,
        "the analysis needs more than the counts of the arms": design.analysis.method
        != "unadjusted",
        "arm sizes are random": not blocks or len(design.randomisation.block_sizes) > 1,
        "the final analysis falls inside a block": participants % design.step != 0,
        "blocks change with the allocation": any(
            sum(design.parts_after(j)) != sum(design.parts) for j in range(1, len(design.rates))
        ),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def event_rates(design: MultiArmDesign, acts_as: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return (arm,) probabilities of being analysed, and of an event among those."""
    fixed = design.risks_percent
    if fixed is None:
        raise ValueError("a scenario has no fixed event rates")
    return analysed_shares(design, np.array([fixed[design.names[arm]] for arm in acts_as]) / 100)


def analysed_shares(design: MultiArmDesign, risks: Floats) -> tuple[Floats, Floats]:
    """Return the same from risks of the arms, which are the last axis."""
    stays = 1 - np.array([design.dropout_percent.get(name, 0.0) for name in design.names]) / 100
    if design.endpoint.missing == "failure":
        return np.ones_like(stays), risks * stays
    return stays, risks


class StageCounts:
    """Cumulative counts of simulated trials, (replicate, arm).

    ``rates`` replaces `event_rates`, and may differ between replicates: (replicate, arm). Without a
    ``calendar`` recruitment stops at each analysis, and months are not known (NaN).
    """

    def __init__(
        self, design: MultiArmDesign, configuration: Configuration, participants: int, seed: int,
        first: int, size: int, *, rates: tuple[Floats, Floats] | None = None,
        calendar: bool = True,
    ) -> None:  # fmt: skip
        self.design, self.replicates = design, size
        self._acts_as = configuration.acts_as
        self._streams = RandomStreams(seed, size, len(design.rates), first_patient=first)
        self._analysed, self._success = rates or event_rates(design, configuration.acts_as)
        self._places = np.diff(design.analyses_at(participants), prepend=0)
        shape = (size, len(design.names))
        self._events: Floats = np.zeros(shape)
        self._counted: Floats = np.zeros(shape)
        self._came: Floats = np.zeros(shape)
        self._new: Floats = self._came
        self._stage: tuple[Floats, Floats] = (self._events, self._counted)
        self._timing = Timing(design, participants) if calendar else None

    def recruit(self, stage: int, open_: Bools, shares: Floats | None) -> None:
        """Recruit a stage into the arms that are open."""
        places = int(self._places[stage])
        parts = np.asarray(self.design.parts_after(stage), float)
        if shares is None:  # places of closed arms are not filled
            new = np.where(open_, np.round(parts / parts.sum() * places).astype(int), 0)
        else:
            new = apportion(np.where(open_, shares, 0.0), places)
        events, counted = np.zeros(new.shape), np.zeros(new.shape)
        for arm, name in enumerate(self.design.names):
            counted[:, arm] = self._draw(f"counts: analysed, {name}", stage, new[:, arm],
                                         self._analysed[..., arm])  # fmt: skip
            events[:, arm] = self._draw(f"counts: success, {name}", stage,
                                        counted[:, arm].astype(np.int64),
                                        self._success[..., arm])  # fmt: skip
        self._stage = (events, counted)
        self._events, self._counted = self._events + events, self._counted + counted
        self._new = new.astype(float)
        self._came = self._came + new
        if self._timing:
            self._timing.add(new.astype(float), open_)

    def _draw(self, purpose: str, stage: int, sizes: Ints, chance: Floats) -> Ints:
        if (chance >= 1).all():
            return np.asarray(sizes)
        uniform = self._streams.uniform(purpose)[stage]
        if chance.ndim:
            return np.asarray(binom.ppf(uniform, sizes, chance), np.int64)
        return binomial_quantile(uniform, sizes, float(chance))

    def compare(self, hypothesis: int, *, alone: bool) -> Compared:
        """Compare the arms by the score test, with one hypothesis per treatment."""
        return compare_counts(self.design, *(self._stage if alone else self.counts()))

    def counts(self) -> tuple[Floats, Floats]:
        """Return events and participants analysed."""
        return self._events, self._counted

    def participants(self) -> Floats:
        """Return participants randomised to date."""
        return self._came

    def stage_sizes(self) -> Floats:
        """Return participants randomised in the last stage."""
        return self._new

    def waiting(self) -> Floats:
        """Return participants recruited until the last endpoint is known."""
        return self._timing.waiting() if self._timing else np.zeros(self._came.shape)

    def balance(self) -> AllocationBalance:
        """Return that counts have no order of arrival: NaN."""
        return unknown_balance(self.replicates)

    def months(self) -> Floats:
        """Return months until the endpoints of the participants to date are known."""
        return self._timing.months() if self._timing else np.full(self.replicates, np.nan)

    def truths(self) -> Floats:
        """Return (replicate, comparison) true risk differences, the same in all replicates."""
        fixed = self.design.risks_percent or {}
        risks = np.array([fixed[self.design.names[arm]] for arm in self._acts_as]) / 100
        return np.repeat(true_differences(self.design, risks[None]), self.replicates, 0)
