"""Numbers that take the place of a regimen's own parameters, and the hash that they change."""

from collections.abc import Mapping
from typing import Any

from protocol.errors import Fault, InputError
from protocol.reading.stored import content_hash
from protocol.regimen import language, parts


def hash_with(text: str, parameters: Mapping[str, parts.NewValue]) -> str:
    """Return the SHA-256 of a regimen's text; values in place of the file's change it."""
    changed = "".join(
        f"\n{name}={float(new.value)!r}{new.wording}" for name, new in sorted(parameters.items())
    )
    return content_hash(text + changed)


def with_parameters(
    file: language.RegimenFile, values: Mapping[str, parts.NewValue], where: str
) -> language.RegimenFile:
    """Return the file with other values of its parameters, and who set them as their source.

    Raises
    ------
    InputError
        There is no such parameter, or a value is not allowed.
    """
    unknown = [name for name in values if name not in file.parameters]
    if unknown:
        known = ", ".join(file.parameters)
        raise InputError(
            Fault(where, f"parameters.{name}", "there is no such parameter", f"there are: {known}")
            for name in unknown
        )
    if faults := [
        Fault(where, f"parameters.{name}", f"{new.value:g} is not allowed", "give -1e6 to 1e6")
        for name, new in values.items()
        if not abs(new.value) <= 1e6  # NaN is refused as well
    ]:
        raise InputError(faults)
    changed = {
        name: file.parameters[name].model_copy(update=_replacement(new))
        for name, new in values.items()
    }
    sources = {
        _source(new): language.SourceSpec(title=f"set by {new.set_by}") for new in values.values()
    }
    return file.model_copy(
        update={
            "parameters": {**file.parameters, **changed},
            "sources": {**file.sources, **sources},
        }
    )


def _replacement(new: parts.NewValue) -> dict[str, Any]:
    """Return the changed fields of a parameter; the number's source is not that of the file."""
    wording = new.wording or "in place of the regimen's number"
    return {
        "value": float(new.value),
        "status": "assumed",
        "source": _source(new),
        "locator": wording,
        "note": f"set by {new.set_by}",
    }


def _source(new: parts.NewValue) -> str:
    return f"set-by-{new.set_by.removeprefix('the ')}"
