"""The columns of a log: found by their names, by words that clinics use, or by a mapping."""

from collections.abc import Mapping, Sequence

from protocol.audit.log.mapping import COLUMNS, REQUIRED, LogMapping, folded, log_words
from protocol.errors import Fault, InputError


def places_of(
    header: Sequence[str], mapping: LogMapping, where: str
) -> tuple[list[int], list[str]]:
    """Return the position of each of `COLUMNS` in the file, and the assumptions about names.

    An absent column is placed after the header.

    Raises
    ------
    InputError
        A required column is missing, or several columns match it.
    """
    columns = mapping.columns
    faults = [
        Fault(where, f"column mapping {name}", "this is not a column of a log", _ALLOWED)
        for name in dict.fromkeys([*columns, *mapping.values])
        if name not in COLUMNS
    ]
    places: list[int] = []
    assumed: list[str] = []
    for name in COLUMNS:
        fits = _fitting(name, header, columns)
        own = columns.get(name, name)
        if len(fits) > 1:
            problem = f"the columns {' and '.join(header[at] for at in fits)} could both be it"
            faults.append(Fault(where, name, problem, f"name it in `columns`: {name}=COLUMN"))
        elif not fits and (name in REQUIRED or name in columns):
            found = ", ".join(header) or "none"
            cure = f"add it, or map another to it; columns found: {found}"
            faults.append(Fault(where, own, "the column is missing", cure))
        places.append(fits[0] if fits else len(header))
        if fits and name not in columns and folded(header[fits[0]]) != folded(name):
            assumed.append(f"the column {header[fits[0]]} is read as {name}")
    if faults:
        raise InputError(faults)
    return places, assumed


_ALLOWED = f"columns: {', '.join(COLUMNS)}"


def _fitting(name: str, header: Sequence[str], columns: Mapping[str, str]) -> list[int]:
    """Return the positions that could be a column; only the closest kind of match counts."""
    assigned = set(columns.values())
    if name in columns:
        return [at for at, own in enumerate(header) if own == columns[name]]
    free = [(at, own) for at, own in enumerate(header) if own not in assigned]
    for likeness in (
        lambda own: own == name,
        lambda own: folded(own) == folded(name),
        lambda own: log_words().columns.get(folded(own)) == name,
    ):
        if fits := [at for at, own in free if likeness(own)]:
            return fits
    return []
