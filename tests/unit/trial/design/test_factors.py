"""Strata by classes of baseline values: randomisation, analysis, balance and predictability."""

import numpy as np
import pytest
import yaml

import pretese
from estimate.comparison.stratified import cochran_mantel_haenszel, count_strata
from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.multi_arm.balance import arm_guess_rates
from pretese.trial.multi_arm.design.design_file import parse_multi_arm
from pretese.trial.multi_arm.simulate_arms import simulate_arms
from pretese.trial.report.design_words import described
from pretese.trial.simulation.arm_comparison import analyse_trials
from pretese.trial.simulation.patient_level import guesses_within, run_block
from protocol.errors import InputError

FACTORS = [
    {"name": "FSH class", "variable": "fsh_iu_l", "cut_points": [12, 20]},
    {"name": "long infertility", "variable": "infertility_duration_years", "cut_points": [3]},
]
BY = ["FSH class", "long infertility"]
FIELDS = {
    "id": "strata",
    "title": "Strata",
    "question": "Do strata of baseline values balance the arms?",
    "participants": 120,
    "scenario": "rct-two-arm",
    "factors": FACTORS,
    "randomisation": {"method": "stratified", "by": BY, "block_sizes": [2]},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [120]}],
    "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
    "analysis": {"method": "mantel-haenszel", "strata": BY},
}


def design_of(**changes):
    return pretese.design({**FIELDS, **changes})._file


def drawn(design):
    return draw_trials(design, scenario_of(design), 5, design.participants, 6)


def strata_by_hand(trials):
    """Return the joint class; missing values are a separate class."""
    fsh, years = (trials.baseline[each["variable"]] for each in FACTORS)
    first = np.where(np.isnan(fsh), 3, np.digitize(fsh, [12, 20], right=True))
    return first * 3 + np.where(np.isnan(years), 2, years > 3)


def test_blocks_are_filled_within_the_strata():
    trials = drawn(design_of())
    strata = strata_by_hand(trials)
    for stratum in range(12):
        here = strata == stratum
        gap = (here & (trials.arm == 1)).sum(1) - (here & (trials.arm == 0)).sum(1)
        assert np.abs(gap).max() <= 1
    by_site = drawn(design_of(randomisation={"method": "simple"}))
    assert (by_site.arm != trials.arm).any()


def test_the_analysis_is_stratified_by_them():
    design = design_of()
    data = observe(design, drawn(design), 1.0)
    found = analyse_trials(data)
    counts = count_strata(data.outcome, data.arm, strata_by_hand(data), 12)
    chi2, p = cochran_mantel_haenszel(counts)
    assert np.allclose(found.p_value, p)
    assert np.allclose(np.abs(found.statistic), np.sqrt(chi2))


def test_balance_and_predictability_are_those_of_the_strata():
    design = design_of()
    found = run_block(design, scenario_of(design), 5, [(120, 0.0)], 0, 6)[120, 0.0]
    trials = drawn(design)
    strata = strata_by_hand(trials)
    assert found.factor_imbalance.shape == (6, 2)
    assert found.factor_imbalance[:, 1].max() <= 4  # at most one in each class of FSH
    # In blocks of two the second allocation of each is known to an observer of the stratum.
    known = [[(row[:i] == row[i]).sum() % 2 for i in range(120)] for row in strata]
    expected = np.where(known, 1.0, 0.5).mean(1)
    assert found.stratum_guess_rate == pytest.approx(expected)


def test_minimisation_by_them_balances_better_than_chance():
    minimised = design_of(randomisation={"method": "minimisation", "by": BY})
    simple = design_of(randomisation={"method": "simple"})
    gaps = [
        run_block(each, scenario_of(each), 5, [(120, 0.0)], 0, 6)[120, 0.0].factor_imbalance.mean()
        for each in (minimised, simple)
    ]
    assert gaps[0] < gaps[1] / 2


def test_several_arms_allow_strata_by_factors():
    arms = {name: {"regimen": regimen} for name, regimen in
            (("none", "no-therapy"), ("hcg", "hcg-only"), ("guided", "fsh-guided"))}  # fmt: skip
    fields = {**FIELDS, "arms": arms, "randomisation": {"method": "stratified", "by": BY}}
    design = parse_multi_arm(yaml.safe_dump(fields, sort_keys=False), "file.yaml")
    found = simulate_arms(design, 120, seed=5, size=4)["as planned"]
    assert found.imbalance.shape == (4, 3)
    assert found.imbalance[:, 1:].max() <= 6
    assert found.guess_rate[:, 2].min() > found.guess_rate[:, 0].max()


def test_both_guessing_strategies_agree_in_two_arms():
    rng = np.random.default_rng(1)
    arm, group = rng.integers(0, 2, (3, 40)), rng.integers(0, 4, (3, 40))
    assert arm_guess_rates(arm, group, (1, 2)) == pytest.approx(
        guesses_within(arm, group, (1, 2))[:, -1]
    )


def test_the_report_names_classes_and_factors_that_the_analysis_ignores():
    rows = described(design_of(analysis={"method": "unadjusted"}))
    assert ("Factor", "FSH class: FSH, IU/L: up to 12, above 12 up to 20, above 20") in rows
    assert dict(rows)["Not in the analysis"].startswith("FSH class, long infertility")
    assert "Not in the analysis" not in dict(described(design_of()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"factors": FACTORS[:1]},
            "no factor 'long infertility'; choose from site, diagnosis, FSH",
        ),
        ({"factors": [{**FACTORS[0], "name": "site"}]}, "site is a factor of every design"),
        ({"factors": [{**FACTORS[0], "variable": "fsh"}]}, "'fsh' is not a baseline value"),
        ({"factors": [{**FACTORS[0], "cut_points": [20, 12]}]}, "cut_points must rise"),
        ({"factors": FACTORS[:1] * 2}, "two factors have the same name"),
        ({"participants": 10}, "6 strata are too many for 10 participants"),
        (
            {"scenario": None, "risks": {"control_percent": 40, "treated_percent": 55}},
            "fixed event rates have no baseline values",
        ),
    ],
)
def test_factors_that_cannot_be_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        design_of(**changes)
