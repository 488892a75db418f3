"""Binomial counts: the same distribution as patients, and exact power."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.stats import binom, ks_2samp

from pretese.io.text.rounding_rule import rounded_replicates
from pretese.jobs.storage.blocks import Store
from pretese.jobs.worker_pool import WorkerPool
from pretese.trial.conduct.event_rates import arm_rates
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.measures.exact_power import exact_behaviour
from pretese.trial.measures.performance import measures
from pretese.trial.power.runner import Runner, trial_job
from pretese.trial.simulation.binomial import arms_at_analyses, binomial_quantile, why_patient_level
from pretese.trial.simulation.engine import simulate_design
from protocol.errors import InputError
from protocol.reading.documents import validate
from simulate.core.random_streams import CHUNK, RandomStreams
from simulate.recruitment.predictability import (
    block_predictability,
    convergence_guess,
    expected_guesses,
)
from simulate.recruitment.randomisation import permuted_blocks

ANALYSES = {"analyses_percent": [100 / 3, 200 / 3, 100], "alpha_percent": 2.5, "sides": 1}

PLAIN = {
    "id": "plain",
    "title": "A plain trial",
    "question": "Does it work?",
    "participants": 360,
    "risks": {"control_percent": 40, "treated_percent": 55},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [60]}],
    "endpoint": {"endpoint_month": 4},
    "monitoring": ANALYSES,
}

#: A design with dropout, treatment switching, unequal arms and sites that open late.
CROWDED = {
    "allocation": (1, 2),
    "dropout": {"control_percent": 15, "treated_percent": 5},
    "treatment_switching": {"control_percent": 10, "treated_percent": 20},
    "sites": [
        {"name": "first", "from_month": [0], "recruitment_per_year": [90]},
        {"name": "second", "from_month": [6, 18], "recruitment_per_year": [0, 120], "ramp": True},
    ],
    "endpoint": {"endpoint_month": 7},
    "monitoring": {**ANALYSES, "futility": "HSD(-2)"},
}


def plain(**changes):
    return validate({**PLAIN, **changes}, DesignFile, "test")


def trials(design, points, replicates, **how):
    return simulate_design(design, None, points, seed=how.pop("seed", 4), replicates=replicates,
                           **how)  # fmt: skip


@pytest.fixture(scope="module")
def both():
    design = plain(**CROWDED)
    assert why_patient_level(design, [(360, 0.6)]) is None
    counted = trials(design, [(360, 0.6)], 20_000)[360, 0.6]
    return design, counted, trials(design, [(360, 0.6)], 1500, patient_level=True)[360, 0.6]


#: Means that must agree; guesses and imbalance are simulated with participants and computed with
#: counts.
COLUMNS = (
    "analysis", "rejected", "z", "estimate", "std_error", "conf_low", "conf_high", "p_value",
    "final_size", "analysed", "recruited", "n_experimental", "months", "risk_control",
    "risk_treated",
    "target", "correct_guess_rate", "imbalance",
)  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_counts_and_participants_agree_on_average(both, name):
    _, counted, drawn = both
    ours, theirs = (getattr(each, name) for each in (counted, drawn))
    error = np.hypot(ours.std() / ours.size**0.5, theirs.std() / theirs.size**0.5)
    assert abs(ours.mean() - theirs.mean()) <= 3.6 * error + 1e-12


@pytest.mark.parametrize(
    "name", ["z", "estimate", "analysed", "recruited", "n_experimental", "months"]
)
def test_counts_and_participants_have_the_same_distribution(both, name):
    _, counted, drawn = both
    for analysis in (1, 2, 3):
        ours, theirs = (getattr(o, name)[o.analysis == analysis] for o in (counted, drawn))
        assert ks_2samp(ours, theirs).pvalue > 1e-4


def test_duration_and_participants_recruited_have_the_same_correlation(both):
    for which in (np.corrcoef, np.cov):
        ours, theirs = (which(o.months, o.recruited)[0, 1] for o in both[1:])
        assert ours == pytest.approx(theirs, rel=0.15)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"monitoring": {**ANALYSES, "futility": "HSD(-2)", "binding": True}},
        {"monitoring": {"analyses_percent": [50, 100], "efficacy": "Pocock"}},
        {"allocation": (2, 1), "monitoring": {}},
        {"dropout": {"control_percent": 20}, "monitoring": {},
         "endpoint": {"endpoint_month": 4, "missing": "failure"}},
        {"treatment_switching": {"control_percent": 30}, "monitoring": {},
         "endpoint": {"endpoint_month": 4, "treatment_switching": "composite"}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("effect", [0.0, 0.5, 1.0])
def test_counts_agree_with_enumeration(changes, effect):
    design = plain(**changes)
    out = trials(design, [(360, effect)], 40_000, seed=6)[360, effect]
    risks = tuple(arm_rates(design, effect).risks)
    assert abs(exact_behaviour(design, 360, out, risks).z) < 3.5


def test_event_rates_by_hand():
    found = arm_rates(plain(), 1.0)
    assert found.success.tolist() == pytest.approx([0.4, 0.55])
    assert found.analysed.tolist() == [1, 1]
    assert found.target == pytest.approx(0.15)
    # 15 % and 5 % lost; 10 % of control take treatment, 20 % of treated do not.
    found = arm_rates(plain(**CROWDED), 1.0)
    assert found.analysed.tolist() == pytest.approx([0.85, 0.95])
    assert found.success.tolist() == pytest.approx([0.4 + 0.1 * 0.15, 0.55 - 0.2 * 0.15])
    assert found.target == pytest.approx(0.15 * 0.7)
    # With half of the effect, half of the participants respond.
    assert arm_rates(plain(), 0.5).success.tolist() == pytest.approx([0.4, 0.475])
    with pytest.raises(ValueError, match="no fixed event rates"):
        arm_rates(read_design("three-analyses")[0], 1.0)


@pytest.mark.parametrize("strategy", ["treatment policy", "hypothetical", "composite", "excluded"])
def test_each_strategy_for_treatment_switching_is_recovered(strategy):
    end = {"endpoint_month": 4, "treatment_switching": strategy}
    treatment_switching = {"control_percent": 30, "treated_percent": 10}
    design = plain(endpoint=end, treatment_switching=treatment_switching, monitoring={})
    out = trials(design, [(360, 1.0)], 40_000)[360, 1.0]
    found = measures(design, out)
    assert abs(found["bias"].z) < 3.5
    assert found["coverage"].value == pytest.approx(0.95, abs=0.006)


def test_quantiles_are_those_of_scipy():
    uniform = np.random.default_rng(1).random(500)
    assert np.array_equal(binomial_quantile(uniform, 57, 0.3), binom.ppf(uniform, 57, 0.3))
    participants = np.random.default_rng(2).integers(1, 9, 500)
    assert np.array_equal(
        binomial_quantile(uniform, participants, 0.3), binom.ppf(uniform, participants, 0.3)
    )
    assert binomial_quantile(uniform, 5, 0.0).max() == 0
    assert binomial_quantile(uniform, 5, 1.0).min() == 5


def test_counts_rise_with_the_risk_in_every_trial():
    out = trials(plain(monitoring={}), [(360, 0.0), (360, 0.5), (360, 1.0)], 2000)
    none, half, full = (out[360, e].estimate for e in (0.0, 0.5, 1.0))
    assert (none <= half).all()
    assert (half <= full).all()
    assert none.mean() < half.mean() < full.mean()


def test_a_point_does_not_depend_on_others_nor_on_blocks(monkeypatch, tmp_path):
    design, points = plain(**CROWDED), [(360, 1.0), (240, 0.3)]
    whole = trials(design, points, CHUNK + 900)
    alone = trials(design, points[1:], 500)[240, 0.3]
    monkeypatch.setattr("pretese.trial.simulation.engine.COUNTED_AT_ONCE", CHUNK)
    parts = trials(design, points, CHUNK + 900)
    with ThreadPoolExecutor(2) as pool:
        runner = Runner(Store(tmp_path), WorkerPool(pool, 3), lambda done, total, doing="": None)
        read = runner.simulate(design, None, points, seed=4, replicates=CHUNK + 900)
        for point in points:
            for name, values in whole[point].columns().items():
                assert np.array_equal(parts[point].columns()[name], values), name
                kept = rounded_replicates(values)
                assert np.array_equal(read[point].columns()[name], kept), name
    for name, values in alone.columns().items():
        assert np.array_equal(whole[240, 0.3].columns()[name][:500], values), name


@pytest.mark.parametrize(
    ("changes", "participants", "reason"),
    [
        ({"randomisation": {"method": "simple"}}, 360, "arm sizes are random"),
        ({"randomisation": {"block_sizes": [2, 4]}}, 360, "arm sizes are random"),
        ({}, 362, "the final analysis falls inside a block"),
        ({"analysis": {"method": "logistic"}}, 360,
         "the analysis needs more than the counts of both arms"),
        ({"monitoring": {"analyses_percent": [50, 100],
                         "reestimation": {"at_analysis": 1, "max_percent": 200}}}, 360,
         "the sample size is re-estimated"),
    ],
)  # fmt: skip
def test_designs_that_need_patient_level_simulation_state_the_reason(changes, participants, reason):
    design = plain(**changes)
    assert why_patient_level(design, [(360, 1.0), (participants, 1.0)]) == reason
    job = trial_job(design, None, [(participants, 1.0)], 1)
    assert job.spec["simulation_level"] == "patient-level"


def test_participants_of_a_scenario_are_simulated():
    assert (
        why_patient_level(read_design("three-analyses")[0], [(600, 1.0)])
        == "the design names a scenario"
    )


def test_the_level_of_simulation_is_part_of_the_key_of_a_block():
    jobs = [trial_job(plain(), None, [(360, 1.0)], 1, patient_level=each) for each in (False, True)]
    assert [job.spec["simulation_level"] for job in jobs] == ["binomial", "patient-level"]
    keys = {next(job.blocks(100)).key for job in jobs}
    assert len(keys) == 2


def test_compared_designs_are_simulated_at_the_same_level():
    runner = Runner(None, None, None)
    mixed = [(plain(), None), (plain(randomisation={"method": "simple"}), None)]
    drawn = {job.spec["simulation_level"] for job in runner.jobs(mixed, [(360, 1.0)], 1)}
    assert drawn == {"patient-level"}
    drawn = {job.spec["simulation_level"] for job in runner.jobs(mixed[:1], [(360, 1.0)], 1)}
    assert drawn == {"binomial"}


def test_an_arm_without_participants_gives_no_estimate():
    dropped_out = {"control_percent": 90, "treated_percent": 90}
    design = plain(
        participants=20, randomisation={"block_sizes": [2]}, dropout=dropped_out, monitoring={}
    )
    out = trials(design, [(20, 1.0)], 4000)[20, 1.0]
    empty = 1 - (1 - 0.9**10) ** 2
    assert np.isnan(out.estimate).mean() == pytest.approx(empty, abs=0.03)
    assert not out.rejected[np.isnan(out.z)].any()


def test_recruitment_that_ends_is_an_error():
    site = {"name": "one", "from_month": [0, 6], "recruitment_per_year": [60, 0]}
    with pytest.raises(InputError, match="recruitment ends before 360 participants"):
        trials(plain(sites=[site]), [(360, 1.0)], 5)


def test_arms_at_analyses_are_whole_blocks():
    design = plain(allocation=(1, 2))
    assert arms_at_analyses(design, 360).tolist() == [[40, 80], [80, 160], [120, 240]]


def test_waiting_times_and_poisson_counts_are_reproducible_and_correct():
    streams = RandomStreams(7, CHUNK + 5, 2)
    waited = streams.waiting("w", [3, 40])
    assert waited.mean(1) == pytest.approx([3, 40], rel=0.02)
    assert waited.var(1) == pytest.approx([3, 40], rel=0.06)
    assert np.array_equal(
        RandomStreams(7, 5, 2, first_patient=CHUNK).waiting("w", [3, 40]), waited[:, CHUNK:]
    )
    mean = np.stack([np.full(streams.patients, 2.0), np.linspace(0, 30, streams.patients)])
    counted = streams.poisson("p", mean)
    assert counted[0].mean() == pytest.approx(2, rel=0.03)
    assert counted[0].var() == pytest.approx(2, rel=0.06)
    assert (counted[1] - mean[1]).mean() == pytest.approx(0, abs=0.2)
    assert np.array_equal(RandomStreams(7, 9, 2).poisson("p", mean[:, :9]), counted[:, :9])


@pytest.mark.parametrize("half", [1, 2, 3, 4, 10])
def test_expected_guesses_of_equal_arms_are_those_of_blackwell_and_hodges(half):
    assert expected_guesses(half, half) == pytest.approx(block_predictability(2 * half), rel=1e-12)


def test_expected_guesses_of_unequal_arms_agree_with_simulated_blocks():
    streams = np.random.default_rng(3).random((400, 120))
    seen = convergence_guess(permuted_blocks(streams, (1, 2), rounds_of_blocks=[2]), (1, 2))
    assert abs(seen.mean() - expected_guesses(2, 4)) < 4 * seen.std() / 20
