"""One table: each task before and now, its best peer, and its minimum time.

CPU seconds on one core, measured in turn, the minimum of several runs. "Before" is an older commit,
run on the same machine at the same time. Peers that are not installed are reported as such: R with
the packages rpact and mice, JAX in the interpreter that PEER_PYTHON names (or in this one).
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench_startup import BEFORE, ROOT, unpacked
from benchmarks.table import sizes
from benchmarks.table.served import Server

HERE = Path(__file__).parent / "table"
HEADER = ("work", f"before ({BEFORE})", "after", "best peer", "ratio", "limit", "ratio to limit")

#: Rounds of every task; the minimum is least affected by an intermittent background load.
ROUNDS = 3


@dataclass(frozen=True)
class Row:
    """A task: its description, unit, number of repeats in one run, peers, and limiting factor."""

    words: str
    unit: str
    times: int
    peers: Mapping[str, str]
    limit: str = ""

    @property
    def scale(self) -> float:
        """Shown units per second of a run."""
        return {"µs": 1e6, "ns": 1e9, "ms": 1e3}[self.unit] / self.times


_LOOPS = {"python": "statsmodels", "jax": "JAX vmap", "R": "R glm.fit"}
_CURVE = len(sizes.CURVE) * sizes.CURVE_TRIALS

ROWS: Mapping[str, Row] = {
    "logistic": Row(
        "logistic fit, 600 patients, 8 coefficients", "µs", sizes.FITS, _LOOPS, "exp only"
    ),
    "fitted": Row("simulate and fit a trial of 600", "µs", sizes.TRIALS, _LOOPS, "its numbers"),
    "normals": Row(
        "a normal of 2,000 studies of 60", "ns", 120_000, {"jax": "JAX"}, "numpy, one stream"
    ),
    "cohort": Row(
        "a cohort of 569 to retrieval, both arms", "µs", sizes.STUDIES, {}, "its numbers"
    ),
    "tables": Row("the tables of a cohort of 569", "ms", 1, {}),
    "score": Row(
        "trial of 600 from a scenario, score test", "µs", sizes.SCENARIO_TRIALS, {}, "its numbers"
    ),
    "adjusted": Row(
        "trial of 600, adjusted, eight sites", "µs", sizes.SCENARIO_TRIALS, {}, "its numbers"
    ),
    "curve": Row(
        f"power curve, {len(sizes.CURVE)} sizes, a trial of each, adjusted, interpolated", "µs",
        _CURVE, {}, "numbers of the largest",
    ),
    "counts": Row(
        "trial of three analyses, by counts", "µs", sizes.COUNTED, {"R": "rpact"}, "its numbers"
    ),
    "clinic": Row(
        "a patient of a small clinic, with its log", "µs", sizes.CLINIC_PATIENTS,
        {"python": "Ciw"}, "SimPy only",
    ),
    "fisher": Row(
        "Fisher, 2 x 4, 1,600 patients", "ms", 1,
        {"R": "R fisher.test", "python": "scipy, 10,000 random tables"},
    ),
    "imputation": Row(
        "multiple imputation, 542 patients, 20 x 10", "ms", 1, {"R": "R mice"}
    ),
}  # fmt: skip

Found = dict[str, float | str]


def main() -> None:
    wanted = [name for name in sys.argv[1:] if name in ROWS] or list(ROWS)
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|")
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        servers = {
            key: stack.enter_context(server) for key, server in _servers(Path(folder) / "before")
        }
        peers: list[str] = []
        for name in wanted:
            found = _measured(name, servers)
            print(_line(ROWS[name], found), flush=True)
            peers += _peer_lines(ROWS[name], found)
        print("\nAll peers:\n" + "\n".join(peers))


def _servers(before: Path) -> Iterator[tuple[str, Server]]:
    """Yield a process for each column; a missing peer reports that it is missing."""
    works = [sys.executable, "-P", str(HERE / "works.py")]
    if (older := unpacked(before)) is not None:
        yield "before", Server(works, older)
    yield "after", Server(works, ROOT)
    yield "limit", Server([sys.executable, str(HERE / "limits.py")], ROOT)
    yield "python", Server([sys.executable, str(HERE / "peers" / "python.py")])
    jax = os.environ.get("PEER_PYTHON", sys.executable)
    yield "jax", Server([jax, str(HERE / "peers" / "jax_vmap.py")])
    if rscript := shutil.which("Rscript"):
        program = [rscript, "--vanilla", str(HERE / "peers" / "peers.R"), str(sizes.COHORT)]
        yield "R", Server(program)


def _measured(name: str, servers: Mapping[str, Server]) -> Found:
    """Return the minimum CPU seconds of a task in every column, or the reason for none."""
    row = ROWS[name]
    asked = [key for key in ("before", "after") if key in servers]
    asked += ["limit"] * bool(row.limit)
    found: Found = {key: "not installed" for key in row.peers if key not in servers}
    asked += [key for key in row.peers if key in servers]
    for _ in range(ROUNDS):
        for key in asked:
            took = servers[key].seconds(name)
            best = found.get(key, took)
            both = isinstance(best, float) and isinstance(took, float)
            found[key] = min(best, took) if both else best
    return found


def _line(row: Row, found: Found) -> str:
    seconds = {key: value for key, value in found.items() if isinstance(value, float)}
    peers = {key: value for key, value in seconds.items() if key in row.peers}
    best = min(peers, key=lambda key: peers[key], default=None)
    absent = "; ".join(f"{row.peers[key]}: {found[key]}" for key in row.peers if key not in peers)
    cells = (
        f"{row.words} ({row.unit})",
        _shown(row, found.get("before", "")),
        _shown(row, found.get("after", "")),
        f"{peers[best] * row.scale:,.1f} {row.peers[best]}" if best else absent,
        _ratio(peers[best] if best else None, seconds.get("after")),
        f"{seconds['limit'] * row.scale:,.1f} {row.limit}" if "limit" in seconds else "",
        _ratio(seconds.get("after"), seconds.get("limit")),
    )
    return "| " + " | ".join(cells) + " |"


def _peer_lines(row: Row, found: Found) -> list[str]:
    """Return each peer of a task with its ratio to our time."""
    after, lines = found.get("after"), []
    for key, words in row.peers.items():
        took = found[key]
        ratio = f" ({took / after:.1f} times ours)" if _numbers(took, after) else ""
        lines.append(f"- {row.words}: {words} {_shown(row, took)}{ratio}")
    return lines


def _numbers(*values: object) -> bool:
    return all(isinstance(value, float) for value in values)


def _shown(row: Row, value: float | str) -> str:
    return f"{value * row.scale:,.1f}" if isinstance(value, float) else value


def _ratio(above: float | None, below: float | None) -> str:
    return f"{above / below:.2f}" if above and below else ""


if __name__ == "__main__":
    main()
