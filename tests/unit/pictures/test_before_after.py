"""Hormones before and after therapy, from visits."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pretese.plots.before_after import GROUPS, HORMONES, draw_before_after, pair_visits
from pretese.plots.style import save
from simulate.cohort.draw import draw_cohort
from simulate.tables.study_tables import tables
from tests.support.paper import paper

VISITS = pd.DataFrame(
    {
        "patient_id": [1, 1, 1, 2, 2, 3, 4, 4],
        "month": [0, 1, 2, 0, 1, 0, 0, 1],
        "testosterone_nmol_l": [10, 20, 30, 12, np.nan, 9, 8, 11],
    }
)
INJECTIONS = pd.DataFrame({"patient_id": [1, 2, 4, 4], "drug": ["hcg", "hcg", "hcg", "ufsh"]})


@pytest.fixture(scope="module")
def cohort():
    return tables(draw_cohort(paper(), 2022, patients=300))


def test_pairs_equal_a_manual_count():
    """Patient 2 lacks the value after, patient 3 had no therapy, patient 4 had uFSH."""
    alone, both = pair_visits(VISITS, INJECTIONS, "testosterone_nmol_l").values()
    assert (alone.before.tolist(), alone.after.tolist()) == ([10], [30])
    assert (both.before.tolist(), both.after.tolist()) == ([8], [11])
    assert alone.p_value == 1  # one pair: the smallest exact two-sided value


def test_every_patient_under_therapy_with_both_values_is_in_one_group(cohort):
    for hormone in HORMONES:
        groups = pair_visits(cohort["visits"], cohort["injections"], hormone)
        assert tuple(groups) == GROUPS
        known = cohort["visits"].dropna(subset=[hormone]).set_index("patient_id")["month"]
        patients = set(known.index[known == 0]) & set(known.index[known > 0])
        assert sum(len(pairs.before) for pairs in groups.values()) == len(patients)


def test_therapy_raises_testosterone_and_lowers_lh_in_both_groups(cohort):
    for hormone, sign in (("testosterone_nmol_l", 1), ("lh_iu_l", -1)):
        for pairs in pair_visits(cohort["visits"], cohort["injections"], hormone).values():
            assert sign * np.median(pairs.after - pairs.before) > 0
            assert pairs.p_value < 0.001


def test_the_p_value_tests_the_change_within_patients(cohort):
    pairs = pair_visits(cohort["visits"], cohort["injections"], "fsh_iu_l")[GROUPS[1]]
    peer = stats.wilcoxon(pairs.after, pairs.before, method="approx", correction=True)
    assert pairs.p_value == pytest.approx(peer.pvalue, rel=1e-9)


def test_the_figure_states_how_many_patients_and_is_identical(cohort, tmp_path):
    texts = []
    for name in ("one", "two"):
        figure = draw_before_after(cohort["visits"], cohort["injections"])
        save(figure, tmp_path / f"{name}.svg")
        save(figure, tmp_path / f"{name}.png")
        texts.append((tmp_path / f"{name}.svg").read_text(encoding="utf-8"))
        assert (tmp_path / f"{name}.png").stat().st_size > 20_000
    assert texts[0] == texts[1]
    for hormone in HORMONES:
        for group, pairs in pair_visits(cohort["visits"], cohort["injections"], hormone).items():
            assert group in texts[0]
            assert f"{len(pairs.before)} patients" in texts[0]


def test_a_cohort_without_therapy_gives_an_empty_figure():
    untreated = VISITS.assign(month=0).drop_duplicates("patient_id")
    frame = pd.concat([untreated, VISITS[VISITS["patient_id"] == 4]]).drop_duplicates(
        ["patient_id", "month"]
    )
    frame = frame.assign(**dict.fromkeys(HORMONES, frame["testosterone_nmol_l"]))
    assert draw_before_after(frame, INJECTIONS).axes
