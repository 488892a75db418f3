"""Regimens of the public interface: decisions, schedules, proof, tests and display."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_values import choice_of, day_of, texts_of
from pretese.api.display import Shown
from pretese.api.protocols.decisions import Decision, Schedule
from pretese.api.protocols.patient_arguments import plan_of_arguments, record_of_arguments
from pretese.bedside.question import WHERE, Findings, ranges_of
from protocol.bedside.known.reference_range import (
    ReferenceRange,
    parameters_of_ranges,
    ranges_in_use,
)
from protocol.bedside.recommend import recommend
from protocol.errors import Fault, ProofError
from protocol.regimen import load, rules
from protocol.regimen.parts import NewValue
from protocol.regimen.paths import paths_of
from protocol.shorten import shorten, shorten_text

if TYPE_CHECKING:
    import pandas as pd

    from pretese.api.protocols.proofs import CaseResults, Proof
    from protocol.regimen.paths import Path as Course


@dataclass(frozen=True, slots=True, repr=False)
class Regimen(Shown):
    """A protocol as data; returned by `pretese.regimen`.

    ``name`` is the name or path requested; ``faults`` are the reasons why it is not proved.
    ``numbers`` replace parameters of the file, each with its source.
    """

    name: str
    _compiled: rules.Regimen | None
    faults: tuple[Fault, ...]
    numbers: Mapping[str, float | NewValue] = field(default_factory=dict)

    @property
    def compiled(self) -> rules.Regimen:
        """The compiled regimen; `InputError` if it is not proved."""
        if self._compiled is None:
            raise ProofError(self.faults)
        return self._compiled

    @property
    def paths(self) -> "tuple[Course, ...]":
        """Every path through the months of therapy, with the doses of each."""
        return tuple(paths_of(self.compiled))

    def with_reference_ranges(self, ranges: Mapping[str, str] | Sequence[str]) -> "Regimen":
        """Return the regimen with a laboratory's own reference ranges as its normal ranges.

        Decisions report them as set by the clinic.

        Parameters
        ----------
        ranges
            By analyte, both ends included: ``{"fsh": "1.5 to 12.4 IU/L"}``, the assay in brackets
            after it; or texts as in the commands: ``["fsh=1.5 to 12.4 IU/L"]``.

        Raises
        ------
        InputError
            A range is not understood, or the regimen does not use the range of the analyte.

        Examples
        --------
        >>> import pretese
        >>> own = pretese.regimen().with_reference_ranges({"fsh": "1.5 to 12.4 IU/L (Elecsys)"})
        >>> own.decide(month=2, fsh=11.5, decision_date="2022-03-31").recommendation
        'uFSH and hCG, alternating'
        """
        return self._with_ranges(ranges_of(ranges), "reference_ranges")

    def _with_ranges(self, ranges: Sequence[ReferenceRange], where: str) -> "Regimen":
        if not ranges:
            return self
        numbers = {**self.numbers, **parameters_of_ranges(self.compiled, ranges, where)}
        return Regimen(self.name, load.load_regimen(self.name, numbers), (), numbers)

    def decide(
        self,
        patient: str | Path | Mapping[str, Any] | None = None,
        *,
        month: int | None = None,
        previous_phase: str | None = None,
        fsh: float | str | Iterable[float | str] | None = None,
        fsh_unit: str = "IU/L",
        findings: Findings = (),
        decision_date: dt.date | str | None = None,
    ) -> Decision:
        """Return the recommendation for one patient on a given date, with its rationale.

        Give either a patient, or the month that begins with the results before it.

        Parameters
        ----------
        patient
            The path of a patient's YAML file, or a mapping with the same fields.
        month
            The month of therapy that begins, from 1.
        previous_phase
            The phase of the month before, such as ``hcg``.
        fsh, fsh_unit
            FSH at the end of the month before, several if one day has several results, text such
            as ``"<0.3"`` below a limit of detection; the unit is UCUM or an alias such as
            ``mIU/mL``.
        findings
            Other findings by name: ``{"testosterone": (40, "nmol/L"), "semen": "no sperm"}``, or
            texts as in the command: ``["testosterone=40 nmol/L"]``.
        decision_date
            The date of the decision, a date or ISO text; today if not given.

        Raises
        ------
        InputError
            Neither or both are given, a value is not plausible, or a name or unit is unknown.

        Examples
        --------
        >>> import pretese
        >>> found = {"testosterone": (40, "nmol/L")}
        >>> guided = pretese.regimen("fsh-guided")
        >>> guided.decide(month=2, fsh=9.8, findings=found, decision_date="2022-03-31")
        <Decision: recommendation: uFSH and hCG, alternating (month 2, 2022-03-31)>
        """
        compiled = self.compiled
        day = dt.date.today() if decision_date is None else day_of(decision_date, "decision_date")
        record = record_of_arguments(
            compiled, patient, month, previous_phase, (fsh, fsh_unit, findings), day
        )
        if record.reference_ranges:
            assays = record.assays_on(compiled, day)
            ranges = ranges_in_use(record.reference_ranges, assays, WHERE)
            compiled = self._with_ranges(ranges, WHERE).compiled
        return Decision(recommend(record, compiled, day, WHERE), compiled, record)

    def schedule(
        self,
        start: dt.date | str,
        *,
        fsh: float | str | Iterable[float | str] = (),
        fsh_unit: str = "IU/L",
        decisions: str | Iterable[str] | None = None,
    ) -> Schedule:
        """Return the dated injections, visits and decisions, as far as therapy has been decided.

        Parameters
        ----------
        start
            The date of the first injection, a date or ISO text.
        fsh, fsh_unit
            FSH at the end of month 1, 2, ... as far as measured, and its unit.
        decisions
            Instead of FSH: the phase of each month so far, a sequence or text such as
            ``"hcg,hcg-ufsh"``.

        Raises
        ------
        InputError
            FSH and decisions are both given, the regimen does not use FSH, or no path of the
            regimen begins with these phases.

        Examples
        --------
        >>> import pretese
        >>> pretese.regimen("hcg-only").schedule("2022-03-01")
        <Schedule: hcg-only 1.0.0 from 2022-03-01, 53 entries, planned to its end>
        """
        planned = plan_of_arguments(
            self.compiled, day_of(start, "start"), (fsh, fsh_unit), decisions
        )
        return Schedule(planned, self.compiled)

    def verify(self) -> "Proof":
        """Return the proof: tables complete and disjoint, and every path with its end.

        Examples
        --------
        >>> import pretese
        >>> pretese.regimen("fsh-guided").verify()
        <Proof: fsh-guided 1.0.0, proved, 5 paths>
        """
        from pretese.api.protocols.proofs import Proof

        faults = tuple(str(fault) for fault in self.faults)
        return Proof(self.name, self._compiled, faults, self.paths if self._compiled else ())

    def test(self) -> "CaseResults":
        """Run the test cases stored with the regimen.

        Raises
        ------
        InputError
            There are no cases, or they belong to another regimen.

        Examples
        --------
        >>> import pretese
        >>> pretese.regimen("hcg-only").test().failed
        0
        """
        from pretese.api.protocols.proofs import run_own_cases

        return run_own_cases(self.compiled, self.name)

    def show(self, format: str = "text", *, table: str | Iterable[str] = ()) -> str:  # noqa: A002  the option
        """Return the whole regimen as text.

        Parameters
        ----------
        format
            ``text``, ``markdown``, ``mermaid``, ``svg`` (decision tree) or ``dmn`` (DMN 1.3 XML).
        table
            With ``dmn``: one table, or several, in place of all.

        Raises
        ------
        InputError
            There is no such format or table.
        """
        from pretese.bedside.regimen_page import REGIMEN_FORMATS, shown_as

        kind = choice_of(format, "format", REGIMEN_FORMATS)
        return shown_as(self.compiled, kind, texts_of(table, "table", "'phase'"))

    def summary(self) -> str:
        """Return name, version, months, tables and paths."""
        if self._compiled is None:
            return f"{shorten(self.name, 50)}, not proved, faults: {len(self.faults)}"
        made = self._compiled
        size = f"{made.months} months, {len(made.tables)} tables, {len(self.paths)} paths"
        return f"{shorten_text(made.id, 40)} {made.version}, {size}"

    def to_dict(self) -> dict[str, Any]:
        """Return identity, title and description."""
        made = self.compiled
        identity = {"id": made.id, "version": made.version, "sha256": made.sha256}
        return {**identity, "title": made.title, "about": made.about, "months": made.months}

    def to_frame(self) -> "pd.DataFrame":
        """Return the rules of all tables: table, rule, conditions, outcome, action, source."""
        import pandas as pd

        from pretese.bedside.regimen_page import rule_rows

        return pd.DataFrame(rule_rows(self.compiled))

    def __str__(self) -> str:
        """Return the regimen in words."""
        return self.show("text")

    def _repr_html_(self) -> str:
        """Return the rules; the faults of a regimen that is not proved."""
        if self._compiled is None:
            return self.verify()._repr_html_()
        return Shown._repr_html_(self)
