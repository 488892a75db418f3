"""Run a power study of a trial with several arms, and return it as plain values."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from estimate.core.arrays import Floats
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import result_folder
from pretese.io.output.versions import versions
from pretese.io.text.json_text import to_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.jobs.execute import finish, resumable, run_part_of_trials, study_pool
from pretese.jobs.storage.blocks import Job, Store
from pretese.jobs.storage.code_hash import code_version
from pretese.jobs.storage.parts import Part, PartDone
from pretese.jobs.storage.study_folder import study_folder
from pretese.jobs.worker_pool import WorkerPool
from pretese.plots.style import save
from pretese.screen.progress import Tell, optional_progress
from pretese.trial.design.alternatives import Axes
from pretese.trial.finished_study import ScratchFolder
from pretese.trial.multi_arm.assurance.arm_forecast import arm_assurance, prior_treatment
from pretese.trial.multi_arm.counts import why_patients
from pretese.trial.multi_arm.design.configurations import arm_configurations
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.results.exact_arms import exact_power, why_not_exact
from pretese.trial.multi_arm.results.examples import example_trials
from pretese.trial.multi_arm.results.figures import arm_figures
from pretese.trial.multi_arm.results.measures import (
    allocation_balance,
    chosen_power,
    summarise_arms,
)
from pretese.trial.multi_arm.results.size_search import SizeFound, chosen_exact_power, find_size
from pretese.trial.multi_arm.sensitivity.arm_grid import arm_axes, arm_grid, chosen_rejections
from pretese.trial.multi_arm.sensitivity.arm_settings import Setting
from pretese.trial.multi_arm.sensitivity.arm_tornado import arm_tornado
from pretese.trial.multi_arm.simulate_arms import arm_job, arm_record, trials_of
from pretese.trial.power.study import MULTI_ARM_SCHEMA
from protocol.errors import InputError
from protocol.reading.stored import content_hash
from simulate.labels import regimen_label
from simulate.scenario.load import load


@dataclass(frozen=True, slots=True)
class ArmRequest:
    """Options of a study; empty ``participants``: the sample size of the file."""

    participants: tuple[int, ...]
    target_power: float | None
    replicates: int
    seed: int
    changes: dict[str, float]
    patient_level: bool
    sensitivity: Axes = field(default_factory=dict)
    tornado: bool = False

    def record(self) -> dict[str, Any]:
        """Return all options except replicates, which may be increased, as plain values."""
        return {
            "participants": sorted(set(self.participants)), "target_power": self.target_power,
            "seed": self.seed, "changed": self.changes, "patient_level": self.patient_level,
            "sensitivity": {path: list(values) for path, values in self.sensitivity.items()},
            "tornado": self.tornado,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArmRun:
    """A finished study: its document, the text of the design, and where it was written.

    ``wins``: sample size to (replicate,) 1 where a trial found what ``power_of`` names.
    """

    document: dict[str, Any]
    text: str
    results: Path | None
    wins: dict[int, Floats]


def run_arms(
    design: MultiArmDesign, text: str, request: ArmRequest, *, out: Path | None = None,
    resume: bool = False, workers: int = 1, scheduler: str | None = None,
    show_progress: bool = True,
) -> ArmRun:  # fmt: skip
    """Simulate a design at every size and configuration."""
    record = _record(design, text, request)
    bar = optional_progress("simulated trials", show_progress)
    with (
        study_pool("trials", workers, scheduler) as pool,
        _store(out, record, resume) as store,
        bar as tell,
    ):
        study = _Study(design, request, store, pool, tell)
        document = rounded_document(study.document(text))
        wins = study.wins(document)
        if out is not None:
            with result_folder(out / "results") as folder:
                study.write_replicates(folder / f"{design.id}.parquet", document)
                write_arms(folder, design.id, text, document)  # with the manifest of all files
    return ArmRun(document, text, None if out is None else out / "results", wins)


def write_arms(folder: Path, name: str, text: str, document: dict[str, Any]) -> None:
    """Write the design file, the document, the figures and the manifest."""
    (folder / f"{name}.yaml").write_bytes(text.encode())
    (folder / "power.json").write_text(to_json(document) + "\n", encoding="utf-8")
    for figure_name, figure in arm_figures(document).items():
        save(figure, folder / f"{figure_name}.svg")
        save(figure, folder / f"{figure_name}.png")
    write_manifest(folder, {"command": "pretese power", "seed": document["seed"]})


def run_arms_part(
    design: MultiArmDesign, text: str, request: ArmRequest, part: Part, *, out: Path,
    workers: int = 1, show_progress: bool = True,
) -> PartDone:  # fmt: skip
    """Simulate one part of the trials of `run_arms`; arguments are the same."""
    if request.target_power is not None:
        problem = "what it simulates depends on earlier results"
        raise InputError.of("part", "target_power", problem, "run it without parts")
    if request.tornado:
        problem = "what it simulates depends on earlier results"
        raise InputError.of("part", "tornado", problem, "run it without parts")
    record = _record(design, text, request)
    sizes = sorted({*request.participants}) or [design.participants]
    settings = [(design, request.changes, size) for size in sizes]
    axes = axes_of(design, request)
    if axes:
        cells = arm_axes(design, request.changes, axes)[1:]
        settings += [(*each, sizes[-1]) for each in cells]
    blocks = [
        block
        for each in settings
        for block in arm_job(*each, request.seed, patient_level=request.patient_level).blocks(
            request.replicates
        )
    ]
    return run_part_of_trials(record, blocks, part, out, workers, show_progress=show_progress)


def _record(design: MultiArmDesign, text: str, request: ArmRequest) -> dict[str, Any]:
    """Return everything but the number of replicates that determines the results."""
    for size in request.participants:
        design.analyses_at(size)
    arm_axes(design, request.changes, axes_of(design, request))
    return {
        "study": "power, several arms", "code": code_version("trials"), "asked": request.record(),
        "design": {**arm_record(design, request.changes), "sha256": content_hash(text)},
    }  # fmt: skip


def axes_of(design: MultiArmDesign, request: ArmRequest) -> Axes:
    """Return the axes of the sensitivity grid: of the file, then of the request."""
    return {**design.sensitivity, **request.sensitivity}


@contextmanager
def _store(out: Path | None, record: dict[str, Any], resume: bool) -> Iterator[Store]:
    if out is not None:
        with study_folder(record, out, resume) as store, resumable(out, "finished trials"):
            yield store
        return
    scratch = ScratchFolder()
    try:
        yield Store(scratch.path, lasting=False)
    finally:
        scratch.remove()


@dataclass(frozen=True, slots=True)
class _Study:
    design: MultiArmDesign
    request: ArmRequest
    store: Store
    pool: WorkerPool | None
    tell: Tell

    def document(self, text: str) -> dict[str, Any]:
        """Return the whole study as plain values."""
        design, request = self.design, self.request
        found = self._search()
        sizes = sorted({*request.participants, *([found.participants] if found else [])})
        sizes = sizes or [design.participants]
        return {
            "schema": MULTI_ARM_SCHEMA,
            "seed": request.seed,
            "replicates": request.replicates,
            "changed": request.changes,
            "asked": request.record(),
            "code_sha256": code_version("trials"),
            "design_sha256": content_hash(text),
            **describe_arms(design),
            "simulation": self._level(sizes[-1]),
            "transported": _transported(design),
            "sample_size_search": None if found is None else _search_document(found),
            "sizes": [self._size(size) for size in sizes],
            **self._assumptions(sizes[-1]),
            "prior": design.prior,
            "prior_of": design.prior and prior_treatment(design),
            "assurance": self._assurance(sizes),
            "examples": self._examples(sizes[-1]),
            "versions": versions(),
        }

    def _assurance(self, sizes: list[int]) -> list[dict[str, Any]]:
        """Return the probability of success under the prior of the design; empty without one."""
        if self.design.prior is None:
            return []
        asked = self.request
        return arm_assurance(
            self.design, sizes, asked.changes, replicates=asked.replicates, seed=asked.seed
        )

    def _assumptions(self, participants: int) -> dict[str, Any]:
        """Return the sensitivity analyses at the largest size; None where none is asked for."""
        design, asked = self.design, self.request
        axes = axes_of(design, asked)

        def simulated(
            settings: Sequence[Setting], replicates: int, only_planned: bool, words: str
        ) -> list[pa.Table]:
            jobs = [self._job(*each, participants, only_planned) for each in settings]
            return self._run(jobs, replicates, words)

        def exact(changed: MultiArmDesign) -> float | None:
            unknown = why_not_exact(changed, participants)
            return chosen_exact_power(changed, participants) if unknown is None else None

        given = design, asked.changes, axes, participants, asked.replicates, simulated
        return {
            "sensitivity": arm_grid(*given, exact) if axes else None,
            "tornado": arm_tornado(*given) if asked.tornado else None,
        }

    def _examples(self, participants: int) -> list[dict[str, Any]]:
        """Return single trials of the planned effects."""
        planned = arm_configurations(self.design)[0]
        return example_trials(self.design, trials_of(self._trials(participants), planned))

    def wins(self, document: dict[str, Any]) -> dict[int, Floats]:
        """Return each size with the replicates that found what ``power_of`` names."""
        planned = arm_configurations(self.design)[0]
        return {
            size["participants"]: chosen_rejections(
                self.design, planned, trials_of(self._trials(size["participants"]), planned)
            ).astype(float)
            for size in document["sizes"]
        }

    def write_replicates(self, path: Path, document: dict[str, Any]) -> None:
        """Write the replicates of all sizes and configurations into one file."""
        writer: pq.ParquetWriter | None = None
        try:
            for size in document["sizes"]:
                table = self._trials(size["participants"])
                sizes = pa.array([size["participants"]] * len(table))
                table = table.add_column(0, "participants", sizes)
                writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()

    def _level(self, participants: int) -> dict[str, Any]:
        why = why_patients(self.design, participants)
        if why is None and self.request.patient_level:
            why = "requested"
        return {"level": "binomial" if why is None else "patient-level", "reason": why}

    def _search(self) -> SizeFound | None:
        if self.request.target_power is None:
            return None

        def power(size: int) -> dict[str, Any]:
            table = self._trials(size, only_planned=True)
            first = arm_configurations(self.design)[0]
            summary = summarise_arms(self.design, first, trials_of(table, first))
            return chosen_power(self.design, summary)

        return find_size(self.design, self.request.target_power, power)

    def _size(self, participants: int) -> dict[str, Any]:
        table = self._trials(participants)
        why = why_not_exact(self.design, participants)
        planned = arm_configurations(self.design)[0]
        allocation = allocation_balance(self.design, trials_of(table, planned))
        rows = []
        for each in arm_configurations(self.design):
            row = {"configuration": each.name, **summarise_arms(self.design, each,
                                                           trials_of(table, each))}  # fmt: skip
            row["exact"] = None
            if why is None:
                found = exact_power(self.design, each, participants)
                row["exact"] = {
                    "each": found.each.tolist(), "any_effective": _plain(found.any_effective),
                    "all_effective": _plain(found.all_effective),
                    "familywise_error": _plain(found.familywise_error),
                }  # fmt: skip
            rows.append(row)
        return {
            "participants": participants,
            "analyses_at": list(self.design.analyses_at(participants)),
            "power": chosen_power(self.design, rows[0]),
            "exact_unavailable": why,
            "allocation": allocation,
            "configurations": rows,
        }

    def _trials(self, participants: int, *, only_planned: bool = False) -> pa.Table:
        job = self._job(self.design, self.request.changes, participants, only_planned)
        return self._run([job], self.request.replicates, f"{participants} participants")[0]

    def _job(
        self, design: MultiArmDesign, changes: dict[str, float], participants: int,
        only_planned: bool,
    ) -> Job:  # fmt: skip
        return arm_job(
            design, changes, participants, self.request.seed,
            patient_level=self.request.patient_level, only_planned=only_planned,
        )  # fmt: skip

    def _run(self, jobs: Sequence[Job], replicates: int, words: str) -> list[pa.Table]:
        """Complete the blocks of all jobs together; return the trials of each job."""
        blocks = [list(job.blocks(replicates)) for job in jobs]
        finish([b for each in blocks for b in each], self.store, self.pool, self.tell, words)
        return [
            pa.concat_tables(pq.read_table(self.store.path(each)) for each in own) for own in blocks
        ]


def _transported(design: MultiArmDesign) -> dict[str, Any] | None:
    """Return the numbers published for other patients or doses; None without a scenario."""
    if design.scenario is None:
        return None
    return load(design.scenario).transported.model_dump(mode="json")


def describe_arms(design: MultiArmDesign) -> dict[str, Any]:
    """Return the design as shown in a report: arms, hypotheses, boundaries."""
    tests, combined = design.tests, design.combination()
    everyone = tests.step.min(1).argmax() if design.testing.procedure != "fixed sequence" else -1
    upper = tests.critical[everyone].min(0) if combined is None else combined.upper
    return {
        "id": design.id,
        "title": design.title,
        "question": " ".join(design.question.split()),
        "control": design.names[0],
        "arms": [
            {"arm": name, "given": _given(design, name), "parts": part}
            for name, part in zip(design.names, design.parts, strict=True)
        ],
        "hypotheses": list(design.labels),
        "comparisons": list(design.comparisons),
        "procedure": design.testing.procedure,
        "power_of": design.power_of,
        "analysis": design.analysis.method,
        "effect": design.analysis.summary,
        "alpha": design.alpha,
        "information_rates": list(design.rates),
        "boundaries_all": [float(z) for z in upper],
        "boundaries_one": [float(z) for z in _alone(design)],
        "harm_z": [float(z) if np.isfinite(z) else None for z in design.harm_z()],
        "adaptations": adaptations(design),
    }


def _alone(design: MultiArmDesign) -> np.ndarray:
    """Return the boundaries of the last remaining treatment."""
    combined = design.combination()
    if combined is not None:
        return np.asarray(combined.upper)
    alone = (design.tests.step >= 0).sum(1) == 1
    return np.asarray(design.tests.critical[alone].min((0, 1)))


def _given(design: MultiArmDesign, name: str) -> str:
    if design.risks_percent:
        return f"event rate {design.risks_percent[name]:g} %"
    return "" if design.arms is None else regimen_label(design.arms[name].regimen)


def adaptations(design: MultiArmDesign) -> list[str]:
    """Return the adaptations at an interim analysis, in words."""
    rule, words = design.dropping, []
    if rule.futility_z:
        words.append(f"arms below z = {', '.join(f'{z:g}' for z in rule.futility_z)} are dropped")
    if rule.keep_best:
        words.append(f"the best {', '.join(map(str, rule.keep_best))} treatments are kept")
    if rule.within_z is not None:
        words.append(f"treatments more than {rule.within_z:g} in z below the best are dropped")
    if words:
        words.append(f"places of dropped arms are {rule.places}")
    if design.monitoring.harm:
        words.append(f"arms are dropped for harm ({design.monitoring.harm})")
    if design.stop_at_first_success:
        words.append("the trial ends with the first success")
    words += [
        f"after analysis {each.after_analysis} the allocation is "
        + ", ".join(f"{name} {part}" for name, part in each.allocation.items())
        for each in design.allocation_changes
    ]
    if design.enrichment:
        enriched = design.enrichment
        words.append(
            f"the trial continues with all participants from z = {enriched.all_z:g}, otherwise "
            "with those "
            f"{enriched.population.name} ({enriched.population.words}) from z = "
            f"{enriched.population_z:g}"
        )
    if design.adaptive_allocation:
        words.append(f"response-adaptive allocation ({design.adaptive_allocation.rule})")
    return words


def _search_document(found: SizeFound) -> dict[str, Any]:
    return {
        "participants": found.participants, "exact": found.exact, "stays_from": found.stays_from,
        "tried": [{"participants": n, "power": p, "mcse": e} for n, p, e in found.tried],
    }  # fmt: skip


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
