"""A design of several arms with alternative values of its assumptions."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.alternatives import CONTROL_RISK, SOURCED, planned_value, with_settings
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from protocol.errors import InputError
from protocol.reading.documents import validate
from simulate.scenario.parameter_paths import parameters

#: A design, and the numbers of its scenario that are changed.
Setting = tuple[MultiArmDesign, dict[str, float]]

#: Assumptions of a design by arm: name of the path, and field of the file.
_BY_ARM = {"dropout": "dropout_percent", "risks": "risks_percent"}


def with_arm_settings(
    design: MultiArmDesign, changes: Mapping[str, float], settings: Mapping[str, float]
) -> Setting:
    """Return a design with assumptions replaced, validated as if read from a file.

    Parameters
    ----------
    changes
        Numbers of the scenario that are changed already.
    settings
        Path to value: ``dropout`` (percent, all arms) or ``dropout.ARM``, ``risks.ARM``,
        ``site_sd``, ``calendar_trend``; ``control_risk`` (log odds added for every participant in
        any arm); or a number of the scenario.

    Raises
    ------
    InputError
        The assumption does not exist, or the value is not allowed.
    """
    plain = design.model_dump(mode="json", exclude_defaults=True)
    numbers = dict(changes)
    for path, value in settings.items():
        if path == CONTROL_RISK:
            numbers |= _shifted(design, plain, numbers, value)
        elif path in SOURCED:
            pair = design.pair(design.treatments[0])
            changed, _ = with_settings(pair, None, {path: value})
            plain[path] = changed.model_dump(mode="json", exclude_defaults=True)[path]
        elif path.partition(".")[0] in _BY_ARM:
            _set_arms(design, plain, path, value)
        elif design.scenario is None:
            cure = f"name one of dropout, dropout.ARM, risks.ARM or {CONTROL_RISK}"
            problem = "fixed event rates have no such assumption"
            raise InputError.of("sensitivity", path, problem, cure)
        else:
            numbers[path] = value
    words = ", ".join(f"{path} {value:g}" for path, value in settings.items())
    found = validate(plain, MultiArmDesign, f"{design.id} with {words}")
    scenario_of(found.pair(found.treatments[0]), numbers)  # refuses numbers that are not allowed
    return found, numbers


def _set_arms(design: MultiArmDesign, plain: dict[str, Any], path: str, value: float) -> None:
    top, _, arm = path.partition(".")
    field = _BY_ARM[top]
    names = [arm] if arm else list(design.names)
    if names[0] not in design.names or (top == "risks" and not (arm and design.risks_percent)):
        problem = "there is no such arm" if arm else "risks belong to an arm"
        if top == "risks" and not design.risks_percent:
            problem = "the design has a scenario and no fixed event rates"
        cure = f"name one of {', '.join(f'{top}.{name}' for name in design.names)}"
        raise InputError.of("sensitivity", path, problem, cure)
    plain[field] = {**plain.get(field, {}), **dict.fromkeys(names, value)}


def _shifted(
    design: MultiArmDesign, plain: dict[str, Any], numbers: Mapping[str, float], by: float
) -> dict[str, float]:
    """Shift the log odds of all arms: in place, or return changed numbers of a scenario."""
    scenario = scenario_of(design.pair(design.treatments[0]), dict(numbers))
    if scenario is None:
        for name, percent in plain["risks_percent"].items():
            odds = percent / (100 - percent) * np.exp(by)
            plain["risks_percent"][name] = float(100 * odds / (1 + odds))
        return {}
    liability = "spermatogenesis.spermatogenic_liability."
    found = parameters(scenario)
    return {path: found[path].value + by for path in found if path.startswith(liability)}


def planned_arm_value(design: MultiArmDesign, changes: dict[str, float], path: str) -> float | None:
    """Return the planned value; None if arms differ or the design has no such number."""
    top, _, arm = path.partition(".")
    if top not in _BY_ARM:
        pair = design.pair(design.treatments[0])
        return planned_value(pair, scenario_of(pair, changes), path)
    of = getattr(design, _BY_ARM[top]) or {}
    values = {of.get(name, 0.0) for name in ([arm] if arm else design.names)}
    return float(values.pop()) if len(values) == 1 else None
