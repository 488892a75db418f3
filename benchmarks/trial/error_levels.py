"""Type I error of every analysis that a design file of two arms offers, by 100,000 trials of each.

``python -m benchmarks.trial.error_levels [--replicates 100000] [--family NAME] [--json FILE]``
simulates trials of patients of a scenario whose therapy has no effect, and prints how often each
analysis rejects, with its Monte Carlo error. All analyses of a family use the same trials. With
several endpoints the largest family-wise error under any set of true null hypotheses is printed.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.trial.level_cases import FAMILIES, WITH_POWER
from estimate.core.arrays import Floats
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import Trials, draw_trials
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.familywise import null_sets
from pretese.trial.simulation.claims import decide_claims
from pretese.trial.simulation.engine import trials_at_once
from pretese.trial.simulation.interim_analyses import Analyses
from pretese.trial.simulation.multiple_endpoints import (
    analyse_endpoints,
    end_of,
    observe_all,
    paths,
)
from pretese.trial.simulation.reestimation import largest
from protocol.reading.documents import validate

#: Trials of every family.
REPLICATES = 100_000

#: Rejections of a block: without an effect by set of null hypotheses, and with the planned effect.
Hits = dict[str, float]


def levels(family: str, replicates: int = REPLICATES, seed: int = 77) -> Iterator[dict[str, Any]]:
    """Yield one row per analysis of a family: level, power, and their Monte Carlo errors."""
    base, changes = FAMILIES[family]
    designs = {name: validate({**base, **each}, DesignFile, name) for name, each in changes.items()}
    first = next(iter(designs.values()))
    scenario = scenario_of(first)
    size = trials_at_once(first, [(first.participants, 0.0)], patient_level=True)
    most = max(largest(each, each.participants) for each in designs.values())
    found: dict[str, list[Mapping[str, float]]] = {name: [] for name in designs}
    for start in range(0, replicates, size):
        count = min(size, replicates - start)
        trials = draw_trials(first, scenario, seed, most, count, start)
        for name, design in designs.items():
            found[name].append(_hits(design, trials, power=family in WITH_POWER))
    for name, design in designs.items():
        sums = {key: sum(each[key] for each in found[name]) for key in found[name][0]}
        power = sums.pop("power", np.nan) / replicates
        worst = max(sums, key=lambda key: sums[key])
        level = sums[worst] / replicates
        yield {
            "family": family, "analysis": name, "participants": design.participants,
            "nominal": design.monitoring.alpha_percent / 100, "sides": design.monitoring.sides,
            "level": level, "mcse": float(np.sqrt(level * (1 - level) / replicates)),
            "nulls": worst, "power": None if np.isnan(power) else power,
            "replicates": replicates, "seed": seed, "commit": commit(),
        }  # fmt: skip


def _hits(design: DesignFile, trials: Trials, *, power: bool) -> Hits:
    n = design.participants
    null = analyse_endpoints(observe_all(design, trials, 0.0), n)
    found = {} if design.secondary else {"no effect": float(end_of(design, null).rejected.sum())}
    if not (power or design.secondary):
        return found
    planned = analyse_endpoints(observe_all(design, trials, 1.0), n)
    with_effect = end_of(design, planned)
    found["power"] = float((with_effect.rejected & (with_effect.z > 0)).sum())
    if not design.secondary:
        return found
    for nulls in null_sets(len(design.questions)):
        path, without = _statistics(design, trials, planned, null, nulls)
        true = np.isin(np.arange(path.shape[-1]), nulls)
        claimed = decide_claims(design, np.where(true, without, path)).claimed
        words = ", ".join(design.labels[k] for k in nulls)
        found[words] = float(claimed[:, true].any(-1).sum())
    return found


def _statistics(
    design: DesignFile, trials: Trials, planned: Sequence[Analyses], null: Sequence[Analyses],
    nulls: tuple[int, ...],
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return statistics with and without effects, at the sizes chosen under these nulls."""
    if design.monitoring.reestimation is None:
        return paths(planned), paths(null)
    n = design.participants
    if 0 in nulls:
        data = observe_all(design, trials, 1.0)
        return paths(analyse_endpoints(data, n, null[0].participants)), paths(null)
    data = observe_all(design, trials, 0.0)
    return paths(planned), paths(analyse_endpoints(data, n, planned[0].participants))


def commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short=8", "HEAD"], capture_output=True, text=True, check=False
    )  # fmt: skip
    return found.stdout.strip()


def main() -> None:
    """Print a row of each analysis; keep them as lines of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", choices=list(FAMILIES), action="append")
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    for family in options.family or FAMILIES:
        started = time.process_time()
        for row in levels(family, options.replicates):
            sys.stdout.write(
                f"{family:28s} {row['analysis']:52s} {100 * row['level']:6.2f} "
                f"({100 * row['mcse']:.2f})  power {row['power']}\n"
            )
            if options.json:
                with options.json.open("a") as file:
                    file.write(json.dumps(row) + "\n")
        sys.stdout.write(f"{family}: {time.process_time() - started:.0f} s of CPU\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
