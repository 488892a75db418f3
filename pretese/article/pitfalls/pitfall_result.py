"""What a pitfall shows: figures with their Monte Carlo errors, and what they mean."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Unit = Literal["ratio", "percent", "percentage points", "standard deviations", "probability"]

DECIMALS: dict[Unit, int] = {
    "ratio": 2,
    "percent": 1,
    "percentage points": 1,
    "standard deviations": 2,
    "probability": 3,
}

#: Times as many studies where a point or two of coverage or of significance are looked at.
MORE = 10

SIGNS: dict[Unit, str] = {
    "percent": " %",
    "percentage points": " points",
    "standard deviations": " SD",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number; ``mcse`` is None where nothing was drawn: it follows from printed counts."""

    words: str
    value: float
    unit: Unit
    mcse: float | None = None

    def __str__(self) -> str:
        """Return the number as the page shows it.

        >>> print(Figure("odds ratio", 1.234, "ratio", 0.0123))
        1.23 ± 0.012
        """
        places = DECIMALS[self.unit]
        shown = f"{self.value:.{places}f}"
        return shown if self.mcse is None else f"{shown} ± {self.mcse:.{places + 1}f}"

    @property
    def shown(self) -> str:
        """The number with its unit."""
        return f"{self}{SIGNS.get(self.unit, '')}"


@dataclass(frozen=True, slots=True)
class Pitfall:
    """One way to go wrong: ``question``, what the figures show, and what to do instead."""

    key: str
    title: str
    scenarios: tuple[str, ...]
    question: str
    figures: tuple[Figure, ...]
    reading: str


def mean_ratio(words: str, ratios: ArrayLike) -> Figure:
    """Return the geometric mean over studies of a ratio.

    Studies without a finite one drop out; fewer than two of them give NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        middle, error = _mean(np.log(np.asarray(ratios, float)))
    return Figure(words, float(np.exp(middle)), "ratio", float(np.exp(middle)) * error)


def mean_of(words: str, values: ArrayLike, unit: Unit) -> Figure:
    """Return the mean over studies; those without a finite value drop out."""
    middle, error = _mean(np.asarray(values, float))
    return Figure(words, middle, unit, error)


def _mean(values: NDArray[np.float64]) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if len(finite) < 2:
        return float("nan"), float("nan")
    return float(finite.mean()), float(finite.std(ddof=1) / np.sqrt(len(finite)))


def share_of(words: str, flags: ArrayLike) -> Figure:
    """Return the percentage of studies in which something holds.

    The error is that of the share with one success and one failure added (Agresti and Coull), so
    that "in none of 40" is not given without error.

    >>> print(share_of("rejected", [True, False, False, False]))
    25.0 ± 19.25
    """
    array = np.asarray(flags, bool).ravel()
    smoothed = (array.sum() + 1) / (array.size + 2)
    error = (smoothed * (1 - smoothed) / (array.size + 2)) ** 0.5
    return Figure(words, 100 * float(array.mean()), "percent", 100 * float(error))


def pitfall_frame(pitfalls: list[Pitfall]) -> pd.DataFrame:
    """Return one row per figure."""
    return pd.DataFrame(
        [
            {
                "pitfall": pitfall.key,
                "scenarios": " ".join(pitfall.scenarios),
                "figure": figure.words,
                "value": figure.value,
                "monte_carlo_se": figure.mcse,
                "unit": figure.unit,
            }
            for pitfall in pitfalls
            for figure in pitfall.figures
        ]
    )
