"""Every command that writes, killed and on a full disk at its steps; what is lost is counted.

`tests/e2e/jobs/test_writers_survive.py` does the steps that matter most, `make soak` all of them.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from pretese.cli import run
from pretese.screen.endings import EXIT_BAD_INPUT
from tests.support.faults.disk_faults import KilledError, counted, full_from, killed_at, snapshot

PLAN = """
treatment: gn
outcome: sperm_retrieved
covariates: {age_years: numeric}
methods: [crude]
missing: none
"""
STUDY_PLAN = """
outcome: any_sperm
covariates: {fsh_iu_l: numeric}
methods: [crude]
"""
DESIGN = """
id: plain
title: plain risks
question: Is it found?
men: 100
risks: {control_percent: 30, treated_percent: 40}
sites: [{name: one, from_month: [0], recruitment_per_year: [120]}]
endpoint: {endpoint_month: 4}
monitoring: {analyses_percent: [50, 100]}
"""
LOOKS = "control_events,control_men,treated_events,treated_men\n10,25,15,25\n"
LOG = "patient,date,event,drug,amount,unit,value\nP1,2024-01-01,injection,hcg,2000,IU,\n"

#: Names of what a run leaves beside its place until it ends.
_TEMPORARY = re.compile(r"pretese-lock|pretese-partial-|\.(partial|earlier|new)-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Case:
    """A command that writes.

    Attributes
    ----------
    words
        Folder of inputs and place of the output to the words of the command.
    place
        Name of the output.
    before
        Words of the run that makes an earlier result; None: an earlier file is put there.
    """

    name: str
    words: Callable[[Path, Path], list[str]]
    place: str
    before: Callable[[Path, Path], list[str]] | None = None


def _simulate(more: str) -> Callable[[Path, Path], list[str]]:
    return lambda folder, out: [*f"simulate paper --men 20 {more} --out".split(), str(out)]


def _clinic(more: str) -> Callable[[Path, Path], list[str]]:
    words = "clinic paper --men 60 --workers 1"
    return lambda folder, out: [*f"{words} {more} --out".split(), str(out)]


def _analyse(table: str) -> Callable[[Path, Path], list[str]]:
    return lambda folder, out: [
        "analyse", str(folder / table), "--plan", str(folder / "plan.yaml"), "--out", str(out)
    ]  # fmt: skip


def _reproduce(more: str) -> Callable[[Path, Path], list[str]]:
    return lambda folder, out: [
        *f"reproduce --replicates 5 --workers 1 {more} --out".split(), str(out)
    ]  # fmt: skip


def _power(more: str) -> Callable[[Path, Path], list[str]]:
    return lambda folder, out: [
        "power", str(folder / "plain.yaml"), *f"{more} --out".split(), str(out)
    ]  # fmt: skip


def _recover(more: str) -> Callable[[Path, Path], list[str]]:
    return lambda folder, out: [
        "recover", "no-effect", "--plan", str(folder / "study.yaml"), "--no-figures",
        *f"--workers 1 --truth-men 20000 {more} --out".split(), str(out),
    ]  # fmt: skip


def _file(command: str, option: str, *inputs: str) -> Callable[[Path, Path], list[str]]:
    def words(folder: Path, out: Path) -> list[str]:
        first, *rest = command.split()
        return [first, *(str(folder / name) for name in inputs), *rest, option, str(out)]

    return words


def _report(folder: Path, out: Path) -> list[str]:
    return ["report", str(folder / "power"), "--out", str(out)]


FORMATS = "csv,parquet,sav,dta,xpt,redcap,dataset-json"

FOLDERS = (
    Case("simulate", _simulate("--seed 2"), "x", _simulate("--seed 1")),
    Case("simulate, every format", _simulate(f"--format {FORMATS}"), "x", _simulate("--seed 1")),
    Case("clinic", _clinic("--xes --no-figures --replications 2"), "x",
         _clinic("--no-figures --replications 2")),
    Case("analyse --out", _analyse("b.csv"), "x", _analyse("a.csv")),
    Case("reproduce", _reproduce("--seed 2"), "x", _reproduce("--seed 1")),
    Case("power --out", _power("--replicates 40 --resume"), "x", _power("--replicates 20")),
    Case("recover", _recover("--replicates 120 --resume"), "x", _recover("--replicates 100")),
)  # fmt: skip

FILES = (
    Case("truth --out", _file("truth paper --men 1000", "--out"), "x.csv"),
    Case("picture --out", _file("picture man paper", "--out"), "x.png"),
    Case("monitor --plot", _file("monitor", "--plot", "plain.yaml", "looks.csv"), "x.svg"),
    Case("schedule --ics", _file("schedule --start 2024-01-01", "--ics"), "x.ics"),
    Case("audit --csv", _file("audit", "--csv", "log.csv"), "x.csv"),
    Case("regimen show --out", _file("regimen show fsh-guided --format svg", "--out"), "x.svg"),
    Case("report --out", _report, "x.html"),
)


def inputs(folder: Path) -> Path:
    """Write what the commands read into a folder."""
    for name, text in {
        "plan.yaml": PLAN, "study.yaml": STUDY_PLAN, "plain.yaml": DESIGN, "looks.csv": LOOKS,
        "log.csv": LOG,
    }.items():  # fmt: skip
        (folder / name).write_text(text, encoding="utf-8")
    for seed, name in enumerate("ab"):
        table = folder / f"cohort-{name}"
        _run(["simulate", "paper", "--men", "200", "--seed", str(seed), "--out", str(table)])
        shutil.copyfile(table / "patients.csv", folder / f"{name}.csv")
    _run(_power("--replicates 20")(folder, folder / "power"))
    return folder


def _run(words: list[str]) -> str:
    """Run a command that should succeed (or whose check should fail), and return what it said."""
    code, said = _try(words)
    assert code in (0, 3), said
    return said


def _try(words: list[str]) -> tuple[int, str]:
    said = StringIO()
    with redirect_stdout(StringIO()), redirect_stderr(said):
        return run(words), said.getvalue()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A case ready to be disturbed: what is there before, what the run writes, and its steps."""

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
    old.mkdir(parents=True)
    if case.before is None:
        (old / case.place).write_bytes(b"old")
    else:
        _run(case.before(given, old / case.place))
    before = snapshot(old)
    shutil.copytree(old, new)
    with counted(new) as steps:
        _run(case.words(given, new / case.place))
    after = snapshot(new)
    shutil.rmtree(new)
    return Prepared(case, given, old, before, after, list(steps))


def lost_bytes(ready: Prepared, found: dict[str, bytes | str]) -> int:
    """Return how many bytes of the earlier result are gone though no new one is whole.

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
    """Yield earlier results that stand aside, as if they stood in their place."""
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
            _try(words)
        except KilledError:
            pass
        else:
            raise AssertionError(f"{ready.case.name} did not reach step {number}")
    return run_again(ready, folder, words)


def run_again(ready: Prepared, folder: Path, words: list[str]) -> int:
    """Run a command again after a kill: its result is whole; return how many bytes were lost."""
    lost = lost_bytes(ready, snapshot(folder))
    _run(words)
    found = {n: w for n, w in snapshot(folder).items() if not _is_left(ready, n)}
    assert found == ready.after, _differences(found, ready.after)
    return lost


def fill(ready: Prepared, folder: Path, number: int) -> int:
    """Run the command on a disk that is full from a step on; return how many bytes were lost."""
    place = ready.start(folder)
    words = ready.case.words(ready.inputs, place)
    with full_from(folder, number):
        code, said = _try(words)
    found = snapshot(folder)
    if code == EXIT_BAD_INPUT:
        assert "No space left on device" in said or "the disk may be full" in said, said
        assert not [name for name in found if _TEMPORARY.search(name)]
    else:
        assert code in (0, 3), said
        assert found == ready.after, _differences(found, ready.after)
    lost = lost_bytes(ready, found)
    _run(words)
    assert snapshot(folder) == ready.after
    return lost


def _is_left(ready: Prepared, name: str) -> bool:
    """Say whether a temporary file of a killed run is all that is left: it stays beside a file."""
    return ready.case.before is None and "pretese-partial-" in name


def _differences(one: dict[str, bytes | str], two: dict[str, bytes | str]) -> str:
    names = sorted(n for n in {*one, *two} if one.get(n) != two.get(n))
    return json.dumps(names[:10])
