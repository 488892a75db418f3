"""Which treatments differ from the control: Dunnett's single-step and step-down tests.

Closed testing with Dunnett's test of every intersection is the step-down test of Dunnett CW,
Tamhane AC (*Stat Med* 1991;10:939-47); Marcus R, Peritz E, Gabriel KR. *Biometrika* 1976;63:655-60
for the closure. It rejects every hypothesis that the single-step test rejects, and often more.
"""

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.multi_arm.control_paths import control_paths, follow_arm


def dunnett_p(z: float, arms: int, *, ratio: float = 1.0, sides: int = 1) -> float:
    """Return the probability that the largest of several null statistics reaches ``z``.

    Examples
    --------
    >>> print(f"{dunnett_p(2.3489449, 3):.5f}")
    0.02500
    """
    value = abs(z) if sides == 2 else z
    arm = follow_arm(
        (1.0,), np.array([value]), np.array([-np.inf]), ratio, two_sided=sides == 2
    )  # fmt: skip
    weights = control_paths((1.0,))[1]
    return float(1 - weights @ np.clip(1 - arm.rejects[:, 0], 0.0, 1.0) ** arms)


def dunnett_adjusted(
    z: ArrayLike, *, ratio: float = 1.0, sides: int = 1, closed: bool = True
) -> Floats:
    """Return (arm,) adjusted p-values of treatments against one control.

    Parameters
    ----------
    z
        (arm,) statistics, positive in favour of the treatment.
    closed
        Step-down (closed testing); False is the single-step test.

    Examples
    --------
    >>> dunnett_adjusted([2.3, 1.0, 2.6]).round(4).tolist()
    [0.02, 0.1587, 0.0127]
    """
    statistics = np.asarray(z, float)
    size = np.abs(statistics) if sides == 2 else statistics
    order = np.argsort(-size, kind="stable")
    found, worst = np.empty(size.size), 0.0
    for place, arm in enumerate(order):
        rivals = size.size - place if closed else size.size
        worst = max(worst, dunnett_p(float(size[arm]), rivals, ratio=ratio, sides=sides))
        found[arm] = worst
    return found
