"""Results for one patient: a recommendation on a date, and a dated schedule."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_values import day_of, path_of, text_of, time_of
from pretese.api.display import Shown
from pretese.bedside.recommendation_view import recommendation_lines
from protocol.bedside.patient import PatientRecord
from protocol.bedside.recommend import Recommendation
from protocol.regimen import rules
from protocol.shorten import shorten_text

if TYPE_CHECKING:
    import pandas as pd

    from protocol.bedside.schedule import Item, Plan


@dataclass(frozen=True, slots=True, repr=False)
class Decision(Shown):
    """The recommendation for one patient on a given date; ``str`` gives it with its rationale.

    ``details`` holds the chain of decisions, of which the last applies; ``record`` the facts given
    about the patient.
    """

    details: Recommendation
    regimen: rules.Regimen
    record: PatientRecord = field(compare=False)

    @property
    def outcome(self) -> str:
        """One of: recommendation, no action required, insufficient data, out of scope, hold."""
        return self.details.outcome

    @property
    def recommendation(self) -> str:
        """The recommendation in words."""
        return self.details.recommendation

    @property
    def action(self) -> str | None:
        """The name of the recommended phase or procedure; None without a recommendation.

        With a hold, `details` has the recommendation that it replaces.
        """
        return None if self.details.held else self.details.decisions[-1].action

    @property
    def rationale(self) -> str:
        """The rationale of the deciding rule, or the flags that cause a hold."""
        holds = " ".join(flag.rationale for flag in self.details.flags.blocking)
        return holds or self.details.decisions[-1].rationale

    @property
    def rule(self) -> str:
        """The name of the deciding rule; with a hold, that of the first blocking flag."""
        holds = [flag.rule_id for flag in self.details.flags.blocking]
        return holds[0] if holds else self.details.decisions[-1].rule_id

    @property
    def missing_inputs(self) -> tuple[str, ...]:
        """With insufficient data: the inputs that are needed for a decision."""
        return self.details.decisions[-1].missing_inputs

    @property
    def as_of(self) -> dt.date:
        """The date of the recommendation."""
        return self.details.as_of

    @property
    def month(self) -> int:
        """The month of therapy, from 1."""
        return self.details.month

    @property
    def flags(self) -> tuple[str, ...]:
        """Warnings that accompany the recommendation, such as high testosterone."""
        return tuple(flag.text for flag in self.details.flags.raised)

    @staticmethod
    def schema() -> dict[str, Any]:
        """Return the JSON Schema of `to_dict`: ``pretese decide --schema``."""
        from pretese.bedside.json_answers import decision_schema  # loads pydantic

        return decision_schema()

    def summary(self) -> str:
        """Return outcome and recommendation, month and date."""
        when = f" (month {self.month}, {self.as_of})"
        wording = shorten_text(f"{self.outcome}: {self.recommendation}", 68 - len(when))
        return f"{wording}{when}"

    def to_dict(self) -> dict[str, Any]:
        """Return the document of ``pretese decide --json``."""
        from pretese.bedside.json_answers import decision_document  # loads pydantic

        return decision_document(self.details, self.regimen)

    def to_frame(self) -> "pd.DataFrame":
        """Return the inputs of every decision, one row each, in UCUM units.

        Columns: table, input, label, value, unit, date, source, note. A missing value is None.
        """
        import pandas as pd

        columns = ["table", "input", "label", "value", "unit", "date", "source", "note"]
        rows = [
            (made.table, i.name, i.label, i.value, i.unit, i.date, i.source, i.note)
            for made in self.details.decisions
            for i in made.inputs
        ]
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def to_svg(self) -> str:
        """Return a figure of the patient's course: phases, doses, hormones and their limits.

        Results not known on the date of the decision are not shown.
        """
        from pretese.bedside.therapy_figure import therapy_svg

        return therapy_svg(self.record, self.details, self.regimen)

    def write_svg(self, path: str | Path) -> None:
        """Write the figure of `to_svg` to a file, completely or not at all."""
        from pretese.io.output.atomic_file import write_file

        write_file(path_of(path, "path"), self.to_svg(), "path")

    def text(self, *, why: bool = False) -> str:
        """Return what ``pretese decide`` prints.

        Parameters
        ----------
        why
            Whether the rules that are not met and all criteria are included.
        """
        return "\n".join(recommendation_lines(self.details, self.regimen, why=why))

    def __str__(self) -> str:
        """Return what ``pretese decide`` prints."""
        return self.text()

    def _repr_html_(self) -> str:
        """Return the whole result, as shown on the console."""
        import html

        return f"<pre>{html.escape(str(self))}</pre>"


@dataclass(frozen=True, slots=True, repr=False)
class Schedule(Shown):
    """Dated injections, visits and decisions, as far as therapy has been decided.

    ``plan`` holds them, totals, and the possible results of the next decision.
    """

    plan: "Plan"
    regimen: rules.Regimen

    @property
    def start(self) -> dt.date:
        """The date of the first injection, day 0."""
        return self.plan.start

    @property
    def phases(self) -> tuple[str, ...]:
        """The phase of each month decided so far."""
        return self.plan.phases

    @property
    def items(self) -> "tuple[Item, ...]":
        """The entries in order of date."""
        return self.plan.items

    @property
    def decision_date(self) -> dt.date | None:
        """The date of the next decision; None if therapy is planned to its end."""
        return self.plan.next_decision_date

    def summary(self) -> str:
        """Return regimen, start, number of entries, and extent of the plan."""
        made = self.plan
        end = (
            f"decided to {made.next_decision_date}"
            if made.next_decision_date
            else "planned to its end"
        )
        name = f"{shorten_text(made.regimen_id, 20)} {made.regimen_version}"
        return f"{name} from {made.start}, {len(made.items)} entries, {end}"

    def to_dict(self) -> dict[str, Any]:
        """Return the document of ``pretese schedule --json``."""
        from pretese.bedside.json_answers import plan_document  # loads pydantic

        return plan_document(self.plan)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per entry.

        Columns: date, day (from the first day of therapy, 0), kind, text, measure (the tests of a
        visit), drug, dose, unit, route (of a dose).
        """
        import pandas as pd

        rows = []
        for item in self.items:
            dose = item.injection
            given = (dose.drug, dose.dose, dose.unit, dose.route) if dose else (None,) * 4
            rows.append(
                (item.date, item.day, item.kind, item.text, ", ".join(item.measure), *given)
            )
        columns = ["date", "day", "kind", "text", "measure", "drug", "dose", "unit", "route"]
        return pd.DataFrame(rows, columns=columns).astype({"dose": float})

    def to_ics(
        self,
        *,
        pseudonym: str,
        time: dt.time | str | None = None,
        timezone: str | None = None,
        issued: dt.date | str | None = None,
        previous: str | Path | bytes | None = None,
    ) -> bytes:
        """Return the schedule as a calendar (RFC 5545).

        Parameters
        ----------
        pseudonym
            Distinguishes the events of different patients in one calendar program; it is not
            displayed.
        time, timezone
            The local time of events, such as ``"08:30"``, and its IANA zone, such as
            ``"Europe/Berlin"``. Without both, events take the whole day.
        issued
            The day of issue, which calendar programs compare; by default the day of the last
            decision in the plan. No clock is read.
        previous
            The calendar that this one replaces, its path or bytes: changed events get the next
            version number, dropped ones are cancelled.

        Raises
        ------
        InputError
            The pseudonym is missing; only one of time and zone is given, or the zone is unknown; or
            the previous calendar is invalid, belongs to another patient, or was issued later.
        """
        from pretese.bedside.ics import calendar_of
        from protocol.tables import read_bytes

        clock = None if time is None else time_of(time, "time")
        zone = None if timezone is None else text_of(timezone, "timezone", "'Europe/Berlin'")
        before = previous if isinstance(previous, bytes) else None
        if previous is not None and before is None:
            before = read_bytes(path_of(previous, "previous"))
        return calendar_of(
            self.plan,
            pseudonym=text_of(pseudonym, "pseudonym", "'17'"),
            time=clock,
            timezone=zone,
            issued=None if issued is None else day_of(issued, "issued"),
            previous=before,
        )

    def write_ics(
        self,
        path: str | Path,
        *,
        pseudonym: str,
        time: dt.time | str | None = None,
        timezone: str | None = None,
        issued: dt.date | str | None = None,
        previous: str | Path | bytes | None = None,
    ) -> None:
        """Write the calendar of `to_ics` to a file; the file is complete or not written.

        Parameters
        ----------
        path
            File to write, usually with the suffix .ics.
        pseudonym, time, timezone, issued, previous
            As in `to_ics`.
        """
        from pretese.io.output.atomic_file import write_file

        data = self.to_ics(
            pseudonym=pseudonym, time=time, timezone=timezone, issued=issued, previous=previous
        )
        write_file(path_of(path, "path"), data, "path")

    def __str__(self) -> str:
        """Return what ``pretese schedule`` prints."""
        from pretese.bedside.words import plan_lines

        return "\n".join(plan_lines(self.plan, self.regimen))
