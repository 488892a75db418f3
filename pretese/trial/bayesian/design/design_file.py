"""The design file of a Bayesian trial of two arms."""

from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from pretese.trial.bayesian.design.rule_fields import BayesSection
from pretese.trial.conduct.trial_conduct import recruitment_of
from pretese.trial.design.arms import Recruiting, Risks
from pretese.trial.design.design_file import DesignFile, Part
from pretese.trial.design.endpoint import Endpoint
from protocol.errors import InputError
from protocol.reading.documents import Document
from protocol.reading.fields import Day, Identifier, Whole
from simulate.recruitment.accrual import expected_month


class BayesianDesign(Document):
    """A planned trial of two arms that decides by posterior probabilities.

    ``risks`` are the planned event rates of both arms; ``participants`` those with a known endpoint
    at the final analysis, ``allocation`` the parts of control and treatment.
    """

    id: Identifier
    title: str
    question: str
    version: str | None = None
    author: str | None = None
    date: Day | None = None
    participants: Annotated[Whole, Field(ge=10, le=100_000)]
    risks: Risks
    allocation: tuple[Part, Part] = (1, 1)
    sites: Annotated[tuple[Recruiting, ...], Field(max_length=1000)] = ()
    endpoint: Endpoint
    bayes: BayesSection

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.endpoint.sperm_in_ejaculate:
            raise ValueError("fixed event rates go without sperm_in_ejaculate")
        if sum(self.allocation) > self.participants:
            raise ValueError("one round of the allocation exceeds the sample size")
        limit = self.bayes.success
        null = self.risks.control_percent + (limit.risk_difference_percent or 0)
        if not 0 < null < 100:
            raise ValueError(
                f"the limit of success leads to a risk of {null:g} % under treatment; give a "
                "smaller one"
            )
        return self

    def sizes_at(self, participants: int) -> list[tuple[int, int]]:
        """Return participants of the treated and of the control arm at each analysis.

        Raises
        ------
        InputError
            An arm gets no participant between two analyses.
        """
        share = self.allocation[1] / sum(self.allocation)
        found = []
        for percent in self.bayes.analyses_percent:
            total = round(percent * participants / 100)
            treated = round(share * total)
            found.append((treated, total - treated))
        steps = np.diff(np.array([(0, 0), *found]), axis=0)
        if (steps < 1).any():
            problem = f"analyses of {participants} participants leave an arm without new ones"
            cure = "plan more participants or fewer analyses"
            raise InputError.of(self.id, "bayes.analyses_percent", problem, cure)
        return found

    def months_at(self, participants: int) -> list[float] | None:
        """Return the expected month at which the endpoints of each analysis are known.

        Expected recruitment, without the variation of arrivals; None if the file has no sites.
        """
        if not self.sites:
            return None
        totals = [sum(size) for size in self.sizes_at(participants)]
        rates = recruitment_of(self.as_fixed()).joined()
        reached = expected_month(rates, np.array(totals, float))
        return [float(month) + self.endpoint.endpoint_month for month in np.ravel(reached)]

    def as_fixed(self) -> DesignFile:
        """Return the trial with one analysis and no Bayesian rule, for what all designs share."""
        sites = self.sites or (
            Recruiting(name="all sites", from_month=(0.0,), recruitment_per_year=(100.0,)),
        )
        return DesignFile(
            id=self.id, title=self.title, question=self.question, version=self.version,
            author=self.author, date=self.date, participants=self.participants, risks=self.risks,
            allocation=self.allocation, sites=sites, endpoint=self.endpoint,
        )  # fmt: skip


def is_bayesian(fields: Any) -> bool:
    """Return whether the fields of a design file are those of a Bayesian trial."""
    return isinstance(fields, dict) and "bayes" in fields
