"""Cumulative live birth rate: hand calculations for ten couples."""

import math

import numpy as np
import pytest
from scipy import optimize

from estimate.core.estimand import Estimand
from estimate.survival.cumulative_live_birth import (
    LifeTable,
    assuming,
    cumulative_difference,
    expected_events,
    kaplan_meier,
    life_table,
    log_rank,
    transfer_times,
)
from estimate.survival.discrete_time import discrete_hazard, person_periods
from estimate.survival.hazard_ratio import hazard_ratio
from protocol.errors import InputError

# Untreated: births at 1, 2, stopped after 1, 2, 3. Treated: births at 1, 1, 2, 3, stopped at 1.
TRANSFERS = [1, 2, 1, 2, 3, 1, 1, 2, 3, 1]
BIRTH = [1, 1, 0, 0, 0, 1, 1, 1, 1, 0]
LEFT = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
THERAPY = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
QUESTION = Estimand("couples with ICSI", "therapy 1 vs 0", "live_birth", "")


def arms() -> tuple[LifeTable, LifeTable]:
    return life_table(TRANSFERS, BIRTH, THERAPY == 0), life_table(TRANSFERS, BIRTH, THERAPY == 1)


def test_three_conventions_for_couples_who_stop() -> None:
    assert transfer_times(TRANSFERS, BIRTH, "censored").tolist() == TRANSFERS
    conservative = transfer_times(TRANSFERS, BIRTH, "conservative").tolist()
    assert conservative == [1, 2, 3, 3, 3, 1, 1, 2, 3, 3]
    left = transfer_times(TRANSFERS, BIRTH, "embryos left", embryos_left=LEFT).tolist()
    assert left == [1, 2, 1, 3, 3, 1, 1, 2, 3, 3]


def test_the_question_states_which_convention_was_used() -> None:
    assert "composite" in str(assuming(QUESTION, "conservative"))
    assert "hypothetical" in str(assuming(QUESTION, "censored"))
    both = str(assuming(QUESTION, "embryos left"))
    assert "hypothetical" in both
    assert "composite" in both


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="choose from censored, conservative, embryos left"):
        transfer_times(TRANSFERS, BIRTH, "optimistic")  # type: ignore[arg-type]  # invalid
    with pytest.raises(InputError, match="exclude couples without a transfer"):
        transfer_times([0, 1], [0, 1], "censored")
    with pytest.raises(InputError, match="give 0 or 1 per couple"):
        transfer_times(TRANSFERS, BIRTH, "embryos left")
    unknown = [np.nan if born else left for born, left in zip(BIRTH, LEFT, strict=True)]
    transfer_times(TRANSFERS, BIRTH, "embryos left", embryos_left=unknown)
    with pytest.raises(InputError, match="for every couple without a birth"):
        transfer_times(TRANSFERS, BIRTH, "embryos left", embryos_left=[np.nan] * 10)
    weighted = [life_table(TRANSFERS, BIRTH, 1.5 * (g == THERAPY)) for g in (0, 1)]
    with pytest.raises(InputError, match="counts, not weights"):
        hazard_ratio(*weighted, QUESTION, ties="exact")


def test_the_life_table_counts_couples() -> None:
    untreated, treated = arms()
    assert untreated.at_risk.tolist() == [5, 3, 1]
    assert untreated.events.tolist() == [1, 1, 0]
    assert treated.at_risk.tolist() == [5, 2, 1]
    assert treated.events.tolist() == [2, 1, 1]


def test_kaplan_meier_by_hand() -> None:
    curve = kaplan_meier(arms()[0])
    assert curve.survival == pytest.approx([4 / 5, 8 / 15, 8 / 15])
    greenwood = math.sqrt(1 / (5 * 4) + 1 / (3 * 2))
    assert curve.std_error[1] == pytest.approx(8 / 15 * greenwood)
    variation = 1.959963984540054 * greenwood / math.log(8 / 15)
    assert curve.conf_low[1] == pytest.approx((8 / 15) ** math.exp(-variation))
    assert curve.conf_high[1] == pytest.approx((8 / 15) ** math.exp(variation))


def test_a_curve_that_falls_to_zero_has_no_error_left() -> None:
    curve = kaplan_meier(arms()[1])
    assert curve.survival[-1] == 0
    assert curve.std_error[-1] == 0


def test_the_curve_has_no_uncertainty_before_the_first_birth() -> None:
    curve = kaplan_meier(life_table([1, 2, 2], [0, 1, 0]))
    assert (curve.conf_low[0], curve.survival[0], curve.conf_high[0]) == (1, 1, 1)


def test_log_rank_by_hand() -> None:
    untreated, treated = arms()
    # Transfers 1, 2, 3: 3 of 10, 2 of 5, 1 of 2 couples deliver.
    expected = 5 * 0.3 + 2 * 0.4 + 1 * 0.5
    variance = 3 * 7 / 9 * 0.25 + 2 * 3 / 4 * 0.4 * 0.6 + 1 * 1 / 1 * 0.25
    assert expected_events(untreated, treated)[1] == pytest.approx(expected)
    assert log_rank(untreated, treated).statistic == pytest.approx((4 - expected) ** 2 / variance)


def test_cox_maximises_the_partial_likelihood() -> None:
    """Maximise the explicit Efron likelihood of the ten couples with another optimiser."""

    def minus_loglik(b: float) -> float:
        e = math.exp(b)
        order1 = 2 * b - sum(math.log(5 - k / 3 * 1 + (5 - k / 3 * 2) * e) for k in range(3))
        order2 = b - sum(math.log(3 - k / 2 * 1 + (2 - k / 2 * 1) * e) for k in range(2))
        order3 = b - math.log(1 + e)
        return -(order1 + order2 + order3)

    best = optimize.minimize_scalar(minus_loglik).x
    ours = hazard_ratio(*arms(), QUESTION, ties="efron")
    assert np.log(ours.estimate) == pytest.approx(best, abs=1e-5)
    assert ours.scale == "hazard ratio"
    assert ours.n == 10


def test_an_arm_without_births_does_not_converge() -> None:
    nobody = life_table([1, 2, 3], [0, 0, 0])
    somebody = life_table([1, 2, 3], [1, 1, 0])
    assert not hazard_ratio(nobody, somebody, QUESTION).converged
    assert np.isnan(hazard_ratio(nobody, somebody, QUESTION).estimate)


def test_cumulative_difference_by_hand() -> None:
    a, b = life_table([1, 1], [1, 0]), life_table([1, 1, 1, 1], [1, 1, 1, 0])
    answer = cumulative_difference(a, b, QUESTION)
    assert answer.estimate == pytest.approx(0.25)
    assert answer.std_error == pytest.approx(math.sqrt(0.25 / 2 + 0.75 * 0.25 / 4))
    assert answer.n == 6


def test_couples_unfold_into_transfers() -> None:
    design, outcome, weight = person_periods([1, 3], [1, 0], [[0], [1]], top=2)
    assert weight.tolist() == [1, 0, 0, 1, 1, 1]
    assert outcome.tolist() == [1, 0, 0, 0, 0, 0]
    assert design[3:].tolist() == [[1, 1, 0], [1, 1, 1], [1, 1, 1]]


def test_one_order_makes_the_discrete_model_a_two_by_two_table() -> None:
    birth = [1, 0, 0, 0, 1, 1, 1, 0]
    therapy = np.array([[0], [0], [0], [0], [1], [1], [1], [1]])
    answer = discrete_hazard([1] * 8, birth, therapy, QUESTION, top=1)
    assert answer.estimate == pytest.approx(9)
    hazards = discrete_hazard([1] * 8, birth, therapy, QUESTION, top=1, link="cloglog")
    assert hazards.estimate == pytest.approx(math.log(0.25) / math.log(0.75))


def test_a_batch_equals_single_studies() -> None:
    rng = np.random.default_rng(3)
    time, event = rng.integers(1, 5, (4, 60)), rng.random((4, 60)) < 0.4
    therapy = np.tile([0, 1], 30)
    tables = [life_table(time, event, therapy == g, last=4) for g in (0, 1)]
    for i in range(4):
        alone = [life_table(time[i], event[i], therapy == g, last=4) for g in (0, 1)]
        assert log_rank(*tables).statistic[i] == pytest.approx(log_rank(*alone).statistic)
        for ties in ("efron", "breslow", "exact"):
            batch = hazard_ratio(*tables, QUESTION, ties=ties)
            assert batch.estimate[i] == pytest.approx(
                hazard_ratio(*alone, QUESTION, ties=ties).estimate
            )
        cloglog = discrete_hazard(time, event, therapy[:, None], QUESTION, top=4, link="cloglog")
        single = discrete_hazard(
            time[i], event[i], therapy[:, None], QUESTION, top=4, link="cloglog"
        )
        assert cloglog.estimate[i] == pytest.approx(single.estimate)
