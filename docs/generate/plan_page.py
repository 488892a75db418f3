"""The reference page of the analysis plan, written from its models and the registry of methods.

``python -m docs.generate.plan_page > docs/reference/analysis-plan.md`` writes it.
"""

import inspect
import re
import sys
from collections.abc import Iterator

from pydantic import BaseModel

from estimate.longitudinal.strategies import Strategies
from estimate.methods.method import Method
from estimate.methods.registry import METHODS
from estimate.plan import choices
from estimate.plan.spec import Plan
from pretese.io.text.markup import markdown_text

INTRODUCTION = """\
# Analysis plan

The YAML file that [`pretese analyse`](../how-to/analyse-your-own-table.md) and
[`pretese recover`](../how-to/check-that-an-analysis-recovers-the-truth.md) read. This page is
generated from the code:

```sh
python -m docs.generate.plan_page > docs/reference/analysis-plan.md
```

A field that is not listed is refused. All faults of a plan are reported together.

```yaml
treatment: received_fsh
outcome: sperm_found
covariates:
  age: numeric
  cause: {categorical: [unexplained, undescended, mumps]}
methods: [unadjusted, adjusted, iptw-ate]
missing: {method: mice, imputations: 20, iterations: 10}
```
"""

#: An entry of a numpydoc section: names, then indented lines.
_ENTRY = re.compile(r"^(\S[^\n]*)\n((?: +[^\n]*\n?|\n(?= ))+)", re.MULTILINE)

#: Above the table of methods.
METHODS_NOTE = (
    "Targets: ate, att, atc, ato, atm as in the [glossary](../glossary.md). "
    "[Analyse your own table](../how-to/analyse-your-own-table.md#the-methods) describes each."
)

#: Meanings of fields whose models have no list of their own.
MEANINGS = {
    "methods": "what to estimate; the table below lists them",
    "matching": "how pairs are matched",
    "missing": "what is done about missing covariates",
    "seed": "of imputation, mediation and bootstrap",
    "column": "column of the outcome",
    "kind": "`binary`, `continuous`, `count` or `ordinal`; without it, by the values of the column",
    "levels": "classes of an ordinal outcome, the lowest first",
    "exposure": "column with the denominator of a count",
    "time": "column with the time to the event or to censoring",
    "event": "column of 0 (censored) and 1",
    "Event.event": "the event, in words",
    "Primary.method": "a method or model of the plan",
    "Primary.effect": "its effect measure, for example `risk difference` or `odds ratio`",
    "horizon": "time up to which risks and restricted means are compared",
    "events": "column with the number of events among `trials`",
    "visits": "columns of one measurement at two to twelve visits, in their order",
    "baseline": "numeric covariate with the measurement before treatment, for `visits`",
    "trials": "column with the number of trials, for example oocytes injected",
    "focal": "arm whose patients are matched: `treated` or `untreated`; without it the smaller arm",
    "order": "order of matching: `largest`, `smallest`, `data` or `closest` first",
    "caliper_percent": "largest distance of a pair, in percent of a standard deviation",
    "on": "distance: difference of the `score` or of its `logit`",
    "exact": "category that must be equal within a pair",
    "ratio": "controls per focal patient",
    "method": "`complete-case`, `mice`, or `none` (a missing value is an error)",
    "imputations": "number of imputed data sets",
    "iterations": "iterations of the chained equations",
    "predictors": "covariate to the covariates from which it is imputed",
    "by": "column that divides the patients",
    "cut": "condition of the first group, for example `< 35`",
    "groups": "name of a group to its levels",
    "before": "column before therapy",
    "after": "column after therapy",
    "transfers": "column with the number of embryo transfers",
    "birth": "column of 0 and 1: live birth",
    "embryos_left": "column of 0 and 1: frozen embryos remain",
    "strategy": "how it is handled: a strategy of ICH E9(R1)",
}

#: Models of a plan: heading, model, where it is used.
PARTS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("The plan", Plan, ""),
    ("`outcome`", choices.Outcome, "A name is the column of an outcome of 0 and 1."),
    ("`matching`", choices.Matching, ""),
    ("`missing`", choices.MissingData, "See also [missing values](missing-values.md)."),
    ("`subgroups`", choices.Subgroup, "One per name."),
    ("`changes`", choices.Measured, "One per name."),
    ("`live_birth`", choices.LiveBirthColumns, ""),
    ("`intercurrent`", choices.Event, "A list."),
    ("`primary`", choices.Primary, ""),
    ("`strategies`", Strategies, ""),
)


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION, *(_part(*part) for part in PARTS), _methods()]
    return "\n".join(parts)


def _part(heading: str, model: type[BaseModel], words: str) -> str:
    rows = "\n".join(f"| {' | '.join(row)} |" for row in _fields(model))
    lead = f"{words}\n\n" if words else ""
    return f"## {heading}\n\n{lead}| field | default | meaning |\n|---|---|---|\n{rows}\n"


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    """Yield name, default and meaning of every field."""
    for name, field in model.model_fields.items():
        default = (
            "required"
            if field.is_required()
            else _default(field.get_default(call_default_factory=True))
        )
        yield f"`{name}`", default, _meaning(model, name)


def _meaning(model: type[BaseModel], name: str) -> str:
    own = MEANINGS.get(f"{model.__name__}.{name}") or documented(model).get(name)
    words = own or MEANINGS[name]
    plain = words[0].lower() + words[1:] if words[1:2].islower() else words
    return markdown_text(plain.removesuffix(".")).replace("\\`", "`")


def _default(value: object) -> str:
    if isinstance(value, BaseModel):
        return "see below"
    if value is None or value in ((), [], {}):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def documented(model: type[BaseModel]) -> dict[str, str]:
    """Return the meaning of each field by the docstring of its model.

    >>> documented(choices.Measured)["before"] != ""
    True
    """
    text = inspect.getdoc(model) or ""
    found: dict[str, str] = {}
    section = re.split(r"^(?:Attributes|Parameters)\n-+\n", text, maxsplit=1, flags=re.MULTILINE)
    for names, body in _ENTRY.findall(section[-1] + "\n"):
        words = " ".join(body.split()).replace("``", "`")
        found |= dict.fromkeys((name.strip() for name in names.split(",")), words)
    return found


def _methods() -> str:
    rows = "\n".join(
        f"| `{name}` | {each.label} | {each.target} | {', '.join(each.scales)} | {_offered(each)} |"
        for name, each in METHODS.items()
    )
    head = "| method | in reports | target | scales | commands |"
    head += "\n|---|---|---|---|---|"
    return f"## Methods\n\n{METHODS_NOTE}\n\n{head}\n{rows}\n"


def _offered(method: Method) -> str:
    return ", ".join(
        f"`{name}`" for name in ("analyse", "recover", "power") if name in method.offered
    )


if __name__ == "__main__":
    sys.stdout.write(page())
