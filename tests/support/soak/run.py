"""Run the soak for the given time, subject by subject, and write its table."""

import argparse
import hashlib
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn
from unittest.mock import patch

from pretese.io.output.atomic_file import write_file
from tests.support.soak.ledger import Ledger, Outcome, Row
from tests.support.soak.subjects import Attempt, Subject, subjects

ROOT = Path(__file__).parents[3]

#: Seconds that one attempt may take; seconds between two stores of the ledger.
LONGEST, BETWEEN = 300, 5.0


class TooLongError(BaseException):
    """An attempt exceeded its time limit."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the requested soak; return 1 if anything failed or was lost."""
    asked = _parsed(words)
    # Power failures are not simulated, and synchronising files would take all the time.
    with warnings.catch_warnings(), patch("os.fsync", lambda handle: None):
        warnings.simplefilter("error")
        return _search(asked)


def _search(asked: argparse.Namespace) -> int:
    ledger = Ledger.opened(asked.out / "soak.json", asked.seed, _code())
    chosen = [each for each in subjects() if asked.only in (each.kind, "all")]
    total = sum(each.share for each in chosen)
    with tempfile.TemporaryDirectory() as top:
        for number, subject in enumerate(chosen):
            folder = Path(top, str(number))
            folder.mkdir()
            row = ledger.rows.setdefault(subject.name, Row())
            _attack(subject, folder, ledger, asked.seconds * subject.share / total)
            _say(row.line(subject.name))
            write_file(asked.out / "soak.md", ledger.markdown())
    _say("\n" + ledger.markdown())
    return int(any(row.failed or row.bytes_lost for row in ledger.rows.values()))


def _parsed(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="time for all subjects together")
    parser.add_argument("--seed", type=int, default=1, help="order of attempts, and what is drawn")
    kinds = ["all", "yaml", "tables", "commands", "writers", "disks", "rivals", "signals"]
    parser.add_argument("--only", choices=kinds, default="all", help="one kind of subjects")
    parser.add_argument("--out", type=Path, default=Path("out/soak"), help="folder of results")
    return parser.parse_args(words)


def _code() -> str:
    """Return the hash of the code; results of another version are not extended."""
    packages = ("protocol", "simulate", "estimate", "pretese", "scenarios", "tests/support")
    paths = sorted(path for each in packages for path in (ROOT / each).rglob("*.*"))
    digest = hashlib.sha256()
    for path in paths:
        if path.suffix != ".pyc" and path.is_file():
            digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _attack(subject: Subject, folder: Path, ledger: Ledger, seconds: float) -> None:
    """Make attempts, at least one, until the time has elapsed or none is left."""
    row = ledger.rows[subject.name]
    if row.exhausted:
        return
    attempt = subject.start(folder, ledger.seed)
    end, saved = time.monotonic() + seconds, 0.0
    while True:
        now, row.begun = time.monotonic(), row.begun + 1
        if now - saved > BETWEEN:
            ledger.save(subject.name)
            saved = now
        found = _outcome(attempt, row.begun - 1)
        if found is None:
            row.begun, row.exhausted = row.begun - 1, True
            break
        row.add(found)
        if time.monotonic() >= end:
            break
    ledger.save()


def _outcome(attempt: Attempt, number: int) -> Outcome | None:
    try:
        with _limited(LONGEST):
            return attempt(number)
    except TooLongError:
        return Outcome(tried=1, failures=(f"attempt {number} took more than {LONGEST} seconds",))
    except Exception:  # noqa: BLE001  any other exception is what the soak searches for
        return Outcome(tried=1, failures=(f"attempt {number}: {traceback.format_exc(limit=-3)}",))


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
