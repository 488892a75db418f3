"""``pretese regimen``: list, show, prove and test protocol files."""

from pathlib import Path

import click

from pretese.bedside.dmn import dmn_xml
from pretese.bedside.json_answers import as_json, as_plain
from pretese.bedside.regimen_page import markdown
from pretese.bedside.tree import mermaid, tree_svg
from pretese.bedside.words import path_lines, shown_order
from pretese.commands.options import json_option
from pretese.io.output.atomic_file import check_file, write_file
from pretese.screen.endings import CheckFailedError
from pretese.screen.terminal import echo
from protocol.bedside.cases import load_cases, run_cases
from protocol.errors import InputError, ProofError
from protocol.regimen.load import Regimen, list_regimens, load_regimen
from protocol.regimen.paths import paths_of

PROOF_SCHEMA = "pretese/proof/1"


@click.group("regimen")
def command() -> None:
    """List, show, prove and test regimens."""


@command.command("list")
def show_list() -> None:
    """List the shipped regimens."""
    for name in list_regimens():
        regimen = load_regimen(name)
        echo(f"{name:38} {regimen.version}  {regimen.title}")


@command.command("show")
@click.argument("regimen")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "mermaid", "svg", "dmn"]),
    default="text",
    show_default=True,
)
@click.option("--table", "tables", multiple=True, help="With dmn: this table alone.")
@click.option("--out", type=click.Path(path_type=Path), help="Write to a file.")
def show(regimen: str, form: str, tables: tuple[str, ...], out: Path | None) -> None:
    """Show a regimen: in words, as a decision tree, or as DMN."""
    if out is not None:
        check_file(out, "--out")
    loaded = load_regimen(regimen)
    for name in tables:
        if name not in loaded.tables:
            cure = f"there are: {', '.join(loaded.tables)}"
            raise InputError.of("--table", "", f"there is no table {name!r}", cure)
    text = dmn_xml(loaded, tables) if form == "dmn" else FORMS[form](loaded)
    if out is None:
        echo(text.removesuffix("\n"))
    else:
        write_file(out, text, "--out")
        echo(f"wrote {out}", err=True)


def _words(regimen: Regimen) -> str:
    lines = [f"{regimen.title} ({regimen.id} {regimen.version})", "", regimen.about, ""]
    for phase in regimen.phases:
        lines.append(f"{phase.name}: {phase.label}")
        lines += [f"  {shown_order(regimen, order)}" for order in phase.orders]
    for reading in regimen.readings.values():
        lines += ["", f'Where the source says "{reading.words}":', f"  {reading.taken}"]
        lines.append(f"  {reading.because}")
        lines += [f"  otherwise: {name}" for name in reading.instead]
    for table in regimen.tables.values():
        lines += ["", f"{table.question} ({table.name})"]
        for rule in table.rules:
            wanted = ", ".join(f"{name} {c.text}" for name, c in rule.conditions.items())
            answer = rule.then or rule.outcome
            lines.append(f"  {rule.id:4} {wanted or 'always'}: {answer} [{rule.status}]")
    return "\n".join(lines)


#: Ways to show a whole regimen.
FORMS = {"text": _words, "markdown": markdown, "mermaid": mermaid, "svg": tree_svg}


@command.command("verify")
@click.argument("regimen")
@json_option
def verify(regimen: str, as_document: bool) -> None:
    """Prove a regimen: tables complete and disjoint, every path ends; list all paths."""
    try:
        loaded = load_regimen(regimen)
    except ProofError as error:
        faults = [str(fault) for fault in error.faults]
        if as_document:
            echo(as_json(PROOF_SCHEMA, proved=False, faults=faults))
        raise CheckFailedError("\n".join(faults)) from None
    paths = paths_of(loaded)
    if as_document:
        tables = {
            name: {"rules": len(table.rules), "cells": len(table.grid.rules)}
            for name, table in loaded.tables.items()
            if table.grid is not None
        }
        identity = {"id": loaded.id, "version": loaded.version, "sha256": loaded.sha256}
        echo(
            as_json(
                PROOF_SCHEMA,
                proved=True,
                faults=[],
                regimen=identity,
                tables=tables,
                paths=[as_plain(path) for path in paths],
            )
        )
        return
    echo(f"{loaded.id} {loaded.version}, sha256 {loaded.sha256}")
    for name, table in loaded.tables.items():
        if table.grid is None:
            echo(f"  {name}: {len(table.rules)} rules, each judged by itself (collects)")
        else:
            cells = f"{len(table.rules)} rules fill {len(table.grid.rules)} cells"
            echo(f"  {name}: {cells}, each exactly once; every rule can fire")
    echo("Every path through the months ends in a defined state:")
    for line in path_lines(paths):
        echo(f"  {line}")


@command.command("test")
@click.argument("regimen")
@click.option("--verbose", is_flag=True, help="List the cases that hold, too.")
def test(regimen: str, verbose: bool) -> None:
    """Run the cases that stand beside a regimen."""
    loaded = load_regimen(regimen)
    cases = load_cases(regimen)
    if cases.regimen != loaded.id:
        problem = f"the cases are those of {cases.regimen!r}, the regimen is {loaded.id!r}"
        raise InputError.of(regimen, "regimen", problem, "write cases for this regimen")
    results = run_cases(loaded, cases)
    for result in results:
        if verbose and result.holds:
            echo(f"holds  {result.case.says}")
        if not result.holds:
            echo(f"FAILS  {result.case.says}: {'; '.join(result.wrong)}")
    failed = sum(not result.holds for result in results)
    echo(f"{loaded.id} {loaded.version}: {len(results) - failed} of {len(results)} cases hold")
    if failed:
        raise CheckFailedError(f"{failed} of {len(results)} cases do not hold")
