"""Run the R scripts of this folder and compare what they print with the stored reference values.

`python tests/reference/r/compare.py [NAME ...] [--out FOLDER]`, or `make oracles` for all. Standard
library only. Exit status: 0 if all values agree, 1 if one does not, 2 if nothing could be compared.
A script whose R package is not installed is skipped by name.
"""

import argparse
import csv
import json
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tolerances import allowed, excluded

HERE = Path(__file__).resolve().parent
#: Files that scripts load; they compute no stored values.
SHARED = {"common", "trials"}
#: Exit status of a script that lacks a package.
LACKS_PACKAGE = 77

Path_ = tuple[str | int, ...]


@dataclass
class Outcome:
    """Result of one comparison.

    Attributes
    ----------
    values
        Numbers and words compared.
    worst
        Largest difference as a fraction of its tolerance.
    faults
        One sentence per value that differs, is absent, or has another shape.
    """

    values: int = 0
    worst: float = 0.0
    faults: list[str] = field(default_factory=list)


def scripts() -> list[str]:
    """Return the names of all scripts that compute a stored file."""
    return sorted(path.stem for path in HERE.glob("*.R") if path.stem not in SHARED)


def stored_path(name: str) -> Path:
    """Return the file with the values of a script: in its folder, or one folder above."""
    beside = HERE / f"{name}.json"
    return beside if beside.exists() else HERE.parent / f"{name}.json"


def read_stored(name: str) -> dict[str, Any]:
    """Return the stored values by key, in the shape in which the script writes them."""
    stored = json.loads(stored_path(name).read_text(encoding="utf-8"))
    if name == "trial_oracles":
        return {entry["id"]: entry["outputs"] for entry in stored}
    if name == "inline_constants":
        return {key: entry["literals"] for key, entry in stored.items()}
    return dict(stored)


def compare(name: str, stored: dict[str, Any], found: dict[str, Any]) -> Outcome:
    """Compare every stored value with the newly computed one."""
    outcome = Outcome()
    documents = (stored, found)
    for path, old, new in _pairs(stored, found, ()):
        if excluded(name, path, documents):
            continue
        outcome.values += 1
        place = "/".join(map(str, path))
        if isinstance(old, str) and name == "inline_constants":
            _number(outcome, place, float(old), new, _last_digit(name, path, old, documents))
        elif isinstance(old, bool) or not isinstance(old, int | float):
            if old != new:
                outcome.faults.append(f"{place}: stored {old!r}, R prints {new!r}")
        else:
            _number(outcome, place, old, new, allowed(name, path, documents))
    return outcome


def _last_digit(name: str, path: Path_, literal: str, documents: tuple[Any, Any]) -> float:
    """Return one unit of the last digit in a test, or more if a rule states it."""
    unit = 10.0 ** int(Decimal(literal).as_tuple().exponent)
    return max(unit, allowed(name, path, documents))


def _number(outcome: Outcome, place: str, old: float, new: Any, most: float) -> None:
    if isinstance(new, bool) or not isinstance(new, int | float):
        outcome.faults.append(f"{place}: stored {old!r}, R prints {new!r}")
        return
    away = abs(old - new)
    share = away / most if most > 0 else (math.inf if away else 0.0)
    outcome.worst = max(outcome.worst, share)
    if not share <= 1:
        outcome.faults.append(f"{place}: stored {old!r}, R prints {new!r}, {most:.2g} is allowed")


def _pairs(old: Any, new: Any, path: Path_) -> Iterator[tuple[Path_, Any, Any]]:
    """Yield (path, stored, found) of every leaf of the stored document."""
    if isinstance(old, dict):
        inside = new if isinstance(new, dict) else {}
        for key in old:
            if key != "_meta":
                yield from _pairs(old[key], inside.get(key, "nothing"), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from _pairs(a, b, (*path, place))
    elif isinstance(old, list) and len(old) == 1:
        yield from _pairs(old[0], new, (*path, 0))  # R writes one number without a list
    else:
        yield path, old, new


def read_weights(path: Path) -> dict[str, Any]:
    """Return a table of numbers as columns."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def run(name: str, rscript: str, out: Path) -> str | None:
    """Run one script; return None, or the reason why it gave no values."""
    done = subprocess.run(
        [rscript, str(HERE / f"{name}.R"), str(out)], capture_output=True, text=True, check=False
    )
    if done.returncode == LACKS_PACKAGE:
        needs = re.search(r"needs the R package (\S+)", done.stderr)
        return f"skipped: the R package {needs[1] if needs else '?'} is not installed"
    if done.returncode:
        return "failed:\n" + done.stderr
    return None


def check(name: str, out: Path) -> Outcome:
    """Compare the output of one script with the stored values."""
    found = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    outcome = compare(name, read_stored(name), found)
    table = HERE / "g04_ps_weights.csv"
    if name == "g04_iptw":
        more = compare("g04_ps_weights", read_weights(table), read_weights(out / table.name))
        outcome.values += more.values
        outcome.worst = max(outcome.worst, more.worst)
        outcome.faults += more.faults
    return outcome


def main(words: list[str] | None = None) -> int:
    """Run the scripts named, or all, and print one line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="scripts; none means all")
    parser.add_argument("--out", type=Path, default=Path("out") / "oracles")
    options = parser.parse_args(words)
    unknown = sorted(set(options.names) - set(scripts()))
    if unknown:
        parser.error(f"no script {', '.join(unknown)}; there are {', '.join(scripts())}")
    rscript = shutil.which("Rscript")
    if rscript is None:
        sys.stderr.write("Rscript is not installed; tests/reference/r/README.md says what is.\n")
        return 2
    compared, wrong = 0, 0
    for name in options.names or scripts():
        reason = run(name, rscript, options.out)
        if reason is not None:
            sys.stdout.write(f"{name:26} {reason}\n")
            wrong += reason.startswith("failed")
            continue
        outcome = check(name, options.out)
        compared += 1
        wrong += bool(outcome.faults)
        message = f"{len(outcome.faults)} differ" if outcome.faults else "agree"
        sys.stdout.write(
            f"{name:26} {outcome.values:5} values {message}, at most {outcome.worst:.2g} of what is"
            " allowed\n"
        )
        sys.stdout.write("".join(f"    {fault}\n" for fault in outcome.faults))
    return 1 if wrong else (0 if compared else 2)


if __name__ == "__main__":
    sys.exit(main())
