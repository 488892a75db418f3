"""Reproduction and calibration of the public interface: the same bytes, and every option."""

import inspect
import json
import shutil

import pytest

import pretese
from pretese.api.simulation.calibration import Calibration
from pretese.article.calibration import calibration_run
from pretese.article.run.reproduction_run import ReproductionRun
from pretese.cli import app, run
from protocol.errors import InputError
from simulate.core.shipped import scenario_path
from tests.support.output.folder_contents import hashes
from tests.support.output.without_figures import skip_figures


@pytest.fixture(scope="module")
def found():
    with pytest.MonkeyPatch.context() as patched:
        skip_figures(patched)
        return pretese.reproduce(replicates=4, seed=3, progress=False)


def test_a_reproduction_is_written_as_the_command_writes_it(found, tmp_path, capsys, monkeypatch):
    skip_figures(monkeypatch)
    words = ["--replicates", "4", "--seed", "3", "--workers", "1", "--json"]
    run(["reproduce", *words, "--out", str(tmp_path / "a")])
    assert found.to_dict()["comparison"] == json.loads(capsys.readouterr().out)
    found.write(tmp_path / "b")
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")


def test_a_folder_given_as_out_is_written_too(tmp_path, monkeypatch):
    skip_figures(monkeypatch)
    with_out = pretese.reproduce(replicates=3, seed=3, out=tmp_path / "a", progress=False)
    assert (tmp_path / "a" / "manifest.json").exists()
    assert isinstance(with_out.run, ReproductionRun)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine").touch()
    with pytest.raises(InputError, match=r"^out: "):
        pretese.reproduce(replicates=3, out=tmp_path / "b")


def test_the_representation_of_a_reproduction_is_short(found):
    assert len(repr(found)) <= 100
    assert found.to_frame().equals(found.comparison)
    assert bool(found.missed) == bool(found.verdict)
    assert found.plot("predictions").axes
    with pytest.raises(InputError, match="name: 'tree' is not allowed; take one of"):
        found.plot("tree")


def test_a_check_is_that_of_the_command(capsys):
    found = pretese.calibrate("literature-null", check=True, replicates=60, seed=4)
    code = run(["calibrate", "literature-null", "--check", "--replicates", "60", "--seed", "4"])
    assert code == (3 if found.missed else 0)
    shown = capsys.readouterr().out
    for row in found.targets.itertuples():
        assert f"{row.simulated:.4g}" in shown
    assert found.to_dict()["replicates"] == 60
    assert list(found.parameters["parameter"]) == ["spermatogenesis.treatment.direct"]
    assert len(repr(found)) <= 100
    with pytest.raises(InputError, match="only checked"):
        found.write()


def test_a_new_calibration_is_stored_when_it_is_written(tmp_path, monkeypatch):
    """The solver is tested elsewhere; here it returns the starting values."""
    (tmp_path / "calibration_records").mkdir()
    for name in ("paper", "literature-null"):
        shutil.copy(scenario_path(name), tmp_path)
    record = scenario_path("paper").parent / "calibration_records" / "paper.json"
    shutil.copy(record, tmp_path / "calibration_records")
    stored = pretese.calibrate("literature-null", check=True, replicates=50).record
    monkeypatch.setattr(calibration_run, "solve_problem", lambda problem, tell: (None, None, None))
    monkeypatch.setattr(calibration_run, "calibration_record", lambda *_: stored)
    file = tmp_path / "literature-null.yaml"
    found = pretese.calibrate(file)
    place = tmp_path / "calibration_records" / "literature-null.json"
    assert not place.exists()
    assert found.write() == place
    assert place.exists()
    name, target = next(iter(stored.targets.items()))
    far = stored.model_copy(update={"targets": {name: target.model_copy(update={"z": 9.0})}})
    missed = Calibration(found.loaded, far, is_new=True)
    with pytest.raises(InputError, match=f"targets are missed: {name}"):
        missed.write()


@pytest.mark.parametrize("check", [True, False])
def test_a_scenario_without_calibrated_numbers_is_refused(check):
    with pytest.raises(InputError, match="no calibrated parameter of its own"):
        pretese.calibrate("null", check=check)
    words = ["calibrate", "null", *(["--check"] if check else [])]
    assert run(words) == 2


@pytest.mark.parametrize(
    ("command", "function", "renamed"),
    [
        ("reproduce", "reproduce", {"name": "scenario", "with_bias_analysis": "bias_analysis"}),
        ("calibrate", "calibrate", {"only_check": "check"}),
    ],
)
def test_every_option_has_its_argument(command, function, renamed):
    given = set(inspect.signature(getattr(pretese, function)).parameters)
    if function == "calibrate":  # `--worlds` is a method of what it returns
        given |= set(inspect.signature(Calibration.ensemble).parameters)
    given -= {"progress", "self"}
    asked = {renamed.get(p.name, p.name) for p in app.get_command(None, command).params}
    assert given == asked - {"as_json"}


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: pretese.reproduce(replicates=1), "replicates: 1 is not allowed"),
        (lambda: pretese.reproduce(workers=0), "workers: 0 is not allowed"),
        (lambda: pretese.reproduce("papre"), "did you mean 'paper'"),
        (lambda: pretese.calibrate("paper", check=True, replicates=49), "replicates: 49"),
    ],
)
def test_bad_arguments_are_named(act, message):
    with pytest.raises(InputError) as caught:
        act()
    assert message in str(caught.value)
