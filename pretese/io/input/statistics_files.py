"""Files of SPSS (.sav), Stata (.dta) and SAS (.sas7bdat, .xpt) as DataFrames of plain values."""

from pathlib import Path

import pandas as pd

from protocol.errors import InputError

#: Endings of files that are read here.
ENDINGS = (".sav", ".zsav", ".dta", ".sas7bdat", ".xpt")

#: Ends the title of a Stata file whose numbered words are to be read as words: one of ours.
WORDS_ARE_LABELS = " (pretese)"

_READERS = {
    ".sav": "read_sav", ".zsav": "read_sav", ".dta": "read_dta", ".sas7bdat": "read_sas7bdat",
    ".xpt": "read_xport",
}  # fmt: skip


def read_statistics_file(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the columns of a file as stored, and what was assumed of them.

    Values are the codes that the file holds; labels of values are not used, except those of words
    in a Stata file that `simulate` or `clinic` wrote. User-defined missing values of SPSS count as
    missing.

    Raises
    ------
    InputError
        If the file is damaged or of another kind.
    """
    import pyreadstat  # a tenth of a second to load

    try:
        frame, about = getattr(pyreadstat, _READERS[path.suffix.lower()])(str(path))
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001  # damaged files fail in any part of the reader
        problem = f"it cannot be read as {path.suffix} ({str(error)[:200]})"
        raise InputError.of(str(path), "", problem, "save it again, or as CSV") from None
    assumed = []
    labels = about.variable_value_labels
    words = _words(labels) if (about.file_label or "").endswith(WORDS_ARE_LABELS) else {}
    for name, listed in words.items():
        frame[name] = frame[name].map(listed).astype(object).where(frame[name].notna(), None)
    labelled = sorted(set(labels) - set(words))
    if labelled:
        names = ", ".join(labelled[:5]) + (", ..." if len(labelled) > 5 else "")
        assumed.append(f"codes are read, not their labels, of {names}")
    return frame, tuple(assumed)


def _words(labels: dict[str, dict[int, str]]) -> dict[str, dict[int, str]]:
    """Return the labels of numbered words, without those of 0 and 1."""
    return {name: listed for name, listed in labels.items() if 0 not in listed}
