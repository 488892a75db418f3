"""Calibration records: solved parameters and the values that they achieve."""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from protocol.errors import InputError
from protocol.reading.documents import Document, parse_json, validate
from protocol.reading.fields import Number, Seed, Whole
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.parameter import Amount
from simulate.scenario.transported import Transported

#: The field of a record's file that holds the hash of the others.
HASH_FIELD = "record_sha256"

Statistic = Annotated[Number, Field(ge=-1e9, le=1e9)]
Size = Annotated[Number, Field(ge=0, le=1e9)]


class Solved(Document):
    """One calibrated parameter: starting value, solution, and basis."""

    value: Amount
    start: Amount
    unit: str
    source: str
    identified: bool


class Achieved(Document):
    """One target: the published number, and the mean of the solved scenario.

    ``z`` is the distance beyond the rounding of the printed number, in Monte Carlo standard errors;
    0 where the simulated mean rounds to the printed digits, None where it does not and no two
    studies differ. A target that need not match (``must_match`` false) is reported but not
    required.
    """

    published: Statistic
    half_unit: Size
    simulated: Statistic
    mcse: Size
    z: Size | None
    must_match: bool = True

    @property
    def distance(self) -> float:
        """``z``, infinite if the Monte Carlo error is zero."""
        return math.inf if self.z is None else self.z


class CalibrationRecord(Document):
    """The record stored by `pretese calibrate`; ``mechanism_sha256`` identifies the scenario.

    ``transported`` lists the inputs and targets of other populations or doses on which the solution
    rests.

    The file also holds ``record_sha256``, the hash of all fields, so that manual changes are
    detected.
    """

    scenario: str
    mechanism_sha256: str
    published: str
    seed: Seed
    replicates: Annotated[Whole, Field(ge=2, le=100_000_000)]
    parameters: dict[str, Solved]
    targets: dict[str, Achieved]
    transported: Transported


def calibration_record_path(scenario_file: Path, scenario: Scenario) -> Path:
    """Return the path of the calibration record of a scenario file."""
    return scenario_file.parent / "calibration_records" / f"{scenario.id}.json"


def record_hash(plain: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record's fields except the hash itself, regardless of order.

    >>> record_hash({"a": 1, "b": [2.5]}) == record_hash({"b": [2.5], "a": 1, "record_sha256": "?"})
    True
    """
    fields = {name: value for name, value in plain.items() if name != HASH_FIELD}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def parse_calibration_record(text: str, path: Path) -> CalibrationRecord:
    """Return the calibration record that a file's text holds; ``path`` is named in messages.

    Raises
    ------
    InputError
        The record was changed after it was written.
    """
    plain = parse_json(text, str(path))
    cure = "restore the file, or run `pretese calibrate` again"
    if not isinstance(plain, dict) or HASH_FIELD not in plain:
        problem = "it is missing, so nothing shows that the values are those that were solved"
        raise InputError.of(str(path), HASH_FIELD, problem, cure)
    if plain.pop(HASH_FIELD) != record_hash(plain):
        problem = "it does not match the other fields: a value was changed after it was solved"
        raise InputError.of(str(path), HASH_FIELD, problem, cure)
    return validate(plain, CalibrationRecord, str(path))
