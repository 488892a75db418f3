"""Sources of a log: a table in a file or in memory, or a folder of a simulation."""

from pathlib import Path
from typing import Any

from pretese.io.input.open_table import open_any_table
from protocol.audit.log.events import LogReading
from protocol.audit.log.mapping import LogMapping
from protocol.audit.log.reader import read_log_table
from protocol.errors import InputError
from protocol.regimen.rules import Regimen
from protocol.shorten import shorten, shorten_text

#: Name of a log without a file in messages.
IN_MEMORY = "log"


def log_of(source: Any, regimen: Regimen, mapping: LogMapping) -> LogReading:
    """Return each patient's events, the assumptions about the source, and the unused rows.

    Parameters
    ----------
    source
        The path of a table (CSV, xlsx), or of a folder that ``pretese simulate`` wrote; the bytes
        of that file; or a pandas DataFrame, whose first row is row 2.

    Raises
    ------
    InputError
        The source has another type, or is not a log of the regimen.
    """
    if isinstance(source, str) and "\n" in source:
        cure = "give its bytes: text.encode()"
        raise InputError.of(IN_MEMORY, "", "this is text and not a path", cure)
    if isinstance(source, str | Path):
        path = Path(source)
        if _is_folder(path):
            return _simulated(path, regimen)
        return read_log_table(open_any_table(path, str(path), mapping.sheet), regimen, mapping)
    known = isinstance(source, bytes | bytearray) or hasattr(source, "to_csv")
    if not known:
        problem = f"{shorten(source)} is not a log"
        raise InputError.of(IN_MEMORY, "", problem, "give a path, bytes or a DataFrame")
    return read_log_table(open_any_table(source, IN_MEMORY, mapping.sheet), regimen, mapping)


def _simulated(path: Path, regimen: Regimen) -> LogReading:
    """Return the log of the simulated patients who followed the regimen."""
    # Imported here because the tables are slow to load and not needed for other logs.
    from pretese.bedside.audits.cohort_logs import logs_of_folder

    logs = logs_of_folder(path)
    if regimen.id not in logs:
        problem = f"none of its patients followed {regimen.id}"
        raise InputError.of(str(path), "regimen", problem, f"they followed: {', '.join(logs)}")
    return LogReading(logs[regimen.id], (), (), visit_months=True)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:  # the name is too long, or a parent folder is not accessible
        problem = f"it cannot be read ({error.strerror})"
        cure = "give the path of a log that you may read"
        raise InputError.of(shorten_text(str(path), 60), "", problem, cure) from None
