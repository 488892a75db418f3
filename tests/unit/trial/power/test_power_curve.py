"""Power between simulated sizes: the line, its error, and where it is refused."""

import numpy as np
import pytest
from scipy.special import ndtr

import pretese
from pretese.cli import run
from pretese.trial.power.power_curve import chosen_sizes, power_line

SIZES = (100, 144, 196, 256, 324, 400)
BETWEEN = (121, 225, 361)
LEVEL, SLOPE = -1.2, 0.11


def trials(seed, probits, replicates=500):
    """Rejections of the same trials at every size: correlated as those of nested sizes are."""
    random = np.random.default_rng(seed)
    shared = random.normal(size=(1, replicates))
    own = random.normal(size=(len(probits), replicates))
    return np.sqrt(0.8) * shared + np.sqrt(0.2) * own < np.asarray(probits)[:, None]


def test_powers_on_a_line_are_found_within_their_errors():
    """Over 300 studies the line is unbiased, and its 95 % intervals hold the true power."""
    probits, true = LEVEL + SLOPE * np.sqrt(SIZES), ndtr(LEVEL + SLOPE * np.sqrt(BETWEEN))
    lines = [power_line(1.0, trials(seed, probits), SIZES, BETWEEN) for seed in range(300)]
    power, error = (
        np.array([getattr(line, name) for line in lines]) for name in ("power", "error")
    )
    assert np.all(np.abs(power.mean(0) - true) < 4 * power.std(0) / np.sqrt(300))
    assert error.mean(0) == pytest.approx(power.std(0), rel=0.25)
    held = np.abs(power - true) < 1.96 * error
    assert 0.93 < held.mean() < 0.99
    assert np.mean([line.lack_of_fit_p < 0.1 for line in lines]) == pytest.approx(0.1, abs=0.06)


def test_powers_that_are_not_on_a_line_are_refused():
    bent = LEVEL + SLOPE * np.sqrt(SIZES) + np.array([0, 0.15, 0.2, 0.2, 0.15, 0])
    assert (
        "deviate from a line by up to"
        in power_line(1.0, trials(1, bent, 5000), SIZES, BETWEEN).unavailable
    )
    falling = LEVEL + SLOPE * np.sqrt(SIZES) - np.array([0, 0, 0, 0, 0.8, 0.8])
    reason = power_line(1.0, trials(1, falling), SIZES, BETWEEN).unavailable
    assert reason == "power falls from 256 to 324 participants"
    certain = np.array([-1.0, 0, 1, 2, 4, 6])
    reason = power_line(1.0, trials(1, certain), SIZES, BETWEEN).unavailable
    assert reason == "fewer than 10 trials of 256 participants rejected, or did not"


def test_sizes_are_spread_by_their_square_roots_and_hold_both_ends():
    chosen = chosen_sizes([*range(100, 1000, 50), 990])
    assert (chosen[0], chosen[-1], len(chosen)) == (100, 990, 7)
    assert np.diff(np.sqrt(chosen)).max() < 1.7 * np.diff(np.sqrt(chosen)).min()


ADJUSTED = {
    "id": "adjusted", "title": "Two sites", "question": "", "participants": 80,
    "risks": {"control_percent": 30, "treated_percent": 55},
    "sites": [
        {"name": "one", "from_month": [0], "recruitment_per_year": [60]},
        {"name": "two", "from_month": [0], "recruitment_per_year": [60]},
    ],
    "endpoint": {"endpoint_month": 4},
    "analysis": {"method": "mantel-haenszel", "strata": ["site"]},
}  # fmt: skip


def test_a_curve_reads_the_other_sizes_from_the_line():
    """The interpolated powers agree with those of the same trials simulated at every size."""
    design, sizes = pretese.design(ADJUSTED), list(range(60, 180, 12))
    given = {"replicates": 200, "progress": False}
    study = design.power(sizes, interpolate=True, **given)
    curve = study.to_dict()["designs"][0]["interpolation"]
    assert curve["not_interpolated"] is None
    simulated = set(curve["simulated_sizes"])
    read = {point["participants"] for point in curve["interpolated"]}
    assert simulated | read == set(sizes)
    assert not simulated & read
    assert set(study.to_frame()["participants"]) == simulated
    every = design.power(sizes, **given).to_frame().set_index(["participants", "effect_percent"])
    for point in curve["interpolated"]:
        full = every.loc[(point["participants"], 100.0), "power"]
        assert abs(point["power"] - full) < 4 * point["power_error"]
        assert 0 < point["power_error"] < 0.05
    text = " ".join(str(study).split())
    assert "Interpolated from 60, 72," in text
    assert "Type I error is not interpolated" in text


@pytest.mark.parametrize(
    ("changes", "sizes", "reason"),
    [
        ({}, [60, 80], "at most 7 sizes are always simulated"),
        ({"analysis": {"method": "unadjusted"}}, range(60, 140, 8), "counts are simulated"),
        ({"risks": {"control_percent": 3, "treated_percent": 99}}, range(60, 130, 8), "fewer than"),
    ],
)  # fmt: skip
def test_a_curve_that_is_refused_simulates_every_size(changes, sizes, reason):
    study = pretese.design(ADJUSTED | changes).power(
        sizes, interpolate=True, replicates=40, progress=False
    )
    curve = study.to_dict()["designs"][0]["interpolation"]
    assert reason in curve["not_interpolated"]
    assert curve["interpolated"] == []
    assert set(study.to_frame()["participants"]) == set(sizes)
    assert "Not interpolated: " in str(study)


def test_a_part_of_the_trials_cannot_be_interpolated(capsys):
    words = ["power", "placebo-ufsh", "--interpolate", "--part", "1/2", "--out", "x"]
    assert run(words) == 2
    assert "--interpolate" in capsys.readouterr().err
