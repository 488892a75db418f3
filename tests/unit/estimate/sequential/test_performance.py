import numpy as np
import pytest

from estimate.comparison.risk_difference import compare_arms
from estimate.core.estimand import Estimand
from estimate.performance.joint_moments import JointMoments
from estimate.performance.measures import (
    measure_performance,
    paired_difference,
    performance_of,
    relative_precision,
    z_against,
)
from estimate.sample_size.exact_fixed import exact_power, pooled_z_test
from protocol.errors import InputError


def perform(b, se, truth, **options):
    b, se = np.asarray(b, float), np.asarray(se, float)
    return measure_performance(
        b,
        se,
        truth,
        conf_low=b - 2 * se,
        conf_high=b + 2 * se,
        p_value=np.abs(b / se) < 2,
        **options,
    )


def test_four_replicates_by_hand():
    result = perform([1.0, 2.0, 3.0, 6.0], [1.0, 1.0, 1.0, 1.0], 2.0)
    assert result.bias.value == 1.0
    assert result.relative_bias.value == 0.5
    assert result.empirical_se.value == pytest.approx(np.sqrt(14 / 3))
    assert result.bias.mcse == pytest.approx(np.sqrt(14 / 3) / 2)
    assert result.mse.value == (1 + 0 + 1 + 16) / 4
    assert result.rmse.value == pytest.approx(np.sqrt(4.5))
    assert result.model_se.value == 1.0
    assert result.model_se.mcse == 0.0
    assert result.coverage.value == 0.75
    assert result.coverage.mcse == pytest.approx(np.sqrt(0.75 * 0.25 / 4))
    assert result.bias_eliminated_coverage.value == 0.75  # of the mean, 3, a limit of interval 1
    assert result.width.value == 4.0
    assert result.rejection.value == 0.75


def test_sign_and_size_of_the_significant():
    result = perform([-3.0, 4.0, 1.0, 6.0], [1.0, 1.0, 1.0, 1.0], 2.0)
    assert result.type_s.n == 3
    assert result.type_s.value == pytest.approx(1 / 3)
    assert result.type_m.value == pytest.approx((1.5 + 2 + 3) / 3)


def test_without_an_effect_there_is_no_wrong_sign():
    result = perform([-3.0, 4.0, 1.0, 6.0], [1.0, 1.0, 1.0, 1.0], 0.0)
    assert result.type_s.n == 0
    assert np.isnan(result.type_s.value)
    assert np.isnan(result.relative_bias.value)
    assert result.rejection.value == 0.75


def test_failures_are_counted_and_excluded():
    failed = perform([1.0, np.nan, 3.0, np.nan, 5.0], [1.0, np.nan, 1.0, 1.0, 1.0], 2.0)
    clean = perform([1.0, 3.0, 5.0], [1.0, 1.0, 1.0], 2.0)
    assert failed.non_convergence.value == 0.4
    assert failed.non_convergence.n == 5
    for name in ("bias", "empirical_se", "model_se", "coverage", "rejection", "mse", "width"):
        ours, theirs = getattr(failed, name), getattr(clean, name)
        assert ours.n == 3
        assert ours.value == pytest.approx(theirs.value)
        assert ours.mcse == pytest.approx(theirs.mcse)


def test_each_replicate_may_have_its_own_truth():
    b = np.array([1.0, 2.0, 3.0])
    result = perform(b, [1.0] * 3, b - 0.5)
    assert result.bias.value == pytest.approx(0.5)
    assert result.bias.mcse == pytest.approx(0.0)
    assert result.mse.value == pytest.approx(0.25)
    assert result.empirical_se.value == pytest.approx(1.0)


def test_methods_are_leading_axes():
    rng = np.random.default_rng(2)
    b, se = rng.normal(size=(2, 3, 50)), rng.uniform(0.5, 1.5, (2, 3, 50))
    together = perform(b, se, 0.2)
    for index in np.ndindex(2, 3):
        alone = perform(b[index], se[index], 0.2)
        for name in ("bias", "relative_error", "rmse", "type_m", "bias_eliminated_coverage"):
            assert getattr(together, name).value[index] == pytest.approx(
                getattr(alone, name).value, nan_ok=True
            )
            assert getattr(together, name).mcse[index] == pytest.approx(
                getattr(alone, name).mcse, nan_ok=True
            )


def test_records_hold_every_measure_once_and_are_plain():
    rows = perform(np.ones((2, 4)), np.ones((2, 4)), 0.0).records()
    assert len(rows) == 14 * 2
    assert {row["measure"] for row in rows} >= {"bias", "coverage", "type_s", "non_convergence"}
    unknown = [row["value"] for row in rows if row["measure"] == "type_s"]
    assert unknown == [None, None]


def test_monte_carlo_errors_are_the_spread_over_repeated_studies():
    rng, studies, n = np.random.default_rng(6), 3000, 200
    b = rng.normal(0.3, 1.0, (studies, n))
    se = np.sqrt(rng.chisquare(50, (studies, n)) / 50)
    result = perform(b, se, 0.3)
    for name in ("bias", "empirical_se", "model_se", "relative_error", "mse", "rmse", "coverage"):
        measure = getattr(result, name)
        assert measure.mcse.mean() == pytest.approx(measure.value.std(ddof=1), rel=0.06), name


def test_monte_carlo_errors_hold_for_heavy_tails_and_errors_that_follow_the_estimates():
    rng, studies, n = np.random.default_rng(7), 2000, 200
    odds = rng.gamma(2.0, 1.0, (studies, n))  # kurtosis 6
    result = perform(odds, 0.4 + 0.3 * odds, 2.0)
    other = odds + rng.gamma(2.0, 1.0, (studies, n))
    measures = {name: getattr(result, name) for name in ("empirical_se", "relative_error")}
    measures["relative_precision"] = relative_precision(odds, other)
    for name, measure in measures.items():
        ratio = measure.value.std(ddof=1) / np.sqrt((measure.mcse**2).mean())
        assert 0.9 < ratio < 1.1, name
    normal = result.empirical_se.value.mean() / np.sqrt(2 * n)
    assert result.empirical_se.value.std() > 1.4 * normal  # the value of the normal formula


def test_joint_moments_of_parts_are_those_of_the_whole():
    rng = np.random.default_rng(8)
    a, b = rng.gamma(2.0, 1.0, (2, 3, 50)) + 5
    a[0, 3] = np.nan
    whole = JointMoments.of(a, b)
    parts = JointMoments.of(a[:, :20], b[:, :20]) + JointMoments.of(a[:, 20:], b[:, 20:])
    for i, j in ((2, 0), (0, 2), (4, 0), (0, 4), (2, 2), (2, 1), (1, 2)):
        np.testing.assert_allclose(parts.central(i, j), whole.central(i, j), rtol=1e-10)
    assert whole.n.tolist() == [49, 50, 50]


def test_common_random_numbers_make_differences_precise():
    rng = np.random.default_rng(4)
    a = rng.normal(size=500)
    b = a + rng.normal(0.1, 0.05, size=500)
    found = paired_difference(b, a)
    assert found.value == pytest.approx(0.1, abs=4 * found.mcse)
    assert found.mcse < 0.1 * np.sqrt(2 / 500)
    assert paired_difference([1.0, np.nan, 3.0], [0.0, 1.0, 1.0]).n == 2
    assert abs(paired_difference(b, a).z) > 10


def test_relative_precision_of_twice_the_noise():
    a = np.array([0.0, 1.0, 2.0, 3.0])
    found = relative_precision(a, 2 * a)
    assert found.value == pytest.approx(300.0)
    assert found.mcse == pytest.approx(0.0, abs=1e-6)  # correlation 1


def test_performance_is_measured_on_the_scale_of_the_standard_error():
    rng = np.random.default_rng(5)
    x1, x2 = rng.binomial(60, 0.4, 3000), rng.binomial(60, 0.2, 3000)
    question = Estimand("all participants", "therapy 1 vs 0", "y", "")
    odds = compare_arms(x1, 60, x2, 60, question, measure="odds ratio")
    result = performance_of(odds, 0.4 / 0.6 / (0.2 / 0.8))
    assert abs(result.bias.value) < 0.06  # small-sample bias of the log odds ratio
    assert result.coverage.value == pytest.approx(0.95, abs=0.015)
    assert result.model_se.value == pytest.approx(result.empirical_se.value, rel=0.1)
    difference = performance_of(compare_arms(x1, 60, x2, 60, question), 0.2)
    assert abs(difference.bias.z) < 4
    assert difference.rejection.value == pytest.approx(
        float(exact_power(pooled_z_test(0.05, 2)(60, 60), 0.4, 0.2)), abs=4 * 0.0085
    )


def test_what_did_not_converge_is_not_an_estimate():
    question = Estimand("all participants", "therapy 1 vs 0", "y", "")
    odds = compare_arms([5, 0, 6, 9], 20, [3, 0, 2, 4], 20, question, measure="odds ratio")
    result = performance_of(odds, 2.0)
    assert result.non_convergence.value == 0.25
    assert result.bias.n == 3


def test_one_replicate_is_not_a_study():
    with pytest.raises(InputError, match="fewer than 2"):
        perform([1.0], [1.0], 0.0)


def test_exact_proportions_rounded_beyond_0_or_1_are_accepted():
    assert z_against(1.0, 2000, 1.0 + 2e-14) == 0
    assert abs(z_against(0.0, 2000, 2e-17)) < 1e-3


def heavy_tails(studies, replicates=100):
    """Draw estimates with a kurtosis near 9, and squared errors that follow them."""
    rng = np.random.default_rng(21)
    large = rng.random((studies, replicates)) < 0.1
    b = rng.normal(size=large.shape) * np.where(large, 2.6, 0.8)
    return b, np.where(large, 4.0, 0.7)


def test_the_error_of_the_relative_error_is_that_of_a_jackknife():
    b, squares = heavy_tails(1, 400)
    found = JointMoments.of(b[0], squares[0]).relative_error_mcse()
    logs = [
        0.5 * np.log(np.delete(squares[0], k).mean()) - np.log(np.delete(b[0], k).std(ddof=1))
        for k in range(400)
    ]
    jackknife = np.sqrt(399 * np.var(logs))
    assert found == pytest.approx(jackknife, rel=0.01)


def test_the_error_of_the_relative_error_is_its_spread_over_studies_with_heavy_tails():
    b, squares = heavy_tails(4000)
    relative = np.sqrt(squares.mean(1)) / b.std(1, ddof=1)
    mcse = relative * JointMoments.of(b, squares).relative_error_mcse()
    assert relative.std() / np.sqrt((mcse**2).mean()) == pytest.approx(1.0, abs=0.06)
