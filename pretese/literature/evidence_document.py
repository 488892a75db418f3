"""Studies and pooled evidence as plain values, for JSON and tables."""

from dataclasses import asdict
from typing import Any

from pretese.io.text.json_text import plain
from pretese.io.text.rounding_rule import rounded_document
from pretese.literature.library import Published
from pretese.literature.pooled_evidence import PooledEvidence


def study_row(each: Published) -> dict[str, Any]:
    """Return a study as one row of a table."""
    study = each.study
    drugs = study.therapy.drugs if study.therapy else ()
    return {
        "topic": each.topic,
        "name": study.name,
        "citation": study.citation,
        "year": study.year,
        "locator": study.locator,
        "read": study.read,
        "design": study.design,
        "diagnosis": study.population.diagnosis,
        "fsh_class": study.population.fsh_class,
        "surgery": study.population.surgery,
        "patients": study.population.patients,
        "therapy": ", ".join(drug.drug for drug in drugs),
        "comparisons": len(study.comparisons),
        "results": len(study.results),
    }


def pooled_document(found: PooledEvidence) -> dict[str, Any]:
    """Return a meta-analysis as plain values; effects are on the scale that is printed."""
    fit = found.fit
    low, high = fit.prediction()[1:]
    document = {
        "endpoint": found.endpoint,
        "scale": found.scale,
        "prefer": found.preference,
        "method": fit.method,
        "test": fit.test,
        "estimate": found.shown(fit.coefficient[0]),
        "conf_low": found.shown(fit.conf_low[0]),
        "conf_high": found.shown(fit.conf_high[0]),
        "std_error": fit.std_error[0],
        "p_value": fit.p_value[0],
        "prediction_low": found.shown(low) if fit.studies > 1 else None,
        "prediction_high": found.shown(high) if fit.studies > 1 else None,
        "tau2": fit.tau2,
        "tau2_low": fit.tau2_low,
        "tau2_high": fit.tau2_high,
        "i2_percent": fit.i2_percent,
        "q": fit.q,
        "q_df": fit.q_df,
        "q_p_value": fit.q_p_value,
        "egger_p_value": found.asymmetry.p_value if found.asymmetry else None,
        "studies": [asdict(row) for row in found.rows],
        "excluded": [{"name": name, "reason": reason} for name, reason in found.excluded],
    }
    return dict(rounded_document(plain(document)))
