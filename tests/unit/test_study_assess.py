import math

import numpy as np
import pandas as pd
import pytest

from pretese.study.assess import (
    Answer,
    Pate,
    Replicates,
    Source,
    judge,
    population_truths,
    wanted_replicates,
)
from pretese.study.spec import Tolerance
from pretese.study.tasks import ESTIMATES

WHICH = Answer("case", "plan", "crude", "risk difference")


def replicates(bias=0.0, n=2000, honest=1.0, missing=0.0):
    """Draw estimates of 0.1 with SE 0.05, and intervals as long as ``honest`` says."""
    rng = np.random.default_rng(1)
    z = rng.normal(size=n)
    estimate = 0.1 + bias + 0.05 * (z - z.mean()) / z.std(ddof=1)
    estimate[: int(missing * n)] = np.nan
    reach = 1.96 * 0.05 * honest
    return Replicates(
        estimate,
        np.full(n, 0.05 * honest),
        estimate - reach,
        estimate + reach,
        np.full(n, 0.5),
        np.full(n, 0.1),
    )


def verdict(found, claim="recovers", truth_error=0.0):
    pate = Pate(0.1, truth_error)
    return judge(WHICH, found.against(pate.value), pate, claim, "of this", Tolerance())


def test_an_honest_method_recovers():
    judged = verdict(replicates())
    assert (judged.verdict, judged.surprise, judged.reason) == ("recovers", False, "")
    assert judged.usable == 2000


def test_bias_beyond_chance_and_tolerance_fails():
    judged = verdict(replicates(bias=0.012))
    assert (judged.verdict, judged.surprise) == ("fails", True)
    assert "bias +0.012 (0.001)" in judged.reason


def test_bias_within_the_tolerance_recovers_however_many_replicates():
    assert verdict(replicates(bias=0.0098, n=200_000)).verdict == "recovers"
    assert verdict(replicates(bias=0.0102, n=200_000)).verdict == "fails"


def test_chance_excuses_bias_in_few_replicates():
    assert verdict(replicates(bias=0.01, n=200)).verdict == "recovers"


def test_the_error_of_the_truth_counts_as_chance():
    assert verdict(replicates(bias=0.012), truth_error=0.004).verdict == "recovers"


@pytest.mark.parametrize("honest", [0.7, 1.5])
def test_intervals_too_short_or_too_long_fail(honest):
    judged = verdict(replicates(honest=honest))
    assert judged.verdict == "fails"
    assert judged.reason.startswith("coverage")


def test_too_few_answers_fail():
    assert verdict(replicates(missing=0.04)).verdict == "recovers"
    judged = verdict(replicates(missing=0.06))
    assert judged.verdict == "fails"
    assert "no answer in 6 %" in judged.reason


def test_a_method_without_any_answer_fails():
    judged = verdict(replicates(missing=1.0))
    assert judged.verdict == "fails"
    assert judged.usable == 0


def test_a_claimed_failure_that_shows_is_no_surprise():
    judged = verdict(replicates(bias=0.02), claim="fails")
    assert (judged.verdict, judged.surprise, judged.because) == ("fails", False, "of this")


def test_a_claimed_failure_that_is_ruled_out_is_a_surprise():
    judged = verdict(replicates(n=20_000), claim="fails")
    assert (judged.verdict, judged.surprise) == ("recovers", True)


def test_a_claimed_failure_is_undecided_in_few_replicates():
    judged = verdict(replicates(n=100), claim="fails")
    assert (judged.verdict, judged.surprise) == ("undecided", False)


def test_without_a_claim_nothing_surprises():
    assert not verdict(replicates(bias=0.1), claim="none").surprise


def test_population_truths_carry_their_error():
    draws = pd.DataFrame(
        {"plan": "p", "target": "ate", "scale": "odds ratio", "value": [0.4, 0.5, 0.6]}
    )
    pate = population_truths(draws)["p", ("ate", "odds ratio")]
    assert pate.value == pytest.approx(0.5)
    assert pate.mcse == pytest.approx(0.1 / math.sqrt(3))


def test_replicates_wanted_follow_the_worst_share():
    shares = pd.DataFrame(
        {
            "measure": ["coverage", "rejection", "bias"],
            "value": [0.95, 0.5, 0.5],
            "n": [998, 998, 998],
        }
    )
    assert wanted_replicates(shares, 0.005) == 10_000
    assert wanted_replicates(shares.head(1), 0.005) < 2000


def write(path, scale, replicate, estimate):
    rows = len(replicate)
    columns = {
        "replicate": replicate, "plan": ["p"] * rows, "method": ["m"] * rows,
        "scale": [scale] * rows, "estimate": estimate, "std_error": [0.1] * rows,
        "conf_low": estimate, "conf_high": estimate, "p_value": [0.5] * rows, "n": [9] * rows,
        "sate": [2.0] * rows,
    }  # fmt: skip
    frame = pd.DataFrame(columns)
    for word in ("plan", "method", "scale"):
        frame[word] = frame[word].astype("category")
    frame.to_parquet(path, schema=ESTIMATES, index=False)


@pytest.mark.parametrize(("scale", "expected"), [("odds ratio", np.log), ("risk difference", abs)])
def test_answers_are_read_in_order_with_ratios_as_logarithms(tmp_path, scale, expected):
    write(tmp_path / "a", scale, [0, 1, 2], [1.0, 2.0, 3.0])
    write(tmp_path / "b", scale, [3, 4, 5], [4.0, 5.0, 6.0])
    source = Source([tmp_path / "a", tmp_path / "b"], replicates=5)
    found = source.read(Answer("c", "p", "m", scale))
    assert found.estimate.tolist() == pytest.approx(expected(np.array([1.0, 2, 3, 4, 5])).tolist())
    assert found.sate[0] == pytest.approx(float(expected(np.array(2.0))))
