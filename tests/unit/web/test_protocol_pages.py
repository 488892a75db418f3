"""The course of a patient on the bedside page, the page of each regimen, and the audit page."""

import base64
import hashlib
import html
import re
import xml.etree.ElementTree as ET

import pytest
from starlette.testclient import TestClient

import pretese
from pretese.web.application import create_application
from pretese.web.layout.wording import LANGUAGES, messages
from pretese.web.protocols.bedside_form import decided
from pretese.web.security.settings import ServerSettings
from protocol.regimen.load import list_regimens

COURSE = {
    "decision_date": "2022-04-30", "start": "2022-03-01", "phase.1": "hcg", "phase.2": "hcg-ufsh",
    "result.fsh.0": "18.1", "result.fsh.1": "9,8", "result.fsh.2": "12.9",
    "result.testosterone.0": "13.6", "course_unit.testosterone": "nmol/L",
    "result.lh.1": "<0.5", "pseudonym": "P-017",
}  # fmt: skip
LOG = (
    b"patient,date,event,drug,amount,unit,value\n"
    b"a,2022-03-01,injection,hcg,2000,IU,\n"
    b"a,2022-03-03,injection,hcg,5000,IU,\n"
    b"<b>x</b>,2022-03-01,injection,hcg,2000,IU,\n"
)


def uploaded(client, address="/audit", log=LOG, **entries):
    return client.post(address, files={"log": ("log.csv", log, "text/csv")}, data=entries)


def test_a_course_gives_the_decision_of_a_patient_file(client):
    patient = {
        "patient": "P-017", "started": "2022-03-01", "phases": ["hcg", "hcg-ufsh"],
        "measurements": [
            {"date": "2022-03-01", "name": "fsh", "value": 18.1, "unit": "IU/L"},
            {"date": "2022-03-31", "name": "fsh", "value": 9.8, "unit": "IU/L"},
            {"date": "2022-04-30", "name": "fsh", "value": 12.9, "unit": "IU/L"},
            {"date": "2022-03-01", "name": "testosterone", "value": 13.6, "unit": "nmol/L"},
            {"date": "2022-03-31", "name": "lh", "value": "<0.5", "unit": "IU/L"},
        ],
    }  # fmt: skip
    ours = pretese.regimen().decide(patient, decision_date="2022-04-30").to_dict()
    theirs = client.post("/decision.json", data=COURSE).json()
    for key in ("outcome", "recommendation", "month", "next_steps", "decisions", "cautions"):
        assert theirs[key] == ours[key], key


def test_a_result_that_is_not_known_yet_does_not_count():
    later = {**COURSE, "decision_date": "2022-04-29"}
    _, decision = decided(later)
    assert {item.value for item in decision.record.timeline.of("fsh_iu_l")} == {18.1, 9.8}


def test_the_picture_shows_doses_results_and_the_normal_range(client):
    page = client.post("/", data=COURSE).text
    (picture,) = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    root = ET.fromstring(picture)
    words = [each.text for each in root.iter() if each.text]
    assert "Normal range 0.7 to 11.1 IU/L" in words
    assert "31 Mar 2022: 9.8 IU/L" in words
    assert "31 Mar 2022: <0.5 IU/L" in words
    assert "1 Mar 2022: 2000 IU im" in words
    assert "Month 3: uFSH and hCG, alternating" in words
    assert root.get("role") == "img"
    assert "style=" not in picture  # a strict policy forbids styles in the page


def test_the_picture_of_a_hold_recommends_no_dose(client):
    held = {**COURSE, "finding.hematocrit_percent": "56"}
    page = client.post("/", data=held).text
    assert page.index('class="card hold"') < page.index("<h1>")
    assert "Month 3:" not in page
    assert client.post("/therapy.ics", data=held).status_code == 400


def test_the_contact_of_the_clinic_is_shown_with_a_hold_only():
    reached = "Ward 3 <+44 20 7946 0000>"
    client = TestClient(create_application(ServerSettings(contact=reached, max_seconds=60)))
    held = {**COURSE, "finding.hematocrit_percent": "56"}
    assert "Contact: Ward 3 &lt;+44 20 7946 0000&gt;" in client.post("/", data=held).text
    assert "7946" not in client.post("/", data=COURSE).text


def test_without_a_contact_a_hold_names_none(client):
    held = {**COURSE, "finding.hematocrit_percent": "56"}
    assert "Contact:" not in client.post("/", data=held).text


def test_the_calendar_has_the_phases_given_and_the_one_recommended(client):
    calendar = client.post("/therapy.ics", data=COURSE).text
    assert "DTSTART;VALUE=DATE:20220301" in calendar
    assert "DTSTART;VALUE=DATE:20220504" in calendar  # uFSH of month 3
    assert "P-017" not in calendar


def test_the_reference_range_of_the_laboratory_is_used_and_named(client):
    asked = {"month": "2", "previous_phase": "hcg", "fsh": "11.8", "decision_date": "2022-03-31"}
    ends = {"range.fsh.low": "1,5", "range.fsh.high": "12.4"}
    own = {**asked, **ends, "range.fsh.assay": "Elecsys"}
    page = html.unescape(client.post("/", data=own).text)
    assert "<h1>uFSH and hCG, alternating</h1>" in page
    assert "set by the clinic; reference range of Elecsys: 1.5 to 12.4 IU/L" in page
    half = client.post("/", data={**own, "range.fsh.high": ""})
    assert half.status_code == 400


def test_nearest_limit_evidence_and_sliders_are_on_the_page(client):
    page = html.unescape(client.post("/", data={**COURSE, "phase.2": "hcg"}).text)
    assert "limit 11.1 IU/L, distance 1.8 IU/L" in page
    assert "10.1186/s12958-022-00934-1" in page
    slider = re.search(r'<input type="range"[^>]*data-field="fsh"[^>]*>', page).group(0)
    assert 'max="22.2"' in slider
    assert "name=" not in slider  # the number field is what is sent
    assert "hidden" in slider  # without a script there is only the field


@pytest.mark.parametrize("name", list_regimens())
def test_every_regimen_has_a_page_with_tree_proof_paths_and_doses(client, name):
    page = client.get(f"/regimens/{name}")
    assert page.status_code == 200
    text = html.unescape(page.text)
    regimen = pretese.regimen(name)
    for table in regimen.compiled.tables.values():
        assert table.question in text
    for phase in regimen.compiled.phases:
        assert phase.label in text
    assert text.count(" → ") >= len([path for path in regimen.paths if len(path.phases) > 1])
    assert "<svg" in text
    assert client.get(f"/regimens/{name}.dmn").text == regimen.show("dmn")


def test_files_on_the_server_cannot_be_read_as_regimens(client):
    for name in ("nothing", "..%2F..%2Fetc%2Fpasswd", "fsh-guided.yaml"):
        assert client.get(f"/regimens/{name}").status_code == 404


def test_a_log_is_audited_as_by_the_command(client):
    ours = pretese.audit(LOG)
    assert uploaded(client).text == ours.to_html()
    assert uploaded(client, "/audit.json").json() == ours.to_dict()
    assert uploaded(client, "/audit.csv").text == ours.to_csv()


def test_the_report_allows_its_own_style_and_no_script(client):
    answer = uploaded(client)
    policy = answer.headers["content-security-policy"]
    for style in re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert " style=" not in answer.text
    assert "<b>x</b>" not in answer.text


@pytest.mark.parametrize(
    ("log", "entries", "words"),
    [
        (b"", {}, "there is no log"),
        (b"a,b\n1,2\n", {}, "column"),
        (LOG, {"regimen": "/etc/passwd"}, "not a shipped regimen"),
        (LOG.replace(b"2000", b"plenty"), {}, "plenty"),
        (b"PK\x03\x04 no workbook", {}, "log"),
    ],
)
def test_a_log_that_cannot_be_audited_is_refused_with_a_message(client, log, entries, words):
    page = uploaded(client, log=log, **entries)
    assert page.status_code == 400
    assert words in html.unescape(page.text)
    problem = uploaded(client, "/audit.json", log=log, **entries)
    assert problem.status_code == 400
    assert problem.json()["faults"]


def test_a_form_without_a_file_is_refused(client):
    assert client.post("/audit", data={"regimen": "fsh-guided"}).status_code == 400
    assert client.post("/audit", data={"log": "text"}).status_code == 400


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_about_protocols_is_in_every_language(client, language):
    for address in ("/", "/regimens", "/regimens/fsh-guided", "/audit"):
        page = html.unescape(client.get(address, params={"lang": language}).text)
        assert f'<html lang="{language}"' in page
        assert messages(language)["audit"] in page
    for name in list_regimens():
        for key, spec in pretese.regimen(name).compiled.inputs.items():
            if spec.role == "measured" and spec.computed is None and key != "fsh_iu_l":
                assert f"input_{key}" in messages(language), key
    answer = client.post("/", data=COURSE, params={"lang": language}).text
    assert messages(language)["evidence"] in answer
