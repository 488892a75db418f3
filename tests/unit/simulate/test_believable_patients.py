"""Plausible patients: joint constraints, hormones under hCG, variation, missing values."""

from functools import cache

import numpy as np
import pytest

from protocol.errors import InputError
from simulate.cohort.draw import draw_cohort
from simulate.hormones.serum import estradiol_pmol_l
from simulate.hormones.serum import testosterone_nmol_l as true_testosterone
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import parameters, with_values
from simulate.tables.study_tables import tables

PATIENTS = 40_000


@cache
def cohort():
    return draw_cohort(load_scenario("paper"), 5, patients=PATIENTS)


@cache
def written():
    return tables(draw_cohort(load_scenario("paper"), 5, patients=4_000))


@cache
def hormones():
    """True testosterone and estradiol under therapy, shape (visit, patient)."""
    model, patients, course = (
        cohort().scenario.physiology, cohort().patients, cohort().paths[1].course
    )  # fmt: skip
    testosterone = true_testosterone(model, patients, cohort().traits, course)
    return testosterone[:, 0], estradiol_pmol_l(model, patients, testosterone)[:, 0]


def test_infertility_is_no_longer_than_the_adult_life_of_either_partner():
    patients = cohort().patients
    age, duration = (patients.baseline[n] for n in ("age_years", "infertility_duration_years"))
    assert (duration <= age - 18).all()
    assert (duration <= patients.partner_age_years - 18).all()
    table = written()["patients"]
    adult = table[["age_years", "partner_age_years"]].min(axis=1) - 18
    assert (table["infertility_duration_years"] <= adult).all()


def test_every_value_lies_within_its_declared_limits():
    population = cohort().scenario.population
    known = {**population.marginals, "partner_age_years": population.partner_age_years}
    values = {
        **cohort().patients.baseline, "partner_age_years": cohort().patients.partner_age_years
    }  # fmt: skip
    for name, marginal in known.items():
        assert marginal.lower.value <= values[name].min(), name
        assert values[name].max() <= marginal.upper.value, name


def test_the_ages_of_spouses_are_correlated_as_declared():
    patients, population = cohort().patients, cohort().scenario.population
    found = np.corrcoef(patients.baseline["age_years"][0], patients.partner_age_years[0])[0, 1]
    assert found == pytest.approx(population.partner_age_correlation.value, abs=0.03)


def test_the_quartiles_of_the_duration_are_met_though_some_durations_are_impossible():
    """The published quartiles of both arms are 2, 3 and 5 years."""
    duration = cohort().baseline["infertility_duration_years"]
    assert np.percentile(duration, [25, 50, 75]).tolist() == [2, 3, 5]


def test_testosterone_saturates_under_hcg():
    testosterone, estradiol = hormones()
    ceiling = cohort().scenario.physiology.testosterone_ceiling_nmol_l.value
    rise = testosterone[-1] - testosterone[0]
    assert testosterone.max() < ceiling
    assert (rise > 23.3).mean() < 0.001  # the largest increase published in 35 hypogonadal patients
    assert (testosterone[1] > 35).mean() < 0.08
    assert (estradiol[1] > 180).mean() < 0.25
    low, high = testosterone[0] < 10, testosterone[0] > 20
    assert rise[low].mean() / testosterone[0][low].mean() > 2 * (
        rise[high].mean() / testosterone[0][high].mean()
    )


def test_hypogonadal_patients_rise_as_published():
    testosterone, _ = hormones()
    low = testosterone[0] < 12
    assert (testosterone[-1] - testosterone[0])[low].mean() == pytest.approx(5.7, abs=0.15)


def test_hormones_vary_within_a_patient_beyond_the_assay():
    visits = written()["visits"].query("month == 2 or month == 3")
    wide = visits.pivot_table(index="patient_id", columns="month", values="estradiol_pmol_l")
    testosterone = visits.pivot_table(
        index="patient_id", columns="month", values="testosterone_nmol_l"
    )
    ratio = np.log(wide / testosterone)
    spread = (ratio[3] - ratio[2]).std()
    model = cohort().scenario.physiology
    within = [
        model.within_patient_log_sd[name].value
        for name in ("testosterone_nmol_l", "estradiol_pmol_l")
    ]
    expected = np.sqrt(2 * (2 * model.assay_log_sd.value**2 + sum(x**2 for x in within)))
    assert spread == pytest.approx(expected, rel=0.06)
    assert spread > 2 * np.sqrt(4 * model.assay_log_sd.value**2)


def test_results_are_missing_at_visits_but_for_the_fsh_that_decides():
    visits = written()["visits"].query("month > 0")
    share = cohort().scenario.measurement.missing_at_visits.value
    for name in ("lh_iu_l", "testosterone_nmol_l", "estradiol_pmol_l"):
        assert visits[name].isna().mean() == pytest.approx(share, abs=0.01), name
    assert visits["fsh_iu_l"].notna().all()


def test_intratesticular_testosterone_is_a_latent_variable_of_the_truth_table():
    truth = written()["truth"]
    treated = written()["patients"]["gonadotropin_therapy"] == 1
    ratio = truth["itt_after_ng_ml"] / truth["itt_before_ng_ml"]
    assert (ratio[~treated] == 1).all()
    assert 2 < ratio[treated].median() < 4.9
    assert truth["itt_before_ng_ml"].mean() == pytest.approx(273.6, rel=0.03)


def test_a_transported_number_states_from_which_patients_and_dose():
    number = parameters(load_scenario("paper"))["physiology.suppressible_share"]
    assert number.status == "transported"
    assert "micro-TESE" in (number.from_population or "")
    assert "daily" in (number.from_dose or "")
    assert number.sweep == (0.2, 0.8)


def test_a_couple_too_young_for_its_infertility_is_refused():
    paper = load_scenario("paper")
    with pytest.raises(InputError, match="cannot be infertile for 1 years since age 20"):
        with_values(paper, {"population.adult_age_years": 20}, "test")
