"""A classifier distinguishes patients of another generator, but not of the same one."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_predict

from simulate.cohort.draw import draw_cohort
from simulate.scenario.load import load_scenario
from simulate.tables.study_tables import tables

PATIENTS = 3_000
COLUMNS = (
    "age_years", "infertility_duration_years", "bmi_kg_m2", "testis_volume_ml", "lh_iu_l",
    "fsh_iu_l", "testosterone_nmol_l", "estradiol_pmol_l", "partner_age_years",
)  # fmt: skip


def patients(seed, **changes):
    named = {name.replace("__", "."): value for name, value in changes.items()}
    drawn = draw_cohort(load_scenario("paper", named), seed, patients=PATIENTS)
    return tables(drawn)["patients"][list(COLUMNS)].to_numpy(float)


def area_under_the_curve(one, other):
    """Return the AUC of a cross-validated classifier, and its standard error.

    Hanley and McNeil 1982, Radiology 143:29, equations 1 and 2.
    """
    rows = np.concatenate([one, other])
    truth = np.repeat([0, 1], [len(one), len(other)])
    model = HistGradientBoostingClassifier(max_iter=40, max_depth=3, random_state=1)
    score = cross_val_predict(model, rows, truth, cv=4, method="predict_proba")[:, 1]
    order = score.argsort().argsort() + 1.0
    area = (order[truth == 1].sum() - len(other) * (len(other) + 1) / 2) / (len(one) * len(other))
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    more = (len(other) - 1) * (q1 - area**2) + (len(one) - 1) * (q2 - area**2)
    return area, np.sqrt((area * (1 - area) + more) / (len(one) * len(other)))


def test_two_halves_of_one_generator_are_indistinguishable():
    area, error = area_under_the_curve(patients(1), patients(2))
    assert abs(area - 0.5) < 3 * error


@pytest.mark.parametrize(
    "changes",
    [
        {"population__partner_age_correlation": 0.4},
        {"population__marginals__bmi_kg_m2__sd_above": 0.12},
    ],
    ids=["spouses less alike", "narrower body mass index"],
)
def test_patients_of_a_perturbed_generator_are_distinguished(changes):
    area, error = area_under_the_curve(patients(1), patients(2, **changes))
    assert area - 3 * error > 0.5
