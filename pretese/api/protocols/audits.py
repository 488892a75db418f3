"""A clinic's log compared with its regimen, in the public interface."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_values import day_of, path_of, text_of
from pretese.api.display import Shown
from pretese.api.protocols import read_regimen, regimens
from pretese.bedside.audits.audit_view import COLUMNS, audit_lines, deviation_cells, deviations_csv
from pretese.bedside.audits.log_source import log_of
from pretese.bedside.json_answers import audit_document
from pretese.io.output.atomic_file import write_file
from protocol.audit import judge
from protocol.audit.deviations import Adherence, DataQuery, Deviation
from protocol.audit.deviations import Audit as Found
from protocol.audit.log.events import Log, Unused
from protocol.audit.log.mapping import LogMapping, read_mapping
from protocol.errors import InputError
from protocol.reading.documents import validate
from protocol.regimen import rules
from protocol.shorten import shorten, shorten_text

if TYPE_CHECKING:
    import pandas as pd


def audit(
    log: "str | Path | bytes | pd.DataFrame",
    regimen: "str | Path | regimens.Regimen" = "fsh-guided",
    *,
    columns: Mapping[str, str] | None = None,
    mapping: "str | Path | Mapping[str, Any] | None" = None,
    dates: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
    calendar_months: bool | None = None,
    visit_months: bool | None = None,
    data_cutoff: dt.date | str | None = None,
) -> "Audit":
    """Compare a clinic's log with its regimen.

    Parameters
    ----------
    log
        One row per event, with the columns patient, date, event, drug, amount, unit, value, route,
        known: the path of a CSV file or Excel workbook, its bytes, or a DataFrame (whose first
        row is row 2, as in a file with a header); or the path of a folder that ``pretese
        simulate`` wrote.
    regimen
        The name or path of a regimen, or a `pretese.regimen` with parameters of your own.
    columns
        The log's own names of columns: ``{"patient": "ID"}``.
    mapping
        The path of a mapping file, or a mapping with its content: columns, values, dates, decimal,
        sheet. Other arguments take precedence.
    dates
        The order of day and month if it is ambiguous: ``dd/mm/yyyy`` or ``mm/dd/yyyy``.
    decimal
        The decimal mark if it is ambiguous: ``point`` or ``comma``.
    sheet
        The sheet of a workbook that has several.
    calendar_months
        Whether months of therapy are calendar months; by default as the regimen defines.
    visit_months
        Whether a month of therapy counts from the visit that ends the one before it; by default as
        the regimen defines, and for folders that ``pretese simulate`` wrote.
    data_cutoff
        The last day that the log covers; by default, for each patient, that of the last event.

    Raises
    ------
    InputError
        The log cannot be read, lacks a column, or contains an impossible or ambiguous value.

    Examples
    --------
    >>> import pretese
    >>> log = b'''patient,date,event,drug,amount,unit,value
    ... a,2022-03-01,injection,hcg,2000,IU,
    ... a,2022-03-03,injection,hcg,5000,IU,
    ... '''
    >>> found = pretese.audit(log)
    >>> found
    <Audit: fsh-guided 1.0.0, patients: 1, deviations: 1>
    >>> {kind: count for kind, count in found.counts.items() if count}
    {'dose': 1}
    """
    chosen = regimen if isinstance(regimen, regimens.Regimen) else read_regimen.regimen(regimen)
    own = {"dates": dates, "decimal": decimal, "sheet": sheet}
    read = log_of(log, chosen.compiled, _mapping(mapping, _names(columns), own))
    found = judge.audit(
        read.log,
        chosen.compiled,
        calendar_months=calendar_months,
        visit_months=visit_months if visit_months is not None else read.visit_months or None,
        cutoff=None if data_cutoff is None else day_of(data_cutoff, "data_cutoff"),
    )
    return Audit(found, read.assumptions, read.unused, read.log, chosen.compiled)


def _names(columns: Mapping[str, str] | None) -> dict[str, str]:
    names = {} if columns is None else columns
    if not isinstance(names, Mapping):
        cure = "give a mapping, such as {'patient': 'ID'}"
        raise InputError.of("columns", "", f"{shorten(names)} is not a mapping", cure)
    return {name: text_of(own, "columns", "{'patient': 'ID'}") for name, own in names.items()}


def _mapping(
    given: "str | Path | Mapping[str, Any] | None",
    columns: Mapping[str, str],
    own: Mapping[str, str | None],
) -> LogMapping:
    """Return the content of a mapping, overridden by columns and options."""
    words: dict[str, Any] = {}
    if isinstance(given, Mapping):
        words = validate(dict(given), LogMapping, "mapping").model_dump()
    elif given is not None:
        words = read_mapping(path_of(given, "mapping")).model_dump()
    words["columns"] = {**words.get("columns", {}), **columns}
    words |= {name: value for name, value in own.items() if value is not None}
    return validate(words, LogMapping, "audit")


@dataclass(frozen=True, slots=True, repr=False)
class Audit(Shown):
    """The comparison of a log with its regimen.

    ``found`` holds the audit of each patient; ``data_assumptions`` the assumptions about the file,
    such as decimal commas; ``unused`` the rows that are not events of the regimen or have an
    unusable result; ``log`` the events of each patient.
    """

    found: Found
    data_assumptions: tuple[str, ...]
    unused: tuple[Unused, ...]
    log: Log
    regimen: rules.Regimen

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """All deviations, patient by patient, in order of day."""
        return tuple(item for patient in self.found.patients for item in patient.deviations)

    @property
    def queries(self) -> tuple[DataQuery, ...]:
        """All data queries: irregularities of the log, and how they were handled."""
        return self.found.all_queries()

    @property
    def adherence(self) -> tuple[Adherence, ...]:
        """IU and injections given and due of each drug, over all patients."""
        return self.found.adherence()

    @property
    def counts(self) -> dict[str, int]:
        """The number of deviations of each kind, zeros included."""
        return {str(kind): count for kind, count in self.found.counts().items()}

    @property
    def patients_with(self) -> dict[str, int]:
        """The number of patients with at least one deviation of each kind."""
        return {str(kind): count for kind, count in self.found.patients_with().items()}

    def summary(self) -> str:
        """Return the regimen, and the numbers of patients and deviations."""
        name = f"{shorten_text(self.found.regimen_id, 25)} {self.found.regimen_version}"
        patients = self.found.number_of_patients()
        return f"{name}, patients: {patients}, deviations: {len(self.deviations)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the document of ``pretese audit --json``."""
        return audit_document(self.found, self.data_assumptions, self.unused)

    def to_frame(self) -> "pd.DataFrame":
        """Return the deviations, one row each.

        Columns: patient, kind, day (from the first day of therapy, 0), date, expected, observed,
        tolerance, rule, rows (lines of the log that show it, separated by blanks).
        """
        import pandas as pd

        cells = [deviation_cells(deviation) for deviation in self.deviations]
        return pd.DataFrame(cells, columns=list(COLUMNS))

    def to_csv(self, path: str | Path | None = None) -> str | None:
        """Return the deviations as CSV text, or write them to a file.

        Cells that a spreadsheet would read as formulas begin with an apostrophe.

        Parameters
        ----------
        path
            File to write; None returns the text.
        """
        text = deviations_csv(self.found)
        if path is None:
            return text
        write_file(path_of(path, "path"), text, "path")
        return None

    def to_html(self, path: str | Path | None = None) -> str | None:
        """Return the audit as one HTML page with a timeline of each patient, or write it.

        Parameters
        ----------
        path
            File to write; None returns the page.
        """
        from pretese.bedside.audits.audit_page import audit_page

        text = audit_page(
            self.found,
            self.log,
            self.regimen,
            assumptions=self.data_assumptions,
            unused=self.unused,
        )
        if path is None:
            return text
        write_file(path_of(path, "path"), text, "path")
        return None

    def __str__(self) -> str:
        """Return what ``pretese audit`` prints."""
        return "\n".join(audit_lines(self.found, self.unused))
