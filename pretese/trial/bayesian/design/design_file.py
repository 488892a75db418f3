"""The design file of a Bayesian trial of two arms."""

from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from pretese.trial.bayesian.design.rule_fields import BayesSection
from pretese.trial.conduct.trial_conduct import recruitment_of
from pretese.trial.design.arms import Arms, ByArm, Dropout, Recruiting, Risks
from pretese.trial.design.design_file import DesignFile, Part
from pretese.trial.design.endpoint import IMPUTED, Endpoint, EndpointAnalysis, Hypothesis
from protocol.errors import InputError
from protocol.reading.documents import Document
from protocol.reading.fields import Day, Identifier, Whole
from simulate.recruitment.accrual import expected_month


class BayesianDesign(Document):
    """A planned trial of two arms that decides by posterior probabilities.

    Participants have fixed event rates ``risks``, or come from a ``scenario``. Without dropout
    ``participants`` are those with a known endpoint at the final analysis; with ``dropout`` they
    are those recruited. ``allocation`` are the parts of control and treatment.
    """

    id: Identifier
    title: str
    question: str
    version: str | None = None
    author: str | None = None
    date: Day | None = None
    participants: Annotated[Whole, Field(ge=10, le=100_000)]
    risks: Risks | None = None
    scenario: str | None = None
    arms: Arms | None = None
    dropout: Dropout = Dropout()
    treatment_switching: ByArm = ByArm()
    allocation: tuple[Part, Part] = (1, 1)
    sites: Annotated[tuple[Recruiting, ...], Field(max_length=1000)] = ()
    endpoint: Endpoint
    bayes: BayesSection

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.endpoint.is_time or self.endpoint.missing == IMPUTED:
            raise ValueError("a Bayesian trial counts observed events: no times, no imputation")
        if self.endpoint.sperm_in_ejaculate == "principal stratum":
            raise ValueError("a Bayesian trial counts events: no principal stratum")
        self.as_trial()  # the checks of every trial of two arms
        if self.by_participants:
            self._check_simulated()
        return self

    def _check_simulated(self) -> None:
        """Refuse rules that need the table of all counts, which simulated trials do not have."""
        section = self.bayes
        exact = "needs fixed event rates without dropout and treatment switching"
        if section.success.max_type_i_error_percent is not None:
            raise ValueError(f"max_type_i_error_percent {exact}; give probability_percent")
        if section.futility is not None and section.futility.predictive_percent:
            raise ValueError(f"predictive_percent {exact}; give probability_percent")
        if section.success.odds_ratio not in (None, 1):
            raise ValueError(f"an odds ratio as limit {exact}; give risk_difference_percent")

    @property
    def by_participants(self) -> bool:
        """Whether trials of participants are simulated, because arms lose or exchange them."""
        return (
            self.risks is None or self.dropout != Dropout() or self.treatment_switching != ByArm()
        )

    @property
    def planned_risks(self) -> tuple[float, float]:
        """Planned event rates of control and treatment, from 0 to 1; the design has such rates."""
        if self.risks is None:
            raise ValueError("a scenario has no fixed event rates")  # checked by the caller
        return self.risks.control_percent / 100, self.risks.treated_percent / 100

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
        rates = recruitment_of(self.as_trial()).joined()
        reached = expected_month(rates, np.array(totals, float))
        return [float(month) + self.endpoint.endpoint_month for month in np.ravel(reached)]

    def as_trial(self) -> DesignFile:
        """Return the trial with one analysis and no Bayesian rule, for what all designs share.

        Its hypothesis is the limit of success, so that an effect of 0 lies at it.
        """
        sites = self.sites or (
            Recruiting(name="all sites", from_month=(0.0,), recruitment_per_year=(100.0,)),
        )
        limit = self.bayes.success.risk_difference_percent or 0.0
        analysis = EndpointAnalysis()
        if limit:
            kind: Hypothesis = "superiority" if limit > 0 else "non-inferiority"
            analysis = EndpointAnalysis(margin_percent=abs(limit), hypothesis=kind)
        shared = ("id", "title", "question", "version", "author", "date", "participants", "risks",
                  "scenario", "arms", "dropout", "treatment_switching", "allocation",
                  "endpoint")  # fmt: skip
        return DesignFile(
            **{name: getattr(self, name) for name in shared}, sites=sites, analysis=analysis
        )


def is_bayesian(fields: Any) -> bool:
    """Return whether the fields of a design file are those of a Bayesian trial."""
    return isinstance(fields, dict) and "bayes" in fields
