"""True conditional odds ratio, from large simulated trials with both arms of every patient.

A conditional odds ratio does not follow from two risks. It is the limit of the analysis model in
large samples, so that the model is fitted to many more participants than a trial has, each with
both potential outcomes. Site effects are random, so that several such trials are simulated, and
their standard deviation gives the Monte Carlo error.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from estimate.core.arrays import Floats
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.trial_conduct import Participants, simulate_participants
from pretese.trial.conduct.true_estimands import ideal, ideal_days
from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.arm_comparison import analyse_trials
from simulate.scenario import Scenario

#: Number of large trials, and of participants in each.
TRIALS, PARTICIPANTS = 16, 8192


def given_truths(
    design: DesignFile,
    scenario: Scenario | None,
    seed: int,
    effect: float,
    participants: int | None = None,
) -> tuple[Floats, Floats] | None:
    """Return (endpoint,) true conditional log odds ratios and their Monte Carlo errors.

    With a calendar-time trend they depend on the duration of recruitment: ``participants`` is the
    sample size, if not that of the file. NaN for endpoints whose analysis is marginal; None if all
    are. Results are cached in this process and equal in all processes.
    """
    if not any(each.analysis.true_by_limit for each in design.questions):
        return None
    if design.calendar_trend is not None and participants is not None:
        design = design.model_copy(update={"participants": participants})
    text = None if scenario is None else scenario.model_dump_json()
    found = [_given(each.model_dump_json(), text, seed, effect) for each in design.questions]
    return np.array([value for value, _ in found]), np.array([mcse for _, mcse in found])


@lru_cache(maxsize=64)
def _given(
    design_text: str, scenario_text: str | None, seed: int, effect: float
) -> tuple[float, float]:
    """Return one true value with its error; arguments are text so that they can be cached."""
    design = DesignFile.model_validate_json(design_text)
    if not design.analysis.true_by_limit:
        return float("nan"), float("nan")
    if effect == 0 and design.endpoint.treatment_switching != "composite":
        return 0.0, 0.0
    scenario = None if scenario_text is None else Scenario.model_validate_json(scenario_text)
    answer = analyse_trials(_both_arms(design, scenario, seed, effect))
    found = np.log(answer.estimate[answer.converged])
    return float(found.mean()), float(found.std(ddof=1) / np.sqrt(found.size))


def _both_arms(design: DesignFile, scenario: Scenario | None, seed: int, effect: float) -> Data:
    """Return the patients of large trials, repeated as often as the allocation requires."""
    participants_ = simulate_participants(design, scenario, seed, PARTICIPANTS, TRIALS)
    control, treated, population = ideal(design, participants_, effect)
    arms = [0] * design.allocation[0] + [1] * design.allocation[1]
    copies, written = len(arms), participants_.eligible.baseline
    return Data(
        design=design,
        outcome=np.concatenate([(treated if arm else control) for arm in arms], 1).astype(float),
        arm=np.repeat(np.asarray(arms, float), PARTICIPANTS)[None].repeat(TRIALS, 0),
        present=np.ones((TRIALS, PARTICIPANTS * copies), bool),
        include=np.tile(population, (1, copies)),
        operated=np.ones((TRIALS, PARTICIPANTS * copies), bool),
        site=np.tile(participants_.site, (1, copies)),
        diagnosis=np.tile(participants_.eligible.diagnosis, (1, copies)),
        baseline={name: np.tile(values, (1, copies)) for name, values in written.items()},
        day=_days(design, participants_, effect, arms) if design.endpoint.is_time else None,
    )


def _days(
    design: DesignFile, participants_: Participants, effect: float, arms: Sequence[int]
) -> NDArray[np.int64]:
    control, treated = ideal_days(design, participants_, effect)
    return np.concatenate([(treated if arm else control) for arm in arms], 1).astype(np.int64)
