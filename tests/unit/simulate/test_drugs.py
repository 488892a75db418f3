"""Drugs act as the scenario declares; an undeclared drug is refused by name."""

import numpy as np
import pandas as pd
import pytest
import yaml

from pretese.cli import run
from pretese.pictures.hormone_figure import draw_hormones
from pretese.plots.before_after import pair_visits
from protocol.errors import InputError
from simulate.cohort.draw import draw_cohort
from simulate.cohort.hormone_curves import curves
from simulate.scenario.load import load_scenario
from simulate.tables.study_tables import tables
from tests.support.paper import paper

SAME = ("fsh_iu_l", "stimulus", "leydig_activity", "phase")


def number(value, unit="1"):
    return {"value": value, "unit": unit, "status": "derived", "source": "this test"}


def fsh_like_ufsh():
    """Return the kinetics of uFSH in patients who do not differ in it."""
    plain = paper().physiology.ufsh.model_dump(mode="json")
    for spread in ("elimination_log_sd", "area_log_sd"):
        plain[spread] = number(0, "log")
    return plain


def regimen(tmp_path, base, old, new):
    """Write a regimen that gives a drug of another one a new name."""
    document = {
        "id": f"{new}-regimen", "version": "0.1.0", "extends": base, "title": "another name",
        "drugs": {old: None, new: {"label": new, "vial_iu": 75, "status": "assumed"}},
    }  # fmt: skip
    phase = "hcg" if old == "hcg" else "hcg-ufsh"
    orders = [{"drug": new, "dose_iu": 2000, "route": "im", "interval_days": 2}]
    if old == "ufsh":
        orders = [
            {"drug": new, "dose_iu": 150, "route": "im", "interval_days": 4},
            {"drug": "hcg", "dose_iu": 2000, "route": "im", "interval_days": 4, "offset_day": 2},
        ]
    document["phases"] = {
        phase: {"label": new, "orders": orders, "source": "paper", "locator": "this test"}
    }
    path = tmp_path / f"{new}.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return str(path)


def scenario(tmp_path, treated, **physiology):
    """Write a scenario whose treated arm follows a regimen, and return its file."""
    document = {
        "id": "own", "extends": "paper", "question": "q", "expected_finding": "f",
        "arms": {"treated": {"regimen": treated}}, "physiology": physiology,
    }  # fmt: skip
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(document))
    return str(path)


def course(file, patients=300):
    return draw_cohort(load_scenario(file), 4, patients=patients).paths[1].course


def assert_same_course(one, other):
    for name in SAME:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_a_drug_that_the_scenario_does_not_declare_is_refused_by_name(tmp_path, capsys):
    file = scenario(tmp_path, regimen(tmp_path, "fsh-guided", "ufsh", "hmg"))
    out = tmp_path / "cohort"
    assert run(["simulate", file, "--patients", "50", "--out", str(out)]) == 2
    message = " ".join(capsys.readouterr().err.split())
    assert "hmg-regimen: drugs.hmg: the scenario does not define the effect of this drug" in message
    assert "declare physiology.kinetics.hmg in the scenario" in message
    assert not out.exists()


def test_a_study_is_refused_before_its_folder_is_made(tmp_path, capsys):
    file = scenario(tmp_path, regimen(tmp_path, "fsh-guided", "ufsh", "hmg"))
    out = tmp_path / "study"
    assert run(["recover", file, "--replicates", "2", "--workers", "1", "--out", str(out)]) == 2
    assert "drugs.hmg: the scenario does not define the effect" in " ".join(
        capsys.readouterr().err.split()
    )
    assert not out.exists()


def test_a_declared_drug_with_the_kinetics_of_ufsh_is_ufsh_under_another_name(tmp_path):
    same = fsh_like_ufsh()
    own = regimen(tmp_path, "fsh-guided", "ufsh", "hmg")
    named = course(scenario(tmp_path, own, ufsh=same, kinetics={"hmg": {"fsh": same}}))
    usual = course(scenario(tmp_path, "fsh-guided", ufsh=same))
    assert named.phase.max() > 0  # some patients receive it
    assert_same_course(named, usual)


def test_twice_the_area_is_twice_the_injected_fsh(tmp_path):
    same, twice = fsh_like_ufsh(), fsh_like_ufsh()
    twice["area_h_per_l"] = number(2 * twice["area_h_per_l"]["value"], "h/L")
    own = regimen(tmp_path, "fsh-guided", "ufsh", "hmg")
    levels = []
    for kinetics in (same, twice):
        file = scenario(tmp_path, own, kinetics={"hmg": {"fsh": kinetics}})
        cohort = draw_cohort(load_scenario(file), 4, patients=60)
        drawn = [curves(cohort, patient).injected_fsh_iu_l for patient in range(60)]
        levels.append(np.array(drawn))
    given = levels[0].any(axis=1) & levels[1].any(axis=1)
    assert given.any()
    assert levels[1][given, :] == pytest.approx(2 * levels[0][given, :])


def test_a_drug_with_the_activity_of_hcg_suppresses_the_pituitary_as_hcg_does(tmp_path):
    own = regimen(tmp_path, "hcg-only", "hcg", "rhcg")
    named = course(scenario(tmp_path, own, kinetics={"rhcg": {"hcg_iu_per_iu": number(1)}}))
    assert_same_course(named, course(scenario(tmp_path, "hcg-only")))
    weak = course(scenario(tmp_path, own, kinetics={"rhcg": {"hcg_iu_per_iu": number(0.1)}}))
    assert (weak.stimulus[1:] < named.stimulus[1:]).all()


def test_the_activities_of_two_drugs_are_combined(tmp_path):
    """Between injections of hCG, a drug with half of its activity stimulates the Leydig cells."""
    own = regimen(tmp_path, "fsh-guided", "ufsh", "hmg")
    fsh = fsh_like_ufsh()
    both = {"hmg": {"fsh": fsh, "hcg_iu_per_iu": number(10)}}
    alone = course(scenario(tmp_path, own, kinetics={"hmg": {"fsh": fsh}}))
    busy = course(scenario(tmp_path, own, kinetics=both))
    given = (alone.phase[1] == 1) & (busy.phase[1] == 1)
    assert given.any()
    assert (busy.stimulus[2] >= alone.stimulus[2])[given].all()
    assert (busy.stimulus[2] > alone.stimulus[2])[given].any()


def test_an_inert_drug_changes_nothing(tmp_path):
    own = regimen(tmp_path, "hcg-only", "hcg", "placebo")
    found = course(scenario(tmp_path, own, kinetics={"placebo": {"inert": True}}))
    assert not found.stimulus.any()
    assert np.array_equal(found.fsh_iu_l, np.broadcast_to(found.fsh_iu_l[0], found.fsh_iu_l.shape))


@pytest.mark.parametrize(
    ("kinetics", "message"),
    [
        ({"hmg": {}}, "give fsh, hcg_iu_per_iu or both; or only inert: true"),
        ({"hmg": {"inert": True, "hcg_iu_per_iu": number(1)}}, "or only inert: true"),
        ({"hmg": {"hcg_iu_per_iu": number(-1)}}, "physiology.kinetics.hmg.hcg_iu_per_iu"),
        ({"ufsh": {"inert": True}}, "ufsh has a section of its own; change physiology.ufsh"),
        ({"hmg": {"fhs": {}}}, "did you mean 'fsh'?"),
    ],
)
def test_a_bad_declaration_is_refused_with_its_fault(tmp_path, kinetics, message):
    with pytest.raises(InputError) as caught:
        load_scenario(scenario(tmp_path, "fsh-guided", kinetics=kinetics))
    assert message in str(caught.value)


def test_a_new_drug_needs_no_code(tmp_path):
    """Tables, figures and an override by path accept it without a change of the code."""
    own = regimen(tmp_path, "fsh-guided", "ufsh", "hmg")
    file = scenario(tmp_path, own, kinetics={"hmg": {"fsh": fsh_like_ufsh()}})
    path = "physiology.kinetics.hmg.fsh.elimination_half_life_h"
    short = load_scenario(file, {path: 30.0})
    assert short.physiology.kinetics["hmg"].fsh.elimination_half_life_h.value == 30
    out = tmp_path / "cohort"
    assert run(["simulate", file, "--patients", "120", "--out", str(out)]) == 0
    injections = pd.read_csv(out / "injections.csv")
    assert set(injections["drug"]) == {"hcg", "hmg"}
    cohort = draw_cohort(load_scenario(file), 1, patients=120)
    groups = pair_visits(tables(cohort)["visits"], injections, "fsh_iu_l")
    assert list(groups) == ["hCG alone", "hCG and hmg"]
    assert [tick.get_text() for tick in draw_hormones(cohort, 0).axes[4].get_yticklabels()] == [
        "hmg", "hCG",
    ]  # fmt: skip
