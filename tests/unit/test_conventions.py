"""Conventions: units in names, closed file models, no path or index in the lock files."""

import importlib
import pkgutil
import re
import types
import typing
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field
from pydantic.fields import FieldInfo

from protocol.errors import InputError
from protocol.reading.documents import Document, validate
from protocol.reading.fields import Number

ROOT = Path(__file__).parents[2]
PACKAGES = ("protocol", "simulate", "estimate", "pretese")

#: Numbers whose unit is in another field, that are counted in the unit of another quantity, or
#: that have none.
WITH_A_UNIT_BESIDE = {
    "reference",
    "weight",
    "by_month",
    "sensitivity",
    "value",
    "sweep",
    "start",
    "plausible",
    "in_base",
    "low",
    "high",
    "given",
    "entry",
    # Limits of a population, in the unit of its baseline value; an exponent has none.
    "above",
    "up_to",
    "cut_points",
    "exponent",
    # Parameters of a beta distribution count patients; a ratio of odds has no unit.
    "alpha",
    "beta",
    "odds_ratio",
    # Results by the name of an input, which contains the unit; doses in the unit of the drug.
    "baseline",
    "monthly",
    "facts",
    "amount",
    "horizon",  # in the unit of the table's column of times
    "intercept",  # log odds, and per unit of the table's columns
    "coefficients",
    # Published results have a field for their unit, or for the scale of the effect.
    "estimate",
    "interval",
    "p_value",
    "sd",
    "sem",
    "shift",  # assumed bias, on the scale of the effects
}

#: Numbers of a calibration record: in the unit of the published number, or in standard errors.
OF_A_TARGET = {"published", "half_unit", "simulated", "mcse", "z"}

#: Numbers of an ensemble: in the units of the scenario, probabilities, or in standard errors.
OF_AN_ENSEMBLE = {
    "worlds", "risks", "risks_low", "risks_high", "smallest_tail", "misfit_low", "misfit_high",
}  # fmt: skip


def documents() -> list[type[Document]]:
    for package in PACKAGES:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(module.__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    pending, classes = [Document], []
    while pending:
        children = pending.pop().__subclasses__()
        classes += [child for child in children if child.__module__.startswith(PACKAGES)]
        pending += children
    return classes


def suffixes() -> tuple[str, ...]:
    table = (ROOT / "docs" / "glossary.md").read_text().split("## Units in names")[1]
    return tuple(re.findall(r"`(_\w+)`", table))


def holds_a_float(annotation: object) -> bool:
    if annotation is float:
        return True
    if isinstance(annotation, types.GenericAlias | types.UnionType) or typing.get_args(annotation):
        return any(holds_a_float(part) for part in typing.get_args(annotation))
    return False


def test_every_float_of_a_file_has_its_unit_in_its_name():
    known = suffixes()
    assert len(known) > 10
    silent = [
        f"{model.__module__}.{model.__name__}.{name}"
        for model in documents()
        for name, field in model.model_fields.items()
        if holds_a_float(field.annotation)
        if not f"_{name}".endswith(known)
        and name not in WITH_A_UNIT_BESIDE | OF_A_TARGET | OF_AN_ENSEMBLE
    ]
    assert silent == []


def limits_of(metadata: object) -> set[str]:
    """Return which of the four limits are given, in the annotation of a type."""
    found = {
        limit
        for each in metadata
        for limit in ("ge", "gt", "le", "lt")
        if getattr(each, limit, None) is not None
    }
    inner = [each.metadata for each in metadata if isinstance(each, FieldInfo)]
    return found.union(*map(limits_of, inner))


def unbounded(annotation: object, given: set[str]) -> bool:
    """Whether a number in an annotation lacks a limit on one of its sides."""
    if annotation in (int, float):
        return not (given & {"ge", "gt"} and given & {"le", "lt"})
    if hasattr(annotation, "__metadata__"):
        return unbounded(annotation.__origin__, given | limits_of(annotation.__metadata__))
    if typing.get_origin(annotation) is Literal:
        return False
    return any(unbounded(part, given) for part in typing.get_args(annotation))


def test_every_number_of_a_file_is_bounded_on_both_sides():
    assert unbounded(float, {"ge"})
    assert unbounded(tuple[Annotated[Number, Field(ge=0)], ...], set())
    assert not unbounded(dict[str, Annotated[Number, Field(ge=0, lt=2)] | None], set())
    assert [
        f"{model.__name__}.{name}"
        for model in documents()
        for name, field in model.model_fields.items()
        if unbounded(field.annotation, limits_of(field.metadata))
    ] == []


@pytest.mark.parametrize("value", [True, "5", "1_000", "", "nan", [5], None, float("nan")])
def test_no_number_of_a_file_is_converted_from_another_type(value):
    seen = 0
    for model in documents():
        for name, schema in model.model_json_schema().get("properties", {}).items():
            if schema.get("type") not in ("number", "integer"):
                continue
            seen += 1
            if value is None and "default" in schema:
                continue
            with pytest.raises(InputError) as caught:
                validate({name: value}, model, "x")
            assert name in [fault.field for fault in caught.value.faults], (model, name)
    assert seen > 40


def test_no_file_model_tolerates_unknown_fields():
    assert all(model.model_config["extra"] == "forbid" for model in documents())
    assert all(model.model_config["frozen"] for model in documents())


def test_the_lock_file_names_no_index():
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--index" not in lock
    assert "--hash=sha256:" in lock


def test_simpy_is_imported_only_in_the_clinic():
    users = [
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"^\s*(import|from) simpy\b", path.read_text(), re.MULTILINE)
    ]
    assert all(str(path).startswith("simulate/clinic") for path in users)


def test_every_folder_of_code_has_a_docstring():
    for package in PACKAGES:
        for init in (ROOT / package).rglob("__init__.py"):
            assert init.read_text().startswith('"""'), init
