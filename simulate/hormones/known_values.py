"""The result that counts for a decision: the windows of the bedside timeline, for many patients.

A visit before therapy and one at the end of each month report hormones on days 0, 30, 60 and 90.
For each measured input of a phase table the latest result within the window of
`protocol.bedside.known.timeline` counts, computed inputs included, as `decide` and `audit` choose
it for one patient.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from protocol.bedside.known.timeline import window_of
from protocol.dates import MONTH_DAYS
from protocol.errors import InputError
from protocol.reading.quantities import convert
from protocol.regimen.grid import Axis
from protocol.regimen.load import load_regimen
from protocol.regimen.parts import Input, analyte_of
from protocol.regimen.rules import Regimen
from simulate.core.coding import ASSAYED, HORMONES
from simulate.core.random_streams import RandomStreams
from simulate.hormones.serum import assay_factors
from simulate.patients.sites import SitesOfPatients
from simulate.scenario.scenario_file import Scenario

Floats = NDArray[np.float64]

#: Inputs that come from the course of therapy, not from a laboratory.
STATE_INPUTS = frozenset({"month", "previous_phase"})

#: The day number of the start of therapy; windows of results without maximum age begin on day 1.
_START = 1


@dataclass(frozen=True, slots=True)
class Assays:
    """Reporting of true values by a laboratory.

    ``steps`` are the units to whose multiples each hormone is rounded. ``factors`` are measured
    over true values at the ends of months, shape (month, replicate, patient), for the hormones
    other than FSH that decisions use.
    """

    steps: Mapping[str, float]
    factors: Mapping[str, Floats] = field(default_factory=dict)


def assays_of(
    scenario: Scenario, streams: RandomStreams, sites: SitesOfPatients | None = None
) -> Assays:
    """Return how the results of a study are reported."""
    deciding = scenario_hormones(scenario)
    recording = scenario.measurement
    steps = {name: recording.rounded_to[name].value for name in HORMONES}
    others = sorted(deciding - {"fsh_iu_l"})
    if not set(others) & set(ASSAYED):
        return Assays(steps)
    share = recording.missing_at_visits.value
    factors = assay_factors(scenario.physiology, share, streams, deciding, sites)
    return Assays(steps, {name: factors[ASSAYED.index(name)] for name in others if name in ASSAYED})


def scenario_hormones(scenario: Scenario) -> frozenset[str]:
    """Return the hormones that decide on phases in any arm of a scenario."""
    return deciding_hormones(load_regimen(arm.regimen) for arm in scenario.arms.values())


def measured_inputs(regimen: Regimen) -> tuple[str, ...]:
    """Return the inputs of a phase table that come from laboratory results."""
    return tuple(name for name in regimen.tables["phase"].inputs if name not in STATE_INPUTS)


def hormone_of(regimen: Regimen, name: str) -> str | None:
    """Return the simulated hormone used by an input, by its column; None if there is none.

    Examples
    --------
    >>> from protocol.regimen.load import load_regimen
    >>> hormone_of(load_regimen("clomiphene-first"), "fsh_ratio")
    'fsh_iu_l'
    >>> hormone_of(load_regimen("fsh-guided"), "hematocrit_percent")
    """
    spec = regimen.inputs[name]
    if spec.computed is not None:
        return hormone_of(regimen, spec.computed.of)
    analyte = regimen.analytes.get(analyte_of(name, spec) or "")
    column = analyte.input if analyte else None
    return column if column in HORMONES else None


def refuse_unknown_inputs(regimen: Regimen) -> None:
    """Raise `InputError` for a regimen that uses inputs that are not simulated."""
    others = [name for name in measured_inputs(regimen) if hormone_of(regimen, name) is None]
    if others:
        problem = f"phases depend on {', '.join(others)}, which simulated patients do not have"
        cure = f"simulate a regimen whose phases depend on: {', '.join(HORMONES)}"
        raise InputError.of(regimen.id, "tables.phase.inputs", problem, cure)


def deciding_hormones(regimens: Iterable[Regimen]) -> frozenset[str]:
    """Return the hormones that decide on phases of any of the regimens; FSH is one of them.

    A clinic repeats a test on which a decision depends: these are never missing at monthly visits.
    """
    found = {hormone_of(regimen, name) for regimen in regimens for name in measured_inputs(regimen)}
    return frozenset(name for name in found if name is not None) | {"fsh_iu_l"}


def known_values(
    regimen: Regimen, name: str, reported: Mapping[str, Sequence[Floats]], month: int
) -> Floats:
    """Return the known value of an input when a month is decided; NaN if no result counts.

    Parameters
    ----------
    reported
        For each hormone the results before therapy and at the ends of the months so far, in the
        hormone's own unit; arrays of one shape.
    month
        The month that begins, counted from 0.
    """
    spec, due = regimen.inputs[name], MONTH_DAYS * month
    computed = spec.computed
    if computed is None:
        values = _counting(regimen, name, reported, due, due)
    elif computed.how == "previous value":
        values = _counting(regimen, computed.of, reported, due - MONTH_DAYS, due)
    else:
        now = _counting(regimen, computed.of, reported, due, due)
        first = _in_unit(regimen, computed.of, reported)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            related = now - first if computed.how == "change since start" else now / first
        values = np.where(np.isfinite(related), related, np.nan)
    return values


def within_range(axis: Axis, values: Floats) -> Floats:
    """Return values clipped to the range of an input, which is that of the assay."""
    return np.asarray(np.clip(values, axis.low, axis.high))


def _counting(
    regimen: Regimen, name: str, reported: Mapping[str, Sequence[Floats]], due: int, as_of: int
) -> Floats:
    """Return the latest result in the window of a measured input."""
    results = _in_unit(regimen, name, reported)
    *earlier, found = [np.full(results[0].shape, np.nan)] + [
        results[number]
        for number in _visits_in_window(regimen.inputs[name], len(results), due, as_of)
    ]
    while earlier and (missing := np.isnan(found)).any():
        found = np.where(missing, earlier.pop(), found)
    return found


def _visits_in_window(spec: Input, visits: int, due: int, as_of: int) -> list[int]:
    """Return the visits whose results count, in order; visit 0 is before therapy."""
    window = window_of(spec, due + _START, as_of + _START)
    days = [_START + MONTH_DAYS * number for number in range(visits)]
    inside = range(max(window.first, 1), window.last + 1)
    return [number for number, day in enumerate(days) if day in inside and day <= as_of + _START]


def _in_unit(
    regimen: Regimen, name: str, reported: Mapping[str, Sequence[Floats]]
) -> Sequence[Floats]:
    """Return the results used by a measured input, in its unit, in decimal arithmetic.

    Hormones not measured under therapy, such as prolactin, have only the result before therapy.
    """
    hormone = hormone_of(regimen, name) or ""
    results = reported[hormone] if hormone in ASSAYED else reported[hormone][:1]
    spec = regimen.inputs[name]
    analyte = regimen.analytes[analyte_of(name, spec) or ""]
    if spec.unit is None or spec.unit == analyte.unit:
        return results
    return [_converted(regimen, name, values) for values in results]


def _converted(regimen: Regimen, name: str, values: Floats) -> Floats:
    spec = regimen.inputs[name]
    analyte = regimen.analytes[analyte_of(name, spec) or ""]
    different, places = np.unique(values, return_inverse=True)
    new = [
        convert(analyte, float(value), analyte.unit, spec.unit or "1", name)
        if np.isfinite(value)
        else np.nan
        for value in different
    ]
    return np.asarray(new)[places].reshape(values.shape)
