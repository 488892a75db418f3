"""A fitted scenario as a file: estimates with their intervals; all else is inherited."""

import json
from collections.abc import Mapping
from typing import Any

from pretese.fitting.estimates.fitted_numbers import Fit
from pretese.fitting.table.clinic_patients import ClinicPatients
from pretese.fitting.table.column_map import ColumnMap
from simulate.scenario.parameter_paths import parameters
from simulate.scenario.scenario_file import Scenario

#: Significant digits of a number.
DIGITS = 6

HEADER = """\
# {id}: a scenario fitted to {name} ({size} patients, SHA-256 {sha256}...).
#
# Numbers of status "estimated" come from that table; `sweep` is their 95 % interval ({resamples}
# bootstrap resamples, percentile method). Everything else is taken from the scenario it extends,
# with the status that it has there. The file holds no patient's data.
"""


def scenario_text(
    patients: ClinicPatients, chosen: ColumnMap, base: Scenario, fit: Fit,
    more: Mapping[str, tuple[float, tuple[float, float]]],
) -> str:  # fmt: skip
    """Return the text of the scenario file.

    Parameters
    ----------
    more
        Numbers with intervals that were found by simulation, by path.
    """
    source = f"{patients.name}, {patients.size} patients"
    plain: dict[str, Any] = {
        "id": chosen.id,
        "extends": chosen.extends,
        "question": f"What do patients look like who resemble those of {patients.name}?",
        "expected_finding": "None: the scenario describes a table. Compare both in realism.html.",
        "patients": patients.size,
        "simulated_population": f"patients like those of {patients.name}",
    }
    units = {path: number.unit for path, number in parameters(base).items()}
    numbers = {path: (value, fit.intervals.get(path)) for path, value in fit.numbers.items()}
    for path, (value, interval) in {**numbers, **more}.items():
        why = f"{source}: {_without_interval(path)}" if interval is None else source
        _put(plain, path, _leaf(value, interval, units.get(path, _unit(path)), why))
    for name in fit.population.names:
        if step := fit.population.marginals[name].step:
            path = f"measurement.rounded_to.{name}"
            _put(plain, path, _leaf(step, None, units[path], f"{source}: last digit"))
    plain["population"]["correlations"] = _correlations(base, fit, source)
    plain["choice"]["by"] = "coin" if chosen.allocation == "randomised" else "own choice"
    if arms := _arms(patients, chosen, base):
        plain["arms"] = arms
    head = HEADER.format(
        id=chosen.id, name=patients.name, size=patients.size, sha256=patients.sha256[:12],
        resamples=fit.resamples - fit.failed,
    )  # fmt: skip
    return head + "\n" + "".join(_lines(plain, 0))


def _unit(path: str) -> str:
    return "log odds" if path.startswith(("choice.terms", "measurement.missing_by")) else "1"


def _without_interval(path: str) -> str:
    """Return why a number has no interval."""
    if path.endswith((".lower", ".upper")):
        return "beyond its extreme values"
    if path.endswith("long_infertility"):
        return "durations are not recorded, one effect stands for all"
    return "too few patients for this term"


def _leaf(
    value: float, interval: tuple[float, float] | None, unit: str, source: str
) -> dict[str, Any]:
    """Return a number as a file states it; the interval holds the number after rounding."""
    shown = _short(value)
    if interval is None:
        return {"value": shown, "unit": unit, "status": "derived", "source": source}
    low, high = _short(interval[0]), _short(interval[1])
    sweep = [min(low, shown), max(high, shown)]
    return {"value": shown, "unit": unit, "status": "estimated", "source": source, "sweep": sweep}


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}") + 0.0


def _put(plain: dict[str, Any], path: str, leaf: dict[str, Any]) -> None:
    *sections, last = path.split(".")
    for section in sections:
        plain = plain.setdefault(section, {})
    plain[last] = leaf


def _correlations(base: Scenario, fit: Fit, source: str) -> list[dict[str, Any]]:
    """Return fitted correlations, and inherited ones of variables that the table lacks."""
    names = fit.population.names
    kept = [
        pair.model_dump(mode="json", exclude_none=True)
        for pair in base.population.correlations
        if not set(pair.between) <= set(names)
    ]
    found = []
    for row, first in enumerate(names):
        for column in range(row + 1, len(names)):
            value = float(fit.population.correlation[row, column])
            low, high = fit.correlation_intervals[row, column]
            leaf = _leaf(value, (float(low), float(high)), "1", source)
            found.append({"between": [first, names[column]], "correlation": leaf})
    return [*found, *kept]


def _arms(patients: ClinicPatients, chosen: ColumnMap, base: Scenario) -> dict[str, Any]:
    """Return the settings that differ: the regimen, and no semen analysis if none was recorded."""
    treated = base.arms["treated"]
    analysed = treated.semen_analysis
    if "sperm_retrieved" in patients.flags:
        analysed = "sperm_in_ejaculate" in patients.flags
    regimen = chosen.treated_regimen or treated.regimen
    if (regimen, analysed) == (treated.regimen, treated.semen_analysis):
        return {}
    return {"treated": {"regimen": regimen, "semen_analysis": analysed}}


def _lines(node: Any, depth: int) -> list[str]:
    """Return a nested mapping as YAML, a number on one line."""
    pad, written = "  " * depth, []
    for name, value in node.items():
        if isinstance(value, dict) and "value" not in value:
            written += [f"{pad}{name}:\n", *_lines(value, depth + 1)]
        elif isinstance(value, list):
            written += [f"{pad}{name}:\n", *(f"{pad}  - {_flow(each)}\n" for each in value)]
        else:
            written.append(f"{pad}{name}: {_flow(value)}\n")
    return written


def _flow(value: Any) -> str:
    """Return a value in JSON, which YAML 1.2 reads."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
