"""Parts of the design file of a trial with several arms: hypotheses, stages, allocation."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from estimate.multi_arm.combination_test import Intersection
from estimate.multi_arm.local_tests import Procedure
from pretese.trial.design.arms import Open
from pretese.trial.design.endpoint import Endpoint, EndpointAnalysis
from pretese.trial.design.subgroups import Population
from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole

Name = Annotated[str, Field(min_length=1, max_length=40)]
Part = Annotated[Whole, Field(ge=1, le=1000)]
Kept = Annotated[Whole, Field(ge=1, le=10)]
ZValue = Annotated[Number, Field(ge=-8, le=8)]

#: Participants in one round of the allocation, by arm.
Allocation = dict[Name, Part]


class LaterHypothesis(Document):
    """A hypothesis of each treatment that is tested after the earlier ones are rejected.

    It has another ``endpoint``, or the primary one in a ``population``.
    """

    name: Name
    endpoint: Endpoint | None = None
    analysis: EndpointAnalysis = EndpointAnalysis()
    population: Population | None = None


class Testing(Document):
    """The procedure by which the treatments share the family-wise type I error.

    ``closed dunnett`` and ``dunnett`` use the correlation through the common control, ``holm`` and
    ``bonferroni`` do not; ``fixed sequence`` tests in the order of ``order``; ``unadjusted`` tests
    each treatment at full alpha and so inflates the family-wise error; ``combination`` is the
    closed combination test, which allows any adaptation at an interim analysis, with the test
    ``within_stages``. Secondary hypotheses of a treatment follow its own primary one, or those of
    all treatments; the primary tests then lose no power.
    """

    procedure: Procedure | Literal["combination"] = "closed dunnett"
    order: Annotated[tuple[Name, ...], Field(max_length=10)] = ()
    within_stages: Intersection = "dunnett"
    secondary_after: Literal["own treatment", "all treatments"] = "own treatment"


class Dropping(Document):
    """Rules for dropping treatments at interim analyses.

    ``futility_z`` drops treatments below a z, one value for all interim analyses or one for each;
    ``keep_best`` is the number kept at each; ``within_z`` keeps those within this distance of the
    best. Places of dropped arms are ``removed`` from the trial, or ``shared`` among the other arms.
    """

    futility_z: Annotated[tuple[ZValue, ...], Field(max_length=10)] = ()
    keep_best: Annotated[
        tuple[Annotated[Whole, Field(ge=1, le=10)], ...], Field(max_length=10)
    ] = ()
    within_z: Annotated[Number, Field(ge=0, le=8)] | None = None
    places: Literal["removed", "shared"] = "removed"


class AllocationChange(Document):
    """A planned change of the allocation after an analysis."""

    after_analysis: Kept
    allocation: Allocation


class AdaptiveAllocation(Document):
    """Response-adaptive allocation after each interim analysis.

    The control keeps its planned share. ``thompson`` allocates the remaining participants in
    proportion to the posterior probability that a treatment is the best, to the power ``exponent``;
    ``doubly adaptive`` moves the allocation to date towards proportions of the square roots of the
    observed risks (Rosenberger WF et al. *Biometrics* 2001;57:909-13) by the function of Hu F,
    Zhang LX (*Ann Stat* 2004;32:268-301) with ``exponent``. Every treatment that continues receives
    at least ``min_percent`` of the remaining participants.
    """

    rule: Literal["thompson", "doubly adaptive"] = "thompson"
    exponent: Annotated[Number, Field(ge=0, le=10)] = 0.5
    min_percent: Annotated[Number, Field(ge=1, lt=50)] = 10.0


class Factorial(Document):
    """A 2 x 2 factorial trial: the arms with either treatment alone, and with both."""

    first: Name
    second: Name
    both: Name

    @model_validator(mode="after")
    def _three(self) -> Self:
        if len({self.first, self.second, self.both}) < 3:
            raise ValueError("first, second and both are three arms")
        return self


class Enrichment(Document):
    """Two null hypotheses of one treatment, in all participants and in a ``population``.

    At an interim analysis the trial continues with all participants if their z is at least
    ``all_z``, otherwise with only the population if its z is at least ``population_z``; otherwise
    it stops.
    """

    population: Population
    all_z: ZValue = 0.0
    population_z: ZValue = 0.0


Percents = dict[Name, Open]
