"""JSON Schemas of the documents that commands print, and the page that lists their fields.

``python -m docs.generate.json_pages`` runs each command on a small example and writes what it finds
into ``docs/reference/json`` and ``pretese/api/schemas/answers``. The document of `decide` has a
schema of its own.
"""

import contextlib
import io
import json
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pretese.cli import run

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "reference" / "json"
SCHEMA_FOLDER = ROOT / "pretese" / "api" / "schemas" / "answers"

#: Small inputs of the commands.
FILES = {
    "log.csv": "patient,date,event,drug,amount,unit,value\nP-1,2022-03-01,start,,,,\n"
    "P-1,2022-03-01,injection,hcg,2000,IU,\nP-1,2022-03-05,injection,hcg,5000,IU,\n",
    "short.csv": "patient,date,event,drug,amount,unit,value\n"
    "P-2,2022-03-01,injection,hcg,2000,IU,\n"
    "P-2,2022-03-31,fsh,,9.8,IU/L,\nP-2,2022-03-31,micro-tese,,,,\n",
    "first.csv": "control_events,control_participants,treated_events,treated_participants\n"
    "20,60,26,60\n",
    "estimates.csv": "estimate,std_error\n0.11,0.06\n",
    "interim.csv": "control_events,control_participants,treated_events,treated_participants\n"
    "20,60,33,60\n40,120,66,120\n",
    "trial.yaml": "id: example\ntitle: Example\nquestion: Is therapy better?\nparticipants: 360\n"
    "risks: {control_percent: 40, treated_percent: 55}\n"
    "sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    "monitoring: {analyses_percent: [50, 100], efficacy: OF, alpha_percent: 2.5, sides: 1}\n"
    "decision: {min_power_percent: 80}\n",
    "plan.yaml": "treatment: treated\noutcome: found\ncovariates: {age: numeric}\n"
    "methods: [unadjusted, adjusted, iptw-ate]\nsubgroups: {older: {by: age, cut: '< 35'}}\n",
    "patients.csv": "treated,found,age\n"
    + "".join(f"{i % 2},{(i * 7) % 5 > 2:d},{25 + (i * 11) % 20}\n" for i in range(80)),
}

#: Document: title, and one or more commands whose outputs together show its fields.
DOCUMENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "schedule": (
        "Schedule",
        ("schedule --start 2022-03-01 --fsh 9.8", "schedule --start 2022-03-01"),
    ),
    "audit": ("Audit", ("audit log.csv", "audit short.csv")),
    "proof": ("Verification of a regimen", ("regimen verify fsh-guided",)),
    "cases": ("Test cases of a regimen", ("regimen test fsh-guided",)),
    "boundaries": (
        "Boundaries",
        (
            "boundaries --analyses 3 --spending OF --futility OF --control-risk 20% "
            "--treated-risk 36%",
            "boundaries --analyses 2 --shape HP --sides 2",
        ),
    ),
    "monitor": (
        "Monitoring",
        (
            "monitor trial.yaml interim.csv",
            "monitor trial.yaml first.csv --effect 50",
            "monitor trial.yaml estimates.csv",
        ),
    ),
    "analysis": ("Analysis", ("analyse patients.csv --plan plan.yaml",)),
    "power": (
        "Power study (`power.json`)",
        (
            "power trial.yaml --replicates 40 --sensitivity dropout=0,20 --tornado",
            "power three-endpoints --replicates 20",
            "power re-estimation --replicates 20",
        ),
    ),
    "evidence": ("Published studies", ("evidence --surgery second",)),
    "meta-analysis": ("Meta-analysis", ("evidence --pool 'sperm retrieved'",)),
    "fit": ("Fit of a scenario", ("fit fitted.csv",)),
    "clinic": (
        "Run of a clinic",
        ("clinic --clinic unlimited --patients 40 --replicates 2 --no-figures --out clinic",),
    ),
    "recover": (
        "Recovery study (`study.json`)",
        ("recover null --replicates 20 --truth-patients 4096 --no-figures --out recover",),
    ),
    "reproduce": ("Published study, simulated", ("reproduce --replicates 4 --out article",)),
    "manifest": ("Manifest (`manifest.json`)", ("clinic/manifest.json", "article/manifest.json")),
}

#: Statuses with which a command may end that prints its document: done, and a number missed.
PRINTED = (0, 3)

INTRODUCTION = """\
# JSON documents

Every `--json` prints one document; [output](../output.md) states the rules for all of them. The
tables list the fields of each document by their path: `[]` is an element of a list, `*` any name.
`pretese schema NAME` prints the JSON Schema (draft 2020-12) of a document, and of every file that
the program reads; without NAME it lists them. The schemas and this page are generated from outputs
of the commands:

```sh
python -m docs.generate.json_pages
```

Numbers that are not defined are `null`. Fields may be added at any time; a field that is removed or
changes its meaning gives the document a new schema number. Suffixes state the unit: `_percent`,
`_months`, `_iu_l`, and others in the [glossary](../../glossary.md#units-in-names); without one,
proportions are fractions. A figure from simulation is an object with `value`, its Monte Carlo
standard error `mcse` and the number of replicates `n`.

Described elsewhere: [decisions](../decision-schema.md); more on
[recovery studies](../study.md#files) and [manifests](../output-folders.md); `datapackage.json`
([Frictionless](https://specs.frictionlessdata.io/data-package/)).
"""


def examples(name: str, folder: Path) -> Iterator[Any]:
    """Yield examples of a document; ``folder`` holds `FILES`."""
    return (printed(command, folder) for command in DOCUMENTS[name][1])


def printed(command: str, folder: Path) -> Any:
    """Return the document that a command prints, or the file that an earlier one has written."""
    if command.endswith(".json"):
        return json.loads((folder / command).read_text(encoding="utf-8"))
    out, quiet = io.StringIO(), contextlib.redirect_stderr(io.StringIO())
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), quiet:
        code = run([*shlex.split(command), "--json"])
    if code not in PRINTED:
        raise RuntimeError(f"pretese {command} ends with {code}")
    return json.loads(out.getvalue())


def schema(name: str, folder: Path) -> dict[str, Any]:
    """Return the schema that all examples of a document meet."""
    return loosened(_merged(map(schema_of, examples(name, folder))))


def write_inputs(folder: Path) -> None:
    """Write the inputs of all commands, but for the table of `write_fitted_table`."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")


def write_fitted_table(folder: Path) -> None:
    """Write the table to which `pretese fit` fits a scenario."""
    import pretese

    table = pretese.scenario("paper").simulate(200).patients
    table.to_csv(folder / "fitted.csv", index=False)


def schema_of(value: Any) -> dict[str, Any]:
    """Return the JSON Schema of a value; all elements of a list are alike."""
    if isinstance(value, dict):
        if value and all(not key.isidentifier() for key in value):
            return {
                "type": "object",
                "additionalProperties": _merged(map(schema_of, value.values())),
            }
        fields = {key: schema_of(each) for key, each in value.items()}
        return {"type": "object", "properties": fields}
    if isinstance(value, list):
        items = _merged(map(schema_of, value))
        return {"type": "array", "items": items} if items else {"type": "array"}
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}
    return {"type": kinds[type(value)]}


def _merged(schemas: Any) -> dict[str, Any]:
    """Return one schema that all values of some schemas meet."""
    merged: dict[str, Any] = {}
    for each in schemas:
        merged = _both(merged, each) if merged else each
    return merged


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    kinds = sorted({*_kinds(one), *_kinds(other)})
    both: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    for key in ("items", "additionalProperties"):
        found = [each[key] for each in (one, other) if key in each]
        if found:
            both[key] = _merged(found)
    names = {**one.get("properties", {}), **other.get("properties", {})}
    if names:
        pairs = {
            n: [s["properties"][n] for s in (one, other) if n in s.get("properties", {})]
            for n in names
        }
        both["properties"] = {name: _merged(found) for name, found in pairs.items()}
    return both


def loosened(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema in which a field of which only null is known may be anything."""
    if schema.get("type") == "null":
        return {}
    found = dict(schema)
    for key in ("items", "additionalProperties"):
        if key in schema:
            found[key] = loosened(schema[key])
    if "properties" in schema:
        found["properties"] = {name: loosened(s) for name, s in schema["properties"].items()}
    return found


def _kinds(schema: dict[str, Any]) -> list[str]:
    kind = schema.get("type", "any, null in the example")
    return kind if isinstance(kind, list) else [kind]


def rows(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and type of every field."""
    for name, each in schema.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        yield place, " or ".join(_kinds(each))
        yield from rows(each, place)
    if schema.get("items"):
        yield from rows(schema["items"], f"{path}[]")
    if schema.get("additionalProperties"):
        yield from rows(schema["additionalProperties"], f"{path}.*")


def _section(name: str, found: dict[str, Any]) -> str:
    title, commands = DOCUMENTS[name]
    table = "\n".join(f"| `{place}` | {kind} |" for place, kind in rows(found))
    shown = commands[0] if commands[0].endswith(".json") else f"pretese {commands[0]} --json"
    head = f"## {title}\n\nExample: `{shown}`. Schema: `pretese schema {name}`.\n"
    return f"{head}\n| field | type |\n|---|---|\n{table}\n"


def main() -> None:
    """Write all schemas and the page."""
    TARGET.mkdir(exist_ok=True)
    parts = [INTRODUCTION]
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(Path(folder))
        write_fitted_table(Path(folder))
        for name in DOCUMENTS:
            found = schema(name, Path(folder))
            draft = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
            text = json.dumps({**draft, **found}, indent=1) + "\n"
            (SCHEMA_FOLDER / f"{name}.schema.json").write_text(text, encoding="utf-8")
            parts.append(_section(name, found))
            sys.stdout.write(f"wrote {name}.schema.json\n")
    (TARGET / "index.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
