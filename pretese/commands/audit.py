"""``pretese audit``: what was done against what was due, per man and per cohort."""

import csv
import io
from pathlib import Path

import click

from pretese.bedside.json_answers import as_json, as_plain
from pretese.commands.options import (
    json_option,
    pairs_of,
    regimen_option,
    set_option,
    settings,
    tell_assumptions,
)
from pretese.io.output.atomic_file import check_file, write_file
from pretese.io.text.spreadsheet import spreadsheet_cell
from pretese.screen.endings import CheckFailedError
from pretese.screen.terminal import echo
from protocol.audit.deviations import SCHEMA, Audit, Deviation
from protocol.audit.judge import audit
from protocol.audit.log import Log, read_log
from protocol.errors import InputError
from protocol.regimen.load import Regimen, load_regimen
from protocol.safe_text import lines
from protocol.tables import read_bytes

COLUMNS = ("patient", "kind", "day", "date", "expected", "done", "tolerance", "rule", "rows")


@click.command("audit")
@click.argument("log", type=click.Path(path_type=Path))
@regimen_option
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="NAME=COLUMN",
    help="The log's own name of a column: patient=ID. May be repeated.",
)
@click.option("--csv", "table", type=click.Path(path_type=Path), help="Write deviations to a file.")
@click.option("--strict", is_flag=True, help="Exit with 3 if there is any deviation.")
@set_option
@json_option
def command(
    log: Path,
    regimen: str,
    columns: tuple[str, ...],
    table: Path | None,
    strict: bool,
    parameters: tuple[str, ...],
    as_document: bool,
) -> None:
    """Compare a clinic's log with its regimen.

    LOG is a CSV file with the columns patient, date, event, drug, amount, unit, value; or a folder
    that `pretese simulate` wrote, of which the men who followed the regimen are audited.
    """
    if table is not None:
        check_file(table, "--csv")
    loaded = load_regimen(regimen, settings(parameters))
    mapping = pairs_of("--map", columns, "patient=ID")
    events, assumptions = _read(log, loaded, mapping)
    tell_assumptions(log, assumptions)
    found = audit(events, loaded)
    if table is not None:
        write_file(table, deviations_csv(found), "--csv")
        echo(f"wrote {table}", err=True)
    if as_document:
        plain = as_plain(found)
        del plain["schema"]
        read = list(assumptions)
        counts = {"counts": found.counts(), "men_with": found.men_with()}
        echo(as_json(SCHEMA, data_assumptions=read, **counts, **plain))
    else:
        echo("\n".join(_lines(found)))
    total = sum(found.counts().values())
    if strict and total:
        raise CheckFailedError(f"{total} deviations")


def _read(path: Path, regimen: Regimen, mapping: dict[str, str]) -> tuple[Log, tuple[str, ...]]:
    """Return the log, and what was assumed about its file."""
    if not path.is_dir():
        return read_log(read_bytes(path), regimen, str(path), mapping)
    # Tables take a while to load; who audits a log need not wait for them.
    from pretese.bedside.cohort_logs import logs_of_folder

    logs = logs_of_folder(path)
    if regimen.id not in logs:
        problem = f"none of its men followed {regimen.id}"
        raise InputError.of(str(path), "regimen", problem, f"they followed: {', '.join(logs)}")
    return logs[regimen.id], ()


def deviations_csv(found: Audit) -> str:
    """Return one row per deviation; several lines of the log are joined by spaces."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for man in found.men:
        for deviation in man.deviations:
            writer.writerow(_cells(deviation))
    return out.getvalue()


def _cells(deviation: Deviation) -> list[object]:
    rows = " ".join(str(row) for row in deviation.rows)
    cells = [getattr(deviation, name) for name in COLUMNS[:-1]]
    return [*(spreadsheet_cell(lines(c)) if isinstance(c, str) else c for c in cells), rows]


def _lines(found: Audit) -> list[str]:
    clean = sum(not man.deviations for man in found.men)
    men = f"{len(found.men)} men, {clean} without deviation"
    lines = [
        f"{found.regimen_id} {found.regimen_version}: {men}",
        "",
        f"{'kind':32}{'deviations':>12}{'men':>8}",
    ]
    with_kind = found.men_with()
    for kind, count in found.counts().items():
        lines.append(f"{kind:32}{count:12}{with_kind[kind]:8}")
    for man in found.men:
        if man.note:
            lines += ["", f"{man.patient}: {man.note}"]
        elif man.deviations:
            lines += ["", f"{man.patient}:"]
        for item in man.deviations:
            rows = f" (row {', '.join(map(str, item.rows))})" if item.rows else ""
            lines.append(
                f"  day {item.day:3}  {item.kind}: due {item.expected}; done {item.done}{rows}"
            )
    return lines
