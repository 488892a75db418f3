"""A patient's course as SVG: phases, doses due, and hormones against their normal range."""

import datetime as dt
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from protocol.audit.words import called
from protocol.bedside.decision_in_time import shown_result
from protocol.bedside.known.timeline import Observation
from protocol.bedside.patient import PatientRecord
from protocol.bedside.recommend import Recommendation
from protocol.dates import MONTH_DAYS, spoken_date
from protocol.reading.shown import shown_unit
from protocol.regimen.parts import analyte_of
from protocol.regimen.paths import injections_of
from protocol.regimen.rules import Regimen
from protocol.safe_text import one_line, xml_text

#: Sizes in pixels: the whole width, the column of labels, a lane, a panel, and the space around.
WIDTH, LABELS, LANE, PANEL, PAD = 880, 200, 26, 96, 44
#: Days before therapy that are shown.
BEFORE = 14
INK, MUTED, BLUE, GREEN, RED = "#1d2733", "#55606c", "#1d4ed8", "#04613f", "#9f1d1d"
BAND, PHASE, DOSE = "#e3f0ea", "#dbe6fb", "#35508a"


def therapy_svg(record: PatientRecord, found: Recommendation, regimen: Regimen) -> str:
    """Return the course of a patient up to the end of the month decided.

    Results not known on the date of the recommendation are not drawn. Text of the patient's file is
    escaped.
    """
    drawing = _Drawing.of(record, found, regimen)
    _phases(drawing, record, found, regimen)
    _doses(drawing, record, found, regimen)
    for name in _hormones(record, regimen, drawing.today):
        _panel(drawing, name, record, regimen)
    _axis(drawing)
    return drawing.svg(f"Course of {record.patient} as of {spoken_date(found.as_of)}")


@dataclass(slots=True)
class _Drawing:
    """An SVG extended downwards; days are proleptic ordinals."""

    first: int
    last: int
    today: int
    start: dt.date
    root: ET.Element = field(default_factory=lambda: ET.Element("svg"))
    y: float = 6.0

    @classmethod
    def of(cls, record: PatientRecord, found: Recommendation, regimen: Regimen) -> "_Drawing":
        """Return an empty drawing of the days to show."""
        start, today = record.started or found.decision_date, found.as_of.toordinal()
        month = min(found.month, max(1, regimen.months))
        end = record.date_on(MONTH_DAYS * month, found.as_of).toordinal()
        return cls(start.toordinal() - BEFORE, max(end, today) + 1, today, start)

    def x(self, day: float) -> float:
        """Return the x coordinate of a day."""
        span = max(1, self.last - self.first)
        return round(LABELS + (day - self.first) / span * (WIDTH - LABELS - PAD), 1)

    def add(self, kind: str, **attributes: object) -> ET.Element:
        """Add a shape; underscores in names become dashes."""
        written = {key.replace("_", "-"): _written(value) for key, value in attributes.items()}
        return ET.SubElement(self.root, kind, written)

    def text(self, x: float, y: float, words: str, *, fill: str = INK, anchor: str = "") -> None:
        """Write text."""
        more = {"text_anchor": anchor} if anchor else {}
        shown = one_line(xml_text(words))
        self.add("text", x=x, y=y, fill=fill, font_size=12, **more).text = shown

    def svg(self, stated: str) -> str:
        """Return the figure as text."""
        style = {"font-family": "system-ui, sans-serif", "role": "img", "width": "100%"}
        size = {"viewBox": f"0 0 {WIDTH} {_written(self.y)}", "xmlns": "http://www.w3.org/2000/svg"}
        self.root.attrib.update({**size, **style, "aria-label": one_line(xml_text(stated))})
        return ET.tostring(self.root, encoding="unicode")


def _written(value: object) -> str:
    return f"{round(value, 1):g}" if isinstance(value, float) else str(value)


def _titled(shape: ET.Element, words: str) -> None:
    ET.SubElement(shape, "title").text = one_line(xml_text(words))


def _months(record: PatientRecord, found: Recommendation, regimen: Regimen) -> list[str]:
    """Return the phase of each month from the first: recorded, or recommended for the last."""
    phases = list(record.phases[: min(found.month, regimen.months)])
    decided = next((made for made in found.decisions if made.table == "phase"), None)
    if len(phases) == found.month - 1 and decided and decided.action and not found.held:
        phases.append(decided.action)
    return phases


def _phases(
    drawing: _Drawing, record: PatientRecord, found: Recommendation, regimen: Regimen
) -> None:
    """Draw each month as a bar with the label of its phase."""
    drawing.text(4, drawing.y + 17, "Phase")
    labels = {phase.name: phase.label for phase in regimen.phases}
    for number, name in enumerate(_months(record, found, regimen)):
        if number >= regimen.months:
            break
        first, end = (
            record.date_on(MONTH_DAYS * (number + more), found.as_of).toordinal() for more in (0, 1)
        )
        left, right = drawing.x(first), drawing.x(end)
        bar = drawing.add(
            "rect", x=left + 1, y=drawing.y, width=max(1.0, right - left - 2), height=LANE - 4,
            rx=3, fill=PHASE,
        )  # fmt: skip
        label = labels.get(name, name)
        _titled(bar, f"Month {number + 1}: {label}")
        letters = max(3, int((right - left - 8) / 6.6))
        shown = label if len(label) <= letters else f"{label[: letters - 1]}…"
        drawing.text(left + 6, drawing.y + 16, shown)
    drawing.y += LANE


def _doses(
    drawing: _Drawing, record: PatientRecord, found: Recommendation, regimen: Regimen
) -> None:
    """Draw the doses of the recorded and recommended months, one lane per drug."""
    known = {phase.name for phase in regimen.phases}
    phases: list[str] = []
    for name in _months(record, found, regimen):
        if name not in known:
            break
        phases.append(name)
    due = injections_of(regimen, tuple(phases), start=drawing.start)
    for drug in dict.fromkeys(dose.drug for dose in due):
        drawing.text(4, drawing.y + 16, regimen.drugs[drug].name)
        for dose in due:
            if dose.drug == drug:
                date = record.date_on(dose.day, found.as_of)
                mark = drawing.add(
                    "rect", x=drawing.x(date.toordinal()) - 1.5, y=drawing.y + 4, width=3,
                    height=LANE - 12, fill=DOSE,
                )  # fmt: skip
                _titled(mark, f"{spoken_date(date)}: {dose.dose:g} {dose.unit} {dose.route}")
        drawing.y += LANE


def _hormones(record: PatientRecord, regimen: Regimen, today: int) -> Iterator[str]:
    """Yield the numeric inputs with a known result."""
    for name, spec in regimen.inputs.items():
        measured = spec.kind == "number" and analyte_of(name, spec) is not None
        if measured and _known(record, name, today):
            yield name


def _known(record: PatientRecord, name: str, today: int) -> list[Observation]:
    return [
        item
        for item in record.timeline.of(name)
        if item.known <= today and isinstance(item.value, float)
    ]


def limits_of(regimen: Regimen, name: str) -> tuple[float, ...]:
    """Return the limits of an input in any table, in order."""
    return tuple(
        sorted(
            {
                limit
                for table in regimen.tables.values()
                for rule in table.rules
                if name in rule.conditions
                for limit in rule.conditions[name].limits
            }
        )
    )


def normal_range(regimen: Regimen, name: str) -> tuple[float, float] | None:
    """Return the normal range of an input, if the regimen defines both ends."""
    analyte = analyte_of(name, regimen.inputs[name])
    names = regimen.reference_ranges.get(analyte or "")
    limits = limits_of(regimen, name)
    if names is None or names.low is None or names.high is None or len(limits) < 2:
        return None
    return limits[0], limits[-1]


def _panel(drawing: _Drawing, name: str, record: PatientRecord, regimen: Regimen) -> None:
    """Draw the results of one hormone over its normal range and the limits of the regimen."""
    items = [i for i in _known(record, name, drawing.today) if i.measured >= drawing.first]
    unit = shown_unit(regimen.inputs[name].unit)
    limits, inside = limits_of(regimen, name), normal_range(regimen, name)
    top, bottom = drawing.y + 8, drawing.y + PANEL - 10
    highest = max([float(i.value or 0) for i in items] + list(limits) + [1.0]) * 1.15

    def height(value: float) -> float:
        return bottom - (bottom - top) * min(value, highest) / highest

    drawing.text(4, top + 10, f"{called(name)}, {unit}")
    left, width = drawing.x(drawing.first), WIDTH - PAD - drawing.x(drawing.first)
    if inside:
        box = drawing.add(
            "rect", x=left, y=height(inside[1]), width=width,
            height=height(inside[0]) - height(inside[1]), fill=BAND,
        )  # fmt: skip
        _titled(box, f"Normal range {inside[0]:g} to {inside[1]:g} {unit}")
        drawing.text(4, top + 26, f"normal {inside[0]:g} to {inside[1]:g}", fill=MUTED)
    for limit in limits:
        y = height(limit)
        drawing.add("line", x1=left, x2=left + width, y1=y, y2=y, stroke=GREEN, stroke_width=1,
                    stroke_dasharray="4 3")  # fmt: skip
        drawing.text(LABELS - 4, y + 4, f"{limit:.3g}", fill=GREEN, anchor="end")
    drawing.add("line", x1=left, x2=left + width, y1=bottom, y2=bottom, stroke="#d5dbe1")
    _results(drawing, items, unit, height)
    drawing.y += PANEL


def _results(
    drawing: _Drawing,
    items: Sequence[Observation],
    unit: str,
    height: Callable[[float], float],
) -> None:
    """Draw results as points that a line joins, each with its number."""
    points = [(drawing.x(item.measured), height(float(item.value or 0))) for item in items]
    if len(points) > 1:
        line = " ".join(f"{_written(x)},{_written(y)}" for x, y in points)
        drawing.add("polyline", points=line, fill="none", stroke=BLUE, stroke_width=1.5)
    for (x, y), item in zip(points, items, strict=True):
        dot = drawing.add("circle", cx=x, cy=y, r=4, fill=BLUE)
        _titled(dot, f"{spoken_date(item.date)}: {shown_result(item)} {unit}")
        drawing.text(x, y - 7, f"{item.qualifier}{item.value:.3g}", anchor="middle")


def _axis(drawing: _Drawing) -> None:
    """Draw today and the days of therapy."""
    today = drawing.x(drawing.today)
    drawing.add("line", x1=today, x2=today, y1=0, y2=drawing.y, stroke=RED, stroke_width=1,
                stroke_dasharray="2 2")  # fmt: skip
    first = drawing.start.toordinal()
    for day in range(0, drawing.last - first + 1, MONTH_DAYS):
        date = dt.date.fromordinal(first + day)
        drawing.text(drawing.x(first + day), drawing.y + 14, spoken_date(date), fill=MUTED,
                     anchor="middle")  # fmt: skip
    drawing.y += 20
