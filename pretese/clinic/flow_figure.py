"""Flow diagram of the patients of a clinic in the style of CONSORT."""

from collections import Counter
from math import inf

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from pretese.plots.style import INK, MUTED, house_style, new_figure
from simulate.clinic.flow import steps
from simulate.clinic.flow.run_clinic import Run
from simulate.clinic.records.state_on_day import Seen, views

#: Half the height of a box.
_HALF = 0.4
#: x coordinates of the left and right columns, their middle, and the side boxes.
_LEFT, _RIGHT, _MIDDLE, _SIDE = 1.5, 4.6, 3.05, 8.3
#: y coordinates at which the flow splits, branches and joins.
_SPLIT, _BRANCH, _JOIN = 8.7, 6.95, 4.35

#: Centre and width of each box; side boxes hold patients who have left or are waiting.
_BOXES = {
    "referred": (_MIDDLE, 10.1, 2.8),
    "side_work_up": (_SIDE, 9.2, 3.4),
    "treated": (_LEFT, 7.9, 2.6),
    "untreated": (_RIGHT, 7.9, 2.6),
    "side_list": (_SIDE, 6.45, 3.4),
    "ejaculate": (_LEFT, 5.5, 2.6),
    "operated": (_RIGHT, 5.5, 2.6),
    "side_no_sperm": (_SIDE, 4.7, 3.4),
    "sperm": (_MIDDLE, 3.55, 2.8),
    "side_kept": (_SIDE, 2.75, 3.4),
    "icsi": (_MIDDLE, 1.95, 2.8),
    "side_no_birth": (_SIDE, 1.15, 3.4),
    "birth": (_MIDDLE, 0.35, 2.8),
}
#: x coordinate at which the line to each side box branches.
_LEAVES = {
    "side_work_up": _MIDDLE, "side_list": _RIGHT, "side_no_sperm": _RIGHT, "side_kept": _MIDDLE,
    "side_no_birth": _MIDDLE,
}  # fmt: skip
#: Connections between boxes, and the y coordinate of the turn; None for a straight line.
_ARROWS = (
    ("referred", "treated", _SPLIT), ("referred", "untreated", _SPLIT),
    ("treated", "ejaculate", None), ("treated", "operated", _BRANCH),
    ("untreated", "operated", None), ("ejaculate", "sperm", _JOIN), ("operated", "sperm", _JOIN),
    ("sperm", "icsi", None), ("icsi", "birth", None),
)  # fmt: skip

#: Text of each box, with placeholders for counts.
_WORDS = {
    "referred": "referred\n{referred:,}",
    "side_work_up": "being worked up {work_up:,}\ndeclined a late first visit {declined:,}",
    "treated": "gonadotropins {treated:,}\nstill under therapy {therapy:,}",
    "untreated": "straight to surgery\n{untreated:,}",
    "side_list": "on the theatre list {list:,}\nleft it {left_list:,}",
    "ejaculate": "sperm in the ejaculate\n{ejaculate:,}",
    "operated": "micro-TESE\n{operated:,}",
    "side_no_sperm": "no sperm found {no_sperm:,}",
    "sperm": "sperm for ICSI\n{sperm:,}",
    "side_kept": "sperm kept frozen {kept:,}, not alive {dead:,}\n"
    "before oocyte retrieval {before_icsi:,}",
    "icsi": "ICSI\n{icsi:,}",
    "side_no_birth": "no birth {no_birth:,}\ntransfers or pregnancy under way {trying:,}",
    "birth": "live birth\n{birth:,}",
}


def draw_patient_flow(run: Run, day: float = inf) -> Figure:
    """Draw a CONSORT-style flow of the patients of a run up to the end of ``day``."""
    words = _counts(run, day)
    with house_style():
        figure = new_figure(8.2, 7.2)
        axes = figure.add_subplot()
        axes.set_xlim(0.1, 10.1)
        axes.set_ylim(-0.15, 10.6)
        axes.axis("off")
        for start, end, turn in _ARROWS:
            _arrow(axes, start, end, turn)
        for name, x in _LEAVES.items():
            centre, y, width = _BOXES[name]
            axes.plot([x, centre - width / 2], [y, y], color=MUTED, lw=0.8, zorder=0)
        for name in _BOXES:
            _box(axes, name, words[name])
        when = "at their ends" if day == inf else f"at the end of day {day:g}"
        axes.set_title(
            f"{run.clinic.title}\nwhere the patients of run {run.replicate + 1} are {when}"
        )
        return figure


def _counts(run: Run, day: float) -> dict[str, str]:
    """Return the text of each box; every patient is counted in exactly one end or queue."""
    count: Counter[str] = Counter()
    for seen in views(run, day):
        count.update(_whereabouts(seen))
    return {name: words.format_map(count) for name, words in _WORDS.items()}


def _whereabouts(seen: Seen) -> dict[str, int]:
    """Count the selected patients by completed steps and current position."""
    columns, patients, ended = seen.columns, seen.patients, seen.ended()
    treated = seen.courses.gonadotropin_therapy[patients] == 1
    end = np.where(ended, columns.end[patients], steps.UNDER_WAY)
    listed = columns.asked[steps.MICRO_TESE][patients] <= seen.day
    chose = listed | (columns.month_start[0][patients] <= seen.day)
    checked, icsi = seen.done(steps.SEMEN_ANALYSIS), seen.done(steps.ICSI)
    operated = seen.started(steps.MICRO_TESE)
    ejaculate = checked & (columns.seen[patients] == steps.YES)
    found = seen.done(steps.MICRO_TESE) & (columns.retrieved[patients] == steps.YES)
    flags = {
        "referred": np.ones(len(patients), bool),
        "work_up": ~chose & ~ended,
        "untreated": chose & ~treated,
        "treated": chose & treated,
        "therapy": chose & treated & ~listed & ~checked,
        "ejaculate": ejaculate,
        "list": listed & ~operated & ~ended,
        "operated": operated,
        "sperm": ejaculate | found,
        "before_icsi": (ejaculate | found) & ~icsi & ~ended,
        "icsi": icsi,
        "trying": icsi & ~ended,
        "declined": end == steps.DECLINED,
        "left_list": end == steps.LEFT_LIST,
        "no_sperm": end == steps.NO_SPERM,
        "kept": end == steps.SPERM_KEPT,
        "dead": end == steps.SPERM_DEAD,
        "no_birth": (end == steps.NO_BIRTH) | (end == steps.GAVE_UP),
        "birth": end == steps.BIRTH,
    }
    return {name: int(flag.sum()) for name, flag in flags.items()}


def _box(axes: Axes, name: str, words: str) -> None:
    x, y, width = _BOXES[name]
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - _HALF), width, 2 * _HALF,
            boxstyle="round,pad=0.02,rounding_size=0.12", fc="white",
            ec=MUTED if name.startswith("side") else INK, lw=0.9, zorder=2,
        )
    )  # fmt: skip
    axes.text(x, y, words, ha="center", va="center", fontsize=8.5, color=INK, zorder=3)


def _arrow(axes: Axes, start: str, end: str, turn: float | None) -> None:
    """Draw a connection between boxes, with one turn."""
    (x, y, _), (to_x, to_y, _) = _BOXES[start], _BOXES[end]
    if turn is not None:
        axes.plot([x, x, to_x], [y - _HALF, turn, turn], color=INK, lw=0.9, zorder=1)
        y = turn + _HALF
    axes.annotate(
        "", xy=(to_x, to_y + _HALF), xytext=(to_x, y - _HALF), zorder=1,
        arrowprops={
            "arrowstyle": "-|>", "color": INK, "lw": 0.9, "shrinkA": 0, "shrinkB": 1,
        },
    )  # fmt: skip
