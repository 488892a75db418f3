"""The decision rule of a design file: thresholds fixed before the simulation."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pretese.trial.design.arms import Open
from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole


class DecisionRule(Document):
    """Thresholds for going ahead, at least one; `power.decision_verdict` applies them.

    The worst power is that of the worst cell of the sensitivity grid; the level is the greatest
    type I error of the plan, of the cells, and of a family of endpoints that share the level.
    Participants are those recruited and months those until the last analysis, both on average and
    with the planned effect.
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
