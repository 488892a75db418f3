"""Exact power of large trials, exact sample sizes, and effects that favour control."""

import numpy as np
import pytest

from estimate.comparison.exact.binomial_tables import binomial_masses, pooled_z
from estimate.comparison.risk_difference import score_z
from estimate.sample_size.closed_form import power_two_proportions, size_two_proportions
from estimate.sample_size.exact_fixed import TIE
from estimate.sample_size.exact_sequential import exact_sequential
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import parse_design
from pretese.trial.design.enumeration import why_not_enumerated
from pretese.trial.measures.exact_power import exact_size_power
from pretese.trial.measures.summary import assurance, summarise_point
from pretese.trial.measures.trial_means import sd_measure
from pretese.trial.power.required_size import solve_size
from pretese.trial.simulation.engine import simulate_design
from protocol.errors import InputError
from protocol.reading.documents import validate

PLAIN = {
    "id": "plain", "title": "t", "question": "q", "participants": 300,
    "risks": {"control_percent": 40, "treated_percent": 55},
    "randomisation": {"block_sizes": [2]},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [100]}],
    "endpoint": {"endpoint_month": 4},
    "monitoring": {"sides": 1, "alpha_percent": 2.5},
}  # fmt: skip


def design(**changes):
    return validate({**PLAIN, **changes}, DesignFile, "design")


@pytest.mark.parametrize(("n1", "n2", "sides"), [(40, 40, 1), (31, 62, 2)])
def test_truncated_ranges_of_counts_lose_no_probability(n1, n2, sides):
    z = pooled_z(n1, n2)
    win = (np.abs(z) if sides == 2 else z) >= 1.96 - TIE
    for p1, p2 in ((0.5, 0.3), (0.02, 0.01), (0.99, 0.9)):
        whole = binomial_masses(n1, p1) @ win @ binomial_masses(n2, p2)
        found = exact_sequential([n1], [n2], [1.96], p1, p2, sides=sides)
        assert float(found.power) == pytest.approx(whole, abs=1e-14)


def test_a_large_trial_is_enumerated():
    found = exact_sequential([50_000], [50_000], [1.959964], 0.405, 0.400)
    closed = power_two_proportions(0.405, 0.400, 50_000, 50_000)
    assert float(found.power) == pytest.approx(float(closed), abs=2e-4)
    large = design(participants=100_000)
    assert why_not_enumerated(large, 100_000) is None


def test_conditional_power_is_that_of_trials_continued_from_their_counts():
    seen = (23, 45, 50, 135)
    found = exact_sequential([90], [270], [1.9686], 0.55, 0.40, observed=seen)
    rng, trials = np.random.default_rng(3), 40_000
    later1 = seen[0] + rng.binomial(45, 0.55, trials)
    later2 = seen[2] + rng.binomial(135, 0.40, trials)
    share = (score_z(later1, 90, later2, 270) >= 1.9686).mean()
    assert abs(share - float(found.power)) < 4 * np.sqrt(0.25 / trials)
    with pytest.raises(InputError, match="leaves an arm without further participants"):
        exact_sequential([45], [270], [1.9686], 0.55, 0.40, observed=seen)


def test_the_smallest_exact_size_and_that_from_which_every_size_suffices():
    found = solve_size(design(), None, 0.8, seed=1, replicates=20)
    assert (found.participants, found.stays_from) == (336, 352)  # 168 and 176 per arm
    powers = dict(zip(found.sizes, found.power, strict=True))
    assert powers[334] < 0.8 <= powers[336] == exact_size_power(design(), 336)
    assert powers[350] < 0.8
    assert all(power >= 0.8 for size, power in powers.items() if size >= 352)


def test_an_effect_against_treatment_has_neither_power_nor_size():
    harm = design(risks={"control_percent": 55, "treated_percent": 40}, monitoring={})
    found = simulate_design(harm, None, [(300, 1.0)], seed=1, replicates=2000)[300, 1.0]
    measures = summarise_point(harm, 300, 1.0, found)["measures"]
    assert measures["power"]["value"] < 0.01
    assert measures["wrong_direction"]["value"] > 0.7
    with pytest.raises(InputError, match="does not favour treatment"):
        solve_size(harm, None, 0.8, seed=1, replicates=20)


@pytest.mark.parametrize("patient_level", [False, True])
def test_a_prior_may_include_harm(patient_level):
    prior = [{"effect_percent": -50, "weight_percent": 20},
             {"effect_percent": 100, "weight_percent": 80}]  # fmt: skip
    plan = design(prior=prior)
    points = [(300, -0.5), (300, 1.0)]
    found = simulate_design(plan, None, points, seed=1, replicates=400, patient_level=patient_level)
    harmed = found[300, -0.5]
    assert harmed.risk_treated.mean() == pytest.approx(0.325, abs=0.005)
    assert harmed.target.mean() == pytest.approx(-0.075, abs=0.005)
    assured = assurance(plan, found, 300)
    won = (found[300, 1.0].rejected * (found[300, 1.0].z > 0)).mean()
    assert float(assured.value) == pytest.approx(0.8 * won, abs=0.01)


def test_harm_beyond_the_range_of_a_risk_and_in_a_scenario_is_refused():
    far = design(risks={"control_percent": 10, "treated_percent": 40})
    with pytest.raises(InputError, match="effect of -50 % gives a risk of -5 %"):
        simulate_design(far, None, [(300, -0.5)], seed=1, replicates=20)
    prior = "prior: [{effect_percent: -50, weight_percent: 100}]"
    text = (
        "id: a\ntitle: t\nquestion: q\nparticipants: 60\nscenario: rct-two-arm\n"
        "sites: [{name: a, from_month: [0], recruitment_per_year: [60]}]\n"
        "endpoint: {endpoint_month: 4}\n"
    )
    with pytest.raises(InputError, match="a scenario has no negative effects"):
        parse_design(text + prior, "design.yaml")


def test_a_futility_rule_that_is_not_understood_is_named():
    text = (
        "id: a\ntitle: t\nquestion: q\nparticipants: 60\n"
        "risks: {control_percent: 40, treated_percent: 55}\n"
        "sites: [{name: a, from_month: [0], recruitment_per_year: [60]}]\n"
        "endpoint: {endpoint_month: 4}\n"
        "monitoring: {analyses_percent: [50, 100], futility: 'WT(0)', sides: 1}\n"
    )
    with pytest.raises(InputError, match=r"monitoring\.futility: 'WT\(0\)' is not an error"):
        parse_design(text, "design.yaml")


def test_an_alternative_beyond_its_margin_has_no_size():
    with pytest.raises(InputError, match="beyond the margin"):
        size_two_proportions(0.3, 0.5, null=-0.1)


def test_the_error_of_a_standard_deviation_holds_for_other_distributions_than_the_normal():
    rng, seeds, n = np.random.default_rng(7), 400, 400
    for draw in (rng.standard_normal, rng.standard_exponential, lambda s: rng.random(s) < 0.1):
        found = [sd_measure(np.asarray(draw(n), float)) for _ in range(seeds)]
        spread = np.std([float(each.value) for each in found], ddof=1)
        claimed = np.mean([float(each.mcse) for each in found])
        assert spread / claimed == pytest.approx(1.0, abs=0.14)
