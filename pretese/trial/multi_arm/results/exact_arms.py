"""Exact power of several treatments at one analysis, by enumeration.

Given the events of the control, treatments are independent; of each only matters which of the
boundaries of the local tests its statistic reaches. So all decisions are enumerated, whatever the
procedure.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from estimate.core.arrays import Floats
from estimate.multi_arm.local_tests import NEVER
from estimate.sample_size.exact_fixed import binomial_masses
from pretese.trial.multi_arm.counts import event_rates, why_patients
from pretese.trial.multi_arm.design.configurations import Configuration
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.statistics import compare_counts

#: Most combinations of reached boundaries that are enumerated, and most of them times counts.
MOST, MOST_CELLS = 20_000, 40_000_000


@dataclass(frozen=True, slots=True)
class ExactPower:
    """Exact probabilities under one configuration.

    Attributes
    ----------
    each
        (comparison,) of rejecting it.
    any_effective, all_effective
        Of rejecting at least one, and all, of the treatments that work; NaN if none does.
    familywise_error
        Of rejecting any true null hypothesis; NaN if there is none.
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
    """Enumerate one analysis; see `why_not_exact` for when that can be."""
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
    """Return (level, control events) chances of the highest boundary reached, and a z of each."""
    critical = design.tests.critical[:, arm - 1, 0]
    steps = np.unique(critical[critical < NEVER])
    levels = np.append(-np.inf, steps)
    n1, n0 = int(sizes[arm]), int(sizes[0])
    x1, x0 = np.meshgrid(np.arange(n1 + 1), np.arange(n0 + 1), indexing="ij")
    events = np.stack([x0.ravel(), x1.ravel()], -1).astype(float)
    analysed = np.broadcast_to(np.array([n0, n1], float), events.shape)
    z = compare_counts(design, events, analysed).z[:, 0].reshape(x1.shape)
    which = np.searchsorted(steps, z + 1e-12, side="right")
    mass = binomial_masses(n1, risk)
    return np.stack([mass @ (which == k) for k in range(levels.size)]), levels
