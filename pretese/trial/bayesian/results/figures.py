"""Figures of a Bayesian design: outcomes, shift of the control risk, success at an interim."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pretese.plots.style import MUTED, PUBLISHED, SIMULATED, TRUTH, house_style, new_figure

#: Outcome to its colour.
_COLOURS = {
    "success": TRUTH, "inconclusive": "#cbd5e1", "futility": SIMULATED, "harm": PUBLISHED,
}  # fmt: skip
_LINES = (SIMULATED, PUBLISHED, TRUTH, "#7c3aed", "#b45309")


def draw_bayesian(document: dict[str, Any]) -> dict[str, Figure]:
    """Return the figures of a study by name, at its largest size."""
    size = document["sizes"][-1]
    figures = {"power": draw_outcomes(document)}
    if size["by_control_risk"]:
        figures["control_risk"] = draw_control_risk(size)
    if any(each["probability_of_success"] for each in size["analyses"]):
        figures["success"] = draw_success(size)
    return figures


def draw_outcomes(document: dict[str, Any]) -> Figure:
    """Draw how the trial ends at each true effect, and its expected size."""
    size = document["sizes"][-1]
    cases = size["effects"]
    with house_style():
        figure = new_figure(8.6, 1.5 + 0.42 * len(cases))
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(2.4, 1))
        start = [0.0] * len(cases)
        for name, colour in _COLOURS.items():
            shares = [100 * (row["outcome"][name]["value"] or 0) for row in cases]
            left.barh(range(len(cases)), shares, left=start, color=colour, label=name, height=0.6)
            start = [a + b for a, b in zip(start, shares, strict=True)]
        left.set_yticks(range(len(cases)), [f"{row['effect_percent']:g}" for row in cases])
        left.set(xlabel="probability, %", ylabel="effect, % of the plan", xlim=(0, 100))
        left.set_title(f"{document['id']}, {size['participants']} participants", pad=24)
        left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False)
        expected = [row["expected_participants"]["value"] for row in cases]
        right.plot(expected, range(len(cases)), "o", color=SIMULATED)
        right.axvline(size["participants"], color=MUTED, linestyle="--", linewidth=1)
        right.set(xlabel="expected participants", xlim=(0, 1.08 * size["participants"]))
        right.grid(axis="x")
    return figure


def draw_control_risk(size: dict[str, Any]) -> Figure:
    """Draw type I error and power over the control risk, with and without borrowing."""
    rows = size["by_control_risk"]
    risks = [100 * row["risk_control"] for row in rows]
    planned = next(100 * row["risk_control"] for row in rows if row["points"] == 0)
    with house_style():
        figure = new_figure(8.2, 3.3)
        left, right = figure.subplots(1, 2)
        for axes, name, words in (
            (left, "type_i_error", "type I error, %"), (right, "power", "power, %"),
        ):  # fmt: skip
            axes.plot(risks, [100 * row[name] for row in rows], "o-", color=SIMULATED,
                      markersize=4, label="prior of the design")  # fmt: skip
            if rows[0][f"{name}_not_borrowed"] is not None:
                axes.plot(risks, [100 * row[f"{name}_not_borrowed"] for row in rows], "s--",
                          color=MUTED, markersize=4, label="uniform control prior")  # fmt: skip
            axes.axvline(planned, color=MUTED, linestyle=":", linewidth=1)
            axes.set(xlabel="true control risk, %", ylabel=words)
            axes.set_ylim(bottom=0)
            axes.grid(axis="y")
        left.legend(frameon=False, fontsize=8)
    return figure


def draw_success(size: dict[str, Any]) -> Figure:
    """Draw the predictive probability of success over the treated events of each interim."""
    with house_style():
        figure = new_figure(6.4, 3.4)
        axes = figure.subplots()
        shown = [each for each in size["analyses"] if each["probability_of_success"]]
        for k, (each, colour) in enumerate(zip(shown, _LINES * len(shown), strict=False)):
            found = each["probability_of_success"]
            share = [100 * x / each["treated"] for x in found["treated_events"]]
            words = (
                f"analysis {k + 1}: {found['control_events']} of {each['control']} control "
                "participants"
            )
            axes.plot(share, [100 * p for p in found["predictive"]], color=colour, label=words)
        _limits_of_share(axes, size)
        axes.set(xlabel="events under treatment, % of participants",
                 ylabel="probability of success at\nthe final analysis, %",
                 ylim=(-2, 102))  # fmt: skip
        axes.grid(axis="y")
        axes.legend(frameon=False, fontsize=8)
    return figure


def _limits_of_share(axes: Axes, size: dict[str, Any]) -> None:
    """Show the shares at which something changes, and mark the planned risk."""
    planned = next(row["risk_treated"] for row in size["effects"] if row["effect_percent"] == 100)
    axes.axvline(100 * planned, color=MUTED, linestyle=":", linewidth=1)
    axes.set_xlim(max(0, 100 * planned - 45), min(100, 100 * planned + 45))
