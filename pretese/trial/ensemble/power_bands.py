"""Power over all members of an ensemble: bands, and the most influential numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Floats
from estimate.sample_size.closed_form import power_two_proportions
from pretese.jobs.worker_pool import in_order, local_pool
from pretese.trial.design.design_file import DesignFile
from pretese.trial.ensemble.member_power import MemberPower, MemberTask, point_scenario
from simulate.scenario.ensemble import Ensemble, OpenNumber

#: Percentiles between which a band lies.
BAND = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class SizeBand:
    """One sample size; probabilities from 0 to 1.

    ``point`` is power at the calibrated point, ``mean`` over the parameter sets: the assurance
    given the article only. ``band`` contains the middle 95 % of the sets; ``enough`` is the
    proportion of sets with a power of 80 % or more; ``type_one_band`` is the band of the type I
    error.
    """

    participants: int
    point: float
    mean: float
    band: tuple[float, float]
    enough: float
    type_one_band: tuple[float, float]


@dataclass(frozen=True, slots=True)
class NumberInfluence:
    """Power at the main size with one undetermined number at either end of its range."""

    name: str
    low: float
    high: float
    power_low: float
    power_high: float

    @property
    def span(self) -> float:
        """Difference in power between both ends."""
        return abs(self.power_high - self.power_low)


@dataclass(frozen=True, slots=True)
class EnsemblePower:
    """Power over an ensemble: bands by size, every member, and influences at ``main``."""

    sizes: tuple[SizeBand, ...]
    members: tuple[MemberPower, ...]
    point: MemberPower
    main: int
    influences: tuple[NumberInfluence, ...]

    @property
    def control_risks(self) -> Floats:
        """(member,) true risks without therapy."""
        return np.array([each.risk_control for each in self.members])


def power_over_ensemble(
    design: DesignFile, ensemble: Ensemble, sizes: Sequence[int], replicates: int, seed: int,
    workers: int, tell: Callable[[int, int], None],
) -> EnsemblePower:  # fmt: skip
    """Simulate a design at the calibrated point and at every member of an ensemble.

    Parameters
    ----------
    sizes
        Sample sizes, all arms together; influences are computed at the first.
    replicates
        Simulated trials per member, size and effect.
    workers
        Processes; the result does not depend on it.
    """
    for size in sizes:
        design.analyses_at(size)
    task = MemberTask(design, point_scenario(design), tuple(sizes), replicates, seed)
    found: list[MemberPower] = []
    with local_pool(workers, (__name__,)) as pool:
        for each in in_order(task, [{}, *ensemble.changes], pool):
            found.append(each)
            tell(len(found), len(ensemble.changes) + 1)
    point, *members = found
    return EnsemblePower(
        sizes=tuple(_size(place, size, point, members) for place, size in enumerate(sizes)),
        members=tuple(members),
        point=point,
        main=sizes[0],
        influences=_influences(design, ensemble.file.open_numbers, sizes[0]),
    )


def _size(
    place: int, participants: int, point: MemberPower, members: Sequence[MemberPower]
) -> SizeBand:
    power = np.array([each.power[place] for each in members])
    errors = np.array([each.type_one[place] for each in members])
    low, high = np.percentile(power, BAND)
    error_low, error_high = np.percentile(errors, BAND)
    return SizeBand(
        participants, point.power[place], float(power.mean()), (float(low), float(high)),
        float((power >= 0.8).mean()), (float(error_low), float(error_high)),
    )  # fmt: skip


def _influences(
    design: DesignFile, numbers: Sequence[OpenNumber], participants: int
) -> tuple[NumberInfluence, ...]:
    """Return the influence of each undetermined number on power, the largest first.

    Computed by the normal approximation with one analysis, from the true risks of any sperm that
    the ensemble stores for both ends.
    """
    control, treated = design.allocation
    share, plan = treated / (control + treated), design.monitoring
    arms = participants * share, participants * (1 - share)
    alpha = plan.alpha_percent / 100 / plan.sides

    def power(risks: tuple[float, float]) -> float:
        untreated, with_therapy = risks
        if with_therapy <= untreated:  # power is in favour of therapy
            return alpha / 2
        return float(power_two_proportions(with_therapy, untreated, *arms, alpha=alpha))

    found = [
        NumberInfluence(
            " with ".join(each.paths), each.low[0], each.high[0],
            power(each.risks_low), power(each.risks_high),
        )
        for each in numbers
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: -each.span))
