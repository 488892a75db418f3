"""Words that mark a missing value in tables of any format."""

#: In addition to an empty cell. Not ``None``: clinics write it for "no operation before".
MISSING_WORDS = frozenset(
    {"NA", "N/A", "n/a", "#N/A", "NaN", "nan", "<NA>", "NULL", "null", "NaT", "."}
)


def is_missing(text: str) -> bool:
    """Whether a cell is missing.

    >>> is_missing("  "), is_missing("NA"), is_missing("None")
    (True, True, False)
    """
    text = text.strip()
    return not text or text in MISSING_WORDS
