"""Notation of boundaries in a design file: OF, HSD(-4), CP(10)."""

import re

from estimate.sequential.boundary_shapes import (
    FutilityKind,
    FutilityRule,
    HaybittlePeto,
    Shape,
    WangTsiatis,
)
from estimate.sequential.spending import Spending
from protocol.errors import InputError

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"

#: Notation of futility boundaries.
FUTILITY_CURE = (
    "write OF, Pocock, HSD(-2), KD(2), user(2,8,20), z(0), effect(20), CP(10), CPobserved(10) or "
    "PP(5)"
)

#: Rules for futility, and the divisor that turns their numbers into fractions.
_RULES: dict[str, tuple[FutilityKind, float]] = {
    "z": ("z", 1.0),
    "effect": ("effect", 100.0),
    "CP": ("conditional power", 100.0),
    "CPobserved": ("conditional power, observed effect", 100.0),
    "PP": ("predictive power", 100.0),
}


def error_spending(shape: Shape) -> Spending | None:
    """Return the family if it is an error-spending function, else None."""
    return shape if isinstance(shape, Spending) and shape.family != "user" else None


def futility_rule(words: str, interim: int) -> FutilityRule | None:
    """Return the rule that a design file writes for futility; None if it spends beta.

    >>> futility_rule("CP(10, 20)", 2).values
    (0.1, 0.2)
    """
    signed = rf"-?{_NUMBER}"
    match = re.fullmatch(
        rf"(z|effect|CP|CPobserved|PP)\(({signed}(?:, *{signed})*)\)", words.strip()
    )
    if match is None:
        return None
    kind, divisor = _RULES[match[1]]
    values = tuple(float(each) / divisor for each in match[2].split(","))
    if len(values) not in (1, interim):
        problem = f"{words!r} has {len(values)} values for {interim} interim analyses"
        raise InputError.of("monitoring", "futility", problem, "give one, or one for each")
    if kind not in ("z", "effect") and not all(0 < value < 1 for value in values):
        cure = "give powers above 0 and below 100 percent"
        raise InputError.of("monitoring", "futility", f"{words!r} is not allowed", cure)
    if not all(-40 <= value <= 40 for value in values):
        cure = "give values from -40 to 40"
        raise InputError.of("monitoring", "futility", f"{words!r} is not allowed", cure)
    return FutilityRule(kind, values)


def read_shape(words: str, field: str = "efficacy") -> Shape:
    """Return the family of boundaries that is written in ``field`` of a design file.

    >>> read_shape("HSD(-4)")
    Spending(family='HSD', parameter=-4.0, cumulative=())
    """
    if len(words) > 1000 or re.search(r"\d{16}", words):
        problem = "it is too long"
        raise InputError.of("monitoring", field, problem, "write OF, HSD(-4) or similar")
    listed = re.fullmatch(
        r"user\(([0-9]+(?:\.[0-9]+)?(?:, *[0-9]+(?:\.[0-9]+)?)*)\)", words.strip()
    )
    if listed:
        return Spending("user", cumulative=tuple(float(each) for each in listed[1].split(",")))
    match = re.fullmatch(rf"(OF|Pocock|HSD|KD|WT|HP)(?:\((-?{_NUMBER})\))?", words.strip())
    if match is None:
        cure = "write OF, Pocock, HSD(-4), KD(2), user(0.5,2,5), WT(0.25) or HP(3)"
        if field == "futility":
            cure = FUTILITY_CURE
        raise InputError.of("monitoring", field, f"{words!r} is not understood", cure)
    family, number = match[1], None if match[2] is None else float(match[2])
    if family == "WT":
        return WangTsiatis(0.0 if number is None else number)
    if family == "HP":
        return HaybittlePeto(3.0 if number is None else number)
    return Spending(family, number)  # type: ignore[arg-type]  # the pattern allows families only
