"""Shapes of efficacy boundaries, and the words that a protocol uses for a design.

JT chapter 2 (Pocock, O'Brien-Fleming, Haybittle-Peto, Wang-Tsiatis) and chapter 7 (spending).
"""

from dataclasses import dataclass

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


def describe(shape: Shape, futility: Spending | None, binding: bool) -> str:
    """Return the name of a design as a protocol would give it."""
    words = _words(shape)
    if futility is None:
        return words
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
