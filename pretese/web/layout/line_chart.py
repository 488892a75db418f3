"""Line charts as inline SVG, without style attributes, with every text escaped."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from protocol.safe_text import one_line, xml_text

#: Width and height of a chart in pixels (it scales with the page), and margins of its axes.
LARGE, SMALL = (600, 300), (360, 220)
LEFT, RIGHT, TOP, BOTTOM = 54, 12, 14, 40

INK, MUTED, GRID = "#1d2733", "#55606c", "#d5dbe1"
BLUE, GREEN, RED, PALE = "#1d4ed8", "#04613f", "#9f1d1d", "#dbe6fb"

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line, its label in the legend (empty for none), and its style."""

    points: Sequence[Point]
    label: str = ""
    colour: str = BLUE
    dashed: bool = False
    dots: bool = False
    width: float = 2.0


@dataclass(frozen=True, slots=True)
class Band:
    """An area between two y values at each x."""

    points: Sequence[tuple[float, float, float]]
    colour: str = PALE


@dataclass(frozen=True, slots=True)
class ChartAxis:
    """Label and limits of an axis; without limits those of the data.

    ``ticks`` are positions with their labels; None: round numbers.
    """

    label: str
    limits: Point | None = None
    ticks: Sequence[tuple[float, str]] = ()


def ticks_of(low: float, high: float, count: int = 5) -> list[float]:
    """Return approximately the requested number of round numbers within limits.

    >>> ticks_of(0, 100), ticks_of(0.2, 1.1)
    ([0, 20, 40, 60, 80, 100], [0.2, 0.4, 0.6, 0.8, 1.0])
    """
    rough = (high - low) / count
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * each for each in (1, 2, 2.5, 5, 10) if size * each >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(step * i, 10) for i in range(first, last + 1)]


def line_chart(
    lines: Sequence[Line],
    stated: str,
    x: ChartAxis,
    y: ChartAxis,
    *,
    bands: Sequence[Band] = (),
    size: tuple[int, int] = LARGE,
) -> Markup:
    """Return a chart of lines and bands, with axes and a legend.

    Parameters
    ----------
    stated
        Text alternative of the chart.
    size
        `LARGE` or `SMALL`.
    """
    places = [point for line in lines for point in line.points]
    places += [(at, height) for band in bands for at, *ends in band.points for height in ends]
    chart = _Chart(_limits(x, [p[0] for p in places]), _limits(y, [p[1] for p in places]), size)
    chart.axes(x, y)
    for band in bands:
        chart.area(band)
    for line in lines:
        chart.line(line)
    chart.legend([line for line in lines if line.label])
    return chart.markup(stated)


def _limits(axis: ChartAxis, values: Sequence[float]) -> Point:
    if axis.limits is not None:
        return axis.limits
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _numbers(limits: Point, count: int) -> list[tuple[float, str]]:
    return [(value, f"{value:g}") for value in ticks_of(*limits, count)]


class _Chart:
    """An SVG drawing to which shapes are added."""

    def __init__(self, x: Point, y: Point, size: tuple[int, int]) -> None:
        self.x_limits, self.y_limits = x, y
        self.right, self.bottom = size[0] - RIGHT, size[1] - BOTTOM
        view = f"0 0 {size[0]} {size[1]}"
        self.root = ET.Element("svg", {"viewBox": view, "role": "img", "class": "chart",
                                       "xmlns": "http://www.w3.org/2000/svg"})  # fmt: skip

    def x(self, value: float) -> float:
        """Return the x coordinate of a value."""
        low, high = self.x_limits
        return round(LEFT + (value - low) / (high - low) * (self.right - LEFT), 1)

    def y(self, value: float) -> float:
        """Return the y coordinate of a value; values beyond the limits are drawn at the edge."""
        low, high = self.y_limits
        share = min(1.02, max(-0.02, (value - low) / (high - low)))
        return round(self.bottom - share * (self.bottom - TOP), 1)

    def add(self, kind: str, **attributes: object) -> ET.Element:
        """Add a shape; underscores in names of attributes are replaced by dashes."""
        written = {key.replace("_", "-"): str(value) for key, value in attributes.items()}
        return ET.SubElement(self.root, kind, written)

    def text(self, x: float, y: float, words: str, anchor: str, **more: object) -> None:
        """Add a text."""
        shape = self.add("text", x=x, y=y, fill=MUTED, font_size=12, text_anchor=anchor, **more)
        shape.text = one_line(xml_text(words))

    def axes(self, x: ChartAxis, y: ChartAxis) -> None:
        """Draw grid, numbers and labels."""
        for value, name in y.ticks or _numbers(self.y_limits, 5):
            at = self.y(value)
            self.add("line", x1=LEFT, x2=self.right, y1=at, y2=at, stroke=GRID)
            self.text(LEFT - 6, at + 4, name, "end")
        for value, name in x.ticks or _numbers(self.x_limits, 6):
            self.text(self.x(value), self.bottom + 16, name, "middle")
        self.add("line", x1=LEFT, x2=self.right, y1=self.bottom, y2=self.bottom, stroke=INK)
        self.text((LEFT + self.right) / 2, self.bottom + BOTTOM - 6, x.label, "middle")
        middle = (TOP + self.bottom) / 2
        self.text(14, middle, y.label, "middle", transform=f"rotate(-90 14 {middle:g})")

    def area(self, band: Band) -> None:
        """Fill a band."""
        edge = [(at, high) for at, _, high in band.points]
        edge += [(at, low) for at, low, _ in reversed(band.points)]
        self.add("polygon", points=self._places(edge), fill=band.colour)

    def line(self, line: Line) -> None:
        """Draw a line with its markers, each with a tooltip."""
        dash = {"stroke_dasharray": "5 4"} if line.dashed else {}
        self.add("polyline", points=self._places(line.points), fill="none",
                 stroke=line.colour, stroke_width=line.width, **dash)  # fmt: skip
        for at, height in line.points if line.dots else ():
            dot = self.add("circle", cx=self.x(at), cy=self.y(height), r=3.5, fill=line.colour)
            ET.SubElement(dot, "title").text = f"{at:g}: {height:.4g}"

    def legend(self, named: Sequence[Line]) -> None:
        """Draw the legend at the lower right."""
        for place, line in enumerate(reversed(named)):
            at = self.bottom - 14 - 18 * place
            right = self.right - 8
            dash = {"stroke_dasharray": "5 4"} if line.dashed else {}
            self.add("line", x1=right - 22, x2=right, y1=at - 4, y2=at - 4, stroke=line.colour,
                     stroke_width=line.width, **dash)  # fmt: skip
            self.text(right - 28, at, line.label, "end")

    def markup(self, stated: str) -> Markup:
        """Return the drawing as markup."""
        self.root.set("aria-label", one_line(xml_text(stated)))
        return Markup(ET.tostring(self.root, encoding="unicode"))  # escaped by the serialiser

    def _places(self, points: Sequence[Point]) -> str:
        return " ".join(f"{self.x(at):g},{self.y(height):g}" for at, height in points)
