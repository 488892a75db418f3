import re
import xml.etree.ElementTree as ET

import pytest

from pretese.bedside.tree import mermaid, tree_of, tree_svg
from protocol.regimen.load import list_regimens, load_regimen
from protocol.regimen.paths import paths_of

SVG = "{http://www.w3.org/2000/svg}"


def leaves(node):
    return [leaf for child in node.children for leaf in leaves(child)] or [node]


@pytest.mark.parametrize("name", list_regimens())
def test_the_tree_has_one_leaf_for_every_path(name):
    regimen = load_regimen(name)
    assert len(leaves(tree_of(regimen))) == len(paths_of(regimen))


@pytest.mark.parametrize("name", list_regimens())
def test_mermaid_links_only_declared_nodes(name):
    text = mermaid(load_regimen(name))
    declared = set(re.findall(r"^  (n\d+)\[", text, re.MULTILINE))
    linked = set(re.findall(r"(n\d+) --", text)) | set(re.findall(r"(n\d+)$", text, re.MULTILINE))
    assert text.startswith("flowchart LR\n")
    assert linked == declared
    styled = set(re.findall(r":::(\w+)", text))
    assert styled <= set(re.findall(r"classDef (\w+)", text))
    assert "end" not in styled


@pytest.mark.parametrize("name", list_regimens())
def test_boxes_lie_inside_the_drawing_and_do_not_overlap(name):
    root = ET.fromstring(tree_svg(load_regimen(name)))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    boxes = [
        tuple(float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        for box in root.iter(f"{SVG}rect")
        if "rx" in box.attrib
    ]
    for x, y, w, h in boxes:
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
    for i, (x, y, w, h) in enumerate(boxes):
        for u, v, s, t in boxes[:i]:
            assert x >= u + s or u >= x + w or y >= v + t or v >= y + h


def test_the_drawing_shows_when_fsh_decides():
    words = "".join(ET.fromstring(tree_svg(load_regimen("fsh-guided"))).itertext())
    assert "FSH 0.7 to 11.1" in words
    assert "hcg 60000 IU" in words
