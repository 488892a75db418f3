"""Assumed bias of studies by their judgements of risk of bias, read from a file.

Each domain of ROBINS-I or RoB 2 has a shift and a standard deviation for each judgement. Biases of
the domains of one study are added as independent normal variables (Turner RM et al. *J R Stat Soc
A* 2009;172:21-47). All numbers are assumptions of the reader of the studies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from pretese.literature.study import EvidenceStudy, Judgement
from protocol.reading.documents import Document
from protocol.reading.fields import Number

Text = Annotated[str, Field(min_length=1, max_length=600)]

#: The domains of `RiskOfBias`.
Domain = Literal[
    "confounding", "selection", "classification", "deviations", "missing_data", "measurement",
    "reporting",
]  # fmt: skip


class DomainBias(Document):
    """Assumed bias: mean (positive favours therapy) and standard deviation.

    Both are on the scale of the pooled effects: the logarithm for ratios.
    """

    shift: Annotated[Number, Field(ge=-5, le=5)] = 0.0
    sd: Annotated[Number, Field(ge=0, le=5)] = 0.0


class BiasFile(Document):
    """Assumed bias by domain and judgement; a combination that is not listed has none."""

    about: Text
    domains: Annotated[dict[Domain, dict[Judgement, DomainBias]], Field(min_length=1)]

    @model_validator(mode="after")
    def _rising(self) -> "BiasFile":
        order = get_args(Judgement)[:4]
        for name, judged in self.domains.items():
            sds = [judged[each].sd for each in order if each in judged]
            if sds != sorted(sds):
                words = ", ".join(each for each in order if each in judged)
                raise ValueError(f"{name}: the standard deviation falls from {words}")
        return self

    def bias_of(self, study: EvidenceStudy) -> "StudyBias":
        """Return the sum of the biases of a study's domains."""
        judgements: Mapping[str, str] = study.risk_of_bias.model_dump()
        found = [
            judged[judgement]
            for name, judged in self.domains.items()
            for judgement in get_args(Judgement)
            if judgement in judged and judgements[name] == judgement
        ]
        return StudyBias(sum(e.shift for e in found), sum(e.sd**2 for e in found) ** 0.5)


@dataclass(frozen=True, slots=True)
class StudyBias:
    """Assumed bias of one study: mean and standard deviation; the logarithm for ratios."""

    shift: float = 0.0
    sd: float = 0.0
