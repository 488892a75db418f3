"""Functions that installed packages offer to scenarios, by the name of their entry point."""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from protocol.shorten import shorten_text

Floats = NDArray[np.float64]

#: Group of entry points in the pyproject.toml of a package.
GROUP = "pretese.user_defined"

#: Takes arrays by name and parameters by name, returns an array of the same shape.
UserFunction = Callable[[Mapping[str, Floats], Mapping[str, float]], Floats]


def load_function(name: str) -> UserFunction:
    """Return the function of an entry point; raise ValueError if there is none that works."""
    offered = {each.name: each for each in entry_points(group=GROUP)}
    if name not in offered:
        known = ", ".join(sorted(offered)) or "none"
        raise ValueError(
            f"no installed package offers {shorten_text(name)} in the group {GROUP}; install the "
            f"package, or take one of those offered: {known}"
        )
    return _loaded(offered[name])


def _loaded(entry: EntryPoint) -> UserFunction:
    try:
        found = entry.load()
    except Exception as error:  # noqa: BLE001  any error of the other package
        problem = f"{entry.value} cannot be imported ({type(error).__name__}: {error})"
        raise ValueError(f"{shorten_text(problem, 300)}; correct the package") from None
    if not callable(found):
        raise ValueError(f"{entry.value} is not a function; name one in the entry point")
    function: UserFunction = found
    return function


@cache
def function_sha256(name: str) -> str:
    """Return the SHA-256 of the source file that defines the function of an entry point."""
    function = inspect.unwrap(load_function(name))
    file = inspect.getsourcefile(function) or ""
    text = Path(file).read_bytes() if file else repr(function).encode()
    return hashlib.sha256(text).hexdigest()
