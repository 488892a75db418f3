"""A group-sequential design as plain values, with its sample size for two event risks."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from estimate.sample_size.closed_form import size_two_proportions
from estimate.sample_size.exact_sequential import exact_sequential
from estimate.sequential.design import SequentialDesign
from pretese.trial.group_sequential.boundary_choice import WHERE
from protocol.errors import InputError

#: Maximum participants per arm for enumeration: the table of both arms takes 200 MB.
ENUMERATED = 5000


def describe_boundaries(design: SequentialDesign) -> dict[str, Any]:
    """Return a design as plain values; infinite boundaries become None."""
    reject, futile = design.rejection(design.drift), design.futility(design.drift)
    reject0, futile0 = design.rejection(), design.futility()
    alpha_spent, beta_spent = design.alpha_spent(), design.beta_spent()
    rows = [
        {
            "analysis": k + 1,
            "information_rate": design.information_rates[k],
            "upper": _finite(design.upper[k]),
            "lower": _finite(design.lower[k]),
            "harm": _finite(design.harm[k]) if k < len(design.harm) else None,
            "nominal_p": _finite(design.sides * float(ndtr(-design.upper[k]))),
            "alpha_spent": float(alpha_spent[k]),
            "beta_spent": float(beta_spent[k]) if design.has_futility else None,
            "rejects_under_alternative": float(reject[k]),
            "rejects_under_null": float(reject0[k]),
            "ends_without_rejection_under_alternative": float(futile[k]),
            "ends_without_rejection_under_null": float(futile0[k]),
        }
        for k in range(design.analyses)
    ]
    return {
        "name": design.name,
        "alpha": design.alpha,
        "sides": design.sides,
        "power": design.power,
        "binding": design.binding,
        "analyses": rows,
        "drift": design.drift,
        "inflation": design.inflation,
        "expected_rate_under_null": float(design.expected_rate()),
        "expected_rate_under_alternative": float(design.expected_rate(design.drift)),
    }


def describe_sample_size(
    design: SequentialDesign, treated: float, control: float, null: float = 0.0
) -> dict[str, Any]:
    """Return participants per arm at each analysis, with exact operating characteristics.

    The sample size is a closed form (an approximation); power, type I error at the control risk and
    expected sample size are exact for the score test (pooled z without a margin), 1:1.

    Parameters
    ----------
    null
        Difference treated - control under the null hypothesis: below 0 a non-inferiority margin,
        above 0 a superiority margin.
    """
    _check_risks(treated, control, null)
    fixed = size_two_proportions(
        treated, control, alpha=design.alpha / design.sides, power=design.power, null=null or None
    )
    per_arm = _whole_sizes(design, float(fixed.arm2))
    two = design.sides == 2
    high, low = max(treated, control), min(treated, control)
    if null:
        high, low = treated, control
    kept, ignored = (None, None) if two else (design.lower, design.ignored_lower)
    trial = exact_sequential(
        per_arm, per_arm, design.upper, high, low, lower=kept, sides=design.sides, nulls=(null,)
    )
    under_null = exact_sequential(
        per_arm, per_arm, design.upper, control + null, control, lower=ignored,
        sides=design.sides, nulls=(null,),
    )  # fmt: skip
    return {
        "treated": treated,
        "control": control,
        "null": null,
        "per_arm_fixed": math.ceil(float(fixed.arm2) - 1e-9),
        "per_arm_at_analysis": per_arm.tolist(),
        "exact_power": float(trial.power),
        "exact_type_1_error": float(under_null.power),
        "exact_expected_participants_under_alternative": float(trial.expected_participants),
        "exact_rejects_at_analysis": [float(p) for p in trial.efficacy],
    }


def describe_under_prior(
    design: SequentialDesign, participants: dict[str, Any], prior: str | Path
) -> dict[str, Any]:
    """Return success and expected sample size, averaged over a prior of the odds ratio.

    Parameters
    ----------
    participants
        As `describe_sample_size` returns it.
    """
    from pretese.literature.prior_source import prior_source  # evidence is slow to load
    from pretese.trial.measures.prior_average import averaged_over_prior

    source = prior_source(prior)
    per_arm = participants["per_arm_at_analysis"]
    found = averaged_over_prior(
        design, [(n, n) for n in per_arm], participants["control"], source.prior.mixture(),
        nulls=(participants["null"],),
    )  # fmt: skip
    return {"prior": source.prior.about, **found}


def _check_risks(treated: float, control: float, null: float) -> None:
    if not 0 < control + null < 1:
        problem = f"the risk at the margin would be {100 * (control + null):g} %"
        raise InputError.of(WHERE, "margin", problem, "give a smaller margin")
    if null and treated - control <= null:
        problem = "the planned risks lie in the null hypothesis"
        raise InputError.of(WHERE, "margin", problem, "plan risks within the margin")


def _whole_sizes(design: SequentialDesign, fixed: float) -> NDArray[np.int64]:
    """Return participants per arm at each analysis, for those of a design with one analysis."""
    per_arm: NDArray[np.int64] = np.ceil(design.sample_sizes(fixed) - 1e-9).astype(np.int64)
    if (np.diff(per_arm, prepend=0) < 1).any():
        problem = f"analyses at {per_arm.tolist()} participants per arm coincide"
        cure = "plan fewer analyses, or risks closer together"
        raise InputError.of(WHERE, "information", problem, cure)
    if per_arm[-1] > ENUMERATED:
        problem = (
            f"{per_arm[-1]} participants per arm are too many to enumerate, at most {ENUMERATED}"
        )
        raise InputError.of(WHERE, "treated_risk", problem, "give risks further apart, or none")
    return per_arm


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
