"""Figures of a clinic: queues over time, one man's way, and where all of them are."""

from collections import Counter
from collections.abc import Sequence
from math import inf

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from numpy.typing import NDArray

from pretese.plots.style import (
    GRID,
    INK,
    MUTED,
    PUBLISHED,
    SIMULATED,
    TRUTH,
    house_style,
    new_figure,
)
from simulate.clinic import steps
from simulate.clinic.calendar import DAYS_PER_WEEK
from simulate.clinic.file import Clinic
from simulate.clinic.log import event_log
from simulate.clinic.replicate import Replication
from simulate.clinic.run import Run
from simulate.clinic.seen import Seen, views

#: Queues drawn if more than `_FEWEST_SHOWN` men ever wait in them, with their titles.
_TITLES = {
    "in_clinic": "On their way, from referral to their end",
    "theatre": "Waiting for micro-TESE",
    "first_visit": "Waiting for the first visit",
    "follow_up": "Waiting for a follow-up visit",
    "hormone_bench": "Waiting for a hormone analyser",
    "semen_bench": "Waiting for the semen bench",
    "oocyte_retrieval": "Waiting for oocyte retrieval",
}
_FEWEST_SHOWN = 2
#: A shorter run is drawn day by day, a longer one by the means of its weeks.
_FEWEST_WEEKS = 20


def draw_queues(clinic: Clinic, done: Sequence[Replication]) -> Figure:
    """Draw each queue over time: mean over runs, the range of the runs, the warm-up shaded."""
    shown = [
        name
        for name in _TITLES
        if name in {"in_clinic", "theatre"}
        or max(each.queues[name].max(initial=0) for each in done) > _FEWEST_SHOWN
    ]
    with house_style():
        figure = new_figure(8.2, 0.6 + 1.5 * len(shown))
        for place, name in enumerate(shown, start=1):
            axes = figure.add_subplot(len(shown), 1, place)
            _queue_panel(axes, clinic, name, done)
            axes.tick_params(labelbottom=place == len(shown))
        axes.set_xlabel(f"days from the opening on {clinic.opens:%d %B %Y}")
        return figure


def _queue_panel(axes: Axes, clinic: Clinic, name: str, done: Sequence[Replication]) -> None:
    days = min(len(each.queues[name]) for each in done)
    series, at = _by_week(np.stack([each.queues[name][:days] for each in done]))
    if clinic.warm_up_days:
        axes.axvspan(0, clinic.warm_up_days, color=GRID, zorder=0)
        top = axes.get_xaxis_transform()
        axes.text(clinic.warm_up_days, 0.9, "warm-up ", transform=top, ha="right", va="top",
                  fontsize=7.5, color=MUTED)  # fmt: skip
    if len(done) > 1:
        axes.fill_between(at, series.min(axis=0), series.max(axis=0), color=SIMULATED, alpha=0.2,
                          lw=0, step="post")  # fmt: skip
    axes.step(at, series.mean(axis=0), where="post", color=SIMULATED, lw=1)
    runs = f"mean and range of {len(done)} runs" if len(done) > 1 else "one run"
    axes.set_title(f"{_TITLES[name]} ({runs})")
    axes.set_xlim(0, max(days - 1, 1))
    axes.set_ylim(bottom=0)
    axes.set_ylabel("men")
    axes.grid(axis="y")


def _by_week(series: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the mean of each whole week of daily values, with the first day of each."""
    weeks = series.shape[1] // DAYS_PER_WEEK
    if weeks < _FEWEST_WEEKS:
        return series.astype(float), np.arange(series.shape[1])
    cut = series[:, : weeks * DAYS_PER_WEEK].reshape(len(series), weeks, DAYS_PER_WEEK)
    return cut.mean(axis=2), np.arange(weeks) * DAYS_PER_WEEK


def longest_way(run: Run, day: float = inf) -> int:
    """Return the number, from 0, of the man who has come to most steps by ``day``."""
    best, most = 0, -1
    for seen in views(run, day):
        reached = (seen.columns.start <= seen.day).sum(axis=0)
        if reached.max() > most:
            best, most = seen.part.first + int(np.argmax(reached)), int(reached.max())
    return best


def draw_timeline(run: Run, man: int, day: float = inf) -> Figure:
    """Draw one man's way: what he waited for (open) and what was done (filled), row by row."""
    log = event_log(run, day, man, man + 1)
    origin = log["start"].min()
    rows = log[~log["activity"].str.startswith(("injection", "decision", "end", "choice"))]
    injections = log[log["activity"].str.startswith("injection")]
    names = list(dict.fromkeys(rows["activity"].astype(str)))
    if len(injections):
        names.insert(names.index("counselling") + 1, "injections")
    with house_style():
        figure = new_figure(8.2, 0.8 + 0.21 * len(names))
        axes = figure.add_subplot()
        last = _days(log[["scheduled", "start", "complete"]].max().max(), origin)
        for row in rows.itertuples():
            _bar(axes, row, -names.index(row.activity), origin, last)
        for drug, colour in zip(
            sorted(set(injections["activity"])), (INK, PUBLISHED), strict=False
        ):
            at = [_days(t, origin) for t in injections.loc[injections["activity"] == drug, "start"]]
            axes.plot(at, [-names.index("injections")] * len(at), "|", color=colour, ms=6,
                      label=drug)  # fmt: skip
        axes.barh(0, 0, color="none", edgecolor=SIMULATED, label="waiting")
        axes.barh(0, 0, color=SIMULATED, label="being done")
        axes.set_yticks([-place for place in range(len(names))], names, fontsize=7.5)
        axes.set_ylim(-len(names) + 0.4, 0.6)
        axes.set_xlim(-last * 0.01, last * 1.02)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.legend(loc="upper right", fontsize=7.5)
        axes.set_xlabel(f"days from referral on {origin:%d %B %Y}")
        axes.set_title(f"Man {man + 1} ({log['arm'].iloc[0]}): {_said_last(log)}")
        return figure


def _days(time: pd.Timestamp, origin: pd.Timestamp) -> float:
    return float((time - origin).total_seconds()) / 86_400


def _said_last(log: pd.DataFrame) -> str:
    end = log[log["activity"] == "end"]
    return str(end["detail"].iloc[0]) if len(end) else steps.ENDS[steps.ON_HIS_WAY]


def _bar(axes: Axes, row: pd.Series, place: int, origin: pd.Timestamp, last: float) -> None:
    asked = _days(row.scheduled, origin)
    start = last if pd.isna(row.start) else _days(row.start, origin)
    end = last if pd.isna(row.complete) else _days(row.complete, origin)
    axes.barh(
        place, start - asked, left=asked, height=0.5, color="none", edgecolor=SIMULATED, lw=0.8
    )
    if not pd.isna(row.start):
        axes.barh(place, max(end - start, last * 0.003), left=start, height=0.5, color=SIMULATED)


def draw_flow(run: Run, day: float = inf) -> Figure:
    """Draw where the men of a run are at the end of ``day``: a CONSORT-style flow with counts."""
    count = _counts(run, day)
    with house_style():
        figure = new_figure(8.2, 7.2)
        axes = figure.add_subplot()
        axes.set_xlim(0, 10)
        axes.set_ylim(-0.4, 10.4)
        axes.axis("off")
        for start, end in _ARROWS:
            _arrow(axes, _BOXES[start], _BOXES[end])
        for name, x in _LEAVES.items():
            left = _BOXES[name][0] - _BOXES[name][2] / 2
            axes.plot(
                [x, left], [_BOXES[name][1]] * 2, color=MUTED, lw=0.8, ls=(0, (3, 2)), zorder=0
            )
        for name, (x, y, width) in _BOXES.items():
            _box(axes, x, y, width, count[name], MUTED if name.startswith("side") else INK)
        when = "at their ends" if day == inf else f"at the end of day {day:g}"
        axes.set_title(f"{run.clinic.title}\nwhere the men of run {run.replicate + 1} are {when}")
        return figure


#: Centre and width of each box; boxes of the side hold those who go no further, or not yet.
_BOXES = {
    "referred": (2.95, 9.9, 2.7),
    "side_work_up": (8.2, 9.05, 3.5),
    "untreated": (1.5, 8.2, 2.5),
    "treated": (4.4, 8.2, 2.5),
    "side_therapy": (8.2, 7.3, 3.5),
    "side_list": (8.2, 6.2, 3.5),
    "operated": (1.5, 5.1, 2.5),
    "ejaculate": (4.4, 5.1, 2.5),
    "side_no_sperm": (8.2, 4.25, 3.5),
    "sperm": (2.95, 3.4, 2.7),
    "side_kept": (8.2, 2.6, 3.5),
    "icsi": (2.95, 1.8, 2.7),
    "side_no_birth": (8.2, 1.0, 3.5),
    "birth": (2.95, 0.1, 2.7),
}
#: Where the line to each side box leaves the way, as x.
_LEAVES = {
    "side_work_up": 2.95, "side_therapy": 4.4, "side_list": 1.5, "side_no_sperm": 2.2,
    "side_kept": 2.95, "side_no_birth": 2.95,
}  # fmt: skip
_ARROWS = (
    ("referred", "untreated"), ("referred", "treated"), ("untreated", "operated"),
    ("treated", "operated"), ("treated", "ejaculate"), ("ejaculate", "sperm"),
    ("operated", "sperm"), ("sperm", "icsi"), ("icsi", "birth"),
)  # fmt: skip


#: The words of each box, with the counts that they hold; ends by the place of their words.
_WORDS = {
    "referred": "referred\n{referred}",
    "side_work_up": "being worked up {work_up}\ndeclined a late first visit {declined}",
    "untreated": "straight to surgery\n{untreated}",
    "treated": "three months of therapy\n{treated}",
    "side_therapy": "under therapy {therapy}",
    "ejaculate": "sperm in the ejaculate\n{ejaculate}",
    "side_list": "on the theatre list {list}\nleft it {left_list}",
    "operated": "micro-TESE\n{operated}",
    "side_no_sperm": "no sperm found {no_sperm}",
    "sperm": "sperm for ICSI\n{sperm}",
    "side_kept": "sperm kept frozen {kept}, not alive {dead}\n"
    "before oocyte retrieval {before_icsi}",
    "icsi": "ICSI\n{icsi}",
    "side_no_birth": "no birth {no_birth}\ntransfers or pregnancy under way {trying}",
    "birth": "live birth\n{birth}",
}


def _counts(run: Run, day: float) -> dict[str, str]:
    """Return the words of each box; every man is in exactly one of the ends and waits."""
    count: Counter[str] = Counter()
    for seen in views(run, day):
        count.update(_whereabouts(seen))
    return {name: words.format_map(count) for name, words in _WORDS.items()}


def _whereabouts(seen: Seen) -> dict[str, int]:
    """Count the men looked at by where they have been and where they are."""
    columns, men, ended = seen.columns, seen.men, seen.ended()
    treated = seen.fates.gn[men] == 1
    end = np.where(ended, columns.end[men], steps.ON_HIS_WAY)
    listed = columns.asked[steps.MICRO_TESE][men] <= seen.day
    chose = listed | (columns.month_start[0][men] <= seen.day)
    checked, icsi = seen.done(steps.SEMEN_CHECK), seen.done(steps.ICSI)
    operated = seen.started(steps.MICRO_TESE)
    ejaculate = checked & (columns.seen[men] == steps.YES)
    found = seen.done(steps.MICRO_TESE) & (columns.retrieved[men] == steps.YES)
    flags = {
        "referred": np.ones(len(men), bool),
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


def _box(axes: Axes, x: float, y: float, width: float, words: str, colour: str) -> None:
    height = 0.8
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2), width, height,
            boxstyle="round,pad=0.02,rounding_size=0.12", fc="white", ec=colour, lw=0.9, zorder=2,
        )
    )  # fmt: skip
    axes.text(x, y, words, ha="center", va="center", fontsize=8.5, color=INK, zorder=3)


def _arrow(axes: Axes, start: tuple[float, float, float], end: tuple[float, float, float]) -> None:
    axes.annotate(
        "", xy=(end[0], end[1] + 0.45), xytext=(start[0], start[1] - 0.45), zorder=1,
        arrowprops={"arrowstyle": "-|>", "color": TRUTH, "lw": 1},
    )  # fmt: skip
