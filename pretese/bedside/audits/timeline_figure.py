"""A timeline as SVG: injections recommended and given, tests, decisions and deviations."""

import datetime as dt
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.audit.deviations import PatientAudit
from protocol.audit.log.events import CLOSING, Event
from protocol.audit.words import called, measured
from protocol.regimen.rules import Regimen
from protocol.safe_text import one_line, xml_text

#: Sizes in pixels: the whole width, the column of labels, a lane, and the space around marks.
WIDTH, LABELS, LANE, PAD = 920, 132, 24, 14
#: Days before therapy that are shown; older results are listed but not drawn.
BEFORE = 10
#: Characters of a lane's label.
_LABEL = 20


@dataclass(slots=True)
class _Drawing:
    """An SVG built lane by lane; ``first`` and ``last`` are the days at its edges."""

    first: int
    last: int
    start: dt.date
    root: ET.Element = field(default_factory=lambda: ET.Element("svg"))
    lanes: int = 0

    def x(self, day: float) -> float:
        """Return the x coordinate of a day."""
        span = max(1, self.last - self.first)
        return round(LABELS + PAD + (day - self.first) / span * (WIDTH - LABELS - 2 * PAD), 1)

    def lane(self, label: str) -> float:
        """Begin a lane; return the y coordinate of its middle."""
        middle = self.lanes * LANE + LANE / 2 + 2
        self.lanes += 1
        self.text(4, middle + 4, label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…")
        return middle

    def text(self, x: float, y: float, words: str, kind: str = "") -> None:
        """Write text."""
        attributes = {"x": f"{x:g}", "y": f"{y:g}", **({"class": kind} if kind else {})}
        ET.SubElement(self.root, "text", attributes).text = _safe(words)

    def mark(self, shape: str, day: int, y: float, kind: str, words: str) -> None:
        """Draw a mark on a day; ``words`` are its tooltip."""
        x = self.x(day)
        if shape == "circle":
            made = ET.SubElement(
                self.root, "circle", {"cx": f"{x:g}", "cy": f"{y:g}", "r": "4", "class": kind}
            )
        else:
            points = f"{x:g},{y - 6:g} {x + 6:g},{y:g} {x:g},{y + 6:g} {x - 6:g},{y:g}"
            made = ET.SubElement(self.root, "polygon", {"points": points, "class": kind})
        ET.SubElement(made, "title").text = _safe(f"{self._date(day)}: {words}")

    def beside(self, day: int, y: float, words: str) -> None:
        """Write words to the right of a mark, or to the left of one near the edge."""
        x = self.x(day)
        if x + 10 + 7 * len(words) > WIDTH:
            self.text(x - 9, y + 4, words, "end")
        else:
            self.text(x + 8, y + 4, words)

    def band(self, first: int, last: int, y: float, kind: str, words: str) -> None:
        """Draw a labelled band from one day to another."""
        x, width = self.x(first), self.x(last) - self.x(first)
        box = {"x": f"{x:g}", "y": f"{y - 9:g}", "width": f"{width:g}", "height": "18"}
        ET.SubElement(self.root, "rect", {**box, "rx": "3", "class": kind})
        if width > 7 * len(words):
            self.text(x + 6, y + 4, words, "band")

    def _date(self, day: int) -> str:
        return f"day {day}, {self.start + dt.timedelta(days=day)}"


def timeline_svg(audit: PatientAudit, events: Sequence[Event], regimen: Regimen) -> str:
    """Return the timeline of a patient; "" if the start of therapy is unknown.

    Filled marks were given or measured, hollow ones were due but not given; deviations are red.
    Text is escaped, and the figure is self-contained.
    """
    if audit.start is None:
        return ""
    start = audit.start.toordinal()
    inside = [e for e in events if -BEFORE <= e.date - start <= audit.until_day + BEFORE]
    days = [event.date - start for event in inside]
    first = min([0, *days]) - 1
    drawing = _Drawing(first, max([audit.until_day, 1, *days]) + 1, audit.start)
    _months(drawing, audit, regimen)
    _injections(drawing, audit, inside, regimen)
    _results(drawing, [event for event in inside if event.name not in _NOT_RESULTS], start)
    _others(drawing, [e for e in inside if e.name in ("decision", *CLOSING)], start)
    _deviations(drawing, audit)
    _axis(drawing)
    height = drawing.lanes * LANE + 22
    stated = f"Timeline of {audit.name} from {audit.start}"
    drawing.root.attrib.update(
        {"viewBox": f"0 0 {WIDTH} {height}", "role": "img", "aria-label": _safe(stated)}
    )
    return ET.tostring(drawing.root, encoding="unicode")


_NOT_RESULTS = frozenset({"start", "injection", "decision", *CLOSING})


def _months(drawing: _Drawing, audit: PatientAudit, regimen: Regimen) -> None:
    y = drawing.lane("phase")
    for at, name in enumerate(audit.phases):
        ends = [*audit.month_starts, drawing.last]
        end = min(ends[at + 1], drawing.last)
        code = regimen.phase(name).code % 4
        drawing.band(ends[at], end, y, f"phase phase{code}", regimen.phase(name).label)


def _injections(
    drawing: _Drawing, audit: PatientAudit, events: Sequence[Event], regimen: Regimen
) -> None:
    """Draw a lane for each drug: a recommended injection that was not given is hollow."""
    start = drawing.start.toordinal()
    given = [event for event in events if event.name == "injection"]
    odd = {
        row
        for item in audit.deviations
        if item.kind in ("dose", "drug", "route", "timing", "extra dose", "therapy after stop")
        for row in item.rows
    }
    ordered = [order.drug for name in audit.phases for order in regimen.phase(name).orders]
    drugs = dict.fromkeys([*ordered, *(event.drug for event in given)])
    for drug in drugs:
        label = regimen.drugs[drug].label if drug in regimen.drugs else drug
        y = drawing.lane(drug if len(label) > _LABEL else label)
        for dose in (dose for dose in audit.missed_doses if dose.drug == drug):
            words = f"{drug} {dose.dose:g} {dose.unit} due, not given"
            drawing.mark("circle", dose.day, y, "missed", words)
        for event in (event for event in given if event.drug == drug):
            kind = "given wrong" if event.row and event.row in odd else "given"
            drawing.mark(
                "circle", event.date - start, y, kind, f"{drug} {event.dose:g} {event.unit}"
            )


def _results(drawing: _Drawing, events: Sequence[Event], start: int) -> None:
    """Draw a lane for each measurement and finding, with its values."""
    for name in dict.fromkeys(event.name for event in events):
        y = drawing.lane(called(name))
        for event in (event for event in events if event.name == name):
            words = measured(name, event.value) if event.value is not None else "no usable value"
            drawing.mark("circle", event.date - start, y, "result", words)
            shown = event.value if event.value is not None else "?"
            value = f"{shown:.4g}" if isinstance(shown, float) else str(shown)
            drawing.beside(event.date - start, y, f"{event.qualifier}{value}")


def _others(drawing: _Drawing, events: Sequence[Event], start: int) -> None:
    if not events:
        return
    y = drawing.lane("decision, surgery")
    for event in events:
        value = "" if event.value is None else f" {event.value}"
        words = f"{event.name}{value}"
        drawing.mark("diamond", event.date - start, y, "decision", words)
        shown = str(event.value) if event.name == "decision" else event.name
        drawing.beside(event.date - start, y, shown)


def _deviations(drawing: _Drawing, audit: PatientAudit) -> None:
    """Draw deviations by their days, with their numbers in the list below the figure."""
    if not audit.deviations:
        return
    y = drawing.lane("deviations")
    for item in audit.deviations:
        day = min(max(item.day, drawing.first), drawing.last)
        words = f"{item.kind}: expected {item.expected}; observed {item.observed}"
        drawing.mark("diamond", day, y, "wrong", words)


def _axis(drawing: _Drawing) -> None:
    """Draw lines at days of a round number, with dates below."""
    y = drawing.lanes * LANE + 4
    span = drawing.last - drawing.first
    step = next(each for each in (7, 15, 30, 60, 90, 180, 10**6) if span / each <= 8)
    for day in range(0, drawing.last + 1, step):
        x = f"{drawing.x(day):g}"
        line = {"x1": x, "x2": x, "y1": "2", "y2": f"{y:g}", "class": "grid"}
        drawing.root.insert(0, ET.Element("line", line))
        date = drawing.start + dt.timedelta(days=day)
        drawing.text(drawing.x(day) - 4, y + 13, f"{day} ({date:%d %b})", "axis")


def _safe(text: str) -> str:
    return xml_text(one_line(text))
