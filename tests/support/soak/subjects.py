"""Subjects of a soak: each kind of file, each table, each command, each writer."""

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.support import command_lines
from tests.support.faults import rival_runs, small_disk, survival, writers
from tests.support.faults.faulty_tables import faulty
from tests.support.hostile_yaml import VALUES, WHOLE, spliced
from tests.support.soak import signals, table_readers, yaml_files
from tests.support.soak.ledger import Outcome

#: Function from attempt number to outcome; None after the last possible attempt.
Attempt = Callable[[int], Outcome | None]

#: Tables that one attempt draws.
BATCH = 20


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of the soak: ``start`` receives folder and seed; ``share`` is of the time."""

    name: str
    kind: str
    share: int
    start: Callable[[Path, int], Attempt]


def subjects() -> list[Subject]:
    """Return all subjects, in the order of the table."""
    return [
        *(Subject(f"file: {kind}", "yaml", 1, _yaml(kind)) for kind in yaml_files.KINDS),
        *(Subject(f"table: {name}", "tables", 1, _table(name)) for name in table_readers.TABLES),
        *(Subject(f"options: {name}", "commands", 2, _command(name)) for name in _commands()),
        *(Subject(f"kill or full disk: {case.name}", "writers", 4, _writer(case)) for case in
          writers.ALL),
        *(Subject(f"small disk: {case.name}", "disks", 4, _small_disk(case)) for case in
          writers.ALL),
        *(Subject(f"two runs: {case.name}", "rivals", 4, _rivals(case)) for case in writers.ALL),
        *(Subject(f"signal: {case.name}", "signals", 4, _signalled(case)) for case in
          writers.FOLDERS),
    ]  # fmt: skip


def _commands() -> list[str]:
    return [name for name in command_lines.names() if command_lines.parameters_of(name)]


def _yaml(kind: str) -> Callable[[Path, int], Attempt]:
    """Put each hostile value at each place of a file, in random order."""
    text, places = yaml_files.KINDS[kind][0], yaml_files.PLACES[kind]

    def start(folder: Path, number: int) -> Attempt:
        order: list[tuple[str, int]] = [(name, -1) for name in WHOLE]
        order += [(name, at) for at in range(len(places)) for name in VALUES]
        random.Random(number).shuffle(order)

        def attempt(n: int) -> Outcome | None:
            if n >= len(order):
                return None
            fault, at = order[n]
            corrupted = WHOLE[fault](text) if at < 0 else spliced(text, places[at], fault)
            reported = yaml_files.answer(kind, corrupted, folder)
            return Outcome(tried=1, refused=reported != "read", accepted=reported == "read")

        return attempt

    return start


def _table(name: str) -> Callable[[Path, int], Attempt]:
    """Draw faults of a table, which must be refused or read as the clean one."""
    lines = table_readers.TABLES[name][1]

    def start(folder: Path, number: int) -> Attempt:
        def attempt(n: int) -> Outcome | None:
            found: list[Outcome] = []

            @seed(number * 1_000_003 + n)
            @settings(max_examples=BATCH, deadline=None, database=None, derandomize=False,
                      suppress_health_check=list(HealthCheck))  # fmt: skip
            @given(data=st.data())
            def draw(data: st.DataObject) -> None:
                broken = data.draw(faulty(lines))
                found.append(_of_table(name, broken.name, broken.data, broken.same))

            draw()
            return _joined(found)

        return attempt

    return start


def _of_table(name: str, fault: str, data: bytes, same: bool) -> Outcome:
    code, reported, err = table_readers.answer(name, data)
    if code == 0:
        wrong = reported != table_readers.clean(name)
        failures = (f"{fault}: other numbers with exit 0",) if wrong else ()
        return Outcome(tried=1, accepted=1, failures=failures)
    if code != 2 or same or "Traceback" in err:
        return Outcome(tried=1, failures=(f"{fault}: exit code {code}: {err}",))
    return Outcome(tried=1, refused=1)


def _joined(found: list[Outcome]) -> Outcome:
    return Outcome(
        tried=sum(each.tried for each in found),
        refused=sum(each.refused for each in found),
        accepted=sum(each.accepted for each in found),
        failures=tuple(text for each in found for text in each.failures),
    )


def _command(name: str) -> Callable[[Path, int], Attempt]:
    """Put hostile values into one or two options or arguments of a valid call."""

    def start(folder: Path, number: int) -> Attempt:
        def attempt(n: int) -> Outcome | None:
            chance = random.Random(f"{number} {name} {n}")
            words = command_lines.hostile_call(name, chance)
            with command_lines.folder_of_files(name) as here:
                before = {p: p.read_bytes() for p in here.rglob("*") if p.is_file()}
                found = command_lines.answer(*name.split(), *words)
                gone = [p for p, old in before.items() if not _holds(p, old)]
            lost = sum(len(before[path]) for path in gone)
            failures = [f"{text}: pretese {name} {words!r}" for text in found.faults()]
            if lost:
                failures.append(f"{lost} bytes lost: pretese {name} {words!r}")
            refused = found.code == 2 and not failures
            return Outcome(tried=1, refused=refused, accepted=found.code in (0, 3),
                           bytes_lost=lost, failures=tuple(failures))  # fmt: skip

        return attempt

    return start


def _holds(path: Path, old: bytes) -> bool:
    return path.is_file() and path.read_bytes() == old


def _writer(case: writers.Case) -> Callable[[Path, int], Attempt]:
    """Kill a command, or fill its disk, at every step that changes something, in random order."""

    def start(folder: Path, number: int) -> Attempt:
        ready = survival.prepare(case, _inputs(folder), folder)
        order = [
            (way, n) for way in (survival.kill, survival.fill) for n in range(len(ready.steps))
        ]
        random.Random(number).shuffle(order)

        def attempt(n: int) -> Outcome | None:
            if n >= len(order):
                return None
            way, step = order[n]
            with _folder(folder) as place:
                try:
                    lost = way(ready, place / "x", step)
                except AssertionError as error:
                    what = f"{way.__name__} at step {step} ({ready.steps[step]}): {error}"
                    return Outcome(injected=1, failures=(what,))
            return Outcome(injected=1, survived=not lost, bytes_lost=lost)

        return attempt

    return start


def _small_disk(case: writers.Case) -> Callable[[Path, int], Attempt]:
    """Run a command on a full disk, with every possible number of free pages in random order."""

    def start(folder: Path, number: int) -> Attempt:
        ready = survival.prepare(case, _inputs(folder), folder)
        order = list(range(small_disk.pages(ready)))
        random.Random(number).shuffle(order)

        def attempt(n: int) -> Outcome | None:
            if n >= len(order):
                return None
            with _folder(folder) as place, small_disk.small_disk(place / "disk") as disk:
                if disk is None:  # not allowed here
                    return None
                try:
                    lost, full = small_disk.fill_disk(ready, disk, order[n])
                except AssertionError as error:
                    failures = (f"with {order[n]} pages left: {error}",)
                    return Outcome(injected=1, failures=failures)
            return Outcome(injected=full, survived=full and not lost, bytes_lost=lost)

        return attempt

    return start


def _rivals(case: writers.Case) -> Callable[[Path, int], Attempt]:
    """Start two commands that write to one place, the second at a random moment of the first."""

    def start(folder: Path, number: int) -> Attempt:
        ready = survival.prepare(case, _inputs(folder), folder)
        both = rival_runs.rivals(ready, folder)

        def attempt(n: int) -> Outcome | None:
            chance = random.Random(f"{number} {case.name} {n}")
            first, delay = chance.randrange(2), chance.uniform(0, both.seconds)
            with _folder(folder) as place:
                try:
                    rival_runs.run_both(both, place / "x", first, delay)
                except AssertionError as error:
                    what = f"second after {delay:.2f} s: {error}"
                    return Outcome(injected=1, failures=(what,))
            return Outcome(injected=1, survived=1)

        return attempt

    return start


def _signalled(case: writers.Case) -> Callable[[Path, int], Attempt]:
    """Kill or stop a command with two workers at a random moment."""

    def start(folder: Path, number: int) -> Attempt:
        ready = survival.prepare(case, _inputs(folder), folder)
        with _folder(folder) as place:
            words = case.words(ready.inputs, ready.start(place / "x"))
            seconds = signals.undisturbed_seconds(signals.with_workers(words))

        def attempt(n: int) -> Outcome | None:
            with _folder(folder) as place:
                return signals.disturb(ready, place / "x", seconds, f"{number} {case.name} {n}")

        return attempt

    return start


def _inputs(folder: Path) -> Path:
    """Make the inputs of all writers once, in the folder above those of the subjects."""
    place = folder.parent / "inputs"
    if not place.exists():
        place.mkdir()
        writers.inputs(place)
    return place


@contextmanager
def _folder(within: Path) -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(dir=within))
    try:
        yield place
    finally:
        shutil.rmtree(place)
