"""Family-wise type I error of several arms in patients of a scenario, by 100,000 trials.

``python -m benchmarks.trial.several_arms_levels [--replicates 100000] [--json FILE]`` simulates
`three-arms-live-birth` (of 300 participants, two treatments, two secondary hypotheses) and
`enrichment-long-infertility` (of 240), and prints the family-wise error of every analysis and
procedure when no treatment works, when only one treatment works, and that of the secondary
hypotheses when both treatments work only on the primary endpoint. All procedures analyse the same
trials.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.trial.error_levels import REPLICATES, commit
from benchmarks.trial.level_cases import shipped
from pretese.trial.multi_arm.conduct import ArmTrials, conduct_arms
from pretese.trial.multi_arm.design.configurations import Configuration, arm_configurations
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.patient_draws import MultiArmPatients, draw_patients
from pretese.trial.multi_arm.patients import StagePatients
from pretese.trial.multi_arm.simulate_arms import at_once, simulate_arms
from protocol.reading.documents import validate

_ALONE: dict[str, Any] = {"secondary": []}
_ONCE = {**_ALONE, "dropping": {}, "monitoring": {"alpha_percent": 2.5, "sides": 1}}
_ADJUSTED = {"covariates": ["age_years", "testis_volume_ml", "fsh_iu_l"], "strata": ["diagnosis"]}
_STRATIFIED = {"method": "mantel-haenszel", "strata": ["diagnosis"]}
_MODEL = {"method": "g-computation-randomised", **_ADJUSTED}
_LOGISTIC = {"method": "logistic", **_ADJUSTED}

#: Changes to `three-arms-live-birth`, by the name of the case.
CASES: dict[str, dict[str, Any]] = {
    "closed dunnett, 2 secondary hypotheses": {},
    "the same, secondary after all treatments": {
        "testing": {"procedure": "closed dunnett", "secondary_after": "all treatments"}},
    "closed dunnett, 1 analysis": {**_ONCE},
    "closed dunnett, g-computation, 1 analysis": {**_ONCE, "analysis": _MODEL},
    "closed dunnett, g-computation, 2 analyses": {**_ALONE, "analysis": _MODEL},
    "closed dunnett, Mantel-Haenszel, 1 analysis": {**_ONCE, "analysis": _STRATIFIED},
    "closed dunnett, logistic, 1 analysis": {**_ONCE, "analysis": _LOGISTIC},
    "combination, g-computation, 2 analyses": {
        **_ALONE, "analysis": _MODEL, "testing": {"procedure": "combination"}},
}  # fmt: skip


def several_arms(replicates: int, seed: int = 77) -> Iterator[dict[str, Any]]:
    """Yield one row per case: family-wise errors with their Monte Carlo errors."""
    base = shipped("three-arms-live-birth", participants=300)
    designs = {name: validate({**base, **c}, MultiArmDesign, name) for name, c in CASES.items()}
    first = next(iter(designs.values()))
    size, hits = at_once(first, first.participants), {name: _Sums() for name in designs}
    for start in range(0, replicates, size):
        count = min(size, replicates - start)
        drawn = draw_patients(first, None, first.participants, seed, start, count)
        for name, design in designs.items():
            _count(design, drawn, hits[name])
    for name, design in designs.items():
        yield hits[name].row("several arms", name, design, replicates, seed)


def enrichment(replicates: int, seed: int = 77) -> dict[str, Any]:
    """Return the row of the enrichment design."""
    base = shipped("enrichment-long-infertility", participants=240)
    design, sums = validate(base, MultiArmDesign, "enrichment"), _Sums()
    size = at_once(design, design.participants)
    for start in range(0, replicates, size):
        found = simulate_arms(
            design, design.participants, seed=seed, first=start, size=min(size, replicates - start)
        )
        for each in arm_configurations(design):
            sums.add(each, design, found[each.name])
    return sums.row("enrichment", "combination, population", design, replicates, seed)


class _Sums(dict[str, float]):
    """Trials with a false claim, by the null hypotheses that are true."""

    def add(self, configuration: Configuration, design: MultiArmDesign, trials: ArmTrials) -> None:
        nulls = np.asarray(configuration.nulls)
        if nulls.any():
            shape = (-1, len(design.comparisons), len(design.labels))
            self.count(configuration.name, trials.rejected.reshape(shape)[:, nulls])

    def count(self, name: str, false: Any) -> None:
        claims = np.asarray(false) > 0
        self[name] = self.get(name, 0.0) + float(claims.reshape(len(claims), -1).any(1).sum())

    def row(
        self, family: str, name: str, design: MultiArmDesign, replicates: int, seed: int
    ) -> dict[str, Any]:
        shares = {key: value / replicates for key, value in self.items()}
        errors = {k: float(np.sqrt(p * (1 - p) / replicates)) for k, p in shares.items()}
        return {
            "family": family, "analysis": name, "participants": design.participants,
            "nominal": design.alpha, "sides": 1, "errors": shares, "mcse": errors,
            "replicates": replicates, "seed": seed, "commit": commit(),
        }  # fmt: skip


def _count(design: MultiArmDesign, drawn: MultiArmPatients, sums: _Sums) -> None:
    n = design.participants
    for each in arm_configurations(design)[1:]:
        sums.add(each, design, conduct_arms(design, StagePatients(design, each, drawn, n)))
    if len(design.labels) > 1:
        shape = (-1, len(design.comparisons), len(design.labels))
        found = conduct_arms(
            design, StagePatients(design, arm_configurations(design)[0], _no_later(drawn), n)
        )
        sums.count("only the primary endpoint", found.rejected.reshape(shape)[..., 1:])


def _no_later(drawn: MultiArmPatients) -> MultiArmPatients:
    """Return the patients without an effect on the secondary hypotheses."""
    later = (np.broadcast_to(each[:1], each.shape) for each in drawn.success[1:])
    return replace(drawn, success=(drawn.success[0], *later))


def main() -> None:
    """Print a row of each case; keep them as lines of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    started = time.process_time()
    for row in (*several_arms(options.replicates), enrichment(options.replicates)):
        words = "; ".join(
            f"{key} {100 * value:.2f} ({100 * row['mcse'][key]:.2f})"
            for key, value in row["errors"].items()
        )
        sys.stdout.write(f"{row['analysis']:44s} {words}\n")
        if options.json:
            with options.json.open("a") as file:
                file.write(json.dumps(row) + "\n")
    sys.stdout.write(f"{time.process_time() - started:.0f} s of CPU\n")


if __name__ == "__main__":
    main()
