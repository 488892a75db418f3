"""Checks of a power study against exact and nominal values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scipy.special import ndtr, ndtri

from pretese.trial.measures.performance import SHARES
from pretese.trial.power.additional_measures import main_point, null_point
from pretese.trial.power.decision_verdict import NOMINAL, draft_words, replicates_wanted
from pretese.trial.views.measure_words import number

#: Differences up to this number of Monte Carlo standard errors are attributed to chance.
CHANCE = 3.0

#: Tolerance of a median, as a proportion of trials, because counts are discrete: a twentieth of a
#: standard error.
GRAIN = 0.02

LEVEL = "type I error"
RECOVERED = "recovery of the known effect"
COVERED = "coverage of the intervals"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: comparison, result, and whether it passed (None: not checked)."""

    what: str
    found: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        """Return one word or two."""
        return {True: "holds", False: "FAILED", None: "not checked"}[self.holds]


def checks(document: dict[str, Any]) -> list[Check]:
    """Return the checks of one design, each with its verdict."""
    return [*_exact(document), _level(document), *_worst_levels(document), *_recovery(document)]


def outside_checks(replayed: int) -> list[Check]:
    """Return the checks performed while the page was written, and those not performed."""
    words = f"{replayed} of {replayed} replayed from seed and number: identical statistics"
    found = Check("replay of example trials", words, True) if replayed else None
    second = "not compared here; `python -m benchmarks power` does so where R is installed"
    other = Check("second implementation (rpact)", second, None)
    return [each for each in (found, other) if each]


def _exact(document: dict[str, Any]) -> Iterator[Check]:
    known = [point for point in document["points"] if point["exact"]]
    if not known:
        reason = document["points"][0]["exact_unavailable"]
        yield Check("simulated power compared with exact power", f"no exact power: {reason}", None)
        return
    worst = max(known, key=lambda point: abs(point["exact"]["z"]))
    z = worst["exact"]["z"]
    words = (
        f"largest z {z:.2f} of {len(known)} ({worst['participants']} participants, "
        f"{worst['effect_percent']:g} % of the effect)"
    )
    yield Check("simulated power compared with exact power", words, abs(z) < _chance(len(known)))


def _chance(count: int) -> float:
    """Return the limit for the largest of several z that is as improbable as 3 for one."""
    return -float(ndtri(ndtr(-CHANCE) / count))


def _level(document: dict[str, Any]) -> Check:
    """Check the type I error: it may be below alpha, but not above it by more than chance."""
    measure, alpha = null_point(document)["measures"]["rejection"], document["boundaries"]["alpha"]
    words, z = f"{number(measure, share=True)} against {100 * alpha:g} %", _from(measure, alpha)
    words += " (conservative)" if z < -CHANCE else ""
    return Check(LEVEL, words, z < CHANCE)


def _worst_levels(document: dict[str, Any]) -> Iterator[Check]:
    """Check the maximum error over the cells of a grid, and over the nulls of a family."""
    family = main_point(document)["family"]
    shared = family["errors"] if family and family["method"] != "none" else []
    cells = (document["sensitivity"] or {"cells": []})["cells"]
    for what, errors in (
        (
            "type I error in every cell of the sensitivity grid",
            [cell["type_one_error"] for cell in cells],
        ),
        ("family-wise error of the endpoints", shared),
    ):
        if errors:
            worst, alpha = (
                max(errors, key=lambda e: float(e["value"])),
                document["boundaries"]["alpha"],
            )
            words = f"largest of {len(errors)}: {number(worst, share=True)}"
            holds = _from(worst, alpha) < _chance(len(errors))
            yield Check(what, f"{words} against {100 * alpha:g} %", holds)


def _recovery(document: dict[str, Any]) -> Iterator[Check]:
    found = main_point(document)["measures"]
    if found["bias"]["value"] is None or not found["bias"]["mcse"]:
        reason = "the true effect on the scale of this analysis is unknown"
        yield Check(RECOVERED, reason, None)
        return
    if "final_below" in found:
        yield from _ordered(found, ignores_futility=document["boundaries"]["ignores_futility"])
        return
    bias, coverage = found["bias"], found["coverage"]
    z = bias["value"] / bias["mcse"]
    words = f"bias {number(bias)}, {z:.1f} Monte Carlo standard errors"
    if len(document["boundaries"]["information_rates"]) > 1:
        words += "; estimates after a stop are biased and not adjusted in this design"
    yield Check(RECOVERED, words, abs(z) < CHANCE)
    words = f"{number(coverage, share=True)} against 95 %"
    yield Check(COVERED, words, abs(_from(coverage, NOMINAL)) < CHANCE)


def _ordered(found: dict[str, Any], *, ignores_futility: bool) -> Iterator[Check]:
    """Check the median (not the mean) of adjusted estimates, and the adjusted interval.

    Inference that ignores non-binding futility boundaries, which simulated trials follow, is valid
    on one side only.
    """
    shares = {name: number(found[name], share=True) for name in SHARES & found.keys()}
    off = found["final_below"]["value"] - 0.5
    grain = max(CHANCE * _error(0.5, found["final_below"]["n"]), GRAIN)
    wanted = "at least 50 %, futility non-binding" if ignores_futility else "50 %"
    words = (
        f"median-unbiased estimate below the truth in {shares['final_below']} ({wanted}), bias "
        f"{number(found['final_bias'])}; unadjusted estimate: {shares['below']}, bias "
        f"{number(found['bias'])}"
    )
    yield Check(RECOVERED, words, off > -grain and (ignores_futility or off < grain))
    words = f"final interval {shares['final_coverage']} against 95 %"
    holds = abs(_from(found["final_coverage"], NOMINAL)) < CHANCE
    if ignores_futility:
        words += (
            f", above the truth in {shares['final_over']} (at most 2.5 %, futility non-binding)"
        )
        holds = _from(found["final_over"], (1 - NOMINAL) / 2) < CHANCE
    words += f"; unadjusted interval {shares['coverage']}"
    yield Check(COVERED, words, holds)


def _from(measure: dict[str, Any], share: float) -> float:
    """Return the number of standard errors by which a proportion exceeds its nominal value."""
    return float((measure["value"] - share) / _error(share, measure["n"]))


def _error(share: float, trials: int) -> float:
    return float((share * (1 - share) / trials) ** 0.5)


def replicates_table(document: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return measure, target MCSE, the replicates it needs, and whether they were simulated."""
    there = main_point(document)["replicates"]
    return [
        (f"{what} of {100 * share:g} %", f"{100 * wanted:g} %", f"{takes:,}",
         "sufficient" if there >= takes else "too few: draft")
        for what, share, wanted, takes in replicates_wanted(document)
    ]  # fmt: skip


def _precise(document: dict[str, Any]) -> dict[str, bool]:
    """Return whether there are enough replicates for a conclusion from each passed check."""
    takes = {what: count for what, _, _, count in replicates_wanted(document)}
    level = null_point(document)["measures"]["rejection"]["n"] >= takes["type I error"]
    intervals = main_point(document)["replicates"] >= takes["coverage"]
    return {LEVEL: level, RECOVERED: intervals, COVERED: intervals}


#: Verdict on a statement that is supported by too few replicates.
DRAFT = "draft: too few replicates"


def conclusions(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return pairs of verdict (supported or not) and statement."""
    found = {check.what: check for check in checks(document)}
    point = main_point(document)
    power = number(point["measures"]["power"], share=True)
    pairs = [
        (
            DRAFT if draft_words(document) else "supported",
            f"Power is {power} with {point['participants']} participants, as assumed.",
        )
    ]
    precise = _precise(document)
    for what, statement in _claims(document).items():
        if what in found:
            holds = found[what].holds
            word = _WORDS[holds] if precise[what] or not holds else DRAFT
            pairs.append((word, statement))
    swept = document["sensitivity"] is not None
    pairs.append(
        (
            _WORDS[True if swept else None],
            "The worst case over the sensitivity parameters named is known.",
        )
    )
    pairs.append(("not shown", "The therapy is effective: a simulation cannot show this."))
    return pairs


def _claims(document: dict[str, Any]) -> dict[str, str]:
    """Return the statement that a passed check supports."""
    claims = {LEVEL: "Type I error is controlled under the assumptions."}
    if "final_below" not in main_point(document)["measures"]:
        return claims | {
            RECOVERED: "Estimates are unbiased.",
            COVERED: "Confidence intervals have nominal coverage.",
        }
    if document["boundaries"]["ignores_futility"]:
        return claims | {
            RECOVERED: "Median-unbiased estimates are too high at most as often as too low.",
            COVERED: "Final intervals lie above the truth at most as often as nominal; where "
            "non-binding futility boundaries are followed, they may lie below it more often.",
        }
    return claims | {
        RECOVERED: "Median-unbiased estimates are too high as often as too low.",
        COVERED: "Final confidence intervals have nominal coverage.",
    }


_WORDS = {True: "supported", False: "not supported", None: "not shown"}
