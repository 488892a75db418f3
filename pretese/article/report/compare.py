"""Compare every published number with the simulated studies."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pretese.article.calibration.verdict import LIMIT, distance
from pretese.article.published import PublishedNumber, PublishedStudy
from protocol.errors import InputError
from simulate.scenario import Scenario

Floats = NDArray[np.float64]
Status = Literal["calibrated to", "predicted", "not modelled"]


@dataclass(frozen=True, slots=True)
class Simulated:
    """Distribution of one number over the simulated studies.

    ``percentile`` is that of the published value among them, 0 to 100, ties counted half;
    ``replicates`` are those with a finite value.
    """

    simulated_mean: float
    mcse: float
    low_2_5: float
    high_97_5: float
    percentile: float
    replicates: int


@dataclass(frozen=True, slots=True)
class Row:
    """A published number and its simulated distribution, if it is modelled.

    ``z`` is the distance in Monte Carlo standard errors, for *calibrated* numbers only.
    """

    id: str
    label: str
    unit: str
    published: str
    value: float
    status: Status
    origin: Literal["printed", "derived"]
    simulated: Simulated | None = None
    z: float | None = None
    note: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether a calibrated number is met; None for the others."""
        return None if self.z is None else self.z <= LIMIT

    def flat(self) -> dict[str, object]:
        """Return the row as one line of a table."""
        answer = self.simulated
        numbers = {n: getattr(answer, n) if answer else None for n in Simulated.__slots__}
        before = {n: getattr(self, n) for n in ("id", "label", "unit", "published")}
        after = {n: getattr(self, n) for n in ("status", "origin", "z", "agrees", "note")}
        return {**before, **numbers, **after}


def compare(
    scenario: Scenario, published: PublishedStudy, simulated: Mapping[str, Floats]
) -> list[Row]:
    """Return one row per published number, in the order of its file."""
    return [
        _row(name, number, scenario, simulated.get(name))
        for name, number in published.numbers.items()
    ]


def comparison_frame(rows: list[Row]) -> pd.DataFrame:
    """Return the rows as a table, one column per field."""
    return pd.DataFrame([row.flat() for row in rows])


def missed(rows: list[Row]) -> list[Row]:
    """Return the calibration targets that are missed."""
    return [row for row in rows if row.agrees is False]


def _row(name: str, number: PublishedNumber, scenario: Scenario, simulated: Floats | None) -> Row:
    origin: Literal["printed", "derived"] = "derived" if number.is_derived else "printed"
    sign = {"below": "< ", "above": "> ", "at least": "≥ ", "up to": "≤ ", "about": "≈ "}
    shown = sign.get(number.relation, "") + number.digits
    row = partial(Row, name, number.label, number.unit, shown, number.value)
    if simulated is None:
        return row("not modelled", origin, note=reason_for(scenario, name))
    answer = simulated_summary(simulated, number.value, number.half_width)
    note = _note(name, scenario)
    if name not in scenario.targets:
        return row("predicted", origin, answer, note=note)
    z = distance(answer.simulated_mean, number.value, number.half_width, answer.mcse)
    return row("calibrated to", origin, answer, z, note)


def simulated_summary(simulated: Floats, value: float, half_width: float) -> Simulated:
    """Summarise a number over studies, with the percentile of a value that has so many digits."""
    finite = simulated[np.isfinite(simulated)]
    if not len(finite):
        nothing = float("nan")
        return Simulated(nothing, nothing, nothing, nothing, nothing, replicates=0)
    low, high = np.quantile(finite, [0.025, 0.975])
    return Simulated(
        simulated_mean=float(finite.mean()),
        mcse=float(finite.std(ddof=1) / np.sqrt(len(finite))),
        low_2_5=float(low),
        high_97_5=float(high),
        percentile=_percentile(finite, value, half_width),
        replicates=len(finite),
    )


def _percentile(simulated: Floats, value: float, half_width: float) -> float:
    """Return the mid-rank of the published value; values that round to its digits are ties."""
    below = (simulated < value - half_width).sum()
    above = (simulated > value + half_width).sum()
    ties = len(simulated) - below - above
    return float(100 * (below + ties / 2) / len(simulated))


def _note(name: str, scenario: Scenario) -> str:
    notes = [words for pattern, words in scenario.notes.items() if fnmatchcase(name, pattern)]
    return notes[0] if notes else ""


def reason_for(scenario: Scenario, name: str) -> str:
    """Return why a number is not modelled; a missing reason is a fault of the scenario."""
    for pattern, reason in scenario.not_modelled.items():
        if fnmatchcase(name, pattern):
            return reason
    cure = "add a pattern with a reason under not_modelled"
    raise InputError.of(scenario.id, "not_modelled", f"no reason is given for {name}", cure)
