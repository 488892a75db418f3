"""Where a log may come from: a CSV file, its bytes, a table in memory, a folder of a simulation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from protocol.audit.events import Log
from protocol.audit.log import read_log
from protocol.errors import InputError
from protocol.regimen.load import Regimen
from protocol.shorten import shorten, shorten_text
from protocol.tables import read_bytes

#: What a log without a file is called in messages.
IN_MEMORY = "log"


def log_of(
    source: Any, regimen: Regimen, columns: Mapping[str, str]
) -> tuple[Log, tuple[str, ...]]:
    """Return each patient's events, and what was assumed about the source.

    Parameters
    ----------
    source
        The path of a CSV file, or of a folder that ``pretese simulate`` wrote; the bytes of a CSV
        file; or a pandas DataFrame, which is read as the CSV file that it would become: its first
        row is row 2.

    Raises
    ------
    InputError
        It is none of these, or what it holds is no log of the regimen.
    """
    if isinstance(source, bytes | bytearray):
        return read_log(bytes(source), regimen, IN_MEMORY, columns)
    if hasattr(source, "to_csv") and hasattr(source, "columns"):
        text = str(source.to_csv(index=False, lineterminator="\n"))
        return read_log(text.encode("utf-8", "surrogatepass"), regimen, IN_MEMORY, columns)
    if isinstance(source, str) and "\n" in source:
        cure = "give its bytes: text.encode()"
        raise InputError.of(IN_MEMORY, "", "this is text and not a path", cure)
    if not isinstance(source, str | Path):
        problem = f"{shorten(source)} is no log"
        raise InputError.of(IN_MEMORY, "", problem, "give a path, bytes or a DataFrame")
    path = Path(source)
    if not _is_folder(path):
        return read_log(read_bytes(path), regimen, str(path), columns)
    # Tables take a while to load; who audits a log need not wait for them.
    from pretese.bedside.cohort_logs import logs_of_folder

    logs = logs_of_folder(path)
    if regimen.id not in logs:
        problem = f"none of its men followed {regimen.id}"
        raise InputError.of(str(path), "regimen", problem, f"they followed: {', '.join(logs)}")
    return logs[regimen.id], ()


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:  # the name is too long, or a folder on the way is closed to us
        problem = f"it cannot be read ({error.strerror})"
        cure = "give the path of a log that you may read"
        raise InputError.of(shorten_text(str(path), 60), "", problem, cure) from None
