"""Check the columns of an analysis and keep the complete cases."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.analysis_set import AnalysisSet, OutcomeKind, Repeated
from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.clusters import (
    read_clusters,
    read_units,
    refuse_single_units,
    within_strata,
)
from estimate.core.columns import Categorical, Kind, Numeric, read_columns
from estimate.core.refusals import refuse_what_cannot_be_analysed
from protocol.errors import Fault, InputError


def analysis_set(
    columns: Mapping[str, ArrayLike] | Any,
    *,
    treatment: str,
    outcome: str,
    covariates: Mapping[str, Kind] | None = None,
    include: ArrayLike | None = None,
    cluster: str | None = None,
    outcome_kind: OutcomeKind = "binary",
    time: str | None = None,
    exposure: str | None = None,
    sampling: str | None = None,
    strata: str | None = None,
    levels: tuple[str, ...] = (),
    repeated: Repeated | None = None,
    where: str = "data",
) -> AnalysisSet:
    """Check columns and keep the complete cases.

    Parameters
    ----------
    columns
        Names to arrays (..., n), or a DataFrame (one study). Missing is NaN or None, and -1 for
        a categorical column that holds whole numbers: those are indices of levels.
    treatment, outcome
        Names of columns of 0 and 1.
    covariates
        Names to kinds. Patients with any of them missing are excluded and counted.
    include
        (..., n) patients eligible; None means all. Others are excluded as "not eligible", and their
        values are not checked.
    cluster
        Name of a column whose rows of equal value are dependent. Rows without a value are
        excluded.
    outcome_kind
        Kind of outcome; see `AnalysisSet`.
    time, exposure, sampling
        Names of columns of positive numbers: follow-up times, denominators of counts, sampling
        weights.
    strata
        Name of a column with the strata of a survey, within which clusters have their names.
    levels
        Names of three arms or more, the reference first, which the treatment then holds.
    repeated
        Measurements at visits, of which ``outcome`` names the mean.
    where
        File or table, for messages.

    Raises
    ------
    InputError
        All faults together: a missing column, a treatment or outcome that is not 0/1, a covariate
        that is not numeric, an unknown category, no patients left, a treatment or covariate that
        does not vary. A batch is refused only if every data set has a fault.

    Examples
    --------
    >>> patients = {"therapy": [1, 1, 0, 0], "sperm_retrieved": [1, 0, 0, 1]}
    >>> patients["age_years"] = [31, 28, None, 35]
    >>> chosen = analysis_set(
    ...     patients, treatment="therapy", outcome="sperm_retrieved",
    ...     covariates={"age_years": Numeric()},
    ... )
    >>> int(chosen.n), {why: int(count) for why, count in chosen.reasons.items()}
    (3, {'age_years is missing': 1})
    """
    kinds = dict(covariates or {})
    beside = {name: Numeric() for name in (time, exposure, sampling) if name is not None}
    arms = {treatment: Categorical(levels) if levels else Numeric(), outcome: Numeric()}
    read = _read(columns, {**arms, **beside, **kinds}, (treatment, outcome), where)
    shape = np.broadcast_shapes(*(column.shape for column in read.values()))
    units = None if cluster is None else read_clusters(columns, cluster, shape, where)
    stratum: Ints | None = None
    names: tuple[str, ...] = ()
    if strata is not None:
        stratum, names = read_units(columns, strata, shape, where, field="sampling_strata")
        units = None if units is None else within_strata(units, stratum)
    groups = _without_value((cluster, units), (strata, stratum))
    stay, reasons = _complete_cases(include, read, shape, groups)
    read = {name: np.where(stay, column, 0.0) for name, column in read.items()}
    refuse_what_cannot_be_analysed(
        read, list(kinds), stay, reasons, (treatment, outcome), where, outcome_kind, list(beside),
        levels,
    )  # fmt: skip
    if stratum is not None and strata is not None:
        everyone = np.broadcast_to(np.arange(shape[-1]), shape) if units is None else units
        refuse_single_units(stratum, everyone, stay, names, strata, where)
    return AnalysisSet(
        treatment=read[treatment],
        outcome=read[outcome],
        covariates={name: read[name] for name in kinds},
        kinds=kinds,
        include=stay,
        reasons=reasons,
        treatment_name=treatment,
        outcome_name=outcome,
        cluster=None if units is None else np.maximum(units, 0),
        cluster_name=cluster or "",
        outcome_kind=outcome_kind,
        time=None if time is None else read[time],
        exposure=None if exposure is None else np.where(stay, read[exposure], 1.0),
        sampling=None if sampling is None else read[sampling],
        sampling_name=sampling or "",
        stratum=None if stratum is None else np.maximum(stratum, 0),
        stratum_name=strata or "",
        levels=levels,
        repeated=repeated,
    )


def _complete_cases(
    include: ArrayLike | None,
    read: Mapping[str, Floats],
    shape: tuple[int, ...],
    groups: Sequence[tuple[str, Bools]],
) -> tuple[Bools, dict[str, Ints]]:
    """Return eligible patients with complete data, and the numbers excluded by reason."""
    eligible = np.ones(shape, bool) if include is None else np.array(include, bool)
    stay = np.broadcast_to(eligible, shape).copy()
    reasons: dict[str, Ints] = {}
    if not eligible.all():
        reasons["not eligible"] = np.count_nonzero(~eligible, axis=-1)
    gaps = [(name, np.isnan(column)) for name, column in read.items()]
    for name, gap in (*gaps, *groups):
        missing = stay & gap
        if missing.any():
            reasons[f"{name} is missing"] = np.count_nonzero(missing, axis=-1)
            stay &= ~missing
    return stay, reasons


def _read(
    columns: Mapping[str, ArrayLike] | Any, asked: Mapping[str, Kind], roles: tuple[str, str],
    where: str,
) -> dict[str, Floats]:  # fmt: skip
    """Read columns; faults of treatment and outcome name their own cure."""
    try:
        return read_columns(columns, asked, where)
    except InputError as error:
        raise InputError(_with_cure(fault, roles) for fault in error.faults) from None


def _without_value(*groupings: tuple[str | None, Ints | None]) -> list[tuple[str, Bools]]:
    """Return the rows of each grouping that belong to none of its groups."""
    return [
        (name, np.asarray(each < 0))
        for name, each in groupings
        if name is not None and each is not None
    ]


def _with_cure(fault: Fault, roles: tuple[str, str]) -> Fault:
    """Replace the correction of a treatment or outcome that contains text: it must be 0/1."""
    if fault.field in roles and fault.problem.endswith("is not a number"):
        return replace(fault, cure="code it 0 (no) and 1 (yes)")
    return fault
