"""Chapters of the power report: rows for its tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr

from estimate.comparison.risk_difference import hypothesis_z
from estimate.core.numeric.roots import brent_root
from pretese.trial.design.design_file import DesignFile
from pretese.trial.power.additional_measures import main_point, null_point
from pretese.trial.power.decision_verdict import decision_words
from pretese.trial.report.design_words import Rows, axes_words, number_list
from pretese.trial.simulation.conditional_effect import PARTICIPANTS, TRIALS
from pretese.trial.views.measure_words import number


def command_of(study: dict[str, Any]) -> str:
    """Return the command that reproduces the study, with every option."""
    asked = study["asked"]
    words = ["pretese power", *(design["id"] + ".yaml" for design in study["designs"])]
    words += [f"--participants {participants}" for participants in asked["participants"]]
    words += [f"--effect {100 * share:g}" for share in asked["effects"]]
    words += [] if asked["target_power"] is None else [f"--target-power {asked['target_power']:g}"]
    words += [
        f"--sensitivity {path}={','.join(f'{value:g}' for value in values)}"
        for path, values in asked["sensitivity"].items()
    ]
    words += ["--tornado"] if asked["tornado"] else []
    words += ["--interpolate"] if asked["interpolate"] else []
    words += ["--patient-level"] if asked["patient_level"] and len(study["designs"]) == 1 else []
    words += [f"--set {path}={value!r}" for path, value in asked["changed"].items()]
    return " ".join(
        [*words, f"--seed {asked['seed']} --replicates {study['replicates']} --out DIR"]
    )


def identity(study: dict[str, Any]) -> Rows:
    """Return seed, code and versions of the study."""
    return [
        ("seed", str(study["seed"])),
        ("random numbers", "Philox, keyed by seed, purpose, replicate and participant (analysis "
         "for counts): the result does not depend on processes or blocks"),
        ("replicates", f"{study['replicates']:,} per sample size and effect"),
        ("code hash", study["code_sha256"]),
        *((f"mechanism of {name}", text) for name, text in study["mechanism_sha256"].items()),
        *study["versions"].items(),
        ("date, machine, run time", "not recorded, so that repeated runs give identical files"),
    ]  # fmt: skip


def about(design: DesignFile, document: dict[str, Any]) -> Rows:
    """Return title, version and hashes of a design file."""
    unsaid = "not stated in the design file"
    return [
        ("Title", design.title),
        ("Version", design.version or unsaid),
        ("Author", design.author or unsaid),
        ("Date", str(design.date or unsaid)),
        ("Design file", document["design_sha256"]),
        *((f"Regimen {name} {each['version']}", each["sha256"])
          for name, each in document["regimens"].items()),
    ]  # fmt: skip


def plan_and_run(
    design: DesignFile, document: dict[str, Any], study: dict[str, Any]
) -> list[tuple[str, str, str]]:
    """Return what the design file plans, and what was simulated."""
    points, asked = document["points"], study["asked"]
    effects = sorted({0.0, 100.0, *(each.effect_percent for each in design.beliefs)})
    grid, filed = document["sensitivity"], "as in its file" if design.scenario else "none"
    power = asked["target_power"]
    solved = "not requested" if power is None else f"for a power of {power:g}"
    return [
        ("participants", str(design.participants),
         number_list({point["participants"] for point in points})),
        ("required sample size", "none", solved),
        ("effects, %", number_list(effects),
         number_list({point["effect_percent"] for point in points})),
        ("sensitivity analyses", axes_words(design.sensitivity),
         axes_words(grid["axes"] if grid else {})),
        ("numbers of the scenario", filed, "; ".join(
            f"{path} {value:g}" for path, value in study["changed"].items()) or filed),
        ("decision", "rule in the file" if design.decision else "none",
         document["decision"]["verdict"] if document["decision"] else "none"),
    ]  # fmt: skip


def truth_words(design: DesignFile, level: str) -> str:
    """Return how the true effect was determined; ``level`` is that of the simulation."""
    if design.analysis.true_by_limit:
        return (
            f"the large-sample limit of the analysis model ({design.analysis.summary}): the mean "
            f"over {TRIALS} simulated trials of {PARTICIPANTS:,} patients, each in both arms"
        )
    if level == "binomial":
        return "exact, from the event rates, the share of the effect and treatment switching"
    return "the mean of both potential outcomes over all simulated participants, with its MCSE"


def truth_rows(document: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return point, risks and true effect; a logarithm for a ratio."""
    return [
        (
            f"{point['participants']} participants, {point['effect_percent']:g} % of the effect",
            f"{100 * point['truth']['risk_control']:.2f} %",
            f"{100 * point['truth']['risk_treated']:.2f} %",
            number(point["truth"]["on_scale"]),
        )
        for point in document["points"]
    ]


def summary_rows(document: dict[str, Any]) -> Rows:
    """Return the main operating characteristics."""
    point, none = main_point(document), null_point(document)
    exact = none["exact"] or {"power": None, "overruled": None}
    rows = [
        ("Sample size", f"{point['participants']} participants"),
        ("Power", number(point["measures"]["power"], share=True)),
        ("Type I error", number(none["measures"]["rejection"], share=True)),
    ]
    for words, value in (
        ("Type I error, exact", exact["power"]),
        ("Type I error, exact, futility overruled", exact["overruled"]),
    ):
        if value is not None:
            rows.append((words, f"{100 * value:.2f} %"))
    for words, where in (("with the planned effect", point), ("without an effect", none)):
        recruited, months = (where["measures"][n] for n in ("recruited", "duration_months"))
        rows.append((f"Expected sample size and duration, {words}",
                     f"{number(recruited)} participants, {number(months)} months"))  # fmt: skip
    if document["decision"]:
        verdict = decision_words(document["decision"])
        rows.append(("Decision rule", verdict.removeprefix("Decision: ")))
    return rows


def boundary_rows(design: DesignFile, document: dict[str, Any]) -> list[list[str]]:
    """Return each analysis with its boundaries as z, p, risk difference and alpha spent.

    The risk difference is the smallest that reaches the efficacy boundary at the control risk.
    """
    point, plan = main_point(document), design.monitoring.plan()
    sizes = design.analyses_at(point["participants"])
    control, parts = point["truth"]["risk_control"], np.asarray(design.allocation)
    spent, rows = plan.alpha_spent(), []
    for k, size in enumerate(sizes):
        arms = size * parts / parts.sum()
        effect = effect_at(plan.upper[k], control, arms[1], arms[0], design.analysis.nulls)
        low = plan.lower[k]
        futile = "-" if plan.sides == 2 or not np.isfinite(low) or k + 1 == plan.analyses else low
        rows.append([
            str(k + 1), f"{plan.information_rates[k]:.3f}", str(size), f"{plan.upper[k]:.4f}",
            f"{plan.sides * float(ndtr(-plan.upper[k])):.5f}",
            "-" if effect is None else f"{effect:.3f}", f"{spent[k]:.5f}",
            futile if isinstance(futile, str) else f"{futile:z.4f}",
        ])  # fmt: skip
    return rows


def effect_at(
    z: float, control: float, treated_n: float, control_n: float, nulls: Sequence[float] = (0.0,)
) -> float | None:
    """Return the risk difference whose pooled z statistic is ``z``; None if none is so large.

    >>> round(effect_at(1.96, 0.4, 150, 150), 4)
    0.1127
    """

    def surplus(treated: float) -> float:
        counts = (treated * treated_n, treated_n, control * control_n, control_n)
        return float(hypothesis_z(*counts, nulls)) - z

    lowest = max(control + nulls[0], 1e-9)
    if not np.isfinite(z) or len(nulls) == 2 or not surplus(lowest) < 0 < surplus(1 - 1e-9):
        return None
    return float(brent_root(surplus, lowest, 1 - 1e-9)) - control
