"""Progress with the time left, on standard error, for long computations.

A terminal shows a bar, a notebook one line that is written over; a file or a pipe gets nothing.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

#: Seconds between two lines in a notebook, whose front end shows every one of them.
PAUSE = 0.5


class Tell(Protocol):
    """Sets the amount done, the total, and (if it changes) the current task."""

    def __call__(self, done: int, total: int, doing: str = ...) -> None:
        """Move the bar."""


@contextmanager
def progress(title: str) -> Iterator[Tell]:
    """Show the progress of the block while it runs; the display is removed at the end."""
    yield from _line(title) if in_notebook() else _bar(title)


@contextmanager
def optional_progress(title: str, wanted: bool) -> Iterator[Tell]:
    """Show progress if requested, in a notebook or on a terminal."""
    watched = in_notebook() or (sys.stderr is not None and sys.stderr.isatty())
    if wanted and watched:
        with progress(title) as tell:
            yield tell
    else:
        yield no_progress


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def no_progress(done: int, total: int, doing: str = "") -> None:
    """Show nothing."""


def _line(title: str) -> Iterator[Tell]:
    """Update one line in place; it is blank at the end."""
    began = last = monotonic()
    width = 0

    def tell(done: int, total: int, doing: str = title) -> None:
        nonlocal last, width
        now = monotonic()
        if now - last < PAUSE:
            return
        last = now
        left = f", {(now - began) * (total - done) / done:.0f} s left" if 0 < done < total else ""
        text = f"{doing}: {done} of {total}{left}"
        sys.stderr.write(f"\r{text:<{width}}")
        sys.stderr.flush()
        width = max(width, len(text))

    try:
        yield tell
    finally:
        if width:
            sys.stderr.write(f"\r{'':<{width}}\r")
            sys.stderr.flush()


def _bar(title: str) -> Iterator[Tell]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from pretese.screen.console import SafeConsole  # workers, who show nothing, need not load it

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=SafeConsole(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(title, total=None)

        def tell(done: int, total: int, doing: str = title) -> None:
            bar.update(task, completed=done, total=total, description=doing)

        yield tell
