"""The cohort page: the library's cohort, true and estimated effects, files in every format."""

import html
import io
import json
import re
import zipfile

import pytest

import pretese
from pretese.cli import run
from pretese.io.export.formats import FORMATS
from pretese.web.cohorts.cohort_answer import SHOWN_METHODS, flow_of
from pretese.web.cohorts.cohort_question import DEFAULTS, cohort_question
from pretese.web.layout.wording import LANGUAGES, messages

FEW = {"scenario": "strong-confounding", "patients": "120", "seed": "7",
       "set.fertility.willing_share": "0.5"}  # fmt: skip


@pytest.fixture(scope="module")
def few(client):
    return html.unescape(client.get("/cohort", params=FEW).text)


@pytest.fixture(scope="module")
def ours():
    changed = {"fertility.willing_share": 0.5}
    return pretese.scenario("strong-confounding", changed).simulate(120, seed=7)


def test_the_page_shows_the_cohort_of_the_library(few, ours):
    assert "<h1>120 patients of the scenario strong-confounding</h1>" in few
    for arm, rows in ours.patients.groupby("gonadotropin_therapy"):
        assert f"<td>{len(rows)}</td>" in few, arm
        assert f"<td>{int(rows['icsi'].sum())} <span" in few
    first = ours.patients.iloc[0]
    assert f"<td>{first['fsh_iu_l']:g}</td>" in few


def test_the_truth_is_shown_with_every_estimate(client, ours):
    document = client.get("/cohort.json", params=FEW).json()
    truth = pretese.scenario("strong-confounding", {"fertility.willing_share": 0.5}).truth(65_536)
    rows = truth.frame[truth.frame["scale"] == "risk difference"].set_index("estimand")
    gain = ours.truth["any_sperm_treated"] - ours.truth["any_sperm_untreated"]
    assert [each["method"] for each in document["effects"]] == list(SHOWN_METHODS)
    for each in document["effects"]:
        true = rows.loc[f"any_sperm.{each['group']}", "truth"]
        assert each["true_in_population"] == pytest.approx(true, abs=1e-6)
        inside = each["conf_low"] <= true <= each["conf_high"]
        assert each["interval_holds_truth"] == inside
    assert document["effects"][0]["true_in_cohort"] == pytest.approx(gain.mean(), abs=1e-6)
    assert document["flow"] == json.loads(json.dumps(flow_of(ours.patients)))
    assert document["cohort"]["changed"] == {"fertility.willing_share": 0.5}


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_format_can_be_downloaded_and_has_no_timestamp(client, form):
    asked = {"patients": "50", "format": form}
    answers = [client.get("/cohort.zip", params=asked) for _ in range(2)]
    names = zipfile.ZipFile(io.BytesIO(answers[0].content)).namelist()
    assert answers[0].headers["content-type"] == "application/zip"
    assert "cohort/manifest.json" in names
    assert any("truth/" in name for name in names) or FORMATS[form].coded
    assert answers[0].content == answers[1].content


def test_the_file_is_what_the_command_writes(client, tmp_path, few):
    words = re.search(r"<summary>Command line</summary><pre>(.*?)</pre>", few, re.DOTALL)[1]
    words = words.replace("\\\n", " ").replace("--out cohort", f"--out {tmp_path / 'cohort'}")
    assert run(words.split()[1:]) == 0
    archive = zipfile.ZipFile(io.BytesIO(client.get("/cohort.zip", params=FEW).content))
    for path in (tmp_path / "cohort").rglob("*.csv"):
        inside = path.relative_to(tmp_path).as_posix()
        assert archive.read(inside) == path.read_bytes(), inside


def test_the_code_on_the_page_gives_the_same_patients(few, ours):
    code = re.search(r"<summary>Python</summary><pre>(.*?)</pre>", few, re.DOTALL)[1]
    space = {}
    exec(code.replace("print(cohort.patients)", ""), space)  # our own page
    assert space["cohort"].patients.equals(ours.patients)


def test_the_address_contains_the_complete_state_and_no_empty_field(client):
    sent = {**DEFAULTS, **FEW, "set.fertility.miscarriage": "", "lang": "en"}
    answer = client.get("/cohort", params=sent, follow_redirects=False)
    assert answer.status_code == 303
    assert cohort_question(dict(FEW)).link("en") == answer.headers["location"]
    assert "miscarriage" not in answer.headers["location"]


def test_tables_are_shown_page_by_page(client, ours):
    link = {**FEW, "table": "visits", "page": "2"}
    page = html.unescape(client.get("/cohort", params=link).text)
    assert f"{len(ours.visits):,} rows" in page
    links = re.findall(r'<a href="([^"]+)#tables" rel="(prev|next)"', page)
    assert [name for _, name in links] == ["prev", "next"]
    assert f"Page 3 of {-(-len(ours.visits) // 20)}" in client.get(links[1][0]).text
    row = ours.visits.iloc[20]
    assert f"<tr><td>{row['patient_id']}</td><td>{row['month']}</td>" in page


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"scenario": "/etc/passwd"}, "not a shipped scenario"),
        ({"patients": "1e9"}, "from 50 to 1000"),
        ({"patients": "nan"}, "patients"),
        ({"seed": "-1"}, "seed"),
        ({"set.nothing": "3"}, "nothing"),
        ({"set.fertility.willing_share": "7"}, "probability"),
        ({"set.fertility.willing_share": "<b>"}, "&lt;b&gt;"),
        ({"table": "secrets"}, "choose from patients"),
        ({"page": "0"}, "whole number from 1"),
    ],
)
def test_bad_entries_are_named(client, entries, words):
    given = {"patients": "60", **entries}
    page = client.get("/cohort", params=given)
    assert page.status_code == 400
    assert words in (page.text if "&" in words else html.unescape(page.text))
    if not {"table", "page"} & set(entries):
        assert client.get("/cohort.json", params=given).status_code == 400
        assert client.get("/cohort.zip", params=given).status_code == 400


def test_an_unknown_format_is_refused(client):
    answer = client.get("/cohort.zip", params={"format": "../x"})
    assert answer.status_code == 400
    assert "choose from csv" in answer.json()["faults"][0]["cure"]


def test_an_estimate_that_does_not_exist_is_not_shown(client):
    document = client.get("/cohort.json", params={"patients": "60"}).json()
    assert 0 < len(document["effects"]) <= len(SHOWN_METHODS)
    assert all(each["conf_low"] < each["conf_high"] for each in document["effects"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_cohort_is_shown_in_every_language(client, language):
    page = client.get("/cohort", params={"patients": "60", "lang": language}).text
    assert messages(language)["truth_beside_estimate"] in html.unescape(page)


def test_charts_have_no_style_and_escape_their_text(few):
    charts = re.findall(r'<svg [^>]*class="chart".*?</svg>', few, re.DOTALL)
    assert len(charts) == 5
    assert all("style=" not in chart and 'role="img"' in chart for chart in charts)
