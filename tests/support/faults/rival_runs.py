"""Two runs with the same output: the result is that of one after the other, never a mixture."""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pretese.screen.endings import EXIT_BAD_INPUT
from tests.support.faults.disk_faults import snapshot
from tests.support.faults.survival import Prepared, differences, left_over
from tests.support.faults.writers import PROGRAM, Words, run_words

#: Possible final states of an output.
State = dict[str, bytes | str]


@dataclass(frozen=True, slots=True)
class Rivals:
    """Two commands with the same output, and the states that result if they run in turn."""

    ready: Prepared
    commands: tuple[Words, Words]
    states: Sequence[State]
    seconds: float


def rivals(ready: Prepared, folder: Path) -> Rivals:
    """Run both commands separately and in turn, in this process."""
    case = ready.case
    other = case.rival or case.before
    assert other is not None
    commands = (case.words, other)
    states, begin = [], time.monotonic()
    for number, order in enumerate(((0,), (1,), (0, 1), (1, 0))):
        here = folder / f"order-{number}"
        place = ready.start(here)
        for each in order:
            run_words(commands[each](ready.inputs, place))
        states.append(snapshot(here))
        shutil.rmtree(here)
    return Rivals(ready, commands, states, (time.monotonic() - begin) / 6)


def run_both(both: Rivals, folder: Path, first: int, delay: float) -> int:
    """Start a command, after ``delay`` seconds the other; return how many succeeded.

    The other is refused with a message. No temporary file is left.
    """
    place = both.ready.start(folder)
    started = []
    for number in (first, 1 - first):
        words = both.commands[number](both.ready.inputs, place)
        started.append(_started(words))
        with suppress(subprocess.TimeoutExpired):
            started[0].wait(delay)
    ends = [(each.communicate()[1], each.returncode) for each in started]
    for message, code in ends:
        assert code in (0, 3) or (code == EXIT_BAD_INPUT and message.startswith("error: ")), message
    found = snapshot(folder)
    assert not left_over(found), left_over(found)
    assert found in both.states, [
        (message, differences(found, state)) for (message, _) in ends for state in both.states
    ]
    passed = sum(code in (0, 3) for _, code in ends)
    assert passed, [message for message, _ in ends]
    return passed


def _started(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
