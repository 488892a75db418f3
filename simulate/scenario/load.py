"""Load a scenario in one pass: read, merge, apply calibration records, and hash.

`load` is the only entry point. Each file is read and parsed once; hashes, calibration records and
the free parameters are part of its result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from protocol.errors import InputError
from protocol.reading.documents import read_text, validate
from protocol.reading.stored import content_hash
from simulate.core.shipped import scenario_path
from simulate.scenario.calibration_record import (
    CalibrationRecord,
    calibration_record_path,
    parse_calibration_record,
)
from simulate.scenario.inheritance import Source, merged, read_chain, stated, texts_hash
from simulate.scenario.parameter_paths import mechanism_hash, parameters, with_values
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.transported import Transported, transported_numbers


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """A scenario ready for simulation, with its files, hashes and calibration records.

    Attributes
    ----------
    scenario
        With calibrated values and overrides in place.
    unsolved
        The same before its own calibration record is applied: the start of calibration.
    path
        Path of its file.
    sha256
        Hash of its text and of the texts of all that it extends.
    file_sha256, record_sha256
        Hashes of its own text and of the text of its own calibration record, if it has one.
    mechanism_sha256
        Hash of everything that determines the simulation (`mechanism_hash`).
    stated
        Dotted paths of the numbers stated in its own file.
    free
        Those solved by calibration.
    records
        The calibration records that apply: its own first, then those of the files that it extends.
    """

    scenario: Scenario
    unsolved: Scenario
    path: Path
    sha256: str
    file_sha256: str
    record_sha256: str | None
    mechanism_sha256: str
    stated: frozenset[str]
    free: frozenset[str]
    records: tuple[CalibrationRecord, ...]

    @property
    def transported(self) -> Transported:
        """The numbers published for other patients or doses, those of its records included."""
        numbers = (each for record in self.records for each in record.transported.numbers)
        targets = tuple(each for each in numbers if each.role == "target")
        return transported_numbers(self.scenario, targets)

    @property
    def record_path(self) -> Path:
        """Path of its own calibration record, whether or not it exists."""
        return calibration_record_path(self.path, self.unsolved)


def load_scenario(name: str | Path, overrides: Mapping[str, float] | None = None) -> Scenario:
    """Load a shipped name or a file, with its calibrated values and any overrides in place.

    `load` returns the scenario with its hashes and calibration records.
    """
    return load(name, overrides).scenario


def load(
    name: str | Path,
    overrides: Mapping[str, float] | None = None,
    *,
    where: str = "changes",
    need_record: bool = True,
) -> LoadedScenario:
    """Load a scenario by shipped name or path.

    A scenario that extends another inherits the values of that calibration record, and needs its
    own record only for the calibrated numbers that it states itself.

    Parameters
    ----------
    overrides
        New values of numbers by dotted path.
    where
        Source of the overrides, for messages.
    need_record
        Whether a scenario with calibrated numbers and without a matching record is refused. False
        keeps the starting values, as calibration needs.

    Raises
    ------
    InputError
        A file cannot be used, a calibration record is missing or does not match, or an override
        names no number or gives a value that is not allowed.
    """
    sources = read_chain(scenario_path(name))
    loaded = _solved(sources, need_record=need_record)
    scenario = loaded.scenario
    if overrides:
        scenario = with_values(scenario, overrides, where)
    return replace(loaded, scenario=scenario, mechanism_sha256=mechanism_hash(scenario))


def _solved(sources: Sequence[Source], *, need_record: bool = True) -> LoadedScenario:
    """Return the scenario of the first of some files, each of which extends the next."""
    own = sources[0]
    scenario = validate(merged(sources), Scenario, str(own.path))
    _check_population(scenario, own.path)
    calibrated = {p for p, n in parameters(scenario).items() if n.status == "calibrated"}
    listed, free = stated(own), frozenset(calibrated)
    records: tuple[CalibrationRecord, ...] = ()
    if len(sources) > 1:
        parent = _solved(sources[1:])
        free, records = free & listed, parent.records
        held = {name: number.value for name, number in parameters(parent.scenario).items()}
        inherited = {name: held[name] for name in calibrated - free if name in held}
        scenario = with_values(scenario, inherited, where=str(own.path))
    loaded = LoadedScenario(
        scenario=scenario, unsolved=scenario, path=own.path, sha256=texts_hash(sources),
        file_sha256=content_hash(own.text), record_sha256=None, mechanism_sha256="",
        stated=listed, free=free, records=records,
    )  # fmt: skip
    return _with_record(loaded) if free and need_record else loaded


def _check_population(scenario: Scenario, path: Path) -> None:
    """Refuse transported numbers without the patients to whom they are transported."""
    count = sum(each.status == "transported" for each in parameters(scenario).values())
    if count and not scenario.simulated_population:
        problem = f"it is missing, and {count} numbers are transported from other patients or doses"
        cure = "say in words whom the scenario simulates"
        raise InputError.of(str(path), "simulated_population", problem, cure)


def _with_record(loaded: LoadedScenario) -> LoadedScenario:
    """Apply the values of its own calibration record; refuse one that does not match."""
    path, file = loaded.path, loaded.record_path
    cure = f"run `pretese calibrate {path.stem if path.parent.name == 'scenarios' else path}`"
    if not file.exists():
        problem = f"{len(loaded.free)} calibrated parameters and no calibration record {file.name}"
        raise InputError.of(str(path), "", problem, cure)
    text = read_text(file)
    record = parse_calibration_record(text, file)
    if record.mechanism_sha256 != mechanism_hash(loaded.unsolved):
        raise InputError.of(str(path), "", "its numbers changed after it was calibrated", cure)
    if set(record.parameters) != loaded.free:
        raise InputError.of(str(file), "parameters", "they are not those of the scenario", cure)
    values = {name: solved.value for name, solved in record.parameters.items()}
    return replace(
        loaded,
        scenario=with_values(loaded.unsolved, values, str(file)),
        record_sha256=content_hash(text),
        records=(record, *loaded.records),
    )
