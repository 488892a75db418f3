"""Compare every printed Monte Carlo standard error with the spread over independent studies.

``python -m benchmarks.trial.mcse_ratios DESIGN.yaml [--studies 100] [--replicates 200]`` simulates
studies x replicates trials once, cuts them into independent studies, and prints for each measure
the standard deviation over studies divided by the root mean square of the printed MCSE. With 100
studies such a ratio has itself a standard error of 7 %, with 1,000 one of 2 %.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.measures.performance import measures
from pretese.trial.measures.summary import summarise_point
from pretese.trial.measures.trial_means import plain_measure, true_effect
from pretese.trial.power.additional_measures import additional_measures
from pretese.trial.simulation.engine import simulate_design
from pretese.trial.simulation.trial_results import Outcomes

#: Parts of a point, other than its measures, that have Monte Carlo errors.
ROWS = (
    "endpoints", "family", "reestimation", "analyses", "balance", "subgroups", "subgroup_claims",
)  # fmt: skip


def mcse_ratios(
    design: DesignFile,
    effect: float,
    studies: int,
    replicates: int,
    seed: int = 1,
    *,
    all_rows: bool = False,
) -> dict[str, float]:
    """Return, by measure, the SD over studies over the root mean square of the printed MCSE.

    Measures that never vary are excluded, and proportions that are rarely off 0 or 1: their printed
    error is 0 in most studies. So are quantiles of size and duration, which move in steps from
    analysis to analysis.
    """
    point = (design.participants, effect)
    scenario = scenario_of(design, {})
    whole = simulate_design(
        design, scenario, [point], seed=seed, replicates=studies * replicates
    )[point]  # fmt: skip
    documents = []
    for study in range(studies):
        part = _part(whole, study * replicates, (study + 1) * replicates)
        rows = summarise_point(design, *point, part) if all_rows else {}
        documents.append({
            "measures": {
                name: plain_measure(each) for name, each in measures(design, part).items()
            },
            "additional": additional_measures(design, part),
            "truth": plain_measure(true_effect(design, part)),
            **{name: rows[name] for name in ROWS if rows.get(name)},
        })  # fmt: skip
    return spread_ratios(documents)


def spread_ratios(documents: Sequence[Any]) -> dict[str, float]:
    """Return, by measure, the SD over documents over the root mean square of the printed MCSE.

    Excluded are measures that never vary, proportions whose printed error is 0 in most documents,
    and quantiles of size and duration.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for document in documents:
        for name, value, mcse in _measures(document, ""):
            found.setdefault(name, []).append((value, mcse))
    ratios = {}
    for name, pairs in found.items():
        value, mcse = np.array(pairs).T
        if "quantiles" in name or "median_months" in name:
            continue
        if len(pairs) == len(documents) and np.median(mcse) > 0 and np.ptp(value) > 0:
            ratios[name] = float(value.std(ddof=1) / np.sqrt((mcse**2).mean()))
    return ratios


def _part(whole: Outcomes, first: int, end: int) -> Outcomes:
    values = {field.name: getattr(whole, field.name) for field in fields(Outcomes)}
    return Outcomes(**{name: v if v is None else v[first:end] for name, v in values.items()})


def _measures(document: Any, path: str) -> Iterator[tuple[str, float, float]]:
    """Yield every number of a document that has a Monte Carlo error."""
    if isinstance(document, Mapping):
        if document.get("mcse") is not None and document.get("value") is not None:
            yield path, document["value"], document["mcse"]
        for name, value in document.items():
            yield from _measures(value, f"{path}.{name}" if path else str(name))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from _measures(value, f"{path}[{number}]")


def main() -> None:
    """Print the ratios of one design."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("design")
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--effect", type=float, default=1.0)
    options = parser.parse_args()
    design = read_design(options.design)[0]
    ratios = mcse_ratios(design, options.effect, options.studies, options.replicates)
    for name, ratio in ratios.items():
        print(f"{name:60} {ratio:5.2f}{'' if 0.9 <= ratio <= 1.1 else '  *'}")


if __name__ == "__main__":
    main()
