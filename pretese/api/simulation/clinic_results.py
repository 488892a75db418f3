"""Results of simulated clinics: a run with its tables, event log and measures; capacities."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_values import choice_of
from pretese.api.display import Shown
from pretese.clinic.clinic_options import FIGURES
from pretese.io.export.formats import FORMATS
from protocol.shorten import shorten_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from pretese.clinic.capacity_search import CapacityStudy
    from pretese.clinic.clinic_study import ClinicStudy


@dataclass(frozen=True, slots=True, repr=False)
class ClinicRun(Shown):
    """The first run of a clinic, and the measures of all replicates; by `Scenario.clinic`.

    Attributes
    ----------
    study
        The run.
    assumptions
        The assumptions about the clinic's waiting list.
    facts
        Provenance, extent and precision of the run.
    """

    study: "ClinicStudy"
    assumptions: tuple[str, ...]
    facts: dict[str, Any]
    _built: dict[str, "pd.DataFrame"] = field(default_factory=dict, compare=False)

    @property
    def tables(self) -> dict[str, "pd.DataFrame"]:
        """Every table by name as known on the requested day, with ``milestones`` and ``log``."""
        if not self._built:
            self._built.update(self.study.tables())
        return dict(self._built)

    @property
    def log(self) -> "pd.DataFrame":
        """The event log: one row per activity, with its scheduled, start and completion times."""
        return self.tables["log"]

    @property
    def truth(self) -> "pd.DataFrame":
        """Both potential outcomes and exact values of the patients, if they waited for nothing.

        An outcome that a patient of the run reached is the one of the arm here, unless the partner
        has become so much older by waiting that a pregnancy depends on it.
        """
        return self.study.truth()

    @property
    def measures(self) -> "pd.DataFrame":
        """One row per measure: mean, 95 % interval, standard deviation, replicates."""
        return self.study.summary()

    def plot(self, name: str = "queues") -> "Figure":
        """Return a figure of the run.

        Parameters
        ----------
        name
            ``queues``, ``flow``, or the ``timeline`` of one patient.
        """
        return self.study.figure(choice_of(name, "name", FIGURES))

    def write(
        self,
        folder: str | Path,
        format: str = "csv",  # noqa: A002  as the option is called
        *,
        xes: bool = False,
        figures: bool = True,
    ) -> None:
        """Write what ``pretese clinic`` writes: tables, log, measures, figures, manifest.

        Parameters
        ----------
        folder
            New, or an unchanged earlier result, which is replaced.
        format
            ``csv`` or ``parquet``.
        xes
            Whether the log is written as XES too, for process mining.
        figures
            Whether queues, flow and the timeline of one patient are drawn.
        """
        from pretese.clinic.clinic_study import room_for, write_clinic
        from pretese.io.output.result_folder import result_folder

        kind = choice_of(format, "format", FORMATS)
        with room_for(Path(folder), "folder"), result_folder(Path(folder), "folder") as place:
            write_clinic(self.study, place, kind, xes, figures)

    def summary(self) -> str:
        """Return scenario, clinic, replicates and seed."""
        task = self.study.task
        names = f"{shorten_text(task.scenario.id, 20)} in {shorten_text(task.clinic.id, 20)}"
        day = self.facts["interrupted_on_day"]
        stopped = "" if day is None else f", interrupted on day {day:.0f}"
        return f"{names}, {len(self.study.done)} replicates, seed {task.seed}{stopped}"

    def to_dict(self) -> dict[str, Any]:
        """Return the facts with every measure, as ``--json`` prints them."""
        return _rounded({**self.facts, "measures": self.measures})

    def to_frame(self) -> "pd.DataFrame":
        """Return `measures`."""
        return self.measures


@dataclass(frozen=True, slots=True, repr=False)
class CapacityAnswer(Shown):
    """The smallest capacity that meets a goal; by `Scenario.capacity`.

    ``study`` holds all capacities tried; ``assumptions`` those about the waiting list.
    """

    study: "CapacityStudy"
    assumptions: tuple[str, ...]

    @property
    def capacity(self) -> int | None:
        """The answer; None if no capacity tried meets the goal."""
        return self.study.solution.capacity

    @property
    def tried(self) -> "pd.DataFrame":
        """One row per capacity: mean with 95 % interval, replicates, goal met."""
        return self.study.tried()

    def summary(self) -> str:
        """Return question and answer."""
        found = "none of those tried" if self.capacity is None else self.capacity
        return f"{shorten_text(self.study.question, 60)}: {found}"

    def to_dict(self) -> dict[str, Any]:
        """Return question, answer and all capacities tried, as ``--json`` prints them."""
        return _rounded({**self.study.facts, "tried": self.tried})

    def to_frame(self) -> "pd.DataFrame":
        """Return `tried`."""
        return self.tried


def _rounded(document: dict[str, Any]) -> dict[str, Any]:
    from pretese.io.text.json_text import plain
    from pretese.io.text.rounding_rule import rounded_document

    found: dict[str, Any] = rounded_document(plain(document))
    return found
