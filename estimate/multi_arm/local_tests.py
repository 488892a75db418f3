"""Closed tests of several treatments over several analyses, with hypotheses in order within each.

Every treatment has a chain of null hypotheses (its primary endpoint, then secondary endpoints or
populations). A set of null hypotheses is tested by the first one of each treatment in it. So the
closed test (Marcus R, Peritz E, Gabriel KR. *Biometrika* 1976;63:655-60) needs one local test for
each choice of "none, first, second, ..." per treatment, and a later hypothesis of a treatment is
rejected only after its earlier ones.

A local test may reject at any analysis up to the present one. Treatments that were dropped no
longer count in its favour: dropping keeps the family-wise type I error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from estimate.core.arrays import Bools, Floats
from estimate.multi_arm.control_paths import NODES
from estimate.multi_arm.set_boundaries import (
    Observed,
    joint_boundary,
    observed_boundary,
    single_boundary,
)
from estimate.sequential.boundary_shapes import Shape
from protocol.errors import InputError

#: How a set of null hypotheses is tested.
Procedure = Literal[
    "closed dunnett", "dunnett", "holm", "bonferroni", "fixed sequence", "unadjusted"
]

PROCEDURES: tuple[Procedure, ...] = (
    "closed dunnett", "dunnett", "holm", "bonferroni", "fixed sequence", "unadjusted",
)  # fmt: skip

#: A boundary that is never crossed.
NEVER = 1e9


@dataclass(frozen=True, slots=True)
class LocalTests:
    """The local tests of a closed test.

    Attributes
    ----------
    step
        (set, treatment) number of the hypothesis of each treatment in a set, from 0; -1: none.
    critical
        (set, treatment, analysis) boundaries of z.
    steps
        Hypotheses of each treatment.
    """

    step: np.ndarray
    critical: Floats
    steps: int

    @property
    def treatments(self) -> int:
        """Number of treatments."""
        return int(self.step.shape[1])

    def crossed(self, z: Floats, analysis: int) -> Bools:
        """Return (replicate, set) whether each local test rejects at one analysis, from 0.

        Parameters
        ----------
        z
            (replicate, treatment, step) statistics; minus infinity or NaN: not observed.
        """
        found = np.zeros((len(z), len(self.step)), bool)
        for arm in range(self.treatments):
            inside = self.step[:, arm] >= 0
            own = z[:, arm, self.step[inside, arm]]
            found[:, inside] |= own >= self.critical[inside, arm, analysis]
        return found

    def rejected(self, crossed: Bools) -> Bools:
        """Return (replicate, treatment, step) rejections, given the local tests that rejected."""
        found = np.empty((len(crossed), self.treatments, self.steps), bool)
        for arm in range(self.treatments):
            for step in range(self.steps):
                within = (self.step[:, arm] >= 0) & (self.step[:, arm] <= step)
                found[:, arm, step] = crossed[:, within].all(1)
        return found

    def decide(self, z: Floats) -> Bools:
        """Return (replicate, treatment, step) rejections by all analyses together.

        Parameters
        ----------
        z
            (replicate, analysis, treatment, step) statistics.

        Examples
        --------
        >>> from estimate.sequential.boundary_shapes import WangTsiatis
        >>> tests = local_tests("holm", [1.0], WangTsiatis(0.0), [1.0, 1.0], 0.025)
        >>> tests.decide(np.array([[[[2.3], [2.0]]], [[[2.2], [2.2]]]]))[..., 0].tolist()
        [[True, True], [False, False]]
        """
        crossed = np.zeros((len(z), len(self.step)), bool)
        for analysis in range(z.shape[1]):
            crossed |= self.crossed(z[:, analysis], analysis)
        return self.rejected(crossed)


def local_tests(
    procedure: Procedure,
    rates: Sequence[float],
    shape: Shape,
    ratios: Sequence[float],
    alpha: float,
    *,
    steps: int = 1,
    order: Sequence[int] = (),
    after_all: bool = False,
    observed: Observed | None = None,
) -> LocalTests:
    """Return the local tests of a procedure, one-sided.

    Sets that hold different hypotheses of different treatments are tested with Bonferroni where
    the procedure is one of Dunnett: their correlation is not known.

    Parameters
    ----------
    rates, shape
        Information fractions, and the family of the boundaries.
    ratios
        (treatment,) participants of each per participant of the control.
    alpha
        Family-wise type I error, one-sided.
    steps
        Hypotheses of each treatment, tested in order.
    order
        Treatments in the order of a fixed sequence; that of ``ratios`` by default.
    after_all
        Whether a later hypothesis is tested only after the earlier ones of all treatments, which
        then lose nothing to it; False shares the level with the treatments that have got further.
    observed
        The analyses of an ongoing trial, whose boundaries replace those of the plan.
    """
    _check(procedure, ratios, steps, len(rates))
    times = tuple(float(t) for t in rates)
    rule = SetRule(procedure, times, shape, tuple(float(r) for r in ratios), alpha,
                   tuple(order) or tuple(range(len(ratios))), after_all, observed)  # fmt: skip
    return tests_of_rule(rule, steps)


def tests_of_rule(rule: "SetRule", steps: int) -> LocalTests:
    """Return the local tests of all sets of ``steps`` hypotheses of each treatment."""
    step = np.array(
        [each for each in product(range(-1, steps), repeat=len(rule.ratios)) if max(each) >= 0]
    )
    return LocalTests(step, np.stack([rule.critical(each) for each in step]), steps)


@dataclass(frozen=True, slots=True)
class SetRule:
    """The boundaries of any set of null hypotheses by a procedure, as `local_tests` describes."""

    procedure: Procedure
    rates: tuple[float, ...]
    shape: Shape
    ratios: tuple[float, ...]
    alpha: float
    order: tuple[int, ...]
    after_all: bool
    observed: Observed | None

    def critical(self, step: np.ndarray) -> Floats:
        """Return (treatment, analysis) boundaries of one set."""
        first = step[step >= 0].min() if self.after_all else step.max()
        inside = np.flatnonzero((step >= 0) & (step <= first))
        analyses = len(self.rates if self.observed is None else self.observed.fractions)
        found = np.full((len(self.ratios), analyses), NEVER)
        if self.procedure == "fixed sequence":
            found[min(inside, key=self.order.index)] = self._alone(self.alpha)
            return found
        found[inside] = self._boundary(inside, mixed=np.unique(step[inside]).size > 1)
        return found

    def _boundary(self, inside: np.ndarray, *, mixed: bool) -> Floats:
        everyone = range(len(self.ratios))
        match self.procedure:
            case "unadjusted":
                return self._alone(self.alpha)
            case "bonferroni":
                return self._alone(self.alpha / len(self.ratios))
            case "holm":
                return self._alone(self.alpha / len(inside))
        members = everyone if self.procedure == "dunnett" else inside
        if mixed:
            return self._alone(self.alpha / len(list(members)))
        ratios = tuple(sorted(self.ratios[arm] for arm in members))
        if self.observed is not None:
            return observed_boundary(self.rates, self.shape, ratios, self.alpha, self.observed)
        return joint_boundary(self.rates, self.shape, ratios, self.alpha)

    def _alone(self, level: float) -> Floats:
        if self.observed is not None:
            return observed_boundary(self.rates, self.shape, (1.0,), level, self.observed)
        return single_boundary(self.rates, self.shape, level)


def _check(procedure: str, ratios: Sequence[float], steps: int, analyses: int) -> None:
    if procedure not in PROCEDURES:
        cure = f"choose from {', '.join(PROCEDURES)}"
        raise InputError.of("multi-arm", "procedure", f"{procedure!r} is unknown", cure)
    if len(ratios) < 1 or (steps + 1) ** len(ratios) > 5000:
        problem = f"{len(ratios)} treatments with {steps} hypotheses each are too many to close"
        raise InputError.of("multi-arm", "arms", problem, "plan fewer treatments or endpoints")
    if "dunnett" in procedure and analyses > max(NODES):
        problem = f"{analyses} analyses are too many to integrate for Dunnett's test"
        cure = f"plan at most {max(NODES)}, or choose holm"
        raise InputError.of("multi-arm", "analyses_percent", problem, cure)
