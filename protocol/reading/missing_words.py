"""Words by which tables mark a missing value, whatever the format."""

#: Beside an empty cell. ``None`` is not among them: a clinic writes it for "no operation before".
MISSING_WORDS = frozenset(
    {"NA", "N/A", "n/a", "#N/A", "NaN", "nan", "<NA>", "NULL", "null", "NaT", "."}
)


def is_missing(text: str) -> bool:
    """Whether a cell holds no value.

    >>> is_missing("  "), is_missing("NA"), is_missing("None")
    (True, True, False)
    """
    text = text.strip()
    return not text or text in MISSING_WORDS
