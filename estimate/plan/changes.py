"""Measurements before and after therapy in the same patients."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimate.comparison.two_sample import Comparison, signed_rank
from estimate.core.arrays import Bools, Floats
from estimate.core.columns import Numeric, read_columns
from estimate.core.result import plain
from estimate.plan.outcome_columns import eligible
from estimate.plan.spec import Plan
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class Pairs:
    """Patients measured twice: ``before`` and ``after``, (patient,), nothing missing."""

    before: Floats
    after: Floats

    @property
    def test(self) -> Comparison:
        """Wilcoxon's signed-rank test of no change."""
        return signed_rank(np.asarray(self.after) - np.asarray(self.before))

    @property
    def p_value(self) -> float:
        """The p-value of the test; NaN if no patient changed."""
        return float(self.test.p_value)


@dataclass(frozen=True, slots=True)
class Change:
    """One measurement before and after, by group of patients."""

    name: str
    groups: tuple[tuple[str, Pairs], ...]

    def record(self) -> dict[str, Any]:
        """Return quartiles before and after, and the paired test, as plain values for JSON."""
        rows = [
            {
                "group": group,
                "patients": len(pairs.before),
                **{
                    f"{moment}_quartiles": [plain(q) for q in _quartiles(values)]
                    for moment, values in (("before", pairs.before), ("after", pairs.after))
                },
                "p_value": plain(pairs.p_value),
                "test": pairs.test.method,
            }
            for group, pairs in self.groups
        ]
        return {"name": self.name, "groups": rows}


def _quartiles(values: Floats) -> Floats:
    if not len(values):
        return np.full(3, np.nan)
    return np.asarray(np.quantile(values, [0.25, 0.5, 0.75]))


def changes(columns: Any, plan: Plan, where: str = "data") -> Iterator[Change]:
    """Yield every planned measurement before and after, in eligible patients who have both.

    Raises
    ------
    InputError
        If a column is not there or holds no numbers, or no patient has both.
    """
    chosen = eligible(columns, plan, where)
    for name, asked in plan.changes.items():
        read = read_columns(columns, dict.fromkeys((asked.before, asked.after), Numeric()), where)
        before, after = read[asked.before], read[asked.after]
        both = ~np.isnan(before) & ~np.isnan(after)
        both &= np.ones(len(both), bool) if chosen is None else chosen > 0
        if not both.any():
            problem = f"no patient has a value there and in {asked.before}"
            raise InputError.of(where, asked.after, problem, f"take {name} out of `changes`")
        groups = _groups(columns, asked.by, both, where)
        pairs = tuple((words, Pairs(before[who], after[who])) for words, who in groups)
        yield Change(name, pairs)


def _groups(columns: Any, by: str | None, both: Bools, where: str) -> list[tuple[str, Bools]]:
    """Return names and members of the groups, in sorted order; one of all without ``by``."""
    if by is None:
        return [("all", both)]
    if by not in columns:
        have = ", ".join(map(str, columns))
        raise InputError.of(where, by, "there is no such column", f"columns here: {have}")
    values = np.asarray(columns[by], object)
    names = sorted({str(value) for value in values[both] if value is not None and value == value})
    members = np.array([str(value) for value in values])
    return [(f"{by} = {name}", both & (members == name)) for name in names]
