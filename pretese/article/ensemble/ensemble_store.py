"""Store ensembles, whole or not at all."""

import json
from pathlib import Path

from pretese.io.output.atomic_file import check_file, write_file
from pretese.io.output.faults import cannot_write
from pretese.io.output.place import check_place
from simulate.scenario.calibration_record import HASH_FIELD, record_hash
from simulate.scenario.ensemble import EnsembleFile


def check_ensemble_place(path: Path) -> None:
    """Refuse an ensemble that could not be written, before anything is simulated."""
    check_place(path.parent, argument="", replaced=False)
    if path.parent.exists():
        check_file(path)


def write_ensemble(path: Path, file: EnsembleFile) -> None:
    """Write an ensemble, one member a line; a run that dies half-way leaves the old one whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from None
    write_file(path, ensemble_text(file))


def ensemble_text(file: EnsembleFile) -> str:
    """Return the text of an ensemble's file."""
    plain = file.model_dump(mode="json")
    found = {**plain, HASH_FIELD: record_hash(plain)}
    lines = []
    for name, value in found.items():
        if name in ("worlds", "open_numbers"):
            rows = ",\n".join(f"  {json.dumps(row, allow_nan=False)}" for row in value)
            lines.append(f' "{name}": [\n{rows}\n ]')
        else:
            lines.append(f' "{name}": {json.dumps(value, allow_nan=False)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"
