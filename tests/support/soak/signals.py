"""Commands in processes of their own, with workers, that receive a signal at a random moment."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.support.faults import survival
from tests.support.soak.ledger import Outcome

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PROGRAM = "from pretese.cli import main; main()"

#: Seconds within which every worker must have ended after the process that started it.
PATIENCE = 60.0


def with_workers(words: list[str]) -> list[str]:
    """Return a command line with two workers in place of one."""
    text = "\0".join(words).replace("--workers\0" + "1", "--workers\0" + "2")
    return text.split("\0")


def undisturbed_seconds(words: list[str]) -> float:
    """Run a command in a process of its own, and return how long it took."""
    begin = time.monotonic()
    with _started(words) as process:
        process.wait()
    return time.monotonic() - begin


def disturb(ready: survival.Prepared, folder: Path, seconds: float, seed: str) -> Outcome:
    """Send a signal to a running command, run it again, and report what was lost or left."""
    chance = random.Random(seed)
    number, moment = chance.choice(SIGNALS), chance.uniform(0, seconds)
    place = ready.start(folder)
    words = ready.case.words(ready.inputs, place)
    with _started(with_workers(words)) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.send_signal(number)  # no effect if it has ended
        process.wait()
    what = f"{number.name} after {moment:.2f} s"
    left = _left_in_session(process.pid)
    if left:
        return Outcome(injected=1, failures=(f"{what}: {len(left)} workers were left",))
    if process.returncode not in (0, 3, -number, 128 + number):
        return Outcome(injected=1, failures=(f"{what}: exit code {process.returncode}",))
    try:
        lost = survival.run_again(ready, folder, words)
    except AssertionError as error:
        return Outcome(injected=1, failures=(f"{what}: {error}",))
    return Outcome(injected=1, survived=not lost, bytes_lost=lost)


def _started(words: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _left_in_session(session: int) -> list[int]:
    """Return the processes of a session that still run, and end them (Linux: from /proc)."""
    end = time.monotonic() + PATIENCE
    while (left := _in_session(session)) and time.monotonic() < end:
        time.sleep(0.05)
    for each in left:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    return left


def _in_session(session: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            state, _, _, its = (folder / "stat").read_text().rpartition(") ")[2].split()[:4]
            if int(its) == session and state != "Z":
                found.append(int(folder.name))
    return found
