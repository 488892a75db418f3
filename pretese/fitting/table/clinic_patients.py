"""A clinic's table, converted to our variables and units."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimate.core.arrays import Bools, Floats, Ints
from pretese.fitting.table.column_map import FLAGS, ColumnMap, MappedColumn
from pretese.io.input.read_table import TableFile, read_table
from pretese.io.input.table_cells import INDICATOR, CategoryUse, NumberUse, Use
from protocol.errors import Fault, InputError
from protocol.reading.quantities import analyte_file, convert
from protocol.shorten import shorten
from simulate.core.coding import BASELINE, DIAGNOSES

Numbers = NDArray[np.float64]

#: Minimum number of patients for a fit.
MIN_PATIENTS = 30

#: Words of a column without a meaning that are listed.
LISTED = 8


@dataclass(frozen=True, slots=True)
class ClinicPatients:
    """Patients of a clinic; every array has shape (patient,).

    Attributes
    ----------
    numbers
        Baseline variables and the partner's age, NaN where missing; only those that are recorded.
    diagnosis
        Code along `simulate.core.coding.DIAGNOSES`; None where it is not recorded.
    flags
        Of `column_map.FLAGS`: 1, 0, or NaN where not known; only those that are recorded.
    name, sha256
        Of the file.
    assumptions
        What was assumed about it, and patients who were excluded.
    """

    numbers: Mapping[str, Numbers]
    diagnosis: Ints | None
    flags: Mapping[str, Floats]
    name: str
    sha256: str
    assumptions: tuple[str, ...]

    @property
    def treated(self) -> Bools:
        """Whether each patient took the therapy."""
        return np.asarray(self.flags["gonadotropin_therapy"] == 1)

    @property
    def size(self) -> int:
        """Number of patients."""
        return len(self.flags["gonadotropin_therapy"])

    @property
    def baseline(self) -> tuple[str, ...]:
        """Baseline variables that are recorded, in their order."""
        return tuple(name for name in BASELINE if name in self.numbers)

    def rows(self, chosen: Ints | Bools) -> "ClinicPatients":
        """Return some patients, in the order asked for."""
        return ClinicPatients(
            {name: values[chosen] for name, values in self.numbers.items()},
            None if self.diagnosis is None else self.diagnosis[chosen],
            {name: values[chosen] for name, values in self.flags.items()},
            self.name,
            self.sha256,
            self.assumptions,
        )


def read_clinic_patients(path: Path, chosen: ColumnMap) -> ClinicPatients:
    """Read a table through its map.

    Patients without a known therapy or diagnosis are excluded and counted.

    Raises
    ------
    InputError
        The file cannot be read; a column is missing; words have no meaning in the map; values are
        not possible; or fewer than `MIN_PATIENTS` remain.
    """
    uses = {chosen.column(name).column: _use(name, chosen.column(name)) for name in chosen.columns}
    if len(uses) < len(chosen.columns):
        problem = "two of our variables name the same column"
        raise InputError.of("map", "columns", problem, "give each its own")
    file = read_table(path, uses)
    faults: list[Fault] = []
    numbers: dict[str, Numbers] = {}
    flags: dict[str, Floats] = {}
    diagnosis = None
    for name in chosen.columns:
        column = chosen.column(name)
        cells = file.frame[column.column].to_numpy()
        if name == "diagnosis":
            diagnosis = _codes(cells, column, DIAGNOSES, file, faults)
        elif name in FLAGS and column.values:
            flags[name] = _codes(cells, column, ("0", "1"), file, faults)
        elif name in FLAGS:
            flags[name] = _only_zero_and_one(np.asarray(cells, float), column, file, faults)
        else:
            values: Numbers = _in_our_unit(name, cells, column)
            _check_positive(values, column, file, faults)
            numbers[name] = values
    if faults:
        raise InputError(faults)
    return _complete(numbers, diagnosis, flags, file)


def _use(name: str, column: MappedColumn) -> Use:
    if name == "diagnosis" or column.values:
        return CategoryUse(tuple(word for words in column.values.values() for word in words))
    return INDICATOR if name in FLAGS else NumberUse("give numbers")


def _codes(
    cells: Any, column: MappedColumn, ours: tuple[str, ...], file: TableFile, faults: list[Fault]
) -> Floats:
    """Return the position of each cell's meaning in our values; NaN where it is empty."""
    meaning = {word: value for value, words in column.values.items() for word in words}
    if not meaning:
        meaning = {value: value for value in ours}
    known = [None if cell is None else str(cell) for cell in cells]
    strange = Counter(cell for cell in known if cell is not None and cell not in meaning)
    if strange:
        listed = ", ".join(f"{shorten(word)} ({n})" for word, n in strange.most_common(LISTED))
        problem = f"these words have no meaning in the map: {listed}"
        cure = f"put each under one of {', '.join(ours)} (`values`)"
        faults.append(Fault(str(file.path), column.column, problem, cure))
    place = {word: float(ours.index(value)) for word, value in meaning.items()}
    return np.array([np.nan if cell is None else place.get(cell, np.nan) for cell in known])


def _in_our_unit(name: str, cells: Any, column: MappedColumn) -> Numbers:
    values = np.asarray(cells, float)
    if column.unit is None:
        return values
    for analyte in analyte_file().analytes.values():
        if analyte.input == name:
            factor = convert(analyte, 1.0, column.unit, analyte.unit, f"map: columns.{name}")
            return values * factor
    problem = "units are converted for hormones only"
    raise InputError.of("map", f"columns.{name}.unit", problem, "convert the column, or leave it")


def _check_positive(
    values: Numbers, column: MappedColumn, file: TableFile, faults: list[Fault]
) -> None:
    if np.any(values <= 0):
        rows = int(np.count_nonzero(values <= 0))
        problem = f"{rows} values are 0 or less"
        cure = "leave cells of missing values empty"
        faults.append(Fault(str(file.path), column.column, problem, cure))


def _only_zero_and_one(
    values: Floats, column: MappedColumn, file: TableFile, faults: list[Fault]
) -> Floats:
    if np.any(~np.isin(values[np.isfinite(values)], (0.0, 1.0))):
        problem, cure = "it holds numbers other than 0 and 1", "give their meaning (`values`)"
        faults.append(Fault(str(file.path), column.column, problem, cure))
    return values


def _complete(
    numbers: dict[str, Numbers], diagnosis: Floats | None, flags: dict[str, Floats], file: TableFile
) -> ClinicPatients:
    """Exclude patients whose therapy or diagnosis is not known."""
    kept = np.isfinite(flags["gonadotropin_therapy"])
    if diagnosis is not None:
        kept &= np.isfinite(diagnosis)
    assumptions = list(file.assumptions)
    if lost := int(np.count_nonzero(~kept)):
        assumptions.append(f"{lost} patients without a known therapy or diagnosis are excluded")
    found = ClinicPatients(
        numbers,
        None if diagnosis is None else np.nan_to_num(diagnosis).astype(int),
        flags,
        file.path.name,
        file.sha256,
        tuple(assumptions),
    ).rows(kept)
    arms = np.bincount(found.treated, minlength=2)
    if found.size < MIN_PATIENTS or not arms.all():
        problem = f"{arms[1]} treated and {arms[0]} untreated patients are known"
        cure = f"give at least {MIN_PATIENTS} patients, some of each arm"
        raise InputError.of(str(file.path), "", problem, cure)
    return found
