"""Decode a table: the encoding is detected and reported, and other data are refused."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from protocol.errors import InputError

#: Larger files are refused before they exhaust memory.
MAX_BYTES = 2**30

#: Byte order marks to the codec that reads the text and its name. UTF-32 begins like UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", ""),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

#: First bytes of other kinds of file that are given in place of a text table.
_OTHER_KINDS = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF-": "a PDF",
}

#: Control characters not allowed in cells; tab, line feed and carriage return structure a table.
_CONTROLS = bytes(each for each in range(32) if each not in b"\t\n\r") + b"\x7f"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_END = re.compile("\r\n|\n|\r")
_C1_IN_UTF8 = re.compile(rb"\xc2[\x80-\x9f]")

#: Letters beyond ASCII as UTF-8 writes them; text in Windows-1252 hardly ever holds such a pair.
_UTF8_LETTER = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}")


#: Number of bytes inspected for UTF-16, and the proportion of zeros that indicates it.
_SAMPLE, _MOSTLY = 4096, 0.5


@dataclass(frozen=True, slots=True)
class Encoded:
    """Bytes that are known to be text in ``codec``; ``assumption`` is empty for UTF-8."""

    data: bytes
    codec: str
    assumption: str


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes; one that cannot be read or is too large is an `InputError`."""
    where = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError.of(where, "", "there is no such file", "check the path") from None
    except IsADirectoryError:
        raise InputError.of(where, "", "this is a folder", "name a file in it") from None
    except OSError as error:
        problem = f"it cannot be read ({error.strerror})"
        raise InputError.of(where, "", problem, "name a file you may read") from None
    except ValueError:
        raise InputError.of(
            repr(where), "", "this is not a path", "name a file you may read"
        ) from None
    if len(data) > MAX_BYTES:
        problem = f"it has more than {MAX_BYTES / 2**30:.0f} GiB"
        raise InputError.of(where, "", problem, "give fewer rows or columns, or a Parquet file")
    return data


def encoded(data: bytes, where: str) -> Encoded:
    """Return the encoding in which bytes are text.

    UTF-8; UTF-16 or UTF-32 if there is a byte order mark; UTF-16 if every second byte is zero;
    otherwise Windows-1252.

    Raises
    ------
    InputError
        If no encoding fits, two are mixed, or the text holds control characters; with the row.
    """
    for start, kind in _OTHER_KINDS.items():
        if data.startswith(start):
            cure = "save the table as CSV, or name it .parquet if it is that"
            raise InputError.of(where, "", f"it is {kind}, not text", cure)
    found = _found(data, where)
    plain = data if found.codec.startswith("utf-8") else data.decode(found.codec).encode()
    _refuse_controls(plain, where)
    return found


def _found(data: bytes, where: str) -> Encoded:
    codec, name = next(
        ((codec, name) for mark, codec, name in _MARKS if data.startswith(mark)),
        _without_mark(data),
    )
    try:
        data.decode(codec)
    except UnicodeDecodeError as error:
        if codec == "utf-8":
            return _windows(data, error, where)
        problem = f"byte {error.start} is not {name or 'UTF-8'} text"
        raise InputError.of(where, "", problem, "save the file as UTF-8") from None
    return Encoded(data, codec, f"the text is read as {name}" if name else "")


def _without_mark(data: bytes) -> tuple[str, str]:
    """Return the encoding of bytes without a byte order mark, judged by their zeros."""
    sample = data[:_SAMPLE]
    half = len(sample) // 2
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if half and odd > _MOSTLY * half and not even:
        return "utf-16-le", "UTF-16 without byte order mark"
    if half and even > _MOSTLY * half and not odd:
        return "utf-16-be", "UTF-16 without byte order mark"
    return "utf-8", ""


def _windows(data: bytes, error: UnicodeDecodeError, where: str) -> Encoded:
    """Decode bytes that are not UTF-8 as Windows-1252, or refuse them."""
    line = data.count(b"\n", 0, error.start) + 1
    row = f"row {line}"
    problem = f"byte {error.start} is not UTF-8 text"
    cure = "save the file as UTF-8"
    if _UTF8_LETTER.search(data):
        mixed = f"{problem}, other letters of the file are"
        raise InputError.of(where, row, mixed, f"the file mixes two encodings; {cure}")
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        raise InputError.of(where, row, f"{problem} and not Windows-1252", cure) from None
    return Encoded(data, "cp1252", "the text is read as Windows-1252, it is not UTF-8")


def _refuse_controls(plain: bytes, where: str) -> None:
    """Refuse UTF-8 bytes with control characters (deleting them is a fast search)."""
    without = plain.translate(None, _CONTROLS)
    if len(without) == len(plain) and not (b"\xc2" in plain and _C1_IN_UTF8.search(plain)):
        return
    text = plain.decode()
    found = _CONTROL.search(text)
    if found is None:
        return
    line = len(_LINE_END.findall(text[: found.start()])) + 1
    row = f"row {line}"
    if found[0] == "\x00":
        problem = "it holds a NUL character, which no text has"
    else:
        problem = f"it holds the control character U+{ord(found[0]):04X}"
    cure = "remove it, or export the table again as UTF-8 text"
    raise InputError.of(where, row, problem, cure)
