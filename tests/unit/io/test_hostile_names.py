"""Names that another program would interpret as code, in every format that contains them."""

import dataclasses
import datetime as dt
import io
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import yaml
from icalendar import Calendar
from markdown_it import MarkdownIt

from pretese.bedside.dmn import dmn_xml
from pretese.bedside.ics import calendar_of
from pretese.bedside.regimen_page import markdown
from pretese.bedside.tree import mermaid, tree_svg
from pretese.cli import run
from pretese.io.text.html_page import render_page
from protocol.bedside.schedule import plan_of_phases
from protocol.errors import InputError
from protocol.reading.documents import parse_yaml
from protocol.regimen.load import SHIPPED, load_regimen
from protocol.regimen.rules import Regimen
from protocol.safe_text import one_line
from simulate.clinic.records.xes import XesWriter

NAME = '<script>a</script> | `b` [c](javascript:d) "e" \x1b[31m\x07\x00 f\n```\ng'

#: The part allowed in a file: control characters are refused on reading.
PRINTED = NAME.replace("\x1b", "").replace("\x07", "").replace("\x00", "")


@pytest.fixture(scope="module")
def regimen(tmp_path_factory) -> Regimen:
    """Return the shipped regimen with the name in every free-text field."""
    text = (SHIPPED / "fsh-guided.yaml").read_text(encoding="utf-8")
    plain = _renamed(parse_yaml(text, "fsh-guided"))
    file = tmp_path_factory.mktemp("regimen") / "fsh-guided.yaml"
    file.write_text(yaml.safe_dump(plain), encoding="utf-8")
    return load_regimen(file)


def test_a_file_with_control_characters_is_refused(tmp_path):
    text = (SHIPPED / "fsh-guided.yaml").read_text(encoding="utf-8")
    file = tmp_path / "fsh-guided.yaml"
    file.write_text(
        yaml.safe_dump(parse_yaml(text, "fsh-guided") | {"title": NAME}), encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"this text holds the character U\+001B"):
        load_regimen(file)


def _renamed(value, field=""):
    if isinstance(value, dict):
        return {name: _renamed(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, field) for each in value]
    own = {"title", "label", "about", "rationale", "question", "quote", "interpretation", "locator"}
    return f"{value} {PRINTED}" if field in own else value


def obeyed(text: str) -> set[str]:
    return {c for c in text if (c < " " or "\x7f" <= c < "\xa0") and c != "\n"}


class Tags(HTMLParser):
    """Collects the names of elements and the targets of links."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]


def tags(page: str) -> Tags:
    reader = Tags()
    reader.feed(page)
    return reader


def test_a_page_of_a_regimen_holds_no_markup_of_others(regimen):
    text = markdown(regimen)
    assert obeyed(text) == set()
    found = tags(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert "script" not in found.tags
    assert all(link.startswith("https://doi.org/") for link in found.links)
    assert text.count("\n```") == 2  # the code fence of the tree


def test_a_tree_holds_no_tag_and_no_quote_of_others(regimen):
    text = mermaid(regimen)
    assert obeyed(text) == set()
    assert "<script" not in text
    for line in text.splitlines():
        assert "`" not in line
        assert line.count('"') in (0, 2)


def test_drawings_and_decision_tables_are_xml(regimen):
    for text in (tree_svg(regimen), dmn_xml(regimen)):
        root = ET.fromstring(text)
        assert not any(element.tag.endswith("script") for element in root.iter())


def test_a_calendar_holds_no_control_character(regimen):
    plan = plan_of_phases(regimen, dt.date(2026, 1, 5), ["hcg"])
    items = tuple(dataclasses.replace(item, text=f"{item.text} {NAME}") for item in plan.items)
    data = calendar_of(dataclasses.replace(plan, items=items), pseudonym=NAME)
    text = data.decode().replace("\r\n", "\n")
    assert obeyed(text) == set()
    summaries = [str(event["summary"]) for event in Calendar.from_ical(data).walk("VEVENT")]
    assert any("\\x1b" in summary for summary in summaries)


@pytest.mark.parametrize("form", ["text", "markdown", "mermaid", "svg", "dmn"])
def test_nothing_of_it_reaches_a_terminal(regimen, tmp_path, capsys, form):
    file = tmp_path / "mine.yaml"
    text = (SHIPPED / "fsh-guided.yaml").read_text(encoding="utf-8")
    file.write_text(yaml.safe_dump(_renamed(parse_yaml(text, "fsh-guided"))), encoding="utf-8")
    assert run(["regimen", "show", str(file), "--format", form]) == 0
    assert obeyed(capsys.readouterr().out) == set()


def test_a_page_for_the_browser_shows_text_as_it_is():
    page = render_page("bias_analysis.html", pitfalls=[], replicates=NAME, seed="\ud800")
    assert obeyed(page) == set()
    page.encode("utf-8")
    assert "script" not in tags(page).tags
    assert "&lt;script&gt;" in page


def test_an_event_log_is_xml_whatever_a_resource_is_called():
    moment = np.array(["2026-01-05T08:00:00"], "datetime64[s]")
    log = pd.DataFrame(
        {"run": [1], "case": [1], "arm": [NAME], "activity": [NAME], "scheduled": moment,
         "start": moment, "complete": moment, "resource": [NAME], "status": ["complete"],
         "detail": pd.Series(["\ud800\ufffe"], dtype=object)}
    )  # fmt: skip
    file = io.StringIO()
    with XesWriter(file) as writer:
        writer.write(log)
    values = [each.get("value") for each in ET.fromstring(file.getvalue().encode()).iter()]
    assert re.sub("[\x00\x07\x1b]", "\ufffd", NAME) in values
    assert "\ufffd\ufffd" in values


def test_deviations_of_a_log_are_not_formulas(tmp_path, capsys):
    log = tmp_path / "log.csv"
    rows = [
        f'"{name}",{day},injection,hcg,{amount},IU,'
        for name in ("=cmd|' /C calc'!A0", "@SUM(1)", "-17", "+x")
        for day, amount in (("2026-01-05", 9000), ("2026-01-07", 2000))
    ]
    log.write_text("patient,date,event,drug,amount,unit,value\n" + "\n".join(rows) + "\n")
    table = tmp_path / "deviations.csv"
    assert run(["audit", str(log), "--csv", str(table)]) == 0
    found = pd.read_csv(table, dtype=str)["patient"].unique().tolist()
    assert found == ["'=cmd|' /C calc'!A0", "'@SUM(1)", "-17", "'+x"]
    assert one_line(capsys.readouterr().out.replace("\n", "")).isprintable()
