"""Tables that cannot be analysed: one clear message, exit code 2, no output.

Tables that allow only part of a plan: the rest is labelled and explained.
"""

import importlib
import json

import numpy as np
import pandas as pd
import pytest

from pretese.cli import run

# Its first import draws a random number, which the guard would attribute to our code.
importlib.import_module("rich.style")

N = 120

PLAN = """
treatment: arm
outcome: won
covariates:
  age: numeric
  fsh: numeric
  ward: {categorical: [north, south]}
methods:
  [unadjusted, adjusted, firth, modified-poisson, iptw-ate, matching, g-computation, aipw, tmle]
missing: complete-case
subgroups: {ward: {by: ward}, older: {by: age, cut: "< 30"}}
splines: [fsh]
mediation: [ward]
"""

MICE = ("missing: complete-case", "missing: {method: mice, imputations: 2, iterations: 1}")


def patients():
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "arm": rng.integers(0, 2, N),
            "won": rng.integers(0, 2, N),
            "age": rng.integers(20, 45, N).astype(float),
            "ward": np.where(rng.random(N) < 0.5, "north", "south"),
            "fsh": rng.normal(18, 5, N).round(1),
        }
    )


def setting(**columns):
    """Return how to set whole columns."""
    return lambda table: table.assign(**columns)


def cell(column, value):
    """Return how to set one value."""

    def change(table):
        table[column] = table[column].astype(object)
        table.loc[3, column] = value
        return table

    return change


def analyse(folder, table, plan=PLAN, *words):
    folder.mkdir(exist_ok=True)
    path = folder / "patients.csv"
    if isinstance(table, bytes):
        path.write_bytes(table)
    else:
        table.to_csv(path, index=False)
    (folder / "plan.yaml").write_text(plan)
    return run(["analyse", str(path), "--plan", str(folder / "plan.yaml"), *words])


REFUSED = {
    "treatment constant": (setting(arm=1), "arm: the treatment is 1 for everyone"),
    "outcome constant": (setting(won=0), "won: the outcome is 0 for everyone"),
    "outcome 1 and 2": (lambda t: t.assign(won=t.won + 1), "won: the outcome holds 2; code it 0"),
    "outcome in words": (
        lambda t: t.assign(won=t.won.map({0: "low", 1: "high"})),
        "is not a number; code it 0 (no) and 1 (yes)",
    ),
    "no treatment known": (setting(arm=np.nan), "no patient is left to analyse (arm is miss"),
    "covariate empty": (setting(fsh=np.nan), "(fsh is missing: 120); fill the columns, leave"),
    "covariate constant": (setting(fsh=18.0), "fsh: it is the same for everyone; leave it out"),
    "covariate infinite": (cell("fsh", "inf"), "fsh: it holds inf; give finite measurements"),
    "covariate no measurement": (cell("fsh", 1e300), "fsh: it holds 1e+300"),
    "limit of detection": (cell("fsh", "<0.1"), "'<0.1' is not a number; write a number for what"),
    "decimal comma": (cell("fsh", "12,5"), "'12,5' is not a number; write a decimal point"),
    "text in a number": (cell("age", "old"), "age: 'old' is not a number; give numbers, or decl"),
    "unknown category": (cell("ward", "west"), "unknown category 'west'; declared levels: north"),
    "one category": (setting(ward="north"), "ward: it is the same for everyone"),
    "empty subgroup": (setting(age=np.arange(N) + 30.0), "age < 30: no patient is in it; choose"),
    "mediator missing": (lambda t: t.drop(columns="arm"), "arm: there is no such column; columns"),
    "covariate missing": (lambda t: t.drop(columns="fsh"), "fsh: there is no such column; columns"),
    "three rows": (lambda t: t.iloc[[0, 1, 3]].assign(arm=[0, 1, 1], won=[0, 1, 0], ward="north"),
                  "ward: it is the same for everyone"),
    "one arm": (lambda t: t[t.arm == 1], "arm: the treatment is 1 for everyone"),
    "no patients": (lambda t: t.head(0), "no patient is left to analyse (no row)"),
}  # fmt: skip


def refusal(capsys, code):
    assert code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    assert printed.err.count("error:") == 1
    return printed.err


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_a_table_that_cannot_be_analysed_is_refused(tmp_path, capsys, change, message):
    out = tmp_path / "out"
    output = refusal(capsys, analyse(tmp_path / "in", change(patients()), PLAN, "--out", str(out)))
    assert message in output
    assert not out.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"in"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (setting(fsh=np.nan), "patients.csv: fsh: every value is missing; leave it out"),
        (cell("fsh", "inf"), "patients.csv: fsh: it holds inf"),
        (setting(ward=None), "patients.csv: ward: every value is missing"),
    ],
)
def test_variables_that_cannot_be_imputed_are_refused(tmp_path, capsys, change, message):
    table = change(patients())
    table.loc[:4, "age"] = np.nan
    assert message in refusal(capsys, analyse(tmp_path, table, PLAN.replace(*MICE)))


def test_the_message_on_one_missing_value_is_singular(tmp_path, capsys):
    plan = PLAN.replace("complete-case", "none")
    output = refusal(capsys, analyse(tmp_path, cell("fsh", None)(patients()), plan))
    assert "fsh: 1 value is missing; plan `missing: mice`" in output


def test_all_faults_of_a_table_are_reported_at_once(tmp_path, capsys):
    table = patients().assign(won=7, fsh=18.0, ward="north")
    assert analyse(tmp_path, table) == 2
    output = capsys.readouterr().err
    assert all(f"patients.csv: {name}: " in output for name in ("won", "fsh", "ward"))


ESTIMABLE_IN_PART = {
    "collinear covariates": (
        lambda t: t.assign(fsh=2 * t.age + 1),
        {"unadjusted"},
        "fsh is a linear combination of the columns before it; leave it out of the covariates",
    ),
    "a column twice": (lambda t: t.assign(fsh=t.age), {"unadjusted"}, "fsh is a linear"),
    "fewer patients than coefficients": (
        lambda t: t.head(5).assign(
            arm=[0, 1, 1, 0, 1], won=[0, 1, 0, 1, 1], age=[25, 35, 28, 33, 31],
            ward=[*t.ward[:3], "north", "south"],
        ),
        {"unadjusted"},
        "5 patients are too few for a model of 5 coefficients",
    ),
    "outcome is treatment": (
        lambda t: t.assign(won=t.arm), {"unadjusted", "firth", "iptw-ate", "matching"},
        "treatment and covariates separate the outcome completely",
    ),
    "treatment by age": (
        lambda t: t.assign(arm=(t.age > 32) * 1),
        {"unadjusted", "adjusted", "firth", "modified-poisson", "g-computation"},
        "the covariates separate the arms completely (positivity",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "answered", "remark"), ESTIMABLE_IN_PART.values(), ids=ESTIMABLE_IN_PART
)
def test_what_cannot_be_estimated_is_labelled_and_explained(
    tmp_path, capsys, change, answered, remark
):
    assert analyse(tmp_path, change(patients()), PLAN, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    found = {each["method"] for each in answer["estimates"] if each["converged"]}
    assert found == answered
    assert all(each["estimate"] is None for each in answer["estimates"] if not each["converged"])
    assert any(remark in each for each in answer["remarks"])


def test_tables_and_figures_show_what_cannot_be_estimated(tmp_path, capsys):
    out = tmp_path / "out"
    table = patients().assign(arm=(patients().age > 32) * 1)
    assert analyse(tmp_path / "in", table, PLAN, "--out", str(out)) == 0
    assert "not estimable" in (out / "estimates.md").read_text()
    for name in ("effects", "splines", "propensity_odds_ratios"):
        assert (out / f"{name}.png").stat().st_size > 0
    assert "not estimable" in (out / "propensity_odds_ratios.svg").read_text()


def test_the_screen_states_why(tmp_path, capsys):
    assert analyse(tmp_path, patients().assign(fsh=patients().age)) == 0
    assert "Not estimable: fsh is a linear combination" in capsys.readouterr().out


def test_a_byte_that_is_not_text_is_located(tmp_path, capsys):
    output = refusal(capsys, analyse(tmp_path, b"arm,won\n1,M\x81ller\n"))
    assert "row 2: byte 11 is not UTF-8 text and not Windows-1252; save the file as UTF-8" in output


def test_an_empty_file_is_refused(tmp_path, capsys):
    assert "it is empty" in refusal(capsys, analyse(tmp_path, b""))
