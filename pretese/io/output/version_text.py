"""Text of ``pretese --version``."""

import platform

#: Libraries whose versions a report of a fault needs, besides those that may change a digit.
OTHERS = ("pyarrow", "pyyaml", "click", "rich", "jinja2", "simpy", "pyreadstat", "openpyxl")


def version_text(*, verbose: bool = False) -> str:
    """Return the version; with ``verbose`` also Python, the libraries and the platform.

    >>> version_text().startswith("pretese, version ")
    True
    """
    from importlib.metadata import version

    first = f"pretese, version {version('pretese')}"
    if not verbose:
        return first
    from pretese.io.output.versions import LIBRARIES, installed_version

    found = {"python": f"{platform.python_version()} ({platform.python_implementation()})"}
    for name in (*LIBRARIES, *OTHERS):
        found[name] = installed_version(name)
    found["platform"] = platform.platform()
    found["machine"] = platform.machine()
    return "\n".join([first, *(f"{name:12}{value}" for name, value in found.items())])
