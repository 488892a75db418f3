"""The request of the cohort page: scenario, size, seed and changed numbers, all in its address."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from pretese.api import shipped_names
from pretese.api.simulation import read_scenario
from pretese.api.simulation.cohorts import Cohort
from pretese.api.simulation.scenarios import Scenario
from protocol.errors import InputError
from protocol.reading.numbers import read_number

#: Fields of the form with their defaults; a link contains those that differ.
DEFAULTS = {"scenario": "paper", "patients": "500", "seed": "1"}

#: Minimum and maximum number of patients that a page simulates.
FEWEST, MOST = 50, 1000

#: Prefix of the path of a changed number of the scenario.
CHANGE = "set."


@dataclass(frozen=True, slots=True)
class CohortQuestion:
    """A cohort to simulate; ``changes`` maps paths of numbers of the scenario to new values."""

    scenario: str
    patients: int
    seed: int
    changes: Mapping[str, float]

    def read_scenario(self) -> Scenario:
        """Return the scenario with the changed numbers.

        Raises
        ------
        InputError
            A number does not exist, or its value is not allowed.
        """
        return read_scenario.scenario(self.scenario, self.changes)

    def simulated(self, scenario: Scenario) -> Cohort:
        """Return the cohort; it is simulated when its tables are used."""
        return scenario.simulate(self.patients, seed=self.seed)

    def query(self) -> dict[str, str]:
        """Return the fields that differ from their defaults."""
        given = {
            "scenario": self.scenario,
            "patients": str(self.patients),
            "seed": str(self.seed),
        }
        changed = {f"{CHANGE}{path}": repr(value) for path, value in self.changes.items()}
        return {**{k: v for k, v in given.items() if v != DEFAULTS[k]}, **changed}

    def link(self, language: str, address: str = "/cohort", **more: str) -> str:
        """Return the address of a page with this request."""
        return f"{address}?" + urlencode({**self.query(), **more, "lang": language})

    def python(self) -> str:
        """Return Python code that simulates the same cohort."""
        lines = "".join(f"\n    {path!r}: {value!r}," for path, value in self.changes.items())
        changes = f", changes={{{lines}\n}}" if lines else ""
        return (
            f"import pretese as pt\n\nscenario = pt.scenario({self.scenario!r}{changes})\n"
            f"cohort = scenario.simulate({self.patients}, seed={self.seed})\n"
            "print(cohort.patients)"
        )

    def command(self, formats: str = "csv") -> str:
        """Return a command line that writes the same cohort."""
        words = [f"pretese simulate {self.scenario} --patients {self.patients} --seed {self.seed}"]
        words += [f"--set {path}={value!r}" for path, value in self.changes.items()]
        return " \\\n  ".join([*words, f"--format {formats} --out cohort"])


def cohort_question(entries: Mapping[str, str]) -> CohortQuestion:
    """Read the fields of the form; empty fields leave the value of the scenario.

    Raises
    ------
    InputError
        A value is not a number within its limits, or the scenario is not a shipped one.
    """
    given = {**DEFAULTS, **{k: v.strip() for k, v in entries.items() if v.strip()}}
    names = shipped_names.shipped().scenarios
    if given["scenario"] not in names:  # a path could open files of the server
        problem = f"{given['scenario'][:60]!r} is not a shipped scenario"
        raise InputError.of("cohort", "scenario", problem, f"choose from {', '.join(names)}")
    changes = {
        key.removeprefix(CHANGE): _number(key.removeprefix(CHANGE), value)
        for key, value in given.items()
        if key.startswith(CHANGE)
    }
    return CohortQuestion(
        given["scenario"],
        _whole("patients", given["patients"], FEWEST, MOST),
        _whole("seed", given["seed"], 0, 2**32 - 1),
        changes,
    )


def _number(name: str, text: str) -> float:
    return read_number(text.replace(",", "."), f"cohort: {name[:80]}", "")


def _whole(name: str, text: str, low: int, high: int) -> int:
    number = _number(name, text)
    if number != int(number) or not low <= number <= high:
        cure = f"give a whole number from {low} to {high}"
        raise InputError.of("cohort", name, f"{text[:30]} is not allowed", cure)
    return int(number)
