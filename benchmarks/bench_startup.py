"""CPU time of short commands, as a multiple of that of `python -c pass`; two commits in turn.

User and system time of the process and its children (`os.wait4`), the minimum of several runs.
The older commit, if this checkout contains it, is unpacked next to the files and byte-compiled too.
"""

import compileall
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from pretese.cli import COMMANDS

ROOT = Path(__file__).parents[1]

#: Commit that the current code is compared with.
BEFORE = "9479c53"

#: Runs of each command; the minimum is least affected by an intermittent background load.
RUNS = 7

PACKAGES = ("protocol", "simulate", "estimate", "pretese")
ENTER = "from pretese.cli import main; main()"

#: Label to the arguments of the command and the target, as a multiple of `python -c pass`.
CALLS: Mapping[str, tuple[Sequence[str], int]] = {
    "--help": (["--help"], 8),
    **{f"{name} --help": ([name, "--help"], 8) for name in COMMANDS},
    "decide": (["decide", "--month", "2", "--fsh", "9.8"], 9),
    "boundaries": (["boundaries", "--spending", "OF", "--analyses", "0.5,0.75,1"], 30),
    "analyse, 542 rows": (["analyse", "{work}/in/patients.csv", "--plan", "{plan}"], 90),
    "simulate paper": (["simulate", "paper", "--out", "{work}/out-{run}"], 60),
}  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        trees = {"now": ROOT}
        if older := unpacked(work / "before"):
            trees = {"before": older, **trees}
        for tree in trees.values():
            for package in PACKAGES:
                compileall.compile_dir(tree / package, quiet=1)
        patients = ["simulate", "paper", "--patients", "542", "--out", f"{work}/in"]
        _seconds([sys.executable, "-c", ENTER, *patients], ROOT)
        base = min(_seconds([sys.executable, "-c", "pass"], ROOT) or 0 for _ in range(5 * RUNS))
        print(f"python -c pass: {1000 * base:.1f} ms; multiples of it, least of {RUNS} runs\n")
        print(f"{'command':22}" + "".join(f"{name:>9}" for name in trees) + f"{'aim':>7}")
        for label, (words, aim) in CALLS.items():
            best = _best(words, trees, work)
            cells = "".join(f"{best[name] / base:9.1f}" for name in trees)
            print(f"{label:22}{cells}{aim:7}", flush=True)


def unpacked(place: Path) -> Path | None:
    """Unpack the older commit; return None if this checkout does not contain it."""
    found = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        return None
    with tarfile.open(fileobj=BytesIO(found.stdout)) as archive:
        archive.extractall(place, filter="data")
    return place


def _best(words: Sequence[str], trees: Mapping[str, Path], work: Path) -> dict[str, float]:
    """Return the minimum CPU time of a command in every tree, in seconds; NaN if it fails."""
    best = dict.fromkeys(trees, float("inf"))
    for run in range(RUNS):
        for name, tree in trees.items():
            plan = tree / "docs/examples/plan.yaml"
            place = {"work": work, "run": f"{name}-{run}", "plan": plan}
            call = [sys.executable, "-c", ENTER, *(word.format(**place) for word in words)]
            found = _seconds(call, tree)
            best[name] = float("nan") if found is None else min(best[name], found)
    return best


def _seconds(call: Sequence[str], folder: Path) -> float | None:
    """Return user and system time of a process; None if it fails."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    silent = subprocess.DEVNULL
    process = subprocess.Popen(call, cwd=folder, env=environment, stdout=silent, stderr=silent)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return None if process.returncode else used.ru_utime + used.ru_stime
