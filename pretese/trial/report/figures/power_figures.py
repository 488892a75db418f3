"""Power curves over sample size and effect, with Monte Carlo bands and exact power."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pretese.plots.style import MUTED, PUBLISHED, SIMULATED, TRUTH, house_style, new_figure
from pretese.trial.power.additional_measures import main_point
from pretese.trial.power.trial_tables import Recorded
from pretese.trial.report.figures.nested_loop_figure import MANY, draw_nested
from pretese.trial.report.figures.sensitivity_figures import draw_grid, draw_tornado
from pretese.trial.report.figures.subgroup_figure import draw_subgroup_forest
from pretese.trial.report.figures.trial_figures import draw_distribution, draw_zips

COLOURS = (SIMULATED, PUBLISHED, TRUTH, MUTED)


def draw_all(designs: list[dict[str, Any]], folder: Path) -> dict[str, Figure]:
    """Return every figure of a study by name; trials are read from its folder."""
    figures = {"power": draw_power(designs)}
    for design in designs:
        figures |= {f"{design['id']}-{k}": v for k, v in draw_design(design, folder).items()}
    return figures


def draw_design(design: dict[str, Any], folder: Path) -> dict[str, Figure]:
    """Return the figures of one design by content."""
    trials = Recorded([folder / f"{design['id']}.parquet"])
    figures = {"distribution": draw_distribution(design, trials)}
    zips = draw_zips(design, trials)
    if zips is not None:
        figures["zip"] = zips
    if main_point(design)["subgroups"]:
        figures["subgroups"] = draw_subgroup_forest(design)
    if design["sensitivity"]:
        figures["sensitivity"] = draw_grid(design)
        if len(design["sensitivity"]["cells"]) >= MANY:
            figures["nested"] = draw_nested(design)
    if design["tornado"]:
        figures["tornado"] = draw_tornado(design)
    return figures


def draw_power(designs: list[dict[str, Any]], wanted: float = 0.8) -> Figure:
    """Draw power over sample size (full effect) and effect (largest size), with 2 MCSE bands.

    Parameters
    ----------
    designs
        Documents from `pretese.trial.power.study_document.power_document`.
    wanted
        Target power, marked by a line.
    """
    with house_style():
        figure = new_figure(8.2, 3.4)
        patient_level, by_effect = figure.subplots(1, 2, sharey=True)
        for design, colour in zip(designs, COLOURS * len(designs), strict=False):
            _over_participants(patient_level, design, colour)
            _over_effect(by_effect, design, colour)
        for axes, words in (
            (patient_level, "participants"),
            (by_effect, "effect, % of the planned effect"),
        ):
            axes.axhline(wanted, color=MUTED, linewidth=0.8, linestyle=":")
            axes.set(xlabel=words, ylim=(0, 1.02))
            axes.grid(axis="y")
        patient_level.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        patient_level.set(ylabel="probability of rejection", title="Sample size")
        by_effect.set_title("Effect")
        patient_level.legend(loc="lower right", fontsize=8)
    return figure


def _over_participants(axes: Axes, design: dict[str, Any], colour: str) -> None:
    rows = [
        (point["participants"], *_share(point), (point["exact"] or {}).get("power"))
        for point in design["points"]
        if point["effect_percent"] == 100
    ]
    solved = design["sample_size_search"]
    if solved:
        triples = zip(solved["sizes"], solved["power"], solved["mcse"], strict=True)
        rows = sorted({row[0]: row for row in [*((*t, None) for t in triples), *rows]}.values())
    _line(axes, [row[:3] for row in rows], colour, design["id"])
    exact = [(row[0], row[3]) for row in rows if row[3] is not None]
    if exact:
        participants, power = zip(*exact, strict=True)
        axes.plot(
            participants, power, "x", color=colour, markersize=6, label=f"{design['id']}, exact"
        )


def _over_effect(axes: Axes, design: dict[str, Any], colour: str) -> None:
    largest = max(point["participants"] for point in design["points"])
    rows = [
        (point["effect_percent"], *_share(point))
        for point in design["points"]
        if point["participants"] == largest
    ]
    _line(axes, rows, colour, design["id"])


def _line(axes: Axes, rows: list[tuple[Any, ...]], colour: str, label: str) -> None:
    """Draw points with bands; fewer than three are not connected, because power is not linear."""
    at, power, error = (list(column) for column in zip(*rows, strict=True))
    if len(rows) < 3:
        twice = [2 * e for e in error]
        axes.errorbar(at, power, twice, fmt="o", color=colour, markersize=3, label=label)
        return
    axes.plot(at, power, "o-", color=colour, markersize=3, linewidth=1.2, label=label)
    low = [p - 2 * e for p, e in zip(power, error, strict=True)]
    high = [p + 2 * e for p, e in zip(power, error, strict=True)]
    axes.fill_between(at, low, high, color=colour, alpha=0.18, linewidth=0)


def _share(point: dict[str, Any]) -> tuple[float, float]:
    measure = point["measures"]["rejection"]
    return measure["value"], measure["mcse"] or 0.0
