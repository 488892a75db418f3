"""An audit for a console, and its deviations as a CSV file."""

import csv
import io
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pretese.io.text.spreadsheet import spreadsheet_cell
from protocol.audit.deviations import Adherence, Audit, Deviation, PatientAudit
from protocol.audit.log.events import Unused
from protocol.audit.words import called
from protocol.safe_text import lines

COLUMNS = ("patient", "kind", "day", "date", "expected", "observed", "tolerance", "rule", "rows")
WIDTH = 80
#: Equal deviations on more days than this are combined in one line.
FOLDED_FROM = 3
#: Maximum number of days and rows listed in a line.
_LISTED = 8
_ON_DAY = re.compile(r" on day \d+")


def audit_lines(found: Audit, unused: Sequence[Unused] = ()) -> Iterator[str]:
    """Yield an audit line by line: counts of each kind, adherence, then each patient."""
    judged = [patient for patient in found.patients if patient.start is not None]
    clean = sum(not patient.deviations for patient in judged)
    number, courses = found.number_of_patients(), len(found.patients)
    several = "" if courses == number else f", {courses:,} courses of therapy"
    patients = f"{_many(number, 'patient')}{several}, {clean} without deviation"
    if left := len(found.patients) - len(judged):
        patients += f", {left} not judged"
    yield f"{found.regimen_id} {found.regimen_version}: {patients}"
    yield from _eligibility(found.patients)
    for each in unused:
        more = f"; {each.count} rows" if each.count > 1 else ""
        stated = f"not used: {each.what}: {each.reason}{more}{_rows(each.rows)}"
        yield from _wrapped("", stated)
    for query in found.queries:
        yield from _wrapped("", f"data query, {query.kind}: {query.text}")
    yield from _counts(found)
    yield from _adherence(found.adherence())
    for patient in found.patients:
        yield from _patient(patient)


def _eligibility(patients: Sequence[PatientAudit]) -> Iterator[str]:
    verdicts = Counter(patient.eligibility for patient in patients)
    missing = dict.fromkeys(name for patient in patients for name in patient.missing_facts)
    stated = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    where = f" (not in the log: {', '.join(map(called, missing))})" if missing else ""
    yield from _wrapped("", f"eligibility: {stated}{where}")


def _counts(found: Audit) -> Iterator[str]:
    counts, patients = found.counts(), found.patients_with()
    if any(counts.values()):
        yield from ("", f"{'protocol deviations':32}{'deviations':>12}{'patients':>10}")
    for kind, count in counts.items():
        if count:
            yield f"{kind:32}{count:12,}{patients[kind]:10,}"


def _adherence(adherence: Sequence[Adherence]) -> Iterator[str]:
    if adherence:
        heads = f"{'given':>14}{'due':>14}{'':4}{'%':>8}{'doses':>10}{'due':>8}"
        yield from ("", f"{'adherence':20}{heads}")
    for each in adherence:
        percent = "" if each.percent is None else f"{each.percent:.1f}"
        iu = f"{each.given_amount:14,.10g}{each.due_amount:14,.10g} {each.unit:3}{percent:>8}"
        yield f"{each.drug[:19]:20}{iu}{each.given_doses:10,}{each.due_doses:8,}"


def _patient(patient: PatientAudit) -> Iterator[str]:
    """Yield the lines of a patient: data queries first, then deviations; none if there are none."""
    if not (patient.note or patient.deviations or patient.queries):
        return
    yield ""
    yield from _wrapped("", f"{patient.name}: {patient.note}".removesuffix(": "))
    for query in patient.queries:
        yield from _wrapped("  query    ", f"{query.kind}: {query.text}{_rows(query.rows)}")
    for days, text in _folded(patient.deviations):
        yield from _wrapped(f"  {days:8} ", text)


def _folded(deviations: Sequence[Deviation]) -> Iterator[tuple[str, str]]:
    """Yield day and text of deviations; equal ones on many days as one line."""
    groups: dict[tuple[str, str, str], list[Deviation]] = {}
    for item in deviations:
        key = (item.kind, _ON_DAY.sub("", item.expected), _ON_DAY.sub("", item.observed))
        groups.setdefault(key, []).append(item)
    for (kind, expected, observed), items in groups.items():
        if len(items) < FOLDED_FROM:
            for item in items:
                stated = f"{kind}: expected {item.expected}; observed {item.observed}"
                yield f"day {item.day}", f"{stated}{_rows(item.rows)}"
            continue
        days = _listed([item.day for item in items])
        rows = _rows([row for item in items for row in item.rows])
        stated = f"{kind}, {len(items)} times: expected {expected}; observed {observed}"
        yield f"day {items[0].day}", f"{stated} (days {days}){rows}"


def _wrapped(lead: str, text: str) -> Iterator[str]:
    """Yield text in lines of at most `WIDTH` characters; ``lead`` precedes the first."""
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * (len(lead) or 4),
        break_on_hyphens=False,
    )


def _rows(rows: Sequence[int]) -> str:
    return f" ({'row' if len(rows) == 1 else 'rows'} {_listed(rows)})" if rows else ""


def _listed(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - _LISTED} more" if len(numbers) > _LISTED else ""
    return ", ".join(map(str, numbers[:_LISTED])) + more


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def deviations_csv(found: Audit) -> str:
    """Return one row per deviation; several lines of the log are joined by spaces."""
    items = (item for patient in found.patients for item in patient.deviations)
    return _csv(COLUMNS, (deviation_cells(item) for item in items))


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a CSV table whose cells spreadsheets do not read as formulas."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for cells in rows:
        writer.writerow(spreadsheet_cell(lines(c)) if isinstance(c, str) else c for c in cells)
    return out.getvalue()


def deviation_cells(deviation: Deviation) -> list[object]:
    """Return a deviation as one row, in the order of `COLUMNS`."""
    rows = " ".join(str(row) for row in deviation.rows)
    return [*(getattr(deviation, name) for name in COLUMNS[:-1]), rows]
