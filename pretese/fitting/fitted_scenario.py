"""Fit a scenario to a clinic's table, and compare simulated patients with the table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pretese.fitting.estimates.births import PATH, fit_births
from pretese.fitting.estimates.fitted_numbers import Fit, fit_numbers
from pretese.fitting.estimates.therapy_and_sperm import birth_share
from pretese.fitting.realism import SYNTHETIC, Realism, compare_patients
from pretese.fitting.scenario_text import scenario_text
from pretese.fitting.table.clinic_patients import ClinicPatients, read_clinic_patients
from pretese.fitting.table.column_map import ColumnMap, column_map_of, read_column_map
from pretese.io.input.read_table import column_names
from simulate.cohort.draw import draw_cohort
from simulate.scenario.load import LoadedScenario, load
from simulate.tables.study_tables import tables

if TYPE_CHECKING:
    import pandas as pd

#: Number of the study that the comparison draws; the births were fitted to study 0.
_COMPARED = 1


@dataclass(frozen=True, slots=True)
class FittedScenario:
    """A scenario fitted to a table.

    Attributes
    ----------
    text
        The scenario file.
    loaded
        The scenario, ready to be simulated.
    patients, chosen, fit, births
        The table, its map, and the numbers with their intervals; births need simulation.
    realism
        The comparison of real and synthetic patients.
    seed
        Of the bootstrap and of the comparison.
    """

    text: str
    loaded: LoadedScenario
    patients: ClinicPatients
    chosen: ColumnMap
    fit: Fit
    births: tuple[float, tuple[float, float]] | None
    realism: Realism
    seed: int


def fit_table(
    data: Path, mapping: Path | ColumnMap | None, resamples: int, seed: int,
    tell: Callable[[int, int], None],
) -> FittedScenario:  # fmt: skip
    """Fit a scenario to a table, simulate it, and compare.

    Parameters
    ----------
    data
        Any table that `read_table` reads, one row per patient.
    mapping
        The map of its columns, or the file that holds it; None where they have our own names.
    resamples
        Of the bootstrap.
    """
    if mapping is None:
        chosen = column_map_of(column_names(data), str(data))
    else:
        chosen = mapping if isinstance(mapping, ColumnMap) else read_column_map(mapping)
    base = load(chosen.extends).scenario
    patients = read_clinic_patients(data, chosen)
    fit = fit_numbers(patients, chosen, base, resamples, seed, tell)
    text = scenario_text(patients, chosen, base, fit, {})
    births = None
    if counts := birth_share(patients):
        births = fit_births(_loaded(text).scenario, *counts, seed)
        text = scenario_text(patients, chosen, base, fit, {PATH: births})
    loaded = _loaded(text)
    simulated = simulated_patients(loaded, seed)
    return FittedScenario(
        text,
        loaded,
        patients,
        chosen,
        fit,
        births,
        compare_patients(patients, simulated, seed),
        seed,
    )


def simulated_patients(loaded: LoadedScenario, seed: int) -> "pd.DataFrame":
    """Return the synthetic patients that a fit is compared with."""
    cohort = draw_cohort(loaded.scenario, seed, first=_COMPARED, patients=SYNTHETIC)
    return tables(cohort)["patients"]


def _loaded(text: str) -> LoadedScenario:
    """Read the scenario file as written."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path)
