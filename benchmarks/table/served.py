"""Processes that repeat pieces of work on request and tell the CPU seconds of each.

Every line read is the name of a work; the answer is a line of JSON. So works of two commits, and of
programs in other languages, are measured in turns.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ONE_THREAD = {
    **{f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "MKL", "OMP")},
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}

#: Longest line of an error that a table can show.
SHORT = 60


def serve(works: Mapping[str, Callable[[], Callable[[], object]]]) -> None:
    """Answer names of works until the input ends; each is made and run once before its clock."""
    answers, ready = os.fdopen(os.dup(1), "w", buffering=1), dict[str, Callable[[], object]]()
    os.dup2(2, 1)  # what a work prints does not mix with the answers
    for line in sys.stdin:
        name = line.strip()
        try:
            if name not in ready:
                ready[name] = works[name]()
                ready[name]()
            begin = _cpu()
            ready[name]()
            found: Any = _cpu() - begin
        except Exception as error:  # noqa: BLE001  what a peer raises is its answer
            found = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        answers.write(json.dumps(found) + "\n")


def _cpu() -> float:
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system


class Server:
    """A process that serves works; it ends with the block."""

    def __init__(self, command: list[str], tree: Path | None = None) -> None:
        environment = {**os.environ, **ONE_THREAD}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if tree is not None:
            environment["PYTHONPATH"] = str(tree)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=environment, cwd=tree,
        )  # fmt: skip

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def seconds(self, name: str) -> float | str:
        """Return the CPU seconds of a work, or why there are none."""
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None or self._process.poll() is not None:
            return "not installed"
        try:
            sink.write(name + "\n")
            sink.flush()
            answer = source.readline()
        except BrokenPipeError:
            return "not installed"
        found: float | str = json.loads(answer) if answer else "not installed"
        return found if isinstance(found, float) else found[:SHORT]
