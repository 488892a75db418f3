"""Write a table of text in the formats that papers are made of: CSV, Markdown, LaTeX, HTML.

Names of columns and levels come from a person's table. None of them may become a formula in a
spreadsheet, markup in a page, or a command of LaTeX.
"""

import html
import re
from pathlib import Path

import pandas as pd

from pretese.io.text.markup import latex_text, markdown_text
from pretese.io.text.spreadsheet import spreadsheet_cell
from protocol.safe_text import lines, xml_text

#: Start of a cell with a number.
_NUMBER = re.compile(r"\s*[<>+−-]?[.·]?\d")


def write_table(frame: pd.DataFrame, stem: Path, caption: str) -> None:
    """Write text cells as ``stem`` .csv, .md, .tex and .html."""
    for suffix, make in (
        (".csv", csv_text),
        (".md", markdown_table),
        (".tex", latex),
        (".html", html_table),
    ):
        stem.with_suffix(suffix).write_text(make(frame, caption), encoding="utf-8", newline="\n")


def _rows(frame: pd.DataFrame) -> list[list[str]]:
    """Return the header and the cells as text; a missing value is empty."""
    head = [str(name) for name in frame.columns]
    return [head, *([_cell(cell) for cell in row] for row in frame.to_numpy(object))]


def _cell(cell: object) -> str:
    return "" if cell is None or cell is pd.NA or cell != cell else str(cell)  # NaN, NaT


def csv_text(frame: pd.DataFrame, caption: str = "") -> str:
    """Return a table for spreadsheets; a CSV file has no place for a caption.

    >>> print(csv_text(pd.DataFrame({"=1+1": ["-1.5", "-x"]})).rstrip())
    '=1+1
    -1.5
    '-x
    """
    head, *body = ([spreadsheet_cell(lines(cell)) for cell in row] for row in _rows(frame))
    return str(pd.DataFrame(body, columns=head).to_csv(index=False, lineterminator="\n"))


def markdown_table(frame: pd.DataFrame, caption: str) -> str:
    r"""Return a Markdown table.

    >>> print(markdown_table(pd.DataFrame({"arm": ["treated"], "p|q": ["<b>"]}), "Arms"))
    **Arms**
    <BLANKLINE>
    | arm | p\|q |
    | --- | --- |
    | treated | \<b\> |
    <BLANKLINE>
    """

    def line(cells: list[str]) -> str:
        return "| " + " | ".join(markdown_text(cell) for cell in cells) + " |\n"

    head, *body = _rows(frame)
    rule = "| " + " | ".join("---" for _ in head) + " |\n"
    return f"**{markdown_text(caption)}**\n\n" + line(head) + rule + "".join(map(line, body))


def latex(frame: pd.DataFrame, caption: str) -> str:
    """Return a LaTeX table in the style of the booktabs package."""

    def line(cells: list[str]) -> str:
        return " & ".join(latex_text(cell) for cell in cells) + " \\\\\n"

    head, *body = _rows(frame)
    return (
        f"\\begin{{table}}\n\\caption{{{latex_text(caption)}}}\n"
        f"\\begin{{tabular}}{{{'l' * frame.shape[1]}}}\n\\toprule\n"
        f"{line(head)}\\midrule\n{''.join(map(line, body))}\\bottomrule\n"
        "\\end{tabular}\n\\end{table}\n"
    )


def html_table(frame: pd.DataFrame, caption: str) -> str:
    """Return an HTML table element; columns of text have the class ``words``."""
    head, *body = _rows(frame)
    columns = zip(*body, strict=True) if body else ()
    words = [not _mostly_numbers(column) for column in columns]

    def line(cells: list[str], tag: str) -> str:
        kinds = [' class="words"' if of_words else "" for of_words in words] or [""] * len(cells)
        shown = (
            f"<{tag}{kind}>{_html(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)
        )
        return "<tr>" + "".join(shown) + "</tr>\n"

    return (
        f"<table>\n<caption>{_html(caption)}</caption>\n"
        f"<thead>\n{line(head, 'th')}</thead>\n"
        f"<tbody>\n{''.join(line(row, 'td') for row in body)}</tbody>\n</table>\n"
    )


def _mostly_numbers(cells: tuple[str, ...]) -> bool:
    """Return whether more than half of the cells that are not empty begin with a number."""
    filled = [cell for cell in cells if cell.strip()]
    return 2 * sum(_NUMBER.match(cell) is not None for cell in filled) > len(filled)


def _html(text: str) -> str:
    """Return text for HTML; long names may be broken after an underscore."""
    return html.escape(xml_text(lines(text))).replace("_", "_<wbr>")
