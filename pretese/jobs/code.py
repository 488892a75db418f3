"""Which code makes the numbers: two results may be joined only if this is the same for both."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

#: Of which work: replicates of a recovery study, or simulated trials.
Kind = Literal["recovery", "trials"]

#: Sources that decide a digit. Of `pretese` only what draws and analyses counts: a better figure
#: or another claim does not make old estimates stale, and what a study says is in its own hash.
_DECISIVE = ("protocol/**/*", "simulate/**/*", "estimate/**/*")
_OWN: dict[Kind, tuple[str, ...]] = {
    "recovery": (
        "pretese/io/text/rounding_rule.py",
        "pretese/recovery/work/data.py",
        "pretese/recovery/work/methods.py",
        "pretese/recovery/work/subgroup_effects.py",
        "pretese/recovery/work/tasks.py",
        "pretese/recovery/work/known_effects.py",
    ),
    # What summarises trials that are done and what reports them stand in folders of their own.
    "trials": (
        "pretese/io/text/rounding_rule.py",
        "pretese/trial/design/*.py",
        "pretese/trial/conduct/*.py",
        "pretese/trial/simulation/*.py",
        "pretese/trial/power/runner.py",
        "pretese/trial/power/trial_tables.py",
    ),
}

#: Libraries whose version may change a digit, or a byte of a file.
_LIBRARIES = ("numpy", "scipy", "pyarrow")


@cache
def code_version(kind: Kind = "recovery") -> str:
    """Return the SHA-256 of the sources that decide the numbers, and of library versions."""
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256(platform.python_version().encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for path in sorted(p for pattern in (*_DECISIVE, *_OWN[kind]) for p in root.glob(pattern)):
        name = path.relative_to(root).as_posix()
        if path.suffix in {".py", ".yaml"}:
            digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
