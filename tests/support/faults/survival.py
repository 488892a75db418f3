"""Kill every writing command, or fill its disk, at each step; count the lost bytes.

`tests/e2e/jobs/test_writers_survive.py` tests the most important steps, `make soak` all.
"""

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pretese.screen.endings import EXIT_BAD_INPUT
from tests.support.faults.disk_faults import KilledError, counted, full_from, killed_at, snapshot
from tests.support.faults.writers import Case, report_in_its_study, run_well, run_words

#: Names of temporary files next to the output of a run.
_TEMPORARY = re.compile(r"pretese-lock|pretese-partial-|\.(partial|earlier|new)-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared case: the earlier result, what the run writes, and its steps."""

    case: Case
    inputs: Path
    old: Path
    before: dict[str, bytes | str]
    after: dict[str, bytes | str]
    steps: Sequence[str]

    def start(self, folder: Path) -> Path:
        """Put the earlier result into a folder and return the place."""
        shutil.copytree(self.old, folder, symlinks=True)
        return folder / self.case.place


def prepare(case: Case, given: Path, folder: Path) -> Prepared:
    """Make an earlier result and run the command once, undisturbed."""
    old, new = folder / "old", folder / "new"
    (old / case.place).parent.mkdir(parents=True)
    if case.before is None:
        (old / case.place).write_bytes(b"old")
    else:
        run_well(case.before(given, old / case.place))
    before = snapshot(old)
    shutil.copytree(old, new)
    words = case.words(given, new / case.place)
    with counted(new) as steps:
        run_well(words)
    after = snapshot(new)
    shutil.rmtree(new)
    return Prepared(case, given, old, before, after, list(steps))


def lost_bytes(ready: Prepared, found: dict[str, bytes | str]) -> int:
    """Return how many bytes of the earlier result are lost while no new result is complete.

    Finished blocks of a study must be there in any case.
    """
    parts = [""] if "x/study.json" not in ready.before else ["x/results/"]
    lost = 0
    for part in parts:
        old = {n: w for n, w in ready.before.items() if n.startswith(part)}
        new = {n: w for n, w in ready.after.items() if n.startswith(part)}
        if old.items() <= found.items() or new.items() <= found.items():
            continue
        if any(old == aside for aside in _moved_aside(found, ready.case.place, part)):
            continue
        lost += sum(len(what) for what in old.values())
    return lost + sum(
        len(what)
        for name, what in ready.before.items()
        if "/blocks/" in name and found.get(name) != what
    )


def _moved_aside(
    found: dict[str, bytes | str], place: str, part: str
) -> Iterator[dict[str, bytes | str]]:
    """Yield earlier results that were moved aside, under their original names."""
    stem = part.rstrip("/") or place
    for name in found:
        if re.fullmatch(re.escape(stem) + r"\.earlier-[0-9a-f]{16}", name):
            yield {
                stem + each.removeprefix(name): what
                for each, what in found.items()
                if each.startswith(f"{name}/") or (each == name and not part)
            }


def kill(ready: Prepared, folder: Path, number: int) -> int:
    """Kill the command at a step, run it again, and return how many bytes were lost."""
    place = ready.start(folder)
    words = ready.case.words(ready.inputs, place)
    with killed_at(folder, number):
        try:
            run_words(words)
        except KilledError:
            pass
        else:
            raise AssertionError(f"{ready.case.name} did not reach step {number}")
    return run_again(ready, folder, words)


def run_again(ready: Prepared, folder: Path, words: list[str]) -> int:
    """Run a command again after a kill: its result is complete; return how many bytes were lost."""
    lost = lost_bytes(ready, snapshot(folder))
    run_well(words)
    found = {n: w for n, w in snapshot(folder).items() if not _is_left(ready, n)}
    assert found == ready.after, differences(found, ready.after)
    return lost


def fill(ready: Prepared, folder: Path, number: int) -> int:
    """Run the command on a disk that is full from a step on; return how many bytes were lost."""
    place = ready.start(folder)
    words = ready.case.words(ready.inputs, place)
    with full_from(folder, number):
        code, message = run_words(words)
    lost = check_full(ready, folder, code, message)
    run_well(words)
    assert snapshot(folder) == ready.after
    return lost


def check_full(ready: Prepared, folder: Path, code: int, message: str) -> int:
    """Check how a command ended on a full disk; return how many bytes were lost."""
    found = snapshot(folder)
    if code == EXIT_BAD_INPUT:
        assert "No space left on device" in message or "the disk may be full" in message, message
        assert not left_over(found)
    else:
        assert code in (0, 3), message
        assert found == ready.after, differences(found, ready.after)
    return lost_bytes(ready, found)


def left_over(found: Iterable[str]) -> list[str]:
    """Return the names of temporary files next to the output of a run."""
    return [name for name in found if _TEMPORARY.search(name)]


def _is_left(ready: Prepared, name: str) -> bool:
    """Return whether only a temporary file of a killed run remains, next to a file."""
    one_file = ready.case.before is None or ready.case.words is report_in_its_study
    return one_file and "pretese-partial-" in name


def differences(one: dict[str, bytes | str], two: dict[str, bytes | str]) -> str:
    """Return the names of files that differ, limited to a readable number."""
    names = sorted(n for n in {*one, *two} if one.get(n) != two.get(n))
    return json.dumps(names[:10])
