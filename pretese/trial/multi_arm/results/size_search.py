"""The sample size for a power: exact if counts can be enumerated, otherwise simulated."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pretese.trial.multi_arm.design.configurations import arm_configurations
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.results.exact_arms import exact_power, why_not_exact
from protocol.errors import InputError

#: Maximum sample size, and number of blocks on either side of a solution that an exact search
#: checks.
MOST, NEAR = 50_000, 25

#: Power of simulated trials of one size: value and MCSE.
Simulated = Callable[[int], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SizeFound:
    """A sample size, and the sizes evaluated with their power.

    ``stays_from`` is the smallest size from which every power is above the target, if it is exact.
    """

    participants: int
    exact: bool
    stays_from: int | None
    tried: tuple[tuple[int, float, float], ...]


def find_size(design: MultiArmDesign, power: float, simulated: Simulated) -> SizeFound:
    """Return the smallest multiple of a block with this power under the planned effects.

    Raises
    ------
    InputError
        The power is not between 0 and 1, or no size up to the largest reaches it.
    """
    if not 0 < power < 1:
        cure = "give a probability between 0 and 1, such as 0.9"
        raise InputError.of("power", "target_power", f"{power:g} is not allowed", cure)
    exact = why_not_exact(design, design.step * (400 // design.step)) is None
    tried: dict[int, tuple[float, float]] = {}

    def value(size: int) -> float:
        if size not in tried:
            found = (
                simulated(size)
                if not exact
                else {"value": chosen_exact_power(design, size), "mcse": 0.0}
            )
            tried[size] = (found["value"], found["mcse"])
        return tried[size][0]

    best = _bisect(design, power, value)
    stays = None
    if exact:
        best, stays = _walk(design, power, value, best)
    rows = tuple((size, *tried[size]) for size in sorted(tried))
    return SizeFound(best, exact, stays, rows)


def _bisect(design: MultiArmDesign, power: float, value: Callable[[int], float]) -> int:
    step = design.step
    smallest = max(2 * len(design.rates), -(-12 // step))
    high = max(smallest, design.participants // step)
    while value(high * step) < power:
        if high * step >= MOST:
            problem = f"no size up to {MOST} participants has a power of {power:g}"
            cure = "plan a larger effect, or a lower power"
            raise InputError.of(design.id, "target_power", problem, cure)
        high = min(2 * high, MOST // step)
    low = smallest - 1
    while high - low > 1:
        middle = (low + high) // 2
        if value(middle * step) >= power:
            high = middle
        else:
            low = middle
    return high * step


def _walk(
    design: MultiArmDesign, power: float, value: Callable[[int], float], found: int
) -> tuple[int, int]:
    """Return the smallest size with the power near a solution, and that from which all have it."""
    step = design.step
    first = max(found - NEAR * step, step * (-(-12 // step)))
    sizes = range(first, found + NEAR * step, step)
    enough = [value(size) >= power for size in sizes]
    short = [size for size, fine in zip(sizes, enough, strict=True) if not fine]
    best = next(size for size, fine in zip(sizes, enough, strict=True) if fine)
    return best, (max(short) + step if short else best)


def chosen_exact_power(design: MultiArmDesign, participants: int) -> float:
    """Return the exact power that ``power_of`` names, with the planned effects."""
    found = exact_power(design, arm_configurations(design)[0], participants)
    if design.power_of == "any":
        return found.any_effective
    if design.power_of == "all":
        return found.all_effective
    return float(found.each[design.comparisons.index(design.power_of)])
