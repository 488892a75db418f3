"""Elapsed time of a patient: booked visits, laboratory samples and delays, each recorded."""

from collections.abc import Generator
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
) -> Answer:  # fmt: skip
    """Book a slot on or after the due day and attend it; False if it is offered too late."""
    now = env.now
    case.asked[step] = due if slots.unlimited else max(now, floor(due))
    if patience < inf and slots.first_free(now, due, follow_up=follow_up) - due > patience:
        return False
    begins = slots.book(now, due, follow_up=follow_up)
    case.start[step] = begins
    yield from wait(env, begins + slots.length - now)
    case.complete[step] = env.now
    return True


def send_sample(
    env: simpy.Environment, case: Case, step: int, bench: BenchResource, time: int
) -> Process:
    """Send a sample to a bench and wait for the report; ``time`` counts the samples from 0."""
    delays = case.batch.delays
    case.asked[step] = env.now
    if bench.analysers is None:
        case.start[step] = env.now
    else:
        with bench.analysers.request() as turn:
            yield turn
            case.start[step] = env.now
            yield env.timeout(delays[bench.work + time])
    yield from wait(env, delays[bench.turnaround])
    case.complete[step] = env.now


def wait(env: simpy.Environment, days: float) -> Process:
    """Wait for a number of days; zero or negative numbers take no time."""
    if days > 0:
        yield env.timeout(days)


def stamp(env: simpy.Environment, case: Case, step: int) -> None:
    """Record a step that takes no time."""
    now = env.now
    case.asked[step] = case.start[step] = case.complete[step] = now
