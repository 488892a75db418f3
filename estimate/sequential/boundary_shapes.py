"""Shapes of efficacy boundaries, and the description of a design in a protocol.

JT chapter 2 (Pocock, O'Brien-Fleming, Haybittle-Peto, Wang-Tsiatis) and chapter 7 (spending).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from estimate.core.arrays import Floats
from estimate.sequential.spending import Spending
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class WangTsiatis:
    """Boundaries C * t_k ** (delta - 1/2). 0 is O'Brien-Fleming, 0.5 is Pocock.

    Wang SK, Tsiatis AA. *Biometrics* 1987;43:193-9.
    """

    delta: float

    def __post_init__(self) -> None:
        if not -1 <= self.delta <= 1:
            problem = f"{self.delta} is not allowed"
            raise InputError.of("design", "delta", problem, "give one from -1 to 1")


@dataclass(frozen=True, slots=True)
class HaybittlePeto:
    """A constant critical value ``z`` at interim analyses; the final one spends the rest."""

    z: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < self.z < 40:
            raise InputError.of("design", "z", f"{self.z} is not allowed", "give one such as 3")


Shape = Spending | WangTsiatis | HaybittlePeto

FutilityKind = Literal[
    "z", "effect", "conditional power", "conditional power, observed effect", "predictive power"
]


@dataclass(frozen=True, slots=True)
class FutilityRule:
    """Futility boundaries by a rule instead of beta spending; never binding.

    Attributes
    ----------
    kind
        The criterion at an interim analysis: ``z``; the observed ``effect`` as a share of the
        planned one; conditional power under the planned or the observed effect; predictive power
        under a flat prior. Conditional powers refer to the final analysis (Lachin JM. *Stat Med*
        2005;24:2747-64).
    values
        One for all interim analyses, or one for each; probabilities as fractions.

    Examples
    --------
    >>> rule = FutilityRule("conditional power, observed effect", (0.2,))
    >>> print(f"{rule.boundaries([0.5, 1], 1.96, 2.8)[0]:.4f}")
    0.9651
    """

    kind: FutilityKind
    values: tuple[float, ...]

    def boundaries(self, rates: ArrayLike, last: float, drift: float) -> Floats:
        """Return (interim analysis,) z below which a trial is futile.

        Parameters
        ----------
        rates
            (analysis,) information fractions of the plan, the last that of the final analysis.
        last
            Efficacy boundary of the final analysis.
        drift
            Mean of the final z under the planned effect.
        """
        t = np.asarray(rates, float)[:-1]
        given = np.asarray(self.values if len(self.values) > 1 else self.values * t.size, float)
        if given.size < t.size:  # more interim analyses than planned
            given = np.append(given, np.full(t.size - given.size, given[-1]))
        value = given[: t.size]
        left = np.sqrt(np.clip(1 - t, 1e-12, None))
        match self.kind:
            case "z":
                return value
            case "effect":
                return np.asarray(value * drift * np.sqrt(t))
            case "conditional power":
                return np.asarray((last + ndtri(value) * left - drift * left**2) / np.sqrt(t))
            case "conditional power, observed effect":
                return np.asarray(np.sqrt(t) * (last + ndtri(value) * left))
            case "predictive power":
                return np.asarray(np.sqrt(t) * last + ndtri(value) * left)


def describe(shape: Shape, futility: Spending | FutilityRule | None, binding: bool) -> str:
    """Return the name of a design as a protocol would give it."""
    words = _words(shape)
    if futility is None:
        return words
    if isinstance(futility, FutilityRule):
        listed = ", ".join(f"{value:g}" for value in futility.values)
        return f"{words}; non-binding futility by {futility.kind} ({listed})"
    kind = "binding" if binding else "non-binding"
    return f"{words}; {kind} futility by beta spending ({_words(futility)})"


def _words(shape: Shape) -> str:
    match shape:
        case WangTsiatis(delta=0):
            return "O'Brien-Fleming"
        case WangTsiatis(delta=0.5):
            return "Pocock"
        case WangTsiatis():
            return f"Wang-Tsiatis, delta {shape.delta:g}"
        case HaybittlePeto():
            return f"Haybittle-Peto, z {shape.z:g}"
        case Spending(family="OF"):
            return "Lan-DeMets O'Brien-Fleming spending"
        case Spending(family="Pocock"):
            return "Lan-DeMets Pocock spending"
        case Spending(family="HSD"):
            return f"Hwang-Shih-DeCani spending, gamma {shape.parameter:g}"
        case Spending(family="KD"):
            return f"Kim-DeMets spending, rho {shape.parameter:g}"
        case _:
            return "user spending"
