"""A fit and its comparison as plain values: `fit.json`, and the rows of the tables shown."""

from typing import Any

from pretese.fitting.fitted_scenario import FittedScenario
from pretese.fitting.realism import Realism
from pretese.io.output.versions import versions
from pretese.io.text.rounding_rule import rounded_document

SCHEMA = "pretese/fit/1"


def fit_document(found: FittedScenario) -> dict[str, Any]:
    """Return numbers with intervals, the comparison, and the assumptions about the table."""
    realism, fit = found.realism, found.fit
    document = {
        "schema": SCHEMA,
        "scenario": found.chosen.id,
        "extends": found.chosen.extends,
        "data": {
            "file": found.patients.name,
            "sha256": found.patients.sha256,
            "patients": found.patients.size,
            "assumptions": list(found.patients.assumptions),
        },
        "seed": found.seed,
        "resamples": fit.resamples,
        "failed_resamples": fit.failed,
        "numbers": number_rows(found),
        "realism": _comparison(realism),
        "versions": versions(),
    }
    return dict(rounded_document(document))


def _comparison(realism: Realism) -> dict[str, Any]:
    """Return how real and synthetic patients compare."""
    return {
        "synthetic_patients": realism.synthetic,
        "variables": [
            {"name": v.name, "known": v.known, "real": list(v.real),
             "synthetic": list(v.synthetic), "ks_distance": v.distance}
            for v in realism.variables
        ],
        "percentages": [
            {"name": s.name, "of": s.of, "real": s.real, "conf_low": s.conf_low,
             "conf_high": s.conf_high, "synthetic": s.synthetic}
            for s in realism.shares
        ],
        "rank_correlations": [
            {"names": list(p.names), "real": p.real, "conf_low": p.conf_low,
             "conf_high": p.conf_high, "synthetic": p.synthetic}
            for p in realism.pairs
        ],
        "classifier": {
            "auc": realism.separation.auc, "conf_low": realism.separation.conf_low,
            "conf_high": realism.separation.conf_high,
        },
        "nearest_patient": {
            "median_real": realism.nearness.median_real,
            "median_synthetic": realism.nearness.median_synthetic,
            "close_percent": realism.nearness.close_percent,
            "copies": realism.nearness.copies,
        },
    }  # fmt: skip


def number_rows(found: FittedScenario) -> list[dict[str, Any]]:
    """Return every estimated number: path, unit, value, and its 95 % interval."""
    from simulate.scenario.parameter_paths import parameters

    return [
        {"number": path, "unit": number.unit, "value": number.value,
         "conf_low": number.sweep[0], "conf_high": number.sweep[1]}
        for path, number in parameters(found.loaded.scenario).items()
        if number.status == "estimated" and number.sweep is not None
    ]  # fmt: skip
