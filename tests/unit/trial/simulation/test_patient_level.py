"""Simulated trials compared with exact power, with each other, and with true effects."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from estimate.performance.measures import proportion_mcse
from pretese.io.text.rounding_rule import rounded_replicates
from pretese.jobs.storage.blocks import Store
from pretese.jobs.worker_pool import WorkerPool
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.design.enumeration import why_not_enumerated
from pretese.trial.measures.exact_power import exact_behaviour
from pretese.trial.measures.performance import measures
from pretese.trial.measures.summary import assurance, expected_size, summarise_point
from pretese.trial.power.required_size import solve_size
from pretese.trial.power.runner import Runner
from pretese.trial.simulation.engine import simulate_design
from pretese.trial.simulation.patient_level import (
    correct_guesses,
    guesses_within,
    imbalance_at_end,
)
from protocol.errors import InputError
from protocol.reading.documents import validate
from simulate.recruitment.predictability import convergence_guess, imbalance
from simulate.recruitment.randomisation import simple

PLAIN = {
    "id": "plain",
    "title": "A plain trial",
    "question": "Does it work?",
    "participants": 300,
    "risks": {"control_percent": 40, "treated_percent": 55},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [60]}],
    "endpoint": {"endpoint_month": 4},
}


def plain(**changes):
    return validate({**PLAIN, **changes}, DesignFile, "test")


def simulated(design, points, replicates, **how):
    return simulate_design(
        design, scenario_of(design), points, seed=how.pop("seed", 1), replicates=replicates, **how
    )


HOW = pytest.mark.parametrize(("patient_level", "trials"), [(True, 4000), (False, 100_000)])


@HOW
def test_a_fixed_trial_has_the_power_that_enumeration_gives(patient_level, trials):
    # 150 participants per arm, pooled z, two-sided 5 %: exact 0.7590, closed form 0.7417.
    design = plain()
    out = simulated(design, [(300, 1.0)], trials, patient_level=patient_level)[300, 1.0]
    exact = exact_behaviour(design, 300, out, (0.40, 0.55))
    assert exact.power == pytest.approx(0.7590, abs=2e-4)
    assert exact.closed_form == pytest.approx(0.74174, abs=2e-5)
    assert abs(exact.z) < 3
    if not patient_level:  # enough replicates to distinguish the two
        assert (out.rejected.mean() - exact.closed_form) / proportion_mcse(0.75, trials) > 9


@HOW
def test_a_trial_with_three_analyses_stops_as_often_as_computed_by_recursion(patient_level, trials):
    # rpact 3.3.4 simulates 0.8212, 307.12 (1e6 trials); exact 0.8213, 307.15, computed by
    # tests/reference/r/inline_constants.R.
    analyses = {"analyses_percent": [100 / 3, 200 / 3, 100], "alpha_percent": 2.5, "sides": 1}
    design = plain(participants=360, monitoring=analyses, randomisation={"block_sizes": [2]})
    out = simulated(design, [(360, 1.0), (360, 0.0)], trials, patient_level=patient_level)
    exact = exact_behaviour(design, 360, out[360, 1.0], (0.40, 0.55))
    assert exact.power == pytest.approx(0.8212901, abs=2e-6)
    assert abs(exact.z) < 3
    ends = out[360, 1.0].analysis
    assert abs((ends * 120).mean() - 307.1526) < 4 * (ends * 120).std() / np.sqrt(trials)
    null = exact_behaviour(design, 360, out[360, 0.0], (0.40, 0.40))
    assert null.power == pytest.approx(0.0251368, abs=2e-6)
    assert abs(null.z) < 3


def test_a_smaller_trial_is_the_first_part_of_a_larger_one():
    design = plain()
    both = simulated(design, [(200, 1.0), (300, 1.0)], 40, patient_level=True)
    alone = simulated(design, [(200, 1.0)], 40, patient_level=True)
    for name, values in alone[200, 1.0].columns().items():
        assert np.array_equal(values, both[200, 1.0].columns()[name], equal_nan=True), name


def test_the_answer_does_not_depend_on_blocks_or_workers(monkeypatch, tmp_path):
    design = read_design("minimisation-eight-sites")[0]
    whole = simulated(design, [(120, 1.0)], 12)[120, 1.0]
    monkeypatch.setattr("pretese.trial.simulation.engine.PARTICIPANTS_AT_ONCE", 600)
    parts = simulated(design, [(120, 1.0)], 12)[120, 1.0]
    with ThreadPoolExecutor(2) as pool:
        runner = Runner(Store(tmp_path), WorkerPool(pool, 3), lambda done, total, doing="": None)
        scenario = scenario_of(design)
        read = runner.simulate(design, scenario, [(120, 1.0)], seed=1, replicates=12)
        spread = read[120, 1.0]
    for name, values in whole.columns().items():
        np.testing.assert_allclose(parts.columns()[name], values, rtol=1e-9, err_msg=name)
        kept = rounded_replicates(parts.columns()[name])
        assert np.array_equal(spread.columns()[name], kept, equal_nan=True)


def test_a_fraction_of_the_effect_is_that_fraction_of_the_difference():
    design = read_design("superiority-any-sperm")[0]
    out = simulated(design, [(400, 0.0), (400, 0.5), (400, 1.0)], 60)
    none, half, full = (out[400, e].target.mean() for e in (0.0, 0.5, 1.0))
    assert none == 0
    assert half == pytest.approx(full / 2, abs=0.01)


def test_treatment_switching_dilutes_the_effect_and_exclusion_does_not():
    switched = {"control_percent": 20, "treated_percent": 20}
    policy = simulated(plain(treatment_switching=switched), [(300, 1.0)], 600)[300, 1.0]
    assert policy.target.mean() == pytest.approx(0.15 * 0.6, abs=0.004)
    out = measures(plain(), policy)
    assert abs(out["bias"].z) < 3
    end = {"endpoint_month": 4, "treatment_switching": "excluded"}
    kept = simulated(plain(treatment_switching=switched, endpoint=end), [(300, 1.0)], 600)[300, 1.0]
    assert kept.analysed.mean() == pytest.approx(240, abs=1.5)
    assert kept.estimate.mean() == pytest.approx(0.15, abs=0.01)


def test_dropouts_are_excluded_or_count_as_failures():
    dropped_out = {"control_percent": 10, "treated_percent": 30}
    out = simulated(plain(dropout=dropped_out), [(300, 1.0)], 400)[300, 1.0]
    assert out.analysed.mean() == pytest.approx(240, abs=1.5)
    end = {"endpoint_month": 4, "missing": "failure"}
    design = plain(dropout=dropped_out, endpoint=end)
    failed = simulated(design, [(300, 1.0)], 400)[300, 1.0]
    assert failed.analysed.mean() == 300
    assert failed.estimate.mean() == pytest.approx(0.55 * 0.7 - 0.4 * 0.9, abs=0.01)
    assert abs(exact_behaviour(design, 300, failed, (0.40, 0.55)).z) < 3


def test_an_analysis_of_only_retrieval_misses_most_of_the_effect():
    names = ("superiority-any-sperm", "superiority-retrieval-only")
    any_sperm, retrieval = (
        simulated(read_design(name)[0], [(600, 1.0)], 300)[600, 1.0] for name in names
    )
    assert retrieval.estimate.mean() < 0.7 * any_sperm.estimate.mean()
    assert retrieval.rejected.mean() < any_sperm.rejected.mean() - 0.2
    # Also biased for its own target: operated participants of the two arms are not comparable.
    bias = measures(read_design(names[1])[0], retrieval)["bias"]
    assert bias.value < -0.03
    assert bias.z < -5


@pytest.mark.parametrize(
    "analysis",
    [
        {"method": "mantel-haenszel", "strata": ["site", "diagnosis"]},
        {
            "method": "g-computation-randomised",
            "covariates": ["age_years", "fsh_iu_l"],
            "strata": ["site"],
        },
        {"method": "logistic", "covariates": ["testis_volume_ml"]},
        {"method": "mixed", "strata": ["diagnosis"]},
    ],
    ids=lambda each: each["method"],
)
def test_adjusted_analyses_control_the_type_i_error_and_are_unbiased(analysis):
    design = read_design("minimisation-eight-sites")[0]
    design = validate({**design.model_dump(), "analysis": analysis}, DesignFile, "test")
    out = simulated(design, [(600, 0.0), (600, 1.0)], 500)
    size = out[600, 0.0].rejected.mean()
    assert abs(size - 0.05) < 3.5 * proportion_mcse(0.05, 500)
    found = measures(design, out[600, 1.0])
    # Maximum likelihood overestimates a conditional odds ratio by some percent.
    known = 0.03 if design.analysis.conditional else 0.0
    assert abs(found["bias"].value - known) < 3.5 * found["bias"].mcse
    assert abs(found["coverage"].value - 0.95) < 3.5 * proportion_mcse(0.95, 500)
    assert found["non_convergence"].value < 0.01
    assert why_not_enumerated(design) == "the analysis is adjusted"


def test_a_factor_level_without_participants_does_not_prevent_the_analysis():
    # With 60 participants, 8 sites and 4 diagnoses most trials lack a level somewhere.
    design = read_design("minimisation-eight-sites")[0]
    out = simulated(design, [(60, 0.0)], 200)[60, 0.0]
    assert np.isnan(out.estimate).mean() < 0.35
    # The trials of one pattern do not depend on other trials of the batch.
    some = simulated(design, [(60, 0.0)], 20)[60, 0.0]
    np.testing.assert_allclose(some.estimate, out.estimate[:20], rtol=1e-8)


def test_solving_finds_the_exact_size():
    # The smallest size with exact power 0.8 is 336 participants; from 352 on every size has it.
    found = solve_size(plain(), None, 0.8, seed=2, replicates=3000)
    assert found.low <= 352
    assert found.high >= 336
    assert found.participants % 4 == 0
    assert found.low <= found.participants <= found.high


def test_a_target_power_close_to_one_is_solved():
    # Exact power passes 0.9995 at 1,200 participants.
    found = solve_size(plain(), None, 0.9995, seed=2, replicates=20_000)
    assert found.low <= 1200 <= found.high
    assert found.participants < 1400


def test_an_unreachable_power_is_refused():
    design = plain(participants=4000, risks={"control_percent": 40, "treated_percent": 40})
    with pytest.raises(InputError, match="does not favour treatment"):
        solve_size(design, None, 0.8, seed=1, replicates=100)
    design = plain(participants=4000, risks={"control_percent": 40, "treated_percent": 40.5})
    with pytest.raises(InputError, match="20,000 participants do not suffice"):
        solve_size(design, None, 0.8, seed=1, replicates=100)
    with pytest.raises(InputError, match="between alpha and 1"):
        solve_size(design, None, 1.2, seed=1, replicates=100)


def test_assurance_is_power_averaged_over_the_prior():
    prior = [
        {"effect_percent": 0, "weight_percent": 50},
        {"effect_percent": 100, "weight_percent": 50},
    ]
    design = plain(prior=prior)
    out = simulated(design, [(300, 0.0), (300, 1.0)], 2000)
    found = assurance(design, out, 300)
    assert found.value == pytest.approx(0.5 * 0.759 + 0.5 * 0.0259, abs=3.5 * float(found.mcse))
    assert float(expected_size(design, out, 300).value) == 300


def test_the_expected_size_is_averaged_over_the_prior():
    prior = [{"effect_percent": 0, "weight_percent": 25},
             {"effect_percent": 100, "weight_percent": 75}]  # fmt: skip
    monitored = {"analyses_percent": [50, 100], "efficacy": "Pocock", "sides": 1}
    design = plain(prior=prior, monitoring=monitored)
    out = simulated(design, [(300, 0.0), (300, 1.0)], 2000)
    means = [float(out[300, effect].recruited.mean()) for effect in (0.0, 1.0)]
    assert means[1] < means[0] <= 300
    found = float(expected_size(design, out, 300).value)
    assert found == pytest.approx(0.25 * means[0] + 0.75 * means[1])


def test_site_effects_correlate_participants_of_a_site():
    design = read_design("minimisation-eight-sites")[0]
    trials = draw_trials(design, scenario_of(design), 3, 600, 60)
    found = trials.participants_.potential(1.0)[0]
    share = [found[(trials.site == s)].mean() for s in range(8)]
    assert np.ptp(share) < 0.1  # over trials the sites are exchangeable
    within = np.array([[found[r][trials.site[r] == s].mean() for s in range(8)] for r in range(60)])
    participants = np.array([[(trials.site[r] == s).sum() for s in range(8)] for r in range(60)])
    chance = (0.24 * 0.76 / participants).mean()
    assert within.var(axis=1, ddof=1).mean() > 1.5 * chance


@pytest.mark.parametrize("allocation", [(1, 1), (1, 2), (3, 2)])
def test_balance_is_that_of_the_general_functions(allocation):
    arm = simple(np.random.default_rng(1).random((20, 101)), allocation)
    correct_guess_rate = correct_guesses(arm, allocation)[:, -1]
    assert correct_guess_rate == pytest.approx(convergence_guess(arm, allocation))
    ends = imbalance(arm, allocation=allocation)[:, -1]
    assert imbalance_at_end(arm, allocation).tolist() == ends.tolist()


def test_recruitment_that_ends_is_an_error():
    site = {"name": "one", "from_month": [0, 6], "recruitment_per_year": [60, 0]}
    with pytest.raises(InputError, match="recruitment ends before 300 participants"):
        simulated(plain(sites=[site]), [(300, 1.0)], 5)


def test_a_point_is_plain_values():
    design = plain()
    out = simulated(design, [(300, 1.0)], 50)[300, 1.0]
    point = summarise_point(design, 300, 1.0, out)
    assert point["truth"]["risk_treated"] == 0.55
    assert point["measures"]["rejection"]["mcse"] > 0
    assert sum(row["efficacy_stop"]["value"] for row in point["analyses"]) == pytest.approx(
        point["measures"]["rejection"]["value"]
    )


def test_a_trial_with_an_incomplete_block_is_simulated_without_exact_power():
    design = plain(participants=10_002)
    assert why_not_enumerated(design, 10_000) is None
    out = simulated(design, [(10_002, 1.0)], 20)[10_002, 1.0]
    assert exact_behaviour(design, 10_002, out, (0.4, 0.55)) is None
    document = summarise_point(design, 10_002, 1.0, out)
    assert document["exact"] is None
    assert "does not fill whole blocks" in document["exact_unavailable"]


def test_an_observer_of_one_site_guesses_better_where_blocks_are_within_sites():
    rng = np.random.default_rng(2)
    site = rng.integers(0, 4, (200, 96))
    arm = np.zeros_like(site)
    for trial in range(200):
        for each in range(4):
            here = np.flatnonzero(site[trial] == each)
            blocks = [rng.permutation([0, 0, 1, 1]) for _ in range(-(-here.size // 4))]
            arm[trial, here] = np.concatenate(blocks)[: here.size]
    own = guesses_within(arm, site, (1, 1))[:, -1].mean()
    every = correct_guesses(arm, (1, 1))[:, -1].mean()
    assert own > 0.66 > every
    alone = np.zeros_like(site)
    assert np.array_equal(guesses_within(arm, alone, (1, 1)), correct_guesses(arm, (1, 1)))
