"""The posterior probability that success must reach for a wanted type I error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from estimate.bayesian.count_tables import CountTables
from estimate.bayesian.decision_rules import DecisionRules, decide_all
from estimate.bayesian.operating_characteristics import ExactTrialTables
from estimate.core.arrays import Floats
from protocol.errors import InputError

#: Steps of the calibrated probability: a hundredth of a percent.
STEP = 1e-4


@dataclass(frozen=True, slots=True)
class CalibratedSuccess:
    """A calibrated probability, and the type I error with it.

    Attributes
    ----------
    probability
        Success needs a posterior probability above this.
    type_i_error
        Largest type I error over the control risks.
    control_risk
        Where it is reached.
    """

    probability: float
    type_i_error: float
    control_risk: float


def calibrate_success(
    rules: DecisionRules,
    sizes: Sequence[tuple[int, int]],
    tables: Sequence[CountTables],
    nulls: tuple[Floats, Floats],
    error: float,
) -> CalibratedSuccess:
    """Return the smallest probability, in steps of 0.01 %, whose type I error is small enough.

    Parameters
    ----------
    nulls
        Risks (treated, control) without an effect, at which the error is to hold.
    error
        Wanted type I error, above 0 and below 1.

    Raises
    ------
    InputError
        Even the highest probability has a larger error.

    Notes
    -----
    The error falls as the probability rises, except where a change of the predictive probability
    moves the boundary of futility; the answer is checked, and the next steps are tried.
    """

    def largest(probability: float) -> tuple[float, float]:
        trial = ExactTrialTables(decide_all(rules.with_success(probability), sizes, tables))
        found = trial.at_risks(*nulls).success
        worst = int(np.argmax(found))
        return float(found[worst]), float(nulls[1][worst])

    low, high = 0, round(1 / STEP) - 1
    if largest(high * STEP)[0] > error:
        problem = f"no probability of success has a type I error of {100 * error:g} %"
        raise InputError.of("bayes", "success", problem, "allow a larger error, or plan more data")
    while high - low > 1:
        middle = (low + high) // 2
        if largest(middle * STEP)[0] <= error:
            high = middle
        else:
            low = middle
    found, where = largest(high * STEP)
    return CalibratedSuccess(round(high * STEP, 4), found, where)
