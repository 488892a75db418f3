"""`pretese power` as a user types it."""

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
    document = answer(capsys, "placebo-ufsh", "--men", "100")
    points = document["designs"][0]["points"]
    assert [(p["men"], p["effect_percent"]) for p in points] == [(100, 0.0), (100, 100.0)]
    for point in points:
        assert point["measures"]["rejection"]["n"] == 40
        assert point["measures"]["recruited"]["value"] == 100
        assert 0 < point["exact"]["power"] < 1
    assert points[0]["truth"]["risk_difference"]["value"] == 0


def test_the_page_has_the_numbers_of_the_document(capsys):
    assert run(["power", "three-looks", *SMALL]) == 0
    page = capsys.readouterr().out
    for words in (
        "exact power",
        "Looks, 600 men",
        "no effect",
        "Monte Carlo standard error",
        "Thresholds fixed in the design file, 600 men",
        "Decision: no-go. Type I error, greatest: about 125 trials would tell",
    ):
        assert words in page


def test_designs_are_compared_on_the_same_men(capsys):
    document = answer(capsys, "superiority-any-sperm", "superiority-retrieval-only", "--men", "300")
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
    words = ["superiority-any-sperm", "--solve", "0.5", "--effect", "50", "--out"]
    document = answer(capsys, *words, str(tmp_path / "power"))
    solved = document["designs"][0]["solve"]
    assert solved["low"] <= solved["men"] <= solved["high"]
    assert len(document["designs"][0]["assurance"]) == 1
    results = tmp_path / "power" / "results"
    name = "superiority-any-sperm"
    figures = {
        f"{f}.{end}" for f in ("power", f"{name}-zip", f"{name}-spread") for end in ("png", "svg")
    }
    tables = {"manifest.json", "power.json", f"{name}.parquet", f"{name}.yaml"}
    assert {path.name for path in results.iterdir()} == figures | tables
    trials = pd.read_parquet(results / f"{name}.parquet")
    assert len(trials) == 40 * 3
    assert json.loads((results / "power.json").read_text()) == document


def test_a_number_of_the_scenario_can_be_changed(capsys):
    plain = answer(capsys, "superiority-any-sperm", "--men", "100")
    words = ["superiority-any-sperm", "--men", "100", "--set"]
    nothing = answer(capsys, *words, "spermatogenesis.treatment.direct=0")
    effects = [
        next(p for p in d["designs"][0]["points"] if p["effect_percent"] == 100)["truth"]
        for d in (plain, nothing)
    ]
    assert effects[0] != effects[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["no-such-design"], "there is no such design"),
        (["three-look"], "did you mean 'three-looks'"),
        (["three-looks", "--solve", "1.5"], "between alpha and 1"),
        (["three-looks", "--set", "a"], "write it as in spermatogenesis"),
        (["three-looks", "--set", "no.such=1"], "no.such"),
        (["placebo-ufsh", "placebo-ufsh", "--men", "20"], "the same id"),
        ([], "Missing argument"),
        (["placebo-ufsh", "--men", "5"], "5 is not in the range"),
        (["placebo-ufsh", "--nuisance", "dropout"], "write it as in dropout=0,10,20"),
        (["placebo-ufsh", "--nuisance", "dropout=a"], "write PATH=NUMBER,NUMBER"),
        (["placebo-ufsh", "--nuisance", "dropout=0,120"], "dropout.control_percent"),
        (["placebo-ufsh", "--nuisance", "no.such=1"], "there is no such number"),
        (["re-estimation", "--nuisance", "drift=0.3"], "men of plain risks have no"),
        (["re-estimation", "--nuisance", "dropout=0", "--nuisance", "dropout=5"], "it came twice"),
        (["re-estimation", "--nuisance", "dropout=5,5"], "a value came twice"),
        (["re-estimation", "--set", "population.azfc=1"], "re-estimation has plain risks"),
        (["re-estimation", "--effect", "nan"], "give a finite number"),
    ],
)
def test_bad_input_is_one_message_and_exit_2(capsys, words, says):
    assert run(["power", *words, *SMALL]) == EXIT_BAD_INPUT
    out, err = capsys.readouterr()
    assert says in " ".join(err.split())
    assert "Traceback" not in err
    assert out == ""


def test_words_of_a_design_are_printed_as_they_stand(tmp_path, capsys):
    design = tmp_path / "plain.yaml"
    design.write_text(
        "id: plain\ntitle: 'FSH [IU/L] [/red]'\nquestion: '[bold]?'\nmen: 41\n"
        "risks: {control_percent: 30, treated_percent: 40}\n"
        "sites: [{name: one, at_months: [0], men_in_12_months: [60]}]\n"
        "endpoint: {known_after_months: 4}\n"
    )
    assert run(["power", str(design), *SMALL, "--tornado"]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "FSH [IU/L] [/red] (plain) [bold]?" in page
    assert "No exact rail: the size does not fill whole blocks." in page
    assert "No assumption was moved alone" in page


def test_a_stratum_whose_site_opens_too_late_is_refused(tmp_path, capsys):
    design = tmp_path / "late.yaml"
    design.write_text(
        "id: late\ntitle: late\nquestion: '?'\nmen: 40\n"
        "risks: {control_percent: 30, treated_percent: 40}\n"
        "sites:\n  - {name: one, at_months: [0], men_in_12_months: [60]}\n"
        "  - {name: two, at_months: [8], men_in_12_months: [60]}\n"
        "endpoint: {known_after_months: 4}\nanalysis: {method: mantel-haenszel, strata: [site]}\n"
    )
    assert run(["power", str(design), *SMALL]) == EXIT_BAD_INPUT
    assert "two: strata without men, who have all come by month 8.0" in capsys.readouterr().err
    design.write_text(design.read_text().replace("men: 40", "men: 44"))
    assert run(["power", str(design), *SMALL]) == 0
