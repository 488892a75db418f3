"""Faults in user input: file, field, value, what is allowed, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.safe_text import one_line
from protocol.shorten import shorten_text

#: Maximum number of characters of each part of a message; a quoted value may be very long.
MAX_FIELD, MAX_PROBLEM, MAX_CURE = 300, 1000, 2000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input.

    ``where`` names the file, command-line option or table; ``field`` is a dotted path in it (empty
    for the whole of it); ``problem`` describes the fault; ``cure`` tells the user what to do.
    """

    where: str
    field: str
    problem: str
    cure: str

    def __str__(self) -> str:
        """Return one line that the user can act on, without terminal control characters.

        >>> print(Fault("patients.csv", "fsh_iu_l", "-3 is below 0", "give a value from 0 to 200"))
        patients.csv: fsh_iu_l: -3 is below 0; give a value from 0 to 200
        """
        field = shorten_text(self.field, MAX_FIELD)
        place = f"{self.where}: {field}" if field else self.where
        problem, cure = shorten_text(self.problem, MAX_PROBLEM), shorten_text(self.cure, MAX_CURE)
        place, problem, cure = one_line(place), one_line(problem), one_line(cure)
        return f"{place}: {problem}; {cure}"


class InputError(Exception):
    """Invalid input. Holds every fault found; the command line exits with status 2."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    @classmethod
    def of(cls, where: str, field: str, problem: str, cure: str) -> "InputError":
        """Make an error of a single fault."""
        return cls([Fault(where, field, problem, cure)])


class ProofError(InputError):
    """A regimen that can be read but violates a required property."""
