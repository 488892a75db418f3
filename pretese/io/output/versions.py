"""Which versions of this program and its libraries made a result."""

import platform
from functools import cache
from importlib.metadata import version

#: Libraries whose version may change a digit.
LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "matplotlib", "pydantic")


@cache
def program_version() -> str:
    """Return the version of the installed program."""
    return version("pretese")


@cache
def versions() -> dict[str, str]:
    """Return the versions that may change a digit."""
    libraries = {name: version(name) for name in LIBRARIES}
    return {"pretese": program_version(), "python": platform.python_version(), **libraries}
