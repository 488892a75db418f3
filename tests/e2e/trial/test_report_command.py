"""`pretese report`: the page contains the simulated results, and its examples are reproduced."""

import json
import re
import shutil
from dataclasses import fields

import pandas as pd
import pytest

from pretese.cli import run
from pretese.screen.endings import EXIT_BAD_INPUT
from pretese.trial.design.design_reader import design_path
from pretese.trial.report.archive_columns import dictionary_rows
from pretese.trial.simulation.trial_results import Outcomes
from protocol.reading.documents import read_text
from simulate.scenario.load import load
from tests.support.output.transported import assert_shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("study") / "power"
    words = ["power", "three-analyses", "minimisation-eight-sites", "--participants", "300"]
    assert run([*words, "--replicates", "60", "--seed", "3", "--out", str(out), "--json"]) == 0
    return out / "results"


@pytest.fixture(scope="module")
def page(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    assert run(["report", str(folder), "--out", str(path)]) == 0
    return path.read_text()


def test_the_page_is_self_contained(page):
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "<svg" in page
    assert "not a medical device" in page


def test_the_statement_gives_size_power_error_and_estimand(page):
    statements = re.findall(r'<p class="statement">(.*?)</p>', page, re.DOTALL)
    assert len(statements) == 2
    for words in (
        "With 300 participants, randomised 1:1",
        "Monte Carlo standard error",
        "risk difference of any sp",
    ):
        assert words in statements[0]
    assert "(exact: " not in statements[1]


def test_a_prior_adds_the_chapter_on_evidence_and_beliefs(folder, page, tmp_path):
    assert "Evidence and beliefs" not in page
    path = tmp_path / "page.html"
    assert run(["report", str(folder), "--prior", "evidence", "--out", str(path)]) == 0
    text = " ".join(re.sub(r"<[^>]+>", " ", path.read_text()).split())
    chapter = text[text.index("L. Evidence and beliefs") :]
    for words in ("al-edwan-2020", "quantile of the odds ratio", "three-analyses: studies",
                  "A pilot of 60 participants", "weight of no effect"):  # fmt: skip
        assert words in chapter
    assert "parameter sets" not in chapter  # they were not requested


def test_the_page_and_the_document_show_transported_numbers(page, folder):
    found = load("rct-two-arm").transported
    assert_shown(page, found)
    document = json.loads((folder / "power.json").read_text())
    assert document["designs"][0]["transported"] == found.model_dump(mode="json")


def test_the_page_has_every_chapter_and_names_missing_items(page):
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    chapters = re.findall(r"<h2 id=\"\w+\">([A-K])\. ", page)
    assert chapters == list("ABCDEFGHIJK")
    for words in (
        "pretese power three-analyses.yaml minimisation-eight-sites.yaml --participants 300 "
        "--seed 3 "
        "--replicates 60 --out DIR",
        "Philox",
        "Lan-DeMets O'Brien-Fleming spending; non-binding futility by beta spending "
        "(Hwang-Shih-DeCani spending, gamma -2) (OF, futility HSD(-2))",
        "not simulated; give --sensitivity",
        "Calendar-time trend not simulated",
        "diagnosis, FSH, testis volume, testosterone determine the outcome",
        "the model of any sperm uses recorded values",
        "no analysis model contains more than the arm",
        "names the worst case",
        "calibrated",
        "intraclass correlation 0.046",
        "sperm in the ejaculate, no operation composite variable",
        "standard error of Ye",
        "type M error: exaggeration of rejected effects",
        "90 % quantile",
        "power of 80 % 1 % 1,600 too few: draft",
        "type I error of 2.5 % 0.125 % 15,600 too few: draft",
        "coverage of the sample effect (SATE), %",
        "Regimen fsh-guided 1.0.0",
        "participants 600 300 required sample size none not requested",
        "Author not stated in the design file",
        "all participants randomised, as randomised, dropouts excluded",
        "Simulation patient level: the design names a scenario",
        "OF, futility HSD",
        "replay of example trials",
        "second implementation (rpact)",
        "Dropout and treatment switching are independent of prognosis",
        "simulated power compared with exact power",
        "no exact power: the analysis is adjusted",
        "outside the scope of this program",
        "If the therapy helps 11 more of every 100 patients",
        "The therapy is effective: a simulation cannot show this.",
        "percentage of the planned effect",
        "requirements.lock",
    ):
        assert words in text.replace("&#39;", "'"), words
    assert page.count("<svg") == 1 + 2 * 2 + 1  # one figure of boundaries: one trial is sequential


def test_figures_of_a_worst_case_and_a_tornado_are_on_the_page(tmp_path, capsys):
    out = tmp_path / "study"
    words = [
        "power",
        "re-estimation",
        "--participants",
        "60",
        "--replicates",
        "60",
        "--out",
        str(out),
    ]
    more = ["--sensitivity", "dropout=0,30", "--sensitivity", "control_risk=-0.5,0", "--tornado"]
    assert run([*words, *more, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (results,) = [path for path in out.iterdir() if path.name == "results"]
    sizes = document["designs"][0]["points"][1]["reestimation"]
    assert {"re-estimation-sensitivity.png", "re-estimation-tornado.png"} <= {
        path.name for path in results.iterdir()
    }
    assert run(["report", str(out)]) == 0
    page = (out / "report.html").read_text()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Worst case: lowest power" in text
    assert "--sensitivity dropout=0,30 --sensitivity control_risk=-0.5,0 --tornado" in text
    assert page.count("<svg") == 6
    assert "Sample size re-estimation planned effect re-estimated, % increased, %" in text
    assert (
        f"{sizes['participants']['value']:.0f}" in text.split("Sample size re-estimation")[-1][:300]
    )
    assert "no dropout" in text
    assert "participants per year at first: 120 from month 0" in text
    assert [bar["path"] for bar in document["designs"][0]["tornado"]["bars"]]


def test_a_trial_with_a_trend_and_a_decision_states_the_outcome_of_both(tmp_path, capsys):
    design = tmp_path / "drifting.yaml"
    drift = (
        "calendar_trend: {value: 0.2, unit: log odds per 12 months, status: assumed, source: a "
        "guess, "
        "sweep: [-0.2, 0.4]}\n"
    )
    text = read_text(design_path("three-analyses")).replace("id: three-analyses", "id: drifting")
    text = text.replace("max_expected_participants: 550", "max_expected_participants: 100")
    design.write_text(text + drift)
    words = ["power", str(design), "--participants", "120", "--replicates", "40", "--sensitivity"]
    assert run([*words, "calendar_trend=-0.2,0.2", "--out", str(tmp_path / "study"), "--json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)["designs"]
    assert document["points"][0]["exact_unavailable"] == "there is a calendar-time trend"
    falling, planned = document["sensitivity"]["cells"]
    assert (
        falling["risk_control"]
        < planned["risk_control"]
        == (document["points"][1]["truth"]["risk_control"])
    )
    assert planned["power_difference"]["value"] == 0
    verdicts = {part["part"]: part for part in document["decision"]["parts"]}
    power, participants = verdicts["min_power_percent"], verdicts["max_expected_participants"]
    assert power["value"] == document["points"][1]["measures"]["rejection"]["value"]
    assert (power["verdict"], participants["verdict"]) == ("not met", "not met")
    assert participants["low"] > 100 == participants["threshold"]
    assert document["decision"]["verdict"] == "no-go"
    assert run(["report", str(tmp_path / "study")]) == 0
    page = (tmp_path / "study" / "report.html").read_text()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    for words in (
        "Calendar-time trend 0.2 log odds per 12 months in every replicate, both arms alike "
        "(assumed: a guess); -0.2, 0.2 log odds per 12 months in the grid",
        "Every 12 months of recruitment add 0.2 to the log odds in both arms.",
        "every 12 months add 0.2 to the log odds of participants",
        "calendar_trend 0.2 log odds per 12 months assumed, -0.2 to 0.4 a guess",
        "Decision rule of the design file: power &gt;= 80 %; maximum type I error &lt;= 3 %",
        "Decision: no-go.",
        "expected duration, months planned effect &lt;= 30",
        "No exact power: there is a calendar-time trend",
    ):
        assert words in text, words


def test_every_column_of_the_file_of_trials_is_explained():
    names = [field.name for field in fields(Outcomes)]
    assert all(
        words for _, words in dictionary_rows(["participants", "effect_percent", "trial", *names])
    )


def test_three_to_five_example_trials_are_reported(page, folder):
    sections = re.split(r"<h3>[\w-]+: example trials</h3>", page)[1:]
    assert len(sections) == 2
    table = pd.read_parquet(folder / "three-analyses.parquet")
    for section in sections:
        assert 3 <= section.count("% of the effect)</summary>") <= 5
    stop = re.search(r"Early stop for efficacy \(trial (\d+),", sections[0])
    row = table[(table.trial == int(stop[1])) & (table.effect_percent == 100)].iloc[0]
    assert row.rejected == 1
    assert row.analysis < 3
    assert f"<td>{row.z:.4f}</td>" in sections[0]


def test_a_study_of_an_older_program_is_refused(folder, tmp_path, capsys):
    other = tmp_path / "power"
    shutil.copytree(folder, other)
    document = json.loads((other / "power.json").read_text())
    document["schema"] = "pretese/power/1"
    (other / "power.json").write_text(json.dumps(document))
    assert run(["report", str(other)]) == EXIT_BAD_INPUT
    assert "its schema is" in capsys.readouterr().err


def test_a_file_of_trials_that_is_damaged_or_gone_is_named(folder, tmp_path, capsys):
    other = tmp_path / "power"
    shutil.copytree(folder, other)
    trials = other / "three-analyses.parquet"
    for damage in (lambda: trials.write_bytes(b"PAR1"), trials.unlink):
        damage()
        assert run(["report", str(other)]) == EXIT_BAD_INPUT
        assert f"{trials}: the file of replicates is damaged or missing" in capsys.readouterr().err
        assert not (other / "report.html").exists()


def test_a_trial_that_does_not_replay_is_refused(folder, tmp_path, capsys):
    other = tmp_path / "power"
    other.mkdir()
    for path in folder.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    document = json.loads((other / "power.json").read_text())
    (other / "power.json").write_text(json.dumps({**document, "seed": 4}))
    assert run(["report", str(other)]) == EXIT_BAD_INPUT
    assert "cannot be replayed" in capsys.readouterr().err
    design = other / "three-analyses.yaml"
    design.write_text(design.read_text().replace("participants: 600", "participants: 500"))
    assert run(["report", str(other)]) == EXIT_BAD_INPUT
    assert "changed since the simulation" in " ".join(capsys.readouterr().err.split())


def test_the_message_on_a_folder_without_a_study_states_what_to_do(tmp_path, capsys):
    assert run(["report", str(tmp_path)]) == EXIT_BAD_INPUT
    assert "run `pretese power DESIGN --out` first" in capsys.readouterr().err
    (tmp_path / "power.json").write_text("{")
    assert run(["report", str(tmp_path)]) == EXIT_BAD_INPUT
    assert "not valid JSON" in capsys.readouterr().err
