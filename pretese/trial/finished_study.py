"""A finished power study: document, simulated trials, and their folder."""

import shutil
import weakref
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from pretese.io.text.json_text import to_json
from pretese.trial.power.study import (
    StudiedDesign,
)
from pretese.trial.power.trial_tables import write_trials


class ScratchFolder:
    """A temporary folder, deleted when it is no longer referenced, at the latest at exit."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="pretese-"))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class PowerRun:
    """A finished study.

    Attributes
    ----------
    document
        The results as plain values.
    designs
        The designs with their simulated trials.
    results
        Folder of tables, figures and trials; None if none was requested.
    scratch
        Temporary folder of the replicates.
    """

    document: dict[str, Any]
    designs: list[StudiedDesign]
    results: Path | None
    scratch: ScratchFolder | None

    def archive(self) -> Path:
        """Return a folder with document, design files and trials; it is created on first use."""
        if self.results is not None:
            return self.results
        assert self.scratch is not None  # noqa: S101  one of the two always exists
        folder = self.scratch.path / "results"
        if not folder.exists():
            folder.mkdir()
            write_archive(folder, self.designs, self.document)
        return folder


def write_archive(folder: Path, designs: list[StudiedDesign], document: dict[str, Any]) -> None:
    """Write the design files as they were read, every trial, and the document."""
    for each in designs:
        (folder / f"{each.design.id}.yaml").write_bytes(each.planned.text.encode())
        write_trials(each.results, folder / f"{each.design.id}.parquet")
    (folder / "power.json").write_text(to_json(document) + "\n", encoding="utf-8")
