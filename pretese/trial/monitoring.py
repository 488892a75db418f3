"""When a planned trial is looked at, and what stops it."""

import re
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from estimate.sequential.boundaries import HaybittlePeto, Shape, WangTsiatis, plan_sequential
from estimate.sequential.design import SequentialDesign
from estimate.sequential.spending import Spending
from pretese.trial.arms import Open
from protocol.documents import Document
from protocol.errors import InputError


class Monitoring(Document):
    """When the data are looked at, and what stops the trial.

    ``efficacy`` and ``futility`` are written ``OF``, ``Pocock``, ``HSD(-4)`` or ``KD(2)`` (error
    spending); efficacy also ``WT(0.25)`` (Wang-Tsiatis) or ``HP(3)`` (Haybittle-Peto).
    """

    looks_percent: tuple[float, ...] = (100.0,)
    efficacy: str = "OF"
    futility: str | None = None
    binding: bool = False
    alpha_percent: Annotated[float, Field(gt=0, lt=50)] = 5.0
    sides: Literal[1, 2] = 2
    power_percent: Open = 80.0

    def plan(self) -> SequentialDesign:
        """Return the bounds."""
        futility = None if self.futility is None else _shape(self.futility)
        if isinstance(futility, WangTsiatis | HaybittlePeto):
            problem = f"{self.futility!r} spends no error"
            raise InputError.of("monitoring", "futility", problem, "give OF, HSD(-2) or such")
        return plan_sequential(
            np.asarray(self.looks_percent) / 100,
            _shape(self.efficacy),
            alpha=self.alpha_percent / 100,
            sides=self.sides,
            power=self.power_percent / 100,
            futility=futility,
            binding=self.binding,
        )


def _shape(words: str) -> Shape:
    match = re.fullmatch(r"(OF|Pocock|HSD|KD|WT|HP)(?:\((-?\d+(?:\.\d+)?)\))?", words.strip())
    if match is None:
        cure = "write OF, Pocock, HSD(-4), KD(2), WT(0.25) or HP(3)"
        raise InputError.of("monitoring", "efficacy", f"{words!r} is not understood", cure)
    family, number = match[1], None if match[2] is None else float(match[2])
    if family == "WT":
        return WangTsiatis(0.0 if number is None else number)
    if family == "HP":
        return HaybittlePeto(3.0 if number is None else number)
    return Spending(family, number)  # type: ignore[arg-type]  # the pattern holds families alone
