"""What a study checks of itself, and what it does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scipy.special import ndtr, ndtri

from pretese.trial.further import main_point, null_point
from pretese.trial.page import number

#: Monte Carlo standard errors that are laid to chance.
CHANCE = 3.0

#: Coverage that intervals promise.
NOMINAL = 0.95


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what, what was found, and whether it holds (None: it was not made)."""

    what: str
    found: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        """Return one word or two."""
        return {True: "holds", False: "DOES NOT HOLD", None: "not checked"}[self.holds]


def checks(document: dict[str, Any]) -> list[Check]:
    """Return the checks of one design, each with its verdict."""
    return [*_exact(document), _level(document), *_worst_levels(document), *_recovery(document)]


def outside_checks(replayed: int) -> list[Check]:
    """Return what the page itself checked while it was written, and what nobody checked here."""
    words = f"{replayed} of {replayed} drawn again alone, from seed and number: the same statistic"
    found = Check("example trials replay", words, True) if replayed else None
    second = "not run again in another program; python -m benchmarks power does so where R is"
    other = Check("a second implementation (rpact)", second, None)
    return [each for each in (found, other) if each]


def _exact(document: dict[str, Any]) -> Iterator[Check]:
    known = [point for point in document["points"] if point["exact"]]
    if not known:
        reason = document["points"][0]["no_exact"] or "the size does not fill whole blocks"
        yield Check("simulated power against exact enumeration", f"no exact rail: {reason}", None)
        return
    worst = max(known, key=lambda point: abs(point["exact"]["z"]))
    z = worst["exact"]["z"]
    words = f"largest z {z:.2f} of {len(known)} ({worst['men']} men, {worst['effect_percent']:g} %)"
    yield Check("simulated power against exact enumeration", words, abs(z) < _chance(len(known)))


def _chance(count: int) -> float:
    """Return what is as unlikely for the largest of so many as 3 standard errors are for one."""
    return -float(ndtri(ndtr(-CHANCE) / count))


def _level(document: dict[str, Any]) -> Check:
    """Check the type I error: it may be below the level, but not above it beyond chance."""
    measure, alpha = null_point(document)["measures"]["rejection"], document["bounds"]["alpha"]
    error = (alpha * (1 - alpha) / measure["n"]) ** 0.5
    words = f"{number(measure, share=True)} against {100 * alpha:g} %"
    if measure["value"] < alpha - CHANCE * error:
        words += " (conservative)"
    return Check("type I error without an effect", words, measure["value"] < alpha + CHANCE * error)


def _worst_levels(document: dict[str, Any]) -> Iterator[Check]:
    """Check the greatest error over the cells of a grid, and over the nulls of a family."""
    family = main_point(document)["family"]
    shared = family["errors"] if family and family["method"] != "none" else []
    cells = (document["nuisance"] or {"cells": []})["cells"]
    for what, errors in (
        ("type I error in every cell of the grid", [cell["type_one_error"] for cell in cells]),
        ("wrong claims in the family of endpoints", shared),
    ):
        if errors:
            worst, alpha = max(errors, key=lambda e: float(e["value"])), document["bounds"]["alpha"]
            limit = alpha + _chance(len(errors)) * (alpha * (1 - alpha) / worst["n"]) ** 0.5
            words = f"greatest of {len(errors)} {number(worst, share=True)}"
            yield Check(what, f"{words} against {100 * alpha:g} %", worst["value"] < limit)


def _recovery(document: dict[str, Any]) -> Iterator[Check]:
    point = main_point(document)
    bias, coverage = point["measures"]["bias"], point["measures"]["coverage"]
    looks = len(document["bounds"]["information_rates"])
    if bias["value"] is None or not bias["mcse"]:
        reason = "the true effect on the scale of this analysis is not known"
        yield Check("the known effect is recovered", reason, None)
        return
    z = bias["value"] / bias["mcse"]
    words = f"bias {number(bias)}, {z:.1f} Monte Carlo standard errors"
    if looks > 1:
        words += "; estimates at a stop are biased, and not corrected"
    yield Check("the known effect is recovered", words, abs(z) < CHANCE)
    error = (NOMINAL * (1 - NOMINAL) / coverage["n"]) ** 0.5
    words = f"{number(coverage, share=True)} against 95 %"
    holds = abs(coverage["value"] - NOMINAL) < CHANCE * error
    yield Check("intervals hold the truth", words, holds)


def conclusions(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return pairs: supported, or not; and the claim."""
    found = {check.what: check for check in checks(document)}
    point = main_point(document)
    power = number(point["measures"]["rejection"], share=True)
    pairs = [("supported", f"Power at {point['men']} men is {power} under what is assumed.")]
    for what, claim in (
        ("type I error without an effect", "The level is kept under what is assumed."),
        ("the known effect is recovered", "Estimates reported at the end are without bias."),
        ("intervals hold the truth", "Intervals reported at the end hold what they promise."),
    ):
        if what in found:
            pairs.append((_WORDS[found[what].holds], claim))
    swept = document["nuisance"] is not None
    pairs.append(
        (_WORDS[True if swept else None], "The worst case over the nuisances named is known.")
    )
    pairs.append(("not shown", "The therapy works: no simulation can show that."))
    return pairs


_WORDS = {True: "supported", False: "not supported", None: "not shown"}
