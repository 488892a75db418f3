"""Store calibration records atomically."""

from pathlib import Path

from pretese.io.output.atomic_file import check_file, write_file
from pretese.io.output.faults import cannot_write
from pretese.io.output.place import check_place
from pretese.io.text.json_text import to_json
from simulate.scenario.calibration_record import HASH_FIELD, CalibrationRecord, record_hash


def check_record_place(path: Path) -> None:
    """Check that a calibration record can be written, before its parameters are solved."""
    check_place(path.parent, argument="", replaced=False)
    if path.parent.exists():
        check_file(path)


def write_calibration_record(path: Path, record: CalibrationRecord) -> None:
    """Write a calibration record; an interrupted run leaves the old one unchanged."""
    plain = record.model_dump(mode="json")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from None
    write_file(path, to_json({**plain, HASH_FIELD: record_hash(plain)}) + "\n")
