"""Output of `simulate --worlds` and `reproduce --worlds` over parameter sets."""

import json

import numpy as np
import pandas as pd
import pytest

from pretese.cli import run
from simulate.scenario.ensemble import ensemble_for
from simulate.scenario.load import load
from tests.support.output.folder_contents import hashes
from tests.support.output.without_figures import skip_figures


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory):
    out = tmp_path_factory.mktemp("worlds") / "cohorts"
    words = ["simulate", "paper", "--patients", "40", "--worlds", "3", "--out", str(out)]
    assert run(words) == 0
    return out


def test_each_cohort_is_simulated_at_the_numbers_of_its_set(cohorts):
    sets = ensemble_for(load("paper"), 3).changes
    values = pd.read_csv(cohorts / "parameter_sets.csv")
    assert len(values) == 3
    for index, changes in enumerate(sets):
        manifest = json.loads((cohorts / f"world-{index + 1:03d}" / "manifest.json").read_text())
        assert manifest["changed"] == pytest.approx(changes)
        for path in ("spermatogenesis.treatment.direct", "choice.hidden"):
            assert values.loc[index, path] == pytest.approx(changes[path], rel=1e-6)


def test_the_bands_are_those_of_the_cohorts(cohorts):
    shares = [
        100 * pd.read_csv(cohorts / f"world-{i:03d}" / "patients.csv")["micro_tese"].mean()
        for i in (1, 2, 3)
    ]
    row = pd.read_csv(cohorts / "bands.csv").set_index("column").loc["micro_tese"]
    expected = np.percentile(shares, [2.5, 50, 97.5])
    assert row[["low", "median", "high"]].tolist() == pytest.approx(expected, abs=0.01)


def test_the_same_call_writes_the_same_bytes_and_lists_what_is_transported(cohorts, tmp_path):
    again = tmp_path / "again"
    words = ["simulate", "paper", "--patients", "40", "--worlds", "3", "--out", str(again)]
    assert run(words) == 0
    assert hashes(again) == hashes(cohorts)
    manifest = json.loads((cohorts / "manifest.json").read_text())
    assert manifest["worlds"] == 3
    assert len(manifest["transported"]["numbers"]) >= 36


@pytest.mark.parametrize("option", [["--resume"], ["--part", "1/2"]])
def test_parts_of_several_sets_are_refused(option, tmp_path, capsys):
    out = tmp_path / "x"
    words = ["simulate", "paper", "--patients", "40", "--worlds", "3", "--out", str(out)]
    assert run([*words, *option]) == 2
    assert "give --worlds or this option" in " ".join(capsys.readouterr().err.split())
    assert not out.exists()


def test_a_reproduction_compares_over_sets(tmp_path, monkeypatch, capsys):
    skip_figures(monkeypatch)
    pages = []
    monkeypatch.setattr("pretese.article.run.reproduction_run.render_reproduction",
                        lambda *_, ensemble, **__: pages.append(ensemble) or "")  # fmt: skip
    out = tmp_path / "x"
    words = ["reproduce", "--replicates", "4", "--worlds", "2", "--workers", "1"]
    assert run([*words, "--out", str(out)]) in (0, 3)
    table = pd.read_csv(out / "parameter_sets.csv")
    assert {"calibrated to", "predicted"} <= set(table["status"])
    assert (table["band_low"] <= table["band_high"]).all()
    assert table["open_share"].dropna().between(0, 1).all()
    facts = json.loads((out / "manifest.json").read_text())
    assert facts["worlds"] == 2
    assert facts["command"].endswith("--worlds 2")
    assert facts["inputs_sha256"]["ensemble"] == ensemble_for(load("paper"), 2).sha256
    (chapter,) = pages
    assert (chapter["worlds"], chapter["studies"]) == (2, 2)
    assert 0 < chapter["after"] <= chapter["predicted"]
    shown = " ".join(capsys.readouterr().out.split())
    assert f"{chapter['after']} over all sets" in shown
