"""Arguments of trials, checked: numbers within limits, mappings by path, interim data."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import (
    number_in_range,
    number_of,
    seed_of,
    sequence_of,
    whole_of,
)
from pretese.api.arguments.argument_rows import effect_shares, rows_as_csv
from protocol.errors import InputError
from protocol.shorten import shorten

if TYPE_CHECKING:  # slow to load; each is loaded where it is needed
    from pretese.trial.monitoring.interim_data import InterimData
    from pretese.trial.power.study import Request


def power_request(
    participants: Any, effects: Any, target_power: Any, replicates: Any, seed: Any,
    sensitivity: Any, changes: Any, tornado: bool, *,
    patient_level: bool, mcse: Any = None, interpolate: bool = False,
) -> "Request":  # fmt: skip
    """Return the checked options of a power study."""
    from pretese.trial.power.study import Request

    if target_power is not None:
        target_power = number_of(target_power, "target_power")
    return Request(
        tuple(
            whole_of(each, "participants", 10, 100_000)
            for each in sequence_of(participants, "participants")
        ),
        effect_shares(effects),
        target_power,
        whole_of(replicates, "replicates", 20, 10_000_000),
        seed_of(seed),
        {path: number_of(value, "changes", path) for path, value in _paths("changes", changes)},
        {
            path: tuple(
                number_of(each, "sensitivity", path)
                for each in sequence_of(values, "sensitivity", path)
            )
            for path, values in _paths("sensitivity", sensitivity)
        },
        tornado,
        patient_level,
        None if mcse is None else number_in_range(mcse, "mcse", 0.0002, 0.1),
        interpolate,
    )  # fmt: skip


def _paths(argument: str, values: Any) -> list[tuple[str, Any]]:
    if values is None:
        return []
    if not isinstance(values, Mapping):
        problem = f"{shorten(values)} is not a mapping"
        raise InputError.of(argument, "", problem, "give values by path")
    return [(str(path), value) for path, value in values.items()]


def planned_risks_of(control: float | None, treated: float | None) -> tuple[float, float] | None:
    """Return both planned risks, or None if neither is given."""
    if control is None and treated is None:
        return None
    found = []
    for name, value in (("control_risk", control), ("treated_risk", treated)):
        if value is None:
            cure = "give both risks, or neither"
            raise InputError.of(name, "", "only the other risk was given", cure)
        found.append(number_in_range(value, name, 1e-9, 1 - 1e-9))
    return found[0], found[1]


def interim_data_of(analyses: Any) -> "InterimData":
    """Return the data of a file, a table, or rows; the latter two are read like CSV."""
    from pretese.trial.monitoring.interim_data import (
        InterimData,
        parse_interim_data,
        read_interim_data,
    )

    if isinstance(analyses, InterimData):
        return analyses
    if isinstance(analyses, str | Path):
        return read_interim_data(Path(analyses))
    return parse_interim_data(rows_as_csv(analyses), "analyses")


def refuse_arguments(given: Mapping[str, Any], problem: str) -> None:
    """Refuse arguments that a kind of design does not take, if they have a value."""
    for name in [name for name, value in given.items() if value]:
        raise InputError.of(name, "", problem, "leave it out")


def sizes_of(participants: Any) -> tuple[int, ...]:
    """Return sample sizes of both arms together."""
    return tuple(
        whole_of(each, "participants", 8, 1_000_000)
        for each in sequence_of(participants, "participants")
    )


def folder_of(out: str | Path | None, *, resume: bool) -> Path | None:
    """Return the folder of a study; refuse to resume without one."""
    if resume and out is None:
        problem = "there is nothing to resume without `out`"
        raise InputError.of("resume", "", problem, "name the folder of the study")
    return None if out is None else Path(out)


def design_text(source: str | Path | Mapping[str, Any]) -> tuple[str, str]:
    """Return the text of a design, and where it stands for messages; see `read_design.design`."""
    from pretese.trial.design.design_reader import design_path
    from protocol.reading.documents import read_text

    if isinstance(source, Mapping):
        import yaml

        from pretese.io.text.json_text import plain

        return yaml.safe_dump(plain(source), sort_keys=False, allow_unicode=True), "design"
    if not isinstance(source, str | Path):
        cure = "give the name of a shipped design, a path, or a mapping of fields"
        raise InputError.of("design", "", f"{source!r} is not allowed", cure)
    path = design_path(source)
    return read_text(path), str(path)
