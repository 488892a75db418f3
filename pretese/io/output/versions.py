"""Which versions of this program and its libraries made a result."""

import platform
from functools import cache

#: Libraries whose version may change a digit.
LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "matplotlib", "pydantic")


@cache
def program_version() -> str:
    """Return the version of the installed program."""
    return installed_version("pretese")


@cache
def versions() -> dict[str, str]:
    """Return the versions that may change a digit."""
    libraries = {name: installed_version(name) for name in LIBRARIES}
    return {"pretese": program_version(), "python": platform.python_version(), **libraries}


def installed_version(name: str) -> str:
    """Return the version of a package, or that it is not installed."""
    # It loads much, and few answers name a version.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:  # part of an optional extra
        return "not installed"
