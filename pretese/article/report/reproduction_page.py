"""The reproduction as one self-contained HTML page."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pretese.article.calibration.verdict import LIMIT
from pretese.article.published import PublishedStudy
from pretese.article.report.compare import Row
from pretese.article.report.joint_facts import Prediction
from pretese.article.report.reproduction_figures import (
    draw_predictions,
    draw_quartiles,
    draw_questions,
)
from pretese.article.simulated.fsh_influence import FshInfluence
from pretese.article.simulated.true_effects import CONTRASTS
from pretese.io.text.html_page import render_page
from pretese.plots.before_after import draw_before_after
from simulate.scenario.transported import Transported

Floats = NDArray[np.float64]


def draw_reproduction(
    rows: list[Row],
    simulated: Mapping[str, Floats],
    published: PublishedStudy,
    cohort: Mapping[str, pd.DataFrame],
) -> dict[str, Figure]:
    """Draw the figures of the report, by file name without ending; ``cohort`` is one study."""
    return {
        "one-cohort-several-questions": draw_questions(published, simulated),
        "predictions": draw_predictions(rows),
        "table-1": draw_quartiles(rows),
        "hormones-before-and-after": draw_before_after(cohort["visits"], cohort["injections"]),
    }


def render_reproduction(
    rows: list[Row],
    simulated: Mapping[str, Floats],
    published: PublishedStudy,
    figures: Mapping[str, str],
    manifest: Mapping[str, Any],
    transported: Transported,
    influences: list[FshInfluence],
    joint: list[Prediction],
    ensemble: Mapping[str, Any] | None = None,
) -> str:
    """Return the page; same inputs, same bytes. ``figures`` are SVG texts by name."""
    return render_page(
        "reproduce.html",
        study=published.study,
        facts=_facts(rows),
        questions_svg=figures["one-cohort-several-questions"],
        predictions_svg=figures["predictions"],
        quartiles_svg=figures["table-1"],
        hormones_svg=figures["hormones-before-and-after"],
        contrasts=list(_contrasts(simulated)),
        analyses=list(_analyses(simulated)),
        groups=list(_groups(rows)),
        findings=[finding.text for finding in published.findings.values()],
        limit=f"{LIMIT:g}",
        ensemble=ensemble,
        transported=transported,
        influences=influences,
        joint=[_joint(each) for each in joint],
        manifest=[(name, _plain(value)) for name, value in manifest.items()],
        **{name: manifest[name] for name in ("replicates", "patients", "command")},
    )


def summary(rows: list[Row]) -> dict[str, int]:
    """Count calibrated numbers that agree, and predicted ones within the middle 95 % of studies."""
    calibrated = [row for row in rows if row.status == "calibrated to"]
    predicted = [row for row in rows if row.status == "predicted"]
    return {
        "calibrated": len(calibrated),
        "agree": sum(row.agrees is True for row in calibrated),
        "predicted": len(predicted),
        "inside": sum(
            2.5 <= row.simulated.percentile <= 97.5 for row in predicted if row.simulated
        ),
        "not_modelled": sum(row.status == "not modelled" for row in rows),
    }


def _facts(rows: list[Row]) -> list[tuple[str, str]]:
    found = summary(rows)
    return [
        (
            f"{found['agree']} of {found['calibrated']}",
            f"calibrated numbers within {LIMIT:g} Monte Carlo standard errors",
        ),
        (
            f"{found['inside']} of {found['predicted']}",
            "predicted numbers between the 2.5th and 97.5th percentile of simulated studies",
        ),
        (str(found["not_modelled"]), "published numbers not modelled, each with a reason"),
    ]


def _contrasts(simulated: Mapping[str, Floats]) -> list[dict[str, Any]]:
    rows = [
        {"words": f"True effect: {contrast.words}", "cells": _true_cells(simulated, contrast.key)}
        for contrast in CONTRASTS
    ]
    observed = [
        ("sperm retrieved, operated patients", "table1.retrieved.{}.percent",
         "derived.risk_difference.unadjusted", "table2.unadjusted.odds_ratio"),
        ("any sperm, all who started", "derived.any_sperm.{}.percent",
         "derived.risk_difference.any_sperm", "derived.odds_ratio.any_sperm"),
    ]  # fmt: skip
    seen = [
        {
            "words": f"Observed: {words}",
            "cells": [
                _mean(simulated[name])
                for name in (risk.format("untreated"), risk.format("treated"), difference, ratio)
            ],
        }
        for words, risk, difference, ratio in observed
    ]
    return seen + rows


def _true_cells(simulated: Mapping[str, Floats], key: str) -> list[str]:
    parts = ("untreated", "treated", "risk_difference", "odds_ratio")
    return [_mean(simulated[f"truth.{key}.{part}"]) for part in parts]


#: Analyses of the article whose results are in tables that were not available.
UNPRINTED = {
    "analysis.model_1.odds_ratio": "model 1: adjusted for age",
    "analysis.model_2.odds_ratio": "model 2: and for duration, body mass index, diagnosis",
    "analysis.model_3.odds_ratio": "model 3: and for hormones (complete cases)",
    "analysis.propensity_adjusted.odds_ratio": "adjusted for all of these and the propensity score",
}


def _analyses(simulated: Mapping[str, Floats]) -> list[dict[str, str]]:
    rows = []
    for name, words in UNPRINTED.items():
        finite = simulated[name][np.isfinite(simulated[name])]
        low, high = np.quantile(finite, [0.025, 0.975])
        interval = f"{low:.2f} to {high:.2f}"
        rows.append({"words": words, "mean": _mean(finite), "interval": interval})
    return rows


def _mean(values: Floats) -> str:
    finite = values[np.isfinite(values)]
    error = finite.std(ddof=1) / np.sqrt(len(finite)) if len(finite) > 1 else float("nan")
    return f"{finite.mean():.3g} (MCSE {error:.2g})"


def _groups(rows: list[Row]) -> list[tuple[str, list[dict[str, Any]]]]:
    titles = {
        ("calibrated to", "printed"): "Calibration targets: printed numbers",
        ("calibrated to", "derived"): "Calibration targets: derived numbers",
        ("predicted", "printed"): "Predicted: printed numbers",
        ("predicted", "derived"): "Predicted: derived numbers",
        ("not modelled", "printed"): "Not modelled: printed numbers",
        ("not modelled", "derived"): "Not modelled: derived numbers",
    }
    return [
        (title, [_shown(row) for row in rows if (row.status, row.origin) == key])
        for key, title in titles.items()
    ]


def _shown(row: Row) -> dict[str, Any]:
    answer = row.simulated
    if answer is None:
        cells = {"mean": "", "error": "", "interval": "", "percentile": ""}
    else:
        cells = {
            "mean": f"{answer.simulated_mean:.4g}",
            "error": f"{answer.mcse:.2g}",
            "interval": f"{answer.low_2_5:.4g} to {answer.high_97_5:.4g}",
            "percentile": f"{answer.percentile:.0f}",
        }
    z = "" if row.z is None else f"{row.z:.1f}"
    return {
        "id": row.id,
        "label": row.label,
        "published": row.published,
        "agrees": row.agrees,
        "z": z,
        "note": row.note,
        **cells,
    }


def _joint(each: Prediction) -> dict[str, str]:
    answer, fact = each.simulated, each.fact
    return {
        "label": fact.label,
        "published": f"{each.published} ({each.status})",
        "mean": f"{answer.simulated_mean:.3g}",
        "error": f"{answer.mcse:.1g}",
        "interval": f"{answer.low_2_5:.3g} to {answer.high_97_5:.3g}",
        "percentile": "" if each.percentile is None else f"{each.percentile:.0f}",
        "verdict": each.verdict,
        "agrees": "good" if each.agrees else "bad",
        "source": f"{fact.source}; {fact.population}",
    }


def _plain(value: Any) -> str:
    return (
        ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
    )
