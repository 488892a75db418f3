import hashlib
from pathlib import Path

import pandas as pd
import pytest

from pretese.cli import run
from simulate.tables import COLUMNS


def simulate(out: Path, *words: str) -> Path:
    assert run(["simulate", "paper", "--out", str(out), *words]) == 0
    return out


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_all_tables_are_written(tmp_path, kind):
    out = simulate(tmp_path / "x", "--men", "30", "--format", kind)
    assert {path.name for path in out.iterdir()} == {
        *(f"{name}.{kind}" for name in COLUMNS), "dictionary.csv", "manifest.json",
    }  # fmt: skip


def test_csv_and_parquet_hold_the_same_values(tmp_path):
    text = simulate(tmp_path / "csv", "--men", "40", "--replicates", "3")
    binary = simulate(
        tmp_path / "parquet", "--men", "40", "--replicates", "3", "--format", "parquet"
    )
    for name in COLUMNS:
        from_text = pd.read_csv(
            text / f"{name}.csv", keep_default_na=name != "visits", float_precision="round_trip"
        )
        from_binary = pd.read_parquet(binary / f"{name}.parquet")
        assert list(from_text.columns) == ["study", *(c.name for c in COLUMNS[name])]
        for column in from_binary:
            if from_binary[column].dtype == object:
                assert from_text[column].astype(str).tolist() == from_binary[column].tolist()
            else:
                ours = pd.to_numeric(from_text[column]).to_numpy(float, na_value=float("nan"))
                theirs = from_binary[column].to_numpy(float, na_value=float("nan"))
                assert ours == pytest.approx(theirs, rel=0, abs=0, nan_ok=True), (name, column)


def test_the_same_call_gives_the_same_bytes(tmp_path):
    first, second = (simulate(tmp_path / name, "--men", "25", "--replicates", "2") for name in "ab")
    for path in first.iterdir():
        other = second / path.name
        assert (
            hashlib.sha256(path.read_bytes()).digest()
            == hashlib.sha256(other.read_bytes()).digest()
        )


def test_a_number_can_be_replaced(tmp_path):
    out = simulate(
        tmp_path / "x", "--men", "400",
        "--set", "spermatogenesis.treatment.direct=0",
        "--set", "spermatogenesis.treatment.long_infertility=0",
    )  # fmt: skip
    truth = pd.read_csv(out / "truth.csv")
    assert (truth["any_sperm_treated"] == truth["any_sperm_untreated"]).all()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--set", "effect=0"], "there is no such number"),
        (["--set", "fertility.miscarriage"], "there is no `=`"),
        (["--set", "fertility.miscarriage=low"], "'low' is no number"),
        (["--set", "fertility.miscarriage=-1"], "no probability"),
        (["--men", "1"], "--men"),
        (["--format", "xlsx"], "--format"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_written(tmp_path, capsys, words, expected):
    out = tmp_path / "x"
    assert run(["simulate", "paper", "--out", str(out), *words]) == 2
    assert expected in capsys.readouterr().err
    assert not out.exists()
