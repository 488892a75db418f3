"""Clinics whose waiting times are known from queueing theory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import factorial
from typing import Any

from simulate.clinic.capacity.run_measures import measures
from simulate.clinic.flow.run_clinic import Run, run_clinic
from tests.support.clinics import (
    assumed,
    clinic,
    constant,
    every_day,
    everybody_untreated,
    exponential,
)


def erlang_c(servers: int, load: float) -> float:
    """Return the probability of waiting in M/M/c; ``load`` is arrival rate x mean service."""
    last = load**servers / factorial(servers) * servers / (servers - load)
    return last / (sum(load**k / factorial(k) for k in range(servers)) + last)


def mmc_wait(per_day: float, service_days: float, servers: int) -> float:
    load = per_day * service_days
    return erlang_c(servers, load) * service_days / (servers - load)


def md1_wait(per_day: float, service_days: float) -> float:
    """Return the mean wait by Pollaczek and Khinchine for a constant service time."""
    use = per_day * service_days
    return use * service_days / (2 * (1 - use))


@dataclass(frozen=True)
class Model:
    """Patients per day, the measure of their wait, its theoretical mean, and the clinic's parts."""

    per_day: float
    measure: str
    expected_days: float
    parts: Mapping[str, Any]


PER_DAY = 40.0


def mmc(use: float, servers: int) -> Model:
    """Return a model of analysers with exponential service times."""
    days = use * servers / PER_DAY
    return _bench(exponential(days * 1440, "min"), servers, mmc_wait(PER_DAY, days, servers))


def md1(use: float) -> Model:
    """Return a model of one analyser with a constant service time."""
    return _bench(constant(use / PER_DAY * 1440, "min"), 1, md1_wait(PER_DAY, use / PER_DAY))


def _bench(work: Mapping[str, Any], servers: int, expected_days: float) -> Model:
    bench = {"hormones": {"analysers": servers, "work": work}}
    return Model(PER_DAY, "mean_hormone_bench_wait_days", expected_days, {"laboratory": bench})


def one_operation_a_day(use: float) -> Model:
    """Return a theatre: arrivals wait half a day on average, and for those before them."""
    lists = [
        {"weekday": day, "start": "08:00", "minutes": 60, "surgeon": "A"} for day in every_day(1)
    ]
    theatre = {"lists": lists, "operation": constant(60, "min")}
    return Model(use, "mean_wait_days", 0.5 + md1_wait(use, 1), {"theatre": theatre})


def models(use: float) -> dict[str, Model]:
    """Return the models by name at this utilisation."""
    return {
        "M/M/1": mmc(use, 1),
        "M/M/3": mmc(use, 3),
        "M/D/1": md1(use),
        "theatre": one_operation_a_day(use),
    }


def run_model(model: Model, seed: int, number: int, patients: int) -> Run:
    """Run one replicate of about so many patients, the first tenth of the days excluded."""
    days = round(patients / model.per_day)
    one = clinic(
        referrals={"patients_per_week": assumed(7 * model.per_day, "1/wk")},
        horizon_days=days,
        warm_up_days=days // 10,
        **model.parts,
    )
    return run_clinic(one, everybody_untreated(), seed, number)


def seen_waits(model: Model, seed: int, numbers: Iterable[int], patients: int) -> list[float]:
    """Return the mean wait of each replicate, in days."""
    return [measures(run_model(model, seed, each, patients))[model.measure] for each in numbers]
