"""Which versions of this program and its libraries made a result."""

import platform
from functools import cache

#: Libraries whose version may change a digit.
LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "matplotlib", "pydantic")


@cache
def program_version() -> str:
    """Return the version of the installed program."""
    return _version_of("pretese")


@cache
def versions() -> dict[str, str]:
    """Return the versions that may change a digit."""
    libraries = {name: _version_of(name) for name in LIBRARIES}
    return {"pretese": program_version(), "python": platform.python_version(), **libraries}


def _version_of(name: str) -> str:
    from importlib.metadata import version  # it loads much, and few answers name a version

    return version(name)
