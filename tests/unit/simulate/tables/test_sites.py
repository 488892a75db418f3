"""Several sites: each with its own case mix, choice, effect, laboratory and missing values."""

from functools import cache

import numpy as np
import pytest

from protocol.errors import InputError
from simulate.cohort.draw import draw_cohort
from simulate.scenario.load import load_scenario
from simulate.tables.study_tables import tables
from simulate.truth import estimands_of, sample_effects

TEXT = """
id: sites
extends: paper
question: Do two sites differ?
expected_finding: They do, in all that the file states.
sites:
  north:
    share: {value: 3, unit: "1", status: assumed, source: "test", sweep: [1, 5]}
    effect: {value: 1.5, unit: "log odds", status: assumed, source: "test", sweep: [0, 2]}
  south-2:
    diagnosis_log_odds:
      azfc: {value: 1, unit: "log odds", status: assumed, source: "test", sweep: [0, 2]}
    scores:
      age_years: {value: 0.5, unit: "1", status: assumed, source: "test", sweep: [0, 1]}
    therapy: {value: -1, unit: "log odds", status: assumed, source: "test", sweep: [-2, 0]}
    measured_ratio:
      fsh_iu_l: {value: 0.5, unit: "1", status: assumed, source: "test", sweep: [0.4, 1]}
    missing:
      prolactin_ng_ml: {value: 0.6, unit: "1", status: assumed, source: "test", sweep: [0, 1]}
"""


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    file = tmp_path_factory.mktemp("sites") / "sites.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return draw_cohort(load_scenario(file), 3, patients=30_000)


@cache
def single():
    return draw_cohort(load_scenario("paper"), 3, patients=30_000)


def at(cohort, name):
    return cohort.patients.sites.code == list(cohort.scenario.sites).index(name)


def test_every_site_differs_in_its_stated_parameters(cohort):
    north, south = at(cohort, "north"), at(cohort, "south-2")
    assert north.mean() == pytest.approx(0.75, abs=0.01)
    azfc = cohort.patients.diagnosis == 3
    assert azfc[south].mean() > 2 * azfc[north].mean()
    age = cohort.patients.baseline["age_years"]
    assert np.median(age[south]) > np.median(age[north]) + 1.5
    chose = cohort.gonadotropin_therapy
    assert chose[south].mean() < chose[north].mean() - 0.1
    gone = np.isnan(cohort.baseline["prolactin_ng_ml"])
    assert gone[south].mean() == pytest.approx(0.6, abs=0.02)
    assert gone[north].mean() == pytest.approx(0.116, abs=0.02)
    untreated, treated = (path.any_sperm for path in cohort.paths)
    gain = treated.astype(float) - untreated
    assert gain[north].mean() > gain[south].mean() + 0.15
    everyone = sample_effects(cohort)["any_sperm.everyone"]
    assert everyone.risk_difference[0] == pytest.approx(gain.mean())


def test_decisions_use_values_from_the_laboratory_of_the_site(cohort):
    south, true = at(cohort, "south-2"), cohort.patients.baseline["fsh_iu_l"]
    measured = cohort.baseline["fsh_iu_l"][south]
    assert np.nanmedian(measured / true[south]) == pytest.approx(0.5, abs=0.001)
    course = cohort.paths[1].course
    ratio = course.measured_fsh_iu_l[0] / course.fsh_iu_l[1]
    assert np.median(ratio[south]) == pytest.approx(0.5, abs=0.01)
    assert np.median(ratio[~south]) == pytest.approx(1, abs=0.01)


def test_a_patient_at_a_site_without_differences_is_the_patient_of_the_single_hospital():
    one, several = single(), draw_cohort(
        load_scenario("paper").model_copy(
            update={"sites": type(load_scenario("paper")).model_validate(
                {**load_scenario("paper").model_dump(mode="json"), "sites": 3}).sites}
        ), 3, patients=30_000,
    )  # fmt: skip
    assert np.array_equal(one.propensity, several.propensity)
    assert np.array_equal(one.paths[1].any_sperm, several.paths[1].any_sperm)
    table = tables(several)["patients"]
    assert set(table["site"]) == {"site-1", "site-2", "site-3"}
    assert "site" not in tables(single())["patients"]


@pytest.mark.parametrize(
    ("stated", "problem"),
    [("1", "not a number of sites"), ("{a: {}}", "1 sites are stated"), ("-3", "number of sites")],
)
def test_an_impossible_number_of_sites_is_refused(tmp_path, stated, problem):
    file = tmp_path / "sites.yaml"
    head = TEXT.partition("sites:\n  north")[0]
    file.write_text(f"{head}sites: {stated}\n", encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        load_scenario(file)


def test_parameters_of_sites_can_be_set(tmp_path):
    file = tmp_path / "sites.yaml"
    file.write_text(TEXT, encoding="utf-8")
    changed = load_scenario(file, {"sites.north.effect": 0.25, "sites.south-2.effect": 0.5})
    assert [site.effect.value for site in changed.sites.values()] == [0.25, 0.5]


def test_the_true_effect_of_each_site_is_that_of_its_patients(cohort):
    sites = [each for each in estimands_of(cohort.scenario) if ".site." in each.key]
    found = sample_effects(cohort, tuple(sites))
    assert list(found) == ["any_sperm.site.north", "any_sperm.site.south-2"]
    untreated, treated = (path.any_sperm for path in cohort.paths)
    for name in ("north", "south-2"):
        here = at(cohort, name)
        expected = treated[here].mean() - untreated[here].mean()
        assert found[f"any_sperm.site.{name}"].risk_difference[0] == pytest.approx(expected)
