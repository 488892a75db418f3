"""The numbers of a scenario by path: read, replace, and hash them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from protocol.documents import validate
from protocol.errors import InputError
from simulate.parameter import Parameter
from simulate.scenario import Scenario

#: Words that explain a scenario without changing what it draws.
_WORDS = frozenset(
    {
        "source",
        "sweep",
        "status",
        "question",
        "expected_finding",
        "extends",
        "notes",
        "not_modelled",
    }
)


def parameters(scenario: Scenario) -> dict[str, Parameter]:
    """Return every number of the mechanism by its dotted path.

    >>> from pretese.shipped import scenario_path
    >>> from simulate.scenario import read_scenario
    >>> paper, _ = read_scenario(scenario_path("paper"))
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


def with_values(scenario: Scenario, values: Mapping[str, float], where: str) -> Scenario:
    """Return the scenario with some numbers replaced, checked as if the file had said so.

    Parameters
    ----------
    values
        Dotted path to new value. An unknown path is an `InputError`, never ignored.
    where
        What the values come from, for the error message.
    """
    plain = scenario.model_dump(mode="json")
    for path, value in values.items():
        _set(plain, path, value, where)
    return validate(plain, Scenario, where)


def _set(plain: Any, path: str, value: float, where: str) -> None:
    here = plain
    for part in path.split("."):
        try:
            here = here[int(part) if isinstance(here, list) else part]
        except (KeyError, IndexError, ValueError, TypeError):
            cure = "name a number of the scenario by its path, such as population.marginals..."
            raise InputError.of(where, path, "there is no such number", cure) from None
    if not (isinstance(here, dict) and "value" in here):
        raise InputError.of(where, path, "this is a section, not a number", "go further down")
    here["value"] = value
    if here["sweep"] and not here["sweep"][0] <= value <= here["sweep"][1]:
        here["sweep"] = [min(value, here["sweep"][0]), max(value, here["sweep"][1])]


def mechanism_hash(scenario: Scenario) -> str:
    """Return the SHA-256 of all that decides what is drawn; explanations do not count.

    Nor does a field left at its default, so that a new kind of field does not age old certificates.
    """
    plain = scenario.model_dump(mode="json", exclude_defaults=True)
    text = json.dumps(_decisive(plain), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _decisive(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {name: _decisive(child) for name, child in plain.items() if name not in _WORDS}
    if isinstance(plain, list):
        return [_decisive(child) for child in plain]
    return plain
