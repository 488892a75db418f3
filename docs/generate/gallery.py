"""Draw the pictures of the gallery with the code that the page shows.

``python -m docs.generate.gallery`` runs every Python block of ``docs/gallery.md`` in the folder of
images.
"""

import contextlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "gallery.md"
IMAGES = ROOT / "docs" / "images"

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[str]:
    """Return the code of every picture."""
    return _BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def main() -> None:
    """Draw all pictures."""
    with contextlib.chdir(IMAGES):
        for code in blocks():
            exec(compile(code, str(PAGE), "exec"), {})
            sys.stdout.write(f"{code.rstrip().splitlines()[-1]}\n")


if __name__ == "__main__":
    main()
