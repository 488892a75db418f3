"""`pretese analyse` on data with unfamiliar column names."""

import importlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pretese.cli import run

# Its first import draws a random number, which the guard would attribute to our code.
importlib.import_module("rich.style")

R = Path(__file__).parents[2] / "reference" / "r"

PLAN = """
treatment: fivg_sugar
outcome: baby
covariates:
  woman age: numeric
  ward: {categorical: [north, south]}
methods: [unadjusted, adjusted, iptw-ate, matching, aipw]
missing: none
"""


@pytest.fixture
def clinic(tmp_path):
    rng = np.random.default_rng(3)
    n = 200
    table = pd.DataFrame(
        {
            "fivg_sugar": rng.integers(0, 2, n),
            "baby": rng.integers(0, 2, n),
            "woman age": rng.integers(20, 45, n),
            "ward": np.where(rng.random(n) < 0.5, "north", "south"),
            "notes": "nothing",
        }
    )
    table.to_csv(tmp_path / "clinic.csv", index=False)
    table.to_parquet(tmp_path / "clinic.parquet")
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path


def analyse(folder, *words, data="clinic.csv"):
    return run(["analyse", str(folder / data), "--plan", str(folder / "plan.yaml"), *words])


def refused(capsys, folder, **options):
    assert analyse(folder, **options) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    return printed.err


def test_standard_output_is_one_json_document(clinic, capsys):
    assert analyse(clinic, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    methods = dict.fromkeys(each["method"] for each in answer["estimates"])
    assert list(methods) == ["unadjusted", "adjusted", "iptw-ate", "matching", "aipw"]
    assert set(answer) >= {
        "estimates", "c_statistic", "balance", "missing", "versions", "plan_sha256", "data_sha256",
    }  # fmt: skip


def test_csv_and_parquet_give_the_same_estimates(clinic, capsys):
    answers = []
    for data in ("clinic.csv", "clinic.parquet"):
        assert analyse(clinic, "--json", data=data) == 0
        answers.append(json.loads(capsys.readouterr().out)["estimates"])
    assert answers[0] == answers[1]


def test_the_screen_shows_effects_and_the_disclaimer(clinic, capsys):
    assert analyse(clinic) == 0
    screen = capsys.readouterr().out
    assert "200 of 200 patients analysed" in screen
    assert "iptw-ate" in screen
    assert "not a medical device" in screen


def test_tables_and_figures_are_written_and_the_same_each_time(clinic, capsys):
    for out in ("first", "second"):
        assert analyse(clinic, "--out", str(clinic / out)) == 0
    names = {path.name for path in (clinic / "first").iterdir()}
    assert names >= {"analysis.json", "manifest.json", "flow.svg", "effects.png", "balance.svg"}
    for stem in ("estimates", "table1", "balance", "propensity_model"):
        assert names >= {f"{stem}.{ending}" for ending in ("csv", "md", "tex", "html")}
    for name in names:
        first, second = ((clinic / out / name).read_bytes() for out in ("first", "second"))
        assert first == second, name


def test_the_reference_cohort_gives_the_reference_values(tmp_path, capsys):
    reference = json.loads((R / "g04_iptw.json").read_text())["m_estimation"]["ATE"]
    (tmp_path / "plan.yaml").write_text(
        "treatment: therapy\noutcome: y\ncovariates: {age: numeric, dur: numeric, bmi: numeric, "
        "vol: numeric, dx: {categorical: [idiopathic, cryptorchidism, orchitis, azfc]}, "
        "lh: numeric, fsh: numeric, t: numeric, e2: numeric, prl: numeric}\n"
        "methods: [iptw-ate]\n"
    )
    data = R / "cohort542_full.csv"
    assert run(["analyse", str(data), "--plan", str(tmp_path / "plan.yaml"), "--json"]) == 0
    difference = json.loads(capsys.readouterr().out)["estimates"][0]
    assert difference["estimate"] == pytest.approx(reference["RD"], rel=1e-6)
    assert difference["std_error"] == pytest.approx(reference["RD_se_asympt"], rel=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("treatment: fivg_sugar", "treatment: fivf", "fivf: there is no such column; columns here"),
        ("ward: {categorical: [north, south]}", "ward: numeric", "th' is not a number; give"),
        ("[north, south]", "[north, east]", "unknown category 'south'; declared levels: north"),
        (
            "outcome: baby",
            "outcome: woman age",
            "`matching` is not available for a continuous outcome",
        ),
        ("methods: [unadjusted", "method: [unadjusted", "did you mean 'methods'?"),
        ("missing: none", "missing: [", "is not valid YAML"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(clinic, capsys, old, new, message):
    assert old in PLAN
    text = PLAN.replace(old, new)
    if "woman age" in new:
        text = text.replace("  woman age: numeric\n", "")
    (clinic / "plan.yaml").write_text(text)
    assert message in refused(capsys, clinic)


HEADER = b"fivg_sugar,baby,woman age,ward\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "there is no such file"),
        ("empty.csv", b"", "it is empty"),
        ("sheet.xlsx", b"PK", "it is a damaged archive"),
        ("sheet.ods", b"PK", "'.ods' is not read; give .csv, .tsv, .txt, .parquet"),
        ("latin.csv", b"fivg_sugar,baby\n1,\x81\n", "row 2: byte 18 is not UTF-8 text"),
        ("half.csv", HEADER + b'1,0,3,"4', "row 2: a quote is opened and not closed"),
        (
            "half.parquet",
            b"PAR1 and then nothing",
            "it is not a Parquet file, or its end is missing",
        ),
        ("semicolons.csv", b"a;b\n1;2\n", "no such column; columns here: a, b"),
        ("twice.csv", b"a,b,a\n1,2,3\n", "a: two columns have this name"),
        ("header.csv", HEADER, "no patient is left to analyse"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(clinic, capsys, name, content, message):
    if content is not None:
        (clinic / name).write_bytes(content)
    assert message in refused(capsys, clinic, data=name)


def test_nothing_is_written_when_the_data_are_bad(clinic, capsys):
    (clinic / "bad.csv").write_text("fivg_sugar,baby,woman age,ward\n1,2,30,north\n")
    assert analyse(clinic, "--out", str(clinic / "out"), data="bad.csv") == 2
    assert not (clinic / "out").exists()
