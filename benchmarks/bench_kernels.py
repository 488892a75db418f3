"""Compiled kernels beside numpy, a peer, and the least that the work can take; one table.

CPU seconds on one core, in turns. "Limit" is what no program can do without: the random numbers
alone from numpy, one exponential per patient and step, or the events of SimPy with a bare list.
The ratio is that of the peer to ours; work without a kernel has one column.
"""

from collections.abc import Callable

import numpy as np
import statsmodels.api as sm
from scipy import stats
from scipy.special import expit

from benchmarks.clinic.bench_clinic import PATIENTS as CLINIC_PATIENTS
from benchmarks.clinic.bench_clinic import minimal_simpy, small_clinic, with_ciw
from benchmarks.timing import best_of
from benchmarks.trial.bench_trials import COEFFICIENTS, PARTICIPANTS, TRIALS, batched, loop
from estimate.comparison.exact.fisher import fisher_exact
from estimate.compiled.switch import compiled_kernels
from estimate.regression.logistic import fit_logistic
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.design_reader import design_path, read_design
from pretese.trial.simulation.engine import draw_block
from simulate.clinic.flow.run_clinic import run_clinic
from simulate.clinic.records.event_log import event_log
from simulate.cohort.draw import draw_cohort
from simulate.core.random_streams import RandomStreams, compiled_streams
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import with_values

Work = Callable[[], object]
STUDIES, PATIENTS, FITS = 100, 569, 200
KINDS = ("numpy", "compiled", "peer", "limit")
HEADER = ("work", "numpy", "compiled", "best peer", "ratio", "limit", "ratio to limit")


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


def trial(name: str, trials: int = 250) -> tuple[float, Work, None, Work]:
    design = read_design(design_path(name))[0]
    scenario = scenario_of(design)

    def block() -> object:
        return draw_block(design, scenario, 1, ((600, 1.0),), 0, trials, True)

    generator, numbers = np.random.default_rng(1), np.empty(_numbers_of(block))
    return 1e6 / trials, block, None, lambda: generator.random(out=numbers)


def fitted() -> tuple[float, Work, Work, Work]:
    generator = np.random.default_rng(1)
    normals = np.empty((TRIALS, PARTICIPANTS, COEFFICIENTS - 2))
    uniforms = np.empty((TRIALS, PARTICIPANTS, 2))

    def numbers_alone() -> None:
        generator.standard_normal(out=normals)
        generator.random(out=uniforms)

    return 1e6 / TRIALS, batched, loop, numbers_alone


def fisher() -> tuple[float, Work, Work, None]:
    table = np.array([[160, 155, 170, 115], [240, 262, 245, 253]])
    peer = stats.random_table(table.sum(1), table.sum(0))
    return (
        1e6,
        lambda: fisher_exact(table),
        lambda: peer.rvs(10_000, random_state=np.random.default_rng(1)),
        None,
    )


def clinic() -> tuple[float, Work, Work, Work]:
    paper, small = load_scenario("paper"), small_clinic()
    untreated = with_values(paper, {"choice.intercept": -60}, "benchmark")
    return (
        1e6 / CLINIC_PATIENTS,
        lambda: event_log(run_clinic(small, untreated, 1, patients=CLINIC_PATIENTS)),
        with_ciw,
        minimal_simpy,
    )


ROWS = {
    "logistic fit, 600 patients, 8 coefficients (µs; statsmodels; exp alone)": logistic,
    "simulate and fit a trial of 600 (µs; numpy + statsmodels; its random numbers)": fitted,
    "a normal of 2,000 studies of 60 (ns; numpy, one stream)": streams,
    "a cohort of 569, both potential outcomes (µs; its random numbers)": cohort,
    "trial of 600 from a scenario, score test (µs; its random numbers)": lambda: trial(
        "superiority-any-sperm"
    ),
    "trial of 600 from a scenario, adjusted, eight sites (µs; its random numbers)": lambda: trial(
        "minimisation-eight-sites"
    ),
    "a patient of a small clinic, with its log (µs; Ciw; SimPy alone)": clinic,
    "Fisher, 2 x 4, 1,600 patients (µs; scipy, 10,000 random tables)": fisher,
}  # fmt: skip


#: Work that has no compiled kernel.
PLAIN = (clinic, fisher)


def main() -> None:
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|")
    for name, make in ROWS.items():
        scale, work, peer, limit = make()
        tried = {"numpy": work, "compiled": compiled(work), "peer": peer, "limit": limit}
        if make in PLAIN:
            del tried["compiled"]
        compiled(work)()  # kernels are compiled, or loaded from the disk, before the clock starts
        ours = "compiled" if "compiled" in tried else "numpy"
        took = best_of(3, {key: call for key, call in tried.items() if call is not None})
        took_or = {key: f"{took[key] * scale:,.1f}" if key in took else "" for key in KINDS}
        ratio, to_limit = (
            f"{took[a] / took[b]:.{digits}f}" if a in took and b in took else ""
            for a, b, digits in (("peer", ours, 2), (ours, "limit", 1))
        )
        cells = (*(took_or[key] for key in KINDS[:3]), ratio, took_or["limit"], to_limit)
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
