"""Progress where somebody watches: a bar on a terminal, one line in a notebook, else nothing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pretese.screen.progress import Tell, progress

#: Cells of the one-line bar of a notebook.
CELLS = 30


def no_progress(done: int, total: int, doing: str = "") -> None:
    """Show nothing."""


@contextmanager
def optional_progress(title: str, wanted: bool) -> Iterator[Tell]:
    """Show how far the block is, if it is wanted and standard error is watched."""
    if not wanted:
        yield no_progress
    elif _in_notebook():
        yield from _line(title)
    elif sys.stderr is not None and sys.stderr.isatty():
        with progress(title) as tell:
            yield tell
    else:
        yield no_progress


def _in_notebook() -> bool:
    """Say whether a notebook's kernel runs this process; nothing is loaded to find out."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _line(title: str) -> Iterator[Tell]:
    """Rewrite one line; it is cleared at the end."""
    width = 0

    def tell(done: int, total: int, doing: str = title) -> None:
        nonlocal width
        full = CELLS * done // total if total else 0
        line = f"{doing}: [{'#' * full}{'.' * (CELLS - full)}] {done}/{total}"
        width = max(width, len(line))
        sys.stderr.write("\r" + line.ljust(width))
        sys.stderr.flush()

    try:
        yield tell
    finally:
        sys.stderr.write("\r" + " " * width + "\r")
        sys.stderr.flush()
