"""The reference page of a published study: every figure with its place, written from the data.

``python -m docs.generate.published_page > docs/reference/published-numbers.md`` writes it.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping

from pretese.article.published import PrintedPlace, PublishedNumber, PublishedStudy, load_published

SIGNS = {"equals": "", "below": "< ", "above": "> ", "at least": "≥ ", "up to": "≤ ", "about": "≈ "}

INTRODUCTION = """\
# Published numbers

This page is written from `scenarios/published/{name}.yaml`; change the data, not the page:

```sh
python -m docs.generate.published_page > docs/reference/published-numbers.md
```

Source: *{journal}* {year}, doi [{doi}](https://doi.org/{doi}); {about}. A {design}.
Read from {read_from}.

```python
from pretese.article.published import load_published

study = load_published("{name}")
retrieval = study.number("table1.retrieved.treated.percent")
retrieval.value, retrieval.unit, retrieval.half_width  # (31.2, 'percent', 0.05)
retrieval.agrees_with(100 * 115 / 368)  # True
```

A rounded figure stands for itself ± half a unit of its last digit (`half_width`); counts, doses
and thresholds are exact. A printed figure has a place in the article, a derived one has the rule
and the figures that it follows from: {printed} are printed, {derived} derived. Nothing here is
calibrated or assumed.
"""


def page(study: PublishedStudy, name: str) -> str:
    """Return the page as Markdown, ending in one newline."""
    head = INTRODUCTION.format(
        name=name,
        printed=len(study.printed),
        derived=len(study.derived),
        **study.study.model_dump(),
    )
    sections = [head, *_tables(study), *_lists(study)]
    return "\n".join(sections)


def _tables(study: PublishedStudy) -> Iterator[str]:
    yield "## Printed\n"
    for group, numbers in _groups(study.printed):
        yield f"### `{group}`\n"
        rows = (
            (f"`{number_id}`", _figure(n), _unit(n), _label(n), _where(n.at))
            for number_id, n in numbers.items()
        )
        yield _table(("id", "figure", "unit", "what", "where"), rows)
    yield "## Derived\n"
    rows = (
        (f"`{number_id}`", _figure(n), n.unit, _label(n), n.rule or "")
        for number_id, n in study.derived.items()
    )
    yield _table(("id", "figure", "unit", "what", "rule"), rows)


def _lists(study: PublishedStudy) -> Iterator[str]:
    yield "## Stated without a figure\n"
    yield _table(
        ("id", "kind", "statement of the article", "where"),
        ((f"`{i}`", s.kind, s.text, _where(s.at)) for i, s in study.statements.items()),
    )
    yield "## Not printed\n\nReferred to, but not in the text that was read.\n"
    yield _table(
        ("id", "what", "reason", "where"),
        ((f"`{i}`", n.what, n.reason, _where(n.at)) for i, n in study.not_printed.items()),
    )
    yield "## Findings\n\nPlaces where figures or words disagree or are ambiguous; reported only.\n"
    yield _table(
        ("id", "kind", "what was found", "where"),
        ((f"`{i}`", f.kind, f.text, _where(f.at)) for i, f in study.findings.items()),
    )


def _groups(
    numbers: Mapping[str, PublishedNumber],
) -> Iterator[tuple[str, dict[str, PublishedNumber]]]:
    """Split by the first word of the id, in order of first appearance."""
    for group in dict.fromkeys(number_id.split(".")[0] for number_id in numbers):
        members = {i: n for i, n in numbers.items() if i.split(".")[0] == group}
        yield group, members


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _figure(number: PublishedNumber) -> str:
    return SIGNS[number.relation] + number.digits


def _unit(number: PublishedNumber) -> str:
    shown = number.printed_unit
    return f"{number.unit} (printed {shown})" if shown else number.unit


def _label(number: PublishedNumber) -> str:
    return f"{number.label} ({number.reading})" if number.reading else number.label


def _where(places: Iterable[PrintedPlace]) -> str:
    return "; ".join(str(place) for place in places)


if __name__ == "__main__":
    sys.stdout.write(page(load_published("rbe-2022-00934"), "rbe-2022-00934"))
