"""Processes that repeat tasks on request and return the CPU seconds of each.

Every input line is the name of a task; the reply is a line of JSON. Tasks of two commits, and of
programs in other languages, are thus measured in turn.
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
    """Run the named tasks until the input ends; each runs once before it is timed."""
    answers, ready = os.fdopen(os.dup(1), "w", buffering=1), dict[str, Callable[[], object]]()
    os.dup2(2, 1)  # output of a task does not mix with the replies
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
    """A process that runs tasks; it ends with the block."""

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
        """Return the CPU seconds of a task, or the reason for none."""
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
