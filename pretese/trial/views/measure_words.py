"""Format of estimates with their Monte Carlo standard errors, in sentences and in tables."""

from typing import Any

from rich import box
from rich.table import Table


def number(measure: dict[str, Any], share: bool = False) -> str:
    """Return an estimate with its Monte Carlo standard error, for a sentence.

    >>> number({"value": 0.8213, "mcse": 0.0038}, share=True), number({"value": None, "mcse": None})
    ('82.1 % (MCSE 0.4)', '-')
    """
    value, error = _digits(measure, share)
    unit = " %" if share and value != "-" else ""
    return f"{value}{unit}" + (f" (MCSE {error})" if error else "")


def cell(measure: dict[str, Any], share: bool = False, *, counted: bool = False) -> str:
    """Return an estimate with its Monte Carlo standard error, for a table headed by the unit.

    For a proportion of replicates (``counted``) of 0 the 97.5 % upper limit replaces the error.

    >>> cell({"value": 0.8213, "mcse": 0.0038}, share=True), cell({"value": 33.178, "mcse": 0.061})
    ('82.1 (0.4)', '33.18 (0.06)')
    >>> cell({"value": 0.0, "mcse": 0.0, "n": 200}, share=True, counted=True)
    '0 (< 1.8)'
    """
    if counted and measure["value"] == 0 and measure["n"]:
        return f"0 (< {100 * (1 - 0.025 ** (1 / measure['n'])):.2g})"
    value, error = _digits(measure, share)
    return value + (f" ({error})" if error else "")


def _digits(measure: dict[str, Any], share: bool) -> tuple[str, str]:
    """Return value and error as text, the error with one digit, or two if the first is 1."""
    value, mcse = measure["value"], measure["mcse"]
    if value is None:
        return "-", ""
    scale = 100 if share else 1
    if not mcse:
        return f"{value * scale:.4g}", ""
    digits = 0
    while digits < 8 and mcse * scale * 10**digits < 1.95:
        digits += 1
    return f"{value * scale:z.{digits}f}", f"{mcse * scale:.{digits}f}"


def exact_cell(value: float | None, error: float | None, factor: float) -> str:
    """Return an exact value, with an error if it is based on simulated event risks."""
    if value is None:
        return "-"
    if error:
        return cell({"value": factor * value, "mcse": factor * error})
    return f"{factor * value:z.2f}"


#: Rows on exact power: label, key and factor.
EXACT_ROWS = (
    ("exact probability of rejection, %", "power", 100.0),
    ("the same, futility overruled, %", "overruled", 100.0),
    ("z, simulated against exact", "z", 1.0),
    ("normal approximation, %", "closed_form", 100.0),
)


def narrow_table(title: str | None = None) -> Table:
    """Return an empty table whose numbers are not broken within eighty columns."""
    return Table(
        title=title, box=box.SIMPLE_HEAD, title_justify="left", collapse_padding=True,
        pad_edge=False,
    )  # fmt: skip
