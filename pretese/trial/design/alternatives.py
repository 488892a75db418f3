"""A design with alternative values of its assumptions, for sensitivity analyses."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from pretese.trial.design.design_file import DesignFile
from protocol.errors import InputError
from protocol.reading.documents import validate
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import parameters, with_values

#: Path of an assumption to the values that it may take.
Axes = dict[str, tuple[float, ...]]

#: Log odds added for every participant, in either arm.
CONTROL_RISK = "control_risk"

#: Percentages of both arms that are varied together.
_BOTH = ("dropout", "treatment_switching")

#: Parts of a design file that are assumptions; the rest defines the trial.
_ASSUMED = ("risks", "dropout", "treatment_switching", "site_sd", "calendar_trend", "imputation")

#: Assumptions that are one number with a source, and their units; 0 if a design omits them.
SOURCED = {"site_sd": "log odds", "calendar_trend": "log odds per 12 months"}

#: Maximum number of cells of a grid.
MOST = 400


def settings_of(axes: Axes) -> list[dict[str, float]]:
    """Return every combination of values, the last axis varying fastest.

    >>> settings_of({"dropout": (0, 10), "site_sd": (0.4,)})
    [{'dropout': 0, 'site_sd': 0.4}, {'dropout': 10, 'site_sd': 0.4}]

    Raises
    ------
    InputError
        An axis has no values or repeats a value, or there are more than 400 cells.
    """
    for path, values in axes.items():
        if len(set(values)) < len(values):
            raise InputError.of("sensitivity", path, "a value is repeated", "give each value once")
    cells = int(np.prod([len(values) for values in axes.values()]))
    if not 0 < cells <= MOST:
        problem = f"{cells} cells are not allowed"
        raise InputError.of("sensitivity", "", problem, f"give from 1 to {MOST}")
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def with_settings(
    design: DesignFile, scenario: Scenario | None, settings: Mapping[str, float]
) -> tuple[DesignFile, Scenario | None]:
    """Return design and scenario with assumptions replaced, validated as if read from files.

    Parameters
    ----------
    settings
        Path to value: ``dropout`` or ``treatment_switching`` (percent, both arms), a part of them
        such as ``dropout.control_percent``, ``site_sd``, ``calendar_trend``,
        ``risks.control_percent``; ``control_risk`` (log odds added for every participant in either
        arm); or a number of the scenario.

    Raises
    ------
    InputError
        The assumption does not exist, or the value is not allowed.
    """
    plain = design.model_dump(mode="json", exclude_defaults=True)
    numbers: dict[str, float] = {}
    for path, value in settings.items():
        if path == CONTROL_RISK:
            numbers |= _shift(plain, scenario, value)
        elif path.split(".")[0] in _ASSUMED:
            _set(plain, path, value)
        elif scenario is None:
            cure = f"name one of {', '.join(_ASSUMED)} or {CONTROL_RISK}"
            raise InputError.of(
                "sensitivity", path, "fixed event rates have no such assumption", cure
            )
        else:
            numbers[path] = value
    changed = validate(plain, DesignFile, f"{design.id} with {_words(settings)}")
    if scenario is not None and numbers:
        scenario = with_values(scenario, numbers, where="sensitivity")
    return changed, scenario


def planned_value(design: DesignFile, scenario: Scenario | None, path: str) -> float | None:
    """Return the planned value; None if the arms differ or the design has no such number."""
    if path == CONTROL_RISK:
        return 0.0
    top, _, rest = path.partition(".")
    if top not in _ASSUMED:
        found = {} if scenario is None else parameters(scenario)
        return found[path].value if path in found else None
    part: Any = getattr(design, top)
    if top in SOURCED:
        return 0.0 if part is None else float(part.value)
    if part is None:
        return None
    if not rest:
        one, other = part.control_percent, part.treated_percent
        return float(one) if one == other else None
    value = getattr(part, rest, None)
    return None if value is None else float(value)


def _set(plain: dict[str, Any], path: str, value: float) -> None:
    top, _, rest = path.partition(".")
    if path in SOURCED:
        old = plain.get(top, {"unit": SOURCED[top], "status": "assumed", "source": "sensitivity"})
        low, high = old.get("sweep") or (value, value)
        if not low <= value <= high:
            problem = f"{value:g} is outside the range that the design declares for it"
            cure = f"give a value from {low:g} to {high:g}, or widen its `sweep`"
            raise InputError.of("sensitivity", path, problem, cure)
        sweep = [low, high] if old["status"] == "assumed" else None
        plain[top] = {**old, "value": value, "sweep": sweep}
    elif top in _BOTH and not rest:
        both = {"control_percent": value, "treated_percent": value}
        plain[top] = {**(plain.get(top) or {}), **both}
    else:
        plain[top] = {**(plain.get(top) or {}), rest: value}


def _shift(plain: dict[str, Any], scenario: Scenario | None, by: float) -> dict[str, float]:
    """Shift the log odds: change event rates in place, return changed numbers of a scenario."""
    if scenario is None:
        for name, percent in plain["risks"].items():
            odds = percent / (100 - percent) * np.exp(by)
            plain["risks"][name] = float(100 * odds / (1 + odds))
        return {}
    liability = "spermatogenesis.spermatogenic_liability."
    found = parameters(scenario)
    return {path: found[path].value + by for path in found if path.startswith(liability)}


def _words(settings: Mapping[str, float]) -> str:
    return ", ".join(f"{path} {value:g}" for path, value in settings.items())
