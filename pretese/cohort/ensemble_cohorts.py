"""Cohorts of an ensemble of parameter sets: one folder each, and what differs between them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pretese.cohort.cohort_folder import CohortRequest, write_cohort
from pretese.io.output.csv_file import write_csv
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import result_folder
from pretese.io.output.versions import versions
from pretese.screen.progress import no_progress
from simulate.endpoints import ENDPOINTS

#: Columns of the patients that are 0 or 1 and no endpoint, with their words.
_COURSE = {"gonadotropin_therapy": "chose therapy", "micro_tese": "operated on", "icsi": "ICSI"}


#: Percentiles between which a band lies.
BAND = (2.5, 97.5)


def write_ensemble_cohorts(
    requests: Sequence[CohortRequest], values: pd.DataFrame, out: Path, formats: Sequence[str],
    tell: Callable[[int, int], None],
) -> pd.DataFrame:  # fmt: skip
    """Write one cohort for each parameter set, and return the bands of observed percentages.

    The folder holds ``world-001`` and so on, each as `write_cohort` writes it;
    ``parameter_sets.csv`` with the values of every set; and ``bands.csv``.

    Parameters
    ----------
    requests
        The cohorts, one per set.
    values
        One row per set.
    """
    with result_folder(out, "folder") as folder:
        rates = []
        for index, request in enumerate(requests, start=1):
            place = folder / f"world-{index:03d}"
            write_cohort(request, place, formats, no_progress)
            rates.append(observed_rates(request.tables()["patients"]))
            tell(index, len(requests))
        bands = rate_bands(rates)
        write_csv(values, folder / "parameter_sets.csv")
        write_csv(bands, folder / "bands.csv")
        facts = requests[0].facts
        del facts["changed"], facts["mechanism_sha256"]
        write_manifest(folder, {**facts, "worlds": len(requests), "versions": versions()})
    return bands


def observed_rates(patients: pd.DataFrame) -> dict[str, float]:
    """Return percentages of all patients; what is not recorded counts as not happened."""
    return {
        name: float(100 * patients[name].fillna(0).astype(float).mean())
        for name in rate_words()
        if name in patients
    }


def rate_words() -> dict[str, str]:
    """Return the columns of patients whose percentages are shown, in words."""
    return {**_COURSE, **{name: each.label for name, each in ENDPOINTS.items()}}


def rate_bands(rates: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    """Return one row per percentage: median and middle 95 % over the parameter sets."""
    rows = []
    for name in rates[0]:
        words = rate_words()[name]
        low, middle, high = np.percentile([each[name] for each in rates], [BAND[0], 50, BAND[1]])
        rows.append({"column": name, "percentage": words, "low": low, "median": middle,
                     "high": high})  # fmt: skip
    return pd.DataFrame(rows)


def bands_text(bands: pd.DataFrame, worlds: int) -> str:
    """Return the bands as a few lines of text."""
    lines = [f"Percentages of all patients over {worlds} parameter sets (middle 95 %):"]
    lines += [
        f"  {row.percentage:<30} {row.median:5.1f} ({row.low:.1f} to {row.high:.1f})"
        for row in bands.itertuples()
    ]
    return "\n".join(lines)
