"""Coverage of the intervals of `pretese fit`, over tables drawn from a known scenario.

Each table has the patients of the scenario and is fitted with a bootstrap. With 39 resamples the
lowest and the highest of them are a 95 % interval, as are the percentiles of many.

    python -m benchmarks.fitting.coverage --tables 200 --resamples 39 --workers 2
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pretese.fitting.estimates.fitted_numbers import fit_numbers
from pretese.fitting.table.clinic_patients import read_clinic_patients
from pretese.fitting.table.column_map import column_map_of
from simulate.cohort.draw import draw_cohort
from simulate.core.coding import BASELINE
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import parameters
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.enrolment import correlation_matrix
from simulate.tables.study_tables import tables

SEED = 77

#: Groups of numbers by the beginning and end of their paths, in the order of the page.
GROUPS = {
    "quartiles of baseline variables (median, spread)": ("population.marginals.", ""),
    "partner's age": ("population.partner_age", ""),
    "diagnoses: log odds": ("population.diagnosis_log_odds.", ""),
    "shifts of scores by diagnosis": ("population.score_by_diagnosis.", ""),
    "correlations": ("correlation.", ""),
    "choice of therapy: intercept": ("choice.intercept", ""),
    "choice of therapy: diagnoses": ("choice.diagnosis.", ""),
    "choice of therapy: linear terms": ("choice.terms.", ".linear"),
    "choice of therapy: quadratic terms": ("choice.terms.", ".quadratic"),
    "liability without therapy": ("spermatogenesis.spermatogenic_liability.", ""),
    "prognosis": ("spermatogenesis.prognosis.", ""),
    "effect of therapy": ("spermatogenesis.treatment.", ""),
    "ejaculate thresholds": ("spermatogenesis.ejaculate_threshold.", ""),
    "missing values": ("measurement.", ""),
    "couples who go on to ICSI": ("fertility.", ""),
}


@dataclass(frozen=True, slots=True)
class Interval:
    """The estimate and interval of one number in one table."""

    value: float
    low: float
    high: float


def known_scenario(*, choice_as_published: bool) -> Scenario:
    """Return `paper`, or `paper` with a choice of therapy that is linear in the normal scores."""
    paper = load_scenario("paper")
    if choice_as_published:
        return paper
    bent = [
        n for n in parameters(paper) if n.startswith("choice.terms.") and not n.endswith("linear")
    ]
    return load_scenario("paper", dict.fromkeys(bent, 0.0))


def fitted(scenario: Scenario, resamples: int, number: int) -> dict[str, Interval]:
    """Fit one table, and return every number with its interval."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "patients.csv"
        drawn = tables(draw_cohort(scenario, SEED, first=number))["patients"]
        drawn.to_csv(path, index=False)
        chosen = column_map_of(tuple(drawn.columns), str(path))
        patients = read_clinic_patients(path, chosen)
        fit = fit_numbers(patients, chosen, scenario, resamples, number, lambda done, total: None)
    found = {path: Interval(fit.numbers[path], *ends) for path, ends in fit.intervals.items()}
    names, matrix = fit.population.names, fit.population.correlation
    for i, first in enumerate(names):
        for j in range(i):
            ends = fit.correlation_intervals[i, j]
            found[f"correlation.{first}.{names[j]}"] = Interval(float(matrix[i, j]), *ends)
    return found


def truths(scenario: Scenario, names: list[str]) -> dict[str, float]:
    """Return the true numbers of the tables; a number that the scenario does not state is 0."""
    held = {path: number.value for path, number in parameters(scenario).items()}
    matrix = correlation_matrix(scenario.population.correlations)
    for i, first in enumerate(BASELINE):
        for j in range(i):
            held[f"correlation.{first}.{BASELINE[j]}"] = float(matrix[i, j])
    return {name: held.get(name, 0.0) for name in names}


def rows(
    found: list[dict[str, Interval]], scenario: Scenario
) -> Iterator[tuple[str, int, float, float, float, str]]:
    """Yield group, numbers, mean coverage, its MCSE over tables, the lowest, and which it is."""
    names = sorted({name for each in found for name in each})
    true = truths(scenario, names)
    for group, (begin, end) in GROUPS.items():
        inside = [n for n in names if n.startswith(begin) and n.endswith(end)]
        held = np.array(
            [
                [e[n].low <= true[n] <= e[n].high if n in e else np.nan for n in inside]
                for e in found
            ],
            float,
        )
        if held.size:
            by_table, by_name = np.nanmean(held, axis=1), np.nanmean(held, axis=0)
            error = float(np.std(by_table, ddof=1) / np.sqrt(len(by_table)))
            worst = int(np.argmin(by_name))
            yield (
                group,
                len(inside),
                float(by_name.mean()),
                error,
                float(by_name[worst]),
                inside[worst],
            )


def main() -> None:
    """Print one line per group of numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--resamples", type=int, default=39)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--choice-as-published", action="store_true")
    asked = parser.parse_args()
    scenario = known_scenario(choice_as_published=asked.choice_as_published)
    with ProcessPoolExecutor(asked.workers) as pool:
        work = partial(fitted, scenario, asked.resamples)
        found = list(pool.map(work, range(asked.tables)))
    print("| numbers | how many | coverage, % (MCSE) | lowest, % |\n|---|---|---|---|")
    for group, many, mean, error, low, worst in rows(found, scenario):
        share = f"{100 * mean:.1f} ({100 * error:.1f})"
        print(f"| {group} | {many} | {share} | {100 * low:.1f} `{worst}` |")


if __name__ == "__main__":
    main()
