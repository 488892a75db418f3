"""An audit for a console, and its deviations as a CSV file."""

import csv
import io
from collections.abc import Iterator

from pretese.io.text.spreadsheet import spreadsheet_cell
from protocol.audit.deviations import Audit, Deviation
from protocol.safe_text import lines

COLUMNS = ("patient", "kind", "day", "date", "expected", "done", "tolerance", "rule", "rows")


def audit_lines(found: Audit) -> Iterator[str]:
    """Yield an audit line by line: counts of each kind, then the deviations of each patient."""
    clean = sum(not man.deviations for man in found.patients)
    men = f"{len(found.patients)} men, {clean} without deviation"
    yield f"{found.regimen_id} {found.regimen_version}: {men}"
    yield ""
    yield f"{'kind':32}{'deviations':>12}{'men':>8}"
    with_kind = found.patients_with()
    for kind, count in found.counts().items():
        yield f"{kind:32}{count:12}{with_kind[kind]:8}"
    for man in found.patients:
        if man.note:
            yield from ("", f"{man.patient}: {man.note}")
        elif man.deviations:
            yield from ("", f"{man.patient}:")
        for item in man.deviations:
            rows = f" (row {', '.join(map(str, item.rows))})" if item.rows else ""
            yield f"  day {item.day:3}  {item.kind}: due {item.expected}; done {item.done}{rows}"


def deviations_csv(found: Audit) -> str:
    """Return one row per deviation; several lines of the log are joined by spaces."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for man in found.patients:
        for deviation in man.deviations:
            cells = deviation_cells(deviation)
            writer.writerow(spreadsheet_cell(lines(c)) if isinstance(c, str) else c for c in cells)
    return out.getvalue()


def deviation_cells(deviation: Deviation) -> list[object]:
    """Return a deviation as one row, in the order of `COLUMNS`."""
    rows = " ".join(str(row) for row in deviation.rows)
    return [*(getattr(deviation, name) for name in COLUMNS[:-1]), rows]
