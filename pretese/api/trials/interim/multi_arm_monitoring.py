"""Interim analyses of an ongoing trial of several arms, compared with its plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import number_in_range
from pretese.api.arguments.argument_rows import effect_shares, rows_as_csv
from pretese.api.trials.interim.monitoring import InterimReport
from protocol.errors import InputError
from protocol.shorten import shorten

if TYPE_CHECKING:  # slow to load; each is loaded where it is needed
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console

    from pretese.trial.multi_arm.design.design_file import MultiArmDesign
    from pretese.trial.multi_arm.monitoring.arm_boundaries import ArmsAsked
    from pretese.trial.multi_arm.monitoring.arm_data import ArmInterimData


@dataclass(frozen=True, slots=True, repr=False)
class MultiArmInterimReport(InterimReport):
    """Interim results of a trial of several arms: boundaries, decisions, conditional power."""

    def summary(self) -> str:
        """Return the status of the trial in one line."""
        state, rows = self._document["state"], self._document["analyses"]
        count = f"{len(rows)} {'analysis' if len(rows) == 1 else 'analyses'}"
        going = [each["comparison"] for each in state["comparisons"] if not each["ended"]]
        words = "stopped" if state["stopped"] else f"{len(going)} treatments continue"
        return f"{self._document['id'][:40]}: {count}, {words}"

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per analysis and comparison.

        Returns
        -------
        pandas.DataFrame
            ``analysis``, ``comparison``, ``control_participants``, ``treated_participants``,
            ``information_fraction``, ``boundary``, ``harm_boundary``, ``estimate``, ``std_error``,
            ``z``, simultaneous interval ``conf_low`` and ``conf_high``, adjusted ``p_value``,
            ``rejected``, ``decision`` in words. Undefined values are missing.
        """
        import pandas as pd

        kept = ("comparison", "control_participants", "treated_participants")
        numbers = ("boundary", "harm_boundary", "conf_low", "conf_high", "p_value")
        table = pd.DataFrame([
            {
                "analysis": row["analysis"],
                **{name: each[name] for name in kept},
                "information_fraction": row["fraction"],
                "boundary": each["boundary"],
                "harm_boundary": row["harm_boundary"],
                **{name: each[name] for name in ("estimate", "std_error", "z")},
                **{name: each["adjusted"][name] for name in ("conf_low", "conf_high", "p_value")},
                "rejected": each["rejected"],
                "decision": each["recommendation"],
            }
            for row in self._document["analyses"]
            for each in row["comparisons"]
        ])  # fmt: skip
        return table.astype(dict.fromkeys(numbers, float))

    def plot(self) -> "Figure":
        """Return a figure of z between the boundaries, one panel for each treatment."""
        from pretese.trial.multi_arm.monitoring.arms_figure import draw_arms_monitoring

        return draw_arms_monitoring(self.to_dict())

    def show(self, console: "Console") -> None:
        """Print what ``pretese monitor`` prints."""
        from pretese.trial.multi_arm.monitoring.arms_view import show_arms_monitoring

        show_arms_monitoring(console, self.to_dict())


def arm_data_of(analyses: Any, design: "MultiArmDesign") -> "ArmInterimData":
    """Return the data of a file, a table, or rows; the latter two are read like CSV."""
    from pretese.trial.multi_arm.monitoring.arm_data import ArmInterimData, parse_arm_data
    from pretese.trial.multi_arm.monitoring.ongoing_arms import check_monitored
    from protocol.tables import read_bytes

    check_monitored(design)
    if isinstance(analyses, ArmInterimData):
        return analyses
    if isinstance(analyses, str | Path):
        return parse_arm_data(read_bytes(Path(analyses)), str(analyses), design)
    return parse_arm_data(rows_as_csv(analyses), "analyses", design)


def arms_asked(
    *, final: bool, overrunning: bool, planned: float | None, effects: Sequence[float] | None,
    arm_risks: Mapping[str, float] | None, continued: Sequence[str] | None,
) -> "ArmsAsked":  # fmt: skip
    """Return the options of a comparison with the plan, checked."""
    from pretese.trial.multi_arm.monitoring.arm_boundaries import ArmsAsked

    if planned is not None:
        planned = number_in_range(planned, "planned", 1e-12, 1e12)
    if arm_risks is not None and not isinstance(arm_risks, Mapping):
        problem = f"{shorten(arm_risks)} is not a mapping"
        raise InputError.of("arm_risks", "", problem, "give the risk of each arm by its name")
    risks = {
        str(name): number_in_range(value, "arm_risks", 1e-9, 1 - 1e-9)
        for name, value in (arm_risks or {}).items()
    }
    names = [continued] if isinstance(continued, str) else list(continued or ())
    return ArmsAsked(
        final, overrunning, planned, risks, effect_shares(effects), tuple(map(str, names))
    )


def arms_interim_report(
    design: "MultiArmDesign", text: str, data: "ArmInterimData", asked: "ArmsAsked"
) -> MultiArmInterimReport:
    """Return the analyses of a trial compared with its design; ``text`` is that of its file."""
    from pretese.io.output.versions import versions
    from pretese.io.text.rounding_rule import rounded_document
    from pretese.trial.multi_arm.monitoring.arms_answer import arms_document
    from pretese.trial.multi_arm.monitoring.ongoing_arms import monitor_arms
    from protocol.reading.stored import content_hash

    return MultiArmInterimReport({
        **rounded_document(arms_document(monitor_arms(design, data, asked))),
        "design_sha256": content_hash(text),
        "interim_data_sha256": data.sha256,
        "data_assumptions": list(data.assumptions),
        "versions": versions(),
    })  # fmt: skip
