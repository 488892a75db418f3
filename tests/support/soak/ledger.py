"""Record of what a soak has tried, kept on disk so that it can be continued."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pretese.io.output.atomic_file import write_file

#: Number of failures kept per subject, and characters of each.
KEPT, LONGEST = 20, 600

HEADER = (
    "| file type or command | faults injected | survived | bad inputs tried | answered with exit 2 "
    "| harmless | bytes lost | failures |\n|---|--:|--:|--:|--:|--:|--:|--:|"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one attempt.

    Attributes
    ----------
    injected, survived
        Kills and full disks, and those without loss whose run was then completed.
    tried, refused, accepted
        Inputs, those refused with a message and exit code 2, and those that turned out harmless:
        valid, or the same table written in another way.
    bytes_lost
        Bytes of the user's files, of earlier results or of finished blocks that are gone.
    failures
        Descriptions of unexpected results.
    """

    injected: int = 0
    survived: int = 0
    tried: int = 0
    refused: int = 0
    accepted: int = 0
    bytes_lost: int = 0
    failures: tuple[str, ...] = ()


@dataclass(slots=True)
class Row:
    """The sum of the outcomes of one subject; ``begun`` attempts have been started."""

    injected: int = 0
    survived: int = 0
    tried: int = 0
    refused: int = 0
    accepted: int = 0
    bytes_lost: int = 0
    begun: int = 0
    exhausted: bool = False
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, found: Outcome) -> None:
        """Add an outcome."""
        for name in ("injected", "survived", "tried", "refused", "accepted", "bytes_lost"):
            setattr(self, name, getattr(self, name) + getattr(found, name))
        self.failed += len(found.failures)
        self.failures += [each[:LONGEST] for each in found.failures]
        del self.failures[KEPT:]

    def line(self, name: str) -> str:
        """Return a row of the table."""
        cells = (self.injected, self.survived, self.tried, self.refused, self.accepted,
                 self.bytes_lost, self.failed)  # fmt: skip
        return f"| {name} | " + " | ".join(f"{n:,}" if n else "0" for n in cells) + " |"


@dataclass(slots=True)
class Ledger:
    """The rows of a soak with a seed on one version of the code."""

    path: Path
    seed: int
    code: str
    rows: dict[str, Row] = field(default_factory=dict)
    running: str = ""

    @classmethod
    def opened(cls, path: Path, seed: int, code: str) -> "Ledger":
        """Return the ledger of an earlier soak with this seed and code, or an empty one."""
        if path.exists():
            found = json.loads(path.read_text("utf-8"))
            if (found["seed"], found["code"]) == (seed, code):
                rows = {name: Row(**row) for name, row in found["rows"].items()}
                ledger = cls(path, seed, code, rows, found["running"])
                ledger._note_what_ended_the_process()
                return ledger
        return cls(path, seed, code)

    def _note_what_ended_the_process(self) -> None:
        if self.running:
            row = self.rows[self.running]
            row.add(Outcome(failures=(f"attempt {row.begun - 1} ended the process",)))
            self.running = ""

    def save(self, running: str = "") -> None:
        """Store the rows, and the subject of the next attempt."""
        self.running = running
        self.path.parent.mkdir(parents=True, exist_ok=True)
        rows = {name: asdict(row) for name, row in self.rows.items()}
        kept = {"seed": self.seed, "code": self.code, "running": running, "rows": rows}
        write_file(self.path, json.dumps(kept, indent=1) + "\n")

    def markdown(self) -> str:
        """Return the table with a row per subject and their sum, then the failures."""
        rows = {name: row for name, row in self.rows.items() if row.begun}
        lines = [row.line(name) for name, row in rows.items()]
        failures = [f"* {name}: `{text}`" for name, row in rows.items() for text in row.failures]
        text = "\n".join([HEADER, *lines, _sum(rows.values()).line("**all**")])
        return text + ("\n\n## Failures\n\n" + "\n".join(failures) if failures else "") + "\n"


def _sum(rows: Iterable[Row]) -> Row:
    total = Row()
    for row in rows:
        total.add(Outcome(row.injected, row.survived, row.tried, row.refused, row.accepted,
                          row.bytes_lost))  # fmt: skip
        total.failed += row.failed
    return total
