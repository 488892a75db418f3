"""Read a YAML document into a frozen model, reporting all of its faults at once."""

import difflib
import json
import math
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from protocol.errors import Fault, InputError
from protocol.reading.yaml_core import MAX_DIGITS, YamlFault, read_yaml
from protocol.shorten import shorten, shorten_text

#: Maximum size of a document in bytes; larger files take minutes to read.
MAX_BYTES = 16_000_000

#: Maximum size in bytes of a document written by a program.
MAX_JSON_BYTES = 256_000_000

#: Maximum size in bytes of a table that is read as text.
MAX_TABLE_BYTES = 1_000_000_000

#: Maximum number of faults that one message lists.
MAX_FAULTS = 50

#: Maximum number of characters of a part of a message; lists of allowed values can be long.
MAX_WORDS = 2000


class Document(BaseModel):
    """Base of all file models: frozen, without undeclared fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


def read_text(path: Path, max_bytes: int = MAX_BYTES) -> str:
    """Return a file's text; one that is missing, too large or not UTF-8 is an `InputError`.

    Devices, pipes and sockets are refused without reading: they may be endless.
    """
    try:
        return _read_bytes(path, max_bytes).decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8 text"
        raise InputError.of(str(path), "", problem, "save the file as UTF-8") from None


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise InputError.of(str(path), "", "this is a folder", "name a file in it")
        if not stat.S_ISREG(found.st_mode):
            problem = "this is a device, a pipe or a socket, not a file"
            raise InputError.of(str(path), "", problem, "name a file")
        if found.st_size <= max_bytes:
            with path.open("rb") as file:
                content = file.read(max_bytes + 1)  # some files of the system grow as they are read
            if len(content) <= max_bytes:
                return content
        cure = f"give at most {max_bytes // 1_000_000:,} MB"
        raise InputError.of(str(path), "", "this file is too large", cure)
    except FileNotFoundError:
        raise InputError.of(str(path), "", "there is no such file", "check the path") from None
    except OSError as error:
        problem = f"it cannot be read ({error.strerror})"
        cure = "check the path and the permissions"
        raise InputError.of(shorten_text(str(path), 200), "", problem, cure) from None
    except ValueError:  # a path that holds the character NUL
        raise InputError.of(shorten(str(path), 200), "", "this is not a path", "check it") from None


def is_there(path: Path) -> bool:
    """Return whether a path exists; an impossible path (too long, NUL) does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def parse_yaml(text: str, where: str) -> Any:
    """Return the plain value of a YAML text; a fault is an `InputError` that names the line.

    `protocol.reading.yaml_core` documents how values are read.
    """
    try:
        return read_yaml(text)
    except YamlFault as fault:
        raise InputError.of(where, fault.place, fault.problem, fault.cure) from None


def parse_json(text: str, where: str) -> Any:
    """Return the plain value of a JSON text, read strictly.

    Raises
    ------
    InputError
        The text is not JSON, gives a key twice, or holds ``NaN``, ``Infinity``, an integer of more
        than 100 digits or more levels than can be read.
    """
    try:
        return json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        place, problem = f"line {error.lineno}, column {error.colno}", error.msg
    except RecursionError:
        place, problem = "", "it is nested too deeply"
    except ValueError as error:
        place, problem = "", str(error)
    cure = "restore the file, or write it again"
    raise InputError.of(where, place, f"this is not valid JSON ({problem})", cure)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"the key {shorten(twice)} is given twice")
    return found


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a number of JSON")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a whole number of {len(text):,} digits is too long")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{shorten_text(text)} is too large for a number")
    return value


def read_document(path: Path, model: type[Model]) -> Model:
    """Read a YAML file into ``model``; every fault of the file is reported in one `InputError`."""
    return parse_document(read_text(path), model, where=str(path))


def parse_document(text: str, model: type[Model], where: str) -> Model:
    """Parse YAML text into ``model``, as `read_document` does for a file."""
    return validate(parse_yaml(text, where), model, where)


def validate(value: Any, model: type[Model], where: str) -> Model:
    """Check a plain value against ``model``; every fault is reported in one `InputError`."""
    if not isinstance(value, dict):
        problem = f"it holds {_KINDS.get(type(value), 'one value')}"
        raise InputError.of(where, "", problem, "write fields as `name: value` lines")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        every = error.errors(include_url=False)
        faults = [item for item in every if not _echoes(item) and not _is_other_kind(item)]
        listed = [_fault(item, model, where) for item in faults[:MAX_FAULTS]]
        if more := len(faults) - len(listed):
            listed.append(Fault(where, "", f"it has {more:,} more faults", "correct these first"))
        raise InputError(listed) from None


_KINDS: dict[type, str] = {type(None): "nothing", str: "text", list: "a list"}


def _echoes(item: ErrorDetails) -> bool:
    """Whether a list is called too short only because its elements, each a fault, were dropped."""
    return item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]


#: How pydantic names the kinds of value that a field takes, in the location of a fault.
_TEXT, _LIST = "constrained-str", "tuple["


def _is_other_kind(item: ErrorDetails) -> bool:
    """Whether a list is refused as text by a field that takes either; the list has faults too."""
    return item["type"] == "string_type" and item["loc"][-1] == _TEXT


def _place(location: Sequence[int | str]) -> str:
    """Return the field of a fault, without the kind of value that was tried."""
    named = [str(part) for part in location]
    fields = [part for part in named if part != _TEXT and not part.startswith(_LIST)]
    return ".".join(shorten_text(part) for part in fields)


def _fault(item: ErrorDetails, model: type[BaseModel], where: str) -> Fault:
    field = _place(item["loc"])
    if item["type"] == "extra_forbidden":
        return Fault(where, field, "there is no such field", _suggestion(item["loc"], model))
    if item["type"] == "missing":
        return Fault(where, field, "it is missing", "add it")
    message = shorten_text(item["msg"].removeprefix("Value error, "), MAX_WORDS)
    together = item["type"] == "value_error" and isinstance(item["input"], dict)
    alone = bool(field) and not together
    problem = f"{shorten(item['input'])} is not allowed" if alone else "its fields do not agree"
    if item["type"] == "string_type" and isinstance(item["input"], bool | int | float):
        return Fault(where, field, problem, "text is wanted; put it in quotes")
    return Fault(where, field, problem, message[:1].lower() + message[1:])


def _suggestion(location: Sequence[int | str], model: type[BaseModel]) -> str:
    """Name the nearest allowed field, or list the allowed ones."""
    allowed = _fields_at(location[:-1], model)
    if not allowed:
        return "remove it"
    near = difflib.get_close_matches(shorten_text(str(location[-1])), allowed, n=1)
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
