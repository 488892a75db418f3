"""Trials of a design drawn man by man, at several sizes and effects.

Sizes and effects share their men: a smaller trial is the beginning of a larger one. So curves are
smooth, comparisons are paired, and a curve over sizes costs hardly more than its largest trial.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints
from pretese.trial.conduct.trial_conduct import Trials, draw_trials
from pretese.trial.conduct.true_estimands import truths
from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.conditional_effect import given_truths
from pretese.trial.simulation.interim_analyses import Looks
from pretese.trial.simulation.multiple_endpoints import (
    at_look,
    end_of,
    look_at_all,
    observe_all,
    paths,
    several,
)
from pretese.trial.simulation.reestimation import largest
from pretese.trial.simulation.stopped_estimates import final_estimates
from pretese.trial.simulation.trial_results import Outcomes, Point, Results
from simulate.scenario import Scenario

#: Numbers of a method on their own scale: logarithms for ratios.
_ON_SCALE = ("estimate", "conf_low", "conf_high")


def run_block(
    design: DesignFile,
    scenario: Scenario | None,
    seed: int,
    points: Sequence[Point],
    first: int,
    size: int,
) -> Results:
    """Draw trials ``first .. first + size - 1`` and take them through every point."""
    most = max(largest(design, men) for men, _ in points)
    trials = draw_trials(design, scenario, seed, most, size, first)
    guessed = guessed_so_far(trials.arm, design.allocation)
    sizes = sorted({men for men, _ in points}) if design.secondary else []
    null = observe_all(design, trials, 0.0) if sizes else []
    without = {men: paths(look_at_all(null, men)) for men in sizes}
    found: Results = {}
    for effect in sorted({effect for _, effect in points}):
        data = observe_all(design, trials, effect)
        for men in sorted({m for m, e in points if e == effect}):
            looks, given = look_at_all(data, men), given_truths(design, scenario, seed, effect, men)
            arrays = several(design, trials, men, effect, looks, without[men]) if sizes else {}
            if given is not None:
                true, error = (np.tile(each, (size, 1)) for each in given)
                arrays |= {"given_truth": true, "given_truth_mcse": error}
            ended = conduct(design, trials, men, effect, looks, guessed[:, men - 1])
            found[men, effect] = replace(ended, **arrays)
    return found


def conduct(
    design: DesignFile,
    trials: Trials,
    men: int,
    effect: float,
    looks: Sequence[Looks],
    guessed: Floats,
) -> Outcomes:
    """End trials planned for ``men`` where their looks say; ``guessed``: share of arms guessed."""
    ends, primary = end_of(design, looks), looks[0]
    at = np.take_along_axis(primary.men, ends.look[:, None] - 1, -1)
    numbers = {name: at_look(primary.answers, name, ends.look) for name in _ON_SCALE}
    month = np.take_along_axis(trials.arrival_months, at - 1, 1) + design.known_after_months
    full = _full_men(design, men, primary.men[:, -1], ends.look)
    here = (trials.arrival_months <= month) & _called(design, trials, men, full)
    control, treated, target = truths(design, trials.people, men, effect)
    return Outcomes(
        look=ends.look.astype(float),
        rejected=ends.rejected.astype(float),
        z=ends.z,
        **numbers,
        **final_estimates(design, ends.look, ends.z, **numbers),
        std_error=at_look(primary.answers, "std_error", ends.look, log=False),
        p_value=at_look(primary.answers, "p_value", ends.look, log=False),
        full_men=full,
        analysed=at_look(primary.answers, "n", ends.look, log=False),
        recruited=here.sum(1).astype(float),
        exposed=(here & (trials.arm == 1)).sum(1).astype(float),
        months=month[:, 0],
        risk_control=control,
        risk_treated=treated,
        target=target,
        guessed=guessed,
        imbalance=imbalance_at_end(trials.arm[:, :men], design.allocation),
    )


def _full_men(design: DesignFile, men: int, sizes: Ints, look: Ints) -> Floats:
    """Return the size at the last look; trials that stop at or before re-estimation keep theirs."""
    rule = design.monitoring.reestimation
    return np.where(look > (rule.at_look if rule else 0), sizes, men).astype(float)


def _called(design: DesignFile, trials: Trials, men: int, full: Floats) -> Bools:
    """Return (replicate, man) who is recruited at all: up to the size of the trial.

    Men who come while a re-estimating look waits for its endpoints are recruited, even if the
    trial then becomes smaller.
    """
    number, rule = np.arange(trials.arm.shape[1]), design.monitoring.reestimation
    called: Bools = number < full[:, None]
    if rule is None:
        return called
    last = design.looks_at(men)[rule.at_look - 1] - 1
    due = trials.arrival_months[:, [last]] + design.known_after_months
    return called | ((number < men) & (trials.arrival_months <= due))


def guessed_so_far(arm: Ints, allocation: tuple[int, int]) -> Floats:
    """Return (replicate, man) shares of arms guessed right up to each man, two arms.

    At the last man it is `predictability.convergence_guess`, in a quarter of its time.
    """
    parts = np.asarray(allocation, float)
    step = np.where(arm == 1, 1 / parts[1], -1 / parts[0])
    lead = np.cumsum(step, axis=1) - step
    own = (parts / parts.sum())[arm]
    right = np.where(np.abs(lead) < 1e-9, own, (lead < 0) == (arm == 1))
    return np.asarray(np.cumsum(right, axis=1) / np.arange(1, arm.shape[1] + 1))


def imbalance_at_end(arm: Ints, allocation: tuple[int, int]) -> Floats:
    """Return (replicate,) the imbalance that `predictability.imbalance` ends with."""
    treated = arm.sum(1)
    lead = treated / allocation[1] - (arm.shape[1] - treated) / allocation[0]
    return np.asarray(np.ceil(np.abs(lead) - 1e-9) + 0.0)  # no minus 0
