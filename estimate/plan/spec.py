"""The format of analysis plans: one YAML file for any table of patients."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    ValidationInfo,
    field_validator,
)

from estimate.core.columns import Kind
from estimate.longitudinal.strategies import Strategies
from estimate.methods.offered_methods import check_method
from estimate.methods.shared_work import Choices, ErrorKind
from estimate.plan.choices import (
    Event,
    Label,
    LiveBirthColumns,
    Matching,
    Measured,
    Mediator,
    MissingData,
    Outcome,
    Percent,
    Primary,
    Subgroup,
    check_division,
    name_alone,
    read_kind,
    read_outcome,
    written_kind,
)
from estimate.plan.method_options import (
    NOT_OF_SEVERAL,
    check_clusters,
    check_covariates,
    check_labels,
    check_matching,
    check_mediation,
    check_methods,
    check_missing,
    check_primary,
    check_sampling,
    check_sampling_strata,
    check_splines,
    check_strata,
    check_two_arms,
    read_errors,
    read_levels,
    refuse_undeclared,
    resolve_errors,
)
from estimate.prediction.planned_models import PredictionModel
from protocol.reading.documents import Document
from protocol.reading.fields import Seed, Whole

#: A method that `pretese analyse` offers.
MethodName = Annotated[str, AfterValidator(partial(check_method, door="analyse"))]


def _with_earlier(check: Callable[[Any, Mapping[str, Any]], Any]) -> Callable[..., Any]:
    """Return a validator that checks a field against the fields before it."""

    def validator(value: Any, info: ValidationInfo) -> Any:
        return check(value, info.data)

    return validator


class Plan(Document):
    """An analysis plan.

    Attributes
    ----------
    treatment
        Column of 0 and 1, or of ``treatment_levels``.
    treatment_levels
        Names of three treatments or more, the reference first, which each other is compared with.
    outcome
        The outcome; a name is a column.
    covariates
        Column to kind, in the order in which they enter models and imputation.
    propensity
        Covariates of the propensity score; by default all of them.
    models
        Further adjusted models, name to covariates.
    subgroups
        Names of divisions; the effect is estimated in each group and compared between groups.
    splines
        Numeric covariates whose association with the outcome is drawn as a curve.
    mediation
        Names of divisions into two groups, for each of which the mediation of the second group's
        advantage by treatment is estimated.
    live_birth
        Columns of cumulative live birth over embryo transfers, compared between the arms.
    strategies
        Dynamic treatment strategies, compared in tables of visits and injections.
    mediators
        Mediators of the effect of treatment on a 0/1 outcome, by name.
    predictions
        Published prediction models of a 0/1 outcome to validate, by name.
    mediation_interaction
        Whether the effect of treatment may differ between the two groups of a mediation analysis.
    mediation_sensitivity
        Whether the indirect effects are also computed under correlated errors of treatment and
        outcome, as caused by an unmeasured common cause.
    changes
        Measurements before and after therapy, by display name.
    strata
        Categorical covariates within which a trial balanced its arms by permuted blocks; only for
        `g-computation-randomised`.
    trim_percent
        Propensity scores, in percent, beyond which patients are excluded (of all but `unadjusted`);
        by default no patient is excluded. The population changes.
    truncate_percent
        Percentiles at which inverse-probability weights are cut; by default none are cut.
    cluster
        Column whose rows of equal value are dependent: the couple of an embryo, or a centre.
        Standard errors then allow for dependence within clusters; by default rows are independent.
    sampling_weights
        Column with the number of members of the population that a patient represents; by default
        all have equal weight.
    sampling_strata
        Column with the strata of the survey, from each of which patients (or clusters) were
        sampled; by default there are none.
    errors
        Kind of standard errors, for all methods or by method; other methods use their defaults.
    bootstrap_samples
        Number of samples for bootstrap standard errors.
    mean_sd
        Numeric covariates that Table 1 shows as mean (SD) instead of median [quartiles].
    eligible
        Column of 0 and 1 for eligibility; by default all patients are analysed.
    population
        The population in words, for labels.
    intercurrent
        Intercurrent events, for labels.
    primary
        The primary estimate; the others are then secondary. Without it the report states that the
        plan specifies none.
    labels
        Column to its label in the report, such as ``fsh_iu_l: "FSH, IU/L"``; by default the name of
        the column.
    """

    treatment: str
    treatment_levels: Annotated[tuple[str, ...], BeforeValidator(read_levels)] = ()
    outcome: Annotated[Outcome, BeforeValidator(read_outcome, json_schema_input_type=Outcome | str)]
    covariates: dict[str, Annotated[Kind, PlainValidator(read_kind)]] = Field(default_factory=dict)
    methods: Annotated[tuple[MethodName, ...], Field(min_length=1)]
    models: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    propensity: tuple[str, ...] | None = None
    matching: Matching = Matching()
    subgroups: dict[str, Subgroup] = Field(default_factory=dict)
    splines: tuple[str, ...] = ()
    mediation: tuple[str, ...] = ()
    mediators: dict[str, Mediator] = Field(default_factory=dict)
    mediation_interaction: bool = False
    mediation_sensitivity: bool = False
    live_birth: LiveBirthColumns | None = None
    strategies: Strategies | None = None
    predictions: dict[str, PredictionModel] = Field(default_factory=dict)
    changes: dict[str, Measured] = Field(default_factory=dict)
    strata: tuple[str, ...] = ()
    trim_percent: tuple[Percent, Percent] | None = None
    truncate_percent: tuple[Percent, Percent] | None = None
    missing: Annotated[
        MissingData, BeforeValidator(name_alone, json_schema_input_type=MissingData | str)
    ] = MissingData()
    cluster: Annotated[str | None, Field(validate_default=True)] = None
    sampling_weights: str | None = None
    sampling_strata: str | None = None
    errors: Annotated[dict[str, ErrorKind], BeforeValidator(read_errors)] = Field(
        default_factory=dict
    )
    bootstrap_samples: Annotated[Whole, Field(ge=50, le=100_000)] = 1000
    mean_sd: tuple[str, ...] = ()
    eligible: str | None = None
    population: str | None = None
    intercurrent: tuple[Event, ...] = ()
    primary: Primary | None = None
    labels: Annotated[dict[str, Label], Field(max_length=500)] = Field(default_factory=dict)
    seed: Seed = 0

    _two_arms_alone = field_validator(*NOT_OF_SEVERAL)(check_two_arms)

    @field_validator("outcome")
    @classmethod
    def _outcome_is_not_treatment(cls, value: Outcome, info: ValidationInfo) -> Outcome:
        if info.data.get("treatment") in value.columns:
            raise ValueError("name another column than the treatment")
        return value

    _covariates_are_neither = field_validator("covariates")(_with_earlier(check_covariates))
    _methods_have_what_they_need = field_validator("methods")(_with_earlier(check_methods))
    _methods_allow_for_clusters = field_validator("cluster")(_with_earlier(check_clusters))
    _methods_take_weights = field_validator("sampling_weights")(_with_earlier(check_sampling))
    _strata_have_weights = field_validator("sampling_strata")(_with_earlier(check_sampling_strata))
    _methods_have_these_errors = field_validator("errors")(_with_earlier(resolve_errors))

    @field_validator("propensity", "mean_sd")
    @classmethod
    def _names_are_declared(cls, value: tuple[str, ...] | None, info: ValidationInfo) -> Any:
        refuse_undeclared(value or (), info.data)
        return value

    @field_validator("models")
    @classmethod
    def _models_use_declared(
        cls, value: dict[str, tuple[str, ...]], info: ValidationInfo
    ) -> dict[str, tuple[str, ...]]:
        for names in value.values():
            refuse_undeclared(names, info.data)
        return value

    @field_validator("subgroups")
    @classmethod
    def _subgroups_fit_their_covariate(
        cls, value: dict[str, Subgroup], info: ValidationInfo
    ) -> dict[str, Subgroup]:
        for name, group in value.items():
            refuse_undeclared((group.by,), info.data)
            check_division(
                name, group, info.data.get("covariates", {}).get(group.by), by_value=True
            )
        return value

    _splines_bend_numbers = field_validator("splines")(_with_earlier(check_splines))
    _mediation_has_two_groups = field_validator("mediation")(_with_earlier(check_mediation))

    @field_validator("mediation_interaction", "mediation_sensitivity")
    @classmethod
    def _mediation_is_planned(cls, value: bool, info: ValidationInfo) -> bool:
        if value and not info.data.get("mediation"):
            raise ValueError("name a division under mediation first")
        return value

    @field_validator("strata")
    @classmethod
    def _strata_are_categories(cls, value: tuple[str, ...], info: ValidationInfo) -> Any:
        refuse_undeclared(value, info.data)
        return check_strata(value, info.data)

    _predictors_are_covariates = field_validator("missing")(_with_earlier(check_missing))
    _exact_is_categorical = field_validator("matching")(_with_earlier(check_matching))

    @field_validator("primary")
    @classmethod
    def _primary_is_estimated(cls, value: Primary | None, info: ValidationInfo) -> Primary | None:
        return check_primary(value, info.data)

    @field_validator("labels")
    @classmethod
    def _labels_are_of_columns(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        return check_labels(value, info.data)

    @field_validator("trim_percent", "truncate_percent")
    @classmethod
    def _percentiles_are_in_order(
        cls, value: tuple[float, float] | None
    ) -> tuple[float, float] | None:
        if value is not None and not 0 <= value[0] < value[1] <= 100:
            raise ValueError("give two numbers from 0 to 100, the smaller first")
        return value

    def as_written(self) -> dict[str, Any]:
        """Return the plan in the form of a file, without fields at their defaults."""
        outcome: Any = self.outcome.model_dump(mode="json", exclude_defaults=True)
        if set(outcome) == {"column"}:
            outcome = self.outcome.name
        found = self.model_dump(mode="json", exclude_defaults=True, exclude={"covariates"})
        found["outcome"] = outcome
        covariates = {name: written_kind(kind) for name, kind in self.covariates.items()}
        return {**found, "covariates": covariates} if covariates else found

    @property
    def kinds(self) -> dict[str, Kind]:
        """Covariates with their kinds."""
        return dict(self.covariates)

    @property
    def choices(self) -> Choices:
        """The options of the plan for its methods."""
        percent = self.truncate_percent
        return Choices(
            propensity=self.propensity,
            matching=self.matching.rule,
            truncate=None if percent is None else (percent[0] / 100, percent[1] / 100),
            strata=self.strata,
            errors=self.errors,
            samples=self.bootstrap_samples,
            seed=self.seed,
        )
