"""Subgroup effects: hand calculations."""

import numpy as np
import pytest

from estimate.core.analysis_set import AnalysisSet
from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.matrices import independent_columns
from estimate.heterogeneity.subgroups import (
    adjust_p_values,
    interaction_design,
    interaction_test,
    subgroup_effects,
)
from estimate.imputation.pooled_tests import likelihood_ratio_test
from protocol.errors import InputError


def from_counts(young: list[list[int]], old: list[list[int]]) -> tuple[AnalysisSet, np.ndarray]:
    """Return patients from [[untreated no, yes], [treated no, yes]] of two subgroups."""
    rows = [
        (therapy, y, g)
        for g, table in enumerate((young, old))
        for therapy in (0, 1)
        for y in (0, 1)
        for _ in range(table[therapy][y])
    ]
    therapy, y, group = np.transpose(rows)
    data = analysis_set({"therapy": therapy, "y": y}, treatment="therapy", outcome="y")
    return data, group


YOUNG, OLD = [[8, 2], [4, 6]], [[6, 4], [5, 5]]


def test_odds_ratios_and_their_difference_by_hand() -> None:
    data, group = from_counts(YOUNG, OLD)
    ours = subgroup_effects(data, group, ["young", "old"])
    ratios = [8 * 6 / (2 * 4), 6 * 5 / (4 * 5)]
    variances = [1 / 8 + 1 / 2 + 1 / 4 + 1 / 6, 1 / 6 + 1 / 4 + 1 / 5 + 1 / 5]
    # Without covariates the joint model is saturated and reproduces the subgroups' tables.
    for each in (ours.separate, ours.joint):
        assert [float(e.estimate) for e in each] == pytest.approx(ratios)
        assert [float(e.std_error) for e in each] == pytest.approx(np.sqrt(variances))
    z2 = np.log(ratios[0] / ratios[1]) ** 2 / sum(variances)
    assert ours.heterogeneity == pytest.approx(z2)
    assert ours.interaction.wald == pytest.approx(z2)
    assert ours.patients.tolist() == [[10, 10], [10, 10]]
    assert ours.events.tolist() == [[2, 6], [4, 5]]
    assert ours.separate[0].estimand.population == "young"
    assert ours.separate[0].method != ours.joint[0].method


def test_equal_subgroups_do_not_interact() -> None:
    data, group = from_counts(YOUNG, YOUNG)
    ours = subgroup_effects(data, group, ["young", "old"])
    assert ours.interaction.likelihood_ratio == pytest.approx(0, abs=1e-9)
    assert ours.interaction.p_value == pytest.approx(1)


def test_a_subgroup_in_which_everyone_succeeds_is_a_failed_fit_and_not_a_number() -> None:
    data, group = from_counts(YOUNG, [[5, 5], [0, 10]])
    ours = subgroup_effects(data, group, ["young", "old"])
    assert ours.separate[0].converged
    assert not ours.separate[1].converged
    assert np.isnan(ours.separate[1].estimate)
    assert not ours.interaction.converged
    assert np.isnan(ours.interaction.p_value)


def test_without_untreated_patients_there_is_no_estimate() -> None:
    """The coefficient of the covariate must not be returned as that of the treatment."""
    rng = np.random.default_rng(3)
    group, therapy, y = rng.integers(0, 2, (3, 200))
    therapy[group == 1] = 1
    patients = {"therapy": therapy, "y": y, "age_years": rng.normal(31, 4, 200)}
    data = analysis_set(
        patients, treatment="therapy", outcome="y", covariates={"age_years": Numeric()}
    )
    ours = subgroup_effects(data, group, ["young", "old"])
    assert ours.separate[0].converged
    for each in (ours.separate[1], ours.joint[1]):
        assert not each.converged
        assert np.isnan(each.estimate)
    assert not ours.interaction.converged


def test_covariates_that_the_subgroup_determines_are_dropped() -> None:
    rng = np.random.default_rng(1)
    n = 300
    patients = {
        "therapy": rng.integers(0, 2, n),
        "y": rng.integers(0, 2, n),
        "diagnosis": rng.integers(0, 3, n),
        "age_years": rng.normal(31, 4, n),
    }
    kinds = {"diagnosis": Categorical(("a", "b", "c")), "age_years": Numeric()}
    data = analysis_set(patients, treatment="therapy", outcome="y", covariates=kinds)
    ours = subgroup_effects(data, patients["diagnosis"] > 0, ["a", "not a"])
    assert all(each.converged for each in (*ours.separate, *ours.joint))
    X, tested = interaction_design(data, (patients["diagnosis"] > 0)[:, None])
    assert X.shape[-1] == 6  # 1, therapy, not a, b (c is redundant), age, therapy x not a
    assert (tested.start, tested.stop) == (5, 6)


def test_a_batch_equals_single_studies() -> None:
    rng = np.random.default_rng(2)
    shape = (4, 120)
    patients = {
        "therapy": rng.integers(0, 2, shape),
        "y": rng.integers(0, 2, shape),
        "age_years": rng.normal(31, 4, shape),
    }
    group, who = rng.integers(0, 2, shape), rng.random(shape) < 0.9
    data = analysis_set(
        patients, treatment="therapy", outcome="y", covariates={"age_years": Numeric()}, include=who
    )
    batch = subgroup_effects(data, group, ["low", "high"])
    for i in range(4):
        alone = subgroup_effects(data[i], group[i], ["low", "high"])
        assert batch.interaction.p_value[i] == pytest.approx(alone.interaction.p_value)
        for g in (0, 1):
            assert batch.separate[g].conf_low[i] == pytest.approx(alone.separate[g].conf_low)
            assert batch.joint[g].estimate[i] == pytest.approx(alone.joint[g].estimate)
            assert batch.separate[g].n[i] == alone.separate[g].n


def test_the_interaction_can_be_tested_after_imputation() -> None:
    """Identical imputations give the likelihood ratio test of the complete data."""
    data, group = from_counts(YOUNG, OLD)
    X, tested = interaction_design(data, group[:, None])
    pooled = likelihood_ratio_test(np.stack([X, X]), data.outcome, tested)
    assert pooled.statistic == pytest.approx(
        interaction_test(data, group[:, None]).likelihood_ratio
    )


def test_bad_subgroups_are_named() -> None:
    data, group = from_counts(YOUNG, OLD)
    with pytest.raises(InputError, match="middle: no patient is in it"):
        subgroup_effects(data, group * 2, ["young", "middle", "old"])
    with pytest.raises(InputError, match="code them 0 to 1"):
        subgroup_effects(data, group + 1, ["young", "old"])
    with pytest.raises(InputError, match="name at least two"):
        subgroup_effects(data, group * 0, ["young"])


def test_redundant_columns_by_hand() -> None:
    X = np.array([[1, 2, 0, 3.0], [1, 2, 1, 4], [1, 2, 0, 3], [1, 2, 5, 9]])
    assert independent_columns(X) == [0, 2, 3]
    assert independent_columns(X, [1, 1, 1, 0]) == [0, 2]
    both = np.stack([X, np.array([[1, 1, 0, 0.0], [1, 2, 1, 0], [1, 0, 0, 9], [1, 5, 5, 1]])])
    assert independent_columns(both) == [0, 1, 2, 3]


def test_adjusted_p_values_by_hand() -> None:
    p = [0.04, 0.01, np.nan, 0.02]
    assert adjust_p_values(p, "Holm")[[0, 1, 3]] == pytest.approx([0.08, 0.04, 0.06])
    assert adjust_p_values(p, "Benjamini-Hochberg")[[0, 1, 3]] == pytest.approx(
        [0.04 * 4 / 3, 0.04, 0.04]
    )
    assert adjust_p_values(p, "Bonferroni")[[0, 1, 3]] == pytest.approx([0.16, 0.04, 0.08])
    for correction in ("Holm", "Benjamini-Hochberg", "Bonferroni"):
        assert np.isnan(adjust_p_values(p, correction)[2])
