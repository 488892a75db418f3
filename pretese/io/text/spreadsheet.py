"""Cells for spreadsheets, which take text that begins like a formula for one."""

import re

#: How a formula may begin, blanks before it included; the last four are their full-width forms.
_FORMULA = re.compile(r"[\s]*[=+\-@＝＋－＠]|[\t\r\n]")

_DIGITS = r"[+-]?(?:\d+(?:[.,]\d+)*|\.\d+|inf|nan)(?:[eE][+-]?\d+)?"
#: A number, with an interval or a share in brackets, is not a formula.
_NUMBER = re.compile(rf"[+-]?|{_DIGITS} ?%?(?: \({_DIGITS} ?%?(?: to {_DIGITS} ?%?)?\))?")


def spreadsheet_cell(text: str) -> str:
    """Return text that a spreadsheet shows and does not compute.

    An apostrophe goes before text that begins with ``= + - @`` (after blanks as well), a tab or a
    line end, as spreadsheets mark text themselves. Numbers stay numbers.

    >>> [spreadsheet_cell(text) for text in ("=1+1", "-1.5", "+20.6 (-4.3 to +42.7)", "-2+cmd")]
    ["'=1+1", '-1.5', '+20.6 (-4.3 to +42.7)', "'-2+cmd"]
    """
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
