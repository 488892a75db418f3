"""Faults in what a person gave us: file, field, what came, what is allowed, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.safe_text import one_line
from protocol.shorten import shorten_text

#: Characters of each part of a line: a value that is quoted in it may be as long as its file.
MAX_FIELD, MAX_PROBLEM, MAX_CURE = 300, 1000, 2000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input.

    ``where`` names the file, command-line option or table; ``field`` is a dotted path in it
    (empty for the whole of it); ``problem`` says what came; ``cure`` says what to do.
    """

    where: str
    field: str
    problem: str
    cure: str

    def __str__(self) -> str:
        """Return one line a person can act on; nothing in it moves the cursor of a terminal.

        >>> print(Fault("patients.csv", "fsh_iu_l", "-3 is below 0", "give a value from 0 to 200"))
        patients.csv: fsh_iu_l: -3 is below 0; give a value from 0 to 200
        """
        field = shorten_text(self.field, MAX_FIELD)
        place = f"{self.where}: {field}" if field else self.where
        problem, cure = shorten_text(self.problem, MAX_PROBLEM), shorten_text(self.cure, MAX_CURE)
        place, problem, cure = one_line(place), one_line(problem), one_line(cure)
        return f"{place}: {problem}; {cure}"


class InputError(Exception):
    """Bad input. Holds every fault found, not the first alone; the door makes it exit code 2."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    @classmethod
    def of(cls, where: str, field: str, problem: str, cure: str) -> "InputError":
        """Make an error of a single fault."""
        return cls([Fault(where, field, problem, cure)])


class ProofError(InputError):
    """A regimen that can be read, and of which something that must hold does not."""
