"""Tolerances between stored and recomputed values of R, and the values that are not compared.

Deterministic values agree to 1e-6 of themselves unless a rule below says otherwise. Values of
random draws agree within Monte Carlo error: the seeds of the stored runs are not known.
"""

import json
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RELATIVE, ABSOLUTE = 1e-6, 1e-9

Path_ = tuple[str | int, ...]
Documents = tuple[Any, Any]

#: (script, path, relative, absolute, reason). The first match applies.
RULES: list[tuple[str, str, float, float, str]] = [
    ("g01_paper_counts", r"OR_profile", 1e-4, 0, "limits read off a spline through the profile"),
    ("g09_reri", r"boot_se", 0.1, 0, "bootstrap"),
    ("g11_rates_clustered", r"glmer", 1e-4, 0, "stopping rules of the optimiser"),
    ("g12_pool", r"/df2$", 1e-4, 0, "in the millions where imputations hardly differ"),
    ("g13_mice", r"^pmm_step/gap5", 1e-5, 1e-8, "difference of two close distances"),
    ("g13_mice", r"fmi", 0, 0.1, "random imputations"),
    ("g13_mice", r"norm_method/se", 0.06, 0, "random imputations"),
    ("g13_mice", r"means/", 0.005, 0, "random imputations"),
    ("g14_mediation", r"acme_sd$", 0.08, 0, "random draws"),
    ("g16_random_intercept", r"", 0, 2e-5, "stopping rules of the optimiser"),
    ("g17_meta_analysis", r"binomial", 0, 2e-5, "stopping rules of the optimiser"),
    ("trial_oracles", r"^O22/gs", 1e-6, 0, "gsDesign and rpact differ in the seventh digit"),
    ("trial_oracles", r"/EN$", 0, 1e-4, "four decimals stored"),
    ("trial_oracles", r"^O48/[in]", 0, 4 * math.sqrt(2) * 0.00026, "simulated"),
    ("trial_oracles", r"^O48/mcse", 0.05, 0, "rounded"),
    ("inline_constants", r"^o48_patients", 0, 3, "simulated"),
    ("inline_constants", r"^o48_exactly/1", 0, 3, "simulated"),
    ("inline_constants", r"^o48", 0, 4 * math.sqrt(2) * 0.00065, "simulated"),
    ("inline_constants", r"^o12/", 0, 2e-6, "gsDesign and rpact differ in the seventh digit"),
    ("inline_constants", r"^o34_sharp", 0, 1e-6, "root finder of rpact"),
    ("inline_constants", r"^o24/3", 0, 5e-6, "the default tolerance of power.prop.test"),
]

#: (script, path, reason) of stored values that are not recomputed.
EXCLUDED: list[tuple[str, str, str]] = [
    ("", r"(^|/|_)note$", "a remark"),
    ("g01_paper_counts", r"^source$", "a remark"),
    ("g06_matching", r"^matchit$|/warn", "version and warning of MatchIt"),
    ("g09_reri", r"(age_lt35|dur_gt3|t_gt)/interactionR_mover", "a message of interactionR"),
    ("g13_mice", r"^defaults/(visitSequence|init)", "a remark"),
    ("g13_mice", r"sd_between_runs", "a standard deviation of four runs only sets tolerances"),
    ("g13_mice", r"donor_ids", "compared as sets"),
    ("inline_constants", r"^o38_gsdesign", "gsDesign is not packaged for Debian"),
]


def excluded(name: str, path: Path_, documents: Documents) -> bool:
    """Return whether a stored value is not compared."""
    place = "/".join(map(str, path))
    if any(script in ("", name) and re.search(p, place) for script, p, _ in EXCLUDED):
        return True
    # If the total effect is near 0 in some draws, the proportion mediated has no moments.
    draws = name == "g14_mediation" and path[1] in ("quasi_bayes_exact_M", "mediate")
    return draws and _effect(path).startswith("prop") and _spread(path, documents) > 0.1


def allowed(name: str, path: Path_, documents: Documents) -> float:
    """Return the largest difference at which two numbers agree."""
    value = _at(documents[0], path)
    place = "/".join(map(str, path))
    if name == "g09_reri" and "boot_percentile" in place:
        low, high = _at(documents[0], path[:-1])
        return 0.1 * float(high - low)
    special = _random(name, path, documents)
    if special is not None:
        return special
    for script, pattern, relative, absolute, _ in RULES:
        if script == name and re.search(pattern, place):
            return max(relative * _size(value), absolute)
    if name == "trial_oracles":
        return _stated()[str(path[0])]
    if name == "inline_constants":
        return 0.0
    return max(RELATIVE * _size(value), ABSOLUTE)


def _size(value: Any) -> float:
    return abs(float(value))


def _at(document: Any, path: Path_) -> Any:
    for key in path:
        document = document[key]
    return document


@cache
def _stated() -> dict[str, float]:
    """Return the tolerance that each entry of the list of oracles states."""
    entries = json.loads((HERE.parent / "trial_oracles.json").read_text(encoding="utf-8"))
    return {entry["id"]: entry["tol"] for entry in entries}


def _random(name: str, path: Path_, documents: Documents) -> float | None:
    """Return four Monte Carlo errors of the difference of two sets of draws."""
    if name == "g13_mice":
        return _of_imputations(path, documents)
    if name != "g14_mediation":
        return None
    if path[0] == "continuous_mediator":
        low, high = _at(documents[0], path[:-1])[1:]
        error = 4 * (high - low) / 3.92 * math.sqrt(1 / 1000 + 1 / 4000)
        return float(error if path[-1] == 0 else 2.67 * error)
    if path[1] not in ("quasi_bayes_exact_M", "mediate") or path[-1] == "acme_sd":
        return None
    bayes = path[1] == "quasi_bayes_exact_M"
    what = path[2] if bayes else ("median", "lo", "hi", "p")[int(path[3])]
    spread, root = _spread(path, documents), math.sqrt(2 / (10_000 if bayes else 4000))
    if what == "sd":
        return 0.05 * spread
    if what == "p":
        share = max(_at(each, path) for each in documents) / 2
        return 8 * root * math.sqrt(share * (1 - share)) + 0.002
    # A median of normal draws has 1.25 times the error of their mean, a 2.5 % quantile 2.67 times,
    # and up to 4.3 times for the skewed shares mediated (found with 400,000 draws).
    outer = 4.3 if _effect(path).startswith("prop") else 2.67
    factor = {"mean": 1.0, "median": 1.25, "lo": outer, "hi": outer}[str(what)]
    return 4 * factor * spread * root * (1.0 if bayes else 1.3)


def _effect(path: Path_) -> str:
    return str(path[3] if path[1] == "quasi_bayes_exact_M" else path[2])


def _spread(path: Path_, documents: Documents) -> float:
    """Return the standard deviation of the draws of an effect."""
    spreads = documents[0][path[0]]["quasi_bayes_exact_M"]["sd"]
    return float(spreads.get(_effect(path), 0.0))


def _of_imputations(path: Path_, documents: Documents) -> float | None:
    """Return four standard deviations of the difference between runs of 50 imputations.

    Four runs estimate a standard deviation poorly, so the larger of the stored and the new one is
    used.
    """
    kinds = {"est_mean": "est", "se_mean": "se", "est": "est"}
    if path[0] != "pooled_m50x4" or str(path[-2]) not in kinds:
        return None
    key = f"{kinds[str(path[-2])]}_sd_between_runs"
    return 4 * math.sqrt(2) * max(float(each["pooled_m50x4"][key][path[-1]]) for each in documents)
