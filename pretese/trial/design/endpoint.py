"""Endpoints of a trial, their analyses, and the estimands that follow."""

from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from estimate.comparison.count_tests import COUNT_METHODS, EXACT_TESTS, CountTest
from estimate.core.estimand import Estimand, IntercurrentEvent, Strategy
from estimate.core.result import RATIOS, Scale
from estimate.methods.offered_methods import check_method
from estimate.methods.registry import METHODS
from pretese.trial.design.arms import Factor
from protocol.dates import MONTH_DAYS
from protocol.reading.documents import Document
from protocol.reading.fields import Number
from simulate.core.coding import BASELINE
from simulate.endpoints import ENDPOINTS, TIME_ENDPOINTS, Ejaculate, check_endpoint
from simulate.endpoints import Endpoint as BinaryEndpoint

#: Strategy for participants with sperm in the ejaculate, by the kind of endpoint.
_BY_ENDPOINT: dict[Ejaculate, Strategy | None] = {
    "success": "composite variable",
    "on the way": "treatment policy",
    "itself": None,
}

#: The same for endpoints after which they need no operation, as stated in the design.
_SPERM_IN_EJACULATE: dict[str, Strategy] = {
    "composite": "composite variable",
    "excluded": "excluded from the analysis",
    "principal stratum": "principal stratum",
}

_SWITCHING: dict[str, Strategy] = {
    "treatment policy": "treatment policy",
    "hypothetical": "hypothetical",
    "composite": "composite variable",
    "excluded": "excluded from the analysis",
}

_POPULATION = {
    "excluded": "operated participants",
    "principal stratum": "participants operated under either arm",
}


def _known_variable(name: str) -> str:
    return name if name in TIME_ENDPOINTS else check_endpoint(name)


#: How outcomes of participants who drop out are imputed from a model.
IMPUTED = "multiple imputation"


class Endpoint(Document):
    """An endpoint with the strategies for its intercurrent events; ``name`` is for tables.

    ``sperm_in_ejaculate`` is the strategy for participants with sperm in the ejaculate, who need no
    operation. It is allowed for ``sperm_retrieved`` only; for other endpoints these participants
    are successes or proceed to ICSI. ``treatment_switching`` is the strategy for participants who
    switch: treatment policy, hypothetical, composite (failure) or excluded.
    ``stopped_couples``, of times to a birth, is the strategy for couples who have no further
    treatment: they remain without a birth to the end of follow-up (composite), or are censored.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    variable: Annotated[str, AfterValidator(_known_variable)] = "any_sperm"
    sperm_in_ejaculate: Literal["composite", "excluded", "principal stratum"] | None = None
    endpoint_month: Annotated[Number, Field(ge=0, le=600)]
    missing: Literal["complete case", "failure", "multiple imputation"] = "complete case"
    stopped_couples: Literal["composite", "censored"] | None = None
    treatment_switching: Literal["treatment policy", "hypothetical", "composite", "excluded"] = (
        "treatment policy"
    )

    @model_validator(mode="after")
    def _strategy(self) -> Self:
        if self.stopped_couples and not self.is_time:
            raise ValueError(
                f"stopped_couples goes with times to an event: {', '.join(TIME_ENDPOINTS)}"
            )
        if self.is_time and not 1 <= self.endpoint_month <= 120:
            raise ValueError(
                "endpoint_month is the follow-up of a time to an event; give 1 to 120 months"
            )
        apart = self.event.ejaculate == "no operation"
        if apart != (self.sperm_in_ejaculate is not None):
            raise ValueError(
                "sperm_in_ejaculate (composite, excluded or principal stratum) is a strategy "
                "for sperm_retrieved only"
            )
        imputed = self.missing == "failure" or self.treatment_switching == "composite"
        if self.sperm_in_ejaculate == "principal stratum" and imputed:
            raise ValueError(
                "a principal stratum cannot count participants as failures; exclude them"
            )
        return self

    @property
    def label(self) -> str:
        """The name of the endpoint in tables."""
        return self.name or self.variable

    @property
    def is_time(self) -> bool:
        """Whether the endpoint is the time to an event."""
        return self.variable in TIME_ENDPOINTS

    @property
    def event(self) -> BinaryEndpoint:
        """The binary endpoint, or that which ends the time."""
        return ENDPOINTS[TIME_ENDPOINTS.get(self.variable, self.variable)]

    @property
    def variable_words(self) -> str:
        """The variable of the estimand in words."""
        if not self.is_time:
            return self.event.label
        return f"time to {self.event.label} within {self.endpoint_month:g} months"

    @property
    def horizon_days(self) -> int:
        """Days of follow-up of a time to an event."""
        return round(self.endpoint_month * MONTH_DAYS)

    @property
    def censors_stopped(self) -> bool:
        """Whether couples who stop treatment without a birth are censored then."""
        return self.stopped_couples == "censored"

    @property
    def events(self) -> tuple[IntercurrentEvent, ...]:
        """Intercurrent events, each with its strategy."""
        treatment_switching = IntercurrentEvent(
            "treatment switching", _SWITCHING[self.treatment_switching]
        )
        if self.is_time:
            stopped: Strategy = "hypothetical" if self.censors_stopped else "composite variable"
            return (
                IntercurrentEvent("end of treatment without a birth", stopped), treatment_switching
            )  # fmt: skip
        role = self.event.ejaculate
        strategy = (
            _SPERM_IN_EJACULATE[self.sperm_in_ejaculate]
            if self.sperm_in_ejaculate
            else _BY_ENDPOINT[role]
        )
        if strategy is None:
            return (treatment_switching,)
        return IntercurrentEvent(
            "sperm in the ejaculate, no operation", strategy
        ), treatment_switching

    @property
    def population(self) -> str:
        """The population of the comparison."""
        return _POPULATION.get(self.sperm_in_ejaculate or "", "all participants randomised")

    @property
    def excludes(self) -> bool:
        """Whether participants are excluded because of events after randomisation."""
        apart = self.sperm_in_ejaculate in ("excluded", "principal stratum")
        return apart or self.treatment_switching in ("excluded", "hypothetical")


#: Hypotheses about the risk difference.
Hypothesis = Literal["superiority", "non-inferiority", "equivalence"]

#: Methods whose errors depend on the sites.
OF_SITES = frozenset(name for name, method in METHODS.items() if method.by_site)

#: Methods for times to an event.
OF_TIMES = tuple(name for name, method in METHODS.items() if method.times)

#: Methods that estimate a risk difference, the scale of a margin.
OF_DIFFERENCES = frozenset({"unadjusted", "mantel-haenszel", "g-computation-randomised"})

#: Methods that test no effect by the residuals of a logistic model.
OF_OUTCOME_MODELS = ("g-computation-randomised", "logistic")


class EndpointAnalysis(Document):
    """The method that compares the arms, and the hypothesis that is tested.

    ``strata`` are those of Mantel-Haenszel; a model includes them as indicators. ``mixed`` is a
    logistic model with a normal random intercept per site. ``margin_percent`` is a risk difference
    in percentage points: the limit of inferiority, the limit of equivalence in both directions, or
    the difference that superiority must exceed. ``scale`` is the scale of g-computation, whose
    ratios are marginal; other methods have a single scale. ``test`` is that of no effect by a model
    of the outcome: the score test with a permutation variance, or Wald's.
    """

    method: Annotated[str, AfterValidator(partial(check_method, door="power"))] = "unadjusted"
    covariates: tuple[str, ...] = ()
    strata: tuple[Factor, ...] = ()
    scale: Literal["risk difference", "risk ratio", "odds ratio"] | None = None
    small_sample: bool | None = None
    test: Literal["score", "wald"] | None = None
    hypothesis: Hypothesis | None = None
    margin_percent: Annotated[Number, Field(gt=0, lt=100)] | None = None

    @field_validator("covariates")
    @classmethod
    def _known(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in given if name not in BASELINE]
        if unknown:
            raise ValueError(
                f"{unknown[0]!r} is not a baseline value; choose from {', '.join(BASELINE)}"
            )
        return given

    @model_validator(mode="after")
    def _uses(self) -> Self:
        if self.by_counts and (self.covariates or self.strata):
            raise ValueError(f"{self.method} takes neither covariates nor strata")
        if self.scale and self.method != "g-computation-randomised":
            raise ValueError(
                "scale is only for g-computation-randomised; risk-ratio is an unadjusted "
                "ratio, logistic without covariates an unadjusted odds ratio"
            )
        if self.method == "mantel-haenszel" and (self.covariates or not self.strata):
            raise ValueError("mantel-haenszel takes strata and no covariates")
        if self.method in OF_TIMES and self.effect_scale == "RMST difference":
            if self.covariates or self.strata:
                raise ValueError(f"{self.method} takes neither covariates nor strata")
        elif self.method in OF_TIMES and self.covariates and not METHODS[self.method].needs:
            raise ValueError(f"{self.method} takes strata and no covariates; cox takes both")
        given = self.covariates or self.strata
        if self.method in OF_SITES and METHODS[self.method].kind == "marginal" and given:
            raise ValueError(f"{self.method} takes neither covariates nor strata")
        if self.method == "mixed" and "site" in self.strata:
            raise ValueError("mixed takes sites as random; leave site out of strata")
        self._check_margin()
        if self.small_sample and self.method != "g-computation-randomised":
            raise ValueError("small_sample is for g-computation-randomised only")
        if self.test and self.method not in OF_OUTCOME_MODELS:
            raise ValueError(f"test is for {' and '.join(OF_OUTCOME_MODELS)} only")
        if self.test == "score" and self.margin_percent is not None:
            raise ValueError("the score test is of no effect; a margin is tested by Wald's test")
        return self

    def _check_margin(self) -> None:
        if self.margin_percent is None and self.hypothesis in ("non-inferiority", "equivalence"):
            raise ValueError(f"{self.hypothesis} needs a margin; give margin_percent")
        other_scale = self.scale not in (None, "risk difference")
        if self.margin_percent is not None and (self.method not in OF_DIFFERENCES or other_scale):
            tested = f"{self.method} on the {self.scale} scale" if other_scale else self.method
            raise ValueError(
                f"a margin is a risk difference, which {tested} does not test; choose "
                f"{', '.join(sorted(OF_DIFFERENCES))}"
            )

    @property
    def kind_of_hypothesis(self) -> Hypothesis:
        """Superiority unless the file names another, or gives a margin: non-inferiority."""
        return self.hypothesis or ("non-inferiority" if self.margin_percent else "superiority")

    @property
    def hypothesis_words(self) -> str:
        """The hypothesis and its null hypothesis about the difference treated - control."""
        margin = self.margin_percent or 0
        match self.kind_of_hypothesis:
            case "non-inferiority":
                return f"non-inferiority, H0: treated - control <= -{margin:g} percentage points"
            case "equivalence":
                return f"equivalence, H0: |treated - control| >= {margin:g} percentage points"
        if margin:
            return f"superiority by a margin, H0: treated - control <= {margin:g} percentage points"
        return "superiority, H0: no difference"

    @property
    def nulls(self) -> tuple[float, ...]:
        """Limits of the null hypothesis, risk differences in favour of treatment.

        With one limit the null hypothesis is a difference at or below it; with two (equivalence) it
        is a difference outside them.
        """
        margin = (self.margin_percent or 0.0) / 100
        match self.kind_of_hypothesis:
            case "non-inferiority":
                return (-margin,)
            case "equivalence":
                return (-margin, margin)
        return (margin,)

    @property
    def corrected(self) -> bool:
        """Whether the variance is corrected for small samples (g-computation, by default)."""
        return self.method == "g-computation-randomised" and self.small_sample is not False

    @property
    def score_tested(self) -> bool:
        """Whether no effect is tested by the residuals of a model of the outcome."""
        scored = self.method in OF_OUTCOME_MODELS and self.test != "wald"
        return scored and self.margin_percent is None

    @property
    def conditional(self) -> bool:
        """Whether the effect is conditional on covariates or site."""
        method = METHODS[self.method]
        given = bool(self.covariates or self.strata) or "sites or strata" in method.needs
        return method.kind == "conditional" and given

    @property
    def true_by_limit(self) -> bool:
        """Whether the true effect is the limit of the analysis in ever larger trials.

        No pair of risks has a conditional effect, nor the ratio of hazards that change over time.
        """
        return self.conditional or self.effect_scale == "hazard ratio"

    @property
    def by_counts(self) -> bool:
        """Whether the method needs no more than the counts of both arms."""
        return self.method in COUNT_METHODS

    @property
    def exact(self) -> bool:
        """Whether the test is exact, so that its statistic is the quantile of a p-value."""
        return self.method in EXACT_TESTS

    def count_test(self, sides: int) -> CountTest:
        """Return the test of the counts of both arms; ``sides`` is that of the plan."""
        for method in COUNT_METHODS:
            if method == self.method:
                return CountTest(method, sides, self.nulls)
        raise ValueError(f"{self.method} needs more than counts")  # checked by the caller

    @property
    def effect_scale(self) -> Scale:
        """Scale of the estimate."""
        return self.scale or METHODS[self.method].scales[0]

    @property
    def number_scale(self) -> str:
        """Scale of estimates as numbers: the logarithm of a ratio."""
        if self.effect_scale == "RMST difference":
            return "restricted mean time gained, months"
        return f"log {self.effect_scale}" if self.effect_scale in RATIOS else self.effect_scale

    @property
    def summary(self) -> str:
        """The summary measure of the effect."""
        if self.effect_scale == "RMST difference":
            return "difference of restricted mean times"
        return f"{'conditional' if self.conditional else 'marginal'} {self.effect_scale}"


def with_default_method(given: Any) -> Any:
    """Return fields with the log-rank test where a time comes without an analysis.

    >>> with_default_method({"endpoint": {"variable": "time_to_live_birth"}})["analysis"]
    {'method': 'log-rank'}
    """
    if not isinstance(given, dict) or "analysis" in given:
        return given
    endpoint = given.get("endpoint")
    variable = endpoint.get("variable") if isinstance(endpoint, dict) else None
    timed = isinstance(variable, str) and variable in TIME_ENDPOINTS
    return {**given, "analysis": {"method": OF_TIMES[0]}} if timed else given


class Secondary(Document):
    """A secondary endpoint with its own analysis."""

    @model_validator(mode="before")
    @classmethod
    def _times_by_log_rank(cls, given: Any) -> Any:
        return with_default_method(given)

    endpoint: Endpoint
    analysis: EndpointAnalysis = EndpointAnalysis()


def estimand_of(endpoint: Endpoint, analysis: EndpointAnalysis, treatment: str) -> Estimand:
    """Return the estimand of an endpoint and its analysis."""
    words = endpoint.variable_words
    return Estimand(endpoint.population, treatment, words, analysis.summary, endpoint.events)


def check_times(endpoint: Endpoint, analysis: EndpointAnalysis) -> None:
    """Raise ValueError if a time is analysed as a proportion, or a proportion as a time."""
    of_times = analysis.method in OF_TIMES
    if endpoint.is_time and not of_times:
        raise ValueError(
            f"{endpoint.variable} is a time, which {analysis.method} does not compare; choose "
            f"{', '.join(OF_TIMES)}"
        )
    if of_times and not endpoint.is_time:
        raise ValueError(
            f"{analysis.method} compares times; choose an endpoint from "
            f"{', '.join(TIME_ENDPOINTS)}, or another method"
        )
    if analysis.effect_scale == "RMST difference" and endpoint.censors_stopped:
        raise ValueError(
            "restricted means need times that are defined for all couples; choose "
            "stopped_couples: composite"
        )
