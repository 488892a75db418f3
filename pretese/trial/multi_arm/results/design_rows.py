"""Designs of two and of several arms in one table, and paired differences in power between them."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console

from estimate.core.arrays import Floats
from estimate.performance.measures import paired_difference
from pretese.plots.style import MUTED, PUBLISHED, SIMULATED, house_style, new_figure
from pretese.trial.measures.trial_means import plain_measure
from pretese.trial.multi_arm.results.rows import percent_cell
from pretese.trial.views.measure_words import cell, narrow_table

#: Version of the JSON document of a comparison.
COMPARISON_SCHEMA = "pretese/design-comparison/1"

#: Replicates of each design by sample size: whether it found what its power is for.
Wins = Mapping[int, Floats]


def rows_of_arms(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row per size of a study of several arms."""
    return [
        {
            "design": document["id"],
            "arms": len(document["arms"]),
            "power_of": document["power_of"],
            "participants": size["participants"],
            "power": size["power"],
            "type_one_error": size["configurations"][1]["familywise_error"],
            "expected_participants": size["configurations"][0]["participants"],
            "duration_months": size["configurations"][0]["months"],
        }
        for size in document["sizes"]
    ]


def rows_of_two_arms(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row per size of a study of one design of two arms."""
    (design,) = document["designs"]
    points = {(p["participants"], p["effect_percent"]): p["measures"] for p in design["points"]}
    return [
        {
            "design": design["id"],
            "arms": 2,
            "power_of": "treated",
            "participants": size,
            "power": points[size, 100.0]["power"],
            "type_one_error": points[size, 0.0]["rejection"],
            "expected_participants": points[size, 100.0]["recruited"],
            "duration_months": points[size, 100.0]["duration_months"],
        }
        for size in sorted({size for size, _ in points})
    ]


def paired_rows(wins: Sequence[tuple[str, Wins]]) -> list[dict[str, Any]]:
    """Return differences in power from the first design at sizes that both have."""
    against, first = wins[0]
    return [
        {
            "design": name,
            "against": against,
            "participants": size,
            "power_difference": plain_measure(paired_difference(other[size], first[size])),
        }
        for name, other in wins[1:]
        for size in sorted(set(first) & set(other))
    ]


def show_comparison(console: Console, document: dict[str, Any]) -> None:
    """Print one row per design and size, with the paired difference from the first design."""
    table = narrow_table("Designs compared: planned effects, and none for the type I error")
    table.add_column("design", overflow="fold", min_width=20, max_width=24)
    heads = (
        "arms", "partici-\npants", "power, %", "change, %", "type I\nerror, %", "expected",
    )  # fmt: skip
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    changes = {
        (each["design"], each["participants"]): each["power_difference"]
        for each in document["paired"]
    }
    for row in document["designs"]:
        change = changes.get((row["design"], row["participants"]))
        table.add_row(
            row["design"], str(row["arms"]), str(row["participants"]), percent_cell(row["power"]),
            "" if change is None else cell(change, share=True),
            percent_cell(row["type_one_error"]), cell(row["expected_participants"]),
        )  # fmt: skip
    console.print(table)
    of = ", ".join(dict.fromkeys(f"{r['design']}: {r['power_of']}" for r in document["designs"]))
    console.print(f"Power is that of finding ({of}); of any or all, those that work.",
                  highlight=False)  # fmt: skip
    console.print(
        "The type I error of several arms is the family-wise error. Changes are paired: replicates "
        "use the same random numbers. Monte Carlo standard errors (MCSE) in brackets. Simulated "
        "participants; research software, not a medical device.",
        style="dim", highlight=False,
    )  # fmt: skip


def draw_comparison(document: dict[str, Any]) -> Figure:
    """Draw power, type I error and expected participants of each design, with ± 2 MCSE."""
    rows = document["designs"]
    panels = (
        ("power", "power, %", 100, SIMULATED),
        ("type_one_error", "type I error, %", 100, PUBLISHED),
        ("expected_participants", "expected participants", 1, SIMULATED),
    )
    with house_style():
        figure = new_figure(9.6, 1.6 + 0.4 * len(rows))
        axes = figure.subplots(1, 3, sharey=True)
        for each, (name, label, factor, colour) in zip(axes, panels, strict=True):
            known = [(k, row[name]) for k, row in enumerate(rows) if row[name]]
            each.errorbar(
                [factor * found["value"] for _, found in known], [k for k, _ in known],
                xerr=[2 * factor * (found["mcse"] or 0.0) for _, found in known],
                fmt="o", markersize=4, color=colour,
            )  # fmt: skip
            each.set_xlabel(label)
            each.set_xlim(left=0)
            each.grid(axis="x", color=MUTED, alpha=0.2)
        labels = [f"{row['design']}, {row['participants']}" for row in rows]
        axes[0].set_yticks(range(len(rows)), labels, fontsize=8)
        axes[0].set_ylim(len(rows) - 0.5, -0.5)
        axes[0].set_title("Designs compared")
    return figure
