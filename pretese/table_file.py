"""Read a person's table."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow

from protocol.errors import Fault, InputError


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table and the SHA-256 of the file it came from."""

    path: Path
    frame: pd.DataFrame
    sha256: str


def read_table(path: Path) -> TableFile:
    """Read a .csv or .parquet file with one row per man.

    Raises
    ------
    InputError
        If the file is not there, empty, of another kind, or cannot be read as what it claims;
        if a column has no name of its own.
    """
    where = str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError.of(where, "", "there is no such file", "check the path") from None
    except OSError as error:
        problem = f"it cannot be read ({error.strerror})"
        raise InputError.of(where, "", problem, "name a file you may read") from None
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise InputError.of(
            where, "", f"{kind or 'no ending'!r} is not read", "give .csv or .parquet"
        )
    try:
        frame = pd.read_csv(path) if kind == ".csv" else pd.read_parquet(path)
    except pd.errors.EmptyDataError:
        raise InputError.of(where, "", "it is empty", "give a header and one row per man") from None
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8 text"
        raise InputError.of(where, "", problem, "save the file as UTF-8") from None
    except (pd.errors.ParserError, pyarrow.ArrowInvalid) as error:
        problem = f"it is no {kind[1:]} table ({str(error).strip().splitlines()[0]})"
        raise InputError.of(where, "", problem, "mend or save it again") from None
    if kind == ".csv":
        _check_header(data, where)
    return TableFile(path, frame, hashlib.sha256(data).hexdigest())


def _check_header(data: bytes, where: str) -> None:
    """Refuse what pandas would rename or swallow in silence."""
    header = data.split(b"\n", 1)[0].decode("utf-8-sig").strip()
    names = [name.strip().strip('"') for name in header.split(",")]
    if len(names) == 1 and any(mark in header for mark in ";\t"):
        mark = "semicolons" if ";" in header else "tabs"
        raise InputError.of(where, "", f"its columns are split by {mark}", "split them by commas")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            Fault(where, name or "(no name)", "two columns have this name", "rename one")
            for name in twice
        )
