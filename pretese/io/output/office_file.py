"""Files of office programs, which are archives, without the time of the run."""

import datetime as dt
import io
import re
import zipfile

#: The time of saving, which libraries take from the clock.
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def with_fixed_clock(raw: bytes, when: dt.datetime) -> bytes:
    """Return an office file with one fixed time in place of that of the run.

    Parameters
    ----------
    raw
        A .docx or .xlsx file.
    when
        The time of every part, and of the last change; before 1980, which an archive cannot
        express, parts have the start of 1980.
    """
    first = max(when.replace(tzinfo=None), dt.datetime(1980, 1, 1))  # an archive knows no zones
    written = f"{when:%Y-%m-%dT%H:%M:%SZ}".encode()
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for part in source.infolist():
            out.writestr(
                zipfile.ZipInfo(part.filename, first.timetuple()[:6]),
                _MODIFIED.sub(rb"\g<1>" + written + rb"\g<2>", source.read(part)),
                zipfile.ZIP_DEFLATED,
            )
    return target.getvalue()
