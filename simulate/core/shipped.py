"""Find the files that ship with the program, by name, in a checkout and in an installed wheel."""

import difflib
from pathlib import Path

from protocol.errors import InputError
from protocol.reading.documents import is_there
from protocol.shorten import shorten_text

PACKAGE = Path(__file__).resolve().parents[1]


def shipped_folder() -> Path:
    """Return the folder of scenarios: in the package if installed, next to it in a checkout."""
    inside = PACKAGE / "scenarios"
    return inside if inside.is_dir() else PACKAGE.parent / "scenarios"


def scenario_names() -> tuple[str, ...]:
    """Return the names of the shipped scenarios, sorted."""
    return _names(shipped_folder())


def published_names() -> tuple[str, ...]:
    """Return the names of the published studies, sorted.

    >>> published_names()
    ('rbe-2022-00934',)
    """
    return _names(shipped_folder() / "published")


def scenario_path(name: str | Path) -> Path:
    """Return the file of a scenario.

    Parameters
    ----------
    name
        A shipped name (``paper``), or a path to the user's file. A shipped name wins over a
        file of the same name in the working folder; write ``./paper`` for the file.

    Raises
    ------
    InputError
        Neither exists; the message suggests the nearest shipped names and lists all of them.
    """
    return find_shipped(str(name), shipped_folder(), "scenario")


def published_path(name: str | Path) -> Path:
    """Return the file of a published study, by shipped name or path, as `scenario_path` does.

    >>> published_path("rbe-2022-00934").name
    'rbe-2022-00934.yaml'
    """
    return find_shipped(str(name), shipped_folder() / "published", "published study")


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def find_shipped(name: str, folder: Path, kind: str) -> Path:
    """Return the file in ``folder`` that ships under a name, or the user's file at that path.

    Parameters
    ----------
    kind
        Word for the message if neither exists: "scenario", "design".
    """
    names = _names(folder)
    if name in names:
        return folder / f"{name}.yaml"
    # Folders and unreadable files are left to the reader, which reports the fault.
    if name and is_there(Path(name)):
        return Path(name)
    shown = shorten_text(name, 200) or "(empty)"
    raise InputError.of(shown, "", f"there is no such {kind}", _cure(name, names, kind))


def _cure(name: str, names: tuple[str, ...], kind: str) -> str:
    near = difflib.get_close_matches(shorten_text(Path(name).stem), names, n=2, cutoff=0.5)
    guess = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    listed = f"shipped: {', '.join(names)}" if names else "none is shipped"
    return f"{guess}give the path of a file or the name of a shipped {kind} ({listed})"
