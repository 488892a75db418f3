"""Threads of linear algebra: one per worker process; the process of a caller is unchanged."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

#: Environment variables that libraries of linear algebra read once, as they load.
VARIABLES = tuple(f"{library}_NUM_THREADS" for library in ("OPENBLAS", "MKL", "OMP"))


def limit_threads() -> None:
    """Request one thread in this process, unless the user has set a number.

    It has an effect only before numpy is imported. Work is divided among processes instead.
    """
    for name in VARIABLES:
        os.environ.setdefault(name, "1")


@contextmanager
def single_threaded_children() -> Iterator[None]:
    """Give processes that start within the block one thread each; this process keeps its own."""
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
