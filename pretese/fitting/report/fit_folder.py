"""A fitted scenario as a folder: the scenario file, the comparison as a page, and all numbers."""

from pathlib import Path

from pretese.fitting.fitted_scenario import FittedScenario, simulated_patients
from pretese.fitting.report.fit_document import fit_document, number_rows
from pretese.fitting.report.fit_view import quartiles_text


def write_fit(found: FittedScenario, folder: Path) -> None:
    """Write ``scenario.yaml``, ``realism.html``, ``fit.json`` and the manifest into a folder."""
    from pretese.io.output.manifest import write_manifest
    from pretese.io.output.versions import versions
    from pretese.io.text.json_text import to_json

    (folder / f"{found.chosen.id}.yaml").write_text(found.text, encoding="utf-8")
    (folder / "realism.html").write_text(realism_page(found), encoding="utf-8")
    (folder / "fit.json").write_text(to_json(fit_document(found)) + "\n", encoding="utf-8")
    facts = {
        "data_sha256": found.patients.sha256,
        "extends": found.chosen.extends,
        "resamples": found.fit.resamples,
        "seed": found.seed,
        "versions": versions(),
    }
    write_manifest(folder, facts)


def realism_page(found: FittedScenario) -> str:
    """Return the comparison as one HTML page."""
    from markupsafe import Markup

    from pretese.fitting.report.realism_figure import draw_realism
    from pretese.io.text.html_page import render_page
    from pretese.plots.style import svg

    realism = found.realism
    return render_page(
        "realism.html",
        id=found.chosen.id, size=found.patients.size, file=found.patients.name,
        sha256=found.patients.sha256, synthetic=f"{realism.synthetic:,}", seed=found.seed,
        apart=realism.separation, near=realism.nearness,
        variables=realism.variables, shares=realism.shares, pairs=realism.pairs,
        outside=sum(not each.within for each in realism.shares),
        pairs_outside=sum(not each.within for each in realism.pairs),
        figure=Markup(svg(draw_realism(found, simulated_patients(found.loaded, found.seed)))),
        numbers=number_rows(found), text=quartiles_text,
        resamples=found.fit.resamples - found.fit.failed, failed=found.fit.failed,
        assumptions=found.patients.assumptions,
    )  # fmt: skip
