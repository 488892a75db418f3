"""A small result that tests write and check for completeness."""

import json
import re
from pathlib import Path

from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import is_whole, result_folder


def write(out: Path, word: str) -> None:
    """Write a small result: two tables, one in a folder, and an empty folder."""
    with result_folder(out) as folder:
        (folder / "table.csv").write_text(word)
        (folder / "figures").mkdir()
        (folder / "figures" / "one.svg").write_text(word)
        (folder / "truth").mkdir()
        write_manifest(folder, {"word": word})


def word_of(folder: Path) -> str | None:
    """Return the word of a result if it is complete."""
    if not is_whole(folder):
        return None
    word = json.loads((folder / "manifest.json").read_text())["word"]
    assert (folder / "table.csv").read_text() == word
    assert (folder / "figures" / "one.svg").read_text() == word
    return str(word)


def leftovers(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir() if re.search(r"-[0-9a-f]{16}|pretese-lock", p.name)]
