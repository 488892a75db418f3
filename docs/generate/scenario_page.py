"""The reference page of scenario files, written from the code and the shipped scenarios.

``python -m docs.generate.scenario_page > docs/reference/scenario.md`` regenerates it.
"""

import sys
from collections.abc import Iterator
from itertools import groupby

from simulate.core.shipped import scenario_names
from simulate.scenario import Scenario
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import parameters
from simulate.scenario.sections.parameter import Parameter

INTRODUCTION = """\
# Scenario files

A scenario is a question about synthetic patients, with every number needed to simulate them. This
page is generated from the code; do not edit it:

```sh
python -m docs.generate.scenario_page > docs/reference/scenario.md
```

## Write your own

State only the differences from a shipped scenario:

```yaml
id: my-question
extends: paper            # a scenario in the same folder, a shipped one, or the path of a file
question: What is the effect of missing 20 % of the injections?
expected_finding: The rise of testosterone and the fall of FSH are smaller.
behaviour:
  missed_share: {value: 0.2, unit: "1", status: assumed, source: "my clinic", sweep: [0, 0.4]}
```

Sections are merged; a number replaces the inherited number as a whole; `null` removes it.
Question, expected finding and targets are not inherited. To change a single number, use
`pretese simulate paper --set behaviour.missed_share=0.2`; an unknown path is refused, and so is
a value outside the `sweep` of an assumption: to use it, declare a wider range with its source.

Files are read as YAML 1.2: `true` and `false` are the only booleans, `yes`, `no`, `on`, `off` and
dates are text, `1_000` is not a number.

Every number has a `value`, a `unit` (UCUM, or "log odds", "log", "1"), a `source`, and a `status`:

| status | meaning |
|---|---|
| published | reported by the source |
| derived | computed from reported numbers |
| transported | published for another population or dose (`from_population`, `from_dose`); `sweep` |
| estimated | [fitted to a table](../how-to/fit-a-scenario-to-your-table.md); `sweep` is 95 % CI |
| calibrated | solved by `pretese calibrate` from `value`; see `calibration_records/` |
| assumed | free within `sweep`; not determined by any source |

A target is the id of a [published number](published-numbers.md), or a mapping with `number`
(such an id, or `truth.` with an estimand and a scale, such as
`truth.any_sperm.everyone.risk_ratio`), `value`, `half_unit` (the tolerance), `source`,
and optionally `weight` and `must_match: false`. A file that extends another and states calibrated
numbers needs its own targets and calibration record, and only these numbers are solved. A
calibration record is refused if its scenario or the solution of the parent has changed, or if a
value was changed by hand (checked with `record_sha256`).

`physiology.kinetics` declares drugs besides hCG and uFSH, by the name that regimens give them:
`fsh` (kinetics of one IU as serum FSH), `hcg_iu_per_iu` (equivalent IU of hCG on the Leydig
cells), or `inert: true`. A regimen that injects an undeclared drug is refused.

`choice.by: coin` randomises: all patients have the same probability of therapy.

`user_defined` adds covariates, outcomes and mechanisms by formulas or functions
([how](../how-to/extend-a-scenario.md)).
"""


def page() -> str:
    """Return the page."""
    paper = load_scenario("paper")
    return "\n".join([INTRODUCTION, *_library(), *_numbers(paper)])


def _library() -> Iterator[str]:
    yield "## Shipped scenarios\n"
    yield "| scenario | question | expected finding |\n|---|---|---|"
    for name in ("paper", *(each for each in scenario_names() if each != "paper")):
        scenario = load_scenario(name)
        yield f"| `{name}` | {_line(scenario.question)} | {_line(scenario.expected_finding)} |"
    yield ""


def _numbers(scenario: Scenario) -> Iterator[str]:
    yield "## Every number of `paper`\n"
    yield "Calibrated numbers are shown as solved."
    for section, listed in groupby(parameters(scenario).items(), lambda each: _section(each[0])):
        yield f"\n### {section}\n"
        yield "| number | value | unit | status | source |\n|---|---|---|---|---|"
        for path, number in listed:
            within = f", within {number.sweep[0]:g} to {number.sweep[1]:g}" if number.sweep else ""
            yield (
                f"| `{path.removeprefix(section + '.')}` | {_value(number)} | {number.unit} "
                f"| {number.status}{within} | {_line(_source(number))} |"
            )


def _source(number: Parameter) -> str:
    """Return the source; of a transported number with the patients and dose of the source."""
    if number.status != "transported":
        return number.source
    return f"{number.source} ({number.from_population}; {number.from_dose})"


def _section(path: str) -> str:
    return path.split(".")[0]


def _value(number: Parameter) -> str:
    return f"{number.value:.4g}"


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page() + "\n")
