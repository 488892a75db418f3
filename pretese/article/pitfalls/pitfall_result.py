"""Results of a bias analysis: figures with Monte Carlo errors, and their interpretation."""

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

#: Factor by which replicates are increased where small differences in coverage matter.
MORE = 10

SIGNS: dict[Unit, str] = {
    "percent": " %",
    "percentage points": " percentage points",
    "standard deviations": " SD",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number; ``mcse`` is None if it follows from printed counts without simulation."""

    words: str
    value: float
    unit: Unit
    mcse: float | None = None

    def __str__(self) -> str:
        """Return the number as the page shows it.

        >>> print(Figure("odds ratio", 1.234, "ratio", 0.0123))
        1.23 (MCSE 0.012)
        """
        places = DECIMALS[self.unit]
        shown = f"{self.value:.{places}f}"
        unit = SIGNS.get(self.unit, "")
        if self.mcse is None:
            return f"{shown}{unit}"
        return f"{shown}{unit} (MCSE {self.mcse:.{places + 1}f})"


@dataclass(frozen=True, slots=True)
class Pitfall:
    """One source of bias: ``question``, figures, and ``reading``: how to avoid it."""

    key: str
    title: str
    scenarios: tuple[str, ...]
    question: str
    figures: tuple[Figure, ...]
    reading: str


def mean_ratio(words: str, ratios: ArrayLike) -> Figure:
    """Return the geometric mean over studies of a ratio.

    Studies without a finite ratio are excluded; fewer than two give NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        middle, error = _mean(np.log(np.asarray(ratios, float)))
    return Figure(words, float(np.exp(middle)), "ratio", float(np.exp(middle)) * error)


def mean_of(words: str, values: ArrayLike, unit: Unit) -> Figure:
    """Return the mean over studies with a finite value."""
    middle, error = _mean(np.asarray(values, float))
    return Figure(words, middle, unit, error)


def _mean(values: NDArray[np.float64]) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if len(finite) < 2:
        return float("nan"), float("nan")
    return float(finite.mean()), float(finite.std(ddof=1) / np.sqrt(len(finite)))


def share_of(words: str, flags: ArrayLike) -> Figure:
    """Return the percentage of studies with a property.

    One success and one failure are added for the standard error (Agresti and Coull), so that
    "none of 40" has an error too.

    >>> print(share_of("rejected", [True, False, False, False]))
    25.0 % (MCSE 19.25)
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
                "mcse": figure.mcse,
                "unit": figure.unit,
            }
            for pitfall in pitfalls
            for figure in pitfall.figures
        ]
    )
