"""The thresholds of a decision rule with their verdicts, as a table."""

from typing import Any

from rich.table import Table

from pretese.trial.views.measure_words import cell, narrow_table


def decision_table(decision: dict[str, Any]) -> Table:
    """Return thresholds, estimates and verdicts, one row per part of the rule."""
    table = narrow_table(
        f"Decision rule of the design file, {decision['participants']} participants"
    )
    table.add_column("measure", min_width=12)
    for words in ("threshold", "estimate", "95 % interval", "verdict"):
        table.add_column(words, justify="right", no_wrap=True)
    for part in decision["parts"]:
        measure, setting, *cells = decision_cells(part)
        table.add_row(f"{measure}, {setting}", *cells)
    return table


def decision_cells(part: dict[str, Any]) -> list[str]:
    """Return measure, setting, threshold, estimate, interval and verdict as text."""
    share = part["share"]
    scale, unit, form = (100, " %", ".2f") if share else (1, "", ".1f")
    sign = ">=" if part["part"].startswith("min_") else "<="
    ends = [scale * end for end in (part["low"], part["high"]) if end is not None]
    return [
        part["words"],
        part["at"],
        f"{sign} {scale * part['threshold']:g}{unit}",
        cell(part, share),
        " to ".join(format(end, form) for end in ends) or "-",
        part["verdict"],
    ]
