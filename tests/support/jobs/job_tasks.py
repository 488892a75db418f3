"""Calls for workers, importable in a process of their own."""

import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np


def square(number: int) -> int:
    return number * number


def environment(name: str) -> str | None:
    return os.environ.get(name)


def refuse(number: int) -> int:
    raise ValueError(f"{number} is refused")


def run_out_of_memory(_: int) -> int:
    raise MemoryError


class UnreadableError(Exception):
    """An error that can be pickled but not unpickled."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__("unreadable")


def raise_unreadable(_: int) -> int:
    raise UnreadableError(1, 2)


@dataclass(frozen=True)
class KillsItsWorker:
    """Kill the worker's process while the file does not exist (the first time), then work.

    ``often``: every time.
    """

    flag: Path
    victim: int
    often: bool = False

    def __call__(self, number: int) -> bytes:
        if number == self.victim and (self.often or not self.flag.exists()):
            self.flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return np.random.default_rng(number).normal(size=20_000).tobytes()


@dataclass(frozen=True)
class Blocks:
    """Report its start by a byte in a named pipe, which it holds open, and never return."""

    pipe: Path

    def __call__(self, number: int) -> int:
        writer = os.open(self.pipe, os.O_WRONLY)
        os.write(writer, b"x")
        threading.Event().wait()
        return number
