"""An analysis method: its name, estimand, requirements and computation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from estimate.causal.matching import Matches
from estimate.causal.propensity import Weights
from estimate.core.estimand import Target
from estimate.core.result import Scale
from estimate.methods.provenance import Provenance
from estimate.methods.shared_work import Answers, ErrorKind, Work

#: Commands that offer methods: for one table, simulated studies, or a planned trial.
Door = Literal["analyse", "recover", "power"]

#: Whether an effect is marginal in a population, or conditional in a regression.
Kind = Literal["marginal", "conditional"]

#: What a conditional effect is conditional on.
Given = Literal["covariates", "propensity score", "pair", "site or strata"]

#: What a method needs in addition to the analysis set; the score also needs covariates.
Need = Literal[
    "covariates", "propensity score", "outcome model", "pairs", "sites or strata", "clusters"
]

SCALES: tuple[Scale, ...] = ("risk difference", "risk ratio", "odds ratio")


@dataclass(frozen=True, slots=True)
class Method:
    """An analysis method.

    Attributes
    ----------
    name
        Name in plans and designs.
    label
        Description in words.
    provenance
        Its code, its source, and what it agrees with.
    run
        The computation, on data sets with any leading axes; None for methods of trials, which
        `pretese.trial.simulation.arm_comparison` computes from sites, strata and arms.
    target
        Population of the effect; "focal" is that of the arm whose patients are matched.
    given
        What a conditional effect is conditional on; None for a marginal one.
    scales
        Scales of its answers.
    needs
        What it needs in addition to treatment and outcome.
    offered
        Commands that offer it.
    reason
        Why other commands do not.
    clusters
        Whether its standard errors allow for dependence within clusters.
    sampling
        Whether it takes sampling weights.
    errors
        Kinds of standard errors that a plan may choose; the first is the default. Empty if there is
        one kind only.
    weighting
        The weights or pairs whose balance is reported.
    balanced_as
        Method with the same weights or pairs, whose balance is not reported twice.
    times
        Whether it compares times to an event, in trials.
    by_site
        Whether its standard errors are those of patients who are alike within sites, in trials.
    title
        Title in figures.
    """

    name: str
    label: str
    provenance: Provenance
    run: Callable[[Work], Answers] | None = None
    target: Target | Literal["focal"] = "ate"
    given: Given | None = None
    scales: tuple[Scale, ...] = SCALES
    needs: frozenset[Need] = frozenset({"covariates"})
    offered: frozenset[Door] = frozenset({"analyse", "recover"})
    reason: str = ""
    clusters: bool = False
    sampling: bool = False
    errors: tuple[ErrorKind, ...] = ()
    weighting: Callable[[Work], Weights | Matches] | None = None
    balanced_as: str | None = None
    times: bool = False
    by_site: bool = False
    title: str = ""

    @property
    def short_label(self) -> str:
        """The label without interval and test, which follow its first semicolon."""
        return self.label.split(";")[0]

    @property
    def kind(self) -> Kind:
        """Whether the effect is marginal or conditional."""
        return "marginal" if self.given is None else "conditional"

    @property
    def uses_score(self) -> bool:
        """Whether the propensity score is estimated for it."""
        return "propensity score" in self.needs

    def answered(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return the scales of its answers among those wanted; a single scale is always given."""
        return self.scales if len(self.scales) == 1 else tuple(wanted)
