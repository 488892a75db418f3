"""The outcome of a plan as columns of the table: its kind, one row per trial, codes of classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimate.core.analysis_set import OutcomeKind, Repeated
from estimate.core.arrays import Floats
from estimate.core.columns import Categorical, Numeric, read_columns
from estimate.outcomes.registry import check_outcome_methods
from estimate.plan.choices import Outcome
from estimate.plan.method_options import check_several_arms
from estimate.plan.spec import Plan
from protocol.errors import InputError

#: Number of distinct values above which an outcome of undeclared kind is treated as continuous.
MANY = 10

#: Name of the clusters if each row of a table counts as several trials.
ROW = "row of the table"


@dataclass(frozen=True, slots=True)
class OutcomeColumns:
    """A table prepared for its outcome.

    Attributes
    ----------
    columns
        The table; with one row per trial if the outcome counts trials.
    kind
        Kind of outcome.
    cluster
        Column whose rows of equal value are dependent, if any.
    caution
        The inferred kind of outcome, if the plan does not state it.
    repeated
        Measurements at visits, if the outcome has them.
    """

    columns: Any
    kind: OutcomeKind
    cluster: str | None
    caution: str | None = None
    repeated: Repeated | None = None


def outcome_columns(columns: Any, plan: Plan, where: str) -> OutcomeColumns:
    """Prepare a table for the outcome of a plan.

    Raises
    ------
    InputError
        If counts of trials do not fit, or a class is unknown, or a method is not available for the
        kind that the values show.
    """
    outcome = plan.outcome
    if outcome.trials is not None:
        return OutcomeColumns(
            _one_row_per_trial(columns, outcome, plan.cluster, where), "binary",
            plan.cluster or ROW,
        )  # fmt: skip
    if outcome.visits:
        return _at_visits(columns, outcome, where)
    if outcome.declared == "ordinal":
        kinds = {outcome.name: Categorical(outcome.levels)}
        codes = read_columns(columns, kinds, where)[outcome.name]
        return OutcomeColumns(_with(columns, {outcome.name: codes}), "ordinal", plan.cluster)
    if outcome.declared is not None:
        return OutcomeColumns(columns, outcome.declared, plan.cluster)
    if not _is_measured(columns, outcome.name, where):
        return OutcomeColumns(columns, "binary", plan.cluster)
    _refuse_methods(plan, where)
    caution = (
        f"{outcome.name} holds many distinct numbers and is analysed as a measurement; state "
        f"`outcome: {{column: ..., kind: continuous}}` (or count, ordinal)"
    )
    return OutcomeColumns(columns, "continuous", plan.cluster, caution)


def _at_visits(columns: Any, outcome: Outcome, where: str) -> OutcomeColumns:
    """Return the table with the mean of the visits; missing for patients without any."""
    read = read_columns(columns, {name: Numeric() for name in outcome.visits}, where)
    values = np.stack([read[name] for name in outcome.visits], -1)
    known = ~np.isnan(values)
    count = known.sum(-1)
    total = np.where(known, values, 0.0).sum(-1)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    repeated = Repeated(values, outcome.visits, outcome.baseline)
    return OutcomeColumns(_with(columns, {outcome.name: mean}), "repeated", None, repeated=repeated)


def _is_measured(columns: Any, name: str, where: str) -> bool:
    if name not in columns:
        return False
    try:
        values = read_columns(columns, {name: Numeric()}, where)[name]
    except InputError:
        return False
    return len(np.unique(values[~np.isnan(values)])) > MANY


def _refuse_methods(plan: Plan, where: str) -> None:
    try:
        if plan.treatment_levels:
            continuous = plan.outcome.model_copy(update={"kind": "continuous"})
            check_several_arms(plan.methods, continuous)
        else:
            check_outcome_methods(plan.methods, "continuous")
    except ValueError as error:
        problem, _, cure = str(error).partition("; ")
        raise InputError.of(where, plan.outcome.name, problem, cure) from None


def _one_row_per_trial(
    columns: Any, outcome: Outcome, cluster: str | None, where: str
) -> Mapping[str, Any]:
    """Repeat each row for its trials: events first, then the others."""
    asked = {outcome.name: Numeric(), str(outcome.trials): Numeric()}
    read = read_columns(columns, asked, where)
    events, trials = read[outcome.name], read[str(outcome.trials)]
    known = ~(np.isnan(events) | np.isnan(trials))
    whole = (events == np.floor(events)) & (trials == np.floor(trials))
    if not (whole & (events >= 0) & (events <= trials))[known].all():
        cure = f"give whole numbers with 0 <= {outcome.name} <= {outcome.trials} in every row"
        raise InputError.of(where, outcome.name, "the counts do not fit", cure)
    count = np.where(known, trials, 1).astype(int)
    rows = np.repeat(np.arange(len(count)), count)
    place = np.concatenate([np.arange(n) for n in count]) if len(count) else np.empty(0)
    repeated = {str(name): np.asarray(columns[name], object)[rows] for name in columns}
    repeated[outcome.name] = np.where(known[rows], place < events[rows], np.nan)
    if cluster is None:
        repeated[ROW] = rows
    return repeated


def _with(columns: Any, changed: Mapping[str, Any]) -> Mapping[str, Any]:
    return {str(name): columns[name] for name in columns} | dict(changed)


def eligible(columns: Any, plan: Plan, where: str) -> Floats | None:
    """Return the plan's column of eligibility, 0 or 1; None if it names none."""
    if plan.eligible is None:
        return None
    if plan.eligible not in columns:
        have = ", ".join(map(str, columns))
        raise InputError.of(
            where, plan.eligible, "there is no such column", f"columns here: {have}"
        )
    column = np.asarray(columns[plan.eligible], float)
    if not np.isin(column, (0, 1)).all():
        raise InputError.of(where, plan.eligible, "it holds other than 0 and 1", "code it 0 or 1")
    return column
