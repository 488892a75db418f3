"""Write tables in the formats that papers are made of."""

import html
from pathlib import Path

import pandas as pd


def write_table(frame: pd.DataFrame, stem: Path, caption: str) -> None:
    """Write text cells as ``stem`` .csv, .md, .tex and .html."""
    frame.to_csv(stem.with_suffix(".csv"), index=False, lineterminator="\n")
    for suffix, make in ((".md", markdown), (".tex", latex), (".html", hypertext)):
        stem.with_suffix(suffix).write_text(make(frame, caption), encoding="utf-8")


def _cells(frame: pd.DataFrame) -> list[list[str]]:
    return [["" if pd.isna(cell) else str(cell) for cell in row] for row in frame.to_numpy()]


def markdown(frame: pd.DataFrame, caption: str) -> str:
    r"""Return a Markdown table.

    >>> print(markdown(pd.DataFrame({"arm": ["treated"], "p|q": ["1"]}), "Arms"))
    **Arms**
    <BLANKLINE>
    | arm | p\|q |
    | --- | --- |
    | treated | 1 |
    <BLANKLINE>
    """

    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"

    head = line([str(name) for name in frame.columns]) + line(["---"] * frame.shape[1])
    return f"**{caption}**\n\n" + head + "".join(line(row) for row in _cells(frame))


_LATEX = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
}


def latex(frame: pd.DataFrame, caption: str) -> str:
    """Return a LaTeX table in the style of the booktabs package."""

    def line(cells: list[str]) -> str:
        return " & ".join(_tex(cell) for cell in cells) + " \\\\\n"

    head = line([str(name) for name in frame.columns])
    body = "".join(line(row) for row in _cells(frame))
    return (
        f"\\begin{{table}}\n\\caption{{{_tex(caption)}}}\n"
        f"\\begin{{tabular}}{{{'l' * frame.shape[1]}}}\n\\toprule\n"
        f"{head}\\midrule\n{body}\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n"
    )


def _tex(text: str) -> str:
    return "".join(_LATEX.get(mark, mark) for mark in text)


def hypertext(frame: pd.DataFrame, caption: str) -> str:
    """Return an HTML table element."""

    def line(cells: list[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>\n"

    head = line([str(name) for name in frame.columns], "th")
    body = "".join(line(row, "td") for row in _cells(frame))
    return (
        f"<table>\n<caption>{html.escape(caption)}</caption>\n"
        f"<thead>\n{head}</thead>\n<tbody>\n{body}</tbody>\n</table>\n"
    )
