"""Hash of the code that determines the numbers: results are joined only if it is equal."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

#: Kind of computation: replicates of a recovery study, simulated trials, or patients of a cohort.
Kind = Literal["recovery", "trials", "cohorts"]

#: Source files that determine numbers. Of `pretese`, only those for simulation and analysis: a new
#: figure or expected verdict does not invalidate estimates; a study file has its own hash.
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
    "cohorts": ("pretese/cohort/cohort_parts.py", "pretese/io/export/cohort_files.py"),
    # Summaries and reports of finished trials are in other folders.
    "trials": (
        "pretese/io/text/rounding_rule.py",
        "pretese/trial/design/*.py",
        "pretese/trial/conduct/*.py",
        "pretese/trial/simulation/*.py",
        "pretese/trial/comparison/*.py",
        "pretese/trial/multi_arm/*.py",
        "pretese/trial/multi_arm/assurance/*.py",
        "pretese/trial/multi_arm/design/*.py",
        "pretese/trial/bayesian/*.py",
        "pretese/trial/bayesian/design/*.py",
        "pretese/trial/power/runner.py",
        "pretese/trial/power/trial_tables.py",
    ),
}

#: Libraries whose version may change numbers, or bytes of a file.
_LIBRARIES = ("numpy", "scipy", "pyarrow")


@cache
def code_version(kind: Kind = "recovery") -> str:
    """Return the SHA-256 of the source files that determine the numbers, and of libraries."""
    root = Path(__file__).resolve().parents[3]
    digest = hashlib.sha256(platform.python_version().encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for path in sorted(p for pattern in (*_DECISIVE, *_OWN[kind]) for p in root.glob(pattern)):
        name = path.relative_to(root).as_posix()
        if path.suffix in {".py", ".yaml"}:
            digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
