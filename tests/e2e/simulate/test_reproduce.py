import json
import re
from pathlib import Path

import pandas as pd
import pytest

from pretese.cli import run
from simulate.scenario.load import load
from tests.support.output.folder_contents import hashes
from tests.support.output.transported import assert_shown
from tests.support.output.without_figures import skip_figures

WORDS = ("reproduce", "--replicates", "44", "--seed", "7")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "one"
    assert run([*WORDS, "--workers", "1", "--out", str(out)]) == 0
    return out


def test_other_blocks_and_another_time_zone_write_the_same_bytes_in_place_of_an_earlier_run(
    folder, tmp_path, monkeypatch
):
    """`tests/e2e/jobs/test_workers.py` distributes blocks to processes and kills them."""
    skip_figures(monkeypatch)
    out = tmp_path / "two"
    words = ["--workers", "1", "--replicates", "2", "--out", str(out)]
    assert run([*WORDS, *words]) in (0, 3)
    earlier = hashes(out)
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setattr("pretese.article.simulated.run_studies.BLOCK", 7)
    assert run([*WORDS, "--workers", "1", "--out", str(out)]) == 0
    found, whole = hashes(out), hashes(folder)
    for name in ("report.html", "manifest.json", "transported_numbers.csv"):
        del found[name]
    assert found.items() <= whole.items()
    assert "published_vs_simulated.csv" in found
    assert found["published_vs_simulated.csv"] != earlier["published_vs_simulated.csv"]


def test_another_seed_gives_other_studies_and_standard_output_holds_only_json(
    folder, tmp_path, capsys, monkeypatch
):
    skip_figures(monkeypatch)
    other = tmp_path / "other"
    words = ["reproduce", "--replicates", "2", "--seed", "8", "--out", str(other), "--json"]
    assert run(words) in (0, 3)
    rows = json.loads(capsys.readouterr().out)
    assert {"id", "published", "simulated_mean", "status"} <= set(rows[0])
    assert hashes(folder)["cohort/patients.csv"] != hashes(other)["cohort/patients.csv"]


def test_the_report_shows_source_and_target_populations_of_transported_numbers(folder):
    found = load("paper").transported
    assert_shown((folder / "report.html").read_text(), found)
    table = pd.read_csv(folder / "transported_numbers.csv")
    assert set(table["number"]) == {each.number for each in found.numbers}
    assert table[["from_population", "from_dose", "to_population", "to_dose"]].notna().all().all()


def test_the_comparison_covers_every_published_number(folder):
    table = pd.read_csv(folder / "published_vs_simulated.csv")
    by_status = table.groupby("status").size()
    assert by_status["calibrated to"] >= 80
    assert by_status["predicted"] >= 60
    assert table.loc[table["status"] == "not modelled", "note"].str.len().gt(10).all()
    modelled = table[table["status"] != "not modelled"]
    numbers = ["simulated_mean", "mcse", "low_2_5", "high_97_5", "percentile"]
    assert modelled[numbers].notna().all(axis=None)
    assert table.loc[table["status"] == "calibrated to", "agrees"].eq(True).all()


def test_the_manifest_lists_every_file_and_no_time_or_machine(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["files"]) == set(hashes(folder)) - {"manifest.json"}
    assert {name: h for name, h in hashes(folder).items() if name != "manifest.json"} == manifest[
        "files"
    ]
    assert str(Path.cwd()) not in json.dumps(manifest)


def test_the_report_is_one_file_that_needs_no_network(folder):
    page = (folder / "report.html").read_text()
    assert page.count("<svg") == 4
    links = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert links == []
    assert "not a medical device" in page


def test_the_simulated_cohort_is_documented(folder):
    dictionary = pd.read_csv(folder / "cohort" / "dictionary.csv", keep_default_na=False)
    for name, columns in dictionary.groupby("table")["column"]:
        drawn = pd.read_csv(folder / "cohort" / f"{name}.csv", nrows=1)
        assert list(drawn.columns) == list(columns)


def test_a_missed_target_is_named_and_gives_exit_code_3(tmp_path, capsys, monkeypatch):
    from dataclasses import replace

    from pretese.api.simulation import reproduction
    from simulate.scenario.load import load
    from simulate.scenario.parameter_paths import with_values
    from tests.support.paper import paper

    corrupted = with_values(paper(), {"spermatogenesis.treatment.direct": 2.0}, "test")
    loaded = replace(load("paper"), scenario=corrupted)
    monkeypatch.setattr(reproduction, "load", lambda name: loaded)
    skip_figures(monkeypatch)
    assert (
        run(["reproduce", "--replicates", "40", "--workers", "1", "--out", str(tmp_path / "x")])
        == 3
    )
    assert "by more than 3 Monte Carlo standard errors" in capsys.readouterr().err
    assert (tmp_path / "x" / "report.html").exists()


def test_the_bias_analysis_is_written_with_the_report_and_listed(tmp_path, monkeypatch):
    skip_figures(monkeypatch)
    out = tmp_path / "analysed"
    words = ["reproduce", "--bias-analysis", "--replicates", "3", "--seed", "7", "--workers", "1"]
    assert run([*words, "--out", str(out)]) in (0, 3)
    table = pd.read_csv(out / "bias-analysis.csv")
    simulated = table["scenarios"].notna()
    drawn_often_enough = simulated & table["value"].notna()
    assert table.loc[drawn_often_enough, "mcse"].notna().mean() > 0.9
    assert table["pitfall"].nunique() >= 15
    page = (out / "bias-analysis.html").read_text(encoding="utf-8")
    assert page.count("<h2") == table["pitfall"].nunique()
    assert "src=" not in page
    assert {"bias-analysis.html", "bias-analysis.md", "bias-analysis.csv"} <= set(
        json.loads((out / "manifest.json").read_text())["files"]
    )
