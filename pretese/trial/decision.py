"""What a design must show before anyone goes ahead with it, written down before it is simulated."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pretese.trial.arms import Open
from protocol.documents import Document

Most = Annotated[float, Field(gt=0)]


class Decision(Document):
    """Thresholds for going ahead, at least one; `pretese.trial.verdict` holds numbers to them.

    ``worst_power`` is that of the worst cell of the nuisance grid. ``level`` is the greatest type I
    error of the plan, of the cells, and of a family of endpoints that share the level. Men are
    those recruited and months those until the last analysis, both on average and with the planned
    effect.
    """

    power_percent_at_least: Open | None = None
    worst_power_percent_at_least: Open | None = None
    assurance_percent_at_least: Open | None = None
    level_percent_at_most: Open | None = None
    expected_men_at_most: Most | None = None
    months_at_most: Most | None = None

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"give at least one of {', '.join(type(self).model_fields)}")
        return self
