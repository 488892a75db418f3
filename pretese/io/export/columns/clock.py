"""The time written into files whose format demands one."""

import os
from datetime import UTC, datetime

from protocol.errors import InputError

#: The usual variable of reproducible builds: seconds since 1970.
VARIABLE = "SOURCE_DATE_EPOCH"


def creation_time() -> datetime:
    """Return the time that SOURCE_DATE_EPOCH names, else the start of 1970.

    Never the present: the same call must give the same bytes.
    """
    given = os.environ.get(VARIABLE, "0")
    try:
        return datetime.fromtimestamp(int(given), tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError.of(
            VARIABLE, "", f"{given!r} is not a time", "give whole seconds since 1970, or unset it"
        ) from None
