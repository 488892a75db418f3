"""What a study file may say: cases of nature, plans of analysis, and which must fail, and why."""

from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from estimate.core.columns import Categorical, Kind, Numeric
from estimate.methods.registry import METHODS, check_method
from estimate.methods.shared_work import Choices
from estimate.plan.choices import Matching, Subgroup, name_alone
from estimate.plan.spec import check_division
from protocol.reading.documents import Document
from protocol.reading.fields import Identifier, Number, Seed, Whole
from simulate.core.coding import BASELINE, DIAGNOSES
from simulate.endpoints import check_endpoint
from simulate.scenario.sections.parameter import Amount

#: A method that `pretese recover` offers.
MethodName = Annotated[str, AfterValidator(partial(check_method, door="recover"))]

ScaleName = Literal["risk difference", "risk ratio", "odds ratio"]
CovariateName = Literal["diagnosis", *BASELINE]  # type: ignore[valid-type]  # names live in one place

Name = Identifier


#: Separates a division from its group, in the name of an answer about a subgroup.
OF = ": "


def covariate_kind(covariate: str) -> Kind:
    """Return the kind of a column of the simulated men."""
    return Categorical(DIAGNOSES) if covariate == "diagnosis" else Numeric()


class MissingData(Document):
    """How missing covariates are dealt with, in each replicate."""

    method: Literal["mice", "complete-case"] = "complete-case"
    imputations: Annotated[Whole, Field(ge=2, le=1000)] = 20
    iterations: Annotated[Whole, Field(ge=1, le=1000)] = 10


def _names_alone(value: Any) -> Any:
    """Let a plan for `pretese analyse`, which says the kinds of its covariates, serve here too."""
    return tuple(value) if isinstance(value, dict) else value


class StudyPlan(Document):
    """What is estimated in every replicate.

    A plan for `pretese analyse` that uses no more than these fields is one for a study as well.

    Attributes
    ----------
    treatment
        The only one there is.
    outcome
        An endpoint (`simulate.endpoints.ENDPOINTS`).
    eligible
        Who is analysed: everyone, or the men operated on. Surgery comes after therapy and depends
        on it, so that the true effect among the operated is that among men who would be operated
        on either way (principal stratum).
    covariates
        Of the outcome model, the propensity score and the imputation.
    scales
        Of methods that answer on several; a regression gives the scale of its coefficient alone.
    matching
        As in a plan for `pretese analyse`, but that methods which match need ``focal``: it decides
        the true effect, which must not depend on the replicate.
    subgroups
        Divisions by name, as in a plan for `pretese analyse`: the odds ratio in each group, and
        its ratio to that of the first.
    seed
        Not used: the dice of imputation follow the seed of the study and the replicate.
    """

    treatment: Literal["gonadotropin_therapy"] = "gonadotropin_therapy"
    outcome: Annotated[str, AfterValidator(check_endpoint)] = "any_sperm"
    eligible: Literal["everyone", "micro_tese"] = "everyone"
    covariates: Annotated[tuple[CovariateName, ...], BeforeValidator(_names_alone)] = ()
    methods: Annotated[tuple[MethodName, ...], Field(min_length=1)]
    scales: Annotated[tuple[ScaleName, ...], Field(min_length=1)] = (
        "risk difference",
        "odds ratio",
    )
    matching: Matching = Matching()
    subgroups: dict[str, Subgroup] = Field(default_factory=dict)
    missing: Annotated[MissingData, BeforeValidator(name_alone)] = MissingData()
    seed: Seed | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        """Methods and divisions: all of which something may be claimed."""
        return (*self.methods, *self.subgroups)

    @field_validator("methods", "covariates", "scales")
    @classmethod
    def _nothing_twice(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("something is listed twice")
        return value

    @field_validator("methods")
    @classmethod
    def _methods_have_covariates(
        cls, value: tuple[str, ...], info: ValidationInfo
    ) -> tuple[str, ...]:
        needy = [method for method in value if METHODS[method].needs]
        if needy and not info.data.get("covariates"):
            raise ValueError(f"{needy[0]} needs covariates; list them, or plan `unadjusted` alone")
        return value

    @field_validator("matching")
    @classmethod
    def _exact_is_categorical(cls, value: Matching, info: ValidationInfo) -> Matching:
        if value.exact is None:
            return value
        if value.exact not in info.data.get("covariates", (value.exact,)):
            raise ValueError(f"exact: declare {value.exact} under covariates first")
        if not isinstance(covariate_kind(value.exact), Categorical):
            raise ValueError(f"exact: {value.exact} is not a categorical covariate")
        return value

    @model_validator(mode="after")
    def _matched_arm_is_named(self) -> "StudyPlan":
        pairing = [name for name in self.methods if METHODS[name].target == "focal"]
        if pairing and self.matching.focal is None:
            raise ValueError(
                f"{pairing[0]} estimates the effect in the arm that is matched; name it: write "
                "matching: {focal: untreated} (or treated)"
            )
        return self

    @property
    def choices(self) -> Choices:
        """What the plan chooses for its methods."""
        return Choices(matching=self.matching.rule)

    @field_validator("subgroups")
    @classmethod
    def _subgroups_fit_their_covariate(
        cls, value: dict[str, Subgroup], info: ValidationInfo
    ) -> dict[str, Subgroup]:
        for name, group in value.items():
            if group.by not in info.data.get("covariates", ()):
                raise ValueError(f"declare {group.by} under covariates first")
            if OF in name:
                raise ValueError(f"{name}: write it without a colon")
            check_division(name, group, covariate_kind(group.by))
        return value


class ExpectedFailure(Document):
    """Methods that must not recover the truth; if they do, the test that claims it is blind.

    The name of a division stands for all its groups and contrasts, unless one is named ("duration:
    > 3"). ``scales`` None means all; the other scales are then expected to recover.
    """

    plan: Name
    methods: tuple[str, ...]
    scales: tuple[ScaleName, ...] | None = None
    because: str


class Case(Document):
    """A scenario, perhaps with numbers replaced, and what is claimed of the plans in it.

    Attributes
    ----------
    scenario
        A shipped name or a file.
    given
        Path of a number in the scenario to the value that takes its place, in the same unit.
    men
        Per replicate; None takes the scenario's.
    no_claim
        Methods (or divisions) by plan of which nothing is claimed, for example because their
        estimand is only nearly that of the truth they are compared with.
    """

    scenario: str
    question: str = ""
    given: dict[str, Amount] = Field(default_factory=dict)
    men: Annotated[Whole, Field(ge=10, le=10_000_000)] | None = None
    plans: Annotated[tuple[Name, ...], Field(min_length=1)]
    fails: tuple[ExpectedFailure, ...] = ()
    no_claim: dict[Name, tuple[str, ...]] = Field(default_factory=dict)


class Axis(Document):
    """One direction of a grid: a number of the scenario, and its value at every tick."""

    label: str
    path: str
    given: Annotated[dict[str, Amount], Field(min_length=2, max_length=100)]


class ScenarioGrid(Document):
    """A scenario drawn anew in every cell of a grid of nuisances; of cells nothing is claimed."""

    scenario: str
    given: dict[str, Amount] = Field(default_factory=dict)
    men: Annotated[Whole, Field(ge=10, le=10_000_000)] | None = None
    plan: Name
    down: Axis
    across: Axis

    def cells(self) -> dict[tuple[str, str], dict[str, float]]:
        """Return the numbers replaced in every cell, by its ticks, row after row."""
        return {
            (row, column): {self.down.path: first, self.across.path: second}
            for row, first in self.down.given.items()
            for column, second in self.across.given.items()
        }


def cell_name(grid: str, row: int, column: int) -> str:
    """Return the name of the case of a cell; rows and columns count from 1."""
    return f"{grid}-{row}-{column}"


class Tolerance(Document):
    """What still counts as recovery.

    ``bias_percent`` is of the empirical standard error: 20 lower the coverage of a 95 % interval
    by half a point. ``coverage_percent`` is on either side of 95. ``chance`` is how many
    Monte Carlo standard errors are laid to chance; where hundreds of verdicts of few replicates
    are judged at once, 4 rather than 3 keep chance from being taken for a fault.
    """

    chance: Annotated[Whole, Field(ge=1, le=100)] = 3
    bias_percent: Annotated[Number, Field(ge=0, le=1e6)] = 20
    coverage_percent: Annotated[Number, Field(ge=0, le=100)] = 1


class StudySpec(Document):
    """A whole study.

    Attributes
    ----------
    seed
        Root of the luck of every case: replicates are paired across cases and plans.
    truth_men
        Men over whom the true population effects are averaged, in each case.
    """

    id: Name
    aim: str
    seed: Seed = 2024
    truth_men: Annotated[Whole, Field(ge=1000, le=1_000_000_000)] = 1_000_000
    tolerance: Tolerance = Tolerance()
    plans: dict[Name, StudyPlan]
    cases: dict[Name, Case]
    grids: dict[Name, ScenarioGrid] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_are_known(self) -> "StudySpec":
        for name, case in self.cases.items():
            claimed = [(each.plan, each.methods) for each in case.fails]
            claimed += list(case.no_claim.items())
            for plan in case.plans:
                if plan not in self.plans:
                    raise ValueError(f"case {name}: there is no plan {plan!r}")
            for plan, methods in claimed:
                if plan not in case.plans:
                    raise ValueError(f"case {name}: a claim about {plan!r}, which it does not run")
                strange = {each.split(OF)[0] for each in methods} - set(self.plans[plan].steps)
                if strange:
                    raise ValueError(f"case {name}: {plan} has no {min(strange)}")
        for name, grid in self.grids.items():
            if grid.plan not in self.plans:
                raise ValueError(f"grid {name}: there is no plan {grid.plan!r}")
        return self

    def all_cases(self) -> dict[str, Case]:
        """Return the cases, and those of the cells of every grid."""
        found = dict(self.cases)
        for name, grid in self.grids.items():
            steps, columns = self.plans[grid.plan].steps, len(grid.across.given)
            for index, given in enumerate(grid.cells().values()):
                cell = cell_name(name, index // columns + 1, index % columns + 1)
                found[cell] = Case(
                    scenario=grid.scenario,
                    given={**grid.given, **given},
                    men=grid.men,
                    plans=(grid.plan,),
                    no_claim={grid.plan: steps},
                )
        return found

    def only(self, names: Collection[str]) -> "StudySpec":
        """Return the study of the named cases and grids alone."""
        return self.model_copy(
            update={
                "cases": {name: case for name, case in self.cases.items() if name in names},
                "grids": {name: grid for name, grid in self.grids.items() if name in names},
            }
        )
