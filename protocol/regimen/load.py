"""Load a regimen file: checked as a whole, with every unique table proved.

`load_regimen` is the only entry point. It resolves ``extends``, reads every condition, compiles
every table to a `DecisionGrid` and refuses, with a counter-example, a table that is incomplete or
gives two answers for one patient.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from protocol.errors import InputError
from protocol.reading.analytes import Analyte
from protocol.reading.stored import shipped_value, stored_document
from protocol.regimen import parts
from protocol.regimen.conditions import Bound, Condition
from protocol.regimen.grid import Axis, DecisionGrid
from protocol.regimen.parts import NewValue
from protocol.regimen.rules import DecisionTable, Phase, Regimen, Rule, StartCriterion
from protocol.shorten import shorten

# Modules that read and prove files (pydantic, yaml) are imported only when a file is read: shipped
# regimens are stored in proved form.

SHIPPED = Path(__file__).parents[1] / "regimens"
CASES_SUFFIX = ".cases.yaml"
MAX_DEPTH = 5

#: Classes of a stored regimen.
PARTS: tuple[type[Any], ...] = (
    Regimen, DecisionTable, Rule, Phase, StartCriterion, DecisionGrid, Axis, Condition, Bound,
    Analyte, parts.Source, parts.Parameter, parts.RangeParameters, parts.Computed, parts.Input,
    parts.Reading, parts.Action, parts.Tolerance, parts.MonthLength, parts.Tolerances, parts.Drug,
    parts.Order, parts.Visit,
)  # fmt: skip


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
    name_or_path: str | Path, parameters: Mapping[str, float | NewValue] | None = None
) -> Regimen:
    """Return a shipped regimen by name, or one of your own by the path of its file.

    Parameters
    ----------
    parameters
        Values, in the declared units, that replace those of the file (for example a clinic's own
        safety limits), as numbers or with their source. They become part of ``sha256``.

    Raises
    ------
    InputError
        With every fault of the file: unknown names, conditions that cannot be read, and tables
        with a hole or two rules for one patient, each with the smallest counter-example.

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
def _shipped(name: str, parameters: tuple[tuple[str, float | NewValue], ...]) -> Regimen:
    stored = None if parameters else shipped_value(f"regimens/{name}", PARTS)
    return stored if isinstance(stored, Regimen) else _load(name, parameters)


def document_of_regimen(name: str) -> dict[str, Any]:
    """Return the stored form of a shipped regimen, read from its files and proved."""
    files = _read(name, MAX_DEPTH)[1].files
    return stored_document(_load(name, ()), ["analytes.yaml", *(f"regimens/{f}" for f in files)])


def _load(name: str, parameters: tuple[tuple[str, float | NewValue], ...]) -> Regimen:
    where, found = _read(name, MAX_DEPTH)
    return _compiled(where, found, dict(parameters))


def _compiled(
    where: str, found: "_Extended", parameters: Mapping[str, float | NewValue]
) -> Regimen:
    from protocol.regimen.compile import compile_regimen

    return compile_regimen(where, "\n".join(found.texts), found.plain, parameters, found.origins)


def parse_regimen(text: str, where: str) -> Regimen:
    """Return the regimen that a YAML text holds; errors as in `load_regimen`."""
    return _compiled(where, _extended(text, where, MAX_DEPTH), {})


def plain_regimen(name_or_path: str | Path) -> dict[str, Any]:
    """Return the content of a regimen file, with ``extends`` resolved, before any check."""
    plain: dict[str, Any] = _read(str(name_or_path), MAX_DEPTH)[1].plain
    return plain


@dataclass(frozen=True, slots=True)
class _Extended:
    """A file and those that it extends: names, texts, merged content, and the origin of entries."""

    files: tuple[str, ...]
    texts: tuple[str, ...]
    plain: Any
    origins: Mapping[str, str]


def _read(name: str, depth: int, beside: str = "") -> tuple[str, _Extended]:
    """Read a shipped regimen or a file; a relative path is one in the folder of ``beside``."""
    from protocol.reading.documents import is_there, read_text

    if name in list_regimens():
        where = f"{name}.yaml"
        text = (SHIPPED / where).read_text(encoding="utf-8")
    elif "/" in name or name.endswith((".yaml", ".yml")) or is_there(Path(name)):
        where = str(Path(beside).parent / name) if beside else name
        text = read_text(Path(where))
    else:
        raise InputError.of(
            name,
            "",
            "there is no regimen of this name",
            f"take one of {', '.join(list_regimens())}, or the path of a .yaml file",
        )
    return where, _extended(text, where, depth)


def _extended(text: str, where: str, depth: int) -> _Extended:
    """Return the texts of the files and their merged plain value, with ``extends`` resolved."""
    from protocol.reading.documents import parse_yaml

    plain = parse_yaml(text, where)
    parent = plain.get("extends") if isinstance(plain, dict) else None
    if parent is None:
        return _Extended((where,), (text,), plain, _origins(plain))
    own_path = isinstance(parent, str) and parent.endswith((".yaml", ".yml"))
    if not isinstance(parent, str) or not (own_path or parent in list_regimens()):
        problem = f"{shorten(parent)} is neither a shipped regimen nor a .yaml file"
        cure = (
            f"extend one of {', '.join(list_regimens())}, or name a file in the folder of this one"
        )
        raise InputError.of(where, "extends", problem, cure)
    if depth == 0:
        cure = f"let at most {MAX_DEPTH} files extend one another, and none extend itself"
        raise InputError.of(where, "extends", "the files extend one another", cure)
    base = _read(parent, depth - 1, where if own_path else "")[1]
    merged = _merged(base.plain, plain) if isinstance(base.plain, dict) else plain
    return _Extended(
        (*base.files, where), (*base.texts, text), merged, {**base.origins, **_origins(plain)}
    )


def _origins(plain: Any) -> dict[str, str]:
    """Return the id of the file that defines each entry of a section, by ``section.entry``."""
    if not isinstance(plain, dict):
        return {}
    return {
        f"{section}.{name}": str(plain.get("id"))
        for section, entries in plain.items()
        if isinstance(entries, dict)
        for name in entries
    }


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Merge ``own`` into ``base``; an own entry replaces the whole entry of the base.

    An entry of ``null`` removes it. Entries of the base keep their order, and so do the codes of
    phases; new entries follow.
    """
    merged = dict(base)
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            joined = {**base[key], **value}
            merged[key] = {name: entry for name, entry in joined.items() if entry is not None}
        else:
            merged[key] = value
    return merged
