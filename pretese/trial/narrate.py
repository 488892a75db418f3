"""Single trials told from recruitment to the end, drawn again from their seed and number."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pretese.trial.analyse import Data, analyse, observe, signed_statistic
from pretese.trial.conduct import Trials, draw_trials
from pretese.trial.design import Design
from protocol.errors import InputError
from simulate.scenario import Scenario

#: Men shown of each trial.
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Story:
    """One trial; ``looks`` and ``first_men`` are rows for a table."""

    title: str
    trial: int
    effect_percent: float
    ending: str
    looks: list[dict[str, Any]]
    first_men: list[dict[str, Any]]


def choose(table: pd.DataFrame, looks: int) -> dict[str, tuple[int, float]]:
    """Return title to (trial, effect in percent) of up to five trials of one size.

    Parameters
    ----------
    table
        One row per trial and effect, as `pretese power --out` writes them.
    looks
        Looks of the design.
    """
    full, none = (table[table.effect_percent == each] for each in (100.0, 0.0))
    win, last = full.rejected > 0, full.look == looks
    kinds = {
        "It stops early for efficacy": (full[win & ~last], "look", True),
        "It stops early for futility": (full[~win & ~last], "look", True),
        "It narrowly succeeds": (full[win & last & (full.z > 0)], "z", True),
        "It narrowly fails": (full[~win & last], "z", False),
        "There is no effect, and it finds one": (none[(none.rejected > 0) & (none.z > 0)], "z", 1),
        "The arms are furthest apart in size": (full, "imbalance", False),
    }
    chosen: dict[str, tuple[int, float]] = {}
    for title, (rows, by, rising) in kinds.items():
        if len(rows) and len(chosen) < 5:
            row = rows.sort_values([by, "trial"], ascending=[bool(rising), True]).iloc[0]
            chosen[title] = (int(row.trial), float(row.effect_percent))
    return chosen


def tell_story(
    design: Design,
    scenario: Scenario | None,
    seed: int,
    men: int,
    title: str,
    which: tuple[int, float],
    stored: pd.Series,
) -> Story:
    """Draw one trial again and tell it.

    Raises
    ------
    InputError
        It is not the trial that was stored: scenario, program or seed have changed.
    """
    number, effect_percent = which
    effect = effect_percent / 100
    trials = draw_trials(design, scenario, seed, men, 1, number)
    outcome, include = observe(design, trials, effect)
    data = Data(outcome, (trials.arm == 1).astype(float), include, design, trials)
    rows = [_look(data, k, count) for k, count in enumerate(design.looks_at(men), start=1)]
    rows = rows[: int(stored.look)]
    if not np.isclose(rows[-1]["z"], stored.z, rtol=1e-9, equal_nan=True):
        problem = f"trial {number} does not replay: z {rows[-1]['z']:.6g}, stored {stored.z:.6g}"
        cure = "run `pretese power --out` again with this version"
        raise InputError.of(design.id, "trial", problem, cure)
    return Story(title, number, effect_percent, _ending(stored), rows, _first_men(data))


def _look(data: Data, look: int, count: int) -> dict[str, Any]:
    answer = analyse(data, count)
    y, arm, include = data.outcome[0, :count], data.arm[0, :count], data.include[0, :count]
    cells = {}
    for name, code in (("control", 0), ("treated", 1)):
        members = include & (arm == code)
        cells[name] = f"{int(y[members].sum())} of {int(members.sum())}"
    month = data.trials.arrival_months[0, count - 1] + data.design.endpoint.known_after_months
    plan = data.design.monitoring.plan()
    lower = plan.lower[look - 1]
    return {
        "look": look,
        "month": float(month),
        **cells,
        "estimate": float(answer.estimate[0]),
        "z": float(signed_statistic(answer)[0]),
        "upper": float(plan.upper[look - 1]),
        "lower": float(lower) if np.isfinite(lower) else None,
    }


def _ending(stored: pd.Series) -> str:
    verdict = "rejects the null hypothesis" if stored.rejected else "does not reject"
    return (
        f"After {stored.months:.1f} months, with {stored.recruited:.0f} men recruited "
        f"({stored.exposed:.0f} of them to treatment) and {stored.analysed:.0f} analysed, it "
        f"{verdict} at look {stored.look:.0f}."
    )


def _first_men(data: Data) -> list[dict[str, Any]]:
    trials: Trials = data.trials
    rows = []
    for i in range(min(SHOWN, trials.arm.shape[1])):
        arm, received = int(trials.arm[0, i]), int(trials.received[0, i])
        if data.include[0, i]:
            end = "success" if data.outcome[0, i] else "no success"
        else:
            end = "lost" if trials.lost[0, i] else "not in the analysis"
        rows.append(
            {
                "man": i + 1,
                "month": float(trials.arrival_months[0, i]),
                "site": data.design.sites[int(trials.site[0, i])].name,
                "arm": ("control", "treated")[arm],
                "crossed": "yes" if received != arm else "",
                "end": end,
            }
        )
    return rows
