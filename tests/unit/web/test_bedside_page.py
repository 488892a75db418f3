"""The bedside page gives the decision of the library, in words, as JSON and as a calendar."""

import html
import random
import re

import pytest

import pretese
from pretese.web.layout.wording import LANGUAGES, messages
from pretese.web.protocols.bedside_form import chosen_regimen, decided
from protocol.errors import InputError

ENTRIES = {"month": "2", "previous_phase": "hcg", "fsh": "9", "decision_date": "2022-03-31"}


def test_the_form_asks_for_every_input_of_the_regimen(client):
    page = client.get("/").text
    for name in pretese.regimen().compiled.inputs:
        if name in ("month", "previous_phase"):
            assert f'name="{name}"' in page
        elif name == "fsh_iu_l":
            assert 'name="fsh"' in page
        elif name not in ("criteria", "testosterone_rise_nmol_l"):
            assert f'name="finding.{name}"' in page, name


def test_the_page_shows_the_decision_of_the_library(client):
    decision = pretese.regimen().decide(
        month=2, previous_phase="hcg", fsh=9, decision_date="2022-03-31"
    )
    page = html.unescape(client.post("/", data=ENTRIES).text)
    assert f"<h1>{decision.recommendation}</h1>" in page
    assert decision.rationale in page
    assert '<time datetime="2022-04-04">' in page  # uFSH every 4 days from 31 March
    answer = client.post("/decision.json", data=ENTRIES)
    assert answer.json() == decision.to_dict()


def test_random_patients_get_the_same_rule_through_the_page_and_the_library(client):
    draw = random.Random(5)
    guided = pretese.regimen()
    for _ in range(60):
        phase = draw.choice(["", "hcg", "hcg-ufsh", "stopped"])
        fsh = draw.choice(["", f"{draw.uniform(0, 25):.1f}"])
        entries = {"month": str(draw.randint(1, 4)), "previous_phase": phase, "fsh": fsh,
                   "decision_date": "2022-03-31"}  # fmt: skip
        theirs = client.post("/decision.json", data=entries).json()
        ours = guided.decide(
            month=int(entries["month"]), previous_phase=phase or None,
            fsh=float(fsh) if fsh else None, decision_date="2022-03-31",
        )  # fmt: skip
        assert theirs["decisions"][-1]["rule_id"] == ours.rule, entries


def test_findings_and_limits_of_the_laboratory_are_used(client):
    safety = {**ENTRIES, "finding.testosterone_nmol_l": "1100", "unit.testosterone_nmol_l": "ng/dL"}
    page = client.post("/", data=safety).text
    assert page.index('class="card hold"') < page.index("<h1>")
    raised = client.post("/", data={**safety, "limit.testosterone_high": "40"}).text
    assert 'class="card hold"' not in raised


def test_a_decimal_comma_is_read_and_a_thousands_comma_is_not(client):
    comma = client.post("/decision.json", data={**ENTRIES, "fsh": "11,3"}).json()
    assert comma["decisions"][-1]["action"] == "hcg"
    doubtful = client.post("/decision.json", data={**ENTRIES, "fsh": "1,234"})
    assert doubtful.status_code == 400


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fsh": "abc"}, "abc"),
        ({"fsh": "nan"}, "nan"),
        ({"fsh": "900"}, "200"),
        ({"month": "two"}, "whole number"),
        ({"month": "0"}, "month"),
        ({"decision_date": "yesterday"}, "date"),
        ({"fsh_unit": "ng/mL"}, "FSH"),
        ({"regimen": "/etc/passwd"}, "not a shipped regimen"),
        ({"limit.nothing": "3"}, "nothing"),
        ({"previous_phase": "<script>alert(1)</script>"}, "&lt;script"),
        ({"finding.semen": "plenty"}, "plenty"),
    ],
)
def test_bad_entries_are_named_on_the_page_and_as_problem_details(client, change, words):
    entries = {**ENTRIES, **change}
    page = client.post("/", data=entries)
    assert page.status_code == 400
    assert words in page.text
    assert "<script>alert" not in page.text
    problem = client.post("/decision.json", data=entries)
    assert problem.status_code == 400
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["faults"]


def test_an_htmx_request_returns_only_the_result(client):
    part = client.post("/", data=ENTRIES, headers={"HX-Request": "true"}).text
    assert "<form" not in part
    assert "<h1>" in part
    bad = client.post("/", data={**ENTRIES, "fsh": "x"}, headers={"HX-Request": "true"})
    assert bad.status_code == 200  # htmx shows an answer of status 200 alone
    assert 'role="alert"' in bad.text


def test_the_calendar_begins_with_the_first_injection(client):
    answer = client.post(
        "/therapy.ics", data={**ENTRIES, "start": "2022-03-01", "pseudonym": "P-017"}
    )
    assert "P-017" not in answer.text
    assert client.post("/therapy.ics", data=ENTRIES).status_code == 400  # no pseudonym
    assert answer.headers["content-type"].startswith("text/calendar")
    assert "DTSTART;VALUE=DATE:20220301" in answer.text


@pytest.mark.parametrize("name", sorted(pretese.shipped().regimens))
def test_every_shipped_regimen_has_its_form(client, name):
    assert client.get("/", params={"regimen": name}).status_code == 200
    assert chosen_regimen({"regimen": name}).compiled.id == name


def test_every_language_has_every_message_and_every_key_is_used(client):
    english = set(messages("en"))
    for language in LANGUAGES:
        page = client.get("/", params={"lang": language})
        assert f'<html lang="{language}"' in page.text
        assert messages(language)["banner"] in html.unescape(page.text)
    from pretese.web.layout.wording import _read

    for language in LANGUAGES:
        assert set(_read(language)) == english, language


def test_the_language_follows_the_browser(client):
    page = client.get("/", headers={"accept-language": "de-AT, en;q=0.5"}).text
    assert re.search(r'<html lang="de"', page)


def test_several_faults_are_reported_together():
    entries = {**ENTRIES, "finding.estradiol_pmol_l": "x", "finding.lh_iu_l": "y"}
    with pytest.raises(InputError) as error:
        decided(entries)
    assert len(error.value.faults) == 2
