"""Estimands: the five attributes of ICH E9(R1), attached to every result.

ICH Harmonised Guideline E9(R1), *Addendum on estimands and sensitivity analysis in clinical
trials*, 2019, section A.3.
"""

from dataclasses import dataclass, replace
from typing import Literal

#: Target population of weights.
Target = Literal["ate", "att", "atc", "ato", "atm"]

#: Description of each target population.
POPULATIONS: dict[Target, str] = {
    "ate": "all patients",
    "att": "patients like the treated",
    "atc": "patients like the untreated",
    "ato": "the overlap population (overlap weights)",
    "atm": "the matched population (matching weights)",
}

#: Strategies for intercurrent events (ICH E9(R1), section A.3.2).
Strategy = Literal[
    "treatment policy",
    "hypothetical",
    "composite variable",
    "while on treatment",
    "principal stratum",
    # Not a strategy of the guideline but common in practice; it conditions on post-treatment
    # events.
    "excluded from the analysis",
]


@dataclass(frozen=True, slots=True)
class IntercurrentEvent:
    """An event after the start of treatment that affects the interpretation of the outcome."""

    event: str
    strategy: Strategy


@dataclass(frozen=True, slots=True)
class Estimand:
    """The question that an estimate answers.

    Attributes
    ----------
    population
        The population of the effect, for example "all patients" or "patients like the treated".
    treatment
        The two conditions compared, for example "therapy 1 vs 0".
    variable
        The outcome of one patient, for example "sperm_retrieved".
    summary
        The summary measure and its conditioning, for example "odds ratio, marginal".
    intercurrent
        Events after the start of treatment, each with its strategy; empty means none declared.
    """

    population: str
    treatment: str
    variable: str
    summary: str
    intercurrent: tuple[IntercurrentEvent, ...] = ()

    def among(self, population: str) -> "Estimand":
        """Return the same question asked about another population."""
        return replace(self, population=population)

    def as_(self, summary: str) -> "Estimand":
        """Return the same question with another summary measure."""
        return replace(self, summary=summary)

    def __str__(self) -> str:
        """Return one line for a table or a file.

        >>> print(Estimand("all patients", "therapy 1 vs 0", "sperm_retrieved", "risk difference"))
        risk difference of sperm_retrieved, therapy 1 vs 0, among all patients
        """
        line = f"{self.summary} of {self.variable}, {self.treatment}, among {self.population}"
        events = "; ".join(f"{each.event}: {each.strategy}" for each in self.intercurrent)
        return f"{line} ({events})" if events else line
