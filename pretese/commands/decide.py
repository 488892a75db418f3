"""``pretese decide``: what the protocol says of one man, now, and why."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import click

from pretese.bedside.json_answers import as_json, as_plain, schema_of
from pretese.bedside.words import advice_lines
from pretese.commands.options import (
    Date,
    Number,
    json_option,
    regimen_option,
    set_option,
    settings,
)
from pretese.screen.terminal import echo
from protocol.bedside.advise import SCHEMA, Advice, advise
from protocol.bedside.patient import Known, PatientFile, know
from protocol.dates import day_from
from protocol.errors import InputError
from protocol.reading.documents import read_document, validate
from protocol.reading.numbers import cure_of, number_of, shown
from protocol.regimen.load import Regimen, load_regimen
from protocol.regimen.paths import MONTH_DAYS

WHERE = "pretese decide"
_FINDING = re.compile(r"([a-z_]+)\s*=\s*(\S+(?: sperm)?)(?:\s+(\S+))?")


@click.command("decide")
@regimen_option
@click.option("--patient", type=click.Path(path_type=Path), help="A man's file (YAML).")
@click.option("--month", type=int, help="The month of therapy that begins, from 1.")
@click.option("--phase-before", help="The phase of the month before, such as hcg.")
@click.option("--fsh", type=Number(), help="FSH at the end of the month before.")
@click.option("--fsh-unit", default="IU/L", show_default=True, help="A UCUM unit or an alias.")
@click.option(
    "--finding",
    "findings",
    multiple=True,
    help="Another finding: 'testosterone=40 nmol/L', 'semen=no sperm'. May be repeated.",
)
@click.option(
    "--on",
    type=Date(),
    help="The day of the decision; today if not given.",
)
@set_option
@json_option
@click.option("--schema", is_flag=True, help="Print the JSON Schema of --json and stop.")
def command(
    regimen: str,
    patient: Path | None,
    month: int | None,
    phase_before: str | None,
    fsh: float | None,
    fsh_unit: str,
    findings: tuple[str, ...],
    on: dt.datetime | None,
    parameters: tuple[str, ...],
    as_document: bool,
    schema: bool,
) -> None:
    """Say what the regimen asks for, for one man on one day, and why.

    Give either a man's file (--patient) or the month that begins (--month) with what was measured
    at the end of the month before.
    """
    if schema:
        echo(as_json(SCHEMA, advice=schema_of(Advice)))
        return
    loaded = load_regimen(regimen, settings(parameters))
    day = on.date() if on else dt.date.today()
    if (patient is None) == (month is None):
        raise InputError.of(
            WHERE, "", "it needs a man", "give either --patient FILE or --month M, not both"
        )
    if patient is not None:
        if fsh is not None or phase_before or findings:
            raise InputError.of(
                WHERE, "--patient", "findings come from the file", "write --fsh and others into it"
            )
        known = know(read_document(patient, PatientFile), loaded, str(patient))
    else:
        measured = [*([f"fsh={fsh} {fsh_unit}"] if fsh is not None else []), *findings]
        known = _man_in_month(loaded, month or 0, phase_before, measured, day)
    advice = advise(known, loaded, day, WHERE)
    if as_document:
        echo(as_json(SCHEMA, **_document(advice, loaded)))
        return
    for line in advice_lines(advice, loaded):
        speaks = line.startswith(f"{advice.outcome.upper()}:")
        echo(line, bold=speaks, fg=COLOURS[advice.outcome] if speaks else None)


#: Of the line that answers; a file or a pipe gets none.
COLOURS = {
    "advice": "green",
    "nothing due": "blue",
    "insufficient data": "yellow",
    "out of scope": "red",
}


def _man_in_month(
    regimen: Regimen, month: int, phase_before: str | None, findings: list[str], on: dt.date
) -> Known:
    """Return a man in the month that begins on ``on``, of whom no more than this is known."""
    highest = int((regimen.inputs["month"].plausible or (1, 12))[1])
    if not 1 <= month <= highest:
        cure = f"give a month from 1 to {highest}"
        raise InputError.of(WHERE, "--month", f"{month} is out of range", cure)
    measurements = [_measurement(text, on) for text in findings]
    plain = {"patient": "a man", "measurements": measurements}
    known = know(validate(plain, PatientFile, WHERE), regimen, WHERE)
    names = [phase.name for phase in regimen.phases]
    if phase_before is not None and phase_before not in names:
        cure = f"give one of: {', '.join(names)}"
        raise InputError.of(WHERE, "--phase-before", f"{phase_before!r} is no phase", cure)
    started = day_from(on, -MONTH_DAYS * (month - 1), "--on")
    # Earlier months do not matter to any table; only the one before is looked at.
    phases = (phase_before,) * (month - 1) if phase_before and month > 1 else ()
    return Known(known.patient, started, phases, known.entry, known.findings, None)


def _measurement(text: str, on: dt.date) -> dict[str, Any]:
    found = _FINDING.fullmatch(text.strip())
    if found is None:
        cure = "write name=value unit, such as 'testosterone=40 nmol/L' or 'semen=no sperm'"
        raise InputError.of(WHERE, "--finding", f"{text!r} is not understood", cure)
    name, value, unit = found.groups()
    number = number_of(value)
    if number is None and value[:1].isdigit():
        raise InputError.of(
            WHERE, f"--finding {name}", f"{shown(value)} is no number", cure_of(value)
        )
    plain = {"date": on, "name": name, "value": value if number is None else number}
    return plain | ({"unit": unit} if unit else {})


def _document(advice: Advice, regimen: Regimen) -> dict[str, Any]:
    plain = as_plain(advice)
    del plain["schema"]
    identity = {"id": regimen.id, "version": regimen.version, "sha256": regimen.sha256}
    return {"regimen": identity, **plain}
