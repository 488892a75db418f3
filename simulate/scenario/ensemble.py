"""An ensemble of parameter sets: many sets of numbers that all reproduce the published ones.

A calibrated scenario is one point. What the published numbers leave open is shown by an ensemble:
each member holds other values of the assumed, transported and calibrated numbers, and meets every
target within the sampling error of the published study. `pretese.article.ensemble` makes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from protocol.errors import InputError
from protocol.reading.documents import Document, is_there, parse_json, read_text, validate
from protocol.reading.fields import Number, Seed, Whole
from protocol.reading.stored import content_hash
from simulate.scenario.calibration_record import HASH_FIELD, record_hash
from simulate.scenario.inheritance import read_chain, stated
from simulate.scenario.load import LoadedScenario, load
from simulate.scenario.parameter_paths import mechanism_hash, parameters, with_values
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.parameter import Amount

Probability = Annotated[Number, Field(ge=0, le=1)]
Path_ = Annotated[str, Field(min_length=1, max_length=200)]

#: Members of an ensemble at most; more would not fit a file that is read at once.
MAX_MEMBERS = 2000


class OpenNumber(Document):
    """A number that no target identifies, and what it does to the effect of therapy.

    ``paths`` are moved together to ``low`` and to ``high`` while the calibrated numbers are solved
    again. ``risks_low`` and ``risks_high`` are the true probabilities of any sperm in all patients,
    untreated and treated; ``misfit_low`` and ``misfit_high`` the largest distance of a target, in
    standard errors of the published study.
    """

    paths: Annotated[tuple[Path_, ...], Field(min_length=1, max_length=4)]
    low: Annotated[tuple[Amount, ...], Field(min_length=1, max_length=4)]
    high: Annotated[tuple[Amount, ...], Field(min_length=1, max_length=4)]
    risks_low: tuple[Probability, Probability]
    risks_high: tuple[Probability, Probability]
    misfit_low: Annotated[Number, Field(ge=0, le=1e6)]
    misfit_high: Annotated[Number, Field(ge=0, le=1e6)]


class EnsembleFile(Document):
    """Ensemble of ``pretese calibrate --worlds``; ``mechanism_sha256`` ties it to its scenario.

    ``paths`` names the numbers, ``worlds`` holds one row of values per member. ``proposed`` counts
    the sets that were solved; those that missed a target in ``studies`` simulated studies each were
    rejected. ``smallest_tail`` is the smallest share of studies, over all members and targets, that
    lie at or beyond the published value on the rarer side.
    """

    scenario: str
    mechanism_sha256: str
    seed: Seed
    studies: Annotated[Whole, Field(ge=100, le=1_000_000)]
    proposed: Annotated[Whole, Field(ge=1, le=10_000_000)]
    smallest_tail: Probability
    risks: tuple[Probability, Probability]
    paths: Annotated[tuple[Path_, ...], Field(min_length=1, max_length=1000)]
    worlds: Annotated[tuple[tuple[Amount, ...], ...], Field(min_length=2, max_length=MAX_MEMBERS)]
    open_numbers: Annotated[tuple[OpenNumber, ...], Field(max_length=1000)]

    @model_validator(mode="after")
    def _rows_fit(self) -> "EnsembleFile":
        if any(len(row) != len(self.paths) for row in self.worlds):
            raise ValueError("each row of `worlds` holds one value for each of `paths`")
        return self


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The members of a stored ensemble as they apply to a scenario that extends its own.

    Attributes
    ----------
    changes
        One mapping of path to value per member.
    file, path
        The whole record, and where it stands.
    sha256
        Hash of its text.
    """

    changes: tuple[dict[str, float], ...]
    file: EnsembleFile
    path: Path
    sha256: str


def ensemble_path(scenario_file: Path, name: str) -> Path:
    """Return where the ensemble of a scenario file stands."""
    return scenario_file.parent / "ensembles" / f"{name}.json"


def read_ensemble(path: Path) -> EnsembleFile:
    """Read an ensemble and check that it is as it was written.

    Raises
    ------
    InputError
        It is missing, has faults, or was changed.
    """
    plain = parse_json(read_text(path), str(path))
    cure = "restore the file, or run `pretese calibrate` with --worlds again"
    if not isinstance(plain, dict) or HASH_FIELD not in plain:
        raise InputError.of(str(path), HASH_FIELD, "it is missing", cure)
    if plain.pop(HASH_FIELD) != record_hash(plain):
        raise InputError.of(str(path), HASH_FIELD, "it does not match the other fields", cure)
    return validate(plain, EnsembleFile, str(path))


def ensemble_for(loaded: LoadedScenario, worlds: int, keep: Sequence[str] = ()) -> Ensemble:
    """Return members of the ensemble of a scenario, or of the one that it extends.

    Numbers that an extending scenario states itself stay as it states them.

    Parameters
    ----------
    worlds
        Members, the first of the stored ones.
    keep
        Paths that were set by the user: they stay too.

    Raises
    ------
    InputError
        There is no ensemble, it belongs to other numbers, or it has fewer members.
    """
    kept = set(keep)
    for source in read_chain(loaded.path):
        file = ensemble_path(source.path, source.path.stem)
        if is_there(file):
            return _members(file, source.path, worlds, kept)
        kept |= stated(source)
    cure = f"run `pretese calibrate {loaded.path} --worlds {worlds}`, or use paper"
    problem = "no ensemble of parameter sets is stored for it or for a scenario that it extends"
    raise InputError.of(str(loaded.path), "worlds", problem, cure)


def _members(path: Path, scenario: Path, worlds: int, stays: set[str]) -> Ensemble:
    file = read_ensemble(path)
    base = load(scenario)
    if file.mechanism_sha256 != base.mechanism_sha256:
        cure = f"run `pretese calibrate {scenario.stem} --worlds {len(file.worlds)}` again"
        raise InputError.of(str(path), "", "its scenario changed after it was made", cure)
    if worlds > len(file.worlds):
        problem = f"{worlds} worlds were asked, and {len(file.worlds)} are stored"
        raise InputError.of(str(path), "worlds", problem, f"give at most {len(file.worlds)}")
    moved = [(place, name) for place, name in enumerate(file.paths) if name not in stays]
    changes = tuple({name: row[place] for place, name in moved} for row in file.worlds[:worlds])
    return Ensemble(changes, file, path, content_hash(read_text(path)))


def member_scenario(scenario: Scenario, changes: Mapping[str, float]) -> Scenario:
    """Return a scenario with the values of one member, which may lie outside its own ranges."""
    known = parameters(scenario)
    values = {name: value for name, value in changes.items() if name in known}
    return with_values(scenario, values, "worlds", beyond_sweep=True)


def member_of(loaded: LoadedScenario, changes: Mapping[str, float]) -> LoadedScenario:
    """Return a loaded scenario with the values of one member."""
    scenario = member_scenario(loaded.scenario, changes)
    return replace(loaded, scenario=scenario, mechanism_sha256=mechanism_hash(scenario))
