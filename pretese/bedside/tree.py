"""The paths of a regimen as a decision tree: Mermaid text, and a self-contained SVG."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from pretese.bedside.words import spoken_condition
from protocol.regimen.paths import Path, Step, Totals, paths_of
from protocol.regimen.rules import Regimen
from protocol.safe_text import one_line, xml_text

#: Fill and edge of the boxes.
INK = {
    "start": ("#f2f2f2", "#555555"),
    "phase": ("#e3f0ea", "#2f6f57"),
    "wait": ("#fbf0d9", "#9a6b12"),
    "done": ("#e6ebf5", "#35508a"),  # not `end`, which is reserved in Mermaid
}
#: Sizes of the drawing in pixels.
WIDTH, GAP, LINE, PAD, FONT = 250, 230, 17, 10, 13

#: Maximum characters in a line of a box.
LETTERS = 31


@dataclass(slots=True)
class Node:
    """A state of therapy. ``edge`` is the condition that led here; ``kind`` styles the box."""

    lines: tuple[str, ...]
    kind: str
    edge: str = ""
    children: list["Node"] = field(default_factory=list)
    row: float = 0.0
    depth: int = 0


def tree_of(regimen: Regimen) -> Node:
    """Return the tree of all paths."""
    title = textwrap.wrap(regimen.title, WIDTH // 9)
    root = Node((*title, f"{regimen.id} {regimen.version}"), "start")
    for path in paths_of(regimen):
        node = root
        for step in path.steps:
            node = _child(regimen, node, step, path)
    _lay_out(root, 0, iter(range(10_000)))
    return root


def _child(regimen: Regimen, node: Node, step: Step, path: Path) -> Node:
    edge = "" if step.condition == "always" else spoken_condition(regimen, step.condition)
    for child in node.children:
        if child.edge == edge:
            return child
    child = _node(regimen, step, path, edge)
    node.children.append(child)
    return child


def _node(regimen: Regimen, step: Step, path: Path, edge: str) -> Node:
    if step.phase is None:
        return Node((f"Month {step.month}: wait", step.outcome), "wait", edge)
    phase = regimen.phase(step.phase)
    if phase.ends_therapy:
        return Node(
            ("Therapy ends", *_doses(regimen, path.totals), *_endings(regimen)), "done", edge
        )
    doses = [f"{order.drug} {order.dose:g} {order.unit} {order.rhythm}" for order in phase.orders]
    return Node((f"Month {step.month}: {phase.label}", *doses), "phase", edge)


def _doses(regimen: Regimen, totals: Totals) -> Iterator[str]:
    for drug, amount in totals.amount.items():
        if amount:
            unit = regimen.drugs[drug].unit
            yield f"{drug} {amount:g} {unit} in {totals.injections[drug]} doses"


def _endings(regimen: Regimen) -> Iterator[str]:
    for rule in regimen.tables["end-of-therapy"].rules:
        wanted = ", ".join(f"{name} {c.text}" for name, c in rule.conditions.items())
        ending = f"{wanted}: {rule.then or rule.outcome}"
        yield from textwrap.wrap(ending, LETTERS, subsequent_indent="  ")


def _lay_out(node: Node, depth: int, rows: Iterator[int]) -> None:
    node.depth = depth
    for child in node.children:
        _lay_out(child, depth + 1, rows)
    if node.children:
        node.row = sum(child.row for child in node.children) / len(node.children)
    else:
        node.row = float(next(rows))


def mermaid(regimen: Regimen) -> str:
    """Return the tree as a Mermaid flowchart."""
    lines = ["flowchart LR"]
    numbers: dict[int, str] = {}
    for node in _walk(tree_of(regimen)):
        name = numbers.setdefault(id(node), f"n{len(numbers)}")
        text = "<br/>".join(_in_mermaid(line) for line in node.lines)
        lines.append(f'  {name}["{text}"]:::{node.kind}')
        for child in node.children:
            other = numbers.setdefault(id(child), f"n{len(numbers)}")
            lines.append(
                f'  {name} -->|"{_in_mermaid(child.edge)}"| {other}'
                if child.edge
                else f"  {name} --> {other}"
            )
    lines += [f"  classDef {kind} fill:{fill},stroke:{edge}" for kind, (fill, edge) in INK.items()]
    return "\n".join(lines) + "\n"


def _in_mermaid(text: str) -> str:
    """Return text for a quoted label of Mermaid: one line without quotes and tags."""
    flat = one_line(" ".join(text.split())).replace('"', "'")
    return flat.replace("<", "#lt;").replace(">", "#gt;").replace("`", "'")


def tree_svg(regimen: Regimen) -> str:
    """Return the tree as a self-contained SVG; time runs from left to right."""
    root = tree_of(regimen)
    nodes = list(_walk(root))
    height = max(len(node.lines) for node in nodes) * LINE + 2 * PAD
    pitch = height + 24
    width = (max(node.depth for node in nodes) + 1) * (WIDTH + GAP) - GAP + 40
    total = (max(node.row for node in nodes) + 1) * pitch + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total:g}" '
        f'font-family="system-ui, sans-serif" font-size="{FONT}" role="img">',
        f"<title>{escape(regimen.title)}: every path</title>",
        f'<rect width="{width}" height="{total:g}" fill="#ffffff"/>',
    ]
    for node in nodes:
        parts += [_arrow(node, child, pitch) for child in node.children]
    parts += [_box(node, pitch) for node in nodes]
    return xml_text("\n".join([*parts, "</svg>"])) + "\n"


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _place(node: Node, pitch: float) -> tuple[float, float]:
    """Return the left edge and the vertical middle of a box."""
    return 20 + node.depth * (WIDTH + GAP), 20 + (node.row + 0.5) * pitch


def _box(node: Node, pitch: float) -> str:
    left, middle = _place(node, pitch)
    height = len(node.lines) * LINE + 2 * PAD
    top = middle - height / 2
    fill, stroke = INK[node.kind]
    texts = "".join(
        f'<text x="{left + PAD:g}" y="{top + PAD + LINE * (i + 0.8):g}"'
        f"{' font-weight=' + chr(34) + '600' + chr(34) if i == 0 else ''}>{escape(line)}</text>"
        for i, line in enumerate(_cut(node.lines))
    )
    return (
        f'<g><rect x="{left:g}" y="{top:g}" width="{WIDTH}" height="{height}" rx="6" '
        f'fill="{fill}" stroke="{stroke}"/>{texts}</g>'
    )


def _cut(lines: tuple[str, ...]) -> list[str]:
    """Shorten lines that are too long for the box."""
    return [line if len(line) <= LETTERS else line[: LETTERS - 1] + "…" for line in lines]


def _arrow(node: Node, child: Node, pitch: float) -> str:
    left, y1 = _place(node, pitch)
    x1, (x2, y2) = left + WIDTH, _place(child, pitch)
    half = (x1 + x2) / 2
    words = escape(child.edge)
    label = (
        f'<text x="{x2 - 6:g}" y="{y2 - 8:g}" text-anchor="end" font-size="11" fill="#333333" '
        f'stroke="#ffffff" stroke-width="4" paint-order="stroke">'
        f"{_broken(words, x2 - 6)}</text>"
        if words
        else ""
    )
    return (
        f'<path d="M{x1:g},{y1:g} C{half:g},{y1:g} {half:g},{y2:g} {x2:g},{y2:g}" '
        f'fill="none" stroke="#777777"/>{label}'
    )


def _broken(words: str, x: float) -> str:
    """Break a label before ``or`` to fit between two boxes."""
    first, _, second = words.partition(" or ")
    if not second:
        return words
    return f'<tspan x="{x:g}" dy="-13">{first}</tspan><tspan x="{x:g}" dy="13">or {second}</tspan>'
