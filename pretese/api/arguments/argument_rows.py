"""Arguments of interim analyses, checked: tables as CSV, and shares of the planned effect."""

from typing import Any

from pretese.api.arguments.argument_numbers import number_in_range, sequence_of
from protocol.errors import InputError
from protocol.shorten import shorten


def effect_shares(effects: Any) -> tuple[float, ...]:
    """Return percentages of the planned effect as fractions."""
    given = sequence_of(effects, "effects")
    return tuple(number_in_range(each, "effects", 0, 100) / 100 for each in given)


def rows_as_csv(analyses: Any) -> bytes:
    """Return a table, or a list of rows, as CSV."""
    import pandas as pd

    try:
        table = analyses if isinstance(analyses, pd.DataFrame) else pd.DataFrame(list(analyses))
    except (TypeError, ValueError, AttributeError):
        cure = "give a CSV file, a table, or a list of rows"
        problem = f"{shorten(analyses)} is not understood"
        raise InputError.of("analyses", "", problem, cure) from None
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text.encode()
