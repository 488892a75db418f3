"""Patients per second to retrieval and to birth, and a lower limit: only the random numbers."""

from concurrent.futures import ProcessPoolExecutor
from functools import cache
from math import exp

import numpy as np
import simpy

from benchmarks.timing import best_of, cpu_seconds
from simulate.cohort.births import births_of
from simulate.cohort.draw import draw_cohort
from simulate.core.random_streams import RandomStreams
from simulate.scenario import Scenario
from simulate.scenario.load import load_scenario

STUDIES, PATIENTS = 200, 569

#: Purposes that a cohort draws from, with the numbers per patient.
NORMALS = {"baseline": 9, "hormone traits": 3, "ufsh kinetics": 2, "FSH assay": 3, "missing": 6}
UNIFORMS = ("diagnosis", "suppressible", "spermatogenic liability", "spontaneous sperm", "choice")
BIRTH_NORMALS = ("embryo quality", "oocytes", "couple")
BIRTH_UNIFORMS = {"embryology": 5, "pregnancy": 4, "miscarriage": 4}
BIRTH_SINGLES = ("embryo policy", "icsi", "freezing", "thawing")


def numbers_to_retrieval() -> None:
    """Draw the random numbers that a cohort needs up to retrieval, and discard them."""
    streams = RandomStreams(1, PATIENTS, STUDIES)
    for purpose, width in NORMALS.items():
        streams.normal(purpose, width=width)
    streams.normal("partner age")
    for purpose in UNIFORMS:
        streams.uniform(purpose)


def numbers_to_birth() -> None:
    """Draw all random numbers that a cohort needs, and discard them."""
    numbers_to_retrieval()
    streams = RandomStreams(1, PATIENTS, STUDIES)
    for purpose in BIRTH_NORMALS:
        streams.normal(purpose)
    for purpose, width in BIRTH_UNIFORMS.items():
        streams.uniform(purpose, width=width)
    for purpose in BIRTH_SINGLES:
        streams.uniform(purpose)


@cache
def paper() -> Scenario:
    """Load the scenario once per process."""
    return load_scenario("paper")


def to_retrieval(seed: int = 1) -> None:
    """Simulate cohorts in both arms up to micro-TESE."""
    draw_cohort(paper(), seed, STUDIES)


def to_birth(seed: int = 1) -> None:
    """Simulate cohorts in both arms up to live birth."""
    births_of(draw_cohort(paper(), seed, STUDIES))


def hand_written_simpy(patients: int = PATIENTS) -> list[bool]:
    """Simulate patients one by one to retrieval, as in a short SimPy script of the same pathway."""
    random = np.random.default_rng(1)
    env, found = simpy.Environment(), []

    def patient():
        scores = random.standard_normal(9)
        fsh = 18 * exp(0.49 * scores[5])
        if random.random() < 0.69:
            alternating = False
            for _ in range(3):
                yield env.timeout(30)
                fsh = fsh * 0.4 + (2 if alternating else 0)
                reported = fsh * exp(0.06 * random.standard_normal())
                alternating = alternating or 0.7 <= reported <= 11.1
            if random.random() < 0.07:
                return
        yield env.timeout(1)
        found.append(random.random() < 0.28)

    for _ in range(patients):
        env.process(patient())
    env.run()
    return found


def main() -> None:
    ways = {
        "to retrieval": (numbers_to_retrieval, lambda: draw_cohort(paper(), 1, STUDIES)),
        "to live birth": (numbers_to_birth, lambda: births_of(draw_cohort(paper(), 1, STUDIES))),
    }
    parts = ("random numbers", "the patients")
    work = {
        f"{way}: {part}": call
        for way, calls in ways.items()
        for part, call in zip(parts, calls, strict=True)
    }
    work["hand-written SimPy, one arm"] = hand_written_simpy
    seconds = best_of(5, work)
    print(f"{STUDIES} studies of {PATIENTS} patients along both arms, one core")
    for way in ways:
        alone, patients = seconds[f"{way}: random numbers"], seconds[f"{way}: the patients"]
        rate = STUDIES * PATIENTS / patients / 1e6
        print(
            f"{way:14s} {patients:7.3f} s {rate:6.2f} million patients/s "
            f"{patients / alone:5.1f} x the numbers"
        )
    script = PATIENTS / seconds["hand-written SimPy, one arm"]
    ratio = STUDIES * PATIENTS / seconds["to retrieval: the patients"] / script
    print(
        f"hand-written SimPy script to retrieval, one arm: {script:.0f} patients/s; "
        f"ratio {ratio:.0f}"
    )
    with ProcessPoolExecutor(2) as pool:
        for way, call in (("to retrieval", to_retrieval), ("to live birth", to_birth)):
            list(pool.map(call, range(2)))
            begin = cpu_seconds()
            list(pool.map(call, range(8)))
            rate = 8 * STUDIES * PATIENTS / (cpu_seconds() - begin) / 1e6
            print(f"{way:14s} {rate:6.2f} million patients/s on two processes")
