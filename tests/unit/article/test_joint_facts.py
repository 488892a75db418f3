"""Joint facts of other sources: computed from studies, and compared with what is printed."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import spearmanr

from pretese.article.report.joint_facts import JointFact, joint_frame, joint_predictions, outside
from pretese.article.simulated.joint_statistics import PAIRS, joint_statistics, spearman
from pretese.article.simulated.studies import Studies
from simulate.cohort.draw import draw_cohort
from tests.support.paper import paper


@pytest.fixture(scope="module")
def studies():
    return Studies(draw_cohort(paper(), seed=5, replicates=4))


@pytest.fixture(scope="module")
def found(studies):
    return joint_statistics(studies)


def test_an_area_is_the_share_of_pairs_in_the_right_order(studies, found):
    r, held = 2, studies.cohort.baseline
    volume, sperm = held["testis_volume_ml"][r], studies.retrieved[r]
    with_sperm, without = volume[sperm & studies.operated[r]], volume[~sperm & studies.operated[r]]
    pairs = np.sign(with_sperm[:, None] - without) / 2 + 0.5
    assert found["joint.auc.testis_volume_ml"][r] == pytest.approx(pairs.mean())


def test_groups_are_counted_among_operated_patients_with_a_value(studies, found):
    r, held = 0, studies.cohort.baseline
    high = held["testosterone_nmol_l"][r] >= 10
    known = studies.operated[r] & np.isfinite(held["testosterone_nmol_l"][r])
    cells = [
        (known & (high == above) & (studies.retrieved[r] == sperm)).sum()
        for above in (True, False) for sperm in (True, False)
    ]  # fmt: skip
    expected = cells[0] * cells[3] / (cells[1] * cells[2])
    assert found["joint.odds_ratio.testosterone_from_10"][r] == pytest.approx(expected)


def test_an_odds_ratio_per_unit_is_that_of_a_logistic_regression():
    fsh = np.array([[5.0] * 10 + [6.0] * 10 + [np.nan] * 5])
    sperm = np.array([[True] * 6 + [False] * 4 + [True] * 3 + [False] * 7 + [True] * 5])
    columns = dict.fromkeys({name for pair in PAIRS for name in pair}, np.ones_like(fsh))
    columns |= {"fsh_iu_l": fsh, "testosterone_nmol_l": fsh + 5}
    few = SimpleNamespace(
        cohort=SimpleNamespace(baseline=columns),
        operated=np.ones_like(sperm),
        retrieved=sperm,
        diagnosed=lambda _: np.ones_like(sperm),
    )
    with np.errstate(invalid="ignore"):
        found = joint_statistics(few)
    assert found["joint.odds_ratio.fsh_iu_l"][0] == pytest.approx((3 / 7) / (6 / 4))
    assert np.isnan(found["joint.difference.azfc_fsh_classes"][0])


def test_a_rank_correlation_is_that_of_scipy(studies):
    held, who = studies.cohort.baseline, studies.operated
    first, second = held["fsh_iu_l"], held["lh_iu_l"]
    known = who[1] & np.isfinite(first[1]) & np.isfinite(second[1])
    expected = spearmanr(first[1][known], second[1][known]).statistic
    assert spearman(first, second, who)[1] == pytest.approx(expected)


def test_every_fact_is_computed_and_states_where_it_comes_from(found):
    predicted = joint_predictions(found)
    assert {f"joint.{each.fact.statistic}" for each in predicted} == set(found)
    assert all(each.fact.source and each.fact.population for each in predicted)
    table = joint_frame(predicted)
    assert table["percentile"].isna().equals(table["status"] == "assumed")


def test_a_value_beyond_all_studies_is_outside_and_a_prior_has_no_percentile(found):
    high = {name: values + 10 for name, values in found.items()}
    missed = outside(joint_predictions(high))
    assert len(missed) == len(found) - 1  # a difference of ten percentage points is nothing unusual
    assert {each.verdict for each in missed} == {
        "outside the prior range",
        "outside the 95 % range",
    }
    assert {each.percentile for each in missed} == {0.0, None}


def test_a_fact_has_a_value_or_a_prior():
    words = {"label": "x", "statistic": "x", "source": "x", "population": "x"}
    with pytest.raises(ValueError, match="either `value` or `sweep`"):
        JointFact(**words)
