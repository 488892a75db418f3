"""Every shipped scenario shows its stated finding, within Monte Carlo error."""

import functools

import numpy as np
import pytest

from simulate.cohort.draw import Cohort, draw_cohort
from simulate.core.shipped import scenario_names
from simulate.patients.therapy_choice import propensity
from simulate.scenario.load import load_scenario
from simulate.truth import population_effects, sample_effects

PATIENTS = 120_000


@functools.cache
def large(name: str) -> Cohort:
    return draw_cohort(load_scenario(name), 17, patients=PATIENTS)


def odds(share: float) -> float:
    return float(share / (1 - share))


def unadjusted_odds_ratio(cohort: Cohort, outcome: str, counted=None) -> float:
    """Odds ratio of an outcome as observed, treated against untreated, among those counted."""
    seen = cohort.observed(outcome)
    counted = np.ones_like(seen) if counted is None else counted
    treated, untreated = (
        seen[counted & (cohort.gonadotropin_therapy == arm)].mean() for arm in (True, False)
    )
    return odds(treated) / odds(untreated)


def weighted_odds_ratio(cohort: Cohort, chance: np.ndarray) -> float:
    """Odds ratio of any sperm under overlap weights (ATO), which are bounded."""
    seen = cohort.observed("any_sperm")
    weight = np.where(cohort.gonadotropin_therapy, 1 - chance, chance)
    treated, untreated = (
        np.average(
            seen[cohort.gonadotropin_therapy == arm],
            weights=weight[cohort.gonadotropin_therapy == arm],
        )
        for arm in (True, False)
    )
    return odds(treated) / odds(untreated)


def true_effect(cohort: Cohort, key: str = "any_sperm.everyone"):
    return sample_effects(cohort)[key]


def test_every_scenario_loads_and_opens_with_its_question_and_finding():
    listed = {
        "paper", "null", "strong-confounding", "hidden-confounder", "effect-by-duration",
        "responders-removed", "retest-controls", "completers-only", "missing-at-random",
        "missing-not-at-random", "positivity-violation", "mediation-direct",
        "mediation-through-fsh", "literature-null", "hypogonadal", "rct-two-arm",
        "rct-placebo-ufsh", "fsh-at-discretion",
    }  # fmt: skip
    assert listed <= set(scenario_names())
    for name in scenario_names():
        scenario = load_scenario(name)
        assert scenario.id == name
        assert scenario.question.strip().endswith("?"), name
        assert len(scenario.expected_finding) > 40, name


def test_scenarios_state_only_differences():
    from simulate.core.shipped import scenario_path

    for name in set(scenario_names()) - {"paper"}:
        lines = scenario_path(name).read_text(encoding="utf-8").splitlines()
        assert len(lines) < 40, name
        assert any(line.startswith("extends: ") for line in lines), name


def test_paper_retrieval_among_operated_shows_less_than_any_sperm():
    cohort = large("paper")
    operated = cohort.observed("micro_tese")
    assert unadjusted_odds_ratio(cohort, "sperm_retrieved", operated) < unadjusted_odds_ratio(
        cohort, "any_sperm"
    )


def test_null_has_no_true_effect_on_any_sperm_but_an_unadjusted_one():
    cohort = large("null")
    assert true_effect(cohort).risk_difference[0] == 0
    unadjusted = unadjusted_odds_ratio(cohort, "any_sperm")
    assert unadjusted > 1.1
    assert (
        unadjusted_odds_ratio(cohort, "sperm_retrieved", cohort.observed("micro_tese")) < unadjusted
    )


def test_strong_confounding_biases_the_unadjusted_but_not_the_weighted_estimate():
    cohort = large("strong-confounding")
    truth = true_effect(cohort, "any_sperm.overlap").odds_ratio[0]
    assert unadjusted_odds_ratio(cohort, "any_sperm") > 1.4 * truth
    assert weighted_odds_ratio(cohort, cohort.propensity) == pytest.approx(truth, rel=0.06)


def test_a_hidden_confounder_biases_the_weighted_analysis():
    cohort = large("hidden-confounder")
    truth = true_effect(cohort, "any_sperm.overlap").odds_ratio[0]
    measured = propensity(cohort.scenario.choice, cohort.patients)
    assert weighted_odds_ratio(cohort, measured) > 1.25 * truth
    assert weighted_odds_ratio(cohort, cohort.propensity) == pytest.approx(truth, rel=0.06)


def test_effect_by_duration_exists_only_beyond_three_years():
    cohort = large("effect-by-duration")
    assert true_effect(cohort, "any_sperm.exact_short_infertility").risk_difference[0] == 0
    # Infertility of 3.2 years is recorded as 3, and has the effect.
    assert 0 < true_effect(cohort, "any_sperm.short_infertility").risk_difference[0] < 0.06
    beyond = true_effect(cohort, "any_sperm.long_infertility").risk_difference[0]
    assert beyond > 0.2
    assert 0 < true_effect(cohort).risk_difference[0] < beyond


def test_responders_removed_makes_a_therapy_without_effect_analysis_harmful():
    cohort = large("responders-removed")
    assert true_effect(cohort).risk_difference[0] == 0
    assert unadjusted_odds_ratio(cohort, "any_sperm") == pytest.approx(1, abs=0.06)
    operated = cohort.observed("micro_tese")
    assert unadjusted_odds_ratio(cohort, "sperm_retrieved", operated) < 0.9


def test_retesting_controls_removes_the_bias():
    cohort = large("retest-controls")
    operated = cohort.observed("micro_tese")
    found = unadjusted_odds_ratio(cohort, "sperm_retrieved", operated)
    assert found == pytest.approx(1, abs=0.06)
    untreated, treated = cohort.paths
    assert np.array_equal(untreated.sperm_in_ejaculate, treated.sperm_in_ejaculate)


def test_an_analysis_of_completers_shows_a_benefit_that_starters_do_not_have():
    cohort = large("completers-only")
    assert true_effect(cohort).risk_difference[0] == 0
    counted = ~cohort.gonadotropin_therapy | cohort.paths[1].course.completed
    assert 1.1 < unadjusted_odds_ratio(cohort, "any_sperm", counted) < 1.35
    assert unadjusted_odds_ratio(cohort, "any_sperm") == pytest.approx(1, abs=0.06)


def complete(cohort: Cohort) -> np.ndarray:
    return ~np.isnan(np.stack(list(cohort.baseline.values()))).any(axis=0)


def test_missing_at_random_removes_the_treated_and_the_successful():
    cohort = large("missing-at-random")
    assert cohort.scenario.measurement.mechanism == "MAR"
    kept = complete(cohort)
    assert cohort.gonadotropin_therapy[kept].mean() < cohort.gonadotropin_therapy.mean() - 0.05
    assert cohort.observed("any_sperm")[kept].mean() < cohort.observed("any_sperm").mean() - 0.05
    # Given treatment and outcome, missingness does not depend on the value.
    score = cohort.patients.score["testosterone_nmol_l"]
    gone = np.isnan(cohort.baseline["testosterone_nmol_l"])
    for gonadotropin_therapy in (True, False):
        for found in (True, False):
            alike = (cohort.gonadotropin_therapy == gonadotropin_therapy) & (
                cohort.observed("any_sperm") == found
            )
            error = score[alike].std() / np.sqrt(gone[alike].sum())
            assert abs(score[alike & gone].mean() - score[alike].mean()) < 4 * error


def test_missing_not_at_random_removes_high_values_in_both_arms():
    cohort = large("missing-not-at-random")
    assert cohort.scenario.measurement.mechanism == "MNAR"
    true = cohort.patients.baseline["testosterone_nmol_l"]
    seen = cohort.baseline["testosterone_nmol_l"]
    assert np.nanmedian(seen) < 0.93 * np.median(true)
    alike = cohort.gonadotropin_therapy & cohort.observed("any_sperm")
    assert np.nanmedian(seen[alike]) < 0.95 * np.median(true[alike])


def test_positivity_fails_for_azfc_and_overlap_weights_remain_finite():
    cohort = large("positivity-violation")
    azfc = cohort.patients.diagnosis == 3
    assert (~cohort.gonadotropin_therapy & azfc).sum() < 0.005 * azfc.sum()
    assert np.quantile(1 - cohort.propensity[azfc], 0.99) < 0.05
    assert (1 / (1 - cohort.propensity)).max() > 1000
    overlap = cohort.propensity * (1 - cohort.propensity)
    assert overlap[azfc].sum() / overlap.sum() < 0.005 < azfc.mean() / 10


def gain(cohort: Cohort, group: np.ndarray) -> float:
    without, with_therapy = cohort.paths
    return float((with_therapy.any_sperm & ~without.any_sperm)[group].mean())


def fsh_in_range(cohort: Cohort) -> tuple[np.ndarray, np.ndarray]:
    without, with_therapy = (path.course.fsh_normalised for path in cohort.paths)
    return without, with_therapy


def test_mediation_direct_is_as_large_where_fsh_never_came_into_range():
    cohort = large("mediation-direct")
    without, with_therapy = fsh_in_range(cohort)
    never, came = ~without & ~with_therapy, ~without & with_therapy
    # The risk without therapy differs a little between the groups, so compare log odds.
    risks = [[path.any_sperm[group].mean() for path in cohort.paths] for group in (never, came)]
    effects = [np.log(odds(high) / odds(low)) for low, high in risks]
    assert effects[0] == pytest.approx(effects[1], abs=0.05)
    assert effects[0] > 0.7


def test_fsh_at_discretion_adds_almost_nothing_to_patients_with_a_good_prognosis():
    cohort = large("fsh-at-discretion")
    assert 0 < true_effect(cohort).risk_difference[0] < 0.01
    seen, policy = cohort.observed("any_sperm")[0], cohort.gonadotropin_therapy[0]
    assert policy.mean() == pytest.approx(0.57, abs=0.02)
    assert seen[policy].mean() - seen[~policy].mean() > 0.05
    low = cohort.paths[1].course.measured_fsh_iu_l[0, 0] <= 11.1  # who would receive uFSH
    assert seen[low & policy].mean() - seen[~(low & policy)].mean() > 0.1


def test_mediation_through_fsh_has_no_effect_if_fsh_stays_on_one_side_of_the_range():
    cohort = large("mediation-through-fsh")
    without, with_therapy = fsh_in_range(cohort)
    assert gain(cohort, without == with_therapy) == 0
    assert gain(cohort, ~without & with_therapy) > 0.15


def test_literature_null_has_a_risk_ratio_of_one_point_one():
    effect = population_effects(load_scenario("literature-null"), 5, patients=500_000)
    everyone = effect["any_sperm.everyone"]
    error = float(everyone.risk_ratio * everyone.log_risk_ratio_se)
    assert abs(float(everyone.risk_ratio) - 1.10) < 0.005 + 4 * error
    assert float(everyone.risk_difference) < 0.035


def test_hypogonadal_has_a_marginal_odds_ratio_below_the_conditional_one():
    cohort = large("hypogonadal")
    assert np.median(cohort.patients.baseline["testosterone_nmol_l"]) == pytest.approx(
        8.5, rel=0.02
    )
    assert (cohort.patients.baseline["testosterone_nmol_l"] < 12.1).mean() > 0.9
    assert 1.9 < true_effect(cohort).odds_ratio[0] < 2.5


def test_rct_two_arm_finds_the_truth_without_adjustment():
    cohort = draw_cohort(load_scenario("rct-two-arm"), 23, replicates=400)
    seen, gonadotropin_therapy = cohort.observed("any_sperm"), cohort.gonadotropin_therapy
    found = np.array(
        [y[g].mean() - y[~g].mean() for y, g in zip(seen, gonadotropin_therapy, strict=True)]
    )
    bias = found - true_effect(cohort).risk_difference
    assert abs(bias.mean()) < 3 * bias.std(ddof=1) / np.sqrt(len(bias))
    assert gonadotropin_therapy.mean() == pytest.approx(0.5, abs=0.01)


def test_rct_placebo_ufsh_has_a_power_below_one_half():
    cohort = draw_cohort(load_scenario("rct-placebo-ufsh"), 29, replicates=600)
    seen, gonadotropin_therapy = cohort.observed("any_sperm"), cohort.gonadotropin_therapy
    high = (seen & gonadotropin_therapy).sum(-1) / gonadotropin_therapy.sum(-1)
    low = (seen & ~gonadotropin_therapy).sum(-1) / (~gonadotropin_therapy).sum(-1)
    pooled = seen.mean(-1)
    spread = np.sqrt(
        pooled
        * (1 - pooled)
        * (1 / gonadotropin_therapy.sum(-1) + 1 / (~gonadotropin_therapy).sum(-1))
    )
    power = (np.abs(high - low) / spread > 1.96).mean()
    assert 0.1 < power < 0.45
    assert cohort.paths[1].course.regimen.id == "ufsh-only"


def test_missing_hormones_may_depend_on_sperm_from_either_source():
    measurement = {"measurement.missing_by.any_sperm": 0.8}
    cohort = draw_cohort(load_scenario("missing-at-random", measurement), 4, patients=20_000)
    missing = np.isnan(cohort.baseline["fsh_iu_l"])
    ejaculate, found = (cohort.observed(n) for n in ("sperm_in_ejaculate", "any_sperm"))
    share = missing[~found].mean()
    assert missing[ejaculate].mean() > 1.5 * share
    assert missing[found & ~ejaculate].mean() > 1.5 * share
