"""The decision rule of a design file: thresholds fixed before the simulation."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pretese.trial.design.arms import Open
from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole


class DecisionRule(Document):
    """Thresholds for a go decision, at least one; `power.decision_verdict` applies them.

    The worst-case power is that of the worst cell of the sensitivity grid; the maximum type I error
    is taken over the plan, the cells, and the family of endpoints that share alpha. Participants
    recruited and months until the last analysis are averages under the planned effect.
    """

    min_power_percent: Open | None = None
    min_worst_case_power_percent: Open | None = None
    min_assurance_percent: Open | None = None
    max_type_i_error_percent: Open | None = None
    max_expected_participants: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = None
    max_duration_months: Annotated[Number, Field(ge=0.001, le=12_000)] | None = None

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"give at least one of {', '.join(type(self).model_fields)}")
        return self
