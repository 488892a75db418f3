"""Calibration records: protected by a hash, and checked against their scenario."""

import json
import shutil

import numpy as np
import pytest

from pretese.article.calibration.problem import pose
from pretese.article.calibration.store import write_calibration_record
from pretese.article.calibration.verdict import calibration_record
from pretese.article.published import load_published
from pretese.cli import run
from protocol.errors import InputError
from simulate.core.shipped import scenario_path
from simulate.scenario.calibration_record import parse_calibration_record, record_hash
from simulate.scenario.load import load, load_scenario
from simulate.scenario.parameter_paths import parameters

NAME = "spermatogenesis.treatment.direct"


@pytest.fixture
def mine(tmp_path):
    """A copy of a shipped scenario with a record of its own, and of the one that it extends."""
    (tmp_path / "calibration_records").mkdir()
    for name in ("paper", "literature-null"):
        source = scenario_path(name)
        shutil.copy(source, tmp_path)
        shutil.copy(
            source.parent / "calibration_records" / f"{name}.json", tmp_path / "calibration_records"
        )
    return tmp_path / "literature-null.yaml"


def record_of(scenario):
    return scenario.parent / "calibration_records" / f"{scenario.stem}.json"


def stored(scenario):
    file = record_of(scenario)
    return parse_calibration_record(file.read_text(encoding="utf-8"), file)


def changed(scenario, change, *, sealed):
    """Change the record of a scenario by hand; ``sealed`` gives it a new hash."""
    file = record_of(scenario)
    plain = json.loads(file.read_text(encoding="utf-8"))
    change(plain)
    if sealed:
        plain["record_sha256"] = record_hash(plain)
    file.write_text(json.dumps(plain), encoding="utf-8")


def test_shipped_records_are_unchanged():
    for name in ("paper", "literature-null"):
        assert stored(scenario_path(name)).scenario == name


def test_a_record_is_written_and_read_back(mine):
    record = stored(mine)
    write_calibration_record(record_of(mine), record)
    assert stored(mine) == record
    assert parameters(load_scenario(str(mine)))[NAME].value == record.parameters[NAME].value


def test_a_calibrated_scenario_can_be_loaded(mine):
    loaded = load(mine, need_record=False)
    problem = pose(loaded.unsolved, load_published(loaded.unsolved.published), loaded.free)
    drawn = [[1.1], [1.2], [1.3]]

    record = calibration_record(problem, problem.start, np.array([True]), np.array(drawn))
    write_calibration_record(record_of(mine), record)
    assert load_scenario(str(mine)).id == "literature-null"


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain["parameters"][NAME].update(value=1e308),
        lambda plain: plain["parameters"][NAME].update(value=0.15),
        lambda plain: plain["targets"].popitem(),
        lambda plain: plain.update(replicates=9000),
        lambda plain: plain.pop("record_sha256"),
        lambda plain: plain.update(record_sha256=None),
        lambda plain: plain.update(record_sha256=["a"]),
    ],
)
def test_a_record_changed_by_hand_is_refused(mine, change, capsys):
    changed(mine, change, sealed=False)
    with pytest.raises(InputError, match=r"record_sha256: .*run `pretese calibrate` again"):
        load_scenario(str(mine))
    assert run(["truth", str(mine), "--patients", "10"]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "message"),
    [(1e308, "1e\\+308"), (150.0, "cannot be"), ("high", "text"), (True, "true"), (None, "null")],
)
def test_a_value_outside_the_limits_of_its_parameter_is_refused(mine, value, message):
    changed(mine, lambda plain: plain["parameters"][NAME].update(value=value), sealed=True)
    with pytest.raises(InputError, match=message) as caught:
        load_scenario(str(mine))
    assert "literature-null.json" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000, '{"z": NaN}', "{}"])
def test_a_file_that_is_not_a_record_is_refused(mine, text):
    record_of(mine).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"literature-null\.json"):
        load_scenario(str(mine))


@pytest.mark.parametrize("studies", ["0", "1", "49", "-5", "1e9", "10000000", "nan", "many"])
def test_the_studies_of_a_check_are_bounded(capsys, studies):
    assert run(["calibrate", "literature-null", "--check", "--replicates", studies]) == 2
    assert "--replicates" in capsys.readouterr().err


def test_a_check_runs_with_the_minimum_number_of_studies(capsys):
    assert run(["calibrate", "literature-null", "--check", "--replicates", "50"]) == 0
    assert "(50 replicates)" in capsys.readouterr().out
