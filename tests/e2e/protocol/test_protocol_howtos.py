"""The how-to pages run as written: their files are created and their commands run."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from pretese.bedside.json_answers import schema_of
from pretese.cli import run
from protocol.audit.deviations import KINDS, QUERY_KINDS
from protocol.bedside.decision import Decision
from protocol.bedside.recommend import Recommendation

DOCS = Path(__file__).parents[3] / "docs"
PAGES = [
    "decide-for-one-patient",
    "write-your-own-regimen",
    "audit-your-clinics-log",
    "monitor-a-running-trial",
]
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sessions(text: str):
    """Yield (command words, expected lines) for every ``$`` line of a console block."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        yield shlex.split(command), lines


def fits(expected: list[str], got: list[str]) -> bool:
    """Return whether the output is as written; ``...`` matches any lines, or any end of a line.

    Trailing blanks of table lines are ignored.
    """
    pattern = "".join(
        "(?:.*\n)*"
        if line.strip() == "..."
        else re.escape(line.removesuffix("...")) + (".*" if line.endswith("...") else "") + "\n"
        for line in expected
    )
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in got)) is not None


@pytest.mark.parametrize("page", PAGES)
def test_a_how_to_page_prints_the_output_shown(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    commands = 0
    for kind, name, body in BLOCK.findall((DOCS / "how-to" / f"{page}.md").read_text()):
        if name:
            Path(name).write_text(body)
        if kind != "console":
            continue
        for words, expected in sessions(body):
            assert words[0] == "pretese"
            code = run(words[1:])
            message = capsys.readouterr()
            got = message.out.splitlines()
            if code:
                got += [*message.err.splitlines(), f"exit {code}"]
            if expected:
                assert fits(expected, got), f"{words}\n" + "\n".join(got)
            else:
                assert code == 0
            commands += 1
    assert commands >= 6


def test_the_comparison_of_output_can_fail():
    assert fits(["a", "...", "c"], ["a", "b", "b", "c"])
    assert fits(["a b..."], ["a b c"])
    assert not fits(["a", "...", "c"], ["a", "b"])
    assert not fits(["a"], ["b"])
    assert not fits(["a"], ["a", "b"])


def test_the_schema_page_names_every_field():
    page = (DOCS / "reference" / "decision-schema.md").read_text()
    for kind in (Recommendation, Decision):
        for field in fields(kind):
            assert f"`{field.name}`" in page, field.name


def test_the_json_schema_describes_every_part():
    schema = schema_of(Recommendation)
    assert set(schema["required"]) >= {"outcome", "decisions", "flags", "as_of"}
    assert "Decision" in schema["$defs"]


def test_the_audit_page_names_every_kind():
    page = (DOCS / "reference" / "audit-log.md").read_text()
    for kind in (*KINDS, *QUERY_KINDS):
        assert f"| `{kind}` |" in page
