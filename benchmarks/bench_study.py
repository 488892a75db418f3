"""The study engine: trials per second, memory from a thousand to a million, and overhead of Dask.

A trial is that of `bench_trials`: 600 randomised patients, 8 coefficients, simulated and fitted.
The engine cuts trials into blocks, hands them to processes, stores blocks as Parquet, joins them
into one file and measures performance from it. `python -m benchmarks.bench_study 1000000` runs a
single size; the sizes below take four minutes on two cores.
"""

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import pyarrow as pa
import statsmodels.api as sm
from scipy.special import expit, ndtr

from estimate.performance.tally import Performance
from estimate.plan.choices import Matching, Subgroup
from estimate.regression.logistic import fit_logistic
from pretese.jobs.cluster import cluster_pool
from pretese.jobs.execute import compute_all
from pretese.jobs.storage.blocks import Job, Store
from pretese.jobs.worker_pool import WorkerPool, local_pool
from pretese.recovery.design.library import load_library
from pretese.recovery.design.study_spec import MissingData, StudyPlan
from pretese.recovery.results.replicates import Source, join_estimates
from pretese.recovery.work.tasks import ESTIMATES, EstimateTask
from simulate.core.coding import BASELINE, DIAGNOSES
from simulate.core.random_streams import RandomStreams
from simulate.scenario.load import load_scenario

PATIENTS, COEFFICIENTS, TOGETHER, BLOCK = 600, 8, 400, 2000
TRUE = np.array([-1.0, 0.45, 0.3, -0.2, 0.1, 0.0, 0.25, -0.15])
SIZES = (1_000, 10_000, 100_000, 1_000_000)
CLUSTER = 100_000
#: The plan of an article: multiple imputation, seven estimators, eight subgroup variables.
FULL = StudyPlan(
    covariates=("diagnosis", *BASELINE),
    methods=("unadjusted", "adjusted", "iptw-ate", "iptw-ato", "matching", "g-computation", "aipw"),
    matching=Matching(focal="untreated", order="closest"),
    missing=MissingData(method="mice", imputations=20, iterations=10),
    subgroups={
        "cause": Subgroup(
            by="diagnosis",
            groups={"idiopathic": ("idiopathic",), "definite": tuple(DIAGNOSES[1:])},
        ),
        "age": Subgroup(by="age_years", cut="< 35"),
        "duration": Subgroup(by="infertility_duration_years", cut="> 3"),
        "bmi": Subgroup(by="bmi_kg_m2", cut="< 25"),
        "volume": Subgroup(by="testis_volume_ml", cut="< 6"),
        "lh": Subgroup(by="lh_iu_l", cut="< 9.4"),
        "fsh": Subgroup(by="fsh_iu_l", cut="< 19.2"),
        "testosterone": Subgroup(by="testosterone_nmol_l", cut="< 10.4"),
    },
)
R_LOOP = """
set.seed(1); n <- 600; k <- 200; b <- c(-1, .45, .3, -.2, .1, 0, .25, -.15)
t0 <- proc.time()[3]
for (i in 1:k) {
  X <- cbind(1, runif(n) < .5, matrix(rnorm(n * 6), n)); y <- runif(n) < plogis(X %*% b)
  coef(glm(y ~ X - 1, family = binomial))
}
cat(k / (proc.time()[3] - t0))
"""


@dataclass(frozen=True, slots=True)
class TrialTask:
    """Simulate and fit trials; the result has the columns of any study."""

    seed: int

    def __call__(self, first: int, size: int) -> pa.Table:
        """Return rows of `ESTIMATES` for trials ``first .. first + size - 1``."""
        starts = range(first, first + size, TOGETHER)
        return pa.concat_tables(
            [self._rows(start, min(TOGETHER, first + size - start)) for start in starts]
        ).unify_dictionaries()

    def _rows(self, first: int, size: int) -> pa.Table:
        streams = RandomStreams(self.seed, PATIENTS, size, first)
        design = np.empty((size, COEFFICIENTS, PATIENTS))
        design[:, 0] = 1
        design[:, 1] = streams.uniform("arm") < 0.5
        design[:, 2:] = streams.normal("covariates", COEFFICIENTS - 2).swapaxes(1, 2)
        outcome = streams.uniform("outcome") < 1 / (1 + np.exp(-np.matmul(TRUE, design)))
        fit = fit_logistic(design.swapaxes(1, 2), outcome)
        b, se = fit.coef[:, 1], np.sqrt(fit.cov[:, 1, 1])
        columns = {
            "replicate": first + np.arange(size),
            "plan": pa.array(["trial"] * size),
            "method": pa.array(["adjusted"] * size),
            "scale": pa.array(["odds ratio"] * size),
            "estimate": np.exp(b),
            "std_error": se,
            "conf_low": np.exp(b - 1.96 * se),
            "conf_high": np.exp(b + 1.96 * se),
            "p_value": 2 * ndtr(-np.abs(b / se)),
            "n": np.full(size, PATIENTS),
            "sate": np.full(size, np.exp(TRUE[1])),
        }
        arrays = [pa.array(columns[field.name]).cast(field.type) for field in ESTIMATES]
        return pa.table(arrays, schema=ESTIMATES)


def study(trials: int, pool: WorkerPool | None) -> tuple[float, float, str]:
    """Run, store, join and assess so many trials; return seconds, coverage and the file's hash."""
    job = Job("trials", TrialTask(1), {"patients": PATIENTS}, BLOCK)
    with tempfile.TemporaryDirectory() as folder:
        store, joined = Store(Path(folder)), Path(folder) / "joined.parquet"
        begin = time.perf_counter()
        for block, table in compute_all(job.blocks(trials), pool):
            store.write(block, table)
        join_estimates(Source([store.path(block) for block in job.blocks(trials)], trials), joined)
        found = assess(Source([joined], trials))
        seconds = time.perf_counter() - begin
        return seconds, float(found.coverage.value), hashlib.sha256(joined.read_bytes()).hexdigest()


def assess(source: Source) -> Performance:
    """Assess the single method as `results.assess` does for a study."""
    words = ("trial", "adjusted", "odds ratio")
    tally = reduce(add, (each[words].tally(float(TRUE[1])) for each in source.chunks()))
    mean = tally.estimate.mean
    return tally.performance(reduce(add, (each[words].covering(mean) for each in source.chunks())))


def peak(_: int = 0) -> float:
    """Return the peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def warm(pool: WorkerPool | None) -> None:
    """Let workers start and import before timing begins."""
    list(compute_all(Job("warm", TrialTask(1), {}, 50).blocks(400), pool))


def statsmodels_loop(trials: int = 200) -> float:
    """Return trials per second of a hand-written loop."""
    begin = time.perf_counter()
    for trial in range(trials):
        random = np.random.default_rng([1, trial])
        design = np.ones((PATIENTS, COEFFICIENTS))
        design[:, 1] = random.random(PATIENTS) < 0.5
        design[:, 2:] = random.standard_normal((PATIENTS, COEFFICIENTS - 2))
        sm.Logit(random.random(PATIENTS) < expit(design @ TRUE), design).fit(disp=0)
    return trials / (time.perf_counter() - begin)


def r_loop() -> float | None:
    """Return trials per second of `glm` in a loop, or None without R."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    done = subprocess.run([program, "-e", R_LOOP], capture_output=True, text=True, check=True)
    return float(done.stdout)


@contextmanager
def dask_workers(count: int) -> Iterator[str]:
    """Start a scheduler and workers of one thread as processes; yield the address."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scheduler.json"
        common = ["--scheduler-file", str(file), "--no-dashboard", "--host", "127.0.0.1"]
        calls = [["scheduler", *common, "--port", "0"]]
        calls += [["worker", *common, "--nthreads", "1", "--no-nanny"]] * count
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
        processes = []
        try:
            for what, *words in calls:
                program = [sys.executable, "-m", f"distributed.cli.dask_{what}", *words]
                quiet = subprocess.DEVNULL
                processes.append(
                    subprocess.Popen(
                        program, cwd=folder, env=environment, stdout=quiet, stderr=quiet
                    )
                )
                while not file.exists():
                    time.sleep(0.05)
            yield json.loads(file.read_text())["address"]
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()


def one_size(trials: int) -> None:
    """Run one size on two processes in this process; print rate and peak memory."""
    with local_pool(2) as pool:
        assert pool is not None
        warm(pool)
        seconds, coverage, _ = study(trials, pool)
        worker = max(pool.executor.map(peak, range(8)))
    print(
        f"{trials:9,d} trials {trials / seconds:7.0f} trials/s, coverage {100 * coverage:.2f} %, "
        f"peak memory {peak():.0f} MB here and {worker:.0f} MB in a worker",
        flush=True,
    )


def rates() -> None:
    """Print trials per second of elapsed time and of CPU time, in turn with the peers.

    CPU time does not depend on other load of the machine.
    """
    peers, alone, pairs, own = [], [], [], []
    study(2_000, None)
    with local_pool(2) as pool:
        warm(pool)
        for _ in range(3):
            begin = time.process_time()
            peers.append(statsmodels_loop())
            between = time.process_time()
            alone.append(4_000 / study(4_000, None)[0])
            own.append((200 / (between - begin), 4_000 / (time.process_time() - between)))
            pairs.append(20_000 / study(20_000, pool)[0])
    peer, (slow, fast) = max(peers), np.max(own, axis=0)
    print(f"numpy + statsmodels loop   {peer:7.0f} trials/s; {slow:.0f} per second of its core")
    r = r_loop()
    print(f"R, glm in a loop           {r:7.0f} trials/s" if r else "R: not installed")
    print(
        f"study engine, one process  {max(alone):7.0f} trials/s, ratio {max(alone) / peer:.1f}; "
        f"{fast:.0f} per second of its core, ratio {fast / slow:.1f}"
    )
    print(f"study engine, two          {max(pairs):7.0f} trials/s, ratio {max(pairs) / peer:.1f}")


def cluster(trials: int) -> None:
    """Print the overhead of a scheduler over a pool of processes on the same two cores."""
    with local_pool(2) as pool:
        warm(pool)
        pool, _, one = study(trials, pool)
    with dask_workers(2) as address, cluster_pool(address) as pool:
        warm(pool)
        dask, _, two = study(trials, pool)
    assert one == two, "the cluster wrote different bytes"
    print(
        f"{trials:,d} trials: processes {pool:.1f} s, Dask {dask:.1f} s, {dask / pool - 1:+.0%}; "
        "the same bytes"
    )


def whole_mechanism() -> None:
    """Print cohorts per second with the complete mechanism, and the time of the longest plan."""
    scenario = load_scenario("paper")
    measured = load_library().plans["measured"]
    plans = {
        "one method": (measured.model_copy(update={"methods": ("g-computation",)}), 200),
        "14 methods": (measured, 100),
        "the full plan": (FULL, 20),
    }
    with local_pool(2) as pool:
        for name, (plan, cohorts) in plans.items():
            job = Job("cohorts", EstimateTask(scenario, None, 1, {"plan": plan}), {}, cohorts // 4)
            list(compute_all(job.blocks(2), pool))
            begin = time.perf_counter()
            list(compute_all(job.blocks(cohorts), pool))
            each = (time.perf_counter() - begin) / cohorts
            print(
                f"{name:13s} {1 / each:7.1f} cohorts/s of {scenario.patients} patients on two "
                f"cores; 1,000 cohorts take {each * 1000 / 60:.1f} min",
                flush=True,
            )


def main() -> None:
    rates()
    for trials in SIZES:
        subprocess.run([sys.executable, "-m", "benchmarks.bench_study", str(trials)], check=True)
    cluster(CLUSTER)
    whole_mechanism()


if __name__ == "__main__":
    for library in ("OPENBLAS", "MKL", "OMP"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    if len(sys.argv) > 1:
        one_size(int(sys.argv[1]))
    else:
        main()
