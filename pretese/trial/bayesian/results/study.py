"""Run a study of a Bayesian design, and write it to a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import result_folder
from pretese.io.output.versions import versions
from pretese.io.text.json_text import to_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.jobs.storage.code_hash import code_version
from pretese.jobs.storage.study_folder import study_folder
from pretese.screen.extras import need_extra
from pretese.screen.progress import optional_progress
from pretese.trial.bayesian.design.design_file import BayesianDesign
from pretese.trial.bayesian.design.trial_parts import bayesian_parts
from pretese.trial.bayesian.results.document import (
    BayesianRequest,
    describe_bayesian,
    find_bayesian_size,
    size_document,
)
from pretese.trial.power.study import BAYESIAN_SCHEMA
from protocol.reading.stored import content_hash


@dataclass(frozen=True, slots=True)
class BayesianRun:
    """A finished study: its document, the text of the design, and where it was written."""

    document: dict[str, Any]
    text: str
    results: Path | None


def run_bayesian(
    design: BayesianDesign, text: str, request: BayesianRequest, *, out: Path | None = None,
    resume: bool = False, show_progress: bool = True,
) -> BayesianRun:  # fmt: skip
    """Compute a design at every size; what is too large to be tabulated is simulated."""
    if out is None:
        return BayesianRun(_document(design, text, request, show_progress), text, None)
    need_extra("plots", "out", otherwise="print the result without a folder")
    record = {
        "study": "power, Bayesian", "code": code_version("trials"), "asked": request.record(),
        "design": {"id": design.id, "sha256": content_hash(text)},
    }  # fmt: skip
    with study_folder(record, out, resume):
        document = _document(design, text, request, show_progress)
        with result_folder(out / "results") as folder:
            _write(folder, design.id, text, document)
    return BayesianRun(document, text, out / "results")


def _document(
    design: BayesianDesign, text: str, request: BayesianRequest, show_progress: bool
) -> dict[str, Any]:
    parts = bayesian_parts(design)
    found = None
    if request.target_power is not None:
        found = find_bayesian_size(design, parts, request)
    wanted = {*request.participants, *([found["participants"]] if found else [])} - {None}
    sizes = sorted(wanted) or [design.participants]
    results = []
    with optional_progress("sample sizes", show_progress) as tell:
        for k, size in enumerate(sizes):
            tell(k, len(sizes), f"{size} participants")
            results.append(size_document(design, parts, request, size))
        tell(len(sizes), len(sizes), "done")
    document = {
        "schema": BAYESIAN_SCHEMA,
        "seed": request.seed,
        "replicates": request.replicates,
        "asked": request.record(),
        "code_sha256": code_version("trials"),
        "design_sha256": content_hash(text),
        **describe_bayesian(design, parts),
        "sample_size_search": found,
        "sizes": results,
        "versions": versions(),
    }
    return dict(rounded_document(document))


def _write(folder: Path, name: str, text: str, document: dict[str, Any]) -> None:
    """Write the design file, the document, the figures and the manifest."""
    from pretese.plots.style import save  # matplotlib takes a while to load
    from pretese.trial.bayesian.results.figures import draw_bayesian

    (folder / f"{name}.yaml").write_bytes(text.encode())
    (folder / "power.json").write_text(to_json(document) + "\n", encoding="utf-8")
    for key, figure in draw_bayesian(document).items():
        save(figure, folder / f"{key}.svg")
        save(figure, folder / f"{key}.png")
    write_manifest(folder, {"command": "pretese power", "seed": document["seed"]})
