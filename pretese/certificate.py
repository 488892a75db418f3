"""Calibration certificates: solved parameters with proof of what they achieve."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from pretese.io.atomic_file import check_file, write_file
from pretese.io.faults import cannot_write
from pretese.io.place import check_place
from pretese.mechanism import mechanism_hash, parameters, with_values
from pretese.shipped import scenario_path
from protocol.documents import Document, read_text
from protocol.errors import InputError
from simulate.inheritance import stated
from simulate.scenario import Scenario, read_scenario


class Solved(Document):
    """One calibrated parameter: where it started, where it ended, and what it rests on."""

    value: float
    start: float
    unit: str
    source: str
    identified: bool


class Achieved(Document):
    """One target: the published number, and what the solved scenario gives on average.

    ``z`` is the distance beyond the rounding of the printed number, in Monte Carlo standard
    errors; 0 where the simulated mean rounds to the printed digits. A target that need not match
    (``must_match`` false) is shown and holds nothing up.
    """

    published: float
    half_unit: float
    simulated: float
    monte_carlo_se: float
    z: float
    must_match: bool = True


class Certificate(Document):
    """What `pretese calibrate` stores; ``mechanism_sha256`` ties it to the numbers it solved."""

    scenario: str
    mechanism_sha256: str
    published: str
    seed: int
    studies: int
    parameters: dict[str, Solved]
    targets: dict[str, Achieved]


def certificate_path(scenario_file: Path, scenario: Scenario) -> Path:
    """Return where the certificate of a scenario file stands."""
    return scenario_file.parent / "certificates" / f"{scenario.id}.json"


def check_certificate_place(path: Path) -> None:
    """Refuse a certificate that could not be written, before its parameters are solved."""
    check_place(path.parent, option="", replaced=False)
    if path.parent.exists():
        check_file(path)


def write_certificate(path: Path, certificate: Certificate) -> None:
    """Write a certificate; a run that dies half-way leaves the old one whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from None
    write_file(path, json.dumps(certificate.model_dump(), indent=1) + "\n")


def read_certificate(path: Path) -> Certificate:
    """Read a certificate."""
    try:
        return Certificate.model_validate_json(read_text(path))
    except ValidationError as error:
        problem = f"this is no certificate ({error.error_count()} faults)"
        raise InputError.of(str(path), "", problem, "run `pretese calibrate` again") from None


def load_scenario(name: str, overrides: Mapping[str, float] | None = None) -> Scenario:
    """Load a shipped name or a file, with its calibrated values and any overrides in place.

    Fails closed: a scenario with calibrated parameters but without a certificate, or with one
    that solved other numbers, is an `InputError`. A scenario that extends another takes over what
    that one's certificate holds, and needs one of its own only for the calibrated parameters
    that it states itself.
    """
    path = scenario_path(name)
    scenario, free = unsolved(path)
    if free:
        solved = _matching_certificate(path, scenario, free)
        scenario = with_values(scenario, solved, where=str(path))
    return with_values(scenario, overrides, where="--set") if overrides else scenario


def unsolved(path: Path) -> tuple[Scenario, frozenset[str]]:
    """Read a scenario with all that it inherits in place; return it and what is left to solve."""
    scenario, _ = read_scenario(path, scenario_path)
    free = frozenset(p for p, n in parameters(scenario).items() if n.status == "calibrated")
    if scenario.extends is None:
        return scenario, free
    beside = path.parent / f"{scenario.extends}.yaml"
    parent = load_scenario(str(beside) if beside.exists() else scenario.extends)
    own = free & stated(path)
    held = {name: number.value for name, number in parameters(parent).items()}
    inherited = {name: held[name] for name in free - own if name in held}
    return with_values(scenario, inherited, where=str(path)), own


def _matching_certificate(path: Path, scenario: Scenario, free: frozenset[str]) -> dict[str, float]:
    file = certificate_path(path, scenario)
    cure = f"run `pretese calibrate {path.stem if path.parent.name == 'scenarios' else path}`"
    if not file.exists():
        problem = f"{len(free)} calibrated parameters and no certificate {file.name}"
        raise InputError.of(str(path), "", problem, cure)
    certificate = read_certificate(file)
    if certificate.mechanism_sha256 != mechanism_hash(scenario):
        raise InputError.of(str(path), "", "its numbers changed after it was calibrated", cure)
    if set(certificate.parameters) != free:
        raise InputError.of(str(file), "parameters", "they are not those of the scenario", cure)
    return {name: solved.value for name, solved in certificate.parameters.items()}
