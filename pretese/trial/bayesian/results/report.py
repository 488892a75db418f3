"""A study of a Bayesian design as one self-contained HTML page."""

from pathlib import Path
from typing import Any

from pretese.io.text.html_page import render_page
from pretese.plots.style import svg
from pretese.trial.bayesian.results import rows
from pretese.trial.bayesian.results.figures import draw_bayesian
from protocol.errors import InputError
from protocol.reading.documents import read_text
from protocol.reading.stored import content_hash


def render_bayesian(document: dict[str, Any], text: str) -> str:
    """Return the page of a study from its document and the text of its design file."""
    found = document["sample_size_search"]
    return render_page(
        "bayesian.html",
        document=document,
        text=text,
        plan=rows.prior_words(document),
        found="" if found is None else rows.required_size_words(found),
        figures={name: svg(each) for name, each in draw_bayesian(document).items()},
        analysis_heads=_flat(rows.DECISION_HEADS),
        sizes=[
            {
                "participants": size["participants"],
                "method": size["method"],
                "rules": rows.rule_words(size),
                "effect_heads": _flat(rows.outcome_heads(size)),
                "effects": rows.outcome_rows(size),
                "analyses": rows.count_decision_rows(size),
                "averaged": rows.average_rows(size),
                "control_risk": rows.control_risk_rows(size),
                "control_risk_heads": _flat(rows.control_risk_heads(size)),
            }
            for size in document["sizes"]
        ],
    )


def render_bayesian_folder(folder: Path, document: dict[str, Any]) -> str:
    """Return the page of a folder of results; raise if its design file has changed."""
    path = folder / f"{document['id']}.yaml"
    text = read_text(path)
    if content_hash(text) != document["design_sha256"]:
        problem = "it has changed since the computation"
        raise InputError.of(str(path), "", problem, "run `pretese power` again")
    return render_bayesian(document, text)


def _flat(heads: tuple[str, ...]) -> list[str]:
    return [head.replace("-\n", "").replace("\n", " ") for head in heads]
