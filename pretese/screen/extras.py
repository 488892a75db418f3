"""Optional libraries, and the extra of the package that installs each."""

from importlib.util import find_spec

from protocol.errors import InputError

#: Library to the extra that installs it, as in `pyproject.toml`.
EXTRA_OF = {
    "matplotlib": "plots",
    "openpyxl": "files",
    "docx": "files",
    "pyreadstat": "files",
    "fastapi": "web",
    "jwt": "web",
    "multipart": "web",
    "uvicorn": "web",
    "distributed": "cluster",
    "numba": "fast",
}


def need_extra(extra: str, argument: str, *, otherwise: str = "") -> None:
    """Refuse, before any work, a request that needs a library that is not installed.

    Parameters
    ----------
    argument
        The argument or command that asks for it.
    otherwise
        What to do without it.

    Raises
    ------
    InputError
        Names the library and how to install it.
    """
    for library, brought_by in EXTRA_OF.items():
        if brought_by == extra and not _installed(library):
            raise missing_library(library, argument, otherwise)


def need_library(library: str, argument: str, *, otherwise: str = "") -> None:
    """Refuse, before any work, a request that needs one library of an extra.

    Raises
    ------
    InputError
        As `need_extra`.
    """
    if not _installed(library):
        raise missing_library(library, argument, otherwise)


def missing_library(library: str, argument: str = "pretese", otherwise: str = "") -> InputError:
    """Return the error for a library of an extra that is not installed."""
    cure = f"install it: pip install 'pretese[{EXTRA_OF[library]}]'"
    cure += f", or {otherwise}" if otherwise else ""
    return InputError.of(argument, "", f"{library} is not installed", cure)


def _installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except ValueError:  # somebody has put None in its place
        return False
