"""Fields of the design file of a trial with several arms, and checks across them."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from pretese.trial.design.arms import (
    ArmTherapy,
    Factors,
    Randomisation,
    Recruiting,
    Share,
    TrialIdentity,
    check_factors,
)
from pretese.trial.design.design_file import NamedPrior
from pretese.trial.design.endpoint import Endpoint, EndpointAnalysis
from pretese.trial.design.interim import Monitoring
from pretese.trial.design.subgroups import Population
from pretese.trial.multi_arm.design.design_parts import (
    AdaptiveAllocation,
    Allocation,
    AllocationChange,
    Dropping,
    Enrichment,
    Factorial,
    LaterHypothesis,
    Name,
    Percents,
    Testing,
)
from protocol.reading.fields import Whole
from simulate.recruitment.schemes import SCHEMES
from simulate.scenario.sections.parameter import Amount, Parameter

#: Maximum number of treatments, without the control.
MOST = 5

#: Name of the comparison in all participants, for enrichment designs.
EVERYONE = "all participants"


class ArmFields(TrialIdentity):
    """Fields of the file of a planned trial of several treatments against one control.

    ``arms`` names the regimen of each arm (patients of a ``scenario``); ``risks_percent`` gives
    each arm a fixed event rate instead. ``control`` is the arm that all others are compared with,
    by default the first. ``allocation``: participants of each arm in a round (default 1).
    ``prior`` names a prior of the odds ratio of the treatment ``prior_of``, for assurance.
    """

    participants: Annotated[Whole, Field(ge=12, le=100_000)]
    scenario: str | None = None
    arms: dict[Name, ArmTherapy] | None = None
    risks_percent: Percents | None = None
    control: Name | None = None
    allocation: Allocation = Field(default_factory=dict)
    factors: Factors = ()
    randomisation: Randomisation = Randomisation()
    sites: tuple[Recruiting, ...] = Field(min_length=1, max_length=1000)
    site_sd: Parameter | None = None
    calendar_trend: Parameter | None = None
    eligibility: Population | None = None
    dropout_percent: dict[Name, Share] = Field(default_factory=dict)
    endpoint: Endpoint
    analysis: EndpointAnalysis = EndpointAnalysis()
    secondary: Annotated[tuple[LaterHypothesis, ...], Field(max_length=3)] = ()
    testing: Testing = Testing()
    monitoring: Monitoring = Monitoring()
    dropping: Dropping = Dropping()
    stop_at_first_success: bool = False
    allocation_changes: Annotated[tuple[AllocationChange, ...], Field(max_length=10)] = ()
    adaptive_allocation: AdaptiveAllocation | None = None
    factorial: Factorial | None = None
    enrichment: Enrichment | None = None
    power_of: Name = "any"
    prior: NamedPrior | None = None
    prior_of: Name | None = None
    sensitivity: dict[str, Annotated[tuple[Amount, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _source(self) -> Self:
        if (self.scenario is None) == (self.risks_percent is None):
            raise ValueError("give a scenario or risks_percent, one of the two")
        if (self.scenario is None) != (self.arms is None):
            raise ValueError("a scenario needs arms; risks_percent excludes them")
        if not 2 <= len(self.names) <= MOST + 1:
            raise ValueError(f"give from 2 to {MOST + 1} arms, the control among them")
        if self.control is not None and self.control not in self.names:
            raise ValueError(f"control names no arm; choose from {', '.join(self.names)}")
        reserved = {"any", "all"} & set(self.names)
        if reserved:
            raise ValueError(f"no arm may be called {reserved.pop()!r}; rename it")
        for field in ("allocation", "dropout_percent"):
            self._check_names(field, getattr(self, field))
        for change in self.allocation_changes:
            self._check_names("allocation_changes", change.allocation)
            if set(change.allocation) != set(self.names):
                raise ValueError("an allocation change must name every arm")
        if self.allocation and set(self.allocation) != set(self.names):
            raise ValueError("allocation must name every arm")
        if len({site.name for site in self.sites}) < len(self.sites):
            raise ValueError("two sites have the same name; rename one of them")
        unit = sum(self.parts)
        if any(size % unit or size > 20 * unit for size in self.randomisation.block_sizes):
            raise ValueError(
                f"block sizes are multiples of {unit}, the sum of the allocation, up to {20 * unit}"
            )
        return self

    def _check_names(self, field: str, given: Any) -> None:
        unknown = [name for name in given if name not in self.names]
        if unknown:
            raise ValueError(
                f"{field}: there is no arm {unknown[0]!r}; choose from {', '.join(self.names)}"
            )

    @model_validator(mode="after")
    def _analyses(self) -> Self:
        plan = self.monitoring
        ends = (self.endpoint, *(each.endpoint for each in self.secondary))
        methods = (self.analysis, *(each.analysis for each in self.secondary))
        if any(each and each.is_time for each in ends) or any(each.exact for each in methods):
            raise ValueError(
                "several arms take neither times to an event nor exact tests; choose a proportion "
                "and another method"
            )
        if plan.reestimation or plan.futility or plan.binding or plan.decision_analysis:
            raise ValueError(
                "several arms take neither reestimation nor futility nor binding nor "
                "decision_analysis in monitoring; use dropping"
            )
        if plan.efficacy_analyses or plan.futility_analyses:
            raise ValueError("several arms are tested at every analysis")
        if self.analysis.margin_percent or any(e.analysis.margin_percent for e in self.secondary):
            raise ValueError("several arms are compared for superiority; leave margins out")
        interim = len(plan.analyses_percent) - 1
        for field in ("futility_z", "keep_best"):
            if len(getattr(self.dropping, field)) not in {0, 1, interim}:
                raise ValueError(f"{field}: give one value, or one per interim analysis")
        drops = self.dropping != Dropping()
        if not interim and (drops or self.allocation_changes or self.adaptive_allocation):
            raise ValueError("dropping and changes of the allocation need an interim analysis")
        late = [each for each in self.allocation_changes if each.after_analysis > interim]
        if late:
            raise ValueError(f"no participants follow analysis {late[0].after_analysis}")
        if self.allocation_changes and self.adaptive_allocation:
            raise ValueError("give allocation_changes or adaptive_allocation, one of the two")
        changed = (
            self.allocation_changes
            or self.adaptive_allocation
            or (drops and self.dropping.places == "shared")
        )
        if changed and self.testing.procedure != "combination":
            raise ValueError(
                "an allocation that changes needs testing.procedure combination, which holds the "
                "family-wise type I error then"
            )
        if self.adaptive_allocation and SCHEMES[self.randomisation.method].factors:
            raise ValueError("adaptive_allocation excludes strata; use blocks")
        return self

    @model_validator(mode="after")
    def _hypotheses(self) -> Self:
        if self.risks_percent and (
            self.secondary
            or self.eligibility
            or self.site_sd
            or self.calendar_trend
            or self.analysis.covariates
            or self.endpoint.sperm_in_ejaculate
            or "diagnosis" in {*self.randomisation.by, *self.analysis.strata}
        ):
            raise ValueError(
                "fixed event rates have one endpoint and no baseline values; name a scenario"
            )
        if self.endpoint.sperm_in_ejaculate == "principal stratum":
            raise ValueError("a principal stratum compares two arms; plan a trial with two arms")
        if any(end.treatment_switching != "treatment policy" for end in self.endpoints):
            raise ValueError("participants of several arms do not switch; leave it out")
        if len({self.endpoint.label, *(each.name for each in self.secondary)}) <= len(
            self.secondary
        ):
            raise ValueError("two hypotheses have the same name; rename one of them")
        used = [name for each in self.methods for name in each.strata]
        plain = self.risks_percent is not None
        check_factors(self.factors, (*self.randomisation.by, *used), plain=plain)
        order = self.testing.order
        if (self.testing.procedure == "fixed sequence") != bool(order):
            raise ValueError("fixed sequence needs testing.order, and no other procedure allows it")
        if order and sorted(order) != sorted(self.comparisons):
            raise ValueError(f"order names each of {', '.join(self.comparisons)} once")
        if self.power_of not in {"any", "all", *self.comparisons}:
            raise ValueError(f"power_of is any, all, or one of {', '.join(self.comparisons)}")
        if self.prior_of is not None and self.prior_of not in self.treatments:
            raise ValueError(f"prior_of is one of {', '.join(self.treatments)}")
        late = any(end.endpoint_month > self.endpoint.endpoint_month for end in self.endpoints)
        if late and self.testing.procedure == "combination":
            raise ValueError(
                "combination allows no endpoint that is known later than the primary one"
            )
        self._check_factorial()
        self._check_enrichment()
        return self

    def _check_enrichment(self) -> None:
        if self.enrichment is None:
            return
        if self.scenario is None or len(self.names) != 2:
            raise ValueError("enrichment needs a scenario, one treatment and a control")
        if self.testing.procedure != "combination":
            raise ValueError("enrichment needs testing.procedure combination")
        if self.secondary or self.factorial or self.adaptive_allocation or self.allocation_changes:
            raise ValueError(
                "enrichment excludes secondary, factorial and changes of the allocation"
            )
        if self.dropping != Dropping() or self.monitoring.harm:
            raise ValueError("enrichment has rules of its own; leave dropping and harm out")

    def _check_factorial(self) -> None:
        cells = self.factorial
        if cells is None:
            return
        if {cells.first, cells.second, cells.both} != set(self.treatments):
            raise ValueError("a factorial trial has a control, two treatments, and both together")
        if len(self.monitoring.analyses_percent) > 1:
            raise ValueError("a factorial trial has one analysis")
        if "dunnett" in self.testing.procedure or self.testing.procedure == "combination":
            raise ValueError(
                "main effects share no single control; choose holm, bonferroni, fixed sequence or "
                "unadjusted"
            )
        if self.secondary:
            raise ValueError("a factorial trial has one endpoint")
        if self.analysis.method != "unadjusted":
            raise ValueError("a factorial trial is analysed with the method unadjusted")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all arms, the control first."""
        given = list(self.arms or self.risks_percent or {})
        first = self.control or (given[0] if given else "")
        return (first, *(name for name in given if name != first)) if first in given else (*given,)

    @property
    def treatments(self) -> tuple[str, ...]:
        """Names of the arms that are compared with the control."""
        return self.names[1:]

    @property
    def comparisons(self) -> tuple[str, ...]:
        """Names of the comparisons: treatments, main effects, or populations."""
        if self.enrichment is not None:
            return EVERYONE, self.enrichment.population.name
        return self.treatments if self.factorial is None else (
            self.factorial.first, self.factorial.second
        )  # fmt: skip

    @property
    def parts(self) -> tuple[int, ...]:
        """Participants of each arm in one round of the allocation, the control first."""
        return tuple(self.allocation.get(name, 1) for name in self.names)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Endpoint of each hypothesis, the primary first."""
        return (self.endpoint, *(each.endpoint or self.endpoint for each in self.secondary))

    @property
    def methods(self) -> tuple[EndpointAnalysis, ...]:
        """Analysis of each hypothesis, the primary first."""
        return (self.analysis, *(each.analysis for each in self.secondary))

    @property
    def populations(self) -> tuple[Population | None, ...]:
        """Population of each hypothesis; None: all participants."""
        return (None, *(each.population for each in self.secondary))

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of each hypothesis of a treatment, the primary first."""
        return (self.endpoint.label, *(each.name for each in self.secondary))
