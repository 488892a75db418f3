"""Lower limits of any program: only the random numbers, only the exponentials, only the events.

Random numbers come from numpy's default generator, in one stream; normals are drawn as normals.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import sizes
from served import serve

Work = Callable[[], object]


def numbers(rows: int, normals: int, uniforms: int) -> Callable[[], Work]:
    def make() -> Work:
        generator = np.random.default_rng(1)
        normal, uniform = np.empty(rows * normals), np.empty(rows * uniforms)
        return lambda: (generator.standard_normal(out=normal), generator.random(out=uniform))

    return make


def exponentials() -> Work:
    predictor = sizes.logistic_data()[0] @ np.full(len(sizes.TRUE), 0.2)
    return lambda: [np.exp(predictor) for _ in range(5)]


def counts() -> Work:
    generator, trials = np.random.default_rng(1), (3, sizes.COUNTED)
    return lambda: [generator.binomial(60, chance, trials) for chance in (0.55, 0.4)]


def events() -> Work:
    """Run the small pathway as a SimPy tutorial would, with a list as its log."""
    import simpy

    def run() -> None:
        streams = np.random.default_rng(1)
        env = simpy.Environment()
        bench = simpy.Resource(env, sizes.ANALYSERS)
        log: list[tuple[int, str, float]] = []

        def patient(number: int):
            log.append((number, "referral", env.now))
            with bench.request() as turn:
                yield turn
                log.append((number, "test", env.now))
                yield env.timeout(streams.exponential(sizes.TEST_DAYS))
            log.append((number, "operation", env.now))

        def refer():
            for number in range(sizes.CLINIC_PATIENTS):
                yield env.timeout(streams.exponential(1 / sizes.RATE))
                env.process(patient(number))

        env.process(refer())
        env.run()

    return run


_COURSES = sizes.NORMALS, sizes.UNIFORMS
_TRIAL = sizes.NORMALS, sizes.UNIFORMS_IN_TRIAL
_TRIALS = sizes.SCENARIO_TRIALS * sizes.PARTICIPANTS

LIMITS: dict[str, Callable[[], Work]] = {
    "logistic": exponentials,
    "fitted": numbers(sizes.TRIALS * sizes.PARTICIPANTS, len(sizes.TRUE) - 2, 2),
    "normals": numbers(60 * 2000, 1, 0),
    "cohort": numbers(sizes.STUDIES * sizes.PATIENTS, *_COURSES),
    "score": numbers(_TRIALS, *_TRIAL),
    "adjusted": numbers(_TRIALS, *_TRIAL),
    # sizes are nested: the largest contains the numbers of all
    "curve": numbers(sizes.CURVE_TRIALS * max(sizes.CURVE), *_TRIAL),
    "counts": counts,
    "clinic": events,
}


if __name__ == "__main__":
    serve(LIMITS)
