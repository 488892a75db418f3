"""The design file of a planned trial: its fields, and checks across them."""

from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from estimate.comparison.exact.p_value_tables import LARGEST_UNCONDITIONAL, UNCONDITIONAL
from estimate.core.estimand import Estimand
from estimate.sample_size.graphs import Graph
from pretese.trial.design.arms import (
    Arms,
    ByArm,
    Dropout,
    Factors,
    Imputation,
    Randomisation,
    Recruiting,
    Risks,
    TrialIdentity,
    check_factors,
)
from pretese.trial.design.decision_rule import DecisionRule
from pretese.trial.design.endpoint import (
    IMPUTED,
    OF_SITES,
    Endpoint,
    EndpointAnalysis,
    Secondary,
    check_times,
    estimand_of,
    with_default_method,
)
from pretese.trial.design.interim import Monitoring, Percent
from pretese.trial.design.multiplicity import Multiplicity
from pretese.trial.design.subgroups import Subgroups
from protocol.errors import InputError
from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole
from simulate.core.coding import DIAGNOSES
from simulate.recruitment.schemes import SCHEMES
from simulate.scenario.sections.parameter import Amount, Parameter

Part = Annotated[Whole, Field(ge=1, le=100_000)]


class Belief(Document):
    """Prior weight of an effect size, for assurance."""

    effect_percent: Annotated[Number, Field(ge=-100, le=100)]
    weight_percent: Percent


#: What `pretese power --prior` takes: ``evidence``, a topic of it, or a file.
NamedPrior = Annotated[str, Field(min_length=1, max_length=300)]


class DesignFile(TrialIdentity):
    """A planned two-arm trial.

    Participants come from a ``scenario`` (shipped name or file) or have fixed event rates
    ``risks``. ``prior`` weighs effects, in percent of that of the scenario, for assurance; 0 means
    no effect; or it names a prior of the odds ratio. ``endpoint`` with ``analysis`` is the primary
    question; ``secondary`` ones follow in the order of testing. ``factors`` are classes of baseline
    values by which randomisation and analyses may be stratified. ``calendar_trend`` is added to the
    liability of participants per twelve months of recruitment. ``sensitivity`` gives alternative
    values of assumptions, by path, for the worst case (`design.alternatives`). ``decision`` holds
    the thresholds for a go decision.
    """

    participants: Annotated[Whole, Field(ge=10, le=100_000)]
    scenario: str | None = None
    risks: Risks | None = None
    arms: Arms | None = None
    allocation: tuple[Part, Part] = (1, 1)
    factors: Factors = ()
    randomisation: Randomisation = Randomisation()
    sites: tuple[Recruiting, ...] = Field(min_length=1, max_length=1000)
    site_sd: Parameter | None = None
    calendar_trend: Parameter | None = None
    dropout: Dropout = Dropout()
    imputation: Imputation | None = None
    treatment_switching: ByArm = ByArm()
    endpoint: Endpoint
    analysis: EndpointAnalysis = EndpointAnalysis()
    secondary: Annotated[tuple[Secondary, ...], Field(max_length=5)] = ()
    multiplicity: Multiplicity | None = None
    subgroups: Subgroups | None = None
    monitoring: Monitoring = Monitoring()
    prior: NamedPrior | Annotated[tuple[Belief, ...], Field(max_length=1000)] = ()
    decision: DecisionRule | None = None
    sensitivity: dict[str, Annotated[tuple[Amount, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )

    @model_validator(mode="before")
    @classmethod
    def _times_by_log_rank(cls, given: Any) -> Any:
        """Analyse a time without a stated method by the log-rank test."""
        return with_default_method(given)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.scenario is None) == (self.risks is None):
            raise ValueError("give a scenario or risks, one of the two")
        needs_participants = (
            self.arms or self.analysis.covariates or self.site_sd or self.calendar_trend
        )
        by = {*self.randomisation.by, *self.analysis.strata}
        used = [name for each in self.questions for name in each.analysis.strata]
        check_factors(self.factors, (*self.randomisation.by, *used), plain=self.risks is not None)
        if self.risks and (
            needs_participants or "diagnosis" in by or self.endpoint.sperm_in_ejaculate
        ):
            raise ValueError(
                "fixed event rates go without arms, covariates, diagnosis, site_sd, "
                "calendar_trend and sperm_in_ejaculate; name a scenario"
            )
        rule = self.monitoring.reestimation
        if self.risks is None and rule and rule.assume == "planned":
            raise ValueError(
                "a scenario has no planned risks; let re-estimation assume observed, or risks"
            )
        if sum(self.allocation) > self.participants:
            raise ValueError("one round of the allocation exceeds the sample size")
        self._check_blocks()
        if len({site.name for site in self.sites}) < len(self.sites):
            raise ValueError("two sites have the same name; rename one of them")
        self._check_prior()
        self._check_margin()
        self._check_subgroups()
        self._check_exact_tests()
        self._check_times()
        self._check_imputation()
        if self.decision and self.decision.min_assurance_percent and not self.prior:
            raise ValueError("assurance needs a prior; give one, or remove the threshold")
        return self

    def _check_prior(self) -> None:
        """Refuse weights that do not sum to 100, and effects that the design does not have."""
        if self.beliefs and abs(sum(each.weight_percent for each in self.beliefs) - 100) > 1e-6:
            raise ValueError("the weights of the prior do not sum to 100")
        if self.risks is None and any(each.effect_percent < 0 for each in self.beliefs):
            raise ValueError("a scenario has no negative effects; name risks for a prior on harm")
        analysis = self.analysis
        if self.named_prior and (analysis.margin_percent or self.endpoint.is_time):
            raise ValueError(
                "a named prior is that of an odds ratio and of no effect: no margin and no times; "
                "give weights of effects"
            )

    def _check_imputation(self) -> None:
        """Refuse multiple imputation where its estimate or its covariates do not exist."""
        imputed = [each for each in self.questions if each.endpoint.missing == IMPUTED]
        if self.imputation and not imputed:
            raise ValueError(f"imputation goes with an endpoint whose missing is {IMPUTED!r}")
        for question in imputed:
            end = question.endpoint
            if end.is_time or end.sperm_in_ejaculate == "principal stratum":
                raise ValueError(f"{IMPUTED} takes proportions of all participants")
            if question.analysis.exact or self.monitoring.reestimation:
                raise ValueError(f"{IMPUTED} takes neither exact tests nor re-estimation")
        if self.risks and self.dropout.covariates:
            raise ValueError("fixed event rates have no covariates for dropout; name a scenario")

    def _check_times(self) -> None:
        """Refuse times analysed as proportions, and designs that do not know them."""
        for question in self.questions:
            check_times(question.endpoint, question.analysis)
            if question.endpoint.is_time and self.risks:
                raise ValueError("fixed event rates have no times to an event; name a scenario")
            if question.endpoint.is_time and self.monitoring.reestimation:
                raise ValueError("re-estimation takes proportions, and no times to an event")

    def _check_exact_tests(self) -> None:
        """Refuse exact tests where they cannot be computed or their statistic would mislead."""
        for question in (self.analysis, *(each.analysis for each in self.secondary)):
            if question.exact and self.monitoring.reestimation:
                raise ValueError(
                    f"re-estimation takes no exact test, which {question.method} is; choose "
                    "unadjusted or risk-ratio"
                )
            if question.method in UNCONDITIONAL and self.participants > LARGEST_UNCONDITIONAL:
                raise ValueError(
                    f"{question.method} is computed for up to {LARGEST_UNCONDITIONAL:,} "
                    "participants; choose fisher or unadjusted"
                )

    def _check_subgroups(self) -> None:
        """Refuse subgroups without baseline values, and claims with interim analyses."""
        rule = self.subgroups
        if rule is None:
            return
        if self.risks is not None:
            raise ValueError("fixed event rates have no subgroups; name a scenario")
        if self.endpoint.sperm_in_ejaculate == "principal stratum" or self.endpoint.is_time:
            raise ValueError("subgroups compare proportions: no principal stratum and no times")
        if self.endpoint.missing == "multiple imputation":
            raise ValueError("subgroups count observed outcomes; choose complete case or failure")
        if rule.claims and len(self.monitoring.analyses_percent) > 1:
            raise ValueError(
                "claims about subgroups need a trial of one analysis: at an early stop they would "
                "not hold alpha; leave claims out"
            )

    def _check_margin(self) -> None:
        """Refuse margins outside the scale of risks, and hypotheses that the plan cannot test."""
        kinds = [each.analysis.kind_of_hypothesis for each in self.secondary]
        if self.monitoring.reestimation and "equivalence" in kinds:
            raise ValueError("re-estimation combines no two one-sided tests; leave equivalence out")
        if self.analysis.margin_percent is None:
            return
        plan, kind = self.monitoring, self.analysis.kind_of_hypothesis
        if plan.reestimation:
            raise ValueError("a margin excludes re-estimation; leave one of the two out")
        if kind == "equivalence" and (plan.sides == 2 or plan.futility):
            raise ValueError(
                "equivalence is two one-sided tests without futility; set sides: 1, with the alpha "
                "of each test"
            )
        if self.risks is None:  # the limits depend on what the scenario simulates
            if self.endpoint.sperm_in_ejaculate in ("excluded", "principal stratum"):
                raise ValueError(
                    "a margin needs the risk of all participants; choose the composite strategy"
                )
            return
        limits = [self.risks.control_percent + 100 * null for null in self.analysis.nulls]
        if not all(0 < risk < 100 for risk in limits):
            raise ValueError(
                f"the margin leads to a risk of {limits[0]:g} % under treatment; give a smaller one"
            )

    @property
    def null_risks_percent(self) -> tuple[float, ...]:
        """Risks under treatment at the limits of the null hypothesis, with fixed event rates."""
        if self.risks is None:
            raise ValueError("a scenario has no fixed event rates")
        return tuple(self.risks.control_percent + 100 * null for null in self.analysis.nulls)

    def treated_percent_at(self, effect: float) -> float:
        """Return the risk under treatment at a fraction of the planned effect.

        The fraction is measured from the null hypothesis: 0 is its (lower) limit, 1 the plan.
        """
        if self.risks is None:
            raise ValueError("a scenario has no fixed event rates")
        null = self.null_risks_percent[0]
        return null + effect * (self.risks.treated_percent - null)

    def _check_blocks(self) -> None:
        unit = sum(self.allocation)
        for size in self.randomisation.block_sizes:
            if size % unit or size > 20 * unit:
                raise ValueError(
                    f"block size {size} is not allowed; give multiples of {unit}, the sum of the "
                    f"allocation, up to {20 * unit}"
                )

    @model_validator(mode="after")
    def _several(self) -> Self:
        if self.multiplicity and not self.secondary:
            raise ValueError("multiplicity needs secondary endpoints")
        plan = self.monitoring
        if plan.decision_analysis and (
            self.secondary or self.analysis.kind_of_hypothesis == "equivalence"
        ):
            raise ValueError("decision_analysis has one endpoint, and no equivalence")
        if self.secondary and plan.binding:
            raise ValueError("several endpoints do not allow binding futility")
        if self.secondary and self.risks:
            raise ValueError("fixed event rates have one endpoint; name a scenario")
        by_site = [q.analysis.method for q in self.questions if q.analysis.method in OF_SITES]
        if by_site and len(self.sites) < 2:
            raise ValueError(f"{by_site[0]} needs two sites or more")
        if any(
            each.endpoint.sperm_in_ejaculate == "principal stratum"
            and each.analysis.method != "unadjusted"
            for each in self.questions
        ):
            raise ValueError("a principal stratum needs the method unadjusted")
        if len(set(self.labels)) <= len(self.secondary):
            raise ValueError("two endpoints have the same name; give each a name of its own")
        graph = self.graph() if plan.reestimation else None
        if graph is not None and graph.weights[0] < 1:
            raise ValueError(
                "re-estimation uses the boundary of the primary endpoint at full alpha; choose "
                "fixed sequence, or weights that give all alpha to the primary endpoint"
            )
        return self

    @property
    def beliefs(self) -> tuple[Belief, ...]:
        """Effects with their prior weights; empty without a prior, or with a named one."""
        return () if isinstance(self.prior, str) else self.prior

    @property
    def named_prior(self) -> str | None:
        """The prior of the odds ratio that the design names; None if it names none."""
        return self.prior if isinstance(self.prior, str) else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the endpoints, the primary first."""
        return (self.endpoint.label, *(each.endpoint.label for each in self.secondary))

    @property
    def questions(self) -> "tuple[DesignFile, ...]":
        """The same trial with each endpoint as the only one, the primary first."""
        pairs = [(self.endpoint, self.analysis)]
        pairs += [(each.endpoint, each.analysis) for each in self.secondary]
        alone = {"secondary": (), "multiplicity": None, "subgroups": None}
        return tuple(
            self.model_copy(update={"endpoint": endpoint, "analysis": analysis, **alone})
            for endpoint, analysis in pairs
        )

    @property
    def round_of_allocation(self) -> tuple[int, ...]:
        """Participants of each arm in one round of the allocation, control first."""
        return self.allocation

    @property
    def balanced(self) -> tuple[str, ...]:
        """Factors whose balance is reported: of the randomisation, then of the analysis."""
        return tuple(dict.fromkeys((*self.randomisation.by, *self.analysis.strata)))

    def level_count(self, factor: str) -> int:
        """Return the number of levels of a factor, without that of values not recorded."""
        defined = {each.name: len(each.classes) for each in self.factors}
        return {**defined, "site": len(self.sites), "diagnosis": len(DIAGNOSES)}[factor]

    def graph(self) -> Graph | None:
        """Return the multiple testing graph; None if every endpoint is tested at full alpha."""
        return None if self.multiplicity is None else self.multiplicity.graph(self.labels)

    @property
    def endpoint_month(self) -> float:
        """Months from recruitment until all endpoints of a participant are known."""
        ends = [self.endpoint, *(each.endpoint for each in self.secondary)]
        return max(each.endpoint_month for each in ends)

    @property
    def estimand(self) -> Estimand:
        """The primary estimand, with its intercurrent events and their strategies."""
        words = "treated vs control"
        if self.arms:
            words = f"{self.arms.treated.regimen} vs {self.arms.control.regimen}"
        return estimand_of(self.endpoint, self.analysis, words)

    @property
    def rounds_of_blocks(self) -> tuple[int, ...]:
        """Number of rounds of the allocation in each block size."""
        unit = sum(self.allocation)
        return tuple(size // unit for size in self.randomisation.block_sizes) or (2,)

    @property
    def block(self) -> int | None:
        """Block size, if the arms are balanced over all participants after each block."""
        over_all = SCHEMES[self.randomisation.method].blocks == "all"
        if not over_all or len(self.rounds_of_blocks) > 1:
            return None
        return sum(self.allocation) * self.rounds_of_blocks[0]

    @property
    def step(self) -> int:
        """Participants recruited together: a block, or one round of the allocation."""
        return self.block or sum(self.allocation)

    def analyses_at(self, participants: int) -> tuple[int, ...]:
        """Return the participants at each analysis; raise if two analyses coincide."""
        shares = np.asarray(self.monitoring.analyses_percent) / 100
        step = self.block or 1
        counts = np.maximum(np.round(shares * participants / step), 1).astype(int) * step
        counts[-1] = participants
        if (np.diff(counts, prepend=1) <= 0).any():
            problem = f"analyses at {counts.tolist()} of {participants} participants coincide"
            raise InputError.of(
                self.id,
                "monitoring.analyses_percent",
                problem,
                "plan more participants or fewer analyses",
            )
        return tuple(counts.tolist())
