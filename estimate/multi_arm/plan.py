"""Group-sequential plans of several arms against one control, and their operating characteristics.

Boundaries control the family-wise type I error in the strong sense: under any effects of the other
arms, the probability of rejecting a true null hypothesis is greatest if all are true. An arm is
dropped if its statistic falls below the futility boundary; boundaries ignore that unless it is
binding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from estimate.core.arrays import Floats
from estimate.multi_arm.control_paths import NODES, Arm, control_paths, follow_arm
from estimate.multi_arm.familywise import Familywise
from estimate.sequential.boundary_shapes import Shape, describe
from estimate.sequential.design import check_errors, check_rates
from estimate.sequential.recursion import exit_probabilities
from protocol.errors import InputError

#: Most treatment arms.
MOST_ARMS = 20


@dataclass(frozen=True, slots=True)
class MultiArmPlan:
    """A plan of several treatments against one control.

    Attributes
    ----------
    name
        Words for a protocol.
    arms
        Treatment arms, without the control.
    ratio
        Participants of a treatment arm per participant of the control.
    information_rates, upper, lower
        (analysis,) information fractions, boundaries of Z, and boundaries below which an arm is
        dropped (minus infinity: none; the last has no meaning).
    alpha, sides
        Family-wise type I error, both sides together, and sides.
    binding
        Whether ``alpha`` relies on dropping arms.
    """

    name: str
    arms: int
    ratio: float
    information_rates: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    alpha: float
    sides: int
    binding: bool

    def behaviour(self, drifts: ArrayLike) -> "Behaviour":
        """Return the operating characteristics under (arm,) drifts, the means of the final Z."""
        each = np.asarray(drifts, float)
        if each.shape != (self.arms,):
            problem = f"{each.size} drifts were given for {self.arms} arms"
            raise InputError.of("multi-arm", "drifts", problem, "give one per treatment arm")
        return self._behaviour(tuple(each.tolist()))

    @lru_cache(maxsize=64)  # noqa: B019  plans are few and small; a page asks for the same again
    def _behaviour(self, drifts: tuple[float, ...]) -> "Behaviour":
        arms = {drift: self._follow(drift) for drift in set(drifts)}
        return _behave(self.information_rates, [arms[drift] for drift in drifts])

    def error(self) -> float:
        """Return the family-wise error if no arm has an effect; non-binding stops are ignored."""
        lower = self.lower if self.binding else np.full(len(self.lower), -np.inf)
        family = Familywise(
            self.information_rates, (self.ratio,) * self.arms, tuple(map(float, lower)),
            two_sided=self.sides == 2,
        )  # fmt: skip
        return family.error(np.asarray(self.upper))

    def drift_for(self, power: float) -> float:
        """Return the drift at which a single effective treatment is detected with this power."""

        def short(drift: float) -> float:
            return float(self._power(drift)) - power

        return float(brentq(short, 0.0, 20.0, xtol=1e-9))

    def _power(self, drift: float) -> float:
        """Return the power of one treatment: its statistics alone are those of two arms."""
        lower = -np.asarray(self.upper) if self.sides == 2 else np.asarray(self.lower)
        down, up = exit_probabilities(self.information_rates, lower, self.upper, drift)
        return float(up.sum() + (down.sum() if self.sides == 2 else 0.0))

    def _follow(self, drift: float) -> Arm:
        return follow_arm(
            self.information_rates, np.asarray(self.upper), np.asarray(self.lower), self.ratio,
            drift, two_sided=self.sides == 2,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Operating characteristics of a plan whose other arms continue after a rejection.

    Attributes
    ----------
    rejects
        (arm, analysis) probabilities of rejecting first at an analysis.
    dropped
        (arm, analysis) probabilities of being dropped first at an analysis.
    any_rejection, all_rejections
        Probabilities of rejecting at least one arm (disjunctive), and all arms (conjunctive).
    expected_arm, expected_control
        (arm,) expected information of each arm, relative to its largest, and that of the control,
        which recruits while any arm continues.
    expected_until_first
        Expected fraction of all participants if the trial ends with the first rejection.
    """

    rejects: Floats
    dropped: Floats
    any_rejection: float
    all_rejections: float
    expected_arm: Floats
    expected_control: float
    expected_until_first: float


def plan_multi_arm(
    rates: ArrayLike,
    shape: Shape,
    arms: int,
    *,
    ratio: float = 1.0,
    alpha: float = 0.025,
    sides: int = 1,
    futility_z: Sequence[float] = (),
    binding: bool = False,
) -> MultiArmPlan:
    """Make a plan of several treatments against one control.

    With one analysis it is Dunnett's test.

    Parameters
    ----------
    rates
        (analysis,) increasing information fractions, the last 1; at most four.
    shape
        `Spending` of the family-wise error, or `WangTsiatis`.
    arms, ratio
        Treatment arms, and participants of each per participant of the control.
    futility_z
        For the analyses before the last, z below which an arm is dropped; empty drops none.
    binding
        Whether the boundaries may rely on dropping.

    Examples
    --------
    >>> from estimate.sequential.boundary_shapes import WangTsiatis
    >>> dunnett = plan_multi_arm([1], WangTsiatis(0), 3)
    >>> print(f"{dunnett.upper[0]:.4f}")
    2.3490
    """
    t = check_rates(rates)
    check_errors(alpha, sides, 0.8)
    _check(arms, ratio, t.size, futility_z, sides, binding)
    lower = np.append(np.asarray(futility_z, float), -np.inf)
    if not len(futility_z):
        lower = np.full(t.size, -np.inf)
    kept = lower if binding else np.full(t.size, -np.inf)

    family = Familywise(
        tuple(t.tolist()), (ratio,) * arms, tuple(kept.tolist()), two_sided=sides == 2
    )
    upper = family.boundaries(shape, alpha, sides=sides)
    return MultiArmPlan(
        name=f"{describe(shape, None, False)}, {arms} treatments against one control",
        arms=arms, ratio=ratio, information_rates=tuple(float(x) for x in t),
        upper=tuple(float(x) for x in upper), lower=tuple(float(x) for x in lower), alpha=alpha,
        sides=sides, binding=binding,
    )  # fmt: skip


def _behave(rates: tuple[float, ...], arms: Sequence[Arm]) -> Behaviour:
    weights, steps = control_paths(rates)[1], np.diff(rates, prepend=0.0)
    rejects = np.stack([arm.rejects for arm in arms])  # (arm, path, analysis)
    dropped = np.stack([arm.dropped for arm in arms])
    ever = np.clip(rejects.sum(-1), 0.0, 1.0)
    ended = np.clip((rejects + dropped).cumsum(-1), 0.0, 1.0)
    before = np.concatenate([np.zeros((*ended.shape[:2], 1)), ended[..., :-1]], -1)
    running = 1 - before  # arm still recruiting before each analysis
    anybody = 1 - before.prod(0)  # (path, analysis)
    # No rejection so far, and not all dropped: for a trial that ends with the first success.
    kept = np.concatenate(
        [np.ones((*ended.shape[:2], 1)), 1 - rejects.cumsum(-1)[..., :-1]], -1
    ).prod(0)
    gone = np.concatenate([np.zeros((*ended.shape[:2], 1)), dropped.cumsum(-1)[..., :-1]], -1).prod(
        0
    )
    return Behaviour(
        rejects=np.einsum("p,apk->ak", weights, rejects),
        dropped=np.einsum("p,apk->ak", weights, dropped[..., :]),
        any_rejection=float(1 - weights @ (1 - ever).prod(0)),
        all_rejections=float(weights @ ever.prod(0)),
        expected_arm=np.einsum("p,apk,k->a", weights, running, steps),
        expected_control=float(weights @ (anybody @ steps)),
        expected_until_first=float(weights @ ((kept - gone) @ steps)),
    )


def _check(
    arms: int, ratio: float, analyses: int, futility_z: Sequence[float], sides: int, binding: bool
) -> None:
    if not 1 <= arms <= MOST_ARMS:
        cure = f"give from 1 to {MOST_ARMS}"
        raise InputError.of("multi-arm", "treatment_arms", f"{arms} is not allowed", cure)
    if analyses > max(NODES):
        problem = f"{analyses} analyses of several arms are too many to integrate"
        raise InputError.of("multi-arm", "information", problem, f"plan at most {max(NODES)}")
    if not 0.05 <= ratio <= 20:
        problem = f"{ratio:g} is not allowed"
        raise InputError.of("multi-arm", "allocation_ratio", problem, "give one from 0.05 to 20")
    if len(futility_z) not in (0, analyses - 1):
        problem = f"{len(futility_z)} boundaries were given for {analyses - 1} interim analyses"
        raise InputError.of("multi-arm", "futility_z", problem, "give one per interim analysis")
    if len(futility_z) and sides == 2:
        problem = "arms are dropped in one-sided plans"
        raise InputError.of("multi-arm", "futility_z", problem, "set sides to 1 and halve alpha")
    if binding and not len(futility_z):
        raise InputError.of("multi-arm", "binding", "no arm is dropped", "give futility_z")
