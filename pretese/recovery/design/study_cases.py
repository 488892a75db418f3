"""Cases of a study: scenarios with replaced numbers, grids of them, and the expected verdicts."""

from typing import Annotated, Literal

from pydantic import Field

from protocol.reading.documents import Document
from protocol.reading.fields import Identifier, Number, Whole
from simulate.scenario.sections.parameter import Amount

ScaleName = Literal["risk difference", "risk ratio", "odds ratio"]

Name = Identifier


class ExpectedBias(Document):
    """Methods that are expected to be biased, or to have too low coverage.

    The name of a division stands for all its groups and contrasts, unless one is named ("duration:
    > 3"). ``scales`` None means all; otherwise the other scales are expected to be unbiased.
    """

    plan: Name
    methods: tuple[str, ...]
    scales: tuple[ScaleName, ...] | None = None
    reason: str


class Case(Document):
    """A scenario, possibly with replaced numbers, and the expected verdicts of its plans.

    Attributes
    ----------
    scenario
        A shipped name or a file.
    given
        Path of a number in the scenario to the value that replaces it, in the same unit.
    patients
        Per replicate; None: the number of the scenario.
    no_expectation
        Methods (or divisions) by plan without an expected verdict, for example because their
        estimand is only approximately that of the true effect they are compared with.
    """

    scenario: str
    question: str = ""
    given: dict[str, Amount] = Field(default_factory=dict)
    patients: Annotated[Whole, Field(ge=10, le=10_000_000)] | None = None
    plans: Annotated[tuple[Name, ...], Field(min_length=1)]
    biased: tuple[ExpectedBias, ...] = ()
    no_expectation: dict[Name, tuple[str, ...]] = Field(default_factory=dict)


class Axis(Document):
    """One axis of a grid: a number of the scenario, and its value at every tick."""

    label: str
    path: str
    given: Annotated[dict[str, Amount], Field(min_length=2, max_length=100)]


class ScenarioGrid(Document):
    """A scenario simulated in every cell of a grid; cells have no expected verdict."""

    scenario: str
    given: dict[str, Amount] = Field(default_factory=dict)
    patients: Annotated[Whole, Field(ge=10, le=10_000_000)] | None = None
    plan: Name
    down: Axis
    across: Axis

    def cells(self) -> dict[tuple[str, str], dict[str, float]]:
        """Return the replaced numbers of every cell by its ticks, row by row."""
        return {
            (row, column): {self.down.path: first, self.across.path: second}
            for row, first in self.down.given.items()
            for column, second in self.across.given.items()
        }


def cell_name(grid: str, row: int, column: int) -> str:
    """Return the name of the case of a cell; rows and columns count from 1."""
    return f"{grid}-{row}-{column}"


class Tolerance(Document):
    """Limits within which a method is called unbiased.

    ``bias_percent`` is in percent of the empirical standard error: a bias of 20 % lowers the
    coverage of a 95 % interval by half a percentage point. ``coverage_percent`` is on either side
    of 95. ``chance`` is the number of Monte Carlo standard errors attributed to chance; with
    hundreds of verdicts from few replicates, 4 instead of 3 keeps false alarms rare.
    """

    chance: Annotated[Whole, Field(ge=1, le=100)] = 3
    bias_percent: Annotated[Number, Field(ge=0, le=1e6)] = 20
    coverage_percent: Annotated[Number, Field(ge=0, le=100)] = 1
