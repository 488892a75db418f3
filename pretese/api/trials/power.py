"""Power of planned trials: a study as table, page and figures."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load and not always needed
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console

    from estimate.core.arrays import Floats
    from pretese.trial.finished_study import PowerRun


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

    def rows(self) -> list[dict[str, Any]]:
        """Return the row of each size of one design, for a comparison with several arms."""
        from pretese.trial.multi_arm.results.design_rows import rows_of_two_arms

        return rows_of_two_arms(self._run.document)

    def wins(self) -> "dict[int, Floats]":
        """Return each size with the replicates of the first design that rejected (1) or not."""
        from pretese.trial.measures.trial_means import won

        results = self._run.designs[0].results
        sizes = sorted({size for size, _ in results})
        return {size: won(results[size, 1.0]).astype(float) for size in sizes}

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
