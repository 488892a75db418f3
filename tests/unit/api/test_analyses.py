"""`pretese.plan` and `pretese.analyse`: the same answers as the command gives."""

import importlib
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import pretese as pt
from pretese.api.analysis.analysis_result import ESTIMATE_COLUMNS
from pretese.cli import run

# It draws a random number when it is first imported, which the guard would attribute to this
# program.
importlib.import_module("rich.style")

PLAN = {
    "treatment": "therapy",
    "outcome": "sperm",
    "covariates": {"age": "numeric", "site": {"categorical": ["north", "south"]}},
    "methods": ["unadjusted", "adjusted", "iptw-ate"],
    "subgroups": {"age group": {"by": "age", "cut": "< 35"}},
    "missing": "none",
}

PLAN_TEXT = """
treatment: therapy
outcome: sperm
covariates:
  age: numeric
  site: {categorical: [north, south]}
methods: [unadjusted, adjusted, iptw-ate]
subgroups: {age group: {by: age, cut: "< 35"}}
missing: none
"""


@pytest.fixture(scope="module")
def patients():
    rng = np.random.default_rng(11)
    n = 160
    age = rng.integers(24, 46, n)
    therapy = rng.random(n) < np.where(age < 35, 0.6, 0.4)
    return pd.DataFrame(
        {
            "therapy": therapy.astype(int),
            "sperm": (rng.random(n) < 0.3 + 0.2 * therapy).astype(int),
            "age": age,
            "site": np.where(rng.random(n) < 0.5, "north", "south"),
        }
    )


@pytest.fixture(scope="module")
def folder(patients, tmp_path_factory):
    place = tmp_path_factory.mktemp("analysis")
    patients.to_csv(place / "patients.csv", index=False)
    (place / "plan.yaml").write_text(PLAN_TEXT)
    return place


@pytest.fixture(scope="module")
def found(folder):
    return pt.analyse(str(folder / "patients.csv"), folder / "plan.yaml")


def words(folder, *more):
    return ["analyse", str(folder / "patients.csv"), "--plan", str(folder / "plan.yaml"), *more]


def test_the_document_is_that_of_the_command(found, folder, capsys):
    assert run(words(folder, "--json")) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == found.to_dict()
    assert printed == found.to_json() + "\n"


def test_text_equals_the_output_of_the_command(found, folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert run(words(folder)) == 0
    assert capsys.readouterr().out == str(found)


def test_written_files_equal_those_of_the_command(found, folder):
    assert run(words(folder, "--out", str(folder / "command"))) == 0
    found.write(folder / "interface")
    files = {path.name: path.read_bytes() for path in (folder / "command").iterdir()}
    assert {"analysis.json", "table1.csv", "balance.html", "effects.svg", "manifest.json"} <= set(
        files
    )
    assert {path.name: path.read_bytes() for path in (folder / "interface").iterdir()} == files


def test_a_data_frame_gives_the_numbers_of_its_file(found, patients):
    again = pt.analyse(patients.sample(frac=1, random_state=1).sort_index(), PLAN, progress=False)
    pd.testing.assert_frame_equal(again.estimates, found.estimates)
    assert again.to_dict()["data_sha256"] is None
    assert found.to_dict()["data_sha256"] is not None


@pytest.mark.parametrize("kind", ["Int64", "boolean", "float64", "category", "object"])
def test_every_dtype_of_a_column_means_the_same(found, patients, kind):
    table = patients.assign(therapy=patients["therapy"].astype(kind))
    again = pt.analyse(table, PLAN, progress=False)
    pd.testing.assert_frame_equal(again.estimates, found.estimates)


def test_estimates_are_tidy(found):
    table = found.estimates
    assert tuple(table.columns) == ESTIMATE_COLUMNS
    unadjusted = table[table["method"] == "unadjusted"].set_index("scale")
    risk = found.to_dict()["arms"]
    difference = risk["treated"]["risk"] - risk["untreated"]["risk"]
    assert unadjusted.loc["risk difference", "estimate"] == pytest.approx(difference)
    assert (table["conf_low"] < table["estimate"]).all()


def test_balance_table1_and_subgroups_have_their_rows(found):
    balance = found.balance
    assert set(balance["method"]) == {"unadjusted", "iptw-ate"}
    assert len(balance[balance["method"] == "unadjusted"]) == 3
    assert "age" in found.table1.iloc[:, 0].to_string()
    groups = found.subgroups
    assert list(groups["group"]) == ["age < 35", "age ≥ 35"]
    assert groups[["untreated_patients", "treated_patients"]].to_numpy().sum() == 160
    assert groups["reri_estimate"].isna().tolist() == [True, False]


def test_figures_are_drawn_by_name(found):
    assert {"flow", "effects", "balance", "subgroups"} <= set(found.figures)
    assert found.plot("subgroups").axes
    with pytest.raises(pt.InputError, match=r"no figure 'efects'.*choose one of: flow, effects"):
        found.plot("efects")


def test_the_page_holds_every_table_and_loads_nothing(found):
    page = found.to_html()
    assert page.count("<caption>") == 11
    assert "160 of 160 patients analysed" in page
    assert "http" not in page


def test_names_from_a_table_are_escaped_in_the_page(patients):
    table = patients.rename(columns={"age": "<b>age"})
    plan = {**PLAN, "covariates": {"<b>age": "numeric"}, "subgroups": {}}
    assert "<b>age" not in pt.analyse(table, plan, progress=False).to_html()


def test_representations_are_one_short_line(found):
    for shown in (found, pt.plan(PLAN)):
        assert "\n" not in repr(shown)
        assert len(repr(shown)) <= 100
    long = pt.plan({"treatment": "t" * 200, "outcome": "y", "methods": ["unadjusted"]})
    assert len(repr(long)) <= 100
    assert "<table" in found._repr_html_()


def test_a_written_plan_is_read_back_unchanged(folder):
    plan = pt.plan(folder / "plan.yaml")
    assert plan.methods == ("unadjusted", "adjusted", "iptw-ate")
    again = pt.plan(plan.to_dict())
    assert again.spec == plan.spec
    assert again.to_dict() == plan.to_dict()
    assert pt.plan(plan) is plan


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({**PLAN, "methods": ["unadjustd"]}, "did you mean 'unadjusted'"),
        ({"treatment": "a"}, "outcome"),
        (3, "int is not a plan.*give a YAML file, or a mapping"),
        ({**PLAN, "seed": object()}, "object has no form in JSON"),
    ],
)
def test_a_faulty_plan_is_refused(plan, message):
    with pytest.raises(pt.InputError, match=message):
        pt.plan(plan)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="age"), "age: there is no such column"),
        (lambda t: t.assign(age="old"), "age: .*'old'"),
        (lambda t: t.assign(age=pd.Timestamp("2026-01-01")), "age: it holds dates or times"),
        (lambda t: t.assign(age=[[1]] * len(t)), "age: it holds values that are not numbers"),
        (lambda t: t.assign(therapy=2), "therapy"),
        (lambda t: t.rename(columns={"site": "age"}), "two columns have this name"),
        (lambda t: t.to_dict(), "dict is not a table of patients"),
        (lambda t: "none.csv", "there is no such file"),
    ],
)
def test_a_faulty_table_is_refused(patients, change, message):
    with pytest.raises(pt.InputError, match=message):
        pt.analyse(change(patients), PLAN, progress=False)


def test_assumptions_about_a_table_are_reported_and_kept(patients):
    table = patients.assign(sperm=np.where(patients["sperm"] == 1, "true", "false"))
    table = pd.concat([table, pd.DataFrame([{}])])
    output = []
    found = pt.analyse(table, PLAN, progress=False, on_assumption=output.append)
    assert output == ["sperm: true and false are read as 1 and 0", "1 blank row is skipped"]
    assert found.to_dict()["data_assumptions"] == output
    assert "160 of 160 patients" in repr(found)


def test_help_of_the_command_loads_no_numerical_library():
    code = (
        "import sys; from pretese.cli import run; run(['analyse', '--help']); "
        "run(['recover', '--help']); "
        "print([m for m in ('numpy', 'pandas', 'scipy', 'matplotlib', 'pyarrow', 'statsmodels') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
