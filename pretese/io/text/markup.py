"""Text of users inside Markdown and LaTeX: shown as it is."""

import re

from protocol.safe_text import one_line

#: What Markdown reads as markup anywhere in a line; ``_`` inside of a word is none.
_MARKDOWN = re.compile(r"[\\`*<>&\[\]|~$]|(?<!\w)_|_(?!\w)")


def markdown_text(text: str) -> str:
    r"""Return text that Markdown shows as it is, in one line.

    >>> markdown_text("a_b <i>\n[x](y)")
    'a_b \\<i\\> \\[x\\](y)'
    """
    flat = one_line(re.sub(r"\s+", " ", text))
    return _MARKDOWN.sub(r"\\\g<0>", flat)


_LATEX = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    # After the end of a row these would be an option of it.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
}


def latex_text(text: str) -> str:
    r"""Return text that LaTeX sets as it is, in one line.

    >>> latex_text("[50 %] of_all")
    '{[}50 \\%{]} of\\_all'
    """
    flat = one_line(re.sub(r"\s+", " ", text))
    return "".join(_LATEX.get(mark, mark) for mark in flat)
