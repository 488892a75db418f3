"""Progress bars with the time left, on standard error, for anything longer than a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Tell(Protocol):
    """Sets how much is done, of how much, and (if it changes) what is being done."""

    def __call__(self, done: int, total: int, doing: str = ...) -> None:
        """Move the bar."""


@contextmanager
def progress(title: str) -> Iterator[Tell]:
    """Show one bar while the block runs; it disappears at the end and stays out of files."""
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
