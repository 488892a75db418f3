"""Required sample size: exact if power can be enumerated, otherwise by simulation.

Power of a comparison of counts does not increase monotonically with the sample size. If exact power
is available, the smallest size with the power is searched, and the smallest size from which all
sizes have it. Otherwise power is simulated at several sizes with common random numbers, and a
probit line in the square root of the sample size is fitted and inverted; the interval is from a
bootstrap of the replicates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from estimate.comparison.exact.p_value_tables import LARGEST_UNCONDITIONAL, UNCONDITIONAL
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.enumeration import why_not_enumerated
from pretese.trial.measures.exact_power import exact_size_power
from pretese.trial.measures.trial_means import won
from pretese.trial.simulation.engine import simulate_design
from pretese.trial.simulation.trial_results import Outcomes, Point
from protocol.errors import InputError
from simulate.scenario import Scenario

Floats = NDArray[np.float64]

#: Number of trials of the initial search, and number of its rounds.
SCOUTS, ROUNDS = 400, 6

#: Sizes around the solution, relative to it.
GRID = np.linspace(0.8, 1.2, 9)

#: Number of bootstrap samples for the interval.
DRAWS = 400

LARGEST = 20_000

#: Number of sizes on either side of an exact solution that are searched: in steps, and relative to
#: it.
STEPS, NEAR = 40, 0.12


class Simulate(Protocol):
    """A function that simulates trials: `pretese.trial.simulation.engine.simulate_design`."""

    def __call__(
        self, design: DesignFile, scenario: Scenario | None, points: Sequence[Point], *,
        seed: int, replicates: int,
    ) -> Mapping[Point, Outcomes]:  # fmt: skip
        """Return the outcomes of simulated trials at every point."""


@dataclass(frozen=True, slots=True)
class Solution:
    """A required sample size, all arms together.

    Attributes
    ----------
    participants, low, high
        Sample size for the target power, with the limits of a 95 % interval for Monte Carlo error.
    sizes, power, mcse
        Sizes evaluated, their power and its Monte Carlo standard error (0 if exact).
    stays_from
        Smallest size from which exact power is at least the target at all sizes searched; None if
        power was simulated.
    """

    participants: int
    low: int
    high: int
    sizes: tuple[int, ...]
    power: Floats
    mcse: Floats
    stays_from: int | None = None


def solve_size(
    design: DesignFile,
    scenario: Scenario | None,
    power: float,
    *,
    seed: int,
    replicates: int,
    simulate: Simulate = simulate_design,
) -> Solution:
    """Return the sample size at which a design rejects for treatment with this probability.

    Parameters
    ----------
    simulate
        Function that simulates trials: in memory, or a `pretese.trial.power.runner.Runner`, which
        stores them.

    Raises
    ------
    InputError
        ``power`` is not reached with 20,000 participants, or is not between alpha and 1.
    """
    if not design.monitoring.alpha_percent / 100 < power < 1:
        problem = f"{power} is not allowed"
        raise InputError.of(
            "target_power", "", problem, "give one between alpha and 1, such as 0.9"
        )
    _check_direction(design)
    if design.risks is not None and why_not_enumerated(design, LARGEST // 4) is None:
        return _solve_exactly(design, power)
    centre = _scout(design, scenario, power, seed, simulate)
    step = design.step
    sizes = sorted({_round_up(centre * each, step) for each in GRID})
    points = [(participants, 1.0) for participants in sizes]
    results = simulate(design, scenario, points, seed=seed, replicates=replicates)
    wins: Floats = np.stack([won(results[participants, 1.0]) for participants in sizes], -1)
    draws = [_cross(sizes, share, power, replicates) for share in _drawn_again(wins, seed)]
    share = wins.mean(0)
    answer, limits = _cross(sizes, share, power, replicates), np.nanquantile(draws, [0.025, 0.975])
    if not np.isfinite([answer, *limits]).all():
        problem = f"simulated power does not increase between {sizes[0]} and {sizes[-1]}"
        raise InputError.of("target_power", design.id, problem, "simulate more replicates")
    participants, low, high = (_round_up(float(each), step) for each in (answer, *limits))
    error = np.sqrt(share * (1 - share) / replicates)
    return Solution(participants, low, high, tuple(sizes), share, error)


def _check_direction(design: DesignFile) -> None:
    """Refuse a planned effect of zero or in favour of control: no sample size has the power."""
    risks = design.risks
    if risks is None:
        return
    limits = (*design.null_risks_percent, 100.0)
    if not limits[0] < risks.treated_percent < limits[1]:
        if design.analysis.margin_percent:
            problem = (
                f"the planned risks ({risks.control_percent:g} % under control, "
                f"{risks.treated_percent:g} % under treatment) lie in the null hypothesis"
            )
            cure = "plan risks within the margin, or give another margin"
            raise InputError.of("target_power", design.id, problem, cure)
        problem = (
            f"the planned effect does not favour treatment ({risks.control_percent:g} % under "
            f"control, {risks.treated_percent:g} % under treatment)"
        )
        raise InputError.of(
            "target_power", design.id, problem, "exchange the risks, or plan a benefit"
        )


def _solve_exactly(design: DesignFile, power: float) -> Solution:
    """Return the smallest size with this exact power, and that from which all sizes have it."""
    step, known = design.step, dict[int, float]()
    unconditional = design.analysis.method in UNCONDITIONAL
    most = LARGEST_UNCONDITIONAL // step * step if unconditional else 2 * LARGEST

    def at(size: int) -> float:
        if size not in known:
            known[size] = exact_size_power(design, size)
        return known[size]

    low = _round_up(10.0, step)
    high = low
    while at(high) < power:
        low, high = high, min(_round_up(2.0 * high, step), most)
        if low > LARGEST or low == high:
            problem = f"{min(most, LARGEST):,} participants do not suffice for power {power:g}"
            raise InputError.of("target_power", design.id, problem, "plan for a larger effect")
    while high - low > step:  # not monotone: searched only near the solution
        middle = (low + high) // (2 * step) * step
        low, high = (middle, high) if at(middle) < power else (low, middle)
    reach = step * int(np.clip(NEAR * high / step, 8, STEPS))
    sizes = [
        size
        for size in range(high - reach, high + reach + 1, step)
        if 10 <= size <= max(most, high)
    ]
    found = np.array([at(size) for size in sizes])
    enough = found >= power
    short = np.flatnonzero(~enough)
    first = sizes[int(enough.argmax())]
    stays = sizes[min(int(short[-1]) + 1, len(sizes) - 1)] if short.size else sizes[0]
    return Solution(
        first, first, first, tuple(sizes), found, np.zeros(found.size), stays_from=stays
    )


def _drawn_again(wins: Floats, seed: int) -> Floats:
    """Return (draw, size) bootstrap proportions of rejections.

    Few patterns of rejections over the sizes occur, so that their frequencies are drawn. The fixed
    seed makes the interval reproducible; replicates are drawn, not participants.
    """
    replicates = len(wins)
    patterns, times = np.unique(wins, axis=0, return_counts=True)
    rng = np.random.default_rng([seed, replicates])
    again = rng.multinomial(replicates, times / replicates, DRAWS)
    return np.asarray(again @ patterns / replicates)


def _scout(
    design: DesignFile, scenario: Scenario | None, power: float, seed: int, simulate: Simulate
) -> float:
    """Return a sample size near the solution, from few replicates.

    Few trials cannot distinguish a power near 1 from 1; a lower power is then searched.
    """
    participants = float(design.participants)
    boundary = design.monitoring.plan().upper[-1]
    sought = min(power, 1 - 4 / SCOUTS)
    beyond = ((boundary + float(ndtri(power))) / (boundary + float(ndtri(sought)))) ** 2
    for _ in range(ROUNDS):
        size = _round_up(participants, design.step)
        found = simulate(design, scenario, [(size, 1.0)], seed=seed, replicates=SCOUTS)
        share = float(np.clip(won(found[size, 1.0]).mean(), 1 / SCOUTS, 1 - 1 / SCOUTS))
        drift = max(boundary + float(ndtri(share)), 0.1)
        ratio = ((boundary + float(ndtri(sought))) / drift) ** 2
        if abs(ratio - 1) < 0.1:
            return size * ratio * beyond
        participants = size * float(np.clip(ratio, 0.1, 6.0))
        if participants > LARGEST:
            problem = f"{LARGEST:,} participants do not suffice for power {power:g}"
            raise InputError.of("target_power", design.id, problem, "plan for a larger effect")
        participants = max(participants, 10.0)
    return participants * beyond


def _cross(sizes: list[int], share: Floats, power: float, replicates: int) -> float:
    """Return the size at which a probit line in its square root reaches the power."""
    edge = 0.5 / replicates
    score = ndtri(np.clip(share, edge, 1 - edge))
    root = np.sqrt(sizes)
    slope, level = np.polyfit(root, score, 1)
    if slope <= 0:
        return float("nan")
    switching = (ndtri(power) - level) / slope
    return float(np.clip(switching, 0.7 * root[0], 1.4 * root[-1]) ** 2)


def _round_up(participants: float, step: int) -> int:
    return max(int(np.ceil(participants / step - 1e-9)) * step, 10 + -10 % step)
