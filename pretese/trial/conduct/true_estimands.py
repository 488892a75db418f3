"""What an estimand is truly worth: from both potential outcomes of every man of a trial."""

import numpy as np

from estimate.core.arrays import Bools, Floats
from pretese.trial.conduct.trial_conduct import People
from pretese.trial.design.design_file import DesignFile


def truths(
    design: DesignFile, people: People, men: int, effect: float, endpoint: int = 0
) -> tuple[Floats, Floats, Floats]:
    """Return (replicate,) true risks in either arm, and the true effect, among the first ``men``.

    Risks are those of all men. The effect is that in the population of the estimand: men who
    would count in either arm.
    """
    control, treated, population = (
        each[:, :men] for each in ideal(design, people, effect, endpoint)
    )
    with np.errstate(invalid="ignore"):
        gained = (treated & population).sum(1) - (control & population).sum(1)
        target = gained / population.sum(1)
    return control.mean(1), treated.mean(1), target


def ideal(
    design: DesignFile, people: People, effect: float, endpoint: int = 0
) -> tuple[Bools, Bools, Bools]:
    """Return success in either arm as the estimand means it, and whom it is about.

    Shape (replicate, man). Crossover is part of the arm under treatment policy; it does not happen
    in a hypothetical world; it is a failure of a composite; men who would cross over from any arm
    are not meant if they are excluded.
    """
    strategy = design.questions[endpoint].endpoint.crossover
    as_they_would = strategy == "treatment policy"
    control, treated = people.potential(effect, endpoint, crossing=as_they_would)
    without, with_ = people.counted(effect, endpoint, crossing=as_they_would)
    crosses = people.would_cross
    population = without & with_
    if strategy == "composite":
        control, treated = control & ~crosses[0], treated & ~crosses[1]
    if strategy == "excluded":
        population = population & ~crosses[0] & ~crosses[1]
    return control, treated, population
