"""Populations by baseline values, and the subgroups in which a trial compares its arms."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from estimate.sample_size.graphs import Graph
from pretese.trial.design.multiplicity import Multiplicity
from protocol.reading.documents import Document
from protocol.reading.fields import Number
from simulate.core.coding import BASELINE, DIAGNOSES

Name = Annotated[str, Field(min_length=1, max_length=40)]
Percent = Annotated[Number, Field(ge=0, le=100)]


class Population(Document):
    """Participants by a baseline value: above and up to limits, or with one of some diagnoses."""

    name: Name
    variable: str | None = None
    above: Annotated[Number, Field(ge=-1e6, le=1e6)] | None = None
    up_to: Annotated[Number, Field(ge=-1e6, le=1e6)] | None = None
    diagnosis: Annotated[tuple[str, ...], Field(max_length=10)] = ()

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if (self.variable is None) == (not self.diagnosis):
            raise ValueError("give variable with above or up_to, or diagnosis")
        if self.variable is not None:
            if self.variable not in BASELINE:
                raise ValueError(
                    f"{self.variable!r} is not a baseline value; choose from {', '.join(BASELINE)}"
                )
            if self.above is None and self.up_to is None:
                raise ValueError("variable needs above, up_to or both")
        elif self.above is not None or self.up_to is not None:
            raise ValueError("above and up_to need variable")
        if self.above is not None and self.up_to is not None and self.above >= self.up_to:
            raise ValueError("above must be less than up_to")
        unknown = [each for each in self.diagnosis if each not in DIAGNOSES]
        if unknown:
            raise ValueError(
                f"there is no diagnosis {unknown[0]!r}; choose from {', '.join(DIAGNOSES)}"
            )
        return self

    @property
    def words(self) -> str:
        """The rule in words."""
        if self.diagnosis:
            return f"diagnosis {' or '.join(self.diagnosis)}"
        low = "" if self.above is None else f"above {self.above:g}"
        high = "" if self.up_to is None else f"up to {self.up_to:g}"
        return f"{self.variable} {' and '.join(filter(None, (low, high)))}"


class SubgroupClaims(Document):
    """Procedure by which claims about subgroups share the alpha of the trial.

    ``hochberg`` is the step-up procedure, ``unadjusted`` tests each subgroup at full alpha; the
    others are those of several endpoints (`Multiplicity`). ``after_primary``: a subgroup is claimed
    only if the null hypothesis of all participants is rejected.
    """

    method: Literal["fixed sequence", "fallback", "holm", "hochberg", "graph", "unadjusted"]
    weights_percent: tuple[Percent, ...] = ()
    transitions_percent: tuple[tuple[Percent, ...], ...] = ()
    after_primary: bool = True

    def graph(self, names: tuple[str, ...]) -> Graph | None:
        """Return the procedure as a graph; None if it is not one."""
        if self.method in ("hochberg", "unadjusted"):
            if self.weights_percent or self.transitions_percent:
                raise ValueError(f"{self.method} takes neither weights nor transitions")
            return None
        return Multiplicity(
            method=self.method,  # type: ignore[arg-type]  # the two others have returned
            weights_percent=self.weights_percent,
            transitions_percent=self.transitions_percent,
        ).graph(names)  # fmt: skip


class Subgroups(Document):
    """Subgroups of a trial of two arms: effects, interactions with treatment, claims.

    Each population is compared with the other participants: the effect of treatment in it, and the
    difference of the effects in both (interaction), two-sided at ``interaction_alpha_percent``.
    """

    populations: Annotated[tuple[Population, ...], Field(min_length=1, max_length=8)]
    interaction_alpha_percent: Annotated[Number, Field(ge=0.01, lt=50)] = 5.0
    claims: SubgroupClaims | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if len(set(self.names)) < len(self.names):
            raise ValueError("two subgroups have the same name; rename one of them")
        if self.claims is not None:
            self.claims.graph(self.names)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the subgroups."""
        return tuple(each.name for each in self.populations)
