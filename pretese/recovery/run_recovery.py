"""Run a recovery study: reuse finished blocks, compute the others, write the results."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from pretese.io.input.regimen_files import regimen_files
from pretese.io.output.csv_file import write_csv
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import result_folder
from pretese.io.output.versions import versions
from pretese.jobs.execute import finish
from pretese.jobs.storage.blocks import Block, Job, Store
from pretese.jobs.storage.code_hash import code_version
from pretese.jobs.worker_pool import WorkerPool
from pretese.recovery.design.study_spec import StudySpec
from pretese.recovery.results.assess import Assessment, assess, wanted_replicates
from pretese.recovery.results.recovery_page import write_page
from pretese.recovery.results.replicates import Source, join_estimates
from pretese.recovery.work.tasks import TRUTH_PATIENTS, EstimateTask, TruthTask
from pretese.recovery.work.transported_numbers import transported_of
from pretese.screen.progress import Tell
from protocol.errors import Fault, InputError
from simulate.hormones.drugs import check_arms
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import mechanism_hash, with_values

#: Replicates per block: seconds of work, so that a killed process loses little.
BLOCK = 100

#: The same with multiple imputation, or strategies over time.
BLOCK_SLOW = 10

#: Simulated populations per block of true effects.
BLOCK_TRUTH = 2

#: Largest factor by which a run towards a given precision extends the replicates at a time.
GROWTH = 4


@dataclass(frozen=True, slots=True)
class PreparedStudy:
    """A study ready to run: its specification and its jobs.

    Attributes
    ----------
    estimates, truths
        Case to the job that simulates and analyses it, and to that of its true effects.
    """

    spec: StudySpec
    estimates: Mapping[str, Job]
    truths: Mapping[str, Job]

    def jobs(self) -> Iterator[Job]:
        """Yield all jobs."""
        yield from self.truths.values()
        yield from self.estimates.values()

    def record(self) -> dict[str, Any]:
        """Return what determines every number, as plain values, without expectations and limits."""
        jobs = {job.name: {"block": job.block, **job.spec} for job in self.jobs()}
        return {"study": self.spec.id, "code": code_version(), "jobs": jobs}


def prepare_recovery(spec: StudySpec) -> PreparedStudy:
    """Load every scenario of a study; all faults are reported at once."""
    faults: list[Fault] = []
    estimates, truths = {}, {}
    load = cache(load_scenario)
    for name, case in spec.all_cases().items():
        try:
            scenario = with_values(load(case.scenario), case.given, where=f"case {name}")
            check_arms(scenario)
        except InputError as error:
            faults += error.faults
            continue
        plans = {plan: spec.plans[plan] for plan in case.plans}
        dumped = {plan: each.model_dump(mode="json") for plan, each in plans.items()}
        files = regimen_files(scenario)
        mechanism = {"mechanism": mechanism_hash(scenario), "plans": dumped}
        if files.hashes:  # shipped regimens are part of the code
            mechanism["regimens"] = dict(files.hashes)
        slow = any(p.missing.method == "mice" or p.strategies is not None for p in plans.values())
        patients = case.patients or scenario.patients
        estimates[name] = Job(
            name,
            EstimateTask(scenario, patients, spec.seed, plans),
            {**mechanism, "patients": patients, "seed": spec.seed},
            BLOCK_SLOW if slow else BLOCK,
            patients=patients,
            files=files,
        )
        truths[name] = Job(
            f"{name}.truth", TruthTask(scenario, plans), mechanism, BLOCK_TRUTH, files=files
        )
    if faults:
        raise InputError(faults)
    return PreparedStudy(spec, estimates, truths)


def run_study(
    study: PreparedStudy,
    store: Store,
    replicates: int,
    mcse: float | None,
    pool: WorkerPool | None,
    tell: Tell,
) -> int:
    """Compute all unfinished blocks and return the number of replicates.

    Parameters
    ----------
    replicates
        Minimum number.
    mcse
        Continue until coverage and rejection have this Monte Carlo standard error in every case
        and method; None stops at ``replicates``.
    """
    draws = _draws(study.spec)
    todo = [block for job in study.truths.values() for block in job.blocks(draws)]
    finish(todo, store, pool, tell, "true effects")
    while True:
        todo = [b for job in study.estimates.values() for b in job.blocks(replicates)]
        finish(todo, store, pool, tell, "blocks of replicates")
        if mcse is None:
            return replicates
        wanted = wanted_replicates(assess_blocks(study, store, replicates).performance, mcse)
        if wanted <= replicates:
            return replicates
        step = max(job.block for job in study.estimates.values())
        replicates = min(-(-wanted // step) * step, GROWTH * replicates)


def blocks_of_study(study: PreparedStudy, replicates: int) -> list[Block]:
    """Return all blocks of a study with a given number of replicates."""
    draws = _draws(study.spec)
    truths = [block for job in study.truths.values() for block in job.blocks(draws)]
    return truths + [b for job in study.estimates.values() for b in job.blocks(replicates)]


def _draws(spec: StudySpec) -> int:
    return -(-spec.truth_patients // TRUTH_PATIENTS)


def assess_blocks(study: PreparedStudy, store: Store, replicates: int) -> Assessment:
    """Assess the finished blocks."""
    return assess(study.spec, sources_of(study, store, replicates), _truths(study, store))


def sources_of(study: PreparedStudy, store: Store, replicates: int) -> dict[str, Source]:
    """Return the blocks that hold the estimates of every case."""
    return {name: _source(job, store, replicates) for name, job in study.estimates.items()}


def _source(job: Job, store: Store, replicates: int) -> Source:
    return Source([store.path(block) for block in job.blocks(replicates)], replicates)


def _truths(study: PreparedStudy, store: Store) -> dict[str, pd.DataFrame]:
    draws = _draws(study.spec)
    return {
        name: pa.concat_tables(store.read(block) for block in job.blocks(draws)).to_pandas()
        for name, job in study.truths.items()
    }


def write_results(
    study: PreparedStudy, store: Store, replicates: int, out: Path, figures: bool = True
) -> Assessment:
    """Write ``out/results`` as a whole or not at all: estimates, tables, figures and a manifest."""
    with result_folder(out / "results") as folder:
        return fill_results(study, store, replicates, folder, figures)


def fill_results(
    study: PreparedStudy, store: Store, replicates: int, folder: Path, figures: bool = True
) -> Assessment:
    """Write estimates, tables, figures and a manifest into an empty folder."""
    (folder / "estimates").mkdir()
    files = {name: folder / "estimates" / f"{name}.parquet" for name in study.estimates}
    for name, job in study.estimates.items():
        join_estimates(_source(job, store, replicates), files[name])
    sources = {name: Source([path], replicates) for name, path in files.items()}
    found = assess(study.spec, sources, _truths(study, store))
    write_csv(found.truths, folder / "truths.csv")
    write_csv(found.performance, folder / "performance.csv")
    write_csv(found.contrasts, folder / "contrasts.csv")
    verdicts = pd.DataFrame(map(asdict, found.judgements))
    write_csv(verdicts, folder / "verdicts.csv")
    page = write_page(study.spec, verdicts, replicates)
    (folder / "recovery.md").write_text(page, encoding="utf-8")
    if figures:
        # Imported late: matplotlib takes a while to load
        from pretese.recovery.results.recovery_figures import draw_recovery_figures

        draw_recovery_figures(study.spec, found, sources, folder)
    facts = {
        "study": study.spec.model_dump(mode="json"),
        "replicates": replicates,
        "transported": transported_of(study.spec).to_dict(),
        "code": code_version(),
        "versions": versions(),
    }
    write_manifest(folder, facts)
    return found
