"""Which code makes the numbers: two results may be joined only if this is the same for both."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import pretese

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
    "trials": ("pretese/io/text/rounding_rule.py", "pretese/trial/*.py"),
}

#: What only speaks of trials that are done. Whatever is not named here is taken to decide.
_SPEAKING = frozenset(
    f"pretese/trial/{name}.py"
    for name in (
        "chapters", "checks", "columns", "drawn", "family", "further", "narrate", "nuisance",
        "page", "rail", "report", "solve", "statement", "study", "summary", "verdict",
    )
)  # fmt: skip

#: Libraries whose version may change a digit, or a byte of a file.
_LIBRARIES = ("numpy", "scipy", "pyarrow")


@cache
def code_version(kind: Kind = "recovery") -> str:
    """Return the SHA-256 of the sources that decide the numbers, and of library versions."""
    root = Path(pretese.__file__).resolve().parent.parent
    digest = hashlib.sha256(platform.python_version().encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for path in sorted(p for pattern in (*_DECISIVE, *_OWN[kind]) for p in root.glob(pattern)):
        name = path.relative_to(root).as_posix()
        if path.suffix in {".py", ".yaml"} and name not in _SPEAKING:
            digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
