"""Analysis plans, and their application to a table of patients."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.analysis.analysis_result import Analysis, Plan
from protocol.errors import InputError

if TYPE_CHECKING:  # `pretese analyse --help` does not need it
    import pandas as pd

    from estimate.plan import spec


def plan(plan: "str | Path | Mapping[str, Any] | Plan") -> Plan:
    """Read and check an analysis plan.

    Parameters
    ----------
    plan
        A YAML file, or a mapping with the same content.

    Raises
    ------
    InputError
        All faults of the plan together, each with its field.

    Examples
    --------
    >>> import pretese as pt
    >>> pt.plan({"treatment": "therapy", "outcome": "sperm", "methods": ["unadjusted"]})
    <Plan: therapy on sperm, 1 method, 0 covariates>
    """
    from estimate.plan import spec
    from pretese.io.text.json_text import plain, to_json
    from protocol.reading.documents import parse_document, read_text, validate
    from protocol.reading.stored import content_hash

    if isinstance(plan, Plan):
        return plan
    if isinstance(plan, str | Path):
        text = read_text(Path(plan))
        return Plan(parse_document(text, spec.Plan, where=str(plan)), content_hash(text))
    if not isinstance(plan, Mapping):
        problem = f"{type(plan).__name__} is not a plan"
        raise InputError.of("plan", "", problem, "give a YAML file, or a mapping")
    try:
        found = plain(plan)
    except TypeError as error:
        raise InputError.of("plan", "", str(error), "give plain values") from None
    return Plan(validate(found, spec.Plan, where="plan"), content_hash(to_json(found)))


def analyse(
    table: "pd.DataFrame | str | Path",
    plan: "str | Path | Mapping[str, Any] | Plan",
    *,
    visits: "pd.DataFrame | str | Path | None" = None,
    injections: "pd.DataFrame | str | Path | None" = None,
    progress: bool = True,
    on_assumption: Callable[[str], None] | None = None,
) -> Analysis:
    """Estimate the effect of a treatment in a table with one row per patient.

    Parameters
    ----------
    table
        A DataFrame, or a .csv or .parquet file. Treatment and outcome are columns of 0 and 1.
    plan
        An argument or result of `pretese.plan`.
    visits, injections
        Tables that a plan with ``strategies`` needs: one row per visit (month, day and what was
        measured) and per injection (day, drug), of the patients of ``table``.
    progress
        Show progress, on a terminal or in a notebook.
    on_assumption
        Called with each assumption made in reading the table, before the analysis.

    Returns
    -------
    Analysis
        ``estimates``, ``balance``, ``table1``, ``subgroups``; ``plot``, ``write``, ``to_html``;
        ``str()`` of it is the page that ``pretese analyse`` prints.

    Raises
    ------
    InputError
        All faults of the plan, or of the table, together.

    Examples
    --------
    >>> import pandas as pd
    >>> import pretese as pt
    >>> patients = pd.DataFrame({"therapy": [1, 1, 1, 1, 0, 0, 0, 0] * 20,
    ...                          "sperm": [1, 1, 0, 0, 1, 0, 0, 0] * 20})
    >>> found = pt.analyse(
    ...     patients, {"treatment": "therapy", "outcome": "sperm", "methods": ["unadjusted"]}
    ... )
    >>> found
    <Analysis: 160 of 160 patients, 1 method, 3 estimates>
    >>> print(found.estimates[["scale", "estimate", "n"]].to_string(index=False))
              scale  estimate   n
    risk difference      0.25 160
         risk ratio      2.00 160
         odds ratio      3.00 160
    """
    from estimate.plan.analyse import analyse as carry_out
    from pretese.analysis.patients_table import read_patients
    from pretese.analysis.report.write_analysis import analysis_document
    from pretese.screen.progress import optional_progress

    planned = _plan(plan)
    patients = read_patients(table, planned.spec)
    if on_assumption is not None:
        for assumption in patients.assumptions:
            on_assumption(assumption)
    with optional_progress("analysing", progress) as tell:
        found = carry_out(
            patients.frame, planned.spec, where=patients.where, tell=tell,
            **_beside(planned.spec, visits, injections),
        )  # fmt: skip
    document = analysis_document(
        found,
        plan_sha256=planned.sha256,
        data_sha256=patients.sha256,
        assumptions=patients.assumptions,
    )
    return Analysis(planned, found, document)


def _beside(planned: "spec.Plan", visits: Any, injections: Any) -> dict[str, Any]:
    """Return the tables of visits and injections that strategies need."""
    from pretese.analysis.patients_table import read_beside
    from pretese.io.input.plan_columns import injection_uses, visit_uses

    asked = planned.strategies
    if asked is None:
        given = {"visits": visits, "injections": injections}
        for argument in (name for name, table in given.items() if table is not None):
            problem = "the plan has no `strategies`, for which it is used"
            raise InputError.of(argument, "", problem, "leave it out, or plan strategies")
        return {}
    absent = [n for n, t in (("visits", visits), ("injections", injections)) if t is None]
    if absent:
        problem = "`strategies` of the plan need it"
        raise InputError.of(absent[0], "", problem, f"give the table with `{absent[0]}`")
    return {
        "visits": read_beside(visits, visit_uses(asked), "visits"),
        "injections": read_beside(injections, injection_uses(asked), "injections"),
    }


#: Alias of `plan`, since an argument has the same name.
_plan = plan
