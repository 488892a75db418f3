"""A clinic's own regimen files. Every process reads them, so they must not change during a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from protocol.errors import Fault, InputError
from protocol.reading.documents import read_text
from protocol.reading.stored import content_hash
from protocol.regimen.load import list_regimens
from simulate.scenario import Scenario


@dataclass(frozen=True, slots=True)
class RegimenFiles:
    """Regimen files that a run rests on: path to the SHA-256 of the text, when the run began."""

    hashes: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse to go on if a file has changed.

        Raises
        ------
        InputError
            It changed: some patients may have been given the old regimen, and some the new one.
        """
        changed = [name for name, old in self.hashes.items() if _hash(name) != old]
        if changed:
            cure = "put the old file back and run again, or run the new one into a new folder"
            raise InputError(Fault(name, "", "it changed during the run", cure) for name in changed)


def regimen_files(scenario: Scenario | None) -> RegimenFiles:
    """Return the regimen files of a scenario's arms; shipped regimens are part of the program."""
    arms = scenario.arms.values() if scenario else ()
    names = {arm.regimen for arm in arms} - set(list_regimens())
    return RegimenFiles({name: _hash(name) for name in sorted(names)})


def _hash(name: str) -> str:
    try:
        return content_hash(read_text(Path(name)))
    except InputError:  # reported where the regimen is read
        return ""
