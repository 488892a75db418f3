"""A clinic's log compared with its regimen, in the public interface."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_values import path_of, text_of
from pretese.api.display import Shown
from pretese.api.protocols import regimens
from pretese.bedside.audit_view import COLUMNS, audit_lines, deviation_cells, deviations_csv
from pretese.bedside.json_answers import audit_document
from pretese.bedside.log_source import log_of
from pretese.io.output.atomic_file import write_file
from protocol.audit import judge
from protocol.audit.deviations import Audit as Found
from protocol.audit.deviations import Deviation
from protocol.errors import InputError
from protocol.shorten import shorten, shorten_text

if TYPE_CHECKING:
    import pandas as pd


def audit(
    log: "str | Path | bytes | pd.DataFrame",
    regimen: "str | Path | regimens.Regimen" = "fsh-guided",
    *,
    columns: Mapping[str, str] | None = None,
) -> "Audit":
    """Return the protocol deviations of a clinic's log.

    Parameters
    ----------
    log
        One row per event, with the columns patient, date, event, drug, amount, unit, value, route:
        the path of a CSV file, its bytes, or a DataFrame (whose first row is row 2, as in a file
        with a header); or the path of a folder that ``pretese simulate`` wrote.
    regimen
        The name or path of a regimen, or a `pretese.regimen` with parameters of your own.
    columns
        The log's own names of columns: ``{"patient": "ID"}``.

    Raises
    ------
    InputError
        The log cannot be read, lacks a column, or holds a value that cannot be.

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
    chosen = regimen if isinstance(regimen, regimens.Regimen) else regimens.regimen(regimen)
    compiled = chosen.compiled
    events, assumptions = log_of(log, compiled, _names(columns))
    return Audit(judge.audit(events, compiled), assumptions)


def _names(columns: Mapping[str, str] | None) -> dict[str, str]:
    names = {} if columns is None else columns
    if not isinstance(names, Mapping):
        cure = "give a mapping, such as {'patient': 'ID'}"
        raise InputError.of("columns", "", f"{shorten(names)} is no mapping", cure)
    return {name: text_of(own, "columns", "{'patient': 'ID'}") for name, own in names.items()}


@dataclass(frozen=True, slots=True, repr=False)
class Audit(Shown):
    """What was given, compared with what the regimen recommended.

    ``found`` holds the audit of each patient; ``data_assumptions`` what was assumed about the
    file, such as decimal commas.
    """

    found: Found
    data_assumptions: tuple[str, ...]

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """All deviations, patient by patient, in order of day."""
        return tuple(item for man in self.found.patients for item in man.deviations)

    @property
    def counts(self) -> dict[str, int]:
        """The number of deviations of each kind, zeros included."""
        return {str(kind): count for kind, count in self.found.counts().items()}

    @property
    def patients_with(self) -> dict[str, int]:
        """The number of patients with at least one deviation of each kind."""
        return {str(kind): count for kind, count in self.found.patients_with().items()}

    def summary(self) -> str:
        """Return the regimen, and how many patients and deviations there are."""
        name = f"{shorten_text(self.found.regimen_id, 25)} {self.found.regimen_version}"
        return f"{name}, patients: {len(self.found.patients)}, deviations: {len(self.deviations)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the document of ``pretese audit --json``."""
        return audit_document(self.found, self.data_assumptions)

    def to_frame(self) -> "pd.DataFrame":
        """Return the deviations, one row each.

        Columns: patient, kind, day (from the first day of therapy, 0), date, expected, done,
        tolerance, rule, rows (lines of the log that show it, separated by blanks).
        """
        import pandas as pd

        cells = [deviation_cells(deviation) for deviation in self.deviations]
        return pd.DataFrame(cells, columns=list(COLUMNS))

    def to_csv(self, path: str | Path | None = None) -> str | None:
        """Return the deviations as CSV text, or write them to ``path``, whole or not at all.

        Cells that a spreadsheet would take for a formula begin with an apostrophe.
        """
        text = deviations_csv(self.found)
        if path is None:
            return text
        write_file(path_of(path, "path"), text, "path")
        return None

    def __str__(self) -> str:
        """Return what ``pretese audit`` prints."""
        return "\n".join(audit_lines(self.found))
