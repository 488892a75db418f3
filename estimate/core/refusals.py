"""Data that cannot be analysed: no patients left, no variation, impossible values."""

from collections.abc import Mapping, Sequence

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints
from protocol.errors import Fault, InputError

#: A treatment of more distinct numbers is a measurement.
MOST_ARMS = 10

#: Largest measurement; sums of squares of smaller values do not overflow.
LARGEST = 1e100


def refuse_what_cannot_be_analysed(
    read: Mapping[str, Floats],
    covariates: Sequence[str],
    stay: Bools,
    reasons: Mapping[str, Ints],
    roles: tuple[str, str],
    where: str,
    outcome_kind: str = "binary",
    positive: Sequence[str] = (),
    arms: Sequence[str] = (),
) -> None:
    """Raise all faults of columns, read as numbers, that prevent estimation.

    A batch is refused for these faults only if every data set has them.

    Parameters
    ----------
    read
        Names to (..., n); 0 for excluded patients.
    roles
        Names of treatment and outcome.
    outcome_kind
        "binary", "continuous", "count", "ordinal" or "time"; see `AnalysisSet`.
    positive
        Names of columns that hold positive numbers: times, denominators.
    arms
        Names of three arms or more; empty for a treatment of 0 and 1.
    """
    if not stay.any(axis=-1).any():
        why = ", ".join(f"{reason}: {int(np.max(count))}" for reason, count in reasons.items())
        cure = "fill the columns, leave them out, or impute them"
        raise InputError.of(where, "", f"no patient is left to analyse ({why or 'no row'})", cure)
    faults = beyond_measure({name: read[name] for name in covariates}, stay, where)
    beyond = {fault.field for fault in faults}
    for role, name in zip(("treatment", "outcome"), roles, strict=True):
        if role == "treatment" and arms:
            faults.extend(_empty_arms(name, read[name][stay], arms, where))
            continue
        binary = role == "treatment" or outcome_kind in ("binary", "time")
        wrong = read[name][stay & ~np.isin(read[name], (0, 1))] if binary else np.empty(0)
        if outcome_kind == "count" and role == "outcome":
            faults.extend(_not_counts(name, read[name][stay], where))
        if wrong.size:
            cure = _cure_of(role, read[name][stay], outcome_kind)
            faults.append(Fault(where, name, f"the {role} holds {wrong[0]:g}", cure))
        elif not _varies(read[name], stay):
            only = read[name][stay][0]
            cure = "both 0 and 1 must occur among the patients analysed"
            cure = cure if binary else "give an outcome that varies"
            faults.append(Fault(where, name, f"the {role} is {only:g} for everyone", cure))
    for name in positive:
        if (read[name][stay] <= 0).any():
            worst = read[name][stay].min()
            faults.append(Fault(where, name, f"it holds {worst:g}", "give positive numbers"))
    for name in covariates:
        column = read[name]
        if name not in beyond and not _varies(column, stay):
            cure = "leave it out of the covariates"
            faults.append(Fault(where, name, "it is the same for everyone", cure))
    if faults:
        raise InputError(faults)


def _empty_arms(name: str, values: Floats, arms: Sequence[str], where: str) -> list[Fault]:
    """Return a fault for every arm without patients."""
    cure = "leave it out of `treatment_levels`, or analyse patients who have it"
    return [
        Fault(where, name, f"no patient analysed has {arm}", cure)
        for index, arm in enumerate(arms)
        if not (values == index).any()
    ]


def _not_counts(name: str, values: Floats, where: str) -> list[Fault]:
    wrong = values[(values < 0) | (values != np.floor(values))]
    cure = "give whole numbers from 0, or `kind: continuous`"
    return [Fault(where, name, f"the outcome holds {wrong[0]:g}", cure)] if wrong.size else []


def _cure_of(role: str, values: Floats, outcome_kind: str) -> str:
    """Return the correction of a treatment or outcome that is not 0/1: nothing is dichotomised."""
    levels = len(np.unique(values))
    if levels <= 2:
        return "code it 0 (no) and 1 (yes)"
    if role == "outcome" and outcome_kind == "time":
        return "1 where follow-up ends with the event of interest, 0 where it ends otherwise"
    if role == "outcome":
        return "give its kind, `outcome: {column: ..., kind: continuous}` (or count, ordinal)"
    if levels > MOST_ARMS:
        return "a dose or a measurement has no arms; make it a covariate, and name the treatment"
    return "name its arms, `treatment_levels: [reference, second, third]`; do not merge arms"


def beyond_measure(read: Mapping[str, Floats], stay: Bools, where: str) -> list[Fault]:
    """Return a fault for every column that holds an impossible measurement."""
    faults = []
    for name, column in read.items():
        largest = np.where(stay & ~np.isnan(column), column, 0.0).ravel()
        worst = largest[np.abs(largest).argmax()] if largest.size else 0.0
        if abs(worst) > LARGEST:
            faults.append(Fault(where, name, f"it holds {worst:g}", "give finite measurements"))
    return faults


def _varies(column: Floats, stay: Bools) -> bool:
    """Return whether a column varies among the patients analysed in at least one data set."""
    low = np.where(stay, column, np.inf).min(-1)
    high = np.where(stay, column, -np.inf).max(-1)
    return bool((high > low).any())
