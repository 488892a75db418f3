"""True effects by hand and against a large draw."""

import dataclasses

import numpy as np
import pytest

from simulate.cohort.draw import Path, draw_cohort
from simulate.endpoints import potential_outcomes
from simulate.tables.study_tables import tables
from simulate.truth import (
    ESTIMANDS,
    population_effects,
    principal_strata,
    sample_effects,
    truth_table,
)
from tests.support.paper import drawn, paper


def by_hand(untreated: list[int], treated: list[int], chance: list[float]):
    """Make a cohort of a few patients whose any-sperm outcomes and propensities are given."""
    cohort = draw_cohort(paper(), 1, patients=len(untreated))

    def path(flags: list[int], other: Path) -> Path:
        return dataclasses.replace(other, any_sperm=np.array([flags], bool))

    paths = path(untreated, cohort.paths[0]), path(treated, cohort.paths[1])
    return dataclasses.replace(cohort, paths=paths, propensity=np.array([chance]))


def test_sample_effects_by_hand():
    cohort = by_hand([0, 0, 0, 1], [1, 0, 1, 1], [0.5, 0.5, 0.25, 0.75])
    effects = sample_effects(cohort)
    everyone = effects["any_sperm.everyone"]
    assert everyone.risk_untreated.tolist() == [0.25]
    assert everyone.risk_treated.tolist() == [0.75]
    assert everyone.risk_difference.tolist() == [0.5]
    assert everyone.risk_ratio.tolist() == [3.0]
    assert everyone.odds_ratio.tolist() == [9.0]
    assert np.isnan(everyone.log_odds_ratio_se).all()
    treated = effects["any_sperm.treated"]
    assert treated.risk_difference.tolist() == [pytest.approx(0.75 / 2)]
    untreated = effects["any_sperm.untreated"]
    assert untreated.risk_difference.tolist() == [pytest.approx((0.5 + 0.75) / 2)]


def test_strata_cover_every_patient_once():
    strata = principal_strata(drawn())
    surgery = ("always_operated", "spared_by_therapy", "operated_through_therapy", "never_operated")
    sperm = ("always_sperm", "helped", "harmed", "never_sperm")
    for names in (surgery, sperm):
        assert (sum(strata[name].astype(int) for name in names) == 1).all()
    assert not strata["harmed"].any()
    assert not strata["operated_through_therapy"].any()


def test_the_risk_difference_is_helped_minus_harmed():
    strata = principal_strata(drawn())
    effect = sample_effects(drawn())["any_sperm.everyone"]
    share = strata["helped"].mean(axis=-1) - strata["harmed"].mean(axis=-1)
    assert np.allclose(effect.risk_difference, share)


def test_population_effects_agree_with_the_average_of_samples():
    population = population_effects(paper(), 2, patients=130_000)
    samples = sample_effects(drawn())
    for key, effect in population.items():
        sample = samples[key].risk_difference
        error = np.hypot(effect.risk_difference_se, sample.std(ddof=1) / np.sqrt(len(sample)))
        assert abs(effect.risk_difference - sample.mean()) < 4 * error, key
        assert 0 < effect.risk_difference_se < 0.02


def test_the_stated_error_is_the_spread_between_draws():
    draws = [
        population_effects(paper(), seed, patients=20_000, estimands=ESTIMANDS[:4])
        for seed in range(12)
    ]
    for estimand in ESTIMANDS[:4]:
        logs = [float(np.log(draw[estimand.key].odds_ratio)) for draw in draws]
        stated = float(draws[0][estimand.key].log_odds_ratio_se)
        assert 0.5 < np.std(logs, ddof=1) / stated < 1.7, estimand.key


def test_effects_on_the_three_scales_agree_about_direction():
    for effect in sample_effects(drawn(replicates=200)).values():
        pooled = effect.risk_difference.mean()
        assert pooled > 0
        assert np.nanmean(effect.risk_ratio) > 1


def test_therapy_has_its_effect_in_long_infertility():
    effects = population_effects(paper(), 1, patients=130_000)
    gap = (
        effects["any_sperm.long_infertility"].risk_difference
        - effects["any_sperm.short_infertility"].risk_difference
    )
    assert gap > 0.05


def test_as_many_patients_are_simulated_as_asked_for():
    """A smaller number is the beginning of a larger one, over several blocks too."""
    effect = population_effects(paper(), 1, patients=1_500, estimands=ESTIMANDS[:1])
    cohort = draw_cohort(paper(), 1, patients=1_500)
    (sample,) = sample_effects(cohort, ESTIMANDS[:1]).values()
    assert effect[ESTIMANDS[0].key].risk_treated == sample.risk_treated[0]


def test_subgroups_by_duration_are_those_that_the_table_shows():
    cohort = draw_cohort(paper(), 3, patients=20_000)
    table = tables(cohort)
    recorded = table["patients"]["infertility_duration_years"] > 3
    exact = table["truth"]["infertility_duration_years_exact"] > 3
    effects = sample_effects(cohort)
    for key, members in (("long", recorded), ("exact_long", exact)):
        truth = table["truth"][members]
        expected = (truth["any_sperm_treated"] - truth["any_sperm_untreated"]).mean()
        found = effects[f"any_sperm.{key}_infertility"].risk_difference[0]
        assert found == pytest.approx(expected, abs=1e-12), key
    assert (recorded != exact).any()


def test_live_births_have_true_effects():
    without, with_therapy = potential_outcomes(drawn(), "live_birth")
    assert with_therapy.mean() > without.mean()
    assert (with_therapy >= without).all()


def test_the_table_has_a_row_per_estimand_and_scale():
    table = truth_table(population_effects(paper(), 1, patients=20_000))
    assert len(table) == 3 * len(ESTIMANDS)
    assert table["truth"].notna().all()
    assert (table.query("scale == 'risk difference'")["mcse"] > 0).all()
