"""Types of options for output files and folders, checked before any computation.

A file named by an option is replaced as a whole at the end. It may not be an input of the same
command, nor be named by two options.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from protocol.errors import InputError


class InputPath(click.Path):
    """A file or folder that a command reads, as the type of an option or argument."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)


class OutputFile(click.Path):
    """A file that a command writes, as the type of an option.

    Parameters
    ----------
    endings
        Allowed extensions, such as ``.png``; empty for any.
    replaces
        Inputs that it may replace: parameters, and names of files in an input folder.
    """

    def __init__(self, *endings: str, replaces: tuple[str, ...] = ()) -> None:
        super().__init__(path_type=Path)
        self.endings = endings
        self.replaces = replaces

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path of a file that can be written."""
        from pretese.io.output.atomic_file import check_file  # not needed for help

        path = Path(value)
        option = _name(param)
        if self.endings and path.suffix not in self.endings:
            cure = f"end in {' or '.join(self.endings)}"
            raise InputError.of(option, str(path), path.suffix or "no ending", cure)
        check_file(path, option)
        return path


class OutputFolder(click.Path):
    """A folder that a command writes, as the type of an option.

    Parameters
    ----------
    extended
        Whether files are added to it; otherwise it is replaced as a whole.
    """

    def __init__(self, *, extended: bool = False) -> None:
        super().__init__(path_type=Path)
        self.extended = extended

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path of a folder that can be written."""
        from pretese.io.output.place import check_place

        return check_place(Path(value), _name(param), replaced=not self.extended).asked


class WritingCommand(click.Command):
    """A command that refuses to overwrite its inputs or to write two results to one file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line, and refuse files that would be lost."""
        rest = super().parse_args(ctx, args)
        for option in self.params:
            path = ctx.params.get(option.name or "")
            if isinstance(option.type, OutputFile) and path is not None:
                self._check(option, option.type, path, ctx)
        return rest

    def _check(
        self, option: click.Parameter, kind: OutputFile, path: Path, ctx: click.Context
    ) -> None:
        from pretese.io.output.disk import is_regular

        if path.exists() and not is_regular(path):
            return  # pipes and terminals are not replaced
        for other in self.params:
            if other is option or other.name in kind.replaces:
                continue
            for given in _paths(ctx.params.get(other.name or "")):
                if _clash(path, kind, given, other):
                    problem = f"it is, or is in, what {_name(other)} names"
                    cure = "name another file: what a command reads or writes is not replaced"
                    raise InputError.of(_name(option), str(path), problem, cure)


def _clash(path: Path, kind: OutputFile, given: Path, other: click.Parameter) -> bool:
    """Return whether a file is named by another parameter, or is in a folder that must not change.

    A new file may be created in an input folder.
    """
    real, its = Path(os.path.realpath(path)), Path(os.path.realpath(given))
    if real == its:
        return True
    if not real.is_relative_to(its):
        return False
    if isinstance(other.type, OutputFolder):
        return True
    return its.is_dir() and path.exists() and path.name not in kind.replaces


def _paths(value: Any) -> Iterator[Path]:
    """Yield the values of a parameter that may be paths."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, str) and (Path(value).suffix or os.sep in value):
        yield Path(value)
    elif isinstance(value, tuple):
        for each in value:
            yield from _paths(each)


def _name(param: click.Parameter | None) -> str:
    """Return the user's name of a parameter."""
    if param is None:
        return "value"
    return param.opts[0] if isinstance(param, click.Option) else param.human_readable_name
