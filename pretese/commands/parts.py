"""The option `--part` of commands: options that it excludes, and printed text."""

from typing import TYPE_CHECKING, Any

from pretese.io.text.json_text import print_json
from pretese.screen.terminal import echo
from protocol.errors import InputError

if TYPE_CHECKING:
    from pretese.jobs.storage.parts import PartDone

#: Options that `--part` excludes, and why.
_EXCLUDED = {
    "mcse": "replicates are added by what all of them have shown",
    "interpolate": "whether a line is valid depends on all replicates",
    "scheduler": "a scheduler divides the work by itself",
}


def refuse_with_part(**given: Any) -> None:
    """Refuse options that do not go with ``--part``.

    Raises
    ------
    InputError
        Names the first of them.
    """
    for name, value in given.items():
        if value is not None:
            cure = f"give --{name} or --part, not both"
            raise InputError.of("--part", f"--{name}", _EXCLUDED[name], cure)


def show_part(done: "PartDone", *, as_json: bool) -> None:
    """Print which blocks a part has, and where."""
    if as_json:
        print_json(done.to_dict())
    else:
        echo(str(done))
