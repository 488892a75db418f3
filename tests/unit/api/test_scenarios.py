"""Scenarios of the public interface: the same bytes as the commands, and every option."""

import inspect
import subprocess
import sys

import pandas as pd
import pytest

import pretese
from pretese.cli import app, run
from pretese.plots.style import svg
from protocol.errors import InputError
from tests.support.output.folder_contents import hashes


def options_of(command):
    params = app.get_command(None, command).params
    return {param.name for param in params} - {"json", "as_json"}


def arguments_of(*functions):
    return {name for each in functions for name in inspect.signature(each).parameters} - {"self"}


def assert_same(table, stored):
    """Compare only values: a file has one kind of missing value."""
    dates = [name for name in stored if name.endswith("date")]
    stored = stored.astype(dict.fromkeys(dates, "datetime64[s]"))
    plain = [each.astype(object).where(each.notna(), None) for each in (table, stored)]
    pd.testing.assert_frame_equal(*plain, rtol=1e-9)


def test_a_cohort_is_written_as_the_command_writes_it(tmp_path):
    words = ["--patients", "30", "--replicates", "2", "--seed", "5", "--data-errors", "10"]
    change = ["--set", "fertility.willing_share=0.5", "--format", "parquet,csv"]
    assert run(["simulate", "paper", *words, *change, "--out", str(tmp_path / "a")]) == 0
    paper = pretese.scenario("paper", {"fertility.willing_share": 0.5})
    cohort = paper.simulate(patients=30, replicates=2, seed=5, data_errors=10)
    cohort.write(tmp_path / "b", ["csv", "parquet"])
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")


def test_the_tables_are_those_of_the_files(tmp_path):
    cohort = pretese.scenario("null").simulate(patients=25, replicates=2, data_errors=10)
    cohort.write(tmp_path / "x", "parquet", progress=False)
    for name in ("patients", "visits", "injections", "procedures", "operations", "cycles",
                 "transfers"):  # fmt: skip
        stored = pd.read_parquet(tmp_path / "x" / f"{name}.parquet")
        assert_same(getattr(cohort, name), stored)
    stored = pd.read_parquet(tmp_path / "x" / "truth" / "truth.parquet")
    assert_same(cohort.truth, stored)
    assert set(cohort.data_errors["study"]) == {1, 2}


def test_a_study_is_one_replicate(tmp_path):
    cohort = pretese.scenario("null").simulate(patients=25, replicates=3, data_errors=10)
    second = cohort.study(2)
    rows = cohort.patients.query("study == 2").drop(columns="study").reset_index(drop=True)
    pd.testing.assert_frame_equal(second.patients, rows, check_dtype=False)
    second.write(tmp_path / "x")
    stored = pd.read_csv(tmp_path / "x" / "truth" / "truth.csv")
    assert stored["patient_id"].tolist() == second.truth["patient_id"].tolist()
    assert second.to_dict()["first_study"] == 2
    assert second.study(1).to_dict() == second.to_dict()


def test_true_effects_are_those_of_the_command(tmp_path, capsys):
    file = tmp_path / "a.csv"
    assert run(["truth", "null", "--patients", "200", "--seed", "3", "--out", str(file)]) == 0
    capsys.readouterr()
    effects = pretese.scenario("null").truth(patients=200, seed=3)
    effects.write(tmp_path / "b.csv")
    assert file.read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert effects.to_frame() is effects.frame
    assert len(effects.to_dict()["effects"]) == len(effects.frame)
    assert "null" in effects.to_json()


def test_a_picture_is_the_one_that_the_command_writes(tmp_path):
    file = tmp_path / "one.svg"
    words = ["--patient-number", "3", "--seed", "2", "--out", str(file)]
    assert run(["picture", "patient", "paper", *words]) == 0
    figure = pretese.scenario("paper").plot("patient", patient_number=3, seed=2)
    assert svg(figure) == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "functions", "renamed"),
    [
        ("simulate", ("simulate", "write", "write_part", "worlds"),
         {"out": "folder", "worlds": "number"}),
        ("truth", ("truth", "effects"), {"out": "path"}),
        ("picture", ("plot",), {}),
    ],
)  # fmt: skip
def test_every_option_has_its_argument(command, functions, renamed):
    from pretese.api.simulation import cohorts, scenarios

    known = {
        "simulate": scenarios.Scenario.simulate, "write": cohorts.Cohort.write,
        "write_part": cohorts.Cohort.write_part,
        "worlds": scenarios.Scenario.simulate_worlds,
        "truth": scenarios.Scenario.truth, "effects": cohorts.TrueEffects.write,
        "plot": scenarios.Scenario.plot,
    }  # fmt: skip
    given = arguments_of(*(known[name] for name in functions))
    asked = {renamed.get(name, name) for name in options_of(command)}
    # A figure is saved by matplotlib; the scenario and its changes belong to `scenario`.
    assert asked - {"scenario", "changes"} - ({"out"} if command == "picture" else set()) <= given
    assert given - {"progress", "options"} <= asked  # options: those of `simulate`


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda paper: paper.simulate(patients=1), "patients: 1 is not allowed; give a whole"),
        (lambda paper: paper.simulate(patients=2.5), "patients: 2.5"),
        (lambda paper: paper.simulate(replicates=True), "replicates: true"),
        (lambda paper: paper.simulate(seed=-1), "seed: -1"),
        (lambda paper: paper.simulate(data_errors=101), "data_errors: 101"),
        (lambda paper: paper.simulate(data_errors="5"), "data_errors: '5' is not allowed"),
        (lambda paper: paper.simulate(patients=9).study(2), "number: 2 is not allowed"),
        (lambda paper: paper.simulate(patients=9).write("x", ["ods"]), "formats: 'ods'"),
        (lambda paper: paper.simulate(patients=9).write("x", []), "formats: none is given"),
        (lambda paper: paper.truth(patients=0), "patients: 0"),
        (
            lambda paper: paper.plot("tree"),
            "kind: 'tree' is not allowed; take one of: patient, cohort",
        ),
        (
            lambda paper: paper.plot("patient", patient_number=9999),
            "patient_number: there is no patient 9999",
        ),
        (lambda paper: pretese.scenario("papre"), "did you mean 'paper'"),
        (lambda paper: pretese.scenario(7), "scenario: 7 is not a name"),
        (lambda paper: pretese.scenario("paper", {"no.such": 1}), "changes: no.such: there is no"),
        (lambda paper: pretese.scenario("paper", {"no.such": "1"}), "no.such: '1' is not a number"),
    ],
)
def test_bad_arguments_are_named(tmp_path, monkeypatch, act, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        act(pretese.scenario("paper"))
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_command_names_its_options(capsys, tmp_path):
    words = ["simulate", "paper", "--set", "no.such=1", "--out", str(tmp_path / "x")]
    assert run(words) == 2
    assert "error: --set: no.such" in capsys.readouterr().err
    (tmp_path / "y").mkdir()
    (tmp_path / "y" / "mine").touch()
    assert run(["simulate", "paper", "--patients", "5", "--out", str(tmp_path / "y")]) == 2
    assert "error: --out: " in capsys.readouterr().err


def test_representations_are_short_and_compute_nothing():
    paper = pretese.scenario("paper")
    cohort = paper.simulate(patients=10_000_000, replicates=1_000_000)
    for each in (paper, cohort):
        assert len(repr(each)) <= 100
        assert "\n" not in repr(each)
    assert not cohort._built
    assert "fertility.willing_share" in set(paper.to_frame()["path"])
    assert paper.to_dict()["patients"] == 569
    small = paper.simulate(patients=5)
    assert small.to_frame() is small.patients
    assert "<table" in small._repr_html_()
    with pytest.raises(TypeError, match="data_errors=5"):
        _ = small.data_errors


@pytest.mark.parametrize(
    "command", ["simulate", "truth", "picture", "clinic", "reproduce", "calibrate"]
)
def test_help_loads_no_numerical_library(command):
    code = (
        "import sys; from pretese.cli import run; run([sys.argv[1], '--help']);"
        "heavy = {'numpy', 'pandas', 'scipy', 'matplotlib', 'pyarrow', 'statsmodels', 'simpy'};"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    asked = subprocess.run([sys.executable, "-c", code, command], capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr
