"""Elapsed time of a patient: booked visits, laboratory samples and delays, each recorded."""

from collections.abc import Generator, Iterable
from math import floor, inf
from typing import Any

import simpy

from simulate.clinic.flow.patient_state import Case
from simulate.clinic.flow.places import BenchResource
from simulate.clinic.setup.opening_days import Slots

Process = Generator[simpy.Event, Any, None]
Answer = Generator[simpy.Event, Any, bool]


def visit(
    env: simpy.Environment, case: Case, step: int, slots: Slots, due: float,
    follow_up: bool = True, patience: float = inf,
) -> Iterable[simpy.Event] | None:  # fmt: skip
    """Book a slot on or after the due day, and attend it; None if it is offered too late."""
    now = env.now
    if slots.unlimited and due == now and not slots.length:
        stamp(env, case, step)
        return ()
    case.asked[step] = due if slots.unlimited else max(now, floor(due))
    if patience < inf and slots.first_free(now, due, follow_up=follow_up) - due > patience:
        return None
    begins = slots.book(now, due, follow_up=follow_up)
    case.start[step] = begins
    days = begins + slots.length - now
    if days <= 0:
        case.complete[step] = now
        return ()
    return _attended(env, case, step, days)


def _attended(env: simpy.Environment, case: Case, step: int, days: float) -> Process:
    yield env.timeout(days)
    case.complete[step] = env.now


def send_sample(
    env: simpy.Environment, case: Case, step: int, bench: BenchResource, time: int
) -> Iterable[simpy.Event]:
    """Send a sample to a bench and wait for the report; ``time`` counts the samples from 0."""
    turnaround = case.batch.delays[bench.turnaround]
    if bench.analysers is None and turnaround <= 0:
        stamp(env, case, step)
        return ()
    return _analysed(env, case, step, bench, case.batch.delays[bench.work + time], turnaround)


def _analysed(
    env: simpy.Environment, case: Case, step: int, bench: BenchResource, work: float,
    turnaround: float,
) -> Process:  # fmt: skip
    case.asked[step] = env.now
    if bench.analysers is not None:
        turn = bench.analysers.request()
        if turn is not None:
            yield turn
    case.start[step] = env.now
    if bench.analysers is not None:
        yield env.timeout(work)
        bench.analysers.release()
    if turnaround > 0:
        yield env.timeout(turnaround)
    case.complete[step] = env.now


def wait(env: simpy.Environment, days: float) -> Iterable[simpy.Event]:
    """Return what to wait for during a number of days; zero or negative numbers take no time."""
    return (env.timeout(days),) if days > 0 else ()


def stamp(env: simpy.Environment, case: Case, step: int) -> None:
    """Record a step that takes no time."""
    now = env.now
    case.asked[step] = case.start[step] = case.complete[step] = now
