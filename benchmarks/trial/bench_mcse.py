"""Printed Monte Carlo errors compared with the spread over independent studies, by kind of study.

400 studies of 100 replicates each: a ratio of the standard deviation over studies to the printed
error has itself a standard error of about 4 %. `mcse_ratios` prints every measure of one design.
"""

import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.trial.level_cases import shipped
from benchmarks.trial.mcse_ratios import mcse_ratios, spread_ratios
from estimate.performance.tally import Tally
from pretese.trial.design.design_file import DesignFile
from pretese.trial.multi_arm.conduct import ArmTrials
from pretese.trial.multi_arm.design.configurations import arm_configurations
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.results.measures import summarise_arms
from pretese.trial.multi_arm.simulate_arms import at_once, simulate_arms
from protocol.reading.documents import validate

#: Studies of each kind, and replicates of a study.
STUDIES, REPLICATES = 400, 100

_DELAYED = {
    "analyses_percent": [50, 100], "futility": "OF", "binding": True, "alpha_percent": 2.5,
    "sides": 1, "decision_analysis": "balanced",
}  # fmt: skip

#: Designs of two arms by their distinguishing feature.
DESIGNS: dict[str, dict[str, Any]] = {
    "mixed model": shipped(
        "minimisation-eight-sites", participants=160,
        analysis={"method": "mixed", "strata": ["diagnosis"]},
    ),
    "several endpoints": shipped("three-endpoints", participants=120),
    "re-estimation": shipped("re-estimation", participants=120),
    "decision analyses": shipped("superiority-any-sperm", participants=120, monitoring=_DELAYED),
    "subgroups and strata": shipped("who-benefits", participants=120),
}  # fmt: skip


def two_arms(name: str, studies: int, replicates: int) -> dict[str, float]:
    """Return the ratios of a design of two arms at the planned effect."""
    design = validate(DESIGNS[name], DesignFile, name)
    return mcse_ratios(design, 1.0, studies, replicates, all_rows=True)


def several_arms(studies: int, replicates: int) -> dict[str, float]:
    """Return the ratios of three arms with secondary hypotheses, in every configuration."""
    design = validate(shipped("three-arms-live-birth", participants=90), MultiArmDesign, "arms")
    size, parts = at_once(design, 90), []
    for first in range(0, studies * replicates, size):
        count = min(size, studies * replicates - first)
        parts.append(simulate_arms(design, 90, seed=1, first=first, size=count))
    documents: list[dict[str, Any]] = [{} for _ in range(studies)]
    for each in arm_configurations(design):
        whole = {
            f.name: np.concatenate([getattr(part[each.name], f.name) for part in parts])
            for f in fields(ArmTrials)
        }
        for k, document in enumerate(documents):
            cut = {n: v[k * replicates : (k + 1) * replicates] for n, v in whole.items()}
            document[each.name] = summarise_arms(design, each, ArmTrials(**cut))
    return spread_ratios(documents)


def recovery(studies: int, replicates: int) -> dict[str, float]:
    """Return the ratios of a recovery study, against a true value that all studies share."""
    import pretese
    from pretese.recovery.results.replicates import Source

    plan = {"covariates": ["fsh_iu_l"], "methods": ["unadjusted", "adjusted", "iptw-ate"]}
    with tempfile.TemporaryDirectory() as folder:
        pretese.recover(
            "constant-effect", plan, replicates=studies * replicates, truth_patients=1000,
            out=folder, figures=False, progress=False,
        )  # fmt: skip
        files = sorted(Path(folder).glob("results/estimates/*.parquet"))
        found = Source(files, studies * replicates).first(studies * replicates)
    documents: list[dict[str, Any]] = [{} for _ in range(studies)]
    for words, every in found.items():
        truth = float(np.nanmean(every.sate))
        for k, document in enumerate(documents):
            rows = slice(k * replicates, (k + 1) * replicates)
            cut = type(every)(**{f.name: getattr(every, f.name)[rows] for f in fields(every)})
            tally: Tally = cut.tally(truth)
            performance = tally.performance(cut.covering(tally.estimate.mean))
            document[" ".join(words)] = {
                r["measure"]: {"value": r["value"], "mcse": r["mcse"]}
                for r in performance.records()
            }
    return spread_ratios(documents)


KINDS: dict[str, Callable[[int, int], dict[str, float]]] = {
    **{name: lambda s, r, name=name: two_arms(name, s, r) for name in DESIGNS},
    "several arms": several_arms,
    "recovery study": recovery,
}


def main() -> None:
    """Print one row of each kind, with the measures outside 0.9 to 1.1."""
    for name, ratios_of in KINDS.items():
        ratios = ratios_of(STUDIES, REPLICATES)
        values = np.array(list(ratios.values()))
        print(
            f"{name:22s} {len(values):4d} measures, {np.mean((values > 0.9) & (values < 1.1)):.0%} "
            f"within 0.9 to 1.1, {values.min():.2f} to {values.max():.2f}, "
            f"geometric mean {np.exp(np.log(values).mean()):.3f}",
            flush=True,
        )
        for each, ratio in ratios.items():
            if not 0.9 <= ratio <= 1.1:
                print(f"    {each}: {ratio:.2f}")


if __name__ == "__main__":
    main()
