"""Sizes and exact operating characteristics against rpact, gsDesign, East, base R and papers.

Constants without another source come from `r/inline_constants.R`, stored values from
`r/trial_oracles.R`.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from estimate.sample_size.closed_form import (
    optimal_allocation,
    power_two_proportions,
    size_one_proportion,
    size_two_proportions,
)
from estimate.sample_size.conditioning import effects_under_thresholds
from estimate.sample_size.events import event_probability, freedman_events, schoenfeld_events
from estimate.sample_size.exact_fixed import (
    exact_power,
    fisher_test,
    largest_size,
    one_arm_power,
    one_arm_size,
    pooled_z_test,
    search_size,
)
from estimate.sample_size.exact_reestimation import exact_reestimation
from estimate.sample_size.exact_sequential import exact_sequential
from estimate.sample_size.graphs import Graph, adjusted_p, fallback, reject
from estimate.sample_size.marginal_truth import marginal_truth
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.conditional_power import information_for_power
from estimate.sequential.spending import Spending

ORACLES = {
    oracle["id"]: oracle
    for oracle in json.loads((Path(__file__).parents[1] / "trial_oracles.json").read_text())
}
PARTICIPANTS = np.array([60, 120, 180])
CRITICAL = ORACLES["O28"]["inputs"]["crit"]


def oracle(name):
    return ORACLES[name]["outputs"], ORACLES[name]["tol"]


def test_o17_fleiss_size():
    message, tol = oracle("O17")  # rpact, gsDesign, base R, statsmodels
    assert size_two_proportions(0.55, 0.40).arm2 == pytest.approx(message["n_arm"], abs=tol)
    with_90 = size_two_proportions(0.55, 0.40, power=0.9)
    assert with_90.arm1 == pytest.approx(message["n_arm_90"], abs=tol)
    corrected = size_two_proportions(0.55, 0.40, continuity=True)
    assert corrected.arm1 == pytest.approx(message["n_arm_cc"], abs=tol)


@pytest.mark.parametrize(
    ("p1", "p2", "power", "participants"),
    [
        (0.50, 0.30, 0.8, 92.998845),
        (0.65, 0.50, 0.8, 169.311371),
        (0.60, 0.40, 0.9, 129.252887),
        (0.45, 0.35, 0.8, 375.565131),
        (0.15, 0.05, 0.8, 140.095090),
        (0.30, 0.20, 0.8, 293.151286),
    ],
)
def test_o18_more_fleiss_sizes(p1, p2, power, participants):
    assert size_two_proportions(p1, p2, power=power).arm2 == pytest.approx(
        participants, abs=1e-6
    )  # rpact


def test_o18_with_continuity():
    corrected = size_two_proportions(0.50, 0.30, continuity=True)
    assert corrected.arm2 == pytest.approx(102.755549, abs=1e-6)  # rpact


def test_o19_unequal_allocation():
    message, tol = oracle("O19")  # rpact
    size = size_two_proportions(0.55, 0.40, allocation=2)
    assert (size.arm1, size.arm2) == pytest.approx((message["n1"], message["n2"]), abs=tol)
    best = size_two_proportions(0.55, 0.40, allocation=optimal_allocation(0.55, 0.40))
    assert best.arm1 == pytest.approx(172.273861, abs=1e-3)
    assert best.total == pytest.approx(172.273861 + 173.322728, abs=1e-6)


def test_o20_non_inferiority():
    message, tol = oracle("O20")  # rpact
    for case in message["cases"]:
        size = size_two_proportions(case["p1"], case["p2"], power=case["power"], null=case["d0"])
        assert size.arm1 == pytest.approx(case["n"], abs=tol)
    two_to_one = size_two_proportions(0.85, 0.85, power=0.9, null=-0.10, allocation=2)
    assert two_to_one.arm1 == pytest.approx(370.850199, abs=1e-6)
    assert two_to_one.arm2 == pytest.approx(185.425099, abs=1e-6)


def test_o21_farrington_and_manning_1990():
    message, tol = oracle("O21")  # their table 1 and page 1451, via gsDesign's tests
    for case in message["cases"]:
        ratio = "rr0" in case
        size = size_two_proportions(
            case["p1"],
            case["p2"],
            alpha=0.05,
            power=case["power"],
            null=case["rr0"] if ratio else case["d0"],
            measure="risk ratio" if ratio else "risk difference",
            allocation=case.get("ratio_n1_n2", 1.0),
        )
        for key, value in (("total", size.total), ("n1", size.arm1), ("n2", size.arm2)):
            if key in case:
                assert value == pytest.approx(case[key], abs=tol)


def test_o22_east_fixed_size():
    message, tol = oracle("O22")  # gsDesign; East 651
    total = size_two_proportions(0.28, 0.40, power=0.9).total
    assert total == pytest.approx(message["fixed_28_40"], abs=tol)
    assert np.ceil(total) == message["east_fixed"]


@pytest.mark.parametrize(
    ("measure", "total"),
    [("risk difference", 524.2492854), ("risk ratio", 524.2492854), ("odds ratio", 488.8468045)],
)
def test_o23_the_scale_matters(measure, total):
    size = size_two_proportions(0.20, 0.10, allocation=2, power=0.85, measure=measure)
    assert size.total == pytest.approx(total, abs=1e-6)  # gsDesign


def test_o24_power_in_closed_form():
    one = power_two_proportions(0.55, 0.40, 150, 150)  # base R power.prop.test
    assert one == pytest.approx(0.741742, abs=1e-6)
    both = power_two_proportions(0.55, 0.40, 150, 150, both_sides=True)
    assert both == pytest.approx(0.741744, abs=1e-6)
    assert power_two_proportions(0.50, 0.75, 50, 50) == pytest.approx(0.740166, abs=1e-6)
    assert size_two_proportions(0.50, 0.75, power=0.9).arm2 == pytest.approx(76.706930, abs=1e-5)


def test_o25_one_arm_exact_power_has_a_sawtooth():
    message, tol = oracle("O25")  # East 6.5 via gsDesign's tests
    powers = [float(one_arm_power(n, 0.05, 0.20)) for n in message["n"]]
    assert powers == pytest.approx(message["power"], abs=tol)
    assert one_arm_power(33, 0.15, 0.35) == pytest.approx(0.77005342, abs=1e-8)


def test_o26_one_arm_sizes():
    assert size_one_proportion(0.30, 0.50) == pytest.approx(43.492637, abs=1e-6)  # rpact
    # rpact gives 52: power is sufficient at 52 but not at 53, so ours is 54.
    assert one_arm_power(52, 0.30, 0.50) > 0.8 > one_arm_power(53, 0.30, 0.50)
    assert one_arm_size(0.30, 0.50) == 54


def test_o27_exact_power_of_the_pooled_z_test():
    message, tol = oracle("O27")  # enumeration
    table = pooled_z_test(0.025)(150, 150)
    powers = exact_power(table, [0.55, 0.50, 0.40], 0.40)
    wanted = [message["p55_40"], message["p50_40"], message["size40"]]
    assert powers == pytest.approx(wanted, abs=tol)


def test_o27_the_closed_form_is_not_exact():
    gap = exact_power(pooled_z_test()(150, 150), 0.55, 0.40) - power_two_proportions(
        0.55, 0.40, 150, 150
    )
    assert gap == pytest.approx(0.0172, abs=1e-4)


def test_o28_exact_sequential_trial():
    message, tol = oracle("O28")  # exact recursion; rpact's 10^6 simulated trials agree
    trial = exact_sequential(
        PARTICIPANTS, PARTICIPANTS, CRITICAL, [0.55, 0.50, 0.40, 0.60], [0.40] * 4
    )
    assert trial.efficacy[0] == pytest.approx(message["p55_40"]["stage"], abs=tol)
    totals = [message[key]["total"] for key in ("p55_40", "p50_40", "p40_40", "p60_40")]
    assert trial.power == pytest.approx(totals, abs=tol)
    assert trial.expected_participants[0] == pytest.approx(message["p55_40"]["EN"], abs=1e-4)
    assert trial.expected_participants[3] == pytest.approx(message["p60_40"]["EN"], abs=1e-4)
    null = exact_sequential(PARTICIPANTS, PARTICIPANTS, CRITICAL, 0.20, 0.20)
    assert null.power == pytest.approx(0.0249800, abs=1e-6)


def test_o29_with_futility():
    message, tol = oracle("O29")  # exact recursion
    lower = ORACLES["O29"]["inputs"]["fut"]
    trial = exact_sequential(PARTICIPANTS, PARTICIPANTS, CRITICAL, 0.55, 0.40, lower=lower)
    assert trial.efficacy == pytest.approx(message["stage"], abs=tol)
    assert trial.power == pytest.approx(message["total"], abs=tol)
    assert trial.futility[:2] == pytest.approx(message["fut"], abs=tol)
    assert trial.expected_participants == pytest.approx(message["EN"], abs=1e-4)


def test_o30_exact_search_accounts_for_the_sawtooth():
    message, tol = oracle("O30")  # enumeration
    found = search_size(pooled_z_test(), 0.55, 0.40, power=0.8, around=172.8)
    power = dict(zip(found.participants.tolist(), found.power.tolist(), strict=True))
    assert (found.first, found.stays_from) == (message["first"], message["stays_from"])
    assert power[168] == pytest.approx(message["power_first"], abs=tol)
    assert power[173] == pytest.approx(message["power_173"], abs=tol)
    assert power[176] == pytest.approx(0.803396, abs=tol)


@pytest.mark.parametrize(
    ("test", "p1", "p2", "power", "first"),
    [
        (fisher_test(), 0.55, 0.40, 0.8, 183),
        (pooled_z_test(), 0.50, 0.30, 0.8, 94),
        (fisher_test(), 0.50, 0.30, 0.8, 102),
        (pooled_z_test(), 0.60, 0.40, 0.9, 128),
        (fisher_test(), 0.60, 0.40, 0.9, 141),
    ],
)
def test_o30_more_exact_searches(test, p1, p2, power, first):
    around = float(size_two_proportions(p1, p2, power=power, continuity=True).arm2)
    assert search_size(test, p1, p2, power=power, around=around).first == first  # enumeration


@pytest.mark.parametrize(
    ("participants", "size"), [(50, 0.028445), (100, 0.027983), (150, 0.028283), (180, 0.025603)]
)
def test_o31_largest_size_of_the_pooled_z_test(participants, size):
    assert largest_size(pooled_z_test()(participants, participants))[0] == pytest.approx(
        size, abs=1e-6
    )


def test_o32_fisher_exact_power():
    message, tol = oracle("O32")  # enumeration and base R
    fifty, forty = fisher_test(0.05, 2)(50, 50), fisher_test(0.05, 2)(40, 40)
    powers = exact_power(fifty, [0.40, 0.40], [0.70, 0.40])
    assert powers == pytest.approx([message["n50_40_70"], message["size_n50_40"]], abs=tol)
    assert exact_power(forty, 0.30, 0.60) == pytest.approx(message["n40_30_60"], abs=tol)
    pearson = exact_power(pooled_z_test(0.05, 2)(50, 50), 0.40, 0.70)
    assert pearson == pytest.approx(0.876325, abs=1e-6)


SUCCESSIVE = Graph(
    ("H1", "H2", "H3", "H4"),
    (0.5, 0.5, 0.0, 0.0),
    ((0, 0.5, 0.5, 0), (0.5, 0, 0, 0.5), (0, 1, 0, 0), (1, 0, 0, 0)),
)


def test_o42_graphs():
    message, tol = oracle("O42")  # graphicalMCP
    graph, case = fallback(("H1", "H2"), (0.8, 0.2)), message["fallback"]
    assert adjusted_p(graph, case["p"]) == pytest.approx(case["adj"], abs=tol)
    assert reject(graph, case["p"], 0.025).all()
    case = message["bretz"]  # Bretz et al. 2011, successive procedure
    assert adjusted_p(SUCCESSIVE, case["p"]) == pytest.approx(case["adj"], abs=tol)
    third = adjusted_p(SUCCESSIVE, [0.01, 0.02, 0.015, 0.005])
    assert third == pytest.approx([0.02, 0.08 / 3, 0.08 / 3, 0.08 / 3], abs=tol)


def test_o43_events():
    assert schoenfeld_events(0.7) == pytest.approx(246.7871045, abs=1e-7)  # rpact
    assert freedman_events(0.7) == pytest.approx(252.0362492, abs=1e-7)


def test_o45_event_probabilities():
    hazard, dropout = np.log(2) / 12, -np.log(0.95) / 12
    control, treated = (
        event_probability(h, accrual_months=12, until_months=24, dropout_hazard=dropout)
        for h in (hazard, 0.7 * hazard)
    )
    assert (control, treated) == pytest.approx((0.619196, 0.495078), abs=1e-6)  # rpact
    assert (control + treated) / 2 == pytest.approx(0.557137, abs=1e-6)


def test_o47_marginal_truth():
    message, tol = oracle("O47")  # Gauss-Hermite
    truth = marginal_truth(-0.5, 0.8, 1.2)
    assert (truth.control, truth.treated) == pytest.approx((message["p0"], message["p1"]), abs=tol)
    assert truth.risk_difference == pytest.approx(message["rd"], abs=tol)
    assert truth.risk_ratio == pytest.approx(message["rr"], abs=tol)
    assert truth.odds_ratio == pytest.approx(message["or_marg"], abs=tol)
    assert marginal_truth(-0.405, 0.606, 0.5).risk_difference == pytest.approx(0.1418130477)


def test_o48_re_estimation_inflates_the_naive_test_only():
    message, tol = oracle("O48")  # rpact, 400,000 trials
    trials, arm = 400_000, ORACLES["O48"]["inputs"]["n1"] // 2
    smallest, largest = (n // 2 for n in ORACLES["O48"]["inputs"]["stage2"])
    rng = np.random.default_rng(48)
    design = plan_sequential([0.5, 1], Spending("OF"))

    def z(x1, x2, n):
        pooled = (x1 + x2) / (2 * n)
        return (x1 - x2) / n / np.sqrt(pooled * (1 - pooled) * 2 / n)

    x1, x2 = rng.binomial(arm, 0.40, (2, trials))
    first = z(x1, x2, arm)
    effect = 0.10 / np.sqrt(0.5 * 0.5 + 0.4 * 0.6)
    half = (np.sqrt(0.5), np.sqrt(0.5))
    participants = np.ceil(
        information_for_power(
            first, design.upper[1], half, effect, power=0.9, lowest=smallest, most=largest
        )
    ).astype(int)
    y1, y2 = rng.binomial(participants, 0.40), rng.binomial(participants, 0.40)
    early = first >= design.upper[0]
    combined = half[0] * first + half[1] * z(y1, y2, participants)
    naive = z(x1 + y1, x2 + y2, arm + participants)
    right = (early | (combined >= design.upper[1])).mean()
    wrong = (early | (naive >= design.upper[1])).mean()
    assert right == pytest.approx(message["inverse_normal"], abs=tol)
    assert wrong == pytest.approx(message["naive"], abs=tol)
    assert right == pytest.approx(0.025, abs=3 * message["mcse"])
    assert wrong > 0.025 + 10 * message["mcse"]
    assert (2 * arm + 2 * participants * ~early).mean() == pytest.approx(881.8, abs=2)


@pytest.mark.parametrize(
    ("risk", "power", "participants"), [(0.40, 0.0255, 881.8), (0.50, 0.7854, None)]
)
def test_o48_exactly(risk, power, participants):
    """The same design by enumeration; rpact's numbers have MCSEs of 0.00026 and 0.00065."""
    design = plan_sequential([0.5, 1], Spending("OF"))
    half, effect = (np.sqrt(0.5), np.sqrt(0.5)), 0.10 / np.sqrt(0.49)

    def rule(z):
        return information_for_power(
            z, design.upper[1], half, effect, power=0.9, lowest=45, most=360
        )

    trial = exact_reestimation(90, design.upper, rule, risk, 0.40)
    assert trial.power == pytest.approx(power, abs=3 * np.sqrt(power * (1 - power) / 400_000))
    if participants:
        assert trial.expected_participants == pytest.approx(participants, abs=1)


def test_o52_conditioning_hides_a_treatment():
    message, tol = oracle("O52")  # exact
    for case in message["cases"]:
        effects = effects_under_thresholds(case["d"], case["c2"], case["c1"])
        assert effects.any_sperm == pytest.approx(case["composite"], abs=tol)
        assert effects.among_operated == pytest.approx(case["operated"], abs=tol)
        assert effects.retrieval_all == pytest.approx(case["itt_mtese"], abs=tol)
    stratum = effects_under_thresholds(0.5, 0.2, 1.0).always_operated
    assert stratum == pytest.approx(0.2852, abs=5e-5)


def odds_times(p, ratio):
    return p / (1 - p) * ratio / (1 + p / (1 - p) * ratio)


@pytest.mark.parametrize(
    ("control", "treated", "at_80", "at_90", "dropout"),
    [
        (0.195, 0.312, 216, 289, 240),  # the paper, unadjusted
        (0.195, odds_times(0.195, 1.59), 410, 549, 456),  # its weighted odds ratio
        (0.195, odds_times(0.195, 1.80), 248, 332, 276),  # its matched odds ratio
        (0.195, 0.359, 116, 155, 129),  # any sperm
        (0.45, 0.65, 96, 128, 107),  # close to the effect detectable with 100 per arm, NCT02275169
        (0.275, 0.3025, 4262, 5705, 4736),  # Boulos: pooled risk ratio 1.10
    ],
)
def test_sizes_of_trials_proposed_in_the_literature(control, treated, at_80, at_90, dropout):
    size = size_two_proportions(treated, control)
    assert np.ceil(size.arm1) == at_80
    assert np.ceil(size_two_proportions(treated, control, power=0.9).arm1) == at_90
    assert np.ceil(size.with_dropout(0.10).arm1) == dropout


def test_sample_size_and_power_are_inverse_functions():
    size = size_two_proportions(0.55, 0.40, power=0.83, allocation=2, null=0.02)
    assert power_two_proportions(0.55, 0.40, size.arm1, size.arm2, null=0.02) == pytest.approx(0.83)
