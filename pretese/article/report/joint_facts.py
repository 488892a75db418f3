"""Joint facts that other sources print, as predictions of the simulated studies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pretese.article.report.compare import Simulated, simulated_summary
from protocol.reading.documents import Document, read_document
from protocol.reading.fields import Number, Whole
from simulate.core.shipped import shipped_folder

Floats = NDArray[np.float64]
Value = Annotated[Number, Field(ge=-1000, le=1000)]


class JointFact(Document):
    """A printed value, or the prior range of a correlation that no source prints."""

    label: str
    statistic: str
    value: Value | None = None
    decimals: Annotated[Whole, Field(ge=0, le=6)] = 0
    sweep: tuple[Value, Value] | None = None
    derived: str = ""
    source: str
    population: str

    @model_validator(mode="after")
    def _one_of_both(self) -> "JointFact":
        if (self.value is None) == (self.sweep is None):
            raise ValueError("give either `value` or `sweep`")
        return self


class JointFacts(Document):
    """All of them, by name."""

    facts: dict[str, JointFact]


@dataclass(frozen=True, slots=True)
class Prediction:
    """A joint fact with its distribution over the simulated studies.

    ``status`` is *transported* for a value of other patients, *assumed* for a prior range. In
    ``simulated``, the percentile is that of the printed value; of a prior it has no meaning.
    """

    name: str
    fact: JointFact
    simulated: Simulated

    @property
    def status(self) -> str:
        """Source of the value."""
        return "assumed" if self.fact.value is None else "transported"

    @property
    def published(self) -> str:
        """The value with its digits, or the range."""
        if self.fact.sweep:
            return "{:g} to {:g}".format(*self.fact.sweep)
        return f"{self.fact.value:.{self.fact.decimals}f}"

    @property
    def percentile(self) -> float | None:
        """That of the printed value among the studies."""
        return None if self.fact.value is None else self.simulated.percentile

    @property
    def verdict(self) -> str:
        """Whether it is met, in words."""
        if self.fact.sweep:
            return "in the prior range" if self.agrees else "outside the prior range"
        return "in the 95 % range" if self.agrees else "outside the 95 % range"

    @property
    def agrees(self) -> bool:
        """Whether the value is in the middle 95 % of studies, or their mean in the prior range."""
        if self.fact.sweep:
            low, high = self.fact.sweep
            return low <= self.simulated.simulated_mean <= high
        return 2.5 <= self.simulated.percentile <= 97.5


def outside(found: list[Prediction]) -> list[Prediction]:
    """Return the facts that the simulated studies do not meet."""
    return [each for each in found if not each.agrees]


def joint_predictions(simulated: Mapping[str, Floats]) -> list[Prediction]:
    """Compare every joint fact with the simulated studies, in the order of its file."""
    path = shipped_folder() / "joint" / "joint-facts.yaml"
    facts = read_document(path, JointFacts).facts
    return [_prediction(name, fact, simulated) for name, fact in facts.items()]


def joint_frame(found: list[Prediction]) -> pd.DataFrame:
    """Return the predictions as a table, one row each."""
    rows = [
        {
            "fact": each.name, "label": each.fact.label, "status": each.status,
            "published": each.published, "simulated_mean": each.simulated.simulated_mean,
            "mcse": each.simulated.mcse, "low_2_5": each.simulated.low_2_5,
            "high_97_5": each.simulated.high_97_5, "percentile": each.percentile,
            "agrees": each.agrees, "replicates": each.simulated.replicates,
            "population": each.fact.population, "source": each.fact.source,
        }
        for each in found
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _prediction(name: str, fact: JointFact, simulated: Mapping[str, Floats]) -> Prediction:
    centre = sum(fact.sweep) / 2 if fact.sweep else float(fact.value or 0)
    half_width = 0.5 * 10.0**-fact.decimals
    numbers = simulated[f"joint.{fact.statistic}"]
    return Prediction(name, fact, simulated_summary(numbers, centre, half_width))
