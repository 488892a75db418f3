"""Whether a design meets its decision rule, given the Monte Carlo error."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.special import ndtri

from estimate.comparison.proportion import wilson_interval
from estimate.performance.measures import replicates_for
from pretese.trial.design.decision_rule import DecisionRule
from pretese.trial.power.additional_measures import main_point, null_point
from simulate.labels import label_of

#: A measure as plain values, and the setting in which it was simulated.
Found = tuple[dict[str, Any], str]

#: Label of each part of a decision rule.
WORDS = {
    "min_power_percent": "power",
    "min_worst_case_power_percent": "worst-case power",
    "min_assurance_percent": "assurance",
    "max_type_i_error_percent": "maximum type I error",
    "max_expected_participants": "expected participants",
    "max_duration_months": "expected duration, months",
}

#: Parts that are proportions of trials, with Wilson's interval, which is valid at 0 and 1.
_COUNTED = ("min_power_percent", "min_worst_case_power_percent", "max_type_i_error_percent")

#: Critical value of a 95 % interval.
_WIDE = float(ndtri(0.975))

#: Target MCSE of a power of 80 %, of a coverage of 95 %, and of the type I error, in parts of
#: alpha.
FINE, FINE_COVERAGE, FINE_LEVEL = 0.01, 0.005, 1 / 20

#: Nominal coverage of confidence intervals.
NOMINAL = 0.95

#: Maximum number of trials that is proposed.
_MANY = 10_000_000


def verdict_document(
    decision: DecisionRule | None, document: dict[str, Any]
) -> dict[str, Any] | None:
    """Return each threshold with estimate and verdict, and the decision; None without a rule.

    The verdict is ``met`` or ``not met`` if the threshold lies outside the 95 % interval for Monte
    Carlo error, ``inconclusive`` if it lies within the interval or there is no estimate. All met:
    ``go``; any not met: ``no-go``; else ``inconclusive``.

    Parameters
    ----------
    document
        Document of the design, from `pretese.trial.power.study_document.power_document`.
    """
    if decision is None:
        return None
    found = dict(_found(document))
    parts = [
        _part(name, threshold, *found[name])
        for name, threshold in decision.model_dump(exclude_none=True).items()
    ]
    verdicts = {part["verdict"] for part in parts}
    verdict = (
        "no-go" if "not met" in verdicts else "inconclusive" if "inconclusive" in verdicts else "go"
    )
    return {
        "verdict": verdict,
        "participants": main_point(document)["participants"],
        "parts": parts,
    }


def _found(document: dict[str, Any]) -> Iterator[tuple[str, Found]]:
    """Yield the measure for each threshold; the worst if there are several."""
    main, none = main_point(document)["measures"], "not simulated"
    planned = "planned effect"
    cells = (document["sensitivity"] or {"cells": []})["cells"]
    powers = [(cell["power"], _at(cell)) for cell in cells]
    yield "min_power_percent", (_power(main), planned)
    yield "min_worst_case_power_percent", _worst(powers, lowest=True) if powers else (_NO, none)
    assured = [
        row
        for row in document["assurance"]
        if row["participants"] == main_point(document)["participants"]
    ]
    yield "min_assurance_percent", (assured[0], "prior") if assured else (_NO, none)
    yield "max_type_i_error_percent", _worst(list(_levels(document)), lowest=False)
    yield "max_expected_participants", (main["recruited"], planned)
    yield "max_duration_months", (main["duration_months"], planned)


def _power(measures: dict[str, Any]) -> dict[str, Any]:
    """Return the probability of rejecting in favour of treatment."""
    found, wrong = measures["rejection"], measures["wrong_direction"]["value"]
    if found["value"] is None or not wrong:
        return dict(found)
    share = found["value"] - wrong
    return {**found, "value": share, "mcse": float((share * (1 - share) / found["n"]) ** 0.5)}


_NO: dict[str, Any] = {"value": None, "mcse": None, "n": 0}


def _levels(document: dict[str, Any]) -> Iterator[Found]:
    """Yield type I errors of the plan, of every cell, and of the family of endpoints."""
    yield null_point(document)["measures"]["rejection"], "no effect"
    for cell in (document["sensitivity"] or {"cells": []})["cells"]:
        yield cell["type_one_error"], f"no effect, {_at(cell)}"
    family = main_point(document)["family"]
    if family and family["method"] != "none":
        for error in family["errors"]:
            yield error, f"no effect on {', '.join(map(label_of, error['nulls']))}"


def _at(cell: dict[str, Any]) -> str:
    return ", ".join(f"{path} {value:g}" for path, value in cell["at"].items())


def _worst(found: list[Found], *, lowest: bool) -> Found:
    known = [each for each in found if each[0]["value"] is not None]
    if not known:
        return _NO, found[0][1]
    return (min if lowest else max)(known, key=lambda each: float(each[0]["value"]))


def _part(name: str, threshold: float, measure: dict[str, Any], at: str) -> dict[str, Any]:
    """Compare one measure with its threshold."""
    share = name.endswith("_percent")
    limit = threshold / 100 if share else threshold
    counted = name in _COUNTED
    low, high = _interval(measure, counted=counted)
    verdict = _verdict(low, high, limit, lower_limit=name.startswith("min_"))
    return {
        "part": name, "words": WORDS[name], "at": at, "share": share, "threshold": limit,
        "value": measure["value"], "mcse": measure["mcse"], "n": measure["n"],
        "low": low, "high": high, "verdict": verdict,
        "replicates_to_settle": _to_tell(measure, limit, counted=counted)
        if verdict == "inconclusive" else None,
    }  # fmt: skip


def _interval(measure: dict[str, Any], *, counted: bool) -> tuple[float | None, float | None]:
    """Return the 95 % interval for Monte Carlo error; None, None without an estimate.

    A number that is not simulated (``n`` is None) has no such error.
    """
    value, mcse, n = measure["value"], measure["mcse"], measure["n"]
    if value is not None and n is None:
        return value, value
    if value is None or mcse is None:
        return None, None
    if counted:
        low, high = wilson_interval(value * n, n)
        return float(low), float(high)
    return value - _WIDE * mcse, value + _WIDE * mcse


def _verdict(low: float | None, high: float | None, limit: float, *, lower_limit: bool) -> str:
    """Return the verdict for an interval; a value equal to the threshold meets it.

    >>> [_verdict(*ends, 0.8, lower_limit=True) for ends in ((0.81, 0.9), (0.7, 0.79), (0.7, 0.9))]
    ['met', 'not met', 'inconclusive']
    """
    if low is None or high is None:
        return "inconclusive"
    if not lower_limit:
        low, high, limit = -high, -low, -limit
    return "met" if low >= limit else "not met" if high < limit else "inconclusive"


def _to_tell(measure: dict[str, Any], limit: float, *, counted: bool) -> int | None:
    """Return the approximate number of replicates for a verdict other than inconclusive, or None.

    Wilson's interval excludes a threshold p if the proportion differs from it by more than 1.96
    standard errors of a proportion p.
    """
    value, mcse = measure["value"], measure["mcse"]
    if value is None or mcse is None or value == limit:
        return None
    variance = limit * (1 - limit) if counted else measure["n"] * mcse**2
    replicates = variance * (_WIDE / (value - limit)) ** 2
    return int(np.ceil(replicates)) if replicates <= _MANY else None


def decision_words(decision: dict[str, Any]) -> str:
    """Return the decision with the reason of every threshold that is not met or inconclusive."""
    words = f"Decision: {decision['verdict']}."
    for part in decision["parts"]:
        if part["verdict"] != "met":
            what = part["words"]
            words += f" {what[0].upper()}{what[1:]}: {_reason(part)}."
    return words


def _reason(part: dict[str, Any]) -> str:
    if part["verdict"] == "not met":
        low, high, limit = (
            _amount(part[name], part["share"]) for name in ("low", "high", "threshold")
        )
        kind = "minimum" if part["part"].startswith("min_") else "maximum"
        if low == high:
            return f"not met; {low}, computed without simulation, {kind} {limit}"
        return f"not met; 95 % interval {low} to {high}, {kind} {limit}"
    if not part["n"]:
        return str(part["at"])
    required = part["replicates_to_settle"]
    if not required:
        return "inconclusive; more replicates may not settle it"
    return f"inconclusive; about {required:,} replicates would settle it at the current estimate"


def _amount(value: float, share: bool) -> str:
    return f"{100 * value:.1f} %" if share else f"{value:.1f}"


def replicates_wanted(document: dict[str, Any]) -> list[tuple[str, float, float, int]]:
    """Return measure, value, target MCSE and the number of replicates that the target needs."""
    alpha = document["boundaries"]["alpha"]
    return [
        (what, share, wanted, replicates_for(wanted, share))
        for what, share, wanted in (
            ("power", 0.8, FINE),
            ("type I error", alpha, FINE_LEVEL * alpha),
            ("coverage", NOMINAL, FINE_COVERAGE),
        )
    ]


def draft_words(document: dict[str, Any]) -> str:
    """Return a warning if a study has too few replicates for its measures, else an empty text.

    An exact type I error needs no replicates.
    """
    there, exact = main_point(document)["replicates"], null_point(document)["exact"]
    known = exact is not None and not exact["power_mcse"]
    short = [
        (what, takes)
        for what, _, _, takes in replicates_wanted(document)
        if there < takes and not (known and what != "coverage")
    ]
    if not short:
        return ""
    needs = ", ".join(f"{what} {takes:,}" for what, takes in short)
    return f"Draft: {there:,} replicates are too few for a conclusion (needed: {needs})."
