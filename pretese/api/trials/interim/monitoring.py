"""Interim analyses of an ongoing trial, compared with its plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown

if TYPE_CHECKING:  # slow to load and not always needed
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console

    from pretese.trial.design.design_file import DesignFile
    from pretese.trial.monitoring.interim_data import InterimData


@dataclass(frozen=True, slots=True, repr=False)
class InterimReport(Shown):
    """Interim results of an ongoing trial: boundaries, effects, conditional power, inference."""

    _document: Mapping[str, Any] = field(hash=False)

    def summary(self) -> str:
        """Return the status of the trial in one line."""
        state, rows = self._document["state"], self._document["analyses"]
        count = f"{len(rows)} {'analysis' if len(rows) == 1 else 'analyses'}"
        words = f"stopped, {state['reason']}" if state["stopped"] else "continue"
        return f"{self._document['id'][:40]}: {count}, {words}"

    def to_dict(self) -> dict[str, Any]:
        """Return the analyses as plain values, as ``pretese monitor --json`` prints them."""
        return dict(self._document)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Assumptions made in reading the data, in words."""
        return tuple(self._document["data_assumptions"])

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per analysis.

        Returns
        -------
        pandas.DataFrame
            ``analysis``, ``participants`` (both arms), ``information_fraction``, boundaries of z
            ``upper`` and ``lower``, ``alpha_spent``, ``estimate`` and ``std_error`` on the scale
            of the analysis, ``z``, repeated interval ``conf_low`` and ``conf_high``, repeated
            ``p_value``, ``decision`` in words. Undefined values are missing.
        """
        import pandas as pd

        numbers = ("upper", "lower", "conf_low", "conf_high", "p_value")
        table = pd.DataFrame([
            {
                "analysis": row["analysis"],
                "participants": row["participants"],
                "information_fraction": row["fraction"],
                "upper": row["boundaries"]["upper"],
                "lower": row["boundaries"]["lower"],
                "alpha_spent": row["alpha_spent"],
                "estimate": row["estimate"],
                "std_error": row["std_error"],
                "z": row["z"],
                **row["repeated"],
                "decision": row["recommendation"],
            }
            for row in self._document["analyses"]
        ])  # fmt: skip
        return table.astype({"participants": "Int64", **dict.fromkeys(numbers, float)})

    def plot(self) -> "Figure":
        """Return a figure of z between the boundaries, planned and as observed."""
        from pretese.trial.monitoring.monitoring_figure import draw_monitoring

        return draw_monitoring(self.to_dict())

    def __str__(self) -> str:
        """Return what ``pretese monitor`` prints, 80 columns wide."""
        from pretese.screen.console import console_text

        return console_text(self.show)

    def show(self, console: "Console") -> None:
        """Print what ``pretese monitor`` prints."""
        from pretese.trial.monitoring.monitoring_view import show_monitoring

        show_monitoring(console, self.to_dict())


def interim_report(
    design: "DesignFile", text: str, data: "InterimData", *, final: bool, overrunning: bool,
    planned: float | None, risks: tuple[float, float] | None, effects: tuple[float, ...],
) -> InterimReport:  # fmt: skip
    """Return the analyses of a trial compared with its design; ``text`` is that of its file."""
    from pretese.io.output.versions import versions
    from pretese.io.text.rounding_rule import rounded_document
    from pretese.trial.monitoring.monitoring_answer import monitoring_document
    from pretese.trial.monitoring.ongoing_trial import Asked, monitor
    from protocol.reading.stored import content_hash

    found = monitor(design, data, Asked(final, overrunning, planned, risks, effects))
    return InterimReport({
        **rounded_document(monitoring_document(found)),
        "design_sha256": content_hash(text),
        "interim_data_sha256": data.sha256,
        "data_assumptions": list(data.assumptions),
        "versions": versions(),
    })  # fmt: skip
