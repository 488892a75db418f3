"""The how-to page: its plans run unchanged, and it names every field and method."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.methods.offered_methods import methods_of
from estimate.plan.choices import LiveBirthColumns, Matching, Measured, MissingData, Outcome
from estimate.plan.spec import Plan
from pretese.cli import run

# Its first import draws a random number, which the guard would attribute to our code.
importlib.import_module("rich.style")

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "analyse-your-own-table.md").read_text()
PLANS = re.findall(r"```yaml file=\S+\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(1)
    n = 300
    cause = rng.choice(["unexplained", "undescended", "mumps"], n, p=[0.6, 0.2, 0.2])
    fsh = rng.normal(18, 6, n).round(1)
    fsh[:25] = np.nan
    treated = rng.random(n) < np.where(cause == "unexplained", 0.6, 0.75)
    found = rng.random(n) < np.where(cause == "unexplained", 0.2, 0.5) + 0.1 * treated
    columns = {"received_fsh": treated * 1, "sperm_found": found * 1, "cause": cause, "fsh": fsh}
    columns["fsh_at_surgery"] = np.where(treated, (0.6 * fsh).round(1), np.nan)
    path = tmp_path / "patients.csv"
    pd.DataFrame({**columns, "age": rng.integers(22, 45, n)}).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("plan", PLANS, ids=["shortest", "full"])
def test_the_plans_of_the_page_run(table, tmp_path, capsys, plan):
    (tmp_path / "plan.yaml").write_text(plan)
    words = ["analyse", str(table), "--plan", str(tmp_path / "plan.yaml"), "--json"]
    assert run([*words, "--out", str(tmp_path / "results")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert all(each["converged"] for each in answer["estimates"])
    assert all(f"`{key}`" in PAGE for key in answer if not key.endswith("sha256"))
    assert all(f"`{key}`" in PAGE for key in answer["estimates"][0])
    written = {path.stem for path in (tmp_path / "results").iterdir()} - {"analysis", "manifest"}
    assert all(f"`{stem}`" in PAGE for stem in written)


def test_the_page_names_every_field_and_every_method():
    assert len(PLANS) == 2
    for name in (*Plan.model_fields, *Matching.model_fields, *methods_of("analyse")):
        assert f"`{name}`" in PAGE, name
    parts = (LiveBirthColumns, Measured, MissingData, Outcome)
    for name in (field for part in parts for field in part.model_fields):
        assert re.search(rf"`{name}`|[{{ ]{name}: ", PAGE), name
