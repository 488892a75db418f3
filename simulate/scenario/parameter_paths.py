"""The numbers of a scenario by path: read, replace, and hash them."""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from protocol.errors import Fault, InputError
from protocol.reading.documents import validate
from protocol.shorten import shorten_text
from simulate.core.entry_points import function_sha256
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.parameter import Parameter
from simulate.scenario.sections.user_defined import Formula, UserDefined, Variable

#: Fields that describe a scenario without changing the simulation.
_WORDS = frozenset(
    {
        "source",
        "sweep",
        "status",
        "from_population",
        "from_dose",
        "simulated_population",
        "question",
        "expected_finding",
        "extends",
        "notes",
        "not_modelled",
    }
)


@dataclass(frozen=True, slots=True)
class _OptionalNumbers:
    """Optional numbers, which have no effect if they are not stated."""

    path: re.Pattern[str]
    unit: str
    sweep: tuple[float, float]


#: Paths that may be set although the file does not state them; unknown names are refused later.
_OPTIONAL = (
    _OptionalNumbers(re.compile(r"measurement\.missing_by\.\w+"), "1", (-3, 3)),
    _OptionalNumbers(re.compile(r"population\.score_by_diagnosis\.\w+\.\w+"), "1", (-3, 3)),
    _OptionalNumbers(re.compile(r"sites\.[^.]+\.diagnosis_log_odds\.\w+"), "log odds", (-10, 10)),
    _OptionalNumbers(re.compile(r"sites\.[^.]+\.scores\.\w+"), "1", (-3, 3)),
    _OptionalNumbers(re.compile(r"sites\.[^.]+\.measured_ratio\.\w+"), "1", (0.1, 10)),
    _OptionalNumbers(re.compile(r"sites\.[^.]+\.missing\.\w+"), "1", (0, 1)),
)


def parameters(scenario: Scenario) -> dict[str, Parameter]:
    """Return every number of the mechanism by its dotted path.

    >>> from simulate.scenario.load import load_scenario
    >>> paper = load_scenario("paper")
    >>> parameters(paper)["spermatogenesis.treatment.long_infertility_over_years"].value
    3.0
    """
    return dict(_walk(scenario, ""))


def _walk(node: Any, path: str) -> Iterator[tuple[str, Parameter]]:
    if isinstance(node, Parameter):
        yield path, node
        return
    for name, child in _children(node):
        yield from _walk(child, f"{path}.{name}" if path else name)


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, BaseModel):
        yield from node
    elif isinstance(node, Mapping):
        yield from node.items()
    elif isinstance(node, tuple):
        yield from ((str(index), child) for index, child in enumerate(node))


def with_values(
    scenario: Scenario, values: Mapping[str, float], where: str, *, beyond_sweep: bool = False
) -> Scenario:
    """Return the scenario with some numbers replaced, checked as if the file stated them.

    Parameters
    ----------
    values
        Dotted path to new value. An unknown path is an `InputError`, never ignored; so is a value
        outside the range that the file declares for an assumption, and one that is not finite.
    where
        Source of the values, for the error message.
    beyond_sweep
        Widen the range of an assumption to a value outside it instead.
    """
    plain = scenario.model_dump(mode="json")
    faults: list[Fault] = []
    for path, value in values.items():
        try:
            _set(plain, path, value, where, beyond_sweep=beyond_sweep)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return validate(plain, Scenario, where)


def _set(plain: Any, path: str, value: float, where: str, *, beyond_sweep: bool) -> None:
    here = plain
    _state(plain, path)
    for part in path.split("."):
        try:
            here = here[int(part) if isinstance(here, list) else part]
        except (KeyError, IndexError, ValueError, TypeError):
            cure = "name a number of the scenario by its path, such as population.marginals..."
            shown = shorten_text(path, 120)
            raise InputError.of(where, shown, "there is no such number", cure) from None
    if not (isinstance(here, dict) and "value" in here):
        raise InputError.of(where, path, "this is a section, not a number", "go further down")
    if not math.isfinite(value):
        raise InputError.of(where, path, f"{value} is not a number", "give a finite number")
    here["value"] = value
    low, high = here["sweep"] or (value, value)
    if low <= value <= high:
        return
    if not beyond_sweep:
        problem = f"{value:g} is outside the range that this assumption may be swept over"
        cure = (
            f"give a value from {low:g} to {high:g}, or write a scenario that extends "
            "this one and declares a wider `sweep` with its source"
        )
        raise InputError.of(where, path, problem, cure)
    here["sweep"] = [min(value, low), max(value, high)]


def _state(plain: Any, path: str) -> None:
    """State a number that the scenario does not state, so that it can be set."""
    kind = next((each for each in _OPTIONAL if each.path.fullmatch(path)), None)
    if kind is None:
        return
    *sections, name = path.split(".")
    here = plain
    for depth, part in enumerate(sections):
        if part not in here and depth < 2:  # a site or a section that does not exist
            return
        here = here.setdefault(part, {})
    source = "not stated in the file"
    here.setdefault(
        name, {"value": max(0.0, kind.sweep[0]), "unit": kind.unit, "status": "assumed",
               "source": source, "sweep": list(kind.sweep)},
    )  # fmt: skip


def mechanism_hash(scenario: Scenario) -> str:
    """Return the SHA-256 of everything that determines the simulation, without descriptions.

    Neither do dates, which decide when things are written down and change no patient.
    Nor does a field left at its default, so that a new kind of field does not age old calibration
    records. A function of a package counts with the text of its file.
    """
    excluded = {"dates", "user_defined"}
    plain = _decisive(scenario.model_dump(mode="json", exclude_defaults=True, exclude=excluded))
    if scenario.user_defined != UserDefined():
        plain["user_defined"] = _user_defined(scenario.user_defined)
    text = json.dumps(plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _decisive(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {name: _decisive(child) for name, child in plain.items() if name not in _WORDS}
    if isinstance(plain, list):
        return [_decisive(child) for child in plain]
    return plain


def _user_defined(model: UserDefined) -> list[list[Any]]:
    """Return what decides the user-defined values, in the order in which they are computed."""
    stated = [*model.covariates.items(), *model.mechanisms.stated(), *model.outcomes.items()]
    return [[name, *_formula(formula)] for name, formula in stated]


def _formula(formula: Formula) -> list[Any]:
    function = formula.function
    shown = [formula.kind, formula.decimals] if isinstance(formula, Variable) else []
    return [
        formula.expression and " ".join(formula.expression.split()),
        function and [function, function_sha256(function)],
        {name: number.value for name, number in formula.parameters.items()},
        *shown,
    ]
