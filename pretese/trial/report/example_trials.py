"""Single trials told from recruitment to the end, drawn again from their seed and number."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pretese.io.text.rounding_rule import REPLICATE_DIGITS
from pretese.trial.conduct.observed_data import Data, observe
from pretese.trial.conduct.trial_conduct import Trials, draw_trials
from pretese.trial.design.design_file import DesignFile
from pretese.trial.power.trial_tables import table_of
from pretese.trial.simulation.engine import simulate_design
from pretese.trial.simulation.interim_analyses import Looks, take_looks
from pretese.trial.simulation.reestimation import largest
from protocol.errors import InputError
from simulate.core.coding import DIAGNOSES
from simulate.scenario import Scenario

#: Men shown of each trial.
SHOWN = 8

#: Trials drawn to choose from where a study drew counts: so many men, between two limits.
MEN, LEAST, MOST = 500_000, 100, 1000


@dataclass(frozen=True, slots=True)
class Story:
    """One trial; ``looks`` and ``first_men`` are rows for a table."""

    title: str
    trial: int
    effect_percent: float
    ending: str
    looks: list[dict[str, Any]]
    first_men: list[dict[str, Any]]


def choose_examples(table: pd.DataFrame, looks: int) -> dict[str, tuple[int, float]]:
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
    larger = full.get("full_men", full.men) > full.men  # older tables have no such column
    kinds = {
        "It stops early for efficacy": (full[win & ~last], "look", True),
        "It stops early for futility": (full[~win & ~last], "look", True),
        "It narrowly succeeds": (full[win & last & (full.z > 0)], "z", True),
        "It narrowly fails": (full[~win & last], "z", False),
        "There is no effect, and it finds one": (none[(none.rejected > 0) & (none.z > 0)], "z", 1),
        "It is made larger, and succeeds": (full[win & last & larger], "z", True),
        "The arms are furthest apart in size": (full, "imbalance", False),
    }
    chosen: dict[str, tuple[int, float]] = {}
    for title, (rows, by, rising) in kinds.items():
        if len(rows) and len(chosen) < 5:
            row = rows.sort_values([by, "trial"], ascending=[bool(rising), True]).iloc[0]
            chosen[title] = (int(row.trial), float(row.effect_percent))
    return chosen


def examples(design: DesignFile, seed: int, men: int) -> pd.DataFrame:
    """Draw trials man by man to choose from, where a study drew counts: the rows of its table."""
    trials = int(np.clip(MEN // men, LEAST, MOST))
    points = [(men, 1.0), (men, 0.0)]
    found = simulate_design(design, None, points, seed=seed, replicates=trials, by_men=True)
    return pd.concat([table_of(point, 0, found[point]).to_pandas() for point in points])


def tell_story(
    design: DesignFile,
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
    trials = draw_trials(design, scenario, seed, largest(design, men), 1, number)
    data = observe(design, trials, effect)
    looks = take_looks(data, men)
    known = design.known_after_months
    rows = [_look(data, trials, looks, k, known) for k in range(int(stored.look))]
    # What is stored is rounded.
    tolerance = 10.0 ** (1 - REPLICATE_DIGITS)
    if not np.isclose(rows[-1]["z"], stored.z, rtol=tolerance, equal_nan=True):
        problem = f"trial {number} does not replay: z {rows[-1]['z']:.6g}, stored {stored.z:.6g}"
        cure = "run `pretese power --out` again with this version"
        raise InputError.of(design.id, "trial", problem, cure)
    return Story(
        title, number, effect_percent, _ending(stored), rows, _first_men(data, trials, effect)
    )


def _look(data: Data, trials: Trials, looks: Looks, k: int, known: float) -> dict[str, Any]:
    seen = data.cut(int(looks.men[0, k]))
    cells = {}
    for name, code in (("control", 0), ("treated", 1)):
        members = seen.include[0] & (seen.arm[0] == code)
        cells[name] = f"{int(seen.outcome[0, members].sum())} of {int(members.sum())}"
    month = trials.arrival_months[0, looks.men[0, k] - 1] + known
    plan = data.design.monitoring.plan()
    return {
        "look": k + 1,
        "month": float(month),
        **cells,
        "estimate": float(looks.answers[k].estimate[0]),
        "z": float(looks.z[0, k]),
        "upper": float(plan.upper[k]),
        "lower": float(plan.lower[k]) if np.isfinite(plan.lower[k]) else None,
    }


def _ending(stored: pd.Series) -> str:
    verdict = "rejects the null hypothesis" if stored.rejected else "does not reject"
    return (
        f"After {stored.months:.1f} months, with {stored.recruited:.0f} men recruited "
        f"({stored.exposed:.0f} of them to treatment) and {stored.analysed:.0f} analysed, it "
        f"{verdict} at look {stored.look:.0f}."
    ) + _reported(stored)


def _reported(stored: pd.Series) -> str:
    """Return what a trial with looks reports, beside what it would report without."""
    if not np.isfinite(getattr(stored, "median_unbiased", np.nan)):
        return ""
    final, usual = (
        "{:z.4f} ({:z.4f} to {:z.4f})".format(*(stored[name] for name in names))
        for names in (("median_unbiased", "final_low", "final_high"),
                      ("estimate", "conf_low", "conf_high"))
    )  # fmt: skip
    if stored.look == 1:
        return f" It reports {final}: at the first look there is nothing to correct."
    return f" It reports {final}, median-unbiased; without looks it would be {usual}."


def _first_men(data: Data, trials: Trials, effect: float) -> list[dict[str, Any]]:
    """Return what was recorded of the first men, beside what would have been in either arm."""
    potential, rows = trials.people.potential(effect), []
    words, named = ("no success", "success"), data.design.scenario is not None
    for i in range(min(SHOWN, trials.arm.shape[1])):
        arm, received = int(trials.arm[0, i]), int(trials.received[0, i])
        if data.include[0, i]:
            end = words[int(data.outcome[0, i])]
        else:
            end = "lost" if trials.lost[0, i] else "not in the analysis"
        rows.append(
            {
                "man": i + 1,
                "month": float(trials.arrival_months[0, i]),
                "site": data.design.sites[int(trials.site[0, i])].name,
                "diagnosis": DIAGNOSES[trials.candidates.diagnosis[0, i]] if named else "-",
                "arm": ("control", "treated")[arm],
                "crossed": "yes" if received != arm else "",
                "end": end,
                "would": tuple(words[int(each[0, i])] for each in potential),
            }
        )
    return rows
