"""Sensitivity to unascertained outcomes, excluded responders and unmeasured confounding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.comparison.contingency import TwoByTwo, odds_ratio
from estimate.core.arrays import Floats, Ints
from estimate.core.estimand import Estimand
from estimate.core.result import RATIOS, Estimate, wald


def ascertainment(table: TwoByTwo, missed: ArrayLike, estimand: Estimand) -> Estimate:
    """Return the odds ratio if ``missed`` untreated patients had the outcome undetected.

    The treated had a semen analysis after three months, the untreated none; intermittent sperm in
    the ejaculate was therefore detectable in one arm only.

    Parameters
    ----------
    missed
        (...) untreated patients to move from "no" to "yes"; with one table, an array of numbers
        gives one estimate each.

    Examples
    --------
    >>> question = Estimand("patients started", "therapy 1 vs 0", "any sperm", "odds ratio")
    >>> table = TwoByTwo.of(142, 253, 34, 140)
    >>> answer = ascertainment(table, [0, 5, 10], question)
    >>> print(answer.estimate.round(2))
    [2.31 1.94 1.66]
    """
    moved = np.asarray(missed, float)
    shifted = TwoByTwo.of(
        table.treated_yes, table.treated_no, table.untreated_yes + moved, table.untreated_no - moved
    )
    return odds_ratio(shifted, estimand, method="ascertainment")


def ascertainment_tipping_point(table: TwoByTwo, estimand: Estimand) -> Ints | None:
    """Return the number of missed untreated patients at which the interval includes 1, or None.

    ``table`` is of one study, with an odds ratio above 1.
    """
    missed = np.arange(int(table.untreated_no))
    low = ascertainment(table, missed, estimand).conf_low
    reached = np.flatnonzero(low <= 1)
    return reached[0] if reached.size else None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Smallest and largest value (...) that the data allow."""

    low: Floats
    high: Floats


def never_responder_bounds(operated: TwoByTwo, responders: ArrayLike) -> Bounds:
    """Bound the risk difference among patients who would not respond to treatment before surgery.

    Treated responders were excluded from the table; comparable untreated patients were not. If
    the arms are balanced, the untreated arm holds the same proportion of them, and their outcomes
    lie between none and all successful (principal strata: Frangakis CE, Rubin DB. *Biometrics*
    2002;58:21-29).

    Parameters
    ----------
    operated
        Retrieval among operated patients.
    responders
        Treated patients without surgery because they responded.

    Examples
    --------
    >>> bounds = never_responder_bounds(TwoByTwo.of(115, 253, 34, 140), 27)
    >>> print(f"{bounds.low:.3f} to {bounds.high:.3f}")
    0.103 to 0.176
    """
    left = np.asarray(responders, float)
    expected = operated.untreated * left / (operated.treated + left)
    most = np.minimum(expected, operated.untreated_yes)
    fewest = np.maximum(0, expected - operated.untreated_no)
    remaining = operated.untreated - expected
    lowest = (operated.untreated_yes - most) / remaining
    highest = (operated.untreated_yes - fewest) / remaining
    return Bounds(operated.risk_treated - highest, operated.risk_treated - lowest)


def negative_control(effect: Estimate, control: Estimate) -> Estimate:
    """Return an effect corrected for the bias estimated by a negative control.

    The control is an outcome (or exposure) that treatment cannot affect, analysed in the same way:
    its departure from the null estimates the common bias (Lipsitch M, Tchetgen Tchetgen E, Cohen T.
    *Epidemiology* 2010;21:383-388). Both estimates are treated as independent, which widens the
    interval if they are positively correlated.

    Raises
    ------
    ValueError
        If the two are on different scales.
    """
    if effect.scale != control.scale:
        raise ValueError(f"a {effect.scale} cannot be corrected by a {control.scale}")
    values = (effect.estimate, control.estimate)
    if effect.scale in RATIOS:
        values = (np.log(values[0]), np.log(values[1]))
    value = values[0] - values[1]
    error = np.hypot(effect.std_error, control.std_error)
    return wald(
        effect.estimand,
        f"{effect.method}, negative control taken off",
        effect.scale,
        value,
        error,
        effect.n,
        converged=effect.converged & control.converged,
    )
