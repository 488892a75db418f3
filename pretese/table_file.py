"""Read a person's table, and write ours in the formats that papers are made of."""

import hashlib
import html
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow

from protocol.errors import Fault, InputError


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table and the SHA-256 of the file it came from."""

    path: Path
    frame: pd.DataFrame
    sha256: str


def read_table(path: Path) -> TableFile:
    """Read a .csv or .parquet file with one row per man.

    Raises
    ------
    InputError
        If the file is not there, empty, of another kind, or cannot be read as what it claims;
        if a column has no name of its own.
    """
    where = str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError.of(where, "", "there is no such file", "check the path") from None
    except OSError as error:
        problem = f"it cannot be read ({error.strerror})"
        raise InputError.of(where, "", problem, "name a file you may read") from None
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise InputError.of(
            where, "", f"{kind or 'no ending'!r} is not read", "give .csv or .parquet"
        )
    try:
        frame = pd.read_csv(path) if kind == ".csv" else pd.read_parquet(path)
    except pd.errors.EmptyDataError:
        raise InputError.of(where, "", "it is empty", "give a header and one row per man") from None
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8 text"
        raise InputError.of(where, "", problem, "save the file as UTF-8") from None
    except (pd.errors.ParserError, pyarrow.ArrowInvalid) as error:
        problem = f"it is no {kind[1:]} table ({str(error).strip().splitlines()[0]})"
        raise InputError.of(where, "", problem, "mend or save it again") from None
    if kind == ".csv":
        _check_header(data, where)
    return TableFile(path, frame, hashlib.sha256(data).hexdigest())


def _check_header(data: bytes, where: str) -> None:
    """Refuse what pandas would rename or swallow in silence."""
    header = data.split(b"\n", 1)[0].decode("utf-8-sig").strip()
    names = [name.strip().strip('"') for name in header.split(",")]
    if len(names) == 1 and any(mark in header for mark in ";\t"):
        mark = "semicolons" if ";" in header else "tabs"
        raise InputError.of(where, "", f"its columns are split by {mark}", "split them by commas")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            Fault(where, name or "(no name)", "two columns have this name", "rename one")
            for name in twice
        )


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
