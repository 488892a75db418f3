"""Independent priors of the risks of both arms, beta mixtures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from estimate.bayesian.beta_mixture import BetaMixture
from estimate.bayesian.count_tables import (
    CountTables,
    EffectThreshold,
    control_side,
    draw_beta,
    kink,
    pair_products,
    prior_participants,
    ratio,
)
from estimate.bayesian.unit_interval import UnitNodes, unit_nodes
from estimate.core.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class ArmPriors:
    """Independent priors of the risks of both arms.

    Examples
    --------
    >>> flat = BetaMixture.of([1.0], [1.0], [1.0])
    >>> better = EffectThreshold("risk difference", 0.0)
    >>> found = ArmPriors(flat, flat).tables(10, 10, [better])
    >>> print(f"{found.above[0][8, 4]:.6f}")
    0.959752
    """

    control: BetaMixture
    treated: BetaMixture

    def tables(
        self, treated: int, control: int, thresholds: Sequence[EffectThreshold]
    ) -> CountTables:
        """Return the tables for so many participants per arm; see `JointPrior`."""
        first = self.treated.marginals(treated).sum(0)
        second = self.control.marginals(control).sum(0)
        marginal = np.outer(first, second)
        above = tuple(self._above(treated, control, each, marginal) for each in thresholds)
        difference = self.treated.means_after(treated)[:, None] - self.control.means_after(control)
        return CountTables(marginal, above, np.asarray(difference))

    def _above(
        self, treated: int, control: int, threshold: EffectThreshold, marginal: Floats
    ) -> Floats:
        nodes = self._nodes(treated, control, threshold)
        left = self.treated.tails_after(treated, *threshold.treated_risk(nodes))
        return ratio(left @ control_side(self.control, control, nodes), marginal)

    def above_pairs(
        self, sizes: tuple[int, int], threshold: EffectThreshold, treated: Ints, control: Ints
    ) -> Floats:
        """Return posterior probabilities at pairs of counts; see `JointPrior`."""
        nodes = self._nodes(*sizes, threshold)
        left = self.treated.tails_after(sizes[0], *threshold.treated_risk(nodes))
        right = control_side(self.control, sizes[1], nodes)
        whole = (
            self.treated.marginals(sizes[0]).sum(0)[treated]
            * self.control.marginals(sizes[1]).sum(0)[control]
        )
        return ratio(pair_products(left, right, treated, control), whole)

    def _nodes(self, treated: int, control: int, threshold: EffectThreshold) -> UnitNodes:
        return unit_nodes(
            max(
                treated + prior_participants(self.treated),
                control + prior_participants(self.control),
            ),
            min(self.treated.exponent, self.control.exponent),
            None if threshold.scale == "odds ratio" else kink(threshold.value),
        )

    def draw(self, random: np.random.Generator, size: int) -> tuple[Floats, Floats]:
        """Return risks (treated, control) drawn from the prior."""
        return draw_beta(self.treated, random, size), draw_beta(self.control, random, size)
