"""Run the comparisons of an installation, area by area."""

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pretese.screen.progress import Tell
from pretese.validation import (
    analysis_checks,
    program_checks,
    sample_size_checks,
    sequential_checks,
)
from pretese.validation.comparison import Comparison
from protocol.errors import InputError

#: Area to the function that yields its comparisons.
AREAS: dict[str, tuple[Callable[[], Iterator[Comparison]], ...]] = {
    program_checks.DECISIONS: (program_checks.decisions,),
    program_checks.SIMULATION: (program_checks.simulation,),
    analysis_checks.TABLES: (analysis_checks.tables,),
    analysis_checks.REGRESSION: (analysis_checks.logistic,),
    analysis_checks.POOLING: (analysis_checks.pooling,),
    sample_size_checks.AREA: (sample_size_checks.closed_forms, sample_size_checks.enumerations),
    sequential_checks.AREA: (
        sequential_checks.published_boundaries,
        sequential_checks.exact_trials,
    ),
}


@dataclass(frozen=True, slots=True)
class AreaSummary:
    """Number of passed comparisons of an area, and the largest relative difference.

    ``largest`` is the largest difference as a share of its tolerance, over the comparisons that
    have one; None where all must be equal.
    """

    area: str
    comparisons: int
    passed: int
    largest: float | None


def run_validation(areas: Sequence[str], tell: Tell) -> list[Comparison]:
    """Return the comparisons of some areas, or of all if none is named.

    Raises
    ------
    InputError
        There is no such area.
    """
    unknown = [name for name in areas if name not in AREAS]
    if unknown:
        cure = f"give {', '.join(AREAS)}"
        raise InputError.of("areas", "", f"{unknown[0]!r} is not an area", cure)
    chosen, found = [name for name in AREAS if not areas or name in areas], []
    for done, name in enumerate(chosen):
        tell(done, len(chosen), name)
        for check in AREAS[name]:
            found += list(check())
    tell(len(chosen), len(chosen), "")
    return found


def summaries(found: Sequence[Comparison]) -> list[AreaSummary]:
    """Return the comparisons in summary, by area."""
    rows = []
    for name in dict.fromkeys(each.area for each in found):
        own = [each for each in found if each.area == name]
        shares = [each.difference / each.tolerance for each in own if each.tolerance > 0]
        passed = sum(each.passed for each in own)
        rows.append(AreaSummary(name, len(own), passed, max(shares) if shares else None))
    return rows


def machine() -> dict[str, Any]:
    """Return versions and machine, for the report of one installation."""
    from pretese.io.output.versions import versions

    return {"platform": platform.platform(), "processor": platform.machine(), **versions()}
