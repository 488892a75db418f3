"""Cumulative live birth by arm under each convention."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimate.core.arrays import Bools
from estimate.core.columns import Numeric, read_columns
from estimate.core.result import plain
from estimate.plan.outcome_columns import eligible
from estimate.plan.spec import Plan
from estimate.survival.cumulative_live_birth import (
    Convention,
    SurvivalCurve,
    kaplan_meier,
    life_table,
    log_rank,
    transfer_times,
)
from protocol.errors import Fault, InputError


@dataclass(frozen=True, slots=True)
class CumulativeLiveBirth:
    """Kaplan-Meier curves over the order of transfers, and their log-rank test.

    Attributes
    ----------
    convention
        The assumption on couples who stop without a birth.
    curves
        Untreated, treated.
    couples
        Numbers of couples with a transfer, untreated and treated.
    """

    convention: Convention
    curves: tuple[SurvivalCurve, SurvivalCurve]
    couples: tuple[int, int]
    p_value: float

    def record(self) -> dict[str, Any]:
        """Return plain values for JSON: cumulative live birth with its limits."""
        arms = {
            name: {
                "couples": couples,
                "at_risk": curve.table.at_risk.tolist(),
                "cumulative_live_birth": (1 - curve.survival).tolist(),
                "conf_low": (1 - curve.conf_high).tolist(),
                "conf_high": (1 - curve.conf_low).tolist(),
            }
            for name, curve, couples in zip(
                ("untreated", "treated"), self.curves, self.couples, strict=True
            )
        }
        order = self.curves[0].table.order.tolist()
        p_value = plain(self.p_value)
        return {"convention": self.convention, "order": order, **arms, "log_rank_p": p_value}


def live_births(columns: Any, plan: Plan, where: str = "data") -> Iterator[CumulativeLiveBirth]:
    """Yield cumulative live birth under each convention that the plan has columns for.

    Couples with a transfer, a known treatment and eligibility are included.

    Raises
    ------
    InputError
        If transfers are not whole numbers, births not 0/1, or an arm has no couple.
    """
    asked = plan.live_birth
    if asked is None:
        return
    names = [plan.treatment, asked.transfers, asked.birth]
    conventions: list[Convention] = ["conservative", "censored"]
    if asked.embryos_left is not None:
        names.append(asked.embryos_left)
        conventions.append("embryos left")
    read = read_columns(columns, {name: Numeric() for name in names}, where)
    chosen = eligible(columns, plan, where)
    here = np.ones(len(read[asked.transfers]), bool) if chosen is None else chosen > 0
    with np.errstate(invalid="ignore"):
        here &= ~np.isnan(read[plan.treatment]) & (read[asked.transfers] >= 1)
    treated, transfers, birth, *left = (read[name][here] for name in names)
    arms = (treated == 0, treated == 1)
    _check(plan, transfers, birth, arms, where)
    stay = np.nan_to_num(left[0]) if left else None
    for convention in conventions:
        time = transfer_times(transfers, birth, convention, embryos_left=stay)
        last = int(transfers.max())
        tables = [life_table(time, birth, arm * 1.0, last=last) for arm in arms]
        yield CumulativeLiveBirth(
            convention,
            (kaplan_meier(tables[0]), kaplan_meier(tables[1])),
            (int(arms[0].sum()), int(arms[1].sum())),
            float(log_rank(tables[0], tables[1]).p_value),
        )


def _check(plan: Plan, transfers: Any, birth: Any, arms: tuple[Bools, Bools], where: str) -> None:
    asked = plan.live_birth
    faults = []
    if asked is not None:
        if (transfers != np.floor(transfers)).any():
            cure = "count the transfers: 1, 2, ..."
            faults.append(Fault(where, asked.transfers, "it holds fractions", cure))
        if not np.isin(birth, (0, 1)).all():
            cure = "give 0 or 1 for every couple with a transfer"
            faults.append(Fault(where, asked.birth, "it holds other than 0 and 1", cure))
        for name, arm in zip(("0", "1"), arms, strict=True):
            if not arm.any():
                problem = f"no couple with {plan.treatment} {name} has a transfer"
                cure = "leave `live_birth` out of the plan"
                faults.append(Fault(where, asked.transfers, problem, cure))
    if faults:
        raise InputError(faults)
