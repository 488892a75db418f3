"""Exact power of several treatments at one analysis, by enumeration.

Given the events of the control, treatments are independent, and decisions depend only on the
boundaries of the local tests that each statistic reaches. All combinations are enumerated, for any
procedure.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from estimate.comparison.exact.binomial_tables import binomial_masses
from estimate.core.arrays import Floats, Ints
from estimate.multi_arm.local_tests import NEVER
from pretese.trial.multi_arm.counts import event_rates, why_patients
from pretese.trial.multi_arm.design.configurations import Configuration
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.statistics import compare_counts

#: Maximum number of combinations of reached boundaries, and of combinations times counts.
MOST, MOST_CELLS = 20_000, 20_000_000


@dataclass(frozen=True, slots=True)
class ExactPower:
    """Exact probabilities under one configuration.

    Attributes
    ----------
    each
        (comparison,) probability of rejection.
    any_effective, all_effective
        Probability of rejecting at least one, and all, of the effective treatments; NaN if none is.
    familywise_error
        Probability of rejecting any true null hypothesis; NaN if there is none.
    """

    each: Floats
    any_effective: float
    all_effective: float
    familywise_error: float


def why_not_exact(design: MultiArmDesign, participants: int) -> str | None:
    """Return why there is no exact power; None if there is."""
    classes = [np.unique(row[row < NEVER]).size + 1 for row in design.tests.critical[:, :, 0].T]
    cells = np.prod(classes, dtype=float)
    reasons = {
        "the trial has several analyses": len(design.rates) > 1,
        "main effects of a factorial trial are compared by strata": design.factorial is not None,
        "the tests are combined over stages": design.combination() is not None,
        "dropout makes the number analysed random": any(
            design.dropout_percent.values()
        ) and design.endpoint.missing != "failure",
        "there are too many combinations of outcomes": cells > MOST
        or cells * participants > MOST_CELLS,
    }  # fmt: skip
    return why_patients(design, participants) or next(
        (reason for reason, holds in reasons.items() if holds), None
    )


def exact_power(
    design: MultiArmDesign, configuration: Configuration, participants: int
) -> ExactPower:
    """Enumerate one analysis; `why_not_exact` returns when this is impossible."""
    parts = np.asarray(design.parts)
    sizes = parts * participants // parts.sum()
    _, risks = event_rates(design, configuration.acts_as)
    reached, levels = zip(
        *(_reached(design, arm, sizes, float(risks[arm])) for arm in range(1, sizes.size)),
        strict=True,
    )
    combined = np.array(list(product(*(range(level.size) for level in levels))))
    z = np.stack([level[combined[:, arm]] for arm, level in enumerate(levels)], -1)
    rejected = design.tests.decide(z[:, None, :, None])[..., 0]
    mass = np.ones((len(combined), int(sizes[0]) + 1))
    for arm, chance in enumerate(reached):
        mass *= chance[combined[:, arm]]
    weight = mass @ binomial_masses(int(sizes[0]), float(risks[0]))
    nulls = np.asarray(configuration.nulls)

    def probability(hits: Any) -> float:
        return float(weight @ np.asarray(hits))

    works = rejected[:, ~nulls]
    return ExactPower(
        each=weight @ rejected,
        any_effective=probability(works.any(1)) if works.size else float("nan"),
        all_effective=probability(works.all(1)) if works.size else float("nan"),
        familywise_error=probability(rejected[:, nulls].any(1)) if nulls.any() else float("nan"),
    )


def _reached(
    design: MultiArmDesign, arm: int, sizes: np.ndarray, risk: float
) -> tuple[Floats, Floats]:
    """Return (level, control events) probabilities of the highest boundary, and z by level."""
    critical = design.tests.critical[:, arm - 1, 0]
    steps = np.unique(critical[critical < NEVER])
    n1, n0 = int(sizes[arm]), int(sizes[0])
    upper_tail = np.append(binomial_masses(n1, risk)[::-1].cumsum()[::-1], 0.0)
    tails = [np.ones(n0 + 1), *(upper_tail[_first(design, n1, n0, z)] for z in steps)]
    at_least = np.stack([*tails, np.zeros(n0 + 1)])
    return at_least[:-1] - at_least[1:], np.append(-np.inf, steps)


def _first(design: MultiArmDesign, n1: int, n0: int, z: float) -> Ints:
    """Return (control events,) the smallest number of treatment events with which z is reached.

    The statistic increases with the number, which is found by bisection; n1 + 1 if no number
    reaches z.
    """
    x0 = np.arange(n0 + 1)
    low, high = np.full(n0 + 1, -1), np.full(n0 + 1, n1 + 1)
    analysed = np.broadcast_to(np.array([n0, n1], float), (n0 + 1, 2))
    while (high - low > 1).any():
        middle = np.clip((low + high) // 2, 0, n1)
        events = np.stack([x0, middle], -1).astype(float)
        reached = compare_counts(design, events, analysed).z[:, 0] >= z - 1e-12
        open_ = high - low > 1
        high = np.where(open_ & reached, middle, high)
        low = np.where(open_ & ~reached, middle, low)
    return high
