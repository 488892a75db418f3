"""Fields of a study file: cases (data-generating mechanisms), analysis plans, expected verdicts."""

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
from estimate.longitudinal.strategies import Strategies
from estimate.methods.offered_methods import check_method
from estimate.methods.registry import METHODS
from estimate.methods.shared_work import Choices, ErrorKind
from estimate.plan.choices import Matching, Subgroup, check_division, name_alone
from estimate.plan.method_options import read_errors, resolve_errors
from pretese.recovery.design.study_cases import (
    Case,
    Name,
    ScaleName,
    ScenarioGrid,
    Tolerance,
    cell_name,
)
from protocol.reading.documents import Document
from protocol.reading.fields import Seed, Whole
from simulate.core.coding import ARMS, BASELINE, DIAGNOSES
from simulate.endpoints import check_endpoint

#: A method that `pretese recover` offers.
MethodName = Annotated[str, AfterValidator(partial(check_method, door="recover"))]

CovariateName = Literal["diagnosis", *BASELINE]  # type: ignore[valid-type]  # names live in one place

#: Separates a division from its group in the name of a subgroup estimate.
OF = ": "

#: Analyses of two dynamic strategies: patients who ever had the drug against the others, clones
#: unweighted and weighted, iterated regressions.
STRATEGY_STEPS = ("ever-treated", "per-protocol", "clone-censor-weight", "g-formula")


def covariate_kind(covariate: str) -> Kind:
    """Return the kind of a column of the simulated patients."""
    return Categorical(DIAGNOSES) if covariate == "diagnosis" else Numeric()


class MissingData(Document):
    """Handling of missing covariates in each replicate."""

    method: Literal["mice", "complete-case"] = "complete-case"
    imputations: Annotated[Whole, Field(ge=2, le=1000)] = 20
    iterations: Annotated[Whole, Field(ge=1, le=1000)] = 10


def _names_alone(value: Any) -> Any:
    """Accept a plan for `pretese analyse`, which declares the kinds of its covariates."""
    return tuple(value) if isinstance(value, dict) else value


class StudyPlan(Document):
    """Analyses of every replicate.

    A plan for `pretese analyse` that uses only these fields is also a plan for a study.

    Attributes
    ----------
    treatment
        Always the gonadotropin therapy.
    outcome
        An endpoint (`simulate.endpoints.ENDPOINTS`).
    eligible
        Patients analysed: everyone, or the patients operated on. Surgery follows therapy and
        depends on it; the true effect among operated patients is therefore that in the principal
        stratum of patients who would be operated on under both arms.
    covariates
        Of the outcome model, the propensity score and the imputation.
    scales
        Of methods that estimate on several; a regression has the scale of its coefficient only.
    matching
        As in a plan for `pretese analyse`. Matching methods need ``focal``, because it determines
        the true effect, which must not depend on the replicate.
    subgroups
        Divisions by name, as in a plan for `pretese analyse`: the odds ratio in each group, and
        its ratio to that of the first.
    errors
        Kind of standard errors by method, as in a plan for `pretese analyse`; not by bootstrap,
        which would repeat every method for every sample of every replicate.
    strategies
        As in a plan for `pretese analyse`, two of them: that of the untreated arm, then that of the
        treated one. They are compared by every analysis of `STRATEGY_STEPS`.
    bootstrap_samples
        Of the g-formula, in each replicate.
    seed
        Not used: the random numbers of imputation depend on the seed of the study and the
        replicate.
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
    errors: Annotated[dict[str, ErrorKind], BeforeValidator(read_errors)] = Field(
        default_factory=dict
    )
    strategies: Strategies | None = None
    bootstrap_samples: Annotated[Whole, Field(ge=50, le=100_000)] = 100
    seed: Seed | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        """Methods, divisions and strategies: everything that may have an expected verdict."""
        return (*self.methods, *self.subgroups, *(STRATEGY_STEPS if self.strategies else ()))

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
            raise ValueError(f"{needy[0]} needs covariates; list them, or plan only `unadjusted`")
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
        """The options of the plan for its methods."""
        return Choices(matching=self.matching.rule, errors=self.errors)

    @field_validator("errors")
    @classmethod
    def _methods_have_these_errors(
        cls, value: dict[str, ErrorKind], info: ValidationInfo
    ) -> dict[str, ErrorKind]:
        if "bootstrap" in value.values():
            raise ValueError("bootstrap is not available in a study; choose errors by formula")
        return resolve_errors(value, {"methods": info.data.get("methods", ())})

    @field_validator("strategies")
    @classmethod
    def _strategies_are_of_the_arms(cls, value: Strategies | None) -> Strategies | None:
        if value is not None and len(value.compare) != len(ARMS):
            raise ValueError(
                "compare two strategies: that of the untreated arm, then that of the treated one"
            )
        if value is not None and value.structural_model is not None:
            raise ValueError("leave `structural_model` out: its true effect is not simulated")
        return value

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


class StudySpec(Document):
    """A whole study.

    Attributes
    ----------
    seed
        Base seed of every case: replicates are paired across cases and plans.
    truth_patients
        Patients over whom the true population effects are averaged, in each case.
    """

    id: Name
    aim: str
    seed: Seed = 2024
    truth_patients: Annotated[Whole, Field(ge=1000, le=1_000_000_000)] = 1_000_000
    tolerance: Tolerance = Tolerance()
    plans: dict[Name, StudyPlan]
    cases: dict[Name, Case]
    grids: dict[Name, ScenarioGrid] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_are_known(self) -> "StudySpec":
        for name, case in self.cases.items():
            expected = [(each.plan, each.methods) for each in case.biased]
            expected += list(case.no_expectation.items())
            for plan in case.plans:
                if plan not in self.plans:
                    raise ValueError(f"case {name}: there is no plan {plan!r}")
            for plan, methods in expected:
                if plan not in case.plans:
                    raise ValueError(
                        f"case {name}: it does not run {plan!r}, for which a verdict is expected"
                    )
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
                    patients=grid.patients,
                    plans=(grid.plan,),
                    no_expectation={grid.plan: steps},
                )
        return found

    def only(self, names: Collection[str]) -> "StudySpec":
        """Return the study of the named cases and grids only."""
        return self.model_copy(
            update={
                "cases": {name: case for name, case in self.cases.items() if name in names},
                "grids": {name: grid for name, grid in self.grids.items() if name in names},
            }
        )
