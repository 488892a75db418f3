"""Formats of journals for p-values, confidence intervals, minus signs and decimal points.

Sources: Statistical reporting guidelines of the *New England Journal of Medicine* (p-values); *AMA
Manual of Style*, 11th edition, sections 18.7 and 19.5, and the instructions of *JAMA* for authors;
formatting guidelines of *The Lancet*. Journals change their instructions: read those in force.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from estimate.core.result import RATIOS, Estimate
from estimate.description.table1 import format_p

#: A cell that holds numbers only, alone or as an estimate with its interval.
_NUMBERS = re.compile(r"[-+\d.]+( \([-+\d.,%– to]*\))?|[<>]?[\d.]+( %)?|[\d.]+ [\[(][\d., ]+[\])]")

#: Digits that a limit may have beyond the usual ones.
MORE_DIGITS = 3

#: Limit of significance that rounding must not cross.
_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class JournalStyle:
    """The format of one journal; `STYLES` holds those that are offered.

    Attributes
    ----------
    title
        The journal, or a description.
    separator
        Between the limits of an interval; with a negative limit it is always "to".
    point
        Decimal point.
    leading_zero
        Whether p-values have a zero before the point.
    smallest_p
        P-values below it are given as "<".
    significant_digits
        Whether p-values have two significant digits; otherwise two decimals from 0.01, three below.
    """

    title: str
    separator: str = " to "
    point: str = "."
    leading_zero: bool = True
    smallest_p: float = 0.001
    significant_digits: bool = False
    plain: bool = False

    def p_value(self, value: float | None) -> str:
        """Return a p-value; empty for None and NaN.

        More decimals are kept where rounding would cross 0.05.

        >>> STYLES["jama"].p_value(0.0473), STYLES["jama"].p_value(0.0001)
        ('.047', '<.001')
        >>> STYLES["lancet"].p_value(0.0473), STYLES["nejm"].p_value(0.234)
        ('0·047', '0.23')
        """
        if self.plain or value is None or np.isnan(value):
            return format_p(value)
        if value < self.smallest_p:
            text = f"<{self.smallest_p:g}" if self.smallest_p > 1e-4 else "<0.0001"
        elif value > 0.99:
            text = ">0.99"
        else:
            text = self._rounded(value)
        if not self.leading_zero:
            text = text.replace("0.", ".", 1)
        return text.replace(".", self.point)

    def _rounded(self, value: float) -> str:
        digits = 2 if value >= 0.01 else 3
        if self.significant_digits:
            digits = 2 - 1 - int(np.floor(np.log10(value)))
        while (value < _LEVEL) != (round(value, digits) < _LEVEL):
            digits += 1
        return f"{value:.{digits}f}"

    def interval(self, low: str, high: str) -> str:
        """Return two limits, already rounded, as an interval.

        >>> STYLES["jama"].interval("1.22", "2.92"), STYLES["jama"].interval("-0.5", "2.1")
        ('1.22-2.92', '-0.5 to 2.1')
        """
        negative = low.startswith("-") or high.startswith("-")
        return f"{low} to {high}" if negative else f"{low}{self.separator}{high}"

    def signed(self, value: float, digits: int) -> str:
        """Return a difference; a plus sign stands in the plain style only."""
        return f"{value:+z.{digits}f}" if self.plain else f"{value:z.{digits}f}"

    def table(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Return a table of text with the signs, points and headings of the journal."""
        if self.plain:
            return cells
        named = {name: self._heading(str(name)) for name in cells.columns}
        return cells.map(self._cell).rename(columns=named)

    def _heading(self, name: str) -> str:
        letter = "p" if self.significant_digits else "P"
        name = re.sub(r"^p(?=$| |,)", f"{letter} value", name)
        return name.replace("95 % CI", "95% CI")

    def _cell(self, cell: object) -> object:
        if not (isinstance(cell, str) and _NUMBERS.fullmatch(cell)):
            return cell
        text = re.sub(r"(?<![\d.])-(?=[\d.])", "−", cell)
        return text.replace(".", self.point).replace(" %", "%")


#: No journal: three decimals of p-values, "to" in intervals, signs of differences.
PLAIN = JournalStyle("no journal", plain=True)

#: Formats by the name that ``--style`` takes.
STYLES: Mapping[str, JournalStyle] = MappingProxyType(
    {
        "plain": PLAIN,
        "nejm": JournalStyle("New England Journal of Medicine"),
        "jama": JournalStyle("JAMA", separator="-", leading_zero=False),
        "lancet": JournalStyle(
            "The Lancet", separator="–", point="·", smallest_p=1e-4, significant_digits=True
        ),
    }
)


def effect(each: Estimate, style: JournalStyle = PLAIN) -> str:
    """Return an estimate with its interval, or the reason for its absence.

    Differences of risks are in percentage points. A limit that rounding would move to no effect has
    more digits, so that it agrees with the p-value in print.
    """
    if not each.converged:
        return "not estimable"
    numbers = [float(x) for x in (each.estimate, each.conf_low, each.conf_high)]
    if each.scale in RATIOS:
        value, low, high = _clear_of(1.0, numbers, 2, lambda x, digits: f"{x:.{digits}f}")
    elif each.scale == "risk difference":
        value, low, high = _clear_of(0.0, [100 * x for x in numbers], 1, style.signed)
    else:
        value, low, high = _clear_of(0.0, numbers, 2, style.signed)
    return f"{value} ({style.interval(low, high)})"


def _clear_of(
    null: float, numbers: Sequence[float], digits: int, text: Callable[[float, int], str]
) -> list[str]:
    """Return rounded numbers; a limit that rounding moves to no effect has more digits.

    An interval then contains no effect in print exactly when it does.
    """
    value, *limits = numbers
    written = [text(value, digits)]
    for limit in limits:
        enough = digits
        while enough < digits + MORE_DIGITS and limit != null and round(limit, enough) == null:
            enough += 1
        written.append(text(limit, enough))
    return written
