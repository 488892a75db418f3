"""Which code makes the numbers: two results may be joined only if this is the same for both."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pretese

#: Sources that decide a digit. Of `pretese` only what draws and analyses counts: a better figure
#: or another claim does not make old estimates stale, and what a study says is in its own hash.
_DECISIVE = (
    "protocol/**/*",
    "simulate/**/*",
    "estimate/**/*",
    "pretese/study/data.py",
    "pretese/study/methods.py",
    "pretese/study/subgroups.py",
    "pretese/study/tasks.py",
    "pretese/study/truth.py",
)

#: Libraries whose version may change a digit, or a byte of a file.
_LIBRARIES = ("numpy", "scipy", "pyarrow")


@cache
def code_version() -> str:
    """Return the SHA-256 of the sources that decide the numbers, and of library versions."""
    root = Path(pretese.__file__).resolve().parent.parent
    digest = hashlib.sha256(platform.python_version().encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for path in sorted(path for pattern in _DECISIVE for path in root.glob(pattern)):
        if path.suffix in {".py", ".yaml"}:
            name = path.relative_to(root).as_posix()
            digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
