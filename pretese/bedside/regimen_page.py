"""A regimen as a documentation page, and in all other formats."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from pretese.bedside.dmn import dmn_xml
from pretese.bedside.regimen_formats import FORMAT_NAMES
from pretese.bedside.tree import mermaid, tree_svg
from pretese.bedside.words import regimen_text, shown_order, totals_words
from pretese.io.text.markup import markdown_text as shown
from protocol.errors import InputError
from protocol.reading.shown import shown_unit
from protocol.regimen.conditions import Condition
from protocol.regimen.paths import paths_of
from protocol.regimen.rules import DecisionTable, Regimen


def markdown(regimen: Regimen) -> str:
    """Return the page: drugs, readings, tables, every path with its doses, and the tree."""
    parts = [
        f"# {shown(regimen.title)}",
        f"`{regimen.id}` {regimen.version}. Written by `pretese regimen show {regimen.id} "
        "--format markdown` from the file that decides, simulates and audits.",
        shown(regimen.about),
        *_phases(regimen),
        *_readings(regimen),
        *_parameters(regimen),
        *_criteria(regimen),
        *(part for table in regimen.tables.values() for part in _table(regimen, table)),
        *_paths(regimen),
        "## The tree",
        f"```mermaid\n{mermaid(regimen)}```",
        *_sources(regimen),
    ]
    return "\n\n".join(parts) + "\n"


def grid_of_words(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell or " " for cell in line) + " |" for line in lines)


def _phases(regimen: Regimen) -> Iterator[str]:
    yield "## Doses"
    rows = [
        [
            f"`{phase.name}`",
            shown(phase.label),
            "<br>".join(shown(shown_order(regimen, o)) for o in phase.orders),
        ]
        for phase in regimen.phases
    ]
    yield grid_of_words(["phase", "", "orders"], rows)
    if any(len(phase.orders) > 1 for phase in regimen.phases):
        yield "Days are counted on over the ends of months for as long as the phase lasts."


def _readings(regimen: Regimen) -> Iterator[str]:
    if not regimen.readings:
        return
    yield "## Where the source can be read in more than one way"
    rows = [
        [
            f'"{shown(r.quote)}"',
            shown(r.interpretation),
            shown(r.rationale),
            ", ".join(f"`{name}`" for name in r.alternatives),
        ]
        for r in regimen.readings.values()
    ]
    yield grid_of_words(
        ["quotation", "interpretation", "rationale", "other interpretation in"], rows
    )


def _parameters(regimen: Regimen) -> Iterator[str]:
    if not regimen.parameters:
        return
    yield "## Numbers"
    rows = [
        [
            f"`{name}`",
            shown(f"{p.value:g} {shown_unit(p.unit)}"),
            p.status,
            p.source,
            shown(p.locator),
        ]
        for name, p in regimen.parameters.items()
    ]
    yield grid_of_words(["parameter", "value", "status", "source", "where"], rows)
    yield "`--set NAME=VALUE` puts another value in a parameter's place."


def _criteria(regimen: Regimen) -> Iterator[str]:
    if not regimen.criteria:
        return
    yield "## Entry criteria"
    rows = [[f"`{c.name}`", shown(c.label), _conditions(c.conditions)] for c in regimen.criteria]
    yield grid_of_words(["criterion", "", "met when"], rows)


def _table(regimen: Regimen, table: DecisionTable) -> Iterator[str]:
    yield f"## {shown(table.question)}"
    kind = (
        "Every rule is judged by itself."
        if table.grid is None
        else (
            "Exactly one rule fires for every combination of values; "
            f"proved on {len(table.grid.rules)} cells."
        )
    )
    yield f"Table `{table.name}`. {kind}"
    rows = [
        [
            rule.id,
            *(_cell(rule.conditions.get(name)) for name in table.inputs),
            f"`{rule.then}`" if rule.outcome == "recommendation" else rule.outcome,
            shown(rule.rationale),
            rule.status,
        ]
        for rule in table.rules
    ]
    labels = [shown(regimen.inputs[name].label) for name in table.inputs]
    yield grid_of_words(["rule", *labels, "answer", "rationale", "status"], rows)


def _cell(condition: Condition | None) -> str:
    return shown(condition.text) if condition else ""


def _conditions(conditions: Mapping[str, Condition]) -> str:
    return shown(", ".join(f"{name} {condition.text}" for name, condition in conditions.items()))


def _paths(regimen: Regimen) -> Iterator[str]:
    yield "## Every path"
    rows = [
        [
            str(number),
            " > ".join(path.phases) or "no therapy",
            shown(path.ends),
            shown(totals_words(regimen, path.totals)),
        ]
        for number, path in enumerate(paths_of(regimen), 1)
    ]
    yield grid_of_words(["", "months", "ends", "total"], rows)


def _sources(regimen: Regimen) -> Iterator[str]:
    yield "## Sources"
    rows = [
        [f"`{name}`", shown(s.title), _link(s.doi) if s.doi else shown(s.address or "")]
        for name, s in regimen.sources.items()
    ]
    yield grid_of_words(["name", "", "address"], rows)


def _link(doi: str) -> str:
    return f"[{shown(doi)}](https://doi.org/{quote(doi, safe='/:;.-_')})"


#: Formats in which a whole regimen can be shown.
REGIMEN_FORMATS = dict(
    zip(FORMAT_NAMES, (regimen_text, markdown, mermaid, tree_svg, dmn_xml), strict=True)
)


def shown_as(regimen: Regimen, form: str, tables: Sequence[str] = ()) -> str:
    """Return a regimen in one of `REGIMEN_FORMATS`; ``tables`` limit the tables of DMN.

    Raises
    ------
    InputError
        There is no table of this name.
    """
    for name in tables:
        if name not in regimen.tables:
            cure = f"there are: {', '.join(regimen.tables)}"
            raise InputError.of("table", "", f"there is no table {name!r}", cure)
    return dmn_xml(regimen, tables) if form == "dmn" else REGIMEN_FORMATS[form](regimen)


def rule_rows(regimen: Regimen) -> list[dict[str, str | None]]:
    """Return the rules of all tables, one row each."""
    return [
        {
            "table": table.name,
            "rule": rule.id,
            "conditions": ", ".join(f"{key} {c.text}" for key, c in rule.conditions.items()),
            "outcome": rule.outcome,
            "action": rule.then,
            "rationale": rule.rationale,
            "status": rule.status,
            "citation": rule.citation,
        }
        for table in regimen.tables.values()
        for rule in table.rules
    ]
