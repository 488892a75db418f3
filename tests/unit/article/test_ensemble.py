"""The ensemble of parameter sets: its sampler on small problems, its record, and its members."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import chisquare

from docs.generate.evidence.parameter_sets import page, shipped
from pretese.article.calibration.draws import draw_targets
from pretese.article.calibration.problem import pose
from pretese.article.ensemble.ensemble_store import ensemble_text
from pretese.article.ensemble.ensemble_view import open_number_rows
from pretese.article.ensemble.randomised_likelihood import PRIOR_SD, LinearModel, draw_member
from pretese.article.ensemble.simulated_targets import (
    SimulatedTargets,
    open_numbers,
    smallest_tails,
)
from pretese.article.published import load_published
from protocol.errors import InputError
from simulate.scenario.ensemble import ensemble_for, member_scenario, read_ensemble
from simulate.scenario.load import load

PATIENTS, PRIOR_MEAN = 200, np.array([-0.5, 0.3])
LOW, HIGH = np.array([-0.5]), np.array([0.5])


def expected_events(calibrated, opened):
    first, second = calibrated
    return PATIENTS * expit(np.array([first, first + second + opened[0], second - opened[0]]))


def slopes(mean):
    variance = np.maximum(mean * (1 - mean / PATIENTS), 0.5)
    calibrated = variance[:, None] * np.array([[1, 0], [1, 1], [0, 1]])
    return variance, calibrated, (variance * np.array([0, 1, -1]))[:, None]


def calibrated_point(events):
    """Return the posterior mode with the open number at 0, by Newton's method."""
    point, opened = PRIOR_MEAN.copy(), np.zeros(1)
    for _ in range(20):
        mean = expected_events(point, opened)
        variance, slope, _ = slopes(mean)
        bent = slope.T @ (slope / variance[:, None]) + np.eye(2)
        step = np.linalg.solve(bent, slope.T @ ((mean - events) / variance) + point - PRIOR_MEAN)
        point = point - np.clip(step, -1, 1)
    return point


def ranks_of_truth(seed, members):
    random = np.random.default_rng([9, seed])
    calibrated = PRIOR_MEAN + PRIOR_SD * random.standard_normal(2)
    opened = random.uniform(LOW, HIGH)
    events = random.binomial(PATIENTS, expected_events(calibrated, opened) / PATIENTS)
    point = calibrated_point(events)
    mean = expected_events(point, np.zeros(1))
    variance, slope, open_slope = slopes(mean)
    model = LinearModel(
        events.astype(float), mean, np.diag(variance), point, PRIOR_MEAN, slope, np.zeros(1), LOW,
        HIGH, open_slope,
    )  # fmt: skip
    drawn = [
        draw_member(model, expected_events, lambda o: o, np.random.default_rng([seed, place]))
        for place in range(members)
    ]
    values = np.array([[*each.calibrated, *each.open_values] for each in drawn])
    return (values < np.array([*calibrated, *opened])).sum(0)


def test_true_values_have_uniform_ranks_among_the_members():
    ranks = np.array([ranks_of_truth(seed, 9) for seed in range(50)])
    for column in ranks.T:
        counts = np.bincount(column // 2, minlength=5)
        assert chisquare(counts).pvalue > 0.001


def test_a_linear_problem_gives_the_posterior_in_closed_form():
    slope, covariance = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 3.0]]), np.diag([1.0, 4.0, 2.25])
    model = LinearModel(
        np.array([1.0, 2.0, 0.5]), np.zeros(3), covariance, np.zeros(2), np.zeros(2), slope,
        np.zeros(0), np.zeros(0), np.zeros(0), np.zeros((3, 0)),
    )  # fmt: skip
    drawn = np.array([
        draw_member(model, lambda at, _: slope @ at, lambda o: o, each).calibrated
        for each in map(np.random.default_rng, range(250))
    ])  # fmt: skip
    precision = slope.T @ np.linalg.inv(covariance) @ slope + np.eye(2) / PRIOR_SD**2
    posterior = np.linalg.inv(precision)
    mean = posterior @ slope.T @ np.linalg.inv(covariance) @ model.observed
    assert drawn.mean(0) == pytest.approx(mean, abs=4 * float(np.sqrt(posterior.max() / 250)))
    assert np.cov(drawn.T) == pytest.approx(posterior, abs=0.35 * float(posterior.max()))


def test_the_shipped_sets_lie_in_their_ranges_and_belong_to_the_scenario():
    file, loaded = shipped(), load("paper")
    ranges = open_numbers(loaded.scenario)
    assert set(file.paths) == {*ranges, *loaded.free}
    values = dict(zip(file.paths, np.array(file.worlds).T, strict=True))
    for path, (_, low, high) in ((p, r) for p, r in ranges.items() if p in values):
        assert low <= values[path].min() <= values[path].max() <= high, path
    assert file.mechanism_sha256 == loaded.mechanism_sha256
    assert {path for each in file.open_numbers for path in each.paths} <= set(ranges)
    assert file.smallest_tail >= 0.00135


@pytest.mark.parametrize("place", [0, 66, 133, 199])
def test_a_shipped_set_meets_every_target_in_fresh_studies(place):
    loaded = load("paper")
    problem = pose(loaded.scenario, load_published("rbe-2022-00934"), loaded.free)
    model = SimulatedTargets(problem, tuple(open_numbers(loaded.scenario)))
    member = member_scenario(loaded.scenario, ensemble_for(loaded, 200).changes[place])
    drawn = draw_targets(member, tuple(problem.targets), 160, seed=77)
    tails = smallest_tails(model, drawn)
    # 160 studies show a share of 0.135 % on average 0.2 times: at most two of 88 targets have none.
    assert (tails == 0).sum() <= 2


def test_an_extending_scenario_keeps_what_it_states_and_what_the_user_set():
    changes = ensemble_for(load("rct-two-arm"), 2, ("behaviour.missed_share",)).changes[1]
    assert "choice.intercept" not in changes
    assert "behaviour.missed_share" not in changes
    assert "spermatogenesis.treatment.direct" in changes
    null = ensemble_for(load("null"), 2).changes[1]
    assert "spermatogenesis.treatment.direct" not in null


def test_a_changed_or_foreign_record_is_refused(tmp_path):
    file = tmp_path / "paper.json"
    text = ensemble_text(shipped())
    file.write_text(text, encoding="utf-8")
    assert read_ensemble(file) == shipped()
    plain = json.loads(text)
    plain["worlds"][0][0] += 0.5
    file.write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(InputError, match="does not match the other fields"):
        read_ensemble(file)
    with pytest.raises(InputError, match="are stored"):
        ensemble_for(load("paper"), 1999)
    alone = tmp_path / "alone.yaml"
    alone.write_text(load("paper").path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InputError, match="no ensemble of parameter sets"):
        ensemble_for(replace(load("paper"), path=alone), 2)


def test_the_page_is_that_of_the_record():
    stored = Path(__file__).parents[3] / "docs/reference/parameter-sets.md"
    again = page(shipped())
    command = "python -m docs.generate.evidence.parameter_sets > docs/reference/parameter-sets.md"
    assert stored.read_text("utf-8") == again, f"run: {command}"
    rows = open_number_rows(shipped())
    assert again.count("\n| `") == len(rows)
    assert rows[0]["span"] == max(row["span"] for row in rows)
