"""`pretese power` from the command line."""

import json

import pandas as pd
import pytest

from pretese.cli import run
from pretese.screen.endings import EXIT_BAD_INPUT

SMALL = ["--replicates", "40"]


def answer(capsys, *words):
    assert run(["power", *words, *SMALL, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_json_is_one_document_with_power_and_size_and_their_errors(capsys):
    document = answer(capsys, "placebo-ufsh", "--participants", "100")
    points = document["designs"][0]["points"]
    assert [(p["participants"], p["effect_percent"]) for p in points] == [(100, 0.0), (100, 100.0)]
    for point in points:
        assert point["measures"]["rejection"]["n"] == 40
        assert point["measures"]["recruited"]["value"] == 100
        assert 0 < point["exact"]["power"] < 1
    assert points[0]["truth"]["risk_difference"]["value"] == 0


def test_the_page_has_the_numbers_of_the_document(capsys):
    assert run(["power", "three-analyses", *SMALL]) == 0
    page = capsys.readouterr().out
    for words in (
        "exact probability of rejection",
        "Analyses, 600 participants",
        "none",
        "Monte Carlo standard error",
        "Decision rule of the design file, 600 participants",
        "Decision: inconclusive. Power: inconclusive; more replicates may not settle it.",
    ):
        assert words in page


def test_designs_are_compared_on_the_same_participants(capsys):
    document = answer(
        capsys, "superiority-any-sperm", "superiority-retrieval-only", "--participants", "300"
    )
    paired = {row["effect_percent"]: row for row in document["paired"]}
    assert set(paired) == {0.0, 100.0}
    assert paired[100.0]["power_difference"]["value"] < 0
    powers = [
        next(p for p in d["points"] if p["effect_percent"] == 100)["measures"]["rejection"]["value"]
        for d in document["designs"]
    ]
    assert paired[100.0]["power_difference"]["value"] == pytest.approx(
        powers[1] - powers[0], abs=0.03
    )


def test_a_curve_a_size_and_every_trial_are_written(capsys, tmp_path):
    words = ["superiority-any-sperm", "--target-power", "0.8", "--effect", "100", "--out"]
    document = answer(capsys, *words, str(tmp_path / "power"))
    solved = document["designs"][0]["sample_size_search"]
    assert solved["low"] <= solved["participants"] <= solved["high"]
    assert len(document["designs"][0]["assurance"]) == 1
    results = tmp_path / "power" / "results"
    name = "superiority-any-sperm"
    figures = {
        f"{f}.{end}"
        for f in ("power", f"{name}-zip", f"{name}-distribution")
        for end in ("png", "svg")
    }
    tables = {"manifest.json", "power.json", f"{name}.parquet", f"{name}.yaml"}
    assert {path.name for path in results.iterdir()} == figures | tables
    trials = pd.read_parquet(results / f"{name}.parquet")
    assert len(trials) == 40 * 3
    assert json.loads((results / "power.json").read_text()) == document


def test_a_number_of_the_scenario_can_be_changed(capsys):
    plain = answer(capsys, "superiority-any-sperm", "--participants", "100")
    words = ["superiority-any-sperm", "--participants", "100", "--set"]
    nothing = answer(capsys, *words, "spermatogenesis.treatment.direct=0")
    effects = [
        next(p for p in d["designs"][0]["points"] if p["effect_percent"] == 100)["truth"]
        for d in (plain, nothing)
    ]
    assert effects[0] != effects[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["no-such-design"], "there is no such design"),
        (["three-analysis"], "did you mean 'three-analyses'"),
        (["three-analyses", "--target-power", "1.5"], "between alpha and 1"),
        (["three-analyses", "--set", "a"], "write it as in spermatogenesis"),
        (["three-analyses", "--set", "no.such=1"], "no.such"),
        (["placebo-ufsh", "placebo-ufsh", "--participants", "20"], "the same id"),
        ([], "Missing argument"),
        (["placebo-ufsh", "--participants", "5"], "5 is not in the range"),
        (["placebo-ufsh", "--sensitivity", "dropout"], "write it as in dropout=0,10,20"),
        (["placebo-ufsh", "--sensitivity", "dropout=a"], "write PATH=NUMBER,NUMBER"),
        (["placebo-ufsh", "--sensitivity", "dropout=0,120"], "dropout.control_percent"),
        (["placebo-ufsh", "--sensitivity", "no.such=1"], "there is no such number"),
        (
            ["re-estimation", "--sensitivity", "calendar_trend=0.3"],
            "fixed event rates go without",
        ),
        (
            ["re-estimation", "--sensitivity", "dropout=0", "--sensitivity", "dropout=5"],
            "it is repeated",
        ),
        (["re-estimation", "--sensitivity", "dropout=5,5"], "a value is repeated"),
        (["re-estimation", "--set", "population.azfc=1"], "re-estimation has fixed event rates"),
        (["re-estimation", "--effect", "nan"], "give a finite number"),
    ],
)
def test_bad_input_is_one_message_and_exit_2(capsys, words, message):
    assert run(["power", *words, *SMALL]) == EXIT_BAD_INPUT
    out, err = capsys.readouterr()
    assert message in " ".join(err.split())
    assert "Traceback" not in err
    assert out == ""


def test_texts_of_a_design_are_printed_unchanged(tmp_path, capsys):
    design = tmp_path / "plain.yaml"
    design.write_text(
        "id: plain\ntitle: 'FSH [IU/L] [/red]'\nquestion: '[bold]?'\nparticipants: 41\n"
        "risks: {control_percent: 30, treated_percent: 40}\n"
        "sites: [{name: one, from_month: [0], recruitment_per_year: [60]}]\n"
        "endpoint: {endpoint_month: 4}\n"
    )
    assert run(["power", str(design), *SMALL, "--tornado"]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "FSH [IU/L] [/red] (plain) [bold]?" in page
    assert "No exact power: the sample size does not fill whole blocks." in page
    assert "No assumption was varied: none has a range" in page


def test_a_stratum_whose_site_opens_too_late_is_refused(tmp_path, capsys):
    design = tmp_path / "late.yaml"
    design.write_text(
        "id: late\ntitle: late\nquestion: '?'\nparticipants: 40\n"
        "risks: {control_percent: 30, treated_percent: 40}\n"
        "sites:\n  - {name: one, from_month: [0], recruitment_per_year: [60]}\n"
        "  - {name: two, from_month: [8], recruitment_per_year: [60]}\n"
        "endpoint: {endpoint_month: 4}\nanalysis: {method: mantel-haenszel, strata: [site]}\n"
    )
    assert run(["power", str(design), *SMALL]) == EXIT_BAD_INPUT
    assert "two: opens after recruitment ends in month 8.0" in capsys.readouterr().err
    design.write_text(design.read_text().replace("participants: 40", "participants: 44"))
    assert run(["power", str(design), *SMALL]) == 0
