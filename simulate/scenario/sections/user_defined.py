"""Covariates, outcomes and mechanisms that a scenario adds, as expressions or as functions."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from protocol.reading.documents import Document
from protocol.reading.fields import Whole
from simulate.core.coding import BASELINE, DIAGNOSES
from simulate.core.entry_points import load_function
from simulate.core.expressions import FUNCTIONS, MAX_LENGTH, parse_expression
from simulate.scenario.sections.parameter import Parameter

#: What every formula may name: exact baseline values, and each diagnosis as 1 or 0.
BASELINE_VALUES = (*BASELINE, "partner_age_years", *(f"diagnosis_{name}" for name in DIAGNOSES))

#: Random numbers of a covariate or outcome: standard normal, and uniform from 0 to 1.
RANDOM = ("z", "u")

#: What therapy did to a patient by its end.
COURSE_VALUES = ("share_treated", "fsh_normalised", "testosterone_ratio")

#: What else an outcome may depend on: the arm, and what is found along it.
OUTCOME_VALUES = ("treated", "spermatogenic_liability", "any_sperm", "micro_tese")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Formula(Document):
    """A value computed from others: an ``expression``, or a ``function`` that is installed.

    ``parameters`` are numbers with their sources, by the names that the expression gives them.
    """

    expression: Annotated[str, Field(max_length=MAX_LENGTH)] | None = None
    function: Annotated[str, Field(max_length=100)] | None = None
    parameters: dict[str, Parameter] = Field(default_factory=dict)

    @field_validator("expression")
    @classmethod
    def _can_be_read(cls, given: str | None) -> str | None:
        if given is not None:
            parse_expression(given)
        return given

    @field_validator("function")
    @classmethod
    def _is_installed(cls, given: str | None) -> str | None:
        if given is not None:
            load_function(given)
        return given

    @field_validator("parameters")
    @classmethod
    def _named(cls, given: dict[str, Parameter]) -> dict[str, Parameter]:
        for name in given:
            _check_name(name)
        return given

    @model_validator(mode="after")
    def _one_way(self) -> "Formula":
        if (self.expression is None) == (self.function is None):
            raise ValueError("give either `expression` or `function`")
        return self


class Variable(Formula):
    """A formula whose values stand in tables.

    A ``flag`` is 1 where the formula is not 0. A number is written with so many ``decimals``.
    """

    meaning: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Literal["number", "flag"]
    unit: Annotated[str, Field(max_length=20)] = "1"
    decimals: Annotated[Whole, Field(ge=0, le=6)] = 2


class Mechanisms(Document):
    """Terms added, in log odds, to the liability, to the effect of therapy, and to its choice.

    ``treatment_effect`` acts where any injection is given and nowhere else.
    """

    spermatogenic_liability: Formula | None = None
    treatment_effect: Formula | None = None
    therapy: Formula | None = None

    def stated(self) -> Iterator[tuple[str, Formula]]:
        """Yield the mechanisms that are stated, by name."""
        for name, formula in self:
            if formula is not None:
                yield name, formula


class UserDefined(Document):
    """User-defined parts of a scenario; a covariate may name those stated before it."""

    covariates: Annotated[dict[str, Variable], Field(max_length=50)] = Field(default_factory=dict)
    outcomes: Annotated[dict[str, Variable], Field(max_length=20)] = Field(default_factory=dict)
    mechanisms: Mechanisms = Field(default_factory=Mechanisms)

    @model_validator(mode="after")
    def _every_name_is_known(self) -> "UserDefined":
        known = [*BASELINE_VALUES]
        for name, covariate in self.covariates.items():
            _check_name(name)
            _check_names(f"covariates.{name}", covariate, (*known, *RANDOM))
            known.append(name)
        for name, formula in self.mechanisms.stated():
            course = COURSE_VALUES if name == "treatment_effect" else ()
            _check_names(f"mechanisms.{name}", formula, (*known, *course))
        for name, outcome in self.outcomes.items():
            _check_name(name)
            if name in self.covariates:
                raise ValueError(f"{name} is a covariate and an outcome; rename one of them")
            allowed = (*known, *RANDOM, *COURSE_VALUES, *OUTCOME_VALUES)
            _check_names(f"outcomes.{name}", outcome, allowed)
        return self


_RESERVED = frozenset((*BASELINE_VALUES, *RANDOM, *COURSE_VALUES, *OUTCOME_VALUES, *FUNCTIONS,
                       "and", "or", "not"))  # fmt: skip


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name; write small letters, digits and _, up to 40")
    if name in _RESERVED:
        raise ValueError(f"{name} has a meaning already; take another name")


def _check_names(where: str, formula: Formula, allowed: tuple[str, ...]) -> None:
    """Refuse parameters that hide a value, and names that have no value."""
    hidden = [name for name in formula.parameters if name in allowed]
    if hidden:
        raise ValueError(f"{where}: parameter {hidden[0]} has the name of a covariate; rename it")
    if formula.expression is None:
        return
    used = parse_expression(formula.expression).names
    unknown = sorted(used - {*allowed, *formula.parameters})
    if unknown:
        raise ValueError(
            f"{where}: nothing is named {unknown[0]}; declare it under `parameters`, or take one "
            f"of {', '.join(allowed)}"
        )
    unused = [name for name in formula.parameters if name not in used]
    if unused:
        raise ValueError(f"{where}: parameter {unused[0]} is not used; remove it")
