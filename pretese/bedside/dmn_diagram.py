"""The diagram of a DMN file (DMNDI): input data below, decisions above, arrows between."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

DMNDI = "https://www.omg.org/spec/DMN/20191111/DMNDI/"
DC = "http://www.omg.org/spec/DMN/20180521/DC/"
DI = "http://www.omg.org/spec/DMN/20180521/DI/"

#: Sizes of shapes and the gaps between them, in pixels.
DECISION_WIDTH, INPUT_WIDTH, HEIGHT, GAP = 320, 180, 60, 40
#: Top edges of the rows: decisions above, input data below.
DECISION_TOP, INPUT_TOP = 40, 260

Place = tuple[int, int, int]


def add_diagram(root: ET.Element, inputs_of_decision: Mapping[str, Sequence[str]]) -> None:
    """Add the diagram of decisions and the input data that each requires, by their ids.

    Parameters
    ----------
    inputs_of_decision
        For the id of each decision, the ids of its input data.
    """
    for prefix, space in (("dmndi", DMNDI), ("dc", DC), ("di", DI)):
        ET.register_namespace(prefix, space)
    holder = ET.SubElement(root, f"{{{DMNDI}}}DMNDI")
    diagram = ET.SubElement(holder, f"{{{DMNDI}}}DMNDiagram", id="diagram")
    places = _places(inputs_of_decision)
    for name, place in places.items():
        _shape(diagram, name, place)
    for decision, inputs in inputs_of_decision.items():
        for name in inputs:
            _edge(diagram, requirement_id(decision, name), places[name], places[decision])


def requirement_id(decision: str, input_id: str) -> str:
    """Return the id of the arrow from input data to a decision."""
    return f"{decision}_requires_{input_id}"


def _places(inputs_of_decision: Mapping[str, Sequence[str]]) -> dict[str, Place]:
    """Return left edge, top edge and width of every shape.

    Each decision is above its input data, which form one row, so that no arrow crosses a shape;
    input data of several decisions are below the first of them.
    """
    places: dict[str, Place] = {}
    left = GAP
    for decision, inputs in inputs_of_decision.items():
        own = [name for name in inputs if name not in places]
        row = len(own) * (INPUT_WIDTH + GAP) - GAP
        width = max(DECISION_WIDTH, row)
        places[decision] = (left + (width - DECISION_WIDTH) // 2, DECISION_TOP, DECISION_WIDTH)
        first = left + (width - row) // 2
        for number, name in enumerate(own):
            places[name] = (first + number * (INPUT_WIDTH + GAP), INPUT_TOP, INPUT_WIDTH)
        left += width + GAP
    return places


def _shape(diagram: ET.Element, name: str, place: Place) -> None:
    left, top, width = place
    shape = ET.SubElement(diagram, f"{{{DMNDI}}}DMNShape", id=f"shape_{name}", dmnElementRef=name)
    bounds = {"x": left, "y": top, "width": width, "height": HEIGHT}
    ET.SubElement(shape, f"{{{DC}}}Bounds", {key: str(value) for key, value in bounds.items()})


def _edge(diagram: ET.Element, name: str, source: Place, target: Place) -> None:
    """Draw an arrow from the top of one shape to the bottom of another."""
    edge = ET.SubElement(diagram, f"{{{DMNDI}}}DMNEdge", id=f"edge_{name}", dmnElementRef=name)
    ends = ((source, source[1]), (target, target[1] + HEIGHT))
    for (left, _, width), y in ends:
        ET.SubElement(edge, f"{{{DI}}}waypoint", {"x": str(left + width // 2), "y": str(y)})
