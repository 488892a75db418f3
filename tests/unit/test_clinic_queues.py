"""Queues of the clinic against queueing theory: whole clinics, one wait per man."""

from math import factorial

import numpy as np
import pytest
from scipy.stats import t as student

from simulate.clinic.measures import measures
from simulate.clinic.replicate import Interval, interval
from simulate.clinic.run import run_clinic
from tests.clinics import assumed, clinic, constant, every_day, everybody_untreated, exponential

RUNS, MEN = 10, 3000


def erlang_c(servers: int, load: float) -> float:
    """The chance that an arrival waits in M/M/c, with ``load`` = arrival rate x mean service."""
    last = load**servers / factorial(servers) * servers / (servers - load)
    return last / (sum(load**k / factorial(k) for k in range(servers)) + last)


def mmc_wait(per_day: float, service_days: float, servers: int) -> float:
    load = per_day * service_days
    return erlang_c(servers, load) * service_days / (servers - load)


def md1_wait(per_day: float, service_days: float) -> float:
    """Pollaczek-Khinchine with service that does not vary."""
    use = per_day * service_days
    return use * service_days / (2 * (1 - use))


def reach(found: Interval) -> float:
    """Half the length of the 99.9 % interval of a mean over runs."""
    return student.ppf(0.9995, RUNS - 1) * found.sd / np.sqrt(RUNS)


def waits(name: str, per_day: float, **parts: object):
    """Mean waits over runs, the first tenth of the days left out."""
    days = round(MEN / per_day)
    one = clinic(
        referrals={"men_per_week": assumed(7 * per_day, "1/wk")},
        horizon_days=days,
        warm_up_days=days // 10,
        **parts,
    )
    runs = [measures(run_clinic(one, everybody_untreated(), 11, number)) for number in range(RUNS)]
    return interval(run[name] for run in runs), runs


@pytest.mark.parametrize(("servers", "load"), [(1, 0.7), (3, 2.4)])
def test_the_hormone_bench_with_exponential_work_waits_as_m_m_c(servers, load):
    per_day = 40.0
    work_minutes = load / per_day * 1440
    found, runs = waits(
        "mean_hormone_bench_wait_days",
        per_day,
        laboratory={"hormones": {"analysers": servers, "work": exponential(work_minutes, "min")}},
    )
    expected = mmc_wait(per_day, load / per_day, servers)
    assert abs(found.mean - expected) < reach(found)
    assert found.half_width < 0.25 * expected
    busy = interval(run["hormone_bench_utilisation"] for run in runs)
    assert busy.mean == pytest.approx(load / servers, rel=0.03)


def test_the_hormone_bench_with_constant_work_waits_as_m_d_1():
    per_day, use = 40.0, 0.8
    found, _ = waits(
        "mean_hormone_bench_wait_days",
        per_day,
        laboratory={"hormones": {"analysers": 1, "work": constant(use / per_day * 1440, "min")}},
    )
    expected = md1_wait(per_day, use / per_day)
    assert abs(found.mean - expected) < reach(found)
    assert found.half_width < 0.25 * expected


def test_constant_work_waits_half_as_long_as_exponential_work():
    assert md1_wait(40, 0.8 / 40) == pytest.approx(mmc_wait(40, 0.8 / 40, 1) / 2)


def test_one_operation_a_day_waits_as_m_d_1_with_fixed_starting_times():
    """A man who comes at random waits half a day for the next list besides those before him."""
    per_day = 0.75
    lists = [
        {"weekday": day, "start": "08:00", "minutes": 60, "surgeon": "A"} for day in every_day(1)
    ]
    found, runs = waits(
        "mean_wait_days", per_day, theatre={"lists": lists, "operation": constant(60, "min")}
    )
    expected = 0.5 + md1_wait(per_day, 1)
    assert abs(found.mean - expected) < reach(found)
    assert found.half_width < 0.2 * expected
    used = interval(run["theatre_utilisation"] for run in runs)
    assert used.mean == pytest.approx(per_day, rel=0.05)


def test_littles_law_queue_is_rate_times_wait():
    per_day = 0.75
    lists = [
        {"weekday": day, "start": "08:00", "minutes": 60, "surgeon": "A"} for day in every_day(1)
    ]
    _, runs = waits(
        "mean_wait_days", per_day, theatre={"lists": lists, "operation": constant(60, "min")}
    )
    ratio = np.mean([run["mean_queue"] / (per_day * run["mean_wait_days"]) for run in runs])
    assert ratio == pytest.approx(1, abs=0.05)


def test_a_second_analyser_shortens_waits_and_more_men_lengthen_them():
    def wait(per_day: float, servers: int) -> float:
        bench = {"analysers": servers, "work": exponential(20, "min")}
        return waits("mean_hormone_bench_wait_days", per_day, laboratory={"hormones": bench})[
            0
        ].mean

    assert wait(40, 2) < wait(40, 1) < wait(55, 1)
