"""Counts and true risks of the subgroups of a trial of two arms."""

import numpy as np
from numpy.typing import NDArray

from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.strata import members
from pretese.trial.conduct.trial_conduct import Trials
from pretese.trial.conduct.true_estimands import ideal
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.subgroups import Population

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def subgroup_counts(design: DesignFile, data: Data) -> Floats:
    """Return (replicate, subgroup x part x arm x 2) successes and participants analysed.

    Parts are the subgroup and the other participants, arms control and treated.
    """
    arms = [data.include & (data.arm == arm) for arm in (0, 1)]
    success = data.outcome > 0
    cells = [
        np.stack([(here & success).sum(1), here.sum(1)], -1)
        for part in _all_parts(design, data.baseline, data.diagnosis)
        for here in (part & arm for arm in arms)
    ]
    return np.stack(cells, 1).reshape(len(success), -1).astype(float)


def subgroup_risks(design: DesignFile, trials: Trials, participants: int, effect: float) -> Floats:
    """Return (replicate, subgroup x part x 3) true risks of both arms, and the part's share.

    Risks are those of the participants of the trial in the population of the estimand; NaN in an
    empty part.
    """
    first = slice(0, participants)
    control, treated, population = (
        each[:, first] for each in ideal(design, trials.participants_, effect)
    )
    baseline = {name: values[:, first] for name, values in trials.baseline.items()}
    found = []
    with np.errstate(invalid="ignore"):
        for part in _all_parts(design, baseline, trials.diagnosis[:, first]):
            here = part & population
            size = here.sum(1)
            risks = [(each & here).sum(1) / size for each in (control, treated)]
            found.append(np.stack([*risks, part.mean(1)], -1))
    return np.stack(found, 1).reshape(len(control), -1)


def _all_parts(
    design: DesignFile, baseline: dict[str, Floats], diagnosis: NDArray[np.int64]
) -> list[Bools]:
    """Return members and others of every subgroup; a value that is not recorded is in neither."""
    if design.subgroups is None:
        raise ValueError("the design has no subgroups")
    found = []
    for each in design.subgroups.populations:
        inside = members(each, baseline, diagnosis)
        found += [inside, ~inside & _recorded(each, baseline, diagnosis.shape)]
    return found


def _recorded(population: Population, baseline: dict[str, Floats], shape: tuple[int, ...]) -> Bools:
    if population.variable is None:
        return np.ones(shape, bool)
    return np.isfinite(baseline[population.variable])
