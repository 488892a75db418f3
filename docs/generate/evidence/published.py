"""The reference page of published evidence: every study that ships, written from the data.

``python -m docs.generate.evidence.published > docs/reference/evidence.md`` writes it.
"""

import sys
from collections.abc import Iterator

from pretese.io.text.markup import markdown_text
from pretese.literature.library import Published, evidence_topics, read_evidence
from pretese.literature.study import ArmCounts, StudyComparison, StudyResult

INTRODUCTION = """\
# Published evidence

This page is written from `scenarios/evidence/`; change the data, not the page:

```sh
python -m docs.generate.evidence.published > docs/reference/evidence.md
```

{studies} studies. *Read* is how a source was read: most were read as an abstract or as a registry
record, so that details of their methods are not entered. Risk of bias is "not assessed" unless a
file states a judgement. The computation of figures derived from the source is under `derived`.
`pretese evidence` lists, filters and pools them; see
[Pool published studies](../how-to/pool-published-studies.md).
"""


def page() -> str:
    """Return the page as Markdown, ending in one newline."""
    found = read_evidence()
    sections = (
        "\n".join(_section(topic, [each for each in found if each.topic == topic]))
        for topic in evidence_topics()
    )
    return "\n".join([INTRODUCTION.format(studies=len(found)), *sections])


def _section(topic: str, studies: list[Published]) -> Iterator[str]:
    yield f"## `{topic}`\n"
    yield "| study | design, population | read | therapy | results |"
    yield "|---|---|---|---|---|"
    for each in studies:
        cells = (_source(each), _population(each), each.study.read, _therapy(each), _results(each))
        shown = [f"`{each.study.name}`<br>{markdown_text(cells[0])}"]
        shown += [markdown_text(cell) for cell in cells[1:]]
        yield "| " + " | ".join(shown) + " |"
    yield ""


def _source(each: Published) -> str:
    place = "" if each.study.locator == "none stated" else f" ({each.study.locator})"
    return f"{each.study.citation}{place}"


def _population(each: Published) -> str:
    persons = each.study.population
    words = [each.study.design if each.study.status is None else f"registered, {each.study.status}"]
    words.append(persons.diagnosis)
    if persons.patients:
        words.append(f"n = {persons.patients:,}")
    if persons.fsh_class != "not stated":
        words.append(persons.fsh_class)
    if persons.surgery != "not stated":
        words.append(f"{persons.surgery} surgery")
    return "; ".join(words)


def _therapy(each: Published) -> str:
    if each.study.therapy is None:
        return ""
    drugs = (
        " ".join(part for part in (d.drug, d.dose, d.schedule) if part)
        for d in each.study.therapy.drugs
    )
    return "; ".join(drugs)


def _results(each: Published) -> str:
    lines = [_comparison(c) for c in each.study.comparisons]
    lines += [_result(r) for r in each.study.results]
    return "; ".join(lines + ([each.study.note] if each.study.note else []))


def _comparison(c: StudyComparison) -> str:
    if c.therapy is not None and c.control is not None:
        return f"{c.endpoint} {_counts(c.therapy)} against {_counts(c.control)}"
    interval = f" ({c.interval[0]:g} to {c.interval[1]:g})" if c.interval else ""
    return f"{c.endpoint}, {c.scale} {c.estimate:g}{interval}"


def _result(r: StudyResult) -> str:
    group = f" ({r.group})" if r.group else ""
    if r.counts is not None:
        return f"{r.quantity}{group} {_counts(r.counts)}"
    sd = f" (SD {r.sd:g})" if r.sd is not None else ""
    sem = f" (SEM {r.sem:g})" if r.sem is not None else ""
    interval = f" ({r.interval[0]:g} to {r.interval[1]:g})" if r.interval else ""
    return f"{r.quantity}{group} {r.value:g} {r.unit}{sd}{sem}{interval}"


def _counts(arm: ArmCounts) -> str:
    return f"{arm.events}/{arm.patients}"


if __name__ == "__main__":
    sys.stdout.write(page())
