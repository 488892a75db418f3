"""Power of planned trials: a study as table, page and figures; `pretese.report` writes the page."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load and not always needed
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console

    from pretese.trial.finished_study import PowerRun
    from pretese.trial.report.beliefs import Beliefs


@dataclass(frozen=True, slots=True, repr=False)
class Power(Shown):
    """Performance of one or several trial designs over sizes and effects.

    Every number has its Monte Carlo standard error (MCSE). Simulated trials are kept on disk during
    the lifetime of the object, for `plot` and `report`; with ``out`` permanently.
    """

    _run: "PowerRun" = field(hash=False)

    def summary(self) -> str:
        """Return power at the largest size and the whole effect in one line."""
        document = self._run.document
        point = document["designs"][0]["points"][-1]
        measure = point["measures"]["rejection"]
        words = "" if measure["value"] is None else f", power {100 * measure['value']:.1f} %"
        words = f"{point['participants']} participants{words}, {document['replicates']} replicates"
        names = [design["id"] for design in document["designs"]]
        name = names[0] if len(names) == 1 else f"{len(names)} designs"
        return f"{name[: 79 - len(words)]} {words}" if words else name

    def to_dict(self) -> dict[str, Any]:
        """Return the study as plain values, as ``pretese power --json`` prints it."""
        return dict(self._run.document)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per design, size and effect.

        Returns
        -------
        pandas.DataFrame
            ``design``, ``participants`` (both arms), ``effect_percent`` of the planned effect,
            ``replicates``, true ``risk_control`` and ``risk_treated``, ``exact_power`` (NaN if not
            available); then every measure, and under its name with ``_mcse`` its Monte Carlo
            standard error. ``rejection`` is power, without effect type I error.
        """
        import pandas as pd

        rows = [
            {"design": design["id"], **_row(point)}
            for design in self._run.document["designs"]
            for point in design["points"]
        ]
        return pd.DataFrame(rows).astype({"exact_power": float})

    @property
    def required_participants(self) -> int | None:
        """Participants in all arms that the first design needs for ``target_power``, if asked."""
        solved = self._run.document["designs"][0]["sample_size_search"]
        return None if solved is None else int(solved["participants"])

    def plot(self, name: str = "power", design: str | None = None) -> "Figure":
        """Return a figure.

        Parameters
        ----------
        name
            ``"power"``: power over size and effect, all designs; of one design ``"distribution"``
            and ``"zip"`` (estimates and intervals), ``"sensitivity"``, ``"nested"`` (the
            sensitivity grid) or ``"tornado"``, if available.
        design
            Its id; the first design by default.

        Raises
        ------
        InputError
            There is no such design or figure.
        """
        from pretese.trial.report.figures.power_figures import draw_design, draw_power
        from protocol.errors import InputError

        documents = {each["id"]: each for each in self._run.document["designs"]}
        if name == "power":
            return draw_power(list(documents.values()))
        chosen = next(iter(documents)) if design is None else design
        if chosen not in documents:
            cure = f"choose one of {', '.join(documents)}"
            raise InputError.of("plot", "design", f"{design!r} is not in the study", cure)
        figures = draw_design(documents[chosen], self._run.archive())
        if name not in figures:
            cure = f"choose one of {', '.join(('power', *figures))}"
            raise InputError.of("plot", "name", f"{name!r} is not a figure of the study", cure)
        return figures[name]

    def report(self) -> str:
        """Return the study as one self-contained HTML page, as ``pretese report`` writes it."""
        from pretese.trial.report.power_report import render_report

        return render_report(self._run.archive())

    def __str__(self) -> str:
        """Return what ``pretese power`` prints, 80 columns wide."""
        from pretese.screen.console import console_text

        return console_text(self.show)

    def show(self, console: "Console") -> None:
        """Print what ``pretese power`` prints."""
        from pretese.trial.views.power_view import show_power

        show_power(console, self.to_dict())


def _row(point: dict[str, Any]) -> dict[str, Any]:
    row = {
        "participants": point["participants"],
        "effect_percent": point["effect_percent"],
        "replicates": point["replicates"],
        "risk_control": point["truth"]["risk_control"],
        "risk_treated": point["truth"]["risk_treated"],
        "exact_power": (point["exact"] or {}).get("power"),
    }
    for name, measure in point["measures"].items():
        row |= {name: measure["value"], f"{name}_mcse": measure["mcse"]}
    return row


def report(
    folder: str | Path,
    out: str | Path | None = None,
    *,
    prior: str | Path | None = None,
    worlds: int | None = None,
    workers: int = 1,
) -> str:
    """Write the report of a power study that was kept in a folder.

    Parameters
    ----------
    folder
        The folder given to `Design.power` or ``pretese power`` as ``out``.
    out
        File to write; ``report.html`` in the folder by default.
    prior
        Adds the chapter "Evidence and beliefs" under this prior, as `Design.forecast` takes it.
    worlds, workers
        With ``prior``: parameter sets over which that chapter gives bands, and processes.

    Returns
    -------
    str
        The page, self-contained HTML.

    Raises
    ------
    InputError
        There is no power study in the folder, or the file cannot be written.
    """
    from pretese.io.output.atomic_file import check_file, write_file
    from pretese.io.output.manifest import add_to_manifest
    from pretese.trial.power.study import BAYESIAN_SCHEMA, MULTI_ARM_SCHEMA
    from pretese.trial.report.power_report import read_study, render_report

    folder = Path(folder)
    target = folder / "report.html" if out is None else Path(out)
    if worlds is not None and prior is None:
        problem = "parameter sets are shown in the chapter on evidence and beliefs"
        raise InputError.of("worlds", "", problem, "give a prior too")
    if folder.is_dir():  # otherwise the message of the reader is more informative
        check_file(target, "out")
    results = folder / "results" if (folder / "results").is_dir() else folder
    document = read_study(results)
    if document["schema"] == MULTI_ARM_SCHEMA:
        from pretese.trial.multi_arm.results.report import render_arms_folder

        if prior is not None:
            problem = "a design of several arms has no forecast"
            raise InputError.of("prior", "", problem, "give a prior for a design of two arms")
        page = render_arms_folder(results, document)
    elif document["schema"] == BAYESIAN_SCHEMA:
        from pretese.trial.bayesian.results.report import render_bayesian_folder

        page = render_bayesian_folder(results, document)
    else:
        beliefs = None if prior is None else _beliefs(results, document, prior, worlds, workers)
        page = render_report(folder, beliefs)
    write_file(target, page, "out")
    if out is None:  # part of the result, so that the study can be extended later
        add_to_manifest(folder, target.name)
    return page


def _beliefs(
    results: Path, document: dict[str, Any], prior: str | Path, worlds: int | None, workers: int
) -> "dict[str, Beliefs]":
    """Return what is believed of the effect of each design of a study."""
    from pretese.api.trials.forecasts import PILOT, forecast_of
    from pretese.literature.prior_source import prior_source
    from pretese.trial.design.design_reader import read_design
    from pretese.trial.report.beliefs import Beliefs
    from protocol.reading.documents import read_text

    pooled, found = prior_source(prior).pooled, {}
    for each in document["designs"]:
        path = results / f"{each['id']}.yaml"
        design, text = read_design(path)[0], read_text(path)
        size = design.participants  # the first is looked into
        sizes = (size, size // 2, 2 * size)
        made = forecast_of(design, text, prior, sizes, PILOT, worlds, workers)
        sets = None if made.article is None else made.article.result
        found[design.id] = Beliefs(made.prior, made.plan, made.result, made.endpoint, pooled, sets)
    return found
