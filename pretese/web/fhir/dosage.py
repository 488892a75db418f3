"""Doses of a regimen as FHIR dosages, and comparison of draft orders with them."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from pretese.web.fhir.codes import UCUM

#: UCUM codes of the units of doses.
UNIT_CODES = {"IU": "[IU]"}

#: Days of the unit in which FHIR gives a period.
PERIOD_DAYS = {"h": 1 / 24, "d": 1.0, "wk": 7.0}


def dosage_of(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dose with its timing.

    Parameters
    ----------
    order
        As in the document of a decision: dose, unit, route, every, interval_days, weekdays.
    """
    words = f"{order['dose']:g} {order['unit']} {(order['route'] or '').upper()}".strip()
    code = UNIT_CODES.get(order["unit"], order["unit"])
    dose = {"value": order["dose"], "unit": order["unit"], "system": UCUM, "code": code}
    return {
        "text": f"{words} {order['every']}",
        "timing": {"repeat": _repeat(order)},
        "doseAndRate": [{"doseQuantity": dose}],
    }


def differences(draft: Mapping[str, Any], order: Mapping[str, Any]) -> list[str]:
    """Return the difference of a draft's dosage from an order of the regimen; empty if none."""
    dosage = first_of(draft.get("dosageInstruction"))
    quantity = _mapping(first_of(dosage.get("doseAndRate")).get("doseQuantity"))
    found = []
    dose, unit = quantity.get("value"), str(quantity.get("code") or quantity.get("unit") or "")
    expected = f"{order['dose']:g} {order['unit']}"
    if not _number(dose):
        found.append(f"no dose is stated; the regimen has {expected}")
    elif unit not in (order["unit"], UNIT_CODES.get(order["unit"])):
        found.append(f"the dose is in {unit or 'no unit'}; the regimen has {expected}")
    elif abs(float(dose) - order["dose"]) > 1e-6 * order["dose"]:
        found.append(f"the dose is {dose:g} {order['unit']}; the regimen has {expected}")
    repeat = _mapping(_mapping(dosage.get("timing")).get("repeat"))
    given = rhythm_of(repeat)
    if given is None:
        found.append(f"no interval is stated; the regimen has {order['every']}")
    elif given != _rhythm(order):
        found.append(f"it is given {_spoken(given)}; the regimen has {order['every']}")
    return found


def rhythm_of(repeat: Mapping[str, Any]) -> float | tuple[str, ...] | None:
    """Return the days between doses of a FHIR timing, or its weekdays; None if it states neither.

    >>> rhythm_of({"frequency": 1, "period": 2, "periodUnit": "d"})
    2.0
    >>> rhythm_of({"dayOfWeek": ["wed", "mon"]})
    ('mon', 'wed')
    """
    days = repeat.get("dayOfWeek")
    if isinstance(days, list) and days:
        return tuple(sorted(str(day) for day in days))
    period, unit = repeat.get("period"), repeat.get("periodUnit")
    frequency = repeat.get("frequency", 1)
    if not _number(period) or not _number(frequency) or frequency <= 0 or unit not in PERIOD_DAYS:
        return None
    return round(float(period) * PERIOD_DAYS[str(unit)] / float(frequency), 6)


def first_of(value: Any) -> Mapping[str, Any]:
    """Return the first object of a list; an empty one for any other value."""
    return _mapping(value[0]) if isinstance(value, list) and value else {}


def _rhythm(order: Mapping[str, Any]) -> float | tuple[str, ...]:
    return tuple(sorted(order["weekdays"])) if order["weekdays"] else float(order["interval_days"])


def _spoken(rhythm: float | tuple[str, ...]) -> str:
    return f"every {rhythm:g} days" if isinstance(rhythm, float) else f"on {', '.join(rhythm)}"


def _repeat(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return the FHIR timing of an order: an interval in days, or weekdays."""
    if order["weekdays"]:
        return {"dayOfWeek": list(order["weekdays"])}
    return {"frequency": 1, "period": order["interval_days"], "periodUnit": "d"}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
