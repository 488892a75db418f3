"""Look up a decision table for many patients at once; injections of each phase.

Example of a simulation of a regimen month by month::

    regimen = load_regimen("fsh-guided")
    table = regimen.tables["phase"]
    phase_of_rule = answers(table, [phase.name for phase in regimen.phases])
    doses = dose_calendar(regimen)                    # (phase, begun, month in phase, drug, day)
    before = np.zeros(fsh.shape, np.intp)             # 0 is `none`; else 1 + code of the phase
    spent = np.zeros(fsh.shape, np.intp)              # whole months already spent in the phase
    for month in range(1, regimen.months + 1):
        rule = lookup(table.proved, {"month": month, "previous_phase": before, "fsh_iu_l": fsh})
        phase = phase_of_rule[rule]                   # -1: insufficient data or out of scope
        spent = np.where(phase + 1 == before, spent + 1, 0)
        begun = month - 1 - spent
        injected = doses[phase, begun, spent].sum(axis=-1)   # (..., drug): IU of this month
        before = phase + 1
        ...                                           # compute the FSH of the month's end

    end = regimen.tables["end-of-therapy"]
    rule = lookup(end.proved, {"semen": semen})       # codes in declared order, -1 missing
    action = answers(end, list(regimen.actions))[rule]

Columns broadcast against one another, so a scalar month costs nothing. NaN is *missing* for
numbers; for enums, -1 (or NaN in a float column) is. A value outside the plausible range is
refused, as `bedside.decide` refuses it. A phase of -1 must not be used to index ``doses``: define
first what patients do when the regimen gives no phase (``np.where(phase < 0, stopped, phase)``).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocol.dates import MONTH_DAYS
from protocol.errors import InputError
from protocol.regimen.grid import Axis, DecisionGrid
from protocol.regimen.paths import doses_between
from protocol.regimen.rules import DecisionTable, Phase, Regimen

UNDECIDED = -1


def lookup(grid: DecisionGrid, columns: Mapping[str, ArrayLike]) -> NDArray[np.intp]:
    """Return for each patient the index of the one rule that fires.

    Parameters
    ----------
    columns
        One array or scalar per axis of the grid, by name; they broadcast. Enum columns hold the
        place of the value in declared order, from 0.

    Returns
    -------
    The place of the rule in its table, of the broadcast shape.

    Examples
    --------
    >>> from protocol.regimen.load import load_regimen
    >>> table = load_regimen("fsh-guided").tables["phase"]
    >>> fsh = np.array([0.69, 0.7, 11.1, 11.11, np.nan])
    >>> fired = lookup(table.proved, {"month": 2, "previous_phase": 1, "fsh_iu_l": fsh})
    >>> [table.rules[i].id for i in fired]
    ['P3', 'P2', 'P2', 'P3', 'P6']
    """
    absent = [axis.name for axis in grid.axes if axis.name not in columns]
    if absent:
        raise InputError.of(
            "columns", absent[0], "it is missing", "give an array, or a scalar for all patients"
        )
    # The narrowest sufficient integer type: memory, not arithmetic, limits the speed.
    kind = np.min_scalar_type(-max(1, prod(grid.shape)))
    index: NDArray[np.signedinteger] = np.zeros((), kind)
    for axis, size in zip(grid.axes, grid.shape, strict=True):
        cells = _cells(axis, np.asarray(columns[axis.name])).astype(kind, copy=False)
        index = index * kind.type(size) + cells
    fired: NDArray[np.intp] = np.asarray(grid.rules, np.intp).take(index)
    return fired


def _cells(axis: Axis, column: NDArray[np.generic]) -> NDArray[np.signedinteger]:
    if column.dtype.kind not in "fiub":
        raise InputError.of(
            "columns", axis.name, f"it holds {column.dtype}", "give numbers, enums as codes"
        )
    if axis.kind == "number":
        return _number_cells(axis, column.astype(np.float64, copy=False))
    if axis.kind == "integer":
        return _integer_cells(axis, column.astype(np.float64, copy=False))
    return _code_cells(axis, column)


def _number_cells(axis: Axis, values: NDArray[np.float64]) -> NDArray[np.signedinteger]:
    _refuse(axis, values, axis.low, axis.high)
    narrow = 2 * len(axis.cuts) <= np.iinfo(np.int8).max
    cells: NDArray[np.signedinteger] = np.zeros(values.shape, np.int8 if narrow else np.int16)
    for cut in axis.cuts:  # flags that are seen as bytes are added without conversion
        cells += (values > cut).view(np.int8)
        cells += (values >= cut).view(np.int8)
    return _with_missing(axis, cells, values)


def _integer_cells(axis: Axis, values: NDArray[np.float64]) -> NDArray[np.signedinteger]:
    _refuse(axis, values, axis.low, axis.high)
    whole = np.nan_to_num(values, nan=axis.low)
    _refuse_if(axis, values, whole != np.floor(whole))
    cells: NDArray[np.signedinteger] = np.searchsorted(axis.cuts, whole, side="right")
    return _with_missing(axis, cells, values)


def _code_cells(axis: Axis, column: NDArray[np.generic]) -> NDArray[np.signedinteger]:
    """Return the cells of an enum, whose codes they are."""
    high = axis.measured_cells - 1
    if column.dtype.kind != "f":
        codes = column.astype(np.int64, copy=False)
        if axis.may_be_missing and codes.size and codes.min() < 0:
            codes = np.where(codes == UNDECIDED, high + 1, codes)
            high += 1
        _refuse(axis, codes, 0, high)
        return codes
    values = column.astype(np.float64, copy=False)
    values = np.where(values == UNDECIDED, np.nan, values)
    _refuse(axis, values, 0, high)
    whole = np.nan_to_num(values, nan=0)
    _refuse_if(axis, values, whole != np.floor(whole))
    return _with_missing(axis, whole.astype(np.int64), values)


def _with_missing(
    axis: Axis, cells: NDArray[np.signedinteger], values: NDArray[np.float64]
) -> NDArray[np.signedinteger]:
    """Put NaN into the last cell of the axis; one pass tells whether there is any."""
    if not (values.size and np.isnan(values.min())):
        return cells
    missing = np.isnan(values)
    if not axis.may_be_missing:
        _refuse_if(axis, values, missing)
    return np.where(missing, axis.measured_cells, cells)


def _refuse(
    axis: Axis, values: NDArray[np.float64] | NDArray[np.int64], low: float, high: float
) -> None:
    """Refuse values outside the closed range; NaN passes."""
    # `min` and `max` are many times faster than those that pass over NaN, which they return
    if values.size and not (values.min() >= low and values.max() <= high):
        _refuse_if(axis, values, (values < low) | (values > high))


def _refuse_if(
    axis: Axis, values: NDArray[np.float64] | NDArray[np.int64], bad: NDArray[np.bool_]
) -> None:
    if not np.any(bad):
        return
    first = np.asarray(values[bad]).flat[0]
    if axis.kind == "enum":
        missing = " or -1" if axis.may_be_missing else ""
        names = ", ".join(axis.values)
        allowed = f"give codes 0 to {axis.measured_cells - 1} ({names}){missing}"
    else:
        whole = "whole numbers" if axis.kind == "integer" else "values"
        allowed = f"give {whole} from {axis.low:g} to {axis.high:g}"
    problem = f"{first:g} is not allowed ({np.count_nonzero(bad)} such)"
    raise InputError.of("columns", axis.name, problem, allowed)


def answers(table: DecisionTable, names: Sequence[str]) -> NDArray[np.intp]:
    """Return, for each rule of ``table``, the place of its answer in ``names``.

    -1 stands for a rule whose answer is not among them: insufficient data or out of scope.
    Index the result with what `lookup` returns.
    """
    places = {name: place for place, name in enumerate(names)}
    return np.array([places.get(rule.then or "", UNDECIDED) for rule in table.rules], np.intp)


def dose_calendar(regimen: Regimen) -> NDArray[np.float64]:
    """Return the doses of each phase on each day, in the unit of the drug; day 0 is a Monday.

    Returns
    -------
    Shape (phase, month in which the phase began, month in phase, drug, day of month). Phases and
    drugs are in declared order; months and days count from 0, and a month has 30 days. Alternation
    continues over month ends: days are counted from the first day of the phase, and for orders by
    whole weeks from the first day of therapy.

    Examples
    --------
    >>> from protocol.regimen.load import load_regimen
    >>> month_of_hcg = dose_calendar(load_regimen("fsh-guided"))[0, 0, 0]
    >>> month_of_hcg.sum(axis=-1)
    array([30000.,     0.])
    """
    return _calendar(tuple(regimen.phases), tuple(regimen.drugs), max(1, regimen.months))


@lru_cache(maxsize=64)
def _calendar(
    phases: tuple[Phase, ...], drugs: tuple[str, ...], months: int
) -> NDArray[np.float64]:
    """Return `dose_calendar`, cached because every month of every block uses it; read-only."""
    codes = {name: code for code, name in enumerate(drugs)}
    doses = np.zeros((len(phases), months, months, len(drugs), MONTH_DAYS))
    for phase in phases:
        for begun in range(months):
            first, end = MONTH_DAYS * begun, MONTH_DAYS * (begun + months)
            for dose in doses_between(phase, first, first, end):
                month, day = divmod(dose.day - first, MONTH_DAYS)
                doses[phase.code, begun, month, codes[dose.drug], day] += dose.dose
    doses.flags.writeable = False
    return doses
