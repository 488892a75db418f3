"""The reference page of the tables and their columns, written from the code.

``python -m docs.generate.tables_page > docs/reference/tables.md`` writes it.
"""

import sys
from collections.abc import Iterable, Mapping

import pandas as pd

from pretese.io.export.columns.export_fields import Field, Fields, fields_of, is_truth
from pretese.io.export.standards.adam import AnalysisData, adlb, adsl
from simulate.cohort.draw import draw_cohort
from simulate.scenario.load import load_scenario
from simulate.tables.study_tables import tables

#: What a row of each table is.
ROWS = {
    "patients": "one row per patient",
    "visits": "one row per patient and visit: enrolment, and the end of each month of therapy",
    "injections": "one row per injection given",
    "procedures": "one row per procedure done",
    "operations": "one row per micro-TESE",
    "cycles": "one row per couple that reached ICSI",
    "transfers": "one row per embryo transfer",
    "truth": "one row per patient: values that a clinic cannot observe",
}

INTRODUCTION = """\
# Tables

The tables that `pretese simulate` writes. This page is generated from the code:

```sh
python -m docs.generate.tables_page > docs/reference/tables.md
```

A *number* may have decimals, a *count* is an integer, a *flag* is 0 or 1, a *date* is a day,
*text* is one of the values listed. Days are counted from 0, the day of enrolment; months from 1, of
30 days. Unknown values are empty. With `--exact-days`, dates and times are absent and days are
those of the regimen. A study at several sites has a column `site` after `patient_id`. With
`--replicates` above 1, the first column of every table is `study`, from 1.
UCUM is the code of the unit in the [Unified Code for Units of Measure](https://ucum.org).
"""

ANALYSIS = """\
## Analysis data sets

`--format dataset-json` writes ADSL and ADLB as CDISC Dataset-JSON 1.1, and their metadata as
define.xml 2.1. They take the names of ADaM where the simulator knows the content, and are not
ready for submission: no patient has a race, and there is no SDTM behind them. The planned treatment
is the one chosen; a study at one site has SITEID 1. ADY counts from 1, as in all of CDISC. A
hormone that was not measured has no row in ADLB.
"""


def page() -> str:
    """Return the page."""
    paper = load_scenario("paper")
    parts = tables(draw_cohort(paper, seed=1, patients=200), exact_days=False)
    fields = fields_of(parts, paper)
    sections = [_section(name, fields[name]) for name in fields]
    return "\n".join([INTRODUCTION, *sections, ANALYSIS, *_analysis(parts, fields)])


def _section(name: str, fields: Iterable[Field]) -> str:
    file = f"truth/{name}" if is_truth(name) else name
    rows = [
        (
            f"`{f.name}`",
            f.kind,
            f.unit.printed,
            f"`{f.unit.ucum}`" if f.unit.ucum else "",
            _meaning(f),
        )
        for f in fields
    ]
    head = ("column", "kind", "unit", "UCUM", "meaning")
    about = f", {ROWS[name]}" if name in ROWS else ""
    return f"## {name}\n\n`{file}`{about}.\n\n{_table(head, rows)}"


def _meaning(field: Field) -> str:
    if all(word in field.meaning for word in field.choices):
        return field.meaning
    return f"{field.meaning}: {', '.join(field.choices)}"


def _analysis(parts: Mapping[str, pd.DataFrame], fields: Fields) -> list[str]:
    made: list[AnalysisData] = [make(parts, "paper", fields) for make in (adsl, adlb)]
    head = ("variable", "type", "label")
    return [
        f"### {data.name}\n\n"
        + _table(head, ((f"`{v.name}`", v.type, v.label) for v in data.variables))
        for data in made
    ]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
