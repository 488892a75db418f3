"""Example trials in detail, replayed from seed and replicate number."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pretese.io.text.rounding_rule import REPLICATE_DIGITS
from pretese.trial.conduct.observed_data import dropouts, observe
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.trial_conduct import Trials, draw_trials
from pretese.trial.design.design_file import DesignFile
from pretese.trial.power.trial_tables import table_of
from pretese.trial.simulation.engine import simulate_design
from pretese.trial.simulation.interim_analyses import Analyses, run_analyses
from pretese.trial.simulation.reestimation import largest
from protocol.errors import InputError
from simulate.core.coding import DIAGNOSES
from simulate.scenario import Scenario

#: Number of participants shown of each trial.
SHOWN = 8

#: Number of participants simulated to choose trials from if a study simulated counts, and limits of
#: the number of trials.
PARTICIPANTS, FEWEST, MOST = 500_000, 100, 1000


@dataclass(frozen=True, slots=True)
class ExampleTrial:
    """One trial; ``analyses`` and ``first_participants`` are rows for a table."""

    title: str
    trial: int
    effect_percent: float
    ending: str
    analyses: list[dict[str, Any]]
    first_participants: list[dict[str, Any]]


def choose_examples(table: pd.DataFrame, analyses: int) -> dict[str, tuple[int, float]]:
    """Return up to five trials of one size: title to (replicate, effect in percent).

    Parameters
    ----------
    table
        One row per trial and effect, as `pretese power --out` writes them.
    analyses
        Analyses of the design.
    """
    full, none = (table[table.effect_percent == each] for each in (100.0, 0.0))
    win, last = full.rejected > 0, full.analysis == analyses
    larger = (
        full.get("final_size", full.participants) > full.participants
    )  # older tables have no such column
    kinds = {
        "Early stop for efficacy": (full[win & ~last], "analysis", True),
        "Early stop for futility": (full[~win & ~last], "analysis", True),
        "Narrow success": (full[win & last & (full.z > 0)], "z", True),
        "Narrow failure": (full[~win & last], "z", False),
        "False-positive result": (none[(none.rejected > 0) & (none.z > 0)], "z", 1),
        "Success after a sample size increase": (full[win & last & larger], "z", True),
        "Largest imbalance of the arms": (full, "imbalance", False),
    }
    chosen: dict[str, tuple[int, float]] = {}
    for title, (rows, by, rising) in kinds.items():
        if len(rows) and len(chosen) < 5:
            row = rows.sort_values([by, "trial"], ascending=[bool(rising), True]).iloc[0]
            chosen[title] = (int(row.trial), float(row.effect_percent))
    return chosen


def examples(design: DesignFile, seed: int, participants: int) -> pd.DataFrame:
    """Simulate trials at patient level to choose from, for a study that simulated counts."""
    trials = int(np.clip(PARTICIPANTS // participants, FEWEST, MOST))
    points = [(participants, 1.0), (participants, 0.0)]
    found = simulate_design(design, None, points, seed=seed, replicates=trials, patient_level=True)
    return pd.concat([table_of(point, 0, found[point]).to_pandas() for point in points])


def replay_trial(
    design: DesignFile,
    scenario: Scenario | None,
    seed: int,
    participants: int,
    title: str,
    which: tuple[int, float],
    stored: pd.Series,
) -> ExampleTrial:
    """Replay one trial and describe it.

    Raises
    ------
    InputError
        The trial differs from the stored one: scenario, program or seed have changed.
    """
    number, effect_percent = which
    effect = effect_percent / 100
    trials = draw_trials(design, scenario, seed, largest(design, participants), 1, number)
    data = observe(design, trials, effect)
    analyses = run_analyses(data, participants)
    known = design.endpoint_month
    rows = [_analysis(data, trials, analyses, k, known) for k in range(int(stored.analysis))]
    # Stored values are rounded.
    tolerance = 10.0 ** (1 - REPLICATE_DIGITS)
    if not np.isclose(rows[-1]["z"], stored.z, rtol=tolerance, equal_nan=True):
        problem = f"trial {number} cannot be replayed: z {rows[-1]['z']:.6g}, stored {stored.z:.6g}"
        cure = "run `pretese power --out` again with this version"
        raise InputError.of(design.id, "trial", problem, cure)
    return ExampleTrial(
        title,
        number,
        effect_percent,
        _ending(stored),
        rows,
        _first_participants(data, trials, effect),
    )


def _analysis(
    data: Data, trials: Trials, analyses: Analyses, k: int, known: float
) -> dict[str, Any]:
    seen = data.cut(int(analyses.participants[0, k]))
    cells = {}
    for name, code in (("control", 0), ("treated", 1)):
        members = seen.include[0] & (seen.arm[0] == code)
        cells[name] = f"{int(seen.outcome[0, members].sum())} of {int(members.sum())}"
    month = trials.arrival_months[0, analyses.participants[0, k] - 1] + known
    plan = data.design.monitoring.plan()
    return {
        "analysis": k + 1,
        "month": float(month),
        **cells,
        "estimate": float(analyses.answers[k].estimate[0]),
        "z": float(analyses.z[0, k]),
        "upper": float(plan.upper[k]),
        "lower": float(plan.lower[k]) if np.isfinite(plan.lower[k]) else None,
    }


def _ending(stored: pd.Series) -> str:
    verdict = "the null hypothesis was " + ("rejected" if stored.rejected else "not rejected")
    return (
        f"It ended at analysis {stored.analysis:.0f} after {stored.months:.1f} months, with "
        f"{stored.recruited:.0f} participants recruited ({stored.n_experimental:.0f} to "
        f"treatment), "
        f"{stored.analysed:.0f} of them analysed; {verdict}."
    ) + _reported(stored)


def _reported(stored: pd.Series) -> str:
    """Return the reported estimate of a group-sequential trial, with the unadjusted one."""
    if not np.isfinite(getattr(stored, "median_unbiased", np.nan)):
        return ""
    final, usual = (
        "{:z.4f} ({:z.4f} to {:z.4f})".format(*(stored[name] for name in names))
        for names in (("median_unbiased", "final_low", "final_high"),
                      ("estimate", "conf_low", "conf_high"))
    )  # fmt: skip
    if stored.analysis == 1:
        return f" Reported estimate {final}; at the first analysis no adjustment is needed."
    return f" Median-unbiased estimate {final}; unadjusted {usual}."


def _first_participants(data: Data, trials: Trials, effect: float) -> list[dict[str, Any]]:
    """Return recorded and potential outcomes of the first participants."""
    potential, rows = trials.participants_.potential(effect), []
    left = dropouts(data.design, trials, effect)[0]
    words, named = ("no success", "success"), data.design.scenario is not None
    for i in range(min(SHOWN, trials.arm.shape[1])):
        arm, received = int(trials.arm[0, i]), int(trials.received[0, i])
        if data.include[0, i]:
            end = words[int(data.outcome[0, i])]
        else:
            end = "dropped_out" if left[0, i] else "excluded"
        rows.append(
            {
                "participant": i + 1,
                "month": float(trials.arrival_months[0, i]),
                "site": data.design.sites[int(trials.site[0, i])].name,
                "diagnosis": DIAGNOSES[trials.eligible.diagnosis[0, i]] if named else "-",
                "arm": ("control", "treated")[arm],
                "switched": "yes" if received != arm else "",
                "end": end,
                "would": tuple(words[int(each[0, i])] for each in potential),
            }
        )
    return rows
