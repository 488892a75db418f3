"""Results of a power study as plain values, design by design."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from estimate.performance.measures import paired_difference
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.summary import assurance, expected_size, summarise_point
from pretese.trial.measures.trial_means import plain_measure, won
from pretese.trial.power.additional_measures import additional_measures
from pretese.trial.power.decision_verdict import verdict_document
from pretese.trial.power.named_prior import named_assurance
from pretese.trial.power.required_size import Solution
from pretese.trial.power.sensitivity_grid import (
    grid_document,
)
from pretese.trial.power.study import StudiedDesign
from pretese.trial.power.tornado import tornado_document as bars_document
from pretese.trial.power.trial_tables import Recorded
from pretese.trial.simulation.binomial import why_patient_level
from pretese.trial.simulation.trial_results import Point
from simulate.scenario.load import load
from simulate.scenario.parameter_paths import mechanism_hash


def power_document(answer: StudiedDesign) -> dict[str, Any]:
    """Return the results of one design as plain values."""
    design, results = answer.design, answer.results
    plan = design.monitoring.plan()
    sizes = sorted({participants for participants, _ in results})
    level = _simulation_level(answer)
    document: dict[str, Any] = {
        "id": design.id,
        "title": design.title,
        "question": " ".join(design.question.split()),
        "design_sha256": answer.planned.sha256,
        "estimand": str(design.estimand),
        "analysis": design.analysis.method,
        "hypothesis": {
            "kind": design.analysis.kind_of_hypothesis,
            "margin_percent": design.analysis.margin_percent,
            "words": design.analysis.hypothesis_words,
        },
        "regimens": answer.planned.regimens,
        "simulation": level,
        "transported": _transported(answer),
        "favours_control": _favours_control(design, results),
        "boundaries": {
            "name": plan.name,
            "alpha": plan.alpha,
            "sides": plan.sides,
            "information_rates": list(plan.information_rates),
            "upper": list(plan.upper),
            "lower": _finite(plan.lower) if plan.sides == 1 else [],
            "ignores_futility": plan.has_futility and not plan.binding,
        },
        "points": [
            _point(design, point, results, patient_level=level["level"] == "patient-level")
            for point in sorted(results)
        ],
        "interpolation": answer.curve and answer.curve.document(),
        "prior": design.named_prior,
        "assurance": _assurance(answer, sizes),
        "sample_size_search": answer.solution and _search_document(answer.solution),
        "sensitivity": None if answer.grid is None else grid_document(answer.grid),
        "tornado": None if answer.tornado is None else bars_document(answer.tornado),
    }
    return {**document, "decision": verdict_document(design.decision, document)}


def _transported(answer: StudiedDesign) -> dict[str, Any] | None:
    """Return the numbers published for other patients or doses; None without a scenario."""
    scenario, name = answer.planned.scenario, answer.design.scenario
    if scenario is None or name is None:
        return None
    return replace(load(name), scenario=scenario).transported.model_dump(mode="json")


def _finite(boundaries: Sequence[float]) -> list[float]:
    """Return the futility boundaries before the final analysis."""
    return [float(z) for z in boundaries[:-1] if np.isfinite(z)]


def _favours_control(design: DesignFile, results: Recorded) -> bool:
    """Whether the planned effect favours control; power does not count such rejections."""
    found = results[max(size for size, _ in results), 1.0]
    gap = float(found.risk_treated.mean() - found.risk_control.mean())
    return gap < min(design.analysis.nulls[0], 0.0)


def _simulation_level(answer: StudiedDesign) -> dict[str, str | None]:
    """Return whether patients or counts were simulated, and the reason for patients."""
    why = why_patient_level(answer.design, list(answer.results))
    if why is None and answer.patient_level:
        why = "requested, or needed to compare designs on the same participants"
    return {"level": "binomial" if why is None else "patient-level", "reason": why}


def _point(
    design: DesignFile, point: Point, results: Recorded, *, patient_level: bool
) -> dict[str, Any]:
    found = results[point]
    point_document = summarise_point(design, *point, found)
    more = additional_measures(design, found, patient_level=patient_level)
    return {
        **point_document,
        **more,
        "measures": {**point_document["measures"], **more["measures"]},
    }


def _assurance(answer: StudiedDesign, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Return the probability of success over the prior of the design; empty without a prior."""
    design = answer.design
    if design.named_prior is not None:
        return named_assurance(design, design.named_prior, answer.planned.scenario, sizes)
    return [_assured(design, answer.results, n) for n in sizes if design.beliefs]


def _assured(design: DesignFile, results: Recorded, participants: int) -> dict[str, Any]:
    effects = {each.effect_percent / 100 for each in design.beliefs}
    here = {(participants, effect): results[participants, effect] for effect in effects}
    return {
        "participants": participants,
        **plain_measure(assurance(design, here, participants)),
        "expected_participants": plain_measure(expected_size(design, here, participants)),
    }


def _search_document(solution: Solution) -> dict[str, Any]:
    return {
        "participants": solution.participants,
        "exact": solution.stays_from is not None,
        "stays_from": solution.stays_from,
        "low": solution.low,
        "high": solution.high,
        "sizes": list(solution.sizes),
        "power": solution.power.tolist(),
        "mcse": solution.mcse.tolist(),
    }


def compare_designs(answers: list[StudiedDesign]) -> list[dict[str, Any]]:
    """Return paired differences in power from the first design at shared points."""
    rows = []
    first = answers[0]
    for other in answers[1:]:
        for participants, effect in sorted(set(first.results) & set(other.results)):
            difference = paired_difference(
                won(other.results[participants, effect]), won(first.results[participants, effect])
            )
            rows.append(
                {
                    "design": other.design.id,
                    "against": first.design.id,
                    "participants": participants,
                    "effect_percent": 100 * effect,
                    "power_difference": plain_measure(difference),
                }
            )
    return rows


def mechanisms(answers: list[StudiedDesign]) -> Mapping[str, str]:
    """Return the hash of each scenario's data-generating mechanism."""
    return {
        answer.design.id: mechanism_hash(answer.planned.scenario)
        for answer in answers
        if answer.planned.scenario is not None
    }
