"""Planned trials per second: here, against a hand-written loop and (where R has it) rpact.

1. Three analyses, unadjusted, 180 participants per arm, 55 % against 40 %: rpact's
`getSimulationRates`, which
   also simulates counts; ours also has estimate, interval, calendar and treated participants of
   every trial. The same at patient level, with arrivals and blocks.
2. Patient-level, adjusted: 240 participants, 8 sites, minimised over site and diagnosis,
   g-computation with its variance, against a loop that randomises participant by participant and
   fits with statsmodels; the loop receives its participants and computes no variance.
3. The same trials as in 1, kept in blocks on disk so that a run can be resumed.
4. A power curve of 20 sizes, 10,000 trials each: of a shipped design, whose participants follow a
   regimen, and of the design in 1.
"""

import shutil
import subprocess
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import statsmodels.api as sm

from benchmarks.timing import best_of, cpu_seconds
from estimate.sample_size.exact_sequential import exact_sequential
from pretese.jobs.storage.blocks import Store
from pretese.jobs.worker_pool import local_pool
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import Trials, draw_trials
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.power.runner import Runner
from pretese.trial.simulation.engine import simulate_design
from protocol.reading.documents import validate

ANALYSES, BY_PATIENTS, ADJUSTED, LOOPED = 20_000, 4_000, 1_000, 60

THREE_ANALYSES = {
    "id": "three",
    "title": "three analyses",
    "question": "",
    "participants": 360,
    "risks": {"control_percent": 40, "treated_percent": 55},
    "randomisation": {"block_sizes": [2]},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [60]}],
    "endpoint": {"endpoint_month": 4},
    "monitoring": {"analyses_percent": [100 / 3, 200 / 3, 100], "alpha_percent": 2.5, "sides": 1},
}

RPACT = """
if (!requireNamespace("rpact", quietly = TRUE)) quit(status = 3)
suppressMessages(library(rpact))
design <- getDesignGroupSequential(typeOfDesign = "asOF", informationRates = c(1/3, 2/3, 1),
                                   alpha = 0.025, sided = 1)
run <- function() getSimulationRates(design, groups = 2, pi1 = 0.55, pi2 = 0.40,
  plannedSubjects = c(120, 240, 360), maxNumberOfIterations = {trials}, seed = 1)
invisible(run())
took <- min(sapply(1:3, function(i) system.time(result <<- run())[["elapsed"]]))
cat(took, result$overallReject)
"""


def three_analyses(replicates: int = ANALYSES, patient_level: bool = False) -> float:
    design = validate(THREE_ANALYSES, DesignFile, "benchmark")
    results = simulate_design(
        design, None, [(360, 1.0)], seed=1, replicates=replicates, patient_level=patient_level
    )
    return float(results[360, 1.0].rejected.mean())


def exact() -> float:
    """Enumerate what `three_analyses` simulates, without Monte Carlo error."""
    boundaries = validate(THREE_ANALYSES, DesignFile, "benchmark").monitoring.plan().upper
    analyses = [60, 120, 180]
    return float(exact_sequential(analyses, analyses, boundaries, [0.55], 0.40).power[0])


def rpact() -> tuple[float, float] | None:
    """Return seconds and power, or None where R or rpact is missing."""
    if shutil.which("Rscript") is None:
        return None
    script = RPACT.replace("{trials}", str(ANALYSES))
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", script], capture_output=True, text=True, check=False
    )
    if done.returncode == 3:
        return None
    done.check_returncode()
    took, power = done.stdout.split()
    return float(took), float(power)


def adjusted() -> np.ndarray:
    design = read_design("minimisation-eight-sites")[0]
    results = simulate_design(
        design, scenario_of(design), [(240, 1.0)], seed=1, replicates=ADJUSTED
    )
    return results[240, 1.0].estimate


def loop(design: DesignFile, participants: Trials) -> np.ndarray:
    """Analyse simulated participants trial by trial: minimise, fit, predict, average."""
    found = []
    for trial in range(LOOPED):
        random = np.random.default_rng([1, trial])
        site, diagnosis = participants.site[trial], participants.eligible.diagnosis[trial]
        arm = _minimise_one_by_one(random, site, diagnosis)
        control, treated_too = (each[trial] for each in participants.eligible.success)
        outcome = np.where(arm == 1, treated_too, control)
        table = np.column_stack(
            [
                np.ones(240), arm,
                *(np.nan_to_num(participants.eligible.baseline[name][trial])
                  for name in design.analysis.covariates),
                site[:, None] == np.arange(1, 8), diagnosis[:, None] == np.arange(1, 4),
            ]
        ).astype(float)  # fmt: skip
        fit = sm.GLM(outcome.astype(float), table, family=sm.families.Binomial()).fit()
        table[:, 1] = 1
        treated = fit.predict(table)
        table[:, 1] = 0
        found.append(float((treated - fit.predict(table)).mean()))
    return np.asarray(found)


def _minimise_one_by_one(
    random: np.random.Generator, site: np.ndarray, diagnosis: np.ndarray
) -> np.ndarray:
    arms = np.empty(len(site), int)
    for i in range(len(site)):
        before = arms[:i]
        total = []
        for arm in (0, 1):
            imbalance = 0
            for factor in (site, diagnosis):
                alike = factor[:i] == factor[i]
                counts = [int((before[alike] == a).sum()) + (a == arm) for a in (0, 1)]
                imbalance += abs(counts[0] - counts[1])
            total.append(imbalance)
        chance = 0.5 if total[0] == total[1] else 0.8 if total[1] < total[0] else 0.2
        arms[i] = random.random() < chance
    return arms


def curve(design: DesignFile, workers: int, sizes: range) -> float:
    points = [(participants, 1.0) for participants in sizes]
    begin = cpu_seconds()
    with TemporaryDirectory() as folder, local_pool(workers) as pool:
        runner = Runner(
            Store(Path(folder), lasting=False), pool, lambda done, total, doing="": None
        )
        runner.simulate(design, scenario_of(design), points, seed=1, replicates=10_000)
    return cpu_seconds() - begin


def kept() -> float:
    """Run `three_analyses` with every block written to disk and read again."""
    design = validate(THREE_ANALYSES, DesignFile, "benchmark")
    with TemporaryDirectory() as folder:
        runner = Runner(
            Store(Path(folder), lasting=False), None, lambda done, total, doing="": None
        )
        results = runner.simulate(design, None, [(360, 1.0)], seed=1, replicates=ANALYSES)
        return float(results[360, 1.0].rejected.mean())


def main() -> None:
    peer = rpact()
    patient_level = partial(three_analyses, BY_PATIENTS, patient_level=True)
    took = best_of(
        3,
        {"pretese": three_analyses, "by participants": patient_level, "kept": kept, "exact": exact},
    )
    ours = took["pretese"]
    print(
        f"three analyses, unadjusted   {ANALYSES / ours:8.0f} trials/s   "
        f"power {three_analyses():.4f}"
    )
    print(
        f"the same, at patient level {BY_PATIENTS / took['by participants']:8.0f} "
        f"trials/s   power {patient_level():.4f}"
    )
    print(f"the same, kept on disk    {ANALYSES / took['kept']:8.0f} trials/s")
    if peer is None:
        print("rpact                     skipped: R with the package rpact is not installed here")
    else:
        print(f"rpact                     {ANALYSES / peer[0]:8.0f} trials/s   power {peer[1]:.4f}")
        print(f"ratio {peer[0] / ours:.1f}; of trials kept on disk {peer[0] / took['kept']:.1f}")
    print(f"exact enumeration         {1000 * took['exact']:8.0f} ms         power {exact():.4f}")
    design = read_design("minimisation-eight-sites")[0]
    participants = draw_trials(design, scenario_of(design), 1, 240, LOOPED)
    batched, single = adjusted(), loop(design, participants)
    sd = np.sqrt(batched.var() / ADJUSTED + single.var() / LOOPED)
    assert abs(batched.mean() - single.mean()) < 4 * sd, "the two estimates differ"
    seconds = best_of(2, {"batched": adjusted, "loop": lambda: loop(design, participants)})
    rates = ADJUSTED / seconds["batched"], LOOPED / seconds["loop"]
    print(f"minimised, g-computation   {rates[0]:8.0f} trials/s")
    print(f"loop with statsmodels     {rates[1]:8.0f} trials/s")
    print(f"ratio {rates[0] / rates[1]:.1f}")
    shipped, plain = (
        read_design("superiority-any-sperm")[0],
        validate(THREE_ANALYSES, DesignFile, "b"),
    )
    print("20 sizes, 10,000 trials each, kept on disk:")
    print(f"  a scenario, 2 processes {curve(shipped, 2, range(220, 620, 20)):8.1f} s")
    print(f"  fixed event rates, by counts  {curve(plain, 1, range(240, 720, 24)):8.1f} s")
