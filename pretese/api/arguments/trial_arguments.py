"""Arguments of trials, checked: numbers within limits, mappings by path, interim data."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.limits import checked_number, checked_whole_number, sequence_of
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load; each is loaded where it is needed
    from pretese.trial.monitoring.interim_data import InterimData
    from pretese.trial.power.study import Request

#: Largest seed: it fits the whole numbers of every format that is written.
_MAX_SEED = 2**63 - 1


def power_request(
    participants: Any, effects: Any, solve: Any, replicates: Any, seed: Any, sensitivity: Any,
    changes: Any, tornado: bool, *, patient_level: bool,
) -> "Request":  # fmt: skip
    """Return what is asked of every design; each number is checked, and named if it is wrong."""
    from pretese.trial.power.study import Request

    if solve is not None:
        solve = _finite("power", "solve", solve)
    return Request(
        tuple(
            checked_whole_number("power", "participants", each, 10, 100_000)
            for each in sequence_of("power", "participants", participants)
        ),
        effect_shares("power", effects),
        solve,
        checked_whole_number("power", "replicates", replicates, 20, 10_000_000),
        checked_whole_number("power", "seed", seed, 0, _MAX_SEED),
        {path: _finite("changes", path, value) for path, value in _paths("changes", changes)},
        {
            path: tuple(_finite("sensitivity", path, each) for each in sequence_of(
                "sensitivity", path, values))
            for path, values in _paths("sensitivity", sensitivity)
        },
        tornado,
        patient_level,
    )  # fmt: skip


def effect_shares(where: str, effects: Any) -> tuple[float, ...]:
    """Return percents of the planned effect as shares."""
    given = sequence_of(where, "effects", effects)
    return tuple(checked_number(where, "effects", each, 0, 100) / 100 for each in given)


def _paths(argument: str, values: Any) -> list[tuple[str, Any]]:
    if values is None:
        return []
    if not isinstance(values, Mapping):
        raise InputError.of("power", argument, f"{values!r} came", "give a mapping by path")
    return [(str(path), value) for path, value in values.items()]


def _finite(argument: str, path: str, value: Any) -> float:
    return checked_number(argument, path, value, -1e300, 1e300)


def planned_risks_of(control: float | None, treated: float | None) -> tuple[float, float] | None:
    """Return both planned risks, or None where neither came."""
    if control is None and treated is None:
        return None
    found = []
    for name, value in (("control_risk", control), ("treated_risk", treated)):
        if value is None:
            cure = "give both risks, or neither"
            raise InputError.of("monitor", name, "the other risk came without it", cure)
        found.append(checked_number("monitor", name, value, 1e-9, 1 - 1e-9))
    return found[0], found[1]


def interim_data_of(analyses: Any) -> "InterimData":
    """Return the data of a file, of a table, or of rows; the latter two as CSV would say them."""
    from pretese.trial.monitoring.interim_data import (
        InterimData,
        parse_interim_data,
        read_interim_data,
    )

    if isinstance(analyses, InterimData):
        return analyses
    if isinstance(analyses, str | Path):
        return read_interim_data(Path(analyses))
    import pandas as pd

    try:
        table = analyses if isinstance(analyses, pd.DataFrame) else pd.DataFrame(list(analyses))
    except (TypeError, ValueError, AttributeError):
        cure = "give a CSV file, a table, or a list of rows"
        raise InputError.of("monitor", "analyses", f"{analyses!r} came", cure) from None
    return parse_interim_data(table.to_csv(index=False, lineterminator="\n").encode(), "analyses")
