"""Write cohorts of any size as files: slice by slice, every table in every format asked for.

CSV and Parquet take any number of men in constant memory. The other formats are written whole,
by libraries that hold a table in memory, and so for a limited number of men.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from pretese.export.adam import adlb, adsl
from pretese.export.dataset_json import write_dataset_json
from pretese.export.fields import DIRT, Fields, dictionary, fields_of, is_truth
from pretese.export.frictionless import write_package
from pretese.export.redcap import write_redcap
from pretese.export.statistics_files import write_statistics_file
from pretese.export.streams import Stream
from pretese.files import write_csv
from protocol.errors import InputError
from simulate.cohort import draw_cohort
from simulate.dirt import spoil
from simulate.luck import CHUNK
from simulate.scenario import Scenario
from simulate.tables import tables

STREAMED = ("csv", "parquet")
STATISTICS = ("sav", "dta", "xpt")
FORMATS = (*STREAMED, *STATISTICS, "redcap", "dataset-json")

#: Men drawn at a time.
SLICE = 4 * CHUNK

#: Men, of all studies together, whose tables are held in memory for a format written whole.
MOST_MEN_WHOLE = 100_000

Tables = Mapping[str, pd.DataFrame]


def write_studies(
    scenario: Scenario,
    folder: Path,
    formats: Sequence[str],
    seed: int,
    replicates: int,
    men: int,
    tell: Callable[[int], None],
    dirt: float = 0.0,
) -> None:
    """Write every table of every study; with several studies a first column ``study`` (from 1).

    What a clinic could hold goes to ``folder``, the truth to ``folder/truth``. A data dictionary
    is always written, and datapackage.json beside CSV and Parquet tables.

    Parameters
    ----------
    formats
        Among `FORMATS`.
    tell
        Called with the number of men written, of all studies.
    dirt
        Share of the men whose rows of ``patients`` are spoilt in each of the ways of
        `simulate.dirt.KINDS`; the labels stand with the truth. 0 leaves all clean.

    Raises
    ------
    InputError
        There are more men than a format can take, or dirt that it cannot hold; nothing has been
        drawn or written then.
    """
    _check_size(formats, replicates * men)
    if dirt:
        _check_dirt(formats)
    (folder / "truth").mkdir()
    kept: list[Tables] = []
    fields: Fields = {}
    with ExitStack() as stack:
        streams: dict[str, list[Stream]] = {}
        done = 0
        for parts in _slices(scenario, seed, replicates, men, dirt):
            if not fields:
                fields = fields_of(parts, scenario)
                streams = _open(stack, folder, formats, fields)
            for name, table in parts.items():
                for stream in streams[name]:
                    stream.write(table)
            if not set(formats) <= set(STREAMED):
                kept.append(parts)
            done += len(parts["truth"])
            tell(done)
    write_csv(dictionary(fields), folder / "dictionary.csv")
    _describe(folder, formats, fields, scenario)
    if kept:
        whole = {n: pd.concat([parts[n] for parts in kept], ignore_index=True) for n in fields}
        _write_whole(whole, folder, formats, fields, scenario)


def _check_size(formats: Sequence[str], men: int) -> None:
    whole = [name for name in formats if name not in STREAMED]
    if whole and men > MOST_MEN_WHOLE:
        raise InputError.of(
            "--format", whole[0], f"{men:,} men are too many for it",
            f"ask for up to {MOST_MEN_WHOLE:,} men, or for {' or '.join(STREAMED)}",
        )  # fmt: skip


def _check_dirt(formats: Sequence[str]) -> None:
    whole = [name for name in formats if name not in STREAMED]
    if whole:
        raise InputError.of(
            "--dirt", whole[0], "this format holds clean values alone (codes, one row per man)",
            f"ask for {' or '.join(STREAMED)}",
        )  # fmt: skip


def _slices(
    scenario: Scenario, seed: int, replicates: int, men: int, dirt: float
) -> Iterator[Tables]:
    """Draw study after study, each in slices of men."""
    for study in range(replicates):
        for first_man in range(0, men, SLICE):
            size = min(SLICE, men - first_man)
            cohort = draw_cohort(scenario, seed, first=study, men=size, first_man=first_man)
            parts = tables(cohort)
            if dirt:
                spoilt = spoil(parts["patients"], dirt, cohort.luck)
                parts |= {"patients": spoilt.patients, DIRT: spoilt.labels}
            if replicates > 1:
                for table in parts.values():
                    table.insert(0, "study", study + 1)
            yield parts


def _open(
    stack: ExitStack, folder: Path, formats: Sequence[str], fields: Fields
) -> dict[str, list[Stream]]:
    return {
        name: [
            stack.enter_context(Stream(_place(folder, name) / f"{name}.{kind}", listed))
            for kind in formats
            if kind in STREAMED
        ]
        for name, listed in fields.items()
    }


def _place(folder: Path, table: str) -> Path:
    return folder / "truth" if is_truth(table) else folder


def _describe(folder: Path, formats: Sequence[str], fields: Fields, scenario: Scenario) -> None:
    """Write a data package for what is observed, and another for the truth."""
    kind = next((name for name in STREAMED if name in formats), None)
    if kind:
        for place, truth in ((folder, False), (folder / "truth", True)):
            listed = {name: f for name, f in fields.items() if is_truth(name) == truth}
            name = f"{scenario.id}-truth" if truth else scenario.id
            write_package(place, listed, kind, name, scenario.question)


def _write_whole(
    parts: Tables, folder: Path, formats: Sequence[str], fields: Fields, scenario: Scenario
) -> None:
    for kind in STATISTICS:
        if kind in formats:
            for name, table in parts.items():
                path = _place(folder, name) / f"{name}.{kind}"
                write_statistics_file(table, path, fields[name])
    seen = {name: listed for name, listed in fields.items() if not is_truth(name)}
    if "redcap" in formats:
        write_redcap(parts, folder / "redcap", seen)
    if "dataset-json" in formats:
        (folder / "dataset-json").mkdir()
        for make in (adsl, adlb):
            data = make(parts, scenario.id, fields)
            path = folder / "dataset-json" / f"{data.name.lower()}.json"
            write_dataset_json(data, path, scenario.id)
