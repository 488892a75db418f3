"""The power of a trial with several arms as one self-contained HTML page."""

from pathlib import Path
from typing import Any

from pretese.io.text.html_page import render_page
from pretese.plots.style import svg
from pretese.trial.multi_arm.design.design_file import parse_multi_arm
from pretese.trial.multi_arm.results import chapters, rows
from pretese.trial.multi_arm.results.figures import arm_figures
from pretese.trial.multi_arm.results.view import plan_words
from pretese.trial.views.sensitivity_tables import worst_case
from protocol.errors import InputError
from protocol.reading.documents import read_text
from protocol.reading.stored import content_hash
from simulate.labels import label_of
from simulate.scenario.transported import Transported


def render_arms(document: dict[str, Any], text: str) -> str:
    """Return the page of a study from its document and the text of its design file."""
    found = document["transported"]
    design = parse_multi_arm(text, document["id"])
    return render_page(
        "multi-arm.html",
        document=document,
        text=text,
        plan=plan_words(document),
        hypotheses=[label_of(each) for each in document["hypotheses"]],
        transported=found and Transported.model_validate(found),
        estimands=chapters.estimand_pairs(design),
        methods=chapters.method_pairs(design, document),
        checks=chapters.verification_rows(document),
        examples=chapters.example_rows(document),
        conclusion=chapters.conclusion(document),
        found=_search(document),
        figures={name: svg(each) for name, each in arm_figures(document).items()},
        grid_heads=[*(document["sensitivity"] or {"axes": ()})["axes"], *_flat(rows.GRID_HEADS)],
        cells=rows.arm_grid_rows(document["sensitivity"]) if document["sensitivity"] else [],
        worst=worst_case(document["sensitivity"]) if document["sensitivity"] else "",
        assurance=rows.assurance_rows(document),
        assurance_title=rows.assurance_title(document),
        assurance_heads=_flat(rows.ASSURANCE_HEADS),
        heads=_flat(rows.CONFIGURATION_HEADS),
        sizes=[
            {
                "participants": size["participants"],
                "analyses_at": ", ".join(map(str, size["analyses_at"])),
                "configurations": rows.configuration_rows(size),
                "comparisons": rows.comparison_rows(size),
                "stops": rows.stop_rows(size) if len(size["analyses_at"]) > 1 else [],
                "exact": rows.exact_rows(size),
                "no_exact": size["exact_unavailable"],
                "effects": rows.effect_rows(size),
                "allocation": rows.allocation_rows(size),
                "arms": rows.arm_rows(size),
                "arm_heads": ["arm", *(r["configuration"] for r in size["configurations"])],
                "interaction": [
                    [r["configuration"], rows.percent_cell(r["interaction"])]
                    for r in size["configurations"] if r["interaction"]
                ],
            }
            for size in document["sizes"]
        ],
    )  # fmt: skip


def render_arms_folder(folder: Path, document: dict[str, Any]) -> str:
    """Return the page of a folder of results; raise if its design file has changed."""
    path = folder / f"{document['id']}.yaml"
    text = read_text(path)
    if content_hash(text) != document["design_sha256"]:
        problem = "it has changed since the simulation"
        raise InputError.of(str(path), "", problem, "run `pretese power` again")
    return render_arms(document, text)


def _search(document: dict[str, Any]) -> str:
    found = document["sample_size_search"]
    return "" if found is None else rows.search_words(found, document["power_of"])


def _flat(heads: tuple[str, ...]) -> list[str]:
    return [head.replace("-\n", "").replace("\n", " ") for head in heads]
