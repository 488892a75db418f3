"""Data of trials at patient level, compared by the analysis of each hypothesis."""

import numpy as np

from estimate.core.arrays import Bools, Floats
from pretese.trial.conduct.observed_data import Codes as Ints
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.multi_arm.balance import AllocationBalance, balance_of
from pretese.trial.multi_arm.design.configurations import Configuration
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.pair_analysis import analyse_pair
from pretese.trial.multi_arm.patient_draws import MultiArmPatients
from pretese.trial.multi_arm.statistics import Compared, compare_counts, true_differences


class StagePatients:
    """Trials at patient level under one configuration; see `conduct.Recruiter`."""

    def __init__(
        self, design: MultiArmDesign, configuration: Configuration, drawn: MultiArmPatients,
        participants: int,
    ) -> None:  # fmt: skip
        self.design, self._drawn = design, drawn
        self.replicates = len(drawn.month)
        self._acts_as = np.asarray(configuration.acts_as)
        self._ends = (0, *design.analyses_at(participants))
        shape = (self.replicates, participants)
        self._arm, self._in = np.full(shape, -1), np.zeros(shape, bool)
        self._stage = -1
        self._pairs = {
            (arm, s): design.pair(arm, s)
            for arm in design.treatments for s in range(len(design.labels))
        }  # fmt: skip

    def recruit(self, stage: int, open_: Bools, shares: Floats | None) -> None:
        """Recruit the places of a stage; those of closed arms are not filled."""
        here = slice(self._ends[stage], self._ends[stage + 1])
        arm = self._plan_of(stage)[:, here]
        if shares is not None:
            edges = np.cumsum(np.where(open_, shares, 0.0), 1)
            arm = (self._drawn.redrawn[:, here, None] >= edges[:, None, :-1]).sum(-1)
        self._arm[:, here] = arm
        self._in[:, here] = np.take_along_axis(open_, arm, 1)
        self._stage = stage

    def _plan_of(self, stage: int) -> Ints:
        """Return the allocation in force in a stage."""
        plans = list(dict.fromkeys(self.design.parts_after(j) for j in range(stage + 1)))
        return np.asarray(self._drawn.arm[plans.index(self.design.parts_after(stage))])

    def counts(self) -> tuple[Floats, Floats]:
        """Return events and participants analysed, primary endpoint."""
        return self._counts(0, 0)

    def _counts(self, hypothesis: int, after: int) -> tuple[Floats, Floats]:
        outcome, include = self._observed(hypothesis)
        here = slice(after, self._ends[self._stage + 1])
        member = include & self._drawn.member[hypothesis]
        arms = [member[:, here] & (self._arm[:, here] == a) for a in range(len(self.design.names))]
        events = np.stack([(each & outcome[:, here]).sum(1) for each in arms], -1)
        return events.astype(float), np.stack([each.sum(1) for each in arms], -1).astype(float)

    def _observed(self, hypothesis: int) -> tuple[Bools, Bools]:
        """Return (replicate, participant) recorded outcomes, and who can be analysed."""
        end = self.design.endpoints[hypothesis]
        acts = self._acts_as[np.maximum(self._arm, 0)]
        success, counted = (
            np.take_along_axis(each[hypothesis], acts[None], 0)[0]
            for each in (self._drawn.success, self._drawn.counted)
        )
        shares = np.array([self.design.dropout_percent.get(n, 0.0) for n in self.design.names])
        lost = self._drawn.lost < shares[np.maximum(self._arm, 0)] / 100
        if end.missing == "failure":
            return success & ~lost, counted & self._in
        return success, counted & self._in & ~lost

    def compare(self, hypothesis: int, *, alone: bool) -> Compared:
        """Compare every treatment with the control by the analysis of the hypothesis."""
        after = self._ends[self._stage] if alone else 0
        if self.design.methods[hypothesis].method == "unadjusted":
            return compare_counts(self.design, *self._counts(hypothesis, after))
        outcome, include = self._observed(hypothesis)
        found = [
            analyse_pair(self._data(hypothesis, arm, outcome, include, after))
            for arm in range(1, len(self.design.names))
        ]
        return Compared(*(np.stack(each, -1) for each in zip(*found, strict=True)))

    def _data(self, hypothesis: int, arm: int, outcome: Bools, include: Bools, after: int) -> Data:
        """Return the participants of one treatment and the control as a trial with two arms."""
        drawn = self._drawn
        here = slice(after, self._ends[self._stage + 1])
        both = self._in & np.isin(self._arm, (0, arm)) & drawn.member[hypothesis]
        return Data(
            design=self._pairs[self.design.names[arm], hypothesis],
            outcome=outcome[:, here].astype(float),
            arm=(self._arm[:, here] == arm).astype(float),
            present=both[:, here],
            include=(include & both)[:, here],
            operated=np.ones(both[:, here].shape, bool),
            site=drawn.site[:, here],
            diagnosis=drawn.diagnosis[:, here],
            baseline={
                name: np.asarray(values[:, here], np.float64)
                for name, values in drawn.baseline.items()
            },
        )

    def participants(self) -> Floats:
        """Return participants randomised to date."""
        return self._sizes(0)

    def stage_sizes(self) -> Floats:
        """Return participants randomised in the last stage."""
        return self._sizes(self._ends[self._stage])

    def _sizes(self, after: int) -> Floats:
        arm, inside = self._arm[:, after:], self._in[:, after:]
        arms = [(inside & (arm == a)).sum(1) for a in range(len(self.design.names))]
        return np.stack(arms, -1).astype(float)

    def waiting(self) -> Floats:
        """Return participants of each arm recruited until the last endpoint is known."""
        if self._stage + 2 >= len(self._ends):
            return np.zeros((self.replicates, len(self.design.names)))
        due = self.months()[:, None]
        here = slice(self._ends[self._stage + 1], self._ends[self._stage + 2])
        arm = self._plan_of(self._stage + 1)[:, here]
        arrives = (self._drawn.month[:, here] - self._saved()[:, None]) <= due
        came = [(arrives & (arm == a)).sum(1) for a in range(len(self.design.names))]
        return np.stack(came, -1).astype(float)

    def truths(self) -> Floats:
        """Return (replicate, comparison) true risk differences of the primary endpoint."""
        risks = self._drawn.success[0][self._acts_as].mean(2).T
        return true_differences(self.design, risks)

    def balance(self) -> AllocationBalance:
        """Return predictability and balance of the planned allocation."""
        return balance_of(self.design, self._drawn, self._ends[-1])

    def months(self) -> Floats:
        """Return months until the endpoints of the participants to date are known.

        If places of closed arms are removed, arriving patients fill the others, and the trial is
        faster.
        """
        last = self._in.sum(1)
        at = np.take_along_axis(self._drawn.month, np.maximum(last - 1, 0)[:, None], 1)[:, 0]
        return np.asarray(at + self.design.decision_month)

    def _saved(self) -> Floats:
        """Return (replicate,) months saved by the places that were not filled."""
        end = self._drawn.month[:, self._ends[self._stage + 1] - 1]
        return np.asarray(end + self.design.decision_month - self.months())
