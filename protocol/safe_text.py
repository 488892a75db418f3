"""Make text of unknown origin safe to display: no control characters, only valid XML."""

import re

#: Characters kept from terminals, pages and calendars: C0 and C1 control characters, marks that
#: reorder or hide text, unusual line separators, and lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
_UNSAFE_IN_LINES = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
#: Characters outside the production Char of XML 1.0, and those that it discourages; `re` caches the
#: compiled pattern.
_NOT_XML = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def one_line(text: str) -> str:
    r"""Return text as one line that is safe to print: control characters become escapes.

    >>> one_line("name\x1b[31m\n")
    'name\\x1b[31m\\n'
    """
    return _UNSAFE.sub(_escape, text)


def lines(text: str) -> str:
    r"""Return text that is safe to print, with tabs and line ends; all else as in `one_line`.

    >>> lines("first\n\x07second")
    'first\n\\x07second'
    """
    return _UNSAFE_IN_LINES.sub(_escape, text)


def xml_text(text: str) -> str:
    r"""Return text whose characters XML 1.0 allows; others become U+FFFD.

    Markup is not escaped: the XML writer does that.

    >>> xml_text("a\x1bb\ud800") == "a\ufffdb\ufffd"
    True
    """
    return re.sub(_NOT_XML, "\ufffd", text)


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    number = ord(character)
    return _NAMED.get(character) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")
