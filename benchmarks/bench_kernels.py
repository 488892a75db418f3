"""Compiled kernels beside numpy, a peer, and the least that the work can take; one table.

CPU seconds on one core, in turns. "Limit" is what no program can do without: the random numbers
alone from numpy, one exponential per patient and step, or the peer's own kernel.
"""

from collections.abc import Callable

import numpy as np
import statsmodels.api as sm
from scipy import stats
from scipy.special import expit

from benchmarks.timing import best_of
from benchmarks.trial.bench_trials import TRIALS, batched, loop
from estimate.comparison.exact.fisher import fisher_exact
from estimate.compiled.switch import compiled_kernels
from estimate.regression.logistic import fit_logistic
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.design_reader import design_path, read_design
from pretese.trial.simulation.engine import draw_block
from simulate.cohort.draw import draw_cohort
from simulate.core.random_streams import RandomStreams, compiled_streams
from simulate.scenario.load import load_scenario

Work = Callable[[], object]
STUDIES, PATIENTS, FITS = 100, 569, 200
HEADER = ("work", "numpy", "compiled", "peer", "limit", "peer / compiled", "compiled / limit")


def compiled(work: Work) -> Work:
    def run() -> object:
        with compiled_kernels(True), compiled_streams(True):
            return work()

    return run


def logistic() -> tuple[float, Work, Work, Work]:
    """Return per-fit work: ours, a statsmodels loop, and the exponentials alone."""
    random = np.random.default_rng(1)
    design = random.normal(size=(FITS, 600, 8))
    design[..., 0], design[..., 1] = 1, random.random((FITS, 600)) < 0.5
    y = (random.random((FITS, 600)) < expit(design @ np.full(8, 0.2))).astype(float)
    predictor = design @ np.full(8, 0.2)
    return (
        1e6 / FITS,
        lambda: fit_logistic(design, y),
        lambda: [sm.Logit(b, a).fit(disp=0) for a, b in zip(design, y, strict=True)],
        lambda: [np.exp(predictor) for _ in range(5)],
    )


def streams() -> tuple[float, Work, None, Work]:
    ours = RandomStreams(1, 60, 2000)
    generator, out = np.random.default_rng(1), np.empty((2000, 60))
    return (
        1e9 / out.size,
        lambda: ours.normal("x"),
        None,
        lambda: generator.standard_normal(out=out),
    )


def cohort() -> tuple[float, Work, None, Work]:
    scenario = load_scenario("paper")
    generator = np.random.default_rng(1)
    drawn = _numbers_of(lambda: draw_cohort(scenario, 1, replicates=1))
    numbers = np.empty(drawn * STUDIES)
    return (
        1e6 / STUDIES,
        lambda: draw_cohort(scenario, 1, replicates=STUDIES),
        None,
        lambda: generator.random(out=numbers),
    )


def _numbers_of(work: Work) -> int:
    """Count the random numbers that a piece of work draws."""
    counted, fill = [], RandomStreams._draw

    def count(self: RandomStreams, purpose: str, width: int | None, how: object) -> object:
        found = fill(self, purpose, width, how)
        counted.append(found.size)
        return found

    RandomStreams._draw = count
    try:
        work()
    finally:
        RandomStreams._draw = fill
    return sum(counted)


def trial(name: str, trials: int = 250) -> tuple[float, Work, None, None]:
    design = read_design(design_path(name))[0]
    scenario = scenario_of(design)
    return (
        1e6 / trials,
        lambda: draw_block(design, scenario, 1, ((600, 1.0),), 0, trials, True),
        None,
        None,
    )


def fisher() -> tuple[float, Work, Work, None]:
    table = np.array([[160, 155, 170, 115], [240, 262, 245, 253]])
    peer = stats.random_table(table.sum(1), table.sum(0))
    return (
        1e6,
        lambda: fisher_exact(table),
        lambda: peer.rvs(10_000, random_state=np.random.default_rng(1)),
        None,
    )


ROWS = {
    "logistic fit, 600 patients, 8 coefficients (µs; statsmodels; exp alone)": logistic,
    "simulate and fit a trial of 600 (µs; numpy + statsmodels loop)": lambda: (
        1e6 / TRIALS, batched, loop, None,
    ),
    "a normal of 2,000 studies of 60 (ns; numpy, one stream)": streams,
    "a cohort of 569, both potential outcomes (µs; its random numbers)": cohort,
    "trial of 600 from a scenario, score test (µs)": lambda: trial("superiority-any-sperm"),
    "trial of 600 from a scenario, adjusted, eight sites (µs)": lambda: trial(
        "minimisation-eight-sites"
    ),
    "Fisher, 2 x 4, 1,600 patients (µs; scipy, 10,000 random tables)": fisher,
}  # fmt: skip


def main() -> None:
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|")
    for name, make in ROWS.items():
        scale, work, peer, limit = make()
        tried = {"numpy": work, "compiled": compiled(work), "peer": peer, "limit": limit}
        compiled(work)()  # kernels are compiled, or loaded from the disk, before the clock starts
        took = best_of(3, {key: call for key, call in tried.items() if call is not None})
        cells = [f"{took[key] * scale:,.1f}" if key in took else "" for key in tried]
        ratios = [
            f"{took[a] / took[b]:.1f}" if a in took and b in took else ""
            for a, b in (("peer", "compiled"), ("compiled", "limit"))
        ]
        print(f"| {name} | " + " | ".join([*cells, *ratios]) + " |", flush=True)


if __name__ == "__main__":
    main()
