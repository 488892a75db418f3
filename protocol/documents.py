"""Read a YAML document into a frozen model, reporting all of its faults at once."""

import difflib
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from protocol.errors import Fault, InputError


class Document(BaseModel):
    """What a file may say: frozen, and no field beyond those declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


class _UniqueKeys:
    """YAML without silent overwriting: a key given twice is a fault, not the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a repeated key, then build the mapping as usual."""
        loader: Any = self
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue  # `<<: *anchor` borrows another mapping's fields; its own may override
            key = loader.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = yaml.SafeLoader.construct_mapping(loader, node, deep)
        return mapping


class _Loader(_UniqueKeys, yaml.SafeLoader):
    """The parser whose messages people read: the same words and places on every machine."""


_Parser: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class _FastLoader(_UniqueKeys, _Parser):  # type: ignore[misc]  # a class, whichever there is
    """libyaml's parser, eight times as fast, where PyYAML was built with it."""


def content_hash(text: str) -> str:
    """Return the SHA-256 of a document's text with line endings normalised, in hexadecimal."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()


def read_text(path: Path) -> str:
    """Return a file's text; a missing, unreadable or non-UTF-8 file is an `InputError`."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError.of(str(path), "", "there is no such file", "check the path") from None
    except IsADirectoryError:
        raise InputError.of(str(path), "", "this is a folder", "name a file in it") from None
    except UnicodeDecodeError as error:
        raise InputError.of(
            str(path), "", f"byte {error.start} is not UTF-8 text", "save the file as UTF-8"
        ) from None
    except OSError as error:
        problem = f"it cannot be read ({error.strerror})"
        raise InputError.of(str(path), "", problem, "check its permissions") from None


def parse_yaml(text: str, where: str) -> Any:
    """Return the plain value of a YAML text; broken YAML is an `InputError` that names the line."""
    try:
        return _load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InputError.of(
            where, place, f"this is not valid YAML ({error.problem})", "mend the syntax there"
        ) from None
    except yaml.YAMLError as error:
        raise InputError.of(where, "", f"this is not valid YAML ({error})", "mend it") from None


def _load(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_FastLoader)
    except yaml.YAMLError:
        return yaml.load(text, Loader=_Loader)


def read_document(path: Path, model: type[Model]) -> Model:
    """Read a YAML file into ``model``; every fault of the file is reported in one `InputError`."""
    return parse_document(read_text(path), model, where=str(path))


def parse_document(text: str, model: type[Model], where: str) -> Model:
    """Parse YAML text into ``model``, as `read_document` does for a file."""
    return validate(parse_yaml(text, where), model, where)


def validate(value: Any, model: type[Model], where: str) -> Model:
    """Check a plain value against ``model``; every fault is reported in one `InputError`."""
    if not isinstance(value, dict):
        kind = "nothing" if value is None else type(value).__name__
        raise InputError.of(where, "", f"it holds {kind}", "write fields as `name: value` lines")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = [item for item in error.errors() if not _echoes(item)]
        raise InputError(_fault(item, model, where) for item in faults) from None


def _echoes(item: ErrorDetails) -> bool:
    """Whether a list is called too short only because its elements, each a fault, were dropped."""
    return item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]


def _fault(item: ErrorDetails, model: type[BaseModel], where: str) -> Fault:
    field = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return Fault(where, field, "there is no such field", _suggestion(item["loc"], model))
    if item["type"] == "missing":
        return Fault(where, field, "it is missing", "add it")
    message = item["msg"].removeprefix("Value error, ")
    problem = f"{_shown(item['input'])} is not allowed" if field else "its fields do not agree"
    return Fault(where, field, problem, message[:1].lower() + message[1:])


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _suggestion(location: Sequence[int | str], model: type[BaseModel]) -> str:
    """Name the nearest allowed field, or list the allowed ones."""
    allowed = _fields_at(location[:-1], model)
    if not allowed:
        return "remove it"
    near = difflib.get_close_matches(str(location[-1]), allowed, n=1)
    return f"did you mean {near[0]!r}?" if near else f"allowed here: {', '.join(sorted(allowed))}"


def _fields_at(location: Sequence[int | str], model: type[BaseModel]) -> list[str]:
    """Walk from ``model`` along ``location`` and return the field names allowed at its end."""
    here: Any = model
    for part in location:
        inner = _model_in(here)
        field = inner.model_fields.get(str(part)) if inner and not isinstance(part, int) else None
        here = field.annotation if field else here
    inner = _model_in(here)
    return list(inner.model_fields) if inner else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the one model inside an annotation such as ``Model | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inside = [_model_in(argument) for argument in getattr(annotation, "__args__", ())]
    found = [model for model in inside if model]
    return found[0] if len(found) == 1 else None
