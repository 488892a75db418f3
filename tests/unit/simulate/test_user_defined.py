"""User-defined covariates, outcomes and mechanisms: simulation, records, truth, hash, refusals."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import pretese
from pretese.cli import run
from protocol.errors import InputError
from simulate.cohort.draw import draw_cohort
from simulate.core import entry_points
from simulate.scenario.load import load
from simulate.tables.study_tables import tables
from simulate.user_defined_truth import user_defined_truth

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "extend-a-scenario.md"
BLOCKS = re.findall(
    r"^```(\w+)(?: file=\S+)?\n(.*?)^```$",
    PAGE.read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)
TEXT = dict(reversed(BLOCKS))


def scenario_file(folder: Path, **changes: object) -> Path:
    """Write the scenario of the page, with sections of ``user_defined`` replaced."""
    plain = yaml.safe_load(TEXT["yaml"])
    plain["user_defined"] |= changes
    path = folder / "inhibin.yaml"
    path.write_text(yaml.safe_dump(plain, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture
def loaded(tmp_path):
    return load(scenario_file(tmp_path))


def test_the_commands_of_the_page_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scenario_file(tmp_path)
    for line in TEXT["sh"].splitlines():
        assert run(line.split()[1:]) == 0
    first, second = (
        pd.read_csv(tmp_path / name / "patients.csv") for name in ("with-inhibin", "no-interaction")
    )
    columns = ["smoker", "inhibin_b_pg_ml", "satisfied", "haematocrit_percent"]
    assert list(first.columns[-4:]) == columns
    assert first[columns[:2]].equals(second[columns[:2]])
    effects = pd.read_csv("true-effects.csv").query("estimand.str.startswith('satisfied')")
    assert effects["scale"].tolist() == ["risk difference", "risk ratio", "odds ratio"]
    assert "haematocrit" in (tmp_path / "with-inhibin" / "dictionary.csv").read_text()


def test_covariates_follow_their_formulas(loaded):
    cohort = draw_cohort(loaded.scenario, seed=4, patients=20_000)
    held = cohort.baseline
    assert held["smoker"].mean() == pytest.approx(0.4, abs=0.011)
    exact = cohort.patients.user_defined.known["inhibin_b_pg_ml"]
    fsh = cohort.patients.baseline["fsh_iu_l"]
    own = np.log(exact) - 3.5 + 0.5 * np.log(fsh / 10)
    assert own.mean() == pytest.approx(0, abs=0.011)
    assert own.std() == pytest.approx(0.5, abs=0.008)
    assert np.allclose(held["inhibin_b_pg_ml"], np.round(exact, 1))


def test_slices_and_replicates_hold_the_same_patients(loaded):
    whole = draw_cohort(loaded.scenario, seed=4, replicates=2, patients=9000)
    part = draw_cohort(loaded.scenario, seed=4, first=1, patients=808, first_patient=8192)
    for name in ("smoker", "inhibin_b_pg_ml"):
        assert (whole.baseline[name][1, 8192:] == part.baseline[name][0]).all()


def test_a_mechanism_acts_on_the_liability_and_the_effect_and_on_nothing_else(tmp_path, loaded):
    without = load(scenario_file(tmp_path, mechanisms={})).scenario
    acting, plain = (draw_cohort(s, 5, patients=4000) for s in (loaded.scenario, without))
    inhibin = acting.patients.user_defined.known["inhibin_b_pg_ml"]
    added = acting.spermatogenic_liability - plain.spermatogenic_liability
    assert np.allclose(added, 0.8 * (np.log(inhibin) - 3.4), atol=3e-6)
    assert (acting.gonadotropin_therapy == plain.gonadotropin_therapy).all()
    smoker = acting.baseline["smoker"] == 1
    level = acting.spermatogenic_liability
    lost = plain.paths[1].any_sperm & ~acting.paths[1].any_sperm
    assert (lost & smoker & (level > -3)).sum() > (lost & ~smoker & (level > -3)).sum()
    assert (acting.paths[0].any_sperm == (level > 0)).all()


def test_choice_of_therapy_follows_a_mechanism(tmp_path):
    parts = {"therapy": {"expression": "20 * smoker - 10"}}
    cohort = draw_cohort(load(scenario_file(tmp_path, mechanisms=parts)).scenario, 1)
    agreed = cohort.gonadotropin_therapy == (cohort.baseline["smoker"] == 1)
    assert agreed.mean() > 0.98


def test_the_truth_is_counted_over_both_potential_outcomes(loaded):
    patients, seed = 4000, 3
    effects = user_defined_truth(loaded.scenario, seed, patients).set_index(["estimand", "scale"])
    written = tables(draw_cohort(loaded.scenario, seed, patients=patients))
    truth, seen = written["truth"], written["patients"]
    low, high = truth["satisfied_untreated"].mean(), truth["satisfied_treated"].mean()
    rows = effects.loc["satisfied.everyone"]
    assert rows["truth"].tolist() == pytest.approx(
        [high - low, high / low, high * (1 - low) / low / (1 - high)]
    )
    gained = truth["satisfied_treated"] - truth["satisfied_untreated"]
    assert rows["mcse"].iloc[0] == pytest.approx(gained.std(ddof=0) / patients**0.5)
    number = effects.loc[("haematocrit_percent.everyone", "mean difference")]
    change = truth["haematocrit_percent_treated"] - truth["haematocrit_percent_untreated"]
    assert number["truth"] == pytest.approx(change.mean())
    treated = seen["gonadotropin_therapy"] == 1
    assert (seen["satisfied"][treated] == truth["satisfied_treated"][treated]).all()
    assert (seen["satisfied"][~treated] == truth["satisfied_untreated"][~treated]).all()


def test_the_clinic_has_the_same_covariates(tmp_path):
    path = scenario_file(tmp_path)
    stays = pretese.scenario(path).clinic("unlimited", patients=60, replicates=1, progress=False)
    plain = pretese.scenario(path).simulate(patients=60, seed=1).patients.set_index("patient_id")
    seen = stays.tables["patients"].set_index("patient_id")
    assert seen["inhibin_b_pg_ml"].equals(plain.loc[seen.index, "inhibin_b_pg_ml"])


def test_the_hash_of_the_mechanism_covers_formulas_but_not_descriptions(tmp_path, loaded):
    known = {load("paper").mechanism_sha256, loaded.mechanism_sha256}
    changed = dict(yaml.safe_load(TEXT["yaml"])["user_defined"]["covariates"])
    changed["smoker"] |= {"meaning": "smokes now"}
    reworded = load(scenario_file(tmp_path, covariates=changed)).mechanism_sha256
    assert reworded in known
    changed["smoker"] |= {"expression": "u <= share"}
    assert load(scenario_file(tmp_path, covariates=changed)).mechanism_sha256 not in known


NUMBER = {"kind": "number", "meaning": "x"}


@pytest.mark.parametrize(
    ("covariates", "words"),
    [
        ({"x": {**NUMBER, "expression": "fsh + 1"}}, "nothing is named fsh"),
        ({"x": {**NUMBER, "expression": "y", }, "y": {**NUMBER, "expression": "z"}}, "named y"),
        ({"x": {**NUMBER, "expression": "import os"}}, "not an expression"),
        ({"x": NUMBER}, "either `expression` or `function`"),
        ({"x": {**NUMBER, "expression": "z", "function": "f"}}, "no installed package offers f"),
        ({"fsh_iu_l": {**NUMBER, "expression": "z"}}, "has a meaning already"),
        ({"Smoker": {**NUMBER, "expression": "z"}}, "small letters"),
        ({"x": {**NUMBER, "kind": "word", "expression": "z"}}, "'word' is not allowed"),
    ],
)  # fmt: skip
def test_a_bad_part_is_refused_by_name(tmp_path, covariates, words):
    path = scenario_file(tmp_path, covariates=covariates, mechanisms={}, outcomes={})
    with pytest.raises(InputError, match=re.escape(words)):
        load(path)


@pytest.mark.parametrize(
    ("name", "expression", "words"),
    [("x", "log(z)", "no finite number"), ("icsi", "z", "a table has a column of this name")],
)
def test_a_fault_found_only_in_simulated_patients_leaves_no_files(
    tmp_path, capsys, name, expression, words
):
    covariates = {name: {**NUMBER, "expression": expression}}
    path = scenario_file(tmp_path, covariates=covariates, mechanisms={}, outcomes={})
    assert run(["simulate", str(path), "--out", str(tmp_path / "out")]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_a_function_of_a_package_takes_the_place_of_an_expression(tmp_path, monkeypatch):
    module = tmp_path / "clinic_formulas.py"
    module.write_text(TEXT["python"] + "\n\ndef wrong(values, parameters):\n    return [1.0]\n")
    monkeypatch.syspath_prepend(tmp_path)
    offered = [
        EntryPoint(name, f"clinic_formulas:{function}", entry_points.GROUP)
        for name, function in (("burnout-score", "burnout_score"), ("wrong", "wrong"))
    ]
    monkeypatch.setattr(entry_points, "entry_points", lambda *, group: offered)
    entry_points.function_sha256.cache_clear()
    base = {"value": 3, "unit": "1", "status": "assumed", "source": "us", "sweep": [0, 5]}
    part = {**NUMBER, "function": "burnout-score", "parameters": {"base": base}}
    path = scenario_file(tmp_path, covariates={"burnout": part}, mechanisms={}, outcomes={})
    loaded = load(path)
    cohort = draw_cohort(loaded.scenario, 2)
    years = cohort.patients.baseline["infertility_duration_years"]
    own = cohort.streams.normal("user-defined burnout z")
    found = cohort.patients.user_defined.known["burnout"]
    assert np.allclose(found, 3 + own + 0.1 * years, atol=1e-6)
    module.write_text(module.read_text() + "# another text\n")
    entry_points.function_sha256.cache_clear()
    assert load(path).mechanism_sha256 != loaded.mechanism_sha256
    entry_points.function_sha256.cache_clear()
    part["function"] = "wrong"
    bad = scenario_file(tmp_path, covariates={"burnout": part}, mechanisms={}, outcomes={})
    with pytest.raises(InputError, match="return one number per patient"):
        draw_cohort(load(bad).scenario, 2)
