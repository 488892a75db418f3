"""A regimen: what a file says, checked as a whole, with every unique table proved.

`load_regimen` is the only way in. It follows ``extends``, reads every condition, compiles every
table to a `DecisionGrid` and refuses, with a counter-example, a table that has a hole or says two
things about one man.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from protocol.errors import InputError
from protocol.reading.documents import is_there, parse_yaml, read_text
from protocol.regimen.compile import compile_regimen
from protocol.regimen.rules import DecisionTable, Phase, Regimen, Rule, StartCriterion
from protocol.shorten import shorten

__all__ = [
    "DecisionTable",
    "Phase",
    "Regimen",
    "Rule",
    "StartCriterion",
    "list_regimens",
    "load_regimen",
    "parse_regimen",
    "plain_regimen",
]

SHIPPED = resources.files("protocol") / "regimens"
CASES_SUFFIX = ".cases.yaml"
MAX_DEPTH = 5


def list_regimens() -> tuple[str, ...]:
    """Return the names of the shipped regimens, sorted.

    >>> "fsh-guided" in list_regimens()
    True
    """
    files = (entry.name for entry in SHIPPED.iterdir())
    return tuple(
        sorted(
            name.removesuffix(".yaml")
            for name in files
            if name.endswith(".yaml") and not name.endswith(CASES_SUFFIX)
        )
    )


def load_regimen(
    name_or_path: str | Path, parameters: Mapping[str, float] | None = None
) -> Regimen:
    """Return a shipped regimen by name, or one of your own by the path of its file.

    Parameters
    ----------
    parameters
        Values, in the declared units, that take the place of the file's (a clinic's own safety
        limits). They become part of ``sha256``.

    Raises
    ------
    InputError
        With every fault of the file: unknown names, conditions that cannot be read, and tables
        with a hole or two rules for one man, each with the smallest counter-example.

    Examples
    --------
    >>> load_regimen("fsh-guided").months
    3
    """
    chosen = tuple(sorted((parameters or {}).items()))
    if name_or_path in list_regimens():
        return _shipped(str(name_or_path), chosen)
    return _load(str(name_or_path), chosen)


@cache
def _shipped(name: str, parameters: tuple[tuple[str, float], ...]) -> Regimen:
    return _load(name, parameters)


def _load(name: str, parameters: tuple[tuple[str, float], ...]) -> Regimen:
    where, texts, plain = _read(name, MAX_DEPTH)
    return compile_regimen(where, "\n".join(texts), plain, dict(parameters))


def parse_regimen(text: str, where: str) -> Regimen:
    """Return the regimen that a YAML text holds; errors as in `load_regimen`."""
    texts, plain = _extended(text, where, MAX_DEPTH)
    return compile_regimen(where, "\n".join(texts), plain, {})


def plain_regimen(name_or_path: str | Path) -> dict[str, Any]:
    """Return what a regimen file says, ``extends`` followed, before anything is checked."""
    plain: dict[str, Any] = _read(str(name_or_path), MAX_DEPTH)[2]
    return plain


def _read(name: str, depth: int) -> tuple[str, list[str], Any]:
    if name in list_regimens():
        where = f"{name}.yaml"
        text = (SHIPPED / where).read_text(encoding="utf-8")
    elif "/" in name or name.endswith((".yaml", ".yml")) or is_there(Path(name)):
        where, text = name, read_text(Path(name))
    else:
        raise InputError.of(
            name,
            "",
            "there is no regimen of this name",
            f"take one of {', '.join(list_regimens())}, or the path of a .yaml file",
        )
    return where, *_extended(text, where, depth)


def _extended(text: str, where: str, depth: int) -> tuple[list[str], Any]:
    """Return the texts that count and their plain value, ``extends`` followed."""
    plain = parse_yaml(text, where)
    parent = plain.get("extends") if isinstance(plain, dict) else None
    if parent is None:
        return [text], plain
    if not isinstance(parent, str):
        problem = f"{shorten(parent)} is not a name"
        raise InputError.of(where, "extends", problem, f"extend {', '.join(list_regimens())}")
    if depth == 0 or parent not in list_regimens():
        raise InputError.of(
            where,
            "extends",
            f"{shorten(parent)} is no shipped regimen" if depth else "the files extend one another",
            f"extend one of {', '.join(list_regimens())}",
        )
    _, texts, base = _read(parent, depth - 1)
    return [*texts, text], _merged(base, plain)


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay ``own`` over ``base``: sections are joined entry by entry, an own entry wins whole.

    An entry of ``null`` takes the base's entry away. Entries of the base keep their order, so the
    codes of phases do too; new ones come last.
    """
    merged = dict(base)
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            joined = {**base[key], **value}
            merged[key] = {name: entry for name, entry in joined.items() if entry is not None}
        else:
            merged[key] = value
    return merged
