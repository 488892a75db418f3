"""Words that every part of a regimen file is made of: names, facts, texts, statuses, outcomes."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints


def _as_word(value: Any) -> Any:
    """Read a bare number, and bare ``true`` and ``false``, as the word that was written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, int | float) else value


def _as_fact(value: Any) -> Any:
    """Read bare ``true`` and ``false`` as words; a number stays one; refuse all else."""
    if isinstance(value, bool):
        return _as_word(value)
    if not isinstance(value, int | float | str):
        raise ValueError("write a number or a name")
    return value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=80)]
Word = Annotated[str, BeforeValidator(_as_word), StringConstraints(min_length=1)]
#: A number, or a name.
Fact = Annotated[Annotated[float, Field(ge=-1e9, le=1e9)] | str, BeforeValidator(_as_fact)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Status = Literal["published", "derived", "assumed"]
#: How urgent a flag is.
Severity = Literal["information", "warning", "critical"]
Outcome = Literal["recommendation", "no action required", "insufficient data", "out of scope"]
