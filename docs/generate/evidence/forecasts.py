"""Dated forecasts of registered trials: the records, and the page that lists them.

``python -m docs.generate.evidence.forecasts`` writes both. A record is kept as it was made: change
its date when you change what it rests on.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pretese

ROOT = Path(__file__).resolve().parents[3]
RECORDS = ROOT / "scenarios" / "forecasts"
PAGE = ROOT / "docs" / "reference" / "forecasts.md"


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered trial: its design, the evidence that its forecast rests on, and the date."""

    registry: str
    design: str
    prior: str
    made_on: str
    note: str


TRIALS = (
    Registered(
        "NCT02275169", "placebo-ufsh", "before-first-retrieval", "2026-12-01",
        "The studies, none of them randomised, gave hCG with uFSH, letrozole, clomiphene or hCG, "
        "or hormones that are not named; the trial gives uFSH without hCG against placebo.",
    ),
    Registered(
        "NCT03615547", "clomiphene-second-tese", "before-second-retrieval", "2026-12-01",
        "One study, which was not randomised, gave daily hCG with or without rFSH; the trial gives "
        "clomiphene. The evidence contains no study of clomiphene before a second retrieval.",
    ),
)  # fmt: skip

INTRODUCTION = """\
# Forecasts of registered trials

Two registered trials have designs that ship with the program. For each, the probability that it
will show a benefit is computed from the shipped evidence before its results are known. It is kept
with its date and hashes in `scenarios/forecasts/`, so that it can be scored later.

```sh
pretese power placebo-ufsh --prior before-first-retrieval
```

shows how each forecast is made. A success is a two-sided p-value below 5 % in favour of treatment
in the trial's primary analysis; harm is the same in favour of control. Page and records are written
by `python -m docs.generate.evidence.forecasts`, and a test computes them again.
"""

SCORING = """\
## Scoring

When a trial reports, its outcome is `benefit`, `harm` or `neither`:

```python
import pretese as pt

forecast = pt.design("placebo-ufsh").forecast("before-first-retrieval")
forecast.scores("neither")
```

gives the Brier score (0 to 2) and the logarithmic score; less is better. A forecast that gives each
outcome one third has 0.67 and 1.10. With two trials, scores say little about the method.

`content_sha256` is the SHA-256 of the record's other fields as JSON with sorted keys and without
spaces; `design_sha256` is that of the design file.
"""


def record(trial: Registered) -> dict[str, Any]:
    """Return the record of a trial's forecast."""
    forecast = pretese.design(trial.design).forecast(trial.prior)
    return forecast.record(trial.registry, trial.made_on, trial.note)


def text_of(found: dict[str, Any]) -> str:
    """Return a record as its file holds it."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def page(records: list[dict[str, Any]]) -> str:
    """Return the page as Markdown, ending in one newline."""
    return "\n".join([INTRODUCTION, *map(_section, records), SCORING])


def _section(found: dict[str, Any]) -> str:
    shown = found["probabilities"]
    low, high = (f"{100 * value:.0f}" for value in found["success_band"])
    registry = found["registry"]
    rows = {
        "register": f"[{registry}](https://clinicaltrials.gov/study/{registry})",
        "design": f"`{found['design']}`, {found['participants']} participants, {found['endpoint']}",
        "control risk": f"{100 * found['plan']['control_risk']:.1f} %",
        "prior": f"{found['prior']['about']} ({found['prior']['status']})",
        "made on": found["made_on"],
        "benefit shown": f"{100 * shown['benefit']:.0f} % (band {low} to {high} %)",
        "harm shown": f"{100 * shown['harm']:.0f} %",
        "neither": f"{100 * shown['neither']:.0f} %",
        "record": f"`{found['content_sha256'][:16]}`",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"## {registry}\n\n| | |\n|---|---|\n{table}\n\n{found['note']}\n"


def main() -> None:
    """Write the records and the page."""
    RECORDS.mkdir(exist_ok=True)
    records = [record(trial) for trial in TRIALS]
    for trial, found in zip(TRIALS, records, strict=True):
        path = RECORDS / f"{trial.registry.lower()}.json"
        path.write_text(text_of(found), encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
    PAGE.write_text(page(records), encoding="utf-8")


if __name__ == "__main__":
    main()
