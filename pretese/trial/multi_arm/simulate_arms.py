"""Simulate trials with several arms block by block, and read them from their tables."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from estimate.core.arrays import Floats
from pretese.io.input.regimen_files import regimen_files
from pretese.io.text.rounding_rule import rounded_replicates
from pretese.jobs.storage.blocks import Job
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.multi_arm.conduct import ArmTrials, Recruiter, conduct_arms
from pretese.trial.multi_arm.counts import StageCounts, why_patients
from pretese.trial.multi_arm.design.configurations import Configuration, arm_configurations
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.enrichment import conduct_enrichment, draw_screened
from pretese.trial.multi_arm.patient_draws import draw_patients
from pretese.trial.multi_arm.patients import StagePatients
from pretese.trial.simulation.engine import COUNTED_AT_ONCE, PARTICIPANTS_AT_ONCE
from protocol.regimen.load import load_regimen
from simulate.scenario.parameter_paths import mechanism_hash

#: Fields of a design that do not change the simulation.
_WORDS = {
    "title",
    "question",
    "version",
    "author",
    "date",
    "power_of",
    "prior",
    "prior_of",
    "sensitivity",
}


@dataclass(frozen=True, slots=True)
class ArmTask:
    """Simulate replicates of a design at one size, under every configuration."""

    design: MultiArmDesign
    changes: dict[str, float]
    participants: int
    seed: int
    patient_level: bool
    only_planned: bool = False

    def __call__(self, first: int, size: int) -> pa.Table:
        """Return replicates ``first .. first + size - 1``, one configuration after another."""
        found = simulate_arms(
            self.design, self.participants, seed=self.seed, size=size, first=first,
            changes=self.changes, patient_level=self.patient_level,
            only_planned=self.only_planned,
        )  # fmt: skip
        return pa.concat_tables(_table(name, first, each) for name, each in found.items())


def simulate_arms(
    design: MultiArmDesign, participants: int, *, seed: int, size: int, first: int = 0,
    changes: dict[str, float] | None = None, patient_level: bool = False,
    only_planned: bool = False,
) -> dict[str, ArmTrials]:  # fmt: skip
    """Return replicates ``first .. first + size - 1`` under every configuration, by its name.

    Parameters
    ----------
    participants
        Places of all arms at the final analysis.
    changes
        Numbers of the scenario to replace, by path.
    patient_level
        Whether patients are simulated although counts suffice.
    only_planned
        Whether only the configuration with the planned effects is simulated.
    """
    chosen = arm_configurations(design)[: 1 if only_planned else None]
    if design.enrichment:
        screened = draw_screened(design, changes, participants, seed, first, size)
        return {c.name: conduct_enrichment(design, c, screened, participants) for c in chosen}
    if patient_level or why_patients(design, participants):
        drawn = draw_patients(design, changes, participants, seed, first, size)
        sources: list[Recruiter] = [StagePatients(design, c, drawn, participants) for c in chosen]
    else:
        sources = [StageCounts(design, c, participants, seed, first, size) for c in chosen]
    return {c.name: conduct_arms(design, source) for c, source in zip(chosen, sources, strict=True)}


def arm_job(
    design: MultiArmDesign, changes: dict[str, float], participants: int, seed: int, *,
    patient_level: bool = False, only_planned: bool = False,
) -> Job:  # fmt: skip
    """Return the job of simulating a design at one size."""
    patient_level = patient_level or why_patients(design, participants) is not None
    scenarios = [scenario_of(design.pair(arm), changes) for arm in design.treatments]
    chosen = arm_configurations(design)[: 1 if only_planned else None]
    return Job(
        f"{design.id}-{participants}",
        ArmTask(design, changes, participants, seed, patient_level, only_planned),
        {**arm_record(design, changes), "participants": participants, "seed": seed,
         "patient_level": patient_level, "configurations": [each.name for each in chosen]},
        at_once(design, participants) if patient_level else COUNTED_AT_ONCE,
        kind="trials",
        whole=False,
        groups=len(chosen),
        patients=participants if patient_level else 0,
        files=regimen_files(scenarios[-1]),
    )  # fmt: skip


def at_once(design: MultiArmDesign, participants: int) -> int:
    """Return the replicates of a block of patients."""
    return max(1, PARTICIPANTS_AT_ONCE // (participants * len(design.treatments)))


def arm_record(design: MultiArmDesign, changes: dict[str, float]) -> dict[str, Any]:
    """Return everything in a design that determines the simulation, as plain values."""
    plain = design.model_dump(mode="json", exclude_defaults=True, exclude=_WORDS)
    scenario = scenario_of(design.pair(design.treatments[0]), changes)
    if scenario is None or design.arms is None:
        return {"design": plain}
    regimens = {arm.regimen: load_regimen(arm.regimen).sha256 for arm in design.arms.values()}
    return {"design": plain, "mechanism": mechanism_hash(scenario), "regimens": regimens}


def _table(configuration: str, first: int, trials: ArmTrials) -> pa.Table:
    count = len(trials.analyses)
    columns: dict[str, Any] = {
        "configuration": pa.array([configuration] * count),
        "trial": pa.array(np.arange(first, first + count)),
    }
    for each in fields(trials):
        values = rounded_replicates(getattr(trials, each.name))
        if values.ndim == 1:
            columns[each.name] = pa.array(values)
        else:
            columns |= {f"{each.name}_{k}": pa.array(v) for k, v in enumerate(values.T, start=1)}
    return pa.table(columns)


def trials_of(table: pa.Table, configuration: Configuration) -> ArmTrials:
    """Return the replicates of one configuration from the joined tables of all blocks."""
    import pyarrow.compute as pc

    here = table.filter(pc.equal(table["configuration"], configuration.name)).sort_by("trial")
    return ArmTrials(**{each.name: _array(here, each.name) for each in fields(ArmTrials)})


def _array(table: pa.Table, name: str) -> Floats:
    if name in table.column_names:
        return np.asarray(table[name].to_numpy())
    names: Sequence[str] = [
        each for each in table.column_names
        if each.startswith(f"{name}_") and each.removeprefix(f"{name}_").isdigit()
    ]  # fmt: skip
    return np.stack([np.asarray(table[each].to_numpy()) for each in names], -1)
