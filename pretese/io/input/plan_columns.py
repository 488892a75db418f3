"""The columns that an analysis plan needs from a table, and their use."""

from estimate.core.columns import Categorical
from estimate.longitudinal.strategies import Strategies
from estimate.plan.spec import Plan
from pretese.io.input.table_cells import (
    EVENT,
    INDICATOR,
    TWO_ARMS,
    TWO_OUTCOMES,
    CategoryUse,
    NumberUse,
    Use,
)


def _outcome_uses(plan: Plan) -> dict[str, Use]:
    """Return the columns of the outcome, each with its use."""
    outcome, numbers = plan.outcome, NumberUse("give numbers")
    if outcome.declared == "ordinal":
        return {outcome.name: CategoryUse(outcome.levels)}
    if outcome.time is not None:
        return {outcome.time: numbers, outcome.name: EVENT}
    if outcome.declared in (None, "binary") and outcome.trials is None:
        return {outcome.name: TWO_OUTCOMES}
    return dict.fromkeys(outcome.columns, numbers)


def visit_uses(asked: Strategies) -> dict[str, Use]:
    """Return the columns of a table of visits that strategies need, to what they hold."""
    model = asked.structural_model
    later = (model.outcome,) if model is not None and model.outcome is not None else ()
    needed = (*asked.covariates, *later, "month", "day")
    numbers = dict.fromkeys(needed, NumberUse("give numbers"))
    return {asked.patient: CategoryUse(), **numbers}


def injection_uses(asked: Strategies) -> dict[str, Use]:
    """Return the columns of a table of injections that strategies need, to what they hold."""
    return {asked.patient: CategoryUse(), "drug": CategoryUse(), "day": NumberUse("give numbers")}


def uses_of(plan: Plan) -> dict[str, Use]:
    """Return every column that a plan names, with its use.

    A column that is used in two ways is read for the first of them: arms, outcome, covariates,
    eligibility, clusters, sampling weights, live births, changes.

    >>> plan = Plan(treatment="dose", outcome="won", eligible="asked", methods=("unadjusted",))
    >>> list(uses_of(plan))
    ['dose', 'won', 'asked']
    """
    levels = plan.treatment_levels
    arms: Use = CategoryUse(levels) if levels else TWO_ARMS
    uses: dict[str, Use] = {plan.treatment: arms, **_outcome_uses(plan)}
    for name, kind in plan.kinds.items():
        uses[name] = CategoryUse(kind.levels) if isinstance(kind, Categorical) else NumberUse()
    if plan.eligible is not None:
        uses.setdefault(plan.eligible, INDICATOR)
    if plan.cluster is not None:
        uses.setdefault(plan.cluster, CategoryUse())
    if plan.strategies is not None:
        uses.setdefault(plan.strategies.patient, CategoryUse())
    for mediator in plan.mediators.values():
        uses.setdefault(mediator.column, NumberUse("give numbers"))
    for model in plan.predictions.values():
        for needed in model.columns:
            uses.setdefault(needed, NumberUse("give numbers"))
    if plan.sampling_strata is not None:
        uses.setdefault(plan.sampling_strata, CategoryUse())
    if plan.sampling_weights is not None:
        uses.setdefault(plan.sampling_weights, NumberUse("give numbers"))
    if (birth_curves := plan.live_birth) is not None:
        for column in (birth_curves.transfers, birth_curves.birth, birth_curves.embryos_left):
            if column is not None:
                uses.setdefault(column, NumberUse("give numbers"))
    for change in plan.changes.values():
        for column in (change.before, change.after):
            uses.setdefault(column, NumberUse("give numbers"))
    for change in plan.changes.values():
        if change.by is not None:
            uses.setdefault(change.by, CategoryUse())
    return uses
