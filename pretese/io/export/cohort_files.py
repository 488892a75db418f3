"""Write cohorts of any size as files: slice by slice, every table in every format asked for.

Streamed formats take any number of patients in constant memory. The others are written whole, by
libraries that hold a table in memory, and so for a limited number of patients.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from pretese.io.export.columns.export_fields import (
    DATA_ERRORS,
    Fields,
    dictionary,
    fields_of,
    is_truth,
    place_of,
    without_errors,
)
from pretese.io.export.formats import FORMATS, Tables, streamed
from pretese.io.export.frictionless import write_package
from pretese.io.export.streams import Stream
from pretese.io.output.csv_file import write_csv
from pretese.screen.extras import need_extra
from protocol.errors import InputError
from simulate.cohort.draw import draw_cohort
from simulate.core.random_streams import CHUNK
from simulate.scenario import Scenario
from simulate.tables.data_errors import corrupt
from simulate.tables.study_tables import tables

#: Patients simulated at a time.
SLICE = 4 * CHUNK


def check_formats(formats: Sequence[str], patients: int, *, data_errors: bool) -> None:
    """Refuse formats that cannot hold a cohort.

    Raises
    ------
    InputError
        There are more patients than a format can hold, or data errors that it cannot represent;
        or the library that writes it is not installed.
    """
    for extra in dict.fromkeys(FORMATS[name].extra for name in formats):
        need_extra(extra, "formats", otherwise=f"choose {' or '.join(streamed())}")
    _check_size(formats, patients)
    if data_errors:
        _check_data_errors(formats)


def codes_words(formats: Sequence[str], *, data_errors: bool) -> bool:
    """Return whether all formats write categorical columns like text columns, which is faster."""
    return not data_errors and all(FORMATS[name].streamed for name in formats)


def write_slices(
    made: Iterable[Tables],
    scenario: Scenario,
    folder: Path,
    formats: Sequence[str],
    tell: Callable[[int], None],
) -> None:
    """Write the tables of slice after slice; with several studies their first column is ``study``.

    Observed tables are written to ``folder``, the truth to ``folder/truth``. A data dictionary
    is always written, and datapackage.json with CSV and Parquet tables.

    Parameters
    ----------
    made
        Tables of each slice, as `slices` yields them.
    formats
        Among `pretese.io.export.formats.FORMATS`, checked by `check_formats`.
    tell
        Called with the number of patients written, of all studies.
    """
    whole = [FORMATS[name] for name in formats if not FORMATS[name].streamed]
    (folder / "truth").mkdir()
    kept: list[Tables] = []
    fields: Fields = {}
    with ExitStack() as stack:
        streams: dict[str, list[Stream]] = {}
        done = 0
        for parts in made:
            if not fields:
                fields = fields_of(parts, scenario)
                streams = _open(stack, folder, formats, fields)
            for name, table in parts.items():
                for stream in streams[name]:
                    stream.write(table)
            if whole:
                kept.append(parts)
            done += len(parts["truth"])
            tell(done)
    described = without_errors(fields)
    write_csv(dictionary(described), folder / "dictionary.csv")
    describe(folder, formats, described, scenario)
    if kept:
        joined = {n: pd.concat([parts[n] for parts in kept], ignore_index=True) for n in fields}
        for each in whole:
            if each.write is not None:
                each.write(joined, folder, fields, scenario.id)


def _check_size(formats: Sequence[str], patients: int) -> None:
    for name in formats:
        most = FORMATS[name].max_patients
        if most is not None and patients > most:
            raise InputError.of(
                "formats", name, f"{patients:,} patients are too many for this format",
                f"ask for up to {most:,} patients, or for {' or '.join(streamed())}",
            )  # fmt: skip


def _check_data_errors(formats: Sequence[str]) -> None:
    coded = [name for name in formats if FORMATS[name].coded]
    if coded:
        free = [name for name, each in FORMATS.items() if not each.coded]
        raise InputError.of(
            "data_errors", coded[0],
            "this format cannot represent data errors (it holds codes, one row per patient)",
            f"ask for {', '.join(free)}",
        )  # fmt: skip


def slice_starts(replicates: int, patients: int, first: int = 0) -> list[tuple[int, int]]:
    """Return study and first patient of every slice, both counted from 0."""
    return [
        (study, first_patient)
        for study in range(first, first + replicates)
        for first_patient in range(0, patients, SLICE)
    ]


def slices(
    scenario: Scenario,
    seed: int,
    replicates: int,
    patients: int,
    error_share: float = 0.0,
    first: int = 0,
    *,
    exact_days: bool = True,
    coded_words: bool = False,
    chosen: slice = slice(None),
) -> Iterator[Tables]:
    """Simulate study after study, each in slices of patients.

    Parameters
    ----------
    error_share
        Share of the patients whose rows of ``patients`` get each of the error types of
        `simulate.tables.data_errors.KINDS`; the labels are written with the truth. 0: no errors.
    first
        Number of the first study, from 0.
    exact_days
        Whether everything happens on the day of the regimen, not on the dates of a clinic.
    coded_words
        Whether columns of words are categorical, which is written faster.
    chosen
        Some of `slice_starts`; the others are not simulated.
    """
    for study, first_patient in slice_starts(replicates, patients, first)[chosen]:
        size = min(SLICE, patients - first_patient)
        cohort = draw_cohort(
            scenario, seed, first=study, patients=size, first_patient=first_patient
        )
        parts = tables(cohort, exact_days=exact_days, coded_words=coded_words)
        if error_share:
            corrupted = corrupt(parts, error_share, cohort.streams)
            parts |= {**corrupted.tables, DATA_ERRORS: corrupted.labels}
        if replicates > 1:
            for table in parts.values():
                table.insert(0, "study", study + 1)
        yield parts


def _open(
    stack: ExitStack, folder: Path, formats: Sequence[str], fields: Fields
) -> dict[str, list[Stream]]:
    return {
        name: [
            stack.enter_context(Stream(place_of(folder, name) / f"{name}.{kind}", listed))
            for kind in formats
            if FORMATS[kind].streamed
        ]
        for name, listed in fields.items()
    }


def describe(folder: Path, formats: Sequence[str], fields: Fields, scenario: Scenario) -> None:
    """Write a data package for what is observed, and another for the truth.

    Only CSV and Parquet tables have one.
    """
    kind = next((name for name in streamed() if name in formats), None)
    if kind:
        for place, truth in ((folder, False), (folder / "truth", True)):
            listed = {name: f for name, f in fields.items() if is_truth(name) == truth}
            name = f"{scenario.id}-truth" if truth else scenario.id
            write_package(place, listed, kind, name, scenario.question)
