"""User-defined parts of a scenario: covariates, and formulas applied to patients."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol.errors import InputError
from simulate.core.coding import DIAGNOSES
from simulate.core.entry_points import load_function
from simulate.core.expressions import parse_expression
from simulate.core.random_streams import RandomStreams
from simulate.core.rounding import rounded
from simulate.scenario.sections.user_defined import Formula, UserDefined, Variable

Floats = NDArray[np.float64]
Values = Mapping[str, Floats]

#: Step to which every value is rounded: the last bits of an exponential differ between processors.
STEP = 1e-6


@dataclass(frozen=True, slots=True)
class UserDefinedValues:
    """The user-defined part of a scenario for some patients.

    ``known`` holds all that formulas may name before therapy, user-defined covariates last; arrays
    of shape (replicate, patient).
    """

    model: UserDefined
    known: Values

    def covariates(self) -> Iterator[tuple[str, Floats]]:
        """Yield each covariate as a clinic writes it down."""
        for name, variable in self.model.covariates.items():
            yield name, rounded(self.known[name], 10.0**-variable.decimals)

    def added(self, mechanism: str, further: Values | None = None) -> Floats | float:
        """Return what a mechanism adds, in log odds; 0 if it is not stated."""
        formula = dict(self.model.mechanisms.stated()).get(mechanism)
        if formula is None:
            return 0.0
        return apply(formula, {**self.known, **(further or {})}, f"mechanisms.{mechanism}")


def draw_user_defined(
    model: UserDefined,
    streams: RandomStreams,
    baseline: Values,
    partner_age_years: Floats,
    diagnosis: NDArray[np.int8],
) -> UserDefinedValues:
    """Draw the user-defined covariates, each from the random streams of its name."""
    values = {**baseline, "partner_age_years": partner_age_years}
    values |= {f"diagnosis_{name}": (diagnosis == code) * 1.0 for code, name in
               enumerate(DIAGNOSES)}  # fmt: skip
    for name, variable in model.covariates.items():
        own = {**values, **random_values(variable, name, streams)}
        values[name] = variable_values(variable, own, f"covariates.{name}")
    return UserDefinedValues(model, values)


def random_values(variable: Variable, name: str, streams: RandomStreams) -> dict[str, Floats]:
    """Draw the random numbers that a formula names; a function gets both kinds."""
    kinds = {"z": streams.normal, "u": streams.uniform}
    used = kinds if variable.expression is None else parse_expression(variable.expression).names
    return {kind: draw(f"user-defined {name} {kind}") for kind, draw in kinds.items() if kind in
            used}  # fmt: skip


def variable_values(variable: Variable, values: Values, where: str) -> Floats:
    """Return the values of a covariate or outcome; a flag is 1 where its formula is not 0."""
    found = apply(variable, values, where)
    return (found != 0) * 1.0 if variable.kind == "flag" else found


def apply(formula: Formula, values: Values, where: str) -> Floats:
    """Apply a formula to arrays of one shape.

    Raises
    ------
    InputError
        It gives no finite number for some patient, or its function fails.
    """
    shape = values["age_years"].shape
    numbers = {name: parameter.value for name, parameter in formula.parameters.items()}
    if formula.expression is not None:
        found = parse_expression(formula.expression).evaluate({**values, **numbers})
    else:
        found = _called(str(formula.function), values, numbers, where)
    if found.shape != shape:
        if found.shape != ():
            problem = f"it gives an array of shape {found.shape} for patients of shape {shape}"
            raise _fault(where, problem, "return one number per patient")
        found = np.full(shape, found)
    lost = np.count_nonzero(~np.isfinite(found))
    if lost:
        problem = f"it gives no finite number for {lost:,} of {found.size:,} patients"
        raise _fault(where, problem, "avoid division by 0, log of 0 or less, and overflow")
    return rounded(found, STEP)


def _called(name: str, values: Values, numbers: Mapping[str, float], where: str) -> Floats:
    """Call a function of a package; it sees copies, and what it raises is named."""
    try:
        found = load_function(name)({key: value.copy() for key, value in values.items()}, numbers)
        return np.asarray(found, np.float64)
    except Exception as error:  # any error of a user's function
        problem = f"the function {name} failed ({type(error).__name__}: {error})"
        raise _fault(where, problem, "correct the function") from error


def _fault(where: str, problem: str, cure: str) -> InputError:
    return InputError.of("user_defined", where, problem, cure)
