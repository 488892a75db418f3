"""The effect among patients who would be operated on under either arm, from a randomised trial.

Membership of this stratum is not observed. Suppose that therapy never removes sperm from the
ejaculate, and that patients in whom it causes sperm in the ejaculate would have had sperm retrieved
without it. Then all patients outside the stratum have sperm under either arm, the whole effect on
*any sperm* arises in the stratum, and the stratum consists of the patients operated on under
treatment: the effect is the difference in any sperm divided by the proportion operated on in the
treated arm. Frangakis CE, Rubin DB. *Biometrics* 2002;58:21-9; the argument is that of Angrist JD,
Imbens GW, Rubin DB. *J Am Stat Assoc* 1996;91:444-55.
"""

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate, wald


def always_operated(
    found: ArrayLike, operated: ArrayLike, patients: ArrayLike, estimand: Estimand
) -> Estimate:
    """Return the risk difference of retrieval among patients operated on under either arm.

    The standard error is by the delta method. A trial with an empty arm, or without operations
    under treatment, does not converge.

    Parameters
    ----------
    found
        (..., 2) patients of control and of treatment with sperm from either source.
    operated
        (..., 2) patients operated on.
    patients
        (..., 2) all patients.

    Examples
    --------
    100 patients per arm; sperm in 40 and 60, of whom 5 and 30 needed no operation:

    >>> question = Estimand("patients operated under either arm", "1 vs 0", "sperm_retrieved", "")
    >>> answer = always_operated([40, 60], [95, 70], [100, 100], question)
    >>> print(f"{answer.estimate:.4f} ({answer.std_error:.4f})")
    0.2857 (0.1074)
    """
    x, o, n = (np.asarray(each, float) for each in (found, operated, patients))
    sound = (n > 0).all(-1) & (o[..., 1] > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        p, share = x / n, o[..., 1] / n[..., 1]
        difference = p[..., 1] - p[..., 0]
        value = difference / share
        std_error = np.sqrt(_variance(p, share, value, n)) / share
    return wald(
        estimand.as_("risk difference"),
        "principal stratum",
        "risk difference",
        np.where(sound, value, np.nan),
        np.where(sound, std_error, np.nan),
        n.sum(-1).astype(int),
        interval="Wald, delta method",
        converged=sound,
    )


def _variance(p: Floats, share: Floats, value: Floats, n: Floats) -> Floats:
    """Return the variance of difference - value * proportion operated on, in the same patients.

    Every patient not operated on has sperm, so that a proportion p - (1 - share) has sperm and is
    operated on.
    """
    each = p * (1 - p) / n
    both = p[..., 1] - (1 - share) - p[..., 1] * share
    own = value**2 * share * (1 - share) - 2 * value * both
    return np.asarray(np.maximum(each.sum(-1) + own / n[..., 1], 0.0))
