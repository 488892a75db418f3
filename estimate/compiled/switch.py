"""Whether this process uses compiled kernels, which pay only for large computations."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

_on = False


@contextmanager
def compiled_kernels(wanted: bool) -> Iterator[bool]:
    """Use compiled kernels while the block runs, if wanted and numba is installed.

    Yields whether they are used. Loading takes half a second, and ten seconds the first time on a
    machine: short computations do not use them.

    Examples
    --------
    >>> with compiled_kernels(False) as used:
    ...     print(used, uses_kernels())
    False False
    """
    global _on
    before = _on
    _on = wanted and find_spec("numba") is not None
    try:
        yield _on
    finally:
        _on = before


def uses_kernels() -> bool:
    """Return whether compiled kernels are in use."""
    return _on
