"""Chapters of the report of several arms: aims, estimands, methods, verification, conclusions."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from estimate.methods.registry import METHODS
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.results.rows import percent_cell
from simulate.labels import label_of

#: Monte Carlo standard errors within which simulated and expected values agree.
WITHIN = 3.0

Pairs = list[tuple[str, str]]


def estimand_pairs(design: MultiArmDesign) -> Pairs:
    """Return the estimand of every hypothesis of the first treatment; others differ in the arm."""
    arm = design.treatments[0]
    populations = [each.words if each else "" for each in design.populations]
    return [
        (label_of(label), f"{design.pair(arm, k).estimand}{f'; population: {who}' if who else ''}")
        for k, (label, who) in enumerate(zip(design.labels, populations, strict=True))
    ]


def method_pairs(design: MultiArmDesign, document: dict[str, Any]) -> Pairs:
    """Return analyses, multiplicity, and what the number of replicates allows."""
    analyses = [
        f"{label_of(label)}: {METHODS[each.method].label}"
        + (f"; strata: {_labels(each.strata)}" if each.strata else "")
        + (f"; covariates: {_labels(each.covariates)}" if each.covariates else "")
        for label, each in zip(design.labels, design.methods, strict=True)
    ]  # fmt: skip
    n = document["replicates"]
    return [
        ("Analyses", ". ".join(analyses)),
        ("Multiplicity", f"{design.testing.procedure}, one-sided family-wise alpha "
         f"{design.alpha:g}"),
        ("Dropout", ", ".join(f"{name} {share:g} %" for name, share in
                              design.dropout_percent.items()) or "none"),
        ("Missing endpoints", design.endpoint.missing),
        ("Replicates", f"{n:,}: MCSE {100 * (0.8 * 0.2 / n) ** 0.5:.2f} percentage points of a "
         f"power of 80 %, {100 * (0.025 * 0.975 / n) ** 0.5:.2f} of an error of 2.5 %"),
    ]  # fmt: skip


def verification_rows(document: dict[str, Any]) -> list[list[str]]:
    """Return what was checked, what was found, and the verdict, at every size."""
    rows = []
    for size in document["sizes"]:
        for case in size["configurations"]:
            where = f"{size['participants']} participants, {case['configuration']}"
            error = case["familywise_error"]
            if error is not None and document["procedure"] != "unadjusted":
                over = _distance(error["value"], document["alpha"], error["mcse"])
                verdict = "controlled" if over <= WITHIN else "above alpha"
                rows.append([f"family-wise error, {where}", percent_cell(error), verdict])
            if case["exact"] and case["any_effective"]:
                exact, found = case["exact"]["any_effective"], case["any_effective"]
                far = abs(_distance(found["value"], exact, found["mcse"]))
                rows.append([
                    f"simulated and exact power, {where}",
                    f"{percent_cell(found)}, exact {100 * exact:.2f}",
                    "agree" if far <= WITHIN else "differ",
                ])  # fmt: skip
    return rows


def conclusion(document: dict[str, Any]) -> str:
    """Return power and error at the largest size as sentences."""
    size = document["sizes"][-1]
    errors = [c["familywise_error"] for c in size["configurations"] if c["familywise_error"]]
    worst = max(errors, key=lambda each: float(each["value"]), default=None)
    of = {"any": "at least one effective treatment", "all": "all effective treatments"}
    words = (
        f"With {size['participants']} participants the trial finds "
        f"{of.get(document['power_of'], document['power_of'])} in {percent_cell(size['power'])} % "
        "of replicates with the planned effects"
    )
    if worst is not None:
        words += f"; the largest family-wise type I error simulated is {percent_cell(worst)} %"
    return f"{words}. {_limits(document)}"


def _limits(document: dict[str, Any]) -> str:
    if document["simulation"]["level"] == "binomial":
        return "Participants of an arm share one event rate; arrival times are expected ones."
    if document["sensitivity"] or document["tornado"]:
        return "The result depends on the scenario; chapter F shows sensitivity to assumptions."
    return "The result depends on the scenario: sensitivity to its assumptions is not shown here."


def example_rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each example trial as a sentence and rows of its comparisons."""
    return [
        {
            "words": f"Replicate {each['trial']}: {each['course']}; "
            f"{each['participants']:.0f} participants, {each['months']:.1f} months.",
            "rows": [
                [
                    row["comparison"], str(row["analysis"]), row["ended"],
                    *("-" if row[name] is None else f"{row[name]:z.3f}"
                      for name in ("z", "estimate")),
                    _labels(row["rejected"]) or "none",
                ]
                for row in each["comparisons"]
            ],
        }
        for each in document["examples"]
    ]  # fmt: skip


def _labels(names: Iterable[str]) -> str:
    return ", ".join(map(label_of, names))


def _distance(value: float, expected: float, mcse: float) -> float:
    """Return the distance in Monte Carlo standard errors; infinite or 0 without one."""
    gap = value - expected
    return float(gap / mcse) if mcse else float(np.sign(gap) * np.inf if gap else 0.0)
