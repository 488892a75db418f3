"""Which code makes the numbers: two results may be joined only if this is the same for both."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pretese

#: Packages whose files decide a digit. Of `pretese` only what draws, analyses and stores counts:
#: a better figure does not make old estimates stale.
_DECISIVE = ("protocol", "simulate", "estimate", "pretese/study")

#: Files that read or show results and change none of them.
_BESIDE = frozenset({"pretese/study/execute.py", "pretese/study/assess.py"})

#: Libraries whose version may change a digit, or a byte of a file.
_LIBRARIES = ("numpy", "scipy", "pyarrow")


@cache
def code_version() -> str:
    """Return the SHA-256 of the sources that decide the numbers, and of library versions."""
    root = Path(pretese.__file__).resolve().parent.parent
    digest = hashlib.sha256(platform.python_version().encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for folder in _DECISIVE:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.suffix in {".py", ".yaml"} and name not in _BESIDE:
                digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
