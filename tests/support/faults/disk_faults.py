"""Simulate a killed process or a full disk at any step of file operations."""

import builtins
import errno
import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

#: Steps that need room on the disk; the others go on working when it is full.
NEED_ROOM = frozenset({"open", "mkdir", "write", "fsync"})

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class KilledError(BaseException):
    """The process was killed and makes no further changes to the disk."""


@contextmanager
def counted(folder: Path) -> Iterator[list[str]]:
    """Yield a list that records the steps that change a folder while the block runs."""
    with _steps(folder, lambda number, step: None) as steps:
        yield steps


@contextmanager
def killed_at(folder: Path, last: int) -> Iterator[list[str]]:
    """Kill the process at a step, counted from 0: neither that step nor any later one is done."""

    def die(number: int, step: str) -> None:
        if number >= last:
            raise KilledError

    with _steps(folder, die) as steps:
        yield steps


@contextmanager
def full_from(folder: Path, first: int) -> Iterator[list[str]]:
    """Make the disk full from a step on."""

    def refuse(number: int, step: str) -> None:
        if number >= first and step in NEED_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with _steps(folder, refuse) as steps:
        yield steps


@contextmanager
def at_step(folder: Path, number: int, do: Callable[[], object]) -> Iterator[list[str]]:
    """Call a function once, just before a step."""
    begun: list[str] = []

    def interrupt(step_number: int, step: str) -> None:
        if step_number >= number and not begun:
            begun.append(step)
            do()

    with _steps(folder, interrupt) as steps:
        yield steps


@contextmanager
def _steps(folder: Path, before: Callable[[int, str], None]) -> Iterator[list[str]]:
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        before(len(steps) - 1, name)

    def inside(path: Any) -> bool:
        return isinstance(path, str | Path) and Path(path).absolute().is_relative_to(folder)

    def changing(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def change(path: Any, *more: Any, **named: Any) -> Any:
            if inside(path) or named.get("dir_fd") is not None:
                step(name)
            return real(path, *more, **named)

        return change

    def by_handle(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def change(handle: int, *more: Any) -> Any:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                step(name)
            return real(handle, *more)

        return change

    real_os_open, real_open = os.open, io.open

    def os_open(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if inside(path) and flags & _WRITES:
            step("open")
        return real_os_open(path, flags, *more, **named)

    def open_(path: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
        if inside(path) and set(mode) & set("wxa+"):
            step("open")
        return real_open(path, mode, *more, **named)

    with pytest.MonkeyPatch.context() as patched:
        for name in ("mkdir", "rename", "replace", "unlink", "remove", "rmdir"):
            patched.setattr(os, name, changing(name, getattr(os, name)))
        for name in ("fsync", "write"):
            patched.setattr(os, name, by_handle(name, getattr(os, name)))
        patched.setattr(os, "open", os_open)
        patched.setattr(io, "open", open_)
        patched.setattr(builtins, "open", open_)
        yield steps


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """Return everything in a folder: the bytes of files, the targets of links, folders."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"link to {os.readlink(path)}"
        else:
            found[name] = "folder" if path.is_dir() else path.read_bytes()
    return found
