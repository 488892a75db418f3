"""Choose the boundaries of a group-sequential design: information fractions, family, parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from estimate.core.arrays import Floats
from estimate.sequential.boundary_shapes import FutilityRule, HaybittlePeto, Shape, WangTsiatis
from estimate.sequential.spending import PARAMETERS, Spending
from pretese.trial.design.boundary_notation import error_spending, futility_rule, read_shape
from protocol.errors import InputError
from protocol.shorten import shorten

WHERE = "boundaries"

#: Maximum number of analyses of one trial.
MAX_ANALYSES = 100

#: Maximum number of treatments against one control.
MAX_TREATMENTS = 20

#: Families that spend alpha, families that spend beta, and families of boundaries fixed in advance.
SPENDINGS = ("OF", "Pocock", "HSD", "KD", "user")
FUTILITIES = ("OF", "Pocock", "HSD", "KD")
#: Rules for futility: by z, by percent of the planned effect, by conditional or predictive power.
RULES = ("z(0)", "effect(20)", "CP(10)", "CPobserved(10)", "PP(5)")
SHAPES = ("OF", "Pocock", "WT", "HP")


def information_fractions(information: int | Sequence[float]) -> Floats:
    """Return information fractions; a whole number means that many equally spaced analyses.

    >>> information_fractions(2).tolist(), information_fractions([0.4, 1]).tolist()
    ([0.5, 1.0], [0.4, 1.0])
    """
    if isinstance(information, int | np.integer) and not isinstance(information, bool):
        if not 1 <= information <= MAX_ANALYSES:
            problem, cure = (
                f"{shorten(information)} analyses are not allowed",
                f"give 1 to {MAX_ANALYSES}",
            )
            raise InputError.of(WHERE, "information", problem, cure)
        count = int(information)
        return np.arange(1, count + 1) / count
    return np.asarray(finite_numbers("information", information))


def finite_numbers(argument: str, values: Any) -> tuple[float, ...]:
    """Return a sequence of finite numbers, or raise."""
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError, OverflowError):
        numbers = ()
    if isinstance(values, str) or not numbers or not np.isfinite(numbers).all():
        problem, cure = f"{shorten(values)} is not allowed", "give a sequence of numbers"
        raise InputError.of(WHERE, argument, problem, cure)
    return numbers


def one_or_several(argument: str, values: Any) -> tuple[Any, ...]:
    """Return the entries of a sequence of numbers, which may be empty, or of a single number."""
    if np.ndim(values) == 0 or isinstance(values, str):
        return finite_numbers(argument, values if isinstance(values, str) else (values,))
    return tuple(values)


def choose_shape(
    spending: str | None, shape: str | None, parameters: Mapping[str, float | None],
    cumulative: Sequence[float] | None,
) -> Shape:  # fmt: skip
    """Return the family of the efficacy boundaries, O'Brien-Fleming spending by default.

    ``parameters`` contains gamma, rho, delta and z; a parameter that the family does not have is
    refused.
    """
    _check_family("spending", spending, SPENDINGS)
    _check_family("shape", shape, SHAPES)
    if spending and shape:
        raise InputError.of(
            WHERE, "shape", "it was given together with spending", "give one of the two"
        )
    chosen = shape or spending or "OF"
    takes = {"WT": "delta", "HP": "z"} if shape else {**PARAMETERS, "user": "cumulative"}
    for name, value in {**parameters, "cumulative": cumulative}.items():
        if value is not None and takes.get(chosen) != name:
            raise InputError.of(WHERE, name, f"{chosen} has no such parameter", "leave it out")
    if shape:
        return _classical(shape, parameters)
    if chosen == "user":
        if cumulative is None:
            cure = "give the cumulative alpha of each analysis"
            raise InputError.of(WHERE, "cumulative", "user needs it", cure)
        return Spending("user", cumulative=finite_numbers("cumulative", cumulative))
    return Spending(chosen, parameters.get(PARAMETERS.get(chosen, "")))  # type: ignore[arg-type]  # checked above


def _classical(shape: str, parameters: Mapping[str, float | None]) -> Shape:
    z, delta = parameters["z"], parameters["delta"]
    if shape == "HP":
        return HaybittlePeto() if z is None else HaybittlePeto(z)
    if shape == "WT":
        if delta is None:
            raise InputError.of(WHERE, "delta", "WT needs it", "give a number, 0 to 0.5")
        return WangTsiatis(delta)
    return WangTsiatis({"OF": 0.0, "Pocock": 0.5}[shape])


def choose_futility(
    family: str | None, gamma: float | None, rho: float | None, interim: int = 0
) -> Spending | FutilityRule | None:
    """Return the beta-spending function or the rule for futility, or None.

    ``interim`` is the number of interim analyses: a rule has one value, or one for each.
    """
    rule = _rule(family, interim)
    if rule is None:
        _check_family("futility", family, (*FUTILITIES, *RULES))
    given = {"futility_gamma": gamma, "futility_rho": rho}
    takes = f"futility_{PARAMETERS.get(family or '', '')}"
    for name, value in given.items():
        if value is not None and name != takes:
            problem = f"{family or 'no futility'} has no such parameter"
            raise InputError.of(WHERE, name, problem, "leave it out")
    if family is None or rule is not None:
        return rule
    return Spending(family, given.get(takes))  # type: ignore[arg-type]  # checked above


def _rule(words: str | None, interim: int) -> FutilityRule | None:
    """Return a rule for futility such as ``CP(10)``; None for a family, or for nothing."""
    if not isinstance(words, str) or "(" not in words:
        return None
    try:
        found = futility_rule(words, interim)
    except InputError as error:
        fault = error.faults[0]
        raise InputError.of(WHERE, "futility", fault.problem, fault.cure) from None
    if found is None:
        cure = f"choose one of {', '.join((*FUTILITIES, *RULES))}"
        raise InputError.of(WHERE, "futility", f"{shorten(words)} is not known", cure)
    return found


def choose_harm(
    family: str | None, alpha: float | None, usual: float, sides: int
) -> tuple[Spending, float] | None:
    """Return the spending function of harm boundaries with its one-sided error, or None.

    ``usual`` is the error if ``alpha`` is None.
    """
    if family is None:
        if alpha is not None:
            cure = "give harm, such as OF"
            raise InputError.of(WHERE, "harm_alpha", "it was given without harm", cure)
        return None
    if sides == 2:
        problem = "two-sided boundaries already stop for harm"
        raise InputError.of(WHERE, "harm", problem, "give sides=1, or no harm")
    cure = "give OF, Pocock, HSD(-4) or KD(2)"
    try:
        spending = error_spending(read_shape(family, "harm"))
    except InputError:
        spending = None
    if spending is None:
        raise InputError.of(WHERE, "harm", f"{shorten(family)} is not a spending function", cure)
    error = usual if alpha is None else alpha
    if not 0 < error < 0.5:
        problem = f"{error:g} is not allowed"
        raise InputError.of(WHERE, "harm_alpha", problem, "give an error above 0, below 0.5")
    return spending, error


def chosen_analyses(
    argument: str, numbers: Sequence[int], analyses: int
) -> tuple[bool, ...] | None:
    """Return at which analyses a boundary applies, the last included; None: at all."""
    if not len(numbers):
        return None
    given = finite_numbers(argument, numbers)
    if any(each != int(each) or not 1 <= each < analyses for each in given):
        problem, last = f"{shorten(list(numbers))} is not allowed", analyses - 1
        cure = f"number interim analyses from 1 to {last}" if last else "plan an interim analysis"
        raise InputError.of(WHERE, argument, problem, cure)
    return tuple(k in (*given, analyses) for k in range(1, analyses + 1))


def null_difference(margin: float | None, hypothesis: str | None) -> float:
    """Return the risk difference under the null hypothesis; 0 without a margin."""
    known = ("superiority", "non-inferiority")
    _check_family("hypothesis", hypothesis, known)
    if margin is None:
        if hypothesis == "non-inferiority":
            raise InputError.of(WHERE, "margin", "non-inferiority needs one", "give a margin")
        return 0.0
    if not 0 < margin < 1:
        problem = f"{margin:g} is not allowed"
        raise InputError.of(WHERE, "margin", problem, "give a risk difference above 0, below 1")
    return margin if hypothesis == "superiority" else -margin


def treatment_arms_of(treatment_arms: Any, ratio: float, futility_z: Sequence[float]) -> int:
    """Return the number of treatments; with one treatment neither ratio nor dropping is allowed."""
    whole = isinstance(treatment_arms, int | np.integer) and not isinstance(treatment_arms, bool)
    if not whole or not 1 <= treatment_arms <= MAX_TREATMENTS:
        cure = f"give a whole number from 1 to {MAX_TREATMENTS}"
        raise InputError.of(
            WHERE, "treatment_arms", f"{shorten(treatment_arms)} is not allowed", cure
        )
    if len(futility_z):
        finite_numbers("futility_z", futility_z)
    if treatment_arms == 1:
        for name, given in (("allocation_ratio", ratio != 1), ("futility_z", len(futility_z) > 0)):
            if given:
                problem = "it is for several treatments against one control"
                raise InputError.of(WHERE, name, problem, "give treatment_arms, or leave it out")
    return int(treatment_arms)


def _check_family(argument: str, family: str | None, known: tuple[str, ...]) -> None:
    if family is not None and family not in known:
        cure = f"choose one of {', '.join(known)}"
        raise InputError.of(WHERE, argument, f"{family!r} is not known", cure)
