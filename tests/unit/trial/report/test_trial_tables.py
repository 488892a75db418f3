"""Trials in tables and files: all arrays are restored, one size and effect at a time."""

from dataclasses import MISSING, dataclass, fields, replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from pretese.trial.measures.trial_means import quantile_measure
from pretese.trial.power import trial_tables as table
from pretese.trial.power.additional_measures import additional_measures
from pretese.trial.power.trial_tables import Recorded, outcomes_of, table_of, write_trials
from pretese.trial.simulation.trial_results import Outcomes
from tests.unit.trial.design.test_alternatives import plain


def outcomes(count, start=0.0):
    names = [field.name for field in fields(Outcomes)]
    return Outcomes(**{n: start + k + np.arange(float(count)) for k, n in enumerate(names)})


def test_every_array_of_the_outcomes_is_restored():
    found = replace(outcomes(4), z=np.array([0.1, np.nan, -np.inf, 3.0]))
    back = outcomes_of(table_of((100, 0.5), 7, found))
    for field in fields(Outcomes):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(found, field.name))


def test_arrays_of_several_numbers_per_trial_are_restored(monkeypatch, tmp_path):
    @dataclass(frozen=True, slots=True)
    class Wide:
        z: np.ndarray
        endpoints: np.ndarray
        absent: np.ndarray | None = None

        @property
        def replicates(self):
            return self.z.size

    monkeypatch.setattr(table, "Outcomes", Wide)
    wide = Wide(np.arange(3.0), np.arange(6.0).reshape(3, 2))
    whole = table_of((10, 1.0), 0, wide)
    assert "absent" not in whole.column_names
    back = outcomes_of(whole.slice(1))
    np.testing.assert_array_equal(back.endpoints, [[2, 3], [4, 5]])
    assert back.absent is None
    pq.write_table(whole, tmp_path / "block.parquet")
    write_trials(Recorded([tmp_path / "block.parquet"]), tmp_path / "joined.parquet")
    joined = pq.read_table(tmp_path / "joined.parquet")
    assert joined["endpoints_2"].to_pylist() == [1, 3, 5]


def test_a_joined_file_has_separate_row_groups_for_each_point(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "GROUP", 4)
    points = [(100, 0.0), (100, 0.3), (200, 0.0)]
    paths = []
    for first, count in ((0, 5), (5, 2)):
        parts = [table_of(p, first, outcomes(count, 10 * k + first)) for k, p in enumerate(points)]
        path = tmp_path / f"{first}.parquet"
        with pq.ParquetWriter(path, parts[0].schema) as writer:
            for part in parts:
                writer.write_table(part)
        paths.append(path)
    read = Recorded(paths, 6)
    assert sorted(read) == points
    write_trials(read, tmp_path / "joined.parquet")
    joined = Recorded([tmp_path / "joined.parquet"])
    assert pq.read_metadata(tmp_path / "joined.parquet").num_row_groups == 2 * len(points)
    assert sorted(joined) == points
    for point in points:
        assert joined.table(point)["trial"].to_pylist() == list(range(6))
        np.testing.assert_array_equal(joined[point].z, read[point].z)
    assert joined[100, 0.3].analysis[0] == 10
    with pytest.raises(KeyError):
        joined[300, 0.0]


def test_the_error_of_a_quantile_is_that_of_repeated_runs():
    draws = np.random.default_rng(3).exponential(size=(400, 500))
    found = [quantile_measure(row, 0.9) for row in draws]
    value, error = (np.array([float(getattr(f, n)) for f in found]) for n in ("value", "mcse"))
    assert value.mean() == pytest.approx(np.log(10), abs=0.03)
    assert error.mean() == pytest.approx(value.std(ddof=1), rel=0.12)


def test_additional_measures_use_the_true_effect_on_the_scale():
    count = 2000
    draws = np.random.default_rng(4).normal(0.3, 0.1, count)
    needed = [field.name for field in fields(Outcomes) if field.default is MISSING]
    base = {name: np.ones(count) for name in needed}
    known = {
        "estimate": draws,
        "std_error": np.full(count, 0.1),
        "conf_low": draws - 0.196,
        "conf_high": draws + 0.196,
        "p_value": np.where(draws > 0.196, 0.01, 0.5),
        "target": np.full(count, 0.3),
    }
    found = Outcomes(**{**base, **known})
    document = additional_measures(plain(), found)
    assert document["truth_on_scale"] == pytest.approx(0.3)
    assert document["scale"] == "risk difference"
    got = document["measures"]
    assert abs(got["relative_bias"]["value"]) < 4 * got["relative_bias"]["mcse"]
    assert got["rmse"]["value"] == pytest.approx(0.1, abs=0.006)
    assert got["width"]["value"] == pytest.approx(0.392)
    assert got["type_m"]["value"] > 1
    conditional = plain(analysis={"method": "logistic", "strata": ["site"]})
    assert additional_measures(conditional, found)["truth_on_scale"] is None
