"""An adjusted odds ratio from printed totals.

The likelihood of a logistic model on treatment and one category depends on the outcome only through
its totals by arm and by level. A paper that reports these and the numbers of patients in each arm
and level therefore determines its adjusted odds ratio.
"""

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.estimand import Estimand
from estimate.core.result import Estimate
from estimate.regression.logistic import fit_logistic
from estimate.regression.odds_ratio import from_logistic
from protocol.errors import InputError


def odds_ratio_from_margins(
    treated: ArrayLike,
    untreated: ArrayLike,
    yes_by_level: ArrayLike,
    yes_by_arm: tuple[float, float],
    estimand: Estimand,
    *,
    method: str = "adjusted, from totals",
) -> Estimate:
    """Return the odds ratio of treatment given one category, from totals.

    Parameters
    ----------
    treated, untreated
        (k) patients of each level in each arm.
    yes_by_level
        (k) patients with the outcome of each level, both arms together.
    yes_by_arm
        Patients with the outcome among the treated and among the untreated.

    Raises
    ------
    InputError
        If the two totals of patients with the outcome differ.

    Examples
    --------
    The published study: retrieval by arm and diagnosis (idiopathic, cryptorchidism, orchitis,
    AZFc).

    >>> answer = odds_ratio_from_margins(
    ...     [250, 49, 41, 28],
    ...     [146, 8, 10, 10],
    ...     [79, 23, 29, 18],
    ...     (115, 34),
    ...     Estimand("operated", "therapy 1 vs 0", "sperm_retrieved", "adjusted odds ratio"),
    ... )
    >>> print(f"{answer.estimate:.3f} ({answer.conf_low:.3f} to {answer.conf_high:.3f})")
    1.569 (1.004 to 2.495)
    """
    patients = np.array([treated, untreated], float)
    yes, arms = np.asarray(yes_by_level, float), np.asarray(yes_by_arm, float)
    if not np.isclose(yes.sum(), arms.sum()):
        raise InputError.of(
            "totals",
            "yes_by_arm",
            f"{arms.sum():g} patients with the outcome by arm but {yes.sum():g} by level",
            "both must count the same patients",
        )
    levels = patients.shape[1]
    # Any table with these totals has the same maximum; this one is the simplest.
    share = np.outer(arms, yes) / yes.sum() / patients
    X = np.zeros((2, levels, levels + 1))
    X[..., 0] = 1
    X[0, :, 1] = 1
    X[:, 1:, 2:] = np.eye(levels - 1)
    X, share, weights = X.reshape(-1, levels + 1), share.ravel(), patients.ravel()
    fit = fit_logistic(X, share, weights)
    return from_logistic(fit, X, share, 1, estimand, method, n=weights.sum(), weights=weights)
