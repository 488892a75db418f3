import math
import tracemalloc

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from estimate.performance.tally import Performance
from pretese.recovery.design.study_cases import Tolerance
from pretese.recovery.results.assess import wanted_replicates
from pretese.recovery.results.replicates import (
    AnalysisKey,
    PairedDifference,
    Replicates,
    Source,
    join_estimates,
)
from pretese.recovery.results.verdicts import Pate, population_truths, verdict_on
from pretese.recovery.work.tasks import ESTIMATES

WHICH = AnalysisKey("case", "plan", "unadjusted", "risk difference")


def replicates(bias=0.0, n=2000, honest=1.0, missing=0.0):
    """Draw estimates of 0.1 with SE 0.05; ``honest`` sets the length of the intervals."""
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


def performance(found, truth):
    tally = found.tally(truth)
    return tally.performance(found.covering(tally.estimate.mean))


def verdict(found, expected="unbiased", truth_error=0.0):
    pate = Pate(0.1, truth_error)
    return verdict_on(WHICH, performance(found, pate.value), pate, expected, "of this", Tolerance())


def test_an_honest_method_is_unbiased():
    judged = verdict(replicates())
    assert (judged.verdict, judged.unexpected, judged.reason) == ("unbiased", False, "")
    assert judged.estimates == 2000


def test_bias_beyond_chance_and_tolerance_fails():
    judged = verdict(replicates(bias=0.012))
    assert (judged.verdict, judged.unexpected) == ("biased", True)
    assert "bias +0.012 (0.001)" in judged.reason


def test_bias_within_the_tolerance_is_unbiased_however_many_replicates():
    assert verdict(replicates(bias=0.0098, n=200_000)).verdict == "unbiased"
    assert verdict(replicates(bias=0.0102, n=200_000)).verdict == "biased"


def test_chance_excuses_bias_in_few_replicates():
    assert verdict(replicates(bias=0.01, n=200)).verdict == "unbiased"


def test_the_error_of_the_truth_counts_as_chance():
    assert verdict(replicates(bias=0.012), truth_error=0.004).verdict == "unbiased"


@pytest.mark.parametrize("honest", [0.7, 1.5])
def test_intervals_too_short_or_too_long_fail(honest):
    judged = verdict(replicates(honest=honest))
    assert judged.verdict == "biased"
    assert judged.reason.startswith("coverage")


def test_too_few_answers_fail():
    assert verdict(replicates(missing=0.04)).verdict == "unbiased"
    judged = verdict(replicates(missing=0.06))
    assert judged.verdict == "biased"
    assert "non-convergence 6 %" in judged.reason


def test_a_method_without_any_answer_fails():
    judged = verdict(replicates(missing=1.0))
    assert judged.verdict == "biased"
    assert judged.estimates == 0


def test_bias_that_is_expected_and_found_is_not_unexpected():
    judged = verdict(replicates(bias=0.02), expected="biased")
    assert (judged.verdict, judged.unexpected, judged.expected_reason) == (
        "biased",
        False,
        "of this",
    )


def test_bias_that_is_expected_and_ruled_out_is_unexpected():
    judged = verdict(replicates(n=20_000), expected="biased")
    assert (judged.verdict, judged.unexpected) == ("unbiased", True)


def test_expected_bias_is_undecided_with_few_replicates():
    judged = verdict(replicates(n=100), expected="biased")
    assert (judged.verdict, judged.unexpected) == ("undecided", False)


def test_without_an_expectation_no_verdict_is_unexpected():
    assert not verdict(replicates(bias=0.1), expected="none").unexpected


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


def write(path, first, count, scale="odds ratio", together=5):
    """Write replicates in blocks: each block has some replicates of every method."""
    parts = []
    for start in range(first, first + count, together):
        numbers = np.arange(start, min(start + together, first + count))
        for method in ("a", "b"):
            estimate = 1.0 + numbers + (method == "b")
            columns = {
                "replicate": numbers, "plan": "p", "method": method, "scale": scale,
                "estimate": estimate, "std_error": 0.1, "conf_low": estimate / 2,
                "conf_high": estimate * 2, "p_value": 0.5, "n": 9, "sate": 2.0,
            }  # fmt: skip
            parts.append(pd.DataFrame(columns))
    frame = pd.concat(parts)
    for word in ("plan", "method", "scale"):
        frame[word] = frame[word].astype("category")
    frame.to_parquet(path, schema=ESTIMATES, index=False)


@pytest.fixture
def blocks(tmp_path):
    paths = [tmp_path / f"{number}" for number in range(3)]
    for number, path in enumerate(paths):
        write(path, 7 * number, 7)
    return paths


@pytest.mark.parametrize("chunk", [1, 3, 7, 10, 50])
def test_replicates_are_read_in_order_a_chunk_at_a_time(blocks, monkeypatch, chunk):
    monkeypatch.setattr("pretese.recovery.results.replicates.CHUNK", chunk)
    chunks = list(Source(blocks, replicates=19).chunks())
    sizes = [len(each["p", "b", "odds ratio"].estimate) for each in chunks]
    assert sizes == [min(chunk, 19 - start) for start in range(0, 19, chunk)]
    found = Source(blocks, replicates=19).first(19)
    assert found["p", "a", "odds ratio"].estimate == pytest.approx(np.log(np.arange(1, 20)))
    assert found["p", "b", "odds ratio"].estimate == pytest.approx(np.log(np.arange(2, 21)))
    assert found["p", "b", "odds ratio"].sate == pytest.approx(np.full(19, np.log(2)))


def test_differences_are_not_turned_into_logarithms(tmp_path):
    write(tmp_path / "x", 0, 4, "risk difference")
    found = Source([tmp_path / "x"], 4).first(9)["p", "a", "risk difference"]
    assert found.estimate.tolist() == [1, 2, 3, 4]


def test_joined_replicates_are_read_as_the_blocks_were(blocks, tmp_path, monkeypatch):
    monkeypatch.setattr("pretese.recovery.results.replicates.CHUNK", 4)
    join_estimates(Source(blocks, 18), tmp_path / "joined")
    joined, parts = (list(Source(files, 18).chunks()) for files in ([tmp_path / "joined"], blocks))
    assert len(joined) == len(parts) == 5
    for one, two in zip(joined, parts, strict=True):
        for words, each in two.items():
            assert one[words].estimate.tolist() == each.estimate.tolist()


def draw(rng, n):
    estimate = rng.normal(0.3, 0.2, n)
    estimate[rng.random(n) < 0.1] = np.nan
    error = rng.uniform(0.1, 0.3, n)
    low, high = estimate - 2 * error, estimate + 2 * error
    return Replicates(estimate, error, low, high, rng.random(n) / 3, rng.normal(0.3, 0.05, n))


def some(found, rows):
    return Replicates(*(getattr(found, name)[rows] for name in Replicates.__slots__))


@pytest.mark.parametrize("cuts", [(), (50,), (1, 2, 120), tuple(range(1, 200))])
def test_parts_add_up_to_the_performance_of_the_whole(cuts):
    rng = np.random.default_rng(3)
    whole, other = draw(rng, 200), draw(rng, 200)
    parts = np.split(np.arange(200), cuts)
    for truth in (0.25, None):
        tallies = [
            each.tally(each.sate if truth is None else truth)
            for each in (some(whole, rows) for rows in parts)
        ]
        tally = sum(tallies[1:], start=tallies[0])
        held = [some(whole, rows).covering(tally.estimate.mean) for rows in parts]
        added = tally.performance(sum(held[1:], start=held[0]))
        at_once = performance(whole, whole.sate if truth is None else truth)
        for name in Performance.__slots__:
            one, two = getattr(added, name), getattr(at_once, name)
            for field in ("value", "mcse", "n"):
                expected = pytest.approx(getattr(two, field), rel=1e-10, abs=1e-13)
                assert getattr(one, field) == expected, (name, field)
    pairs = [PairedDifference.of(some(whole, r), 0.2, some(other, r), 0.3) for r in parts]
    contrast = sum(pairs[1:], start=pairs[0])
    for name, measure in PairedDifference.of(whole, 0.2, other, 0.3).measures().items():
        assert contrast.measures()[name].value == pytest.approx(measure.value, rel=1e-10), name
        assert contrast.measures()[name].mcse == pytest.approx(measure.mcse, rel=1e-10), name


def memory_held(path, replicates):
    """Return the peak memory of Python and Arrow, in bytes, while the replicates are read."""
    source, arrow = Source([path], replicates), 0
    list(source.chunks())  # what is loaded once
    tracemalloc.start()
    for chunk in source.chunks():
        arrow = max(arrow, pa.total_allocated_bytes())
        assert len(chunk) == 2
    _, python = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return python + arrow


def test_memory_does_not_grow_with_the_replicates(tmp_path, monkeypatch):
    monkeypatch.setattr("pretese.recovery.results.replicates.CHUNK", 200)
    before = pa.total_allocated_bytes()
    sizes = {}
    for replicates in (400, 12_000):
        write(tmp_path / "block", 0, replicates, together=200)
        join_estimates(Source([tmp_path / "block"], replicates), tmp_path / "joined")
        sizes[replicates] = memory_held(tmp_path / "joined", replicates) - before
    assert sizes[12_000] < 1.5 * sizes[400]
    assert sizes[12_000] < 12_000 * 2 * 8 * 7  # all columns of all replicates at once
