"""Sample size re-estimation in simulated trials: compared with enumeration, by hand, in batches."""

import numpy as np
import pytest
from scipy.special import ndtr

from estimate.sample_size.exact_sequential import exact_sequential
from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.design.enumeration import why_not_enumerated
from pretese.trial.measures.exact_power import exact_behaviour
from pretese.trial.measures.summary import summarise_point
from pretese.trial.report.example_trials import replay_trial
from pretese.trial.simulation.engine import simulate_design
from pretese.trial.simulation.interim_analyses import run_analyses
from pretese.trial.simulation.reestimation import effect_per_root_participant, largest, resized
from protocol.reading.documents import validate

SHIPPED = read_design("re-estimation")[0]


#: In pairs, so that sizes are those of any whole number per arm, as rpact's.
PAIRS = validate(
    {**SHIPPED.model_dump(), "randomisation": {"block_sizes": [2]}}, DesignFile, "test"
)


def with_rule(design=SHIPPED, **changes):
    monitoring = design.monitoring.model_dump()
    monitoring["reestimation"] = {**monitoring["reestimation"], **changes}
    return validate({**design.model_dump(), "monitoring": monitoring}, DesignFile, "test")


@pytest.fixture(scope="module")
def results():
    points = [(360, 0.0), (360, 1.0)]
    return {
        how: simulate_design(
            with_rule(PAIRS, combination=how), None, points, seed=4, replicates=800
        )
        for how in ("inverse normal", "naive")
    }


# rpact 3.3.4, 400,000 trials: level .0255 and .0291, power .7854 and .8240 (MCSE .00026, .0006);
# computed by tests/reference/r/inline_constants.R.
@pytest.mark.parametrize(
    ("how", "effect", "rpact", "power"),
    [
        ("inverse normal", 0.0, 0.0255, 0.0252673),
        ("naive", 0.0, 0.0291, 0.0288659),
        ("inverse normal", 1.0, 0.7854, 0.7861394),
        ("naive", 1.0, 0.8240, 0.8244983),
    ],
)
def test_simulated_trials_are_those_of_enumeration(results, how, effect, rpact, power):
    out = results[how][360, effect]
    exact = exact_behaviour(
        with_rule(PAIRS, combination=how), 360, out, (0.40, 0.40 + 0.10 * effect)
    )
    assert exact.power == pytest.approx(power, abs=1e-6)
    assert exact.power == pytest.approx(rpact, abs=3 * np.sqrt(rpact * (1 - rpact) / 400_000))
    assert abs(exact.z) < 3
    participants = np.where(out.analysis == 1, 180, out.final_size)
    assert abs(
        participants.mean() - exact.expected_participants
    ) < 4 * participants.std() / np.sqrt(800)


def test_the_naive_test_rejects_more_often_on_the_same_participants(results):
    wise, naive = (results[how][360, 1.0].rejected for how in ("inverse normal", "naive"))
    gain = naive - wise
    assert gain.mean() > 4 * gain.std() / np.sqrt(800)
    sizes = [results[how][360, 1.0].final_size for how in ("inverse normal", "naive")]
    assert np.array_equal(*sizes)


def test_participants_who_arrive_before_the_re_estimation_are_recruited():
    # 600 participants in 12 months: all 360 are recruited when the analysis of 180 is due, 4 months
    # later.
    site = {"name": "one", "from_month": [0], "recruitment_per_year": [600]}
    rule = {"min_percent": 20, "max_percent": 20}
    design = validate({**with_rule(**rule).model_dump(), "sites": [site]}, DesignFile, "test")
    out = simulate_design(design, None, [(360, 1.0)], seed=1, replicates=40)[360, 1.0]
    onward = out.analysis == 2
    assert onward.sum() > 20
    assert (out.analysed[onward] == 180 + 36).all()
    assert (out.recruited[onward] > 300).all()
    assert (out.recruited <= 360).all()


def test_an_observed_effect_and_futility_are_enumerated_too():
    analyses = {**PAIRS.monitoring.model_dump(), "futility": "HSD(-2)"}
    analyses["reestimation"] = {
        **analyses["reestimation"],
        "assume": "observed",
        "max_percent": 200,
    }
    change = {"monitoring": analyses, "participants": 120, "dropout": {"treated_percent": 10}}
    end = {"endpoint_month": 4, "missing": "failure"}
    design = validate({**PAIRS.model_dump(), **change, "endpoint": end}, DesignFile, "test")
    out = simulate_design(design, None, [(120, 1.0)], seed=8, replicates=1500)[120, 1.0]
    exact = exact_behaviour(design, 120, out, (0.40, 0.50))
    assert abs(exact.z) < 3
    assert exact.expected_participants > 0
    stopped = (out.analysis == 1) & (out.rejected == 0)
    assert stopped.any()
    participants = np.where(out.analysis == 1, 60, out.final_size)
    assert abs(
        participants.mean() - exact.expected_participants
    ) < 4 * participants.std() / np.sqrt(1500)


def test_the_new_size_is_the_smallest_with_the_conditional_power():
    z = np.array([1.0, 1.6, 2.2])
    participants = resized(SHIPPED, 360, z)
    assert participants[:, 0].tolist() == [180, 180, 180]
    effect = effect_per_root_participant(SHIPPED, z, 180)
    # Half of the participants in each arm: 0.10 / sqrt(2 (0.24 + 0.25)).
    assert effect == pytest.approx(0.10 / np.sqrt(0.98))
    needed = SHIPPED.monitoring.plan().upper[1] * np.sqrt(2) - z

    def power(rest):
        return ndtr(effect * np.sqrt(rest) - needed)

    rest = participants[1:, 1] - 180
    assert (rest % 4 == 0).all()
    assert (
        power(rest)[1:] if rest.size == 3 else ndtr(effect * rest**0.5 - needed[1:]) >= 0.9
    ).all()
    assert (ndtr(effect * (rest - 4) ** 0.5 - needed[1:]) < 0.9).all()
    assert participants[0, 1] == largest(SHIPPED, 360) == 900


def test_a_larger_interim_effect_needs_fewer_participants_within_the_limits():
    z = np.linspace(-3, 4, 200)
    for assume in ("planned", "observed", {"control_percent": 40, "treated_percent": 55}):
        participants = resized(with_rule(assume=assume), 360, z)[:, -1]
        assert (np.diff(participants) <= 0).all()
        assert (participants.min(), participants.max()) == (272, 900)
    assert resized(SHIPPED, 360, np.array([np.nan]))[0].tolist() == [180, 360]


def test_later_analyses_keep_their_fractions_of_the_second_stage():
    design = with_rule(at_analysis=1)
    monitoring = {**design.monitoring.model_dump(), "analyses_percent": [40, 70, 100]}
    design = validate({**design.model_dump(), "monitoring": monitoring}, DesignFile, "test")
    first, second, third = resized(design, 400, np.array([0.0]))[0]
    assert (first, second, third) == (160, 160 + 480, 160 + 960)


def test_a_re_estimation_without_range_equals_the_plan():
    fixed = {**SHIPPED.monitoring.model_dump(), "reestimation": None}
    plan = validate({**SHIPPED.model_dump(), "monitoring": fixed}, DesignFile, "test")
    same = with_rule(min_percent=100, max_percent=100, combination="naive")
    found = [
        simulate_design(d, None, [(360, 1.0)], seed=1, replicates=50, patient_level=True)
        for d in (plan, same)
    ]
    planned, resized = (each[360, 1.0].columns() for each in found)
    # Adjusted estimates need a single stagewise ordering, which re-estimation excludes.
    assert planned.keys() - resized.keys() == {"median_unbiased", "final_low", "final_high"}
    for name, values in resized.items():
        assert np.array_equal(values, planned[name]), name


def test_trials_of_different_sizes_are_analysed_together_or_separately():
    rule = {"at_analysis": 1, "assume": "observed", "max_percent": 300}
    monitoring = {"analyses_percent": [50, 100], "reestimation": rule}
    design = read_design("minimisation-eight-sites")[0]
    design = validate({**design.model_dump(), "monitoring": monitoring}, DesignFile, "test")
    scenario, count = scenario_of(design), largest(design, 240)

    def analyses(first, trials):
        drawn = draw_trials(design, scenario, 5, count, trials, first)
        return run_analyses(observe(design, drawn, 1.0), 240)

    together = analyses(0, 5)
    assert len(set(together.participants[:, 1])) > 1
    for trial in range(5):
        alone = analyses(trial, 1)
        assert alone.participants[0].tolist() == together.participants[trial].tolist()
        np.testing.assert_allclose(alone.z[0], together.z[trial], rtol=1e-9)
        estimate = together.answers[1].estimate[trial]
        assert alone.answers[1].estimate[0] == pytest.approx(estimate, rel=1e-9)
    assert why_not_enumerated(design) == "the analysis is adjusted"


def test_blocks_of_trials_do_not_change_a_trial(monkeypatch):
    def simulated():
        return simulate_design(SHIPPED, None, [(120, 1.0)], seed=3, replicates=60)[120, 1.0]

    whole = simulated()
    monkeypatch.setattr("pretese.trial.simulation.engine.PARTICIPANTS_AT_ONCE", 3000)
    parts = simulated()
    for name, values in whole.columns().items():
        assert np.array_equal(parts.columns()[name], values, equal_nan=True), name


def test_re_estimated_sizes_are_summarised(results):
    design, out = with_rule(PAIRS, combination="naive"), results["naive"][360, 1.0]
    sizes = summarise_point(design, 360, 1.0, out)["reestimation"]
    onward = out.analysis == 2
    assert sizes["re_estimated"]["value"] == onward.mean()
    assert sizes["raised"]["value"] == (onward & (out.final_size > 360)).mean()
    assert sizes["at_most"]["value"] == (out.final_size == 900).mean()
    assert sizes["quantiles"]["50"] == np.median(out.final_size[onward])
    assert sizes["participants"]["mcse"] > 0


def test_a_re_estimated_trial_is_reproduced_from_its_seed(results):
    out = results["inverse normal"][360, 1.0]
    trial = int(np.flatnonzero((out.final_size > 360) & (out.rejected > 0))[0])
    stored = Stored(**{name: values[trial] for name, values in out.columns().items()})
    shown_trial = replay_trial(PAIRS, None, 4, 360, "larger", (trial, 100.0), stored)
    assert len(shown_trial.analyses) == 2
    assert shown_trial.analyses[1]["z"] == pytest.approx(stored.z)
    assert "of " + str(int(out.final_size[trial]) // 2) in shown_trial.analyses[1]["control"]


class Stored:
    """A row of a table of trials, its columns as attributes."""

    def __init__(self, **columns):
        self.__dict__.update(columns)


def test_the_second_stage_stays_within_its_limit_though_blocks_are_whole():
    capped = with_rule(max_percent=103)
    z = np.linspace(-2, 3, 21)
    sizes = resized(capped, 360, z)
    assert sizes.max() == largest(capped, 360) == 180 + 184  # of 185.4 in blocks of 4


@pytest.mark.parametrize("allocation", [(1, 3), (1, 2), (2, 1)])
def test_unequal_arms_reach_the_target_conditional_power(allocation):
    unequal = with_rule(
        validate(
            {**SHIPPED.model_dump(), "allocation": allocation,
             "randomisation": {"block_sizes": [sum(allocation)]}},
            DesignFile, "test",
        ),
        min_percent=1, max_percent=1000,
    )  # fmt: skip
    z, plan = 1.0, unequal.monitoring.plan()
    rest = int(resized(unequal, 360, np.array(z))[-1] - unequal.analyses_at(360)[0])
    needed = (plan.upper[1] - np.sqrt(0.5) * z) / np.sqrt(0.5)
    control, treated = (rest * part // sum(allocation) for part in allocation)
    found = exact_sequential([treated], [control], [needed], 0.50, 0.40)
    assert float(found.power) == pytest.approx(0.9, abs=0.008)
