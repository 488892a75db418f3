"""Tables of sensitivity analyses: grid, worst case, one assumption at a time."""

from typing import Any

from rich.table import Table

from pretese.trial.views.measure_words import cell, narrow_table, number

#: Note on a tornado plot without bars.
UNMOVED = "No assumption was varied: none has a range (--sensitivity PATH=LOW,HIGH gives one)."


def worst_case(grid: dict[str, Any]) -> str:
    """Return a sentence that names the worst cells of a sensitivity grid."""
    worst, cells = grid["worst"], grid["cells"]
    parts = []
    for name, words in (
        ("power", "lowest power"),
        ("type_one_error", "highest type I error"),
        ("coverage", "lowest coverage"),
    ):
        if name in worst:
            found = cells[worst[name]]
            at = ", ".join(f"{path} {value:g}" for path, value in found["at"].items())
            parts.append(f"{words} {number(found[name], share=True)} at {at}")
    return "Worst case: " + "; ".join(parts) + "."


def grid_table(grid: dict[str, Any]) -> Table:
    """Return the cells of a sensitivity grid, one per row."""
    table = narrow_table(f"Sensitivity, {grid['participants']} participants, common random numbers")
    for path in grid["axes"]:
        table.add_column(path.rpartition(".")[2], justify="right")
    # Columns that do not fit into eighty characters are in the report.
    shown = {1: (0, 1, 2, 3, 5), 2: (1, 2, 3, 5)}.get(len(grid["axes"]), (1, 3, 5))
    for k in shown:
        table.add_column(GRID_HEADS[k].replace(", %", ",\n%"), justify="right", no_wrap=True)
    for found in grid["cells"]:
        at = (f"{value:g}" for value in found["at"].values())
        numbers = cell_numbers(found)
        table.add_row(*at, *(numbers[k] for k in shown))
    return table


#: Headings of `cell_numbers`.
GRID_HEADS = (
    "event risks, %", "power, %", "change, %", "type I, %", "bias", "coverage, %",
)  # fmt: skip


def cell_numbers(found: dict[str, Any]) -> list[str]:
    """Return risks, power, difference, type I error, bias and coverage of a cell as text."""
    return [
        f"{100 * found['risk_control']:.1f} / {100 * found['risk_treated']:.1f}",
        cell(found["power"], share=True),
        cell(found["power_difference"], share=True),
        cell(found["type_one_error"], share=True),
        cell(found["bias"]),
        cell(found["coverage"], share=True),
    ]


def tornado_table(tornado: dict[str, Any]) -> Table:
    """Return the change in power at both ends of each assumption's range."""
    table = narrow_table(
        f"One assumption at a time, {tornado['participants']} participants: change in power, %"
    )
    table.add_column("assumption")
    for words in ("planned", "low", "high", "at low", "at high"):
        table.add_column(words, justify="right", no_wrap=True)
    for bar in tornado["bars"]:
        table.add_row(
            _broken(bar["words"]), "-" if bar["planned"] is None else f"{bar['planned']:.3g}",
            f"{bar['low']:g}", f"{bar['high']:g}", cell(bar["difference_low"], share=True),
            cell(bar["difference_high"], share=True),
        )  # fmt: skip
    return table


def _broken(path: str, width: int = 34) -> str:
    """Return a path on lines of at most this width, broken after dots."""
    lines = [""]
    for part in path.replace(".", ".\n").split("\n"):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)
