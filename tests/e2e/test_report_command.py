"""`pretese report`: the page holds what was simulated, and its examples replay."""

import json
import re

import pandas as pd
import pytest

from pretese.cli import EXIT_BAD_INPUT, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("study") / "power"
    words = ["power", "three-looks", "minimisation-eight-sites", "--men", "300"]
    assert run([*words, "--replicates", "60", "--seed", "3", "--out", str(out), "--json"]) == 0
    return out / "results"


@pytest.fixture(scope="module")
def page(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    assert run(["report", str(folder), "--out", str(path)]) == 0
    return path.read_text()


def test_the_page_stands_alone(page):
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "<svg" in page
    assert "not a medical device" in page


def test_the_statement_gives_size_power_error_and_estimand(page):
    statements = re.findall(r'<p class="statement">(.*?)</p>', page, re.DOTALL)
    assert len(statements) == 2
    for words in ("With 300 men in all", "Monte Carlo standard error", "risk difference of any_sp"):
        assert words in statements[0]
    assert "Exact enumeration gives a power of" in statements[0]
    assert "Exact enumeration" not in statements[1]


def test_three_to_five_example_trials_are_told(page, folder):
    sections = page.split("<h3>Example trials</h3>")[1:]
    table = pd.read_parquet(folder / "three-looks.parquet")
    for section in sections:
        assert 3 <= section.count("% of the effect)</summary>") <= 5
    stop = re.search(r"It stops early for efficacy \(trial (\d+),", sections[0])
    row = table[(table.trial == int(stop[1])) & (table.effect_percent == 100)].iloc[0]
    assert row.rejected == 1
    assert row.look < 3
    assert f"<td>{row.z:.4f}</td>" in sections[0]


def test_a_trial_that_does_not_replay_is_refused(folder, tmp_path, capsys):
    other = tmp_path / "power"
    other.mkdir()
    for path in folder.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    document = json.loads((other / "power.json").read_text())
    (other / "power.json").write_text(json.dumps({**document, "seed": 4}))
    assert run(["report", str(other)]) == EXIT_BAD_INPUT
    assert "does not replay" in capsys.readouterr().err
    design = other / "three-looks.yaml"
    design.write_text(design.read_text().replace("men: 600", "men: 500"))
    assert run(["report", str(other)]) == EXIT_BAD_INPUT
    assert "changed after the trials" in " ".join(capsys.readouterr().err.split())


def test_a_folder_without_a_study_says_what_to_do(tmp_path, capsys):
    assert run(["report", str(tmp_path)]) == EXIT_BAD_INPUT
    assert "run `pretese power DESIGN --out` first" in capsys.readouterr().err
    (tmp_path / "power.json").write_text("{")
    assert run(["report", str(tmp_path)]) == EXIT_BAD_INPUT
    assert "not valid JSON" in capsys.readouterr().err
