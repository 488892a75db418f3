import errno
import hashlib
import json
import os
import time
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
import rich.style  # noqa: F401  it draws a random number when it is first imported

from pretese.cli import run
from pretese.io.export import cohort_files
from pretese.io.export.formats import FORMATS
from pretese.io.export.streams import Stream
from simulate.cohort.draw import draw_cohort
from simulate.core.random_streams import CHUNK
from simulate.tables.study_tables import COLUMNS, SITE, tables
from tests.support.exported import assert_same_values, read_exact, read_stata
from tests.support.paper import paper


def simulate(out: Path, *words: str) -> Path:
    assert run(["simulate", "paper", "--out", str(out), *words]) == 0
    return out


@pytest.mark.parametrize("kind", ["csv", "parquet", "sav", "dta", "xpt"])
def test_all_tables_are_written_with_the_truth_in_its_own_folder(tmp_path, kind):
    out = simulate(tmp_path / "x", "--patients", "30", "--format", kind)
    described = {"datapackage.json"} if kind in ("csv", "parquet") else set()
    observed = {f"{name}.{kind}" for name in COLUMNS if name != "truth"}
    assert {path.name for path in out.iterdir()} == {
        *observed, *described, "truth", "dictionary.csv", "manifest.json",
    }  # fmt: skip
    assert {path.name for path in (out / "truth").iterdir()} == {f"truth.{kind}", *described}


def test_formats_can_be_listed(tmp_path):
    out = simulate(tmp_path / "x", "--patients", "30", "--format", "dataset-json, redcap,csv")
    assert {path.name for path in (out / "redcap").iterdir()} == {
        "data_dictionary.csv", "records.csv",
    }  # fmt: skip
    assert {path.name for path in (out / "dataset-json").iterdir()} == {
        "adsl.json", "adlb.json", "define.xml",
    }  # fmt: skip
    assert (out / "patients.csv").exists()
    assert json.loads((out / "manifest.json").read_text())["formats"] == [
        "csv", "redcap", "dataset-json",
    ]  # fmt: skip


def test_the_manifest_holds_the_hash_of_every_file(tmp_path):
    out = simulate(tmp_path / "x", "--patients", "30", "--format", "csv,parquet,dataset-json")
    listed = json.loads((out / "manifest.json").read_text())["files"]
    written = {p.relative_to(out).as_posix(): p for p in out.rglob("*") if p.is_file()}
    assert set(listed) == set(written) - {"manifest.json"}
    for name, digest in listed.items():
        assert hashlib.sha256(written[name].read_bytes()).hexdigest() == digest


def test_every_format_contains_the_same_values(tmp_path):
    out = simulate(
        tmp_path / "x", "--patients", "40", "--replicates", "3",
        "--format", "csv,parquet,sav,dta,xpt",
    )  # fmt: skip
    for name in COLUMNS:
        folder = out / "truth" if name == "truth" else out
        table = pd.read_parquet(folder / f"{name}.parquet")
        columns = [column.name for column in COLUMNS[name] if column != SITE]
        assert list(table.columns) == ["study", *columns]
        for found in (
            read_exact(folder / f"{name}.csv"),
            pyreadstat.read_sav(folder / f"{name}.sav")[0],
            read_stata(folder / f"{name}.dta", table),
            pyreadstat.read_xport(folder / f"{name}.xpt")[0],
        ):
            assert_same_values(found, table, name)


def test_written_values_equal_the_simulated_values(tmp_path, monkeypatch):
    monkeypatch.setattr(cohort_files, "SLICE", CHUNK)
    patients = CHUNK + 300
    out = simulate(
        tmp_path / "x", "--patients", str(patients), "--format", "parquet", "--seed", "5"
    )
    for name, table in tables(draw_cohort(paper(), 5, patients=patients), exact_days=False).items():
        folder = out / "truth" if name == "truth" else out
        assert_same_values(pd.read_parquet(folder / f"{name}.parquet"), table, name)


def test_the_dictionary_gives_unit_and_ucum_code(tmp_path):
    out = simulate(tmp_path / "x", "--patients", "30")
    listed = pd.read_csv(out / "dictionary.csv", keep_default_na=False)
    fsh = listed.query("table == 'visits' and column == 'fsh_iu_l'").iloc[0]
    assert (fsh["unit"], fsh["ucum"]) == ("IU/L", "[IU]/L")


def test_the_same_call_gives_the_same_bytes_anywhere(tmp_path, monkeypatch):
    words = ("--patients", "25", "--replicates", "2", "--format", ",".join(FORMATS))
    here = simulate(tmp_path / "a", *words)
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    there = simulate(tmp_path / "b", *words)
    monkeypatch.undo()
    time.tzset()
    files = [path for path in here.rglob("*") if path.is_file()]
    assert len(files) > 30
    for path in files:
        assert path.read_bytes() == (there / path.relative_to(here)).read_bytes(), path


def test_a_run_replaces_an_earlier_one(tmp_path):
    simulate(tmp_path / "x", "--patients", "30", "--format", "parquet")
    out = simulate(tmp_path / "x", "--patients", "30", "--format", "csv")
    assert not list(out.rglob("*.parquet"))


def test_a_number_can_be_replaced(tmp_path):
    out = simulate(
        tmp_path / "x", "--patients", "400",
        "--set", "spermatogenesis.treatment.direct=0",
        "--set", "spermatogenesis.treatment.long_infertility=0",
    )  # fmt: skip
    truth = pd.read_csv(out / "truth" / "truth.csv")
    assert (truth["any_sperm_treated"] == truth["any_sperm_untreated"]).all()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--set", "effect=0"], "there is no such number"),
        (["--set", "fertility.miscarriage"], "is not understood; write it as in spermatogenesis"),
        (["--set", "fertility.miscarriage=low"], "'low' is"),
        (["--set", "physiology.hcg_response.0.share=-1"], "not a probability"),
        (["--patients", "1"], "--patients"),
        (["--format", "ods"], "'ods' is not one of 'csv', 'parquet', 'sav'"),
        (["--format", "csv,,sav"], "'' is not one of"),
        (["--format", ""], "--format"),
        (
            ["--patients", "100001", "--format", "csv,sav"],
            "--format: sav: 100,001 patients are too many",
        ),
        (
            ["--patients", "60000", "--replicates", "2", "--format", "redcap"],
            "120,000 patients",
        ),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_written(tmp_path, capsys, words, expected):
    out = tmp_path / "x"
    assert run(["simulate", "paper", "--out", str(out), *words]) == 2
    assert expected in capsys.readouterr().err
    assert not out.exists()


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path, capsys, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Stream, "write", full)
    out = tmp_path / "x"
    assert run(["simulate", "paper", "--out", str(out), "--patients", "30"]) == 2
    message = capsys.readouterr().err
    assert "No space left on device" in message
    assert "Traceback" not in message
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_leaves_the_earlier_result_as_it_was(tmp_path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    out = simulate(tmp_path / "x", "--patients", "30")
    before = (out / "manifest.json").read_bytes()
    monkeypatch.setattr(Stream, "write", interrupted)
    assert run(["simulate", "paper", "--out", str(out), "--patients", "40"]) == 130
    assert (out / "manifest.json").read_bytes() == before
    assert list(tmp_path.iterdir()) == [out]


def test_data_errors_are_requested_in_percent_and_labelled_apart(tmp_path):
    out = simulate(tmp_path / "x", "--patients", "200", "--data-errors", "10")
    labels = pd.read_csv(out / "truth" / "truth_data_errors.csv")
    spelt = labels.query("kind == 'spelling'")
    assert 8 <= len(spelt) <= 35
    patients = pd.read_csv(out / "patients.csv").drop_duplicates("patient_id")
    found = patients.set_index("patient_id").loc[spelt["patient_id"], "diagnosis"]
    assert found.tolist() == spelt["corrupted"].tolist()
    assert json.loads((out / "manifest.json").read_text())["data_errors_percent"] == 10


@pytest.mark.parametrize("more", [["101"], ["5", "--format", "fhir"]])
def test_impossible_data_errors_are_refused(tmp_path, capsys, more):
    words = ["--out", str(tmp_path / "x"), "--data-errors", *more]
    assert run(["simulate", "paper", *words]) == 2
    assert "--data-errors" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_exact_days_are_those_of_the_regimen_and_change_no_result(tmp_path):
    dated = simulate(tmp_path / "x", "--patients", "60")
    exact = simulate(tmp_path / "y", "--patients", "60", "--exact-days")
    for name in ("patients", "visits", "transfers"):
        one, other = (pd.read_csv(out / f"{name}.csv") for out in (dated, exact))
        kept = [each for each in other if each not in ("day", "enrolled_day")]
        pd.testing.assert_frame_equal(one[kept], other[kept])
    assert set(pd.read_csv(exact / "visits.csv")["day"]) == {0, 30, 60, 90}
    assert "date" not in pd.read_csv(exact / "visits.csv")
    visits = pd.read_csv(dated / "visits.csv", parse_dates=["date"])
    assert visits["date"].dt.day_of_week.max() <= 4
    assert visits["time"].between("08:00", "16:55").all()
    done = pd.read_csv(dated / "procedures.csv").pivot_table(
        index="patient_id", columns="procedure", values="day"
    )
    for later in ("micro-TESE", "ICSI"):
        assert not (done[later] <= done["semen analysis"]).any()
    truth = [(out / "truth" / "truth.csv").read_bytes() for out in (dated, exact)]
    assert truth[0] == truth[1]
