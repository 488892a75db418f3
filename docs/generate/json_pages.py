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

from docs.generate.json.schema import rows, schema_of_examples
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
    "late.csv": "control_events,control_participants,treated_events,treated_participants\n"
    "16,60,38,60\n22,80,48,80\n",
    "waiting.yaml": "id: example\ntitle: Example\nquestion: Is therapy better?\nparticipants: 240\n"
    "risks: {control_percent: 40, treated_percent: 55}\n"
    "sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    "monitoring: {analyses_percent: [50, 100], futility: OF, binding: true, alpha_percent: 2.5, "
    "sides: 1, decision_analysis: balanced}\n",
    "estimates.csv": "estimate,std_error\n0.11,0.06\n",
    "interim.csv": "control_events,control_participants,treated_events,treated_participants\n"
    "20,60,33,60\n40,120,66,120\n",
    "trial.yaml": "id: example\ntitle: Example\nquestion: Is therapy better?\nparticipants: 360\n"
    "risks: {control_percent: 40, treated_percent: 55}\n"
    "sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    "monitoring: {analyses_percent: [50, 100], efficacy: OF, alpha_percent: 2.5, sides: 1}\n"
    "decision: {min_power_percent: 80}\n",
    "curve.yaml": "id: example\ntitle: Example\nquestion: Is therapy better?\nparticipants: 80\n"
    "risks: {control_percent: 30, treated_percent: 55}\n"
    "sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    "analysis: {method: mantel-haenszel, strata: [site]}\n",
    "several.yaml": "id: example\ntitle: Example\nquestion: Which one helps?\nparticipants: 240\n"
    "risks_percent: {placebo: 40, hcg: 50, ufsh: 65}\n"
    "sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    "monitoring: {alpha_percent: 2.5, sides: 1}\n",
    "stages.yaml": "id: example\ntitle: Example\nquestion: Which one helps?\nparticipants: 540\n"
    "risks_percent: {placebo: 40, hcg: 50, ufsh: 60}\n"
    "sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    "monitoring: {analyses_percent: [50, 100], alpha_percent: 2.5, sides: 1, harm: OF}\n"
    "dropping: {futility_z: [0]}\n",
    "arms.csv": "placebo_events,placebo_participants,hcg_events,hcg_participants,ufsh_events,"
    "ufsh_participants\n36,90,33,90,50,90\n",
    "ordered.yaml": "id: example\ntitle: Example\nquestion: Which one helps?\nparticipants: 540\n"
    "risks_percent: {placebo: 40, hcg: 50, ufsh: 60}\n"
    "sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    "monitoring: {analyses_percent: [30, 60, 100], efficacy: HP(3), alpha_percent: 2.5, sides: 1}\n"
    "testing: {procedure: fixed sequence, order: [ufsh, hcg]}\n",
    "arms-early.csv": "placebo_participants,hcg_participants,ufsh_participants,hcg_estimate,"
    "hcg_std_error,ufsh_estimate,ufsh_std_error\n54,54,54,0.05,0.095,0.15,0.095\n",
    "arms-late.csv": "placebo_events,placebo_participants,hcg_events,hcg_participants,ufsh_events,"
    "ufsh_participants\n36,90,33,90,62,90\n38,95,35,95,66,96\n",
    "arms-with-prior.yaml": "id: example\ntitle: Example\nquestion: Which one helps?\n"
    "participants: 240\nrisks_percent: {placebo: 40, hcg: 50, ufsh: 65}\n"
    "prior: evidence\nprior_of: ufsh\n"
    "sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    "monitoring: {analyses_percent: [50, 100]}\ndropping: {futility_z: [0]}\n",
    "bayesian.yaml": "id: example\ntitle: Example\nquestion: Is therapy better?\n"
    "participants: 240\n"
    "risks: {control_percent: 40, treated_percent: 55}\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    "bayes:\n  analyses_percent: [50, 100]\n"
    "  effect: {log_odds: [{weight_percent: 20, mean_log_odds: 0, sd_log_odds: 0}, "
    "{weight_percent: 80, mean_log_odds: 0.4, sd_log_odds: 0.5}]}\n"
    "  success: {probability_percent: [97.5]}\n  harm: {probability_percent: [95]}\n"
    "  futility: {probability_percent: [20], predictive_percent: [5]}\n",
    "large.yaml": "id: example\ntitle: Example\nquestion: Is therapy better?\n"
    "participants: 4000\nrisks: {control_percent: 40, treated_percent: 45}\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    "sites: [{name: first, from_month: [0], recruitment_per_year: [1000]}]\n"
    "bayes:\n  success: {probability_percent: [97.5]}\n",
    "strata.yaml": "id: example\ntitle: Example\nquestion: Which one helps?\nparticipants: 90\n"
    "scenario: rct-two-arm\n"
    "arms: {none: {regimen: no-therapy}, hcg: {regimen: hcg-only}, ufsh: {regimen: fsh-guided}}\n"
    "factors: [{name: FSH class, variable: fsh_iu_l, cut_points: [12]}]\n"
    "randomisation: {method: stratified, by: [FSH class]}\n"
    "sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n",
    "subgroups.yaml": "id: by-duration\ntitle: Example\nquestion: For whom?\nparticipants: 200\n"
    "scenario: effect-by-duration\n"
    "sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]\n"
    "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    "subgroups:\n  populations: [{name: long, variable: infertility_duration_years, above: 3}]\n"
    "  claims: {method: hochberg}\n",
    "columns.yaml": "columns:\n  age_years: age\n  gonadotropin_therapy: treated\n"
    "  sperm_retrieved: found\nextends: paper\n",
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
            "boundaries --analyses 2 --spending OF --control-risk 20% --treated-risk 36% "
            "--prior evidence",
        ),
    ),
    "monitor": (
        "Monitoring",
        (
            "monitor trial.yaml interim.csv",
            "monitor trial.yaml first.csv --effect 50",
            "monitor trial.yaml estimates.csv",
            "monitor waiting.yaml late.csv --overrunning",
        ),
    ),
    "monitor-several-arms": (
        "Monitoring of several arms",
        (
            "monitor stages.yaml arms.csv --effect 50",
            "monitor stages.yaml arms-late.csv --overrunning",
            "monitor ordered.yaml arms-early.csv",
        ),
    ),
    "analysis": ("Analysis", ("analyse patients.csv --plan plan.yaml",)),
    "power": (
        "Power study (`power.json`)",
        (
            "power trial.yaml --replicates 40 --sensitivity dropout=0,20 --tornado",
            "power three-endpoints --replicates 20",
            "power re-estimation --replicates 20",
            "power waiting.yaml --replicates 40",
            "power subgroups.yaml --replicates 40",
            "power minimisation-eight-sites --replicates 20 --participants 160 --interpolate",
            "power curve.yaml --replicates 60 --interpolate --participants 60 --participants 68 "
            "--participants 76 --participants 84 --participants 92 --participants 100 "
            "--participants 108 --participants 116",
        ),
    ),
    "power-several-arms": (
        "Power study of several arms",
        (
            "power several.yaml --replicates 40 --target-power 0.8 --sensitivity dropout=0,20 "
            "--tornado",
            "power three-arms-live-birth --replicates 20",
            "power strata.yaml --replicates 20",
            "power arms-with-prior.yaml --replicates 20",
            "power enrichment-long-infertility --replicates 20",
        ),
    ),
    "power-comparison": (
        "Comparison of designs, one of several arms",
        ("power several.yaml three-analyses --participants 240 --replicates 20",),
    ),
    "power-bayesian": (
        "Operating characteristics of a Bayesian trial",
        (
            "power bayesian-borrowed-controls --target-power 0.8",
            "power bayesian.yaml",
            "power large.yaml --replicates 200",
        ),
    ),
    "monitor-bayesian": (
        "Monitoring of a Bayesian trial",
        ("monitor bayesian-borrowed-controls first.csv", "monitor bayesian.yaml interim.csv"),
    ),
    "forecast": (
        "Probability of success",
        (
            "power superiority-any-sperm --prior evidence --participants 300",
            "power three-analyses --prior evidence --participants 300",
            "power three-arms-live-birth --prior evidence --prior-of hcg --participants 450",
        ),
    ),
    "recovery": (
        "Recovery of known effects",
        ("recover no-effect --replicates 4 --truth-patients 1000 --no-figures --out recovered",),
    ),
    "truth": ("True effects", ("truth paper --patients 100",)),
    "fit": ("Fit of a scenario", ("fit patients.csv --mapping columns.yaml --resamples 20",)),
    "clinic": (
        "Clinic",
        ("clinic paper --clinic busy-theatre --patients 60 --replicates 2 --no-figures --out run",),
    ),
    "reproduction": ("Reproduction of the article", ("reproduce --replicates 2",)),
    "evidence": ("Published studies", ("evidence --surgery second",)),
    "meta-analysis": (
        "Meta-analysis",
        ("evidence --pool 'sperm retrieved'", "evidence --pool 'sperm retrieved' --by fsh_class"),
    ),
    "meta-analysis-of-counts": (
        "Meta-analysis of counts",
        ("evidence --model binomial-normal", "evidence --model beta-binomial"),
    ),
}

INTRODUCTION = """\
# JSON documents

Every `--json` prints one document; [output](../output.md) states the rules for all of them. The
tables list the fields of each document by their path, with their meaning: `[]` is an element of a
list, `*` any name.
`pretese schema NAME` prints the JSON Schema (draft 2020-12) of a document, or of a file that the
program reads; without NAME it lists them. The schemas and this page are generated from outputs of
the commands:

```sh
python -m docs.generate.json_pages
```

Numbers that are not defined are `null`. Fields may be added at any time; a field that is removed or
changes its meaning gives the document a new schema number. Suffixes state the unit: `_percent`,
`_months`, `_iu_l`, and others in the [glossary](../../glossary.md#units-in-names); without one,
proportions are fractions. A figure from simulation is an object with `value`, its Monte Carlo
standard error `mcse` and the number of replicates `n`.

Described elsewhere: [decisions](../decision-schema.md), [recovery studies](../study.md#files),
[manifests](../output-folders.md), `datapackage.json`
([Frictionless](https://specs.frictionlessdata.io/data-package/)).
"""


def examples(name: str, folder: Path) -> Iterator[Any]:
    """Yield examples of a document; ``folder`` holds `FILES`."""
    return (printed(command, folder) for command in DOCUMENTS[name][1])


def printed(command: str, folder: Path) -> Any:
    """Return the document that a command prints."""
    out, quiet = io.StringIO(), contextlib.redirect_stderr(io.StringIO())
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), quiet:
        code = run([*shlex.split(command), "--json"])
    if code not in (0, 3):  # 3: a check failed, as it may with few replicates
        raise RuntimeError(f"pretese {command} ends with {code}")
    return json.loads(out.getvalue())


def schema(name: str, folder: Path) -> dict[str, Any]:
    """Return the schema that all examples of a document meet."""
    return schema_of_examples(name, examples(name, folder))


def write_inputs(folder: Path) -> None:
    """Write the inputs of all commands."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")


def _section(name: str, found: dict[str, Any]) -> str:
    title, commands = DOCUMENTS[name]
    table = "\n".join(f"| `{place}` | {kind} | {words} |" for place, kind, words in rows(found))
    head = (
        f"## {title}\n\nExample: `pretese {commands[0]} --json`. Schema: `pretese schema {name}`.\n"
    )
    return f"{head}\n| field | type | meaning |\n|---|---|---|\n{table}\n"


def main() -> None:
    """Write all schemas and the page."""
    TARGET.mkdir(exist_ok=True)
    parts = [INTRODUCTION]
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(Path(folder))
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
