"""Figure of an ongoing trial: z, with planned and observed boundaries."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pretese.plots.style import INK, MUTED, PUBLISHED, SIMULATED, TRUTH, house_style, new_figure

#: Boundaries beyond this are drawn at the edge: they spend almost no alpha.
_EDGE = 6.0


def draw_monitoring(document: dict[str, Any]) -> Figure:
    """Draw z and all boundaries over the information fraction.

    Parameters
    ----------
    document
        As `pretese.trial.monitoring.monitoring_answer.monitoring_document` returns it.
    """
    with house_style():
        figure = new_figure(6.4, 3.6)
        axes = figure.subplots()
        _planned(axes, document)
        _came(axes, document)
        _path(axes, document)
        axes.axhline(0, color=MUTED, lw=0.6)
        unit = "participants" if document["information_unit"] == "participants" else "information"
        axes.set(
            xlabel=f"information fraction ({unit})", ylabel="z, positive in favour of treatment"
        )
        axes.set_xlim(0, max(1.05, 1.05 * max(_shares(document))))
        axes.set_title(f"{document['id']}: {document['plan']['name']}", wrap=True)
        axes.margins(y=0.12)
        axes.grid(axis="y")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    return figure


def _shares(document: dict[str, Any]) -> list[float]:
    late = document["overrunning"]
    return [row["fraction"] for row in document["analyses"]] + ([late["fraction"]] if late else [])


def _planned(axes: Axes, document: dict[str, Any]) -> None:
    rows = document["plan"]["analyses"]
    at = [row["fraction"] for row in rows]
    axes.plot(at, [_cut(row["upper"]) for row in rows], "--", color=MUTED, lw=1, marker="o",
              ms=3, label="boundary, planned")  # fmt: skip
    lower = [(row["fraction"], row["lower"]) for row in rows if row["lower"] is not None]
    if len(lower) > 1 or document["plan"]["sides"] == 2:
        axes.plot(*zip(*((t, _cut(z)) for t, z in lower), strict=True), "--", color=MUTED, lw=1,
                  marker="o", ms=3)  # fmt: skip


def _came(axes: Axes, document: dict[str, Any]) -> None:
    rows = [(row["fraction"], row["boundaries"]) for row in document["analyses"]]
    if document["next"]:
        rows.append((document["next"]["fraction"], document["next"]))
    upper = [(t, _cut(boundaries["upper"])) for t, boundaries in rows]
    axes.plot(*zip(*upper, strict=True), ":", color=PUBLISHED, lw=1, marker="_", ms=12,
              mew=2, label="boundary, observed")  # fmt: skip
    two = document["plan"]["sides"] == 2
    lower = [(t, _cut(b["lower"])) for t, b in rows if b["lower"] is not None]
    if lower and (two or any(b["lower"] not in (None, b["upper"]) for _, b in rows)):
        label = "_" if two else "futility boundary, observed"  # an underscore: not in the legend
        colour = PUBLISHED if two else TRUTH
        axes.plot(*zip(*lower, strict=True), ":", color=colour, lw=1, marker="_", ms=12,
                  mew=2, label=label)  # fmt: skip


def _path(axes: Axes, document: dict[str, Any]) -> None:
    at = [(row["fraction"], row["z"]) for row in document["analyses"]]
    axes.plot(*zip(*at, strict=True), "-o", color=SIMULATED, lw=1.5, ms=5, label="z")
    for t, z in at:
        axes.annotate(f"{z:.2f}", (t, z), xytext=(5, -11), textcoords="offset points",
                      fontsize=8, color=INK)  # fmt: skip
    late = document["overrunning"]
    if late:
        axes.plot([at[-1][0], late["fraction"]], [at[-1][1], late["z"]], ":", color=SIMULATED)
        axes.plot([late["fraction"]], [late["z"]], "o", mfc="white", color=SIMULATED, ms=5,
                  label="z with overrunning data")  # fmt: skip


def _cut(boundary: float | None) -> float:
    """Return a boundary within the limits of the figure."""
    return _EDGE if boundary is None else max(-_EDGE, min(_EDGE, boundary))
