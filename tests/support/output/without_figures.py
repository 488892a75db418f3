"""Skip the slowest parts of a run, which have their own tests: figures, pages, a sweep."""

import pytest


def skip_figures(patched: pytest.MonkeyPatch) -> None:
    """Let studies, reproductions and reports be computed and written without drawing anything."""
    patched.setattr(
        "pretese.trial.report.figures.power_figures.draw_all", lambda designs, folder: {}
    )
    patched.setattr("pretese.article.run.reproduction_run.draw_reproduction", lambda *_, **__: {})
    patched.setattr("pretese.article.run.reproduction_run.render_reproduction", lambda *_, **__: "")
    patched.setattr("pretese.article.simulated.fsh_influence.PATIENTS", 500)
    patched.setattr("pretese.trial.report.power_report.render_report", lambda *_, **__: "page")
