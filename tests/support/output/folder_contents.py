"""Contents of a folder, for tests that compare two runs byte for byte."""

import hashlib
from pathlib import Path


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file by its path within the folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
