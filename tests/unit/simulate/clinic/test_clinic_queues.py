"""Queues of the clinic against queueing theory: whole clinics, one wait per patient.

Patients arrive as a Poisson process. The first tenth of the days is excluded, several relaxation
times of every queue here, so that the rest is stationary. A patient who begins to wait in the
window is followed to the service, so that no wait is cut short. Replicates are independent studies.
"""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simulate.clinic.capacity.replicates import interval
from simulate.clinic.capacity.run_measures import measures
from tests.support.clinics import exponential
from tests.support.queueing import Model, md1_wait, mmc_wait, models, run_model, seen_waits

#: Experiments of so many replicates of so many patients, for each queue; every one its own seed.
EXPERIMENTS, RUNS, PATIENTS = 8, 4, 800
MODELS = models(0.6)
Found = Mapping[str, list[dict[str, float]]]


@pytest.fixture(scope="module")
def found() -> Found:
    """Measures of every replicate, experiment after experiment."""
    return {
        name: [
            measures(run_model(model, 100 * place + experiment, run, PATIENTS))
            for experiment in range(EXPERIMENTS)
            for run in range(RUNS)
        ]
        for place, (name, model) in enumerate(MODELS.items(), start=1)
    }


def waits(found: Found, name: str) -> NDArray[np.float64]:
    """Mean waits of shape (experiment, run)."""
    each = [run[MODELS[name].measure] for run in found[name]]
    return np.reshape(each, (EXPERIMENTS, RUNS))


@pytest.mark.parametrize("name", MODELS)
def test_the_mean_wait_of_theory_lies_in_the_95_percent_interval(name, found):
    expected = MODELS[name].expected_days
    seen = interval(waits(found, name).ravel())
    assert seen.low < expected < seen.high
    assert seen.half_width < 0.15 * expected


def test_intervals_of_many_experiments_have_their_nominal_coverage_of_theory(found):
    """Over queues and experiments, t statistics follow Student's t distribution."""
    t = np.array([_t(waits(found, name), MODELS[name].expected_days) for name in MODELS]).ravel()
    law = stats.t(RUNS - 1)
    assert stats.kstest(law.cdf(t), "uniform").pvalue > 0.05
    inside = int((np.abs(t) < law.ppf(0.975)).sum())
    assert stats.binomtest(inside, t.size, 0.95).pvalue > 0.05
    assert abs(np.mean(stats.norm.ppf(law.cdf(t)))) < 1.96 / np.sqrt(t.size)
    for bias in (-1, 1):  # the check can fail: waits that differ by one standard error are detected
        assert stats.kstest(law.cdf(t + bias), "uniform").pvalue < 0.01


def _t(each: NDArray[np.float64], expected: float) -> NDArray[np.float64]:
    return (each.mean(axis=1) - expected) / (each.std(axis=1, ddof=1) / np.sqrt(RUNS))


def test_constant_work_waits_half_as_long_as_exponential_work():
    assert md1_wait(40, 0.8 / 40) == pytest.approx(mmc_wait(40, 0.8 / 40, 1) / 2)


@pytest.mark.parametrize("name", ["M/M/1", "M/M/3", "M/D/1"])
def test_analysers_are_busy_while_samples_wait(name, found):
    busy = interval(run["hormone_bench_utilisation"] for run in found[name])
    assert busy.low < 0.6 < busy.high
    assert busy.half_width < 0.03


def test_one_operation_a_day_fills_the_theatre_as_patients_arrive(found):
    used = interval(run["theatre_utilisation"] for run in found["theatre"])
    assert used.low < 0.6 < used.high
    assert used.half_width < 0.03


def test_the_length_of_the_queue_is_rate_times_wait(found):
    ratio = [run["mean_queue"] / (0.6 * run["mean_wait_days"]) for run in found["theatre"]]
    assert np.mean(ratio) == pytest.approx(1, abs=0.05)


def test_a_second_analyser_shortens_waits_and_more_patients_lengthen_them():
    def wait(per_day: float, servers: int) -> float:
        bench = {"analysers": servers, "work": exponential(20, "min")}
        parts = {"laboratory": {"hormones": bench}}
        model = Model(per_day, "mean_hormone_bench_wait_days", 0.0, parts)
        return float(np.mean(seen_waits(model, 1, range(2), 1000)))

    assert wait(40, 2) < wait(40, 1) < wait(55, 1)
