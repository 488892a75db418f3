"""A clinic's own table: names with blanks and brackets, gaps, categories called 1, 2, 3."""

import json

import numpy as np
import pandas as pd
import pytest

from pretese.cli import run

NAMES = {
    "age": "Alter bei OP (J.)",
    "fsh": "FSH [mIU/ml]",
    "cause": "Grund: Azoospermie",
    "centre": "Zentrum #",
    "gonadotropin_therapy": "Hormontherapie",
    "y": "Spermien gefunden",
}
CAUSES = {"unexplained": "unklar", "undescended": "Hodenhochstand", "mumps": "Mumps"}
PLAN = """\
treatment: {gonadotropin_therapy}
outcome: {y}
covariates:
  "{age}": numeric
  "{fsh}": numeric
  "{cause}": {{categorical: [{causes}]}}
  "{centre}": {{categorical: [{centres}]}}
methods: [unadjusted, adjusted, firth, iptw-ate, iptw-ato, matching, g-computation, aipw, tmle]
missing: {{method: mice, imputations: 4, iterations: 3}}
subgroups:
  older: {{by: "{age}", cut: "< 35"}}
  cause: {{by: "{cause}", groups: {{a: [{first}], b: [{others}]}}}}
splines: ["{fsh}"]
mediation: [cause]
seed: 3
"""


def patients() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 300
    cause = rng.choice(list(CAUSES), n, p=[0.6, 0.25, 0.15])
    fsh = np.exp(rng.normal(2.7, 0.6, n)).round(1)
    known = cause != "unexplained"
    gonadotropin_therapy = rng.random(n) < 0.5 + 0.15 * known
    y = rng.random(n) < 0.25 + 0.15 * gonadotropin_therapy + 0.15 * known
    frame = pd.DataFrame(
        {"age": rng.integers(24, 50, n), "fsh": fsh, "cause": cause}
        | {
            "centre": rng.choice([1, 2, 3], n),
            "gonadotropin_therapy": gonadotropin_therapy.astype(int),
            "y": y.astype(int),
        }
    )
    frame.loc[rng.random(n) < 0.1, "fsh"] = np.nan
    return frame


def analyse(frame, names, causes, centres, folder, capsys):
    folder.mkdir()
    table, plan = folder / "patients.csv", folder / "plan.yaml"
    frame.to_csv(table, index=False, na_rep="NA", encoding="utf-8-sig")
    words = list(causes.values())
    plan.write_text(
        PLAN.format(
            **names, causes=", ".join(words), first=words[0], others=", ".join(words[1:]),
            centres=", ".join(centres),
        ),
        encoding="utf-8",
    )  # fmt: skip
    assert run(["analyse", str(table), "--plan", str(plan), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    keys = ("method", "scale", "estimate", "std_error", "conf_low", "conf_high", "n")
    balance = [row["difference"] for rows in answer["balance"].values() for row in rows]
    return [*([each[key] for key in keys] for each in answer["estimates"]), balance]


def test_names_of_columns_and_categories_do_not_change_estimates(tmp_path, capsys):
    plain, own = {name: name for name in NAMES}, {name: name for name in CAUSES}
    ours = analyse(patients(), plain, own, "123", tmp_path / "ours", capsys)
    theirs = patients().replace({"cause": CAUSES}).rename(columns=NAMES)
    for a, b in zip(
        ours, analyse(theirs, NAMES, CAUSES, "123", tmp_path / "theirs", capsys), strict=True
    ):
        assert a == pytest.approx(b)


@pytest.mark.parametrize("numbers", [(1, 2, 3), (2, 1, 0), (7, 5, 9)])
def test_categories_named_by_numbers_survive_imputation(tmp_path, capsys, numbers):
    """The plan lists categories in another order than their names: 2, 1, 0 is not reversed."""
    plain, own = {name: name for name in NAMES}, {name: name for name in CAUSES}
    words = patients().assign(centre=patients()["centre"].map({1: "one", 2: "two", 3: "three"}))
    expected = analyse(words, plain, own, ("one", "two", "three"), tmp_path / "words", capsys)
    coded = patients().assign(
        centre=patients()["centre"].map(dict(zip((1, 2, 3), numbers, strict=True)))
    )
    got = analyse(coded, plain, own, [str(n) for n in numbers], tmp_path / "numbers", capsys)
    for a, b in zip(got, expected, strict=True):
        assert a == pytest.approx(b)


def test_the_screen_and_the_tables_show_complete_names(tmp_path, capsys):
    theirs = patients().replace({"cause": CAUSES}).rename(columns=NAMES)
    analyse(theirs, NAMES, CAUSES, "123", tmp_path / "x", capsys)
    words = [str(tmp_path / "x" / "patients.csv"), "--plan", str(tmp_path / "x" / "plan.yaml")]
    assert run(["analyse", *words, "--out", str(tmp_path / "out")]) == 0
    screen = capsys.readouterr().out
    assert "FSH [mIU/ml]: p for a bent association" in screen
    table = (tmp_path / "out" / "table1.md").read_text(encoding="utf-8")
    assert "| Hormontherapie = 0 (n = " in table
    flow = (tmp_path / "out" / "flow.svg").read_text(encoding="utf-8")
    assert "Spermien gefunden: " in flow
