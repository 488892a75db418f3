"""The synopsis of a planned trial, in the order of section 1.1 of the ICH M11 template."""

from collections.abc import Iterator

from pretese.io.text.markup import markdown_text
from pretese.trial.exchange.outline import OutlineEndpoint, TrialOutline

#: Items of a protocol that a design file does not contain.
NOT_HELD = (
    "sponsor and protocol number", "trial phase", "blinding", "eligibility criteria in full",
    "schedule of activities", "data monitoring committee", "safety reporting",
)  # fmt: skip


def synopsis(outline: TrialOutline) -> str:
    """Return a synopsis as Markdown, ending in one newline."""
    return "\n".join(_lines(outline)) + "\n"


def _lines(outline: TrialOutline) -> Iterator[str]:
    yield f"# Synopsis: {markdown_text(outline.title)}"
    yield ""
    identity = {
        "Identifier": outline.id, "Version": outline.version, "Author": outline.author,
        "Date": "" if outline.date is None else outline.date.isoformat(),
    }  # fmt: skip
    yield from _table([(name, value or "not stated") for name, value in identity.items()])
    yield "## 1.1.1 Objectives, endpoints and estimands"
    yield ""
    yield markdown_text(outline.question)
    yield ""
    for endpoint in outline.endpoints:
        yield from _endpoint(endpoint)
    yield "## 1.1.2 Overall design"
    yield ""
    yield from _table([
        ("Intervention model", "parallel groups"),
        ("Control", "; ".join(_control(outline))),
        ("Arms", "; ".join(f"{arm.name}: {arm.regimen or 'not stated'}" for arm in outline.arms)),
        ("Allocation ratio", ":".join(str(arm.allocation) for arm in outline.arms)
         + f" ({' : '.join(arm.name for arm in outline.arms)})"),
        ("Participants", f"{outline.participants:,}, all arms together"),
    ])  # fmt: skip
    yield "## 1.1.3 Randomisation, conduct and statistics"
    yield ""
    yield from _table(outline.statistics)
    yield "## Not in the design file"
    yield ""
    yield f"A protocol also states: {', '.join(NOT_HELD)}."


def _control(outline: TrialOutline) -> Iterator[str]:
    for arm in outline.arms:
        if arm.kind != "experimental":
            yield f"{arm.name} ({arm.kind})"


def _endpoint(endpoint: OutlineEndpoint) -> Iterator[str]:
    yield f"### {endpoint.level.capitalize()}: {markdown_text(endpoint.label)}"
    yield ""
    yield f"Known {endpoint.month:g} months after recruitment."
    yield ""
    for what in endpoint.estimands:
        strategies = "; ".join(f"{each.event}: {each.strategy}" for each in what.intercurrent)
        yield from _table([
            ("Population", what.population),
            ("Treatment", what.treatment),
            ("Variable", what.variable),
            ("Intercurrent events", strategies or "none"),
            ("Population-level summary", what.summary),
        ])  # fmt: skip


def _table(rows: list[tuple[str, str]]) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for name, value in rows:
        yield f"| {markdown_text(name)} | {markdown_text(value)} |"
    yield ""
