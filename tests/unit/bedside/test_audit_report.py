"""The page of an audit: a timeline of each patient, and no active content from the log."""

import datetime as dt
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from pretese.api.protocols.audits import audit
from pretese.bedside.audits import audit_page
from protocol.audit.log.events import Event
from protocol.regimen.load import load_regimen
from tests.support.adherent_log import adherent_events, write_log
from tests.support.command_lines import answer

GUIDED = load_regimen("fsh-guided")
START = dt.date(2023, 5, 2)
DAY0 = START.toordinal()
OTHERS = {"lh_iu_l": 3.0, "testosterone_nmol_l": 20.0, "estradiol_pmol_l": 120.0}
NAME = "<script>alert(1)</script>&"


def log() -> bytes:
    """Return the log of two patients, the second without deviation."""
    events = adherent_events(
        GUIDED,
        START,
        [{"fsh_iu_l": 9.0, **OTHERS}] * 3,
        baseline={"fsh_iu_l": 21.0, "prolactin_ng_ml": 8.0, **OTHERS},
        semen="no sperm",
    )
    other = [e for e in events if e.name != "injection" or e.date - DAY0 not in (10, 12, 14, 50)]
    other = [replace(e, dose=5000.0) if e.date == DAY0 + 4 and e.drug else e for e in other]
    other.append(Event(DAY0 + 75, "injection", "</svg><b>", 75.0))
    return write_log({"second": events, NAME: other}).encode()


def figures(page: str) -> list[ET.Element]:
    return [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def marks(figure: ET.Element, kind: str) -> int:
    return sum(each.get("class") == kind for each in figure.iter())


def test_every_patient_has_a_timeline_and_patients_with_deviations_come_first():
    first, second = figures(audit(log()).to_html())
    assert NAME in first.get("aria-label")
    assert "second" in second.get("aria-label")
    assert marks(second, "given") == 45
    assert marks(second, "missed") == marks(second, "wrong") == 0
    assert (marks(first, "given"), marks(first, "given wrong"), marks(first, "missed")) == (
        40,
        2,
        4,
    )
    assert marks(first, "wrong") == 4  # a dose, a gap, a missed and an extra dose
    titles = [each.text for each in first.iter("title")]
    assert "day 10, 2023-05-12: hcg 2000 IU due, not given" in titles
    labels = [each.text for each in first.iter("text")]
    assert {"FSH", "Prolactin", "semen", "hCG alone", "micro-tese", "deviations"} <= set(labels)


def test_text_of_a_log_is_escaped_on_the_page():
    page = audit(log()).to_html()
    assert "<script" not in page
    assert "<b>" not in page.split("<h2>Patients</h2>")[1].split("</ul>", 1)[1]
    assert "http" not in page.replace("http-equiv", "")


def test_the_same_log_gives_the_same_page():
    assert audit(log()).to_html() == audit(log()).to_html()


def test_a_long_log_shows_the_first_patients_and_the_number_of_others(monkeypatch):
    monkeypatch.setattr(audit_page, "MAX_DRAWN", 1)
    page = audit(log()).to_html()
    assert len(figures(page)) == 1
    assert "1 more patients are not shown" in page


@pytest.mark.parametrize("name", ["report.html", "folder/report.html"])
def test_the_command_writes_a_complete_page_or_states_why_not(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_bytes(log())
    found = answer("audit", "log.csv", "--report", name)
    if "/" in name:
        assert found.code == 2
        assert "--report" in found.err
    else:
        assert found.code == 0
        assert f"wrote {name}" in found.err
        assert Path(name).read_text() == audit("log.csv").to_html()


def test_a_patient_without_therapy_has_no_timeline():
    found = audit(b"patient,date,event,amount,unit\na,2023-05-02,fsh,9,IU/L\n")
    assert "1 patient, 0 without deviation, 1 not judged" in str(found)
    page = found.to_html()
    assert figures(page) == []
    assert "nothing can be judged" in page
    assert "<b>0</b><span>without deviation" in page
