"""The table of methods in the reference page of estimators, written from their registries.

``python -m docs.generate.methods.estimators_page`` writes it into ``docs/reference/estimators.md``;
the rest of the page is written by hand.
"""

from collections import defaultdict
from pathlib import Path

from estimate.methods.method import Method
from estimate.methods.provenance import Provenance
from estimate.methods.registry import METHODS
from estimate.outcomes.registry import OUTCOME_METHODS, provenance_of

PAGE = Path(__file__).parents[2] / "reference/estimators.md"

#: Headings before and after the part that is generated.
FIRST, NEXT = "## Every method of a plan\n", "## Lines of own code\n"

INTRODUCTION = """
This table is generated from the registries of methods, in which each states its code, its source
and its agreement with R: `python -m docs.generate.methods.estimators_page`. Modules are own code
unless a library is named. Batched estimators carry replicates as an axis of their arrays.
"""

#: Kinds of outcome other than 0/1, in words.
OUTCOMES = {
    "continuous": "number", "count": "count", "ordinal": "ordered classes", "time": "time",
    "repeated": "visits",
}  # fmt: skip


def section() -> str:
    """Return the generated part of the page."""
    head = "| method | outcome | code | source | equals in R | to |"
    lines = [head, "|---|---|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in _rows())]
    return FIRST + INTRODUCTION + "\n" + "\n".join(lines) + "\n\n"


def page(text: str) -> str:
    """Return the text of the page with its generated part written again."""
    before, _, rest = text.partition(FIRST)
    return before + section() + NEXT + rest.partition(NEXT)[2]


def _rows() -> list[tuple[str, ...]]:
    """Return one row for the methods that share provenance and outcomes."""
    together: dict[tuple[Provenance, str], list[str]] = defaultdict(list)
    for name, outcomes in _outcomes().items():
        for provenance, kinds in outcomes.items():
            together[provenance, ", ".join(kinds)].append(f"`{name}`")
    return [
        (", ".join(names), outcomes, _code(each), each.source, each.equals, each.agreement)
        for (each, outcomes), names in together.items()
    ]


def _outcomes() -> dict[str, dict[Provenance, list[str]]]:
    """Return the outcomes of each method, by the provenance that it has for them."""
    found: dict[str, dict[Provenance, list[str]]] = {}
    for name, method in METHODS.items():
        found[name] = {method.provenance: ["0/1, trials" if _of_trials(method) else "0/1"]}
        for kind, words in OUTCOMES.items():
            if name in OUTCOME_METHODS[kind]:
                found[name].setdefault(provenance_of(name, kind), []).append(words)
    return found


def _of_trials(method: Method) -> bool:
    return method.offered == {"power"}


def _code(provenance: Provenance) -> str:
    module = provenance.code.rpartition(".")[0]
    return f"`{module}` ({provenance.library})" if provenance.library else f"`{module}`"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
