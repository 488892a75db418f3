"""Console view of power between simulated sample sizes."""

from typing import Any

from rich.console import Console
from rich.table import Table

from pretese.trial.views.measure_words import cell, narrow_table


def show_curve(console: Console, curve: dict[str, Any]) -> None:
    """Print the interpolated powers and how they were found, or why there are none."""
    if curve["not_interpolated"]:
        words = f"Not interpolated: {curve['not_interpolated']}. Every size was simulated."
        console.print(words, style="dim", highlight=False)
        return
    console.print(_table(curve["interpolated"]))
    console.print(curve_words(curve), style="dim", highlight=False)


def curve_words(curve: dict[str, Any]) -> str:
    """Return how power was interpolated, and what its error is."""
    sizes = ", ".join(str(size) for size in curve["simulated_sizes"])
    return (
        f"Interpolated from {sizes} participants: {curve['line_scale']}. "
        "Standard error in brackets: Monte Carlo error of the line, and residual "
        "SD beyond it. Type I error is not interpolated."
    )


def _table(points: list[dict[str, Any]]) -> Table:
    """Return one row per size and one column per effect."""
    effects = sorted({point["effect_percent"] for point in points})
    found = {(point["participants"], point["effect_percent"]): point for point in points}
    table = narrow_table("Interpolated power, %")
    table.add_column("participants", justify="right")
    for effect in effects:
        table.add_column(f"{effect:g} % of the effect", justify="right")
    for size in sorted({point["participants"] for point in points}):
        rows = (found[size, effect] for effect in effects)
        cells = [
            cell({"value": row["power"], "mcse": row["power_error"]}, share=True) for row in rows
        ]
        table.add_row(str(size), *cells)
    return table
