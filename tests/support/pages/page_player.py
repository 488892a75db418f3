"""Play the commands and the Python of a page in the current folder, with smaller simulations."""

import os
import re
import shlex
from pathlib import Path
from typing import Any
from unittest import mock

from pretese.cli import run
from pretese.screen.endings import EXIT_CHECK_FAILED
from tests.support.pages.page_blocks import Block
from tests.support.python_page import played

#: Options for simulation sizes in pages, and the largest value in tests. All else is unchanged.
LARGEST = {
    "--replicates": 20,
    "--patients": 60,
    "--truth-patients": 2000,
    "--workers": 1,
    "--worlds": 2,
}
#: The same for expensive replicates, by the first word of the command.
LARGEST_OF = {"recover": {"--replicates": 2}, "reproduce": {"--replicates": 4}}
#: Options added to commands that are slow by default.
ADDED = {
    "fit": ["--resamples", "20"],
    "recover": ["--replicates", "2", "--truth-patients", "2000", "--no-figures"],
    "reproduce": ["--replicates", "4"],
    "truth": ["--patients", "2000"],
}
#: Literals in Python cells, and their values in tests.
SMALLER = {
    "default_rng(1), 5000": "default_rng(1), 500",
    "patients=5000": "patients=50",
    "simulate(seed=3)": "simulate(patients=200, seed=3)",
    "replicates=2000": "replicates=50",
    '"columns.yaml")': '"columns.yaml", resamples=20)',
}

#: Commands whose checks compare simulations with expectations: too few replicates may fail them.
CHECKS = ("recover", "reproduce")

#: Commands that no page test runs, by their first words, with the reason.
NOT_RUN = {
    "pip install": "tests never install packages",
    "make": "the workflow runs the targets of make as they are",
    "python -m docs.generate": "a test compares each generated page with its generator",
    "python -m benchmarks": "benchmarks run for minutes",
    "frictionless": "tests/unit/io/export validates every package with the library",
    "pretese recover fsh-at-discretion": "test_recovery_gate.py runs the case",
    "pretese recover no-effect --mcse": "test_recover.py runs it with a small plan",
    "pretese serve": "tests/unit/web starts the server with these options",
}


def reason_not_run(command: str) -> str | None:
    """Return why a command is not run; None if it is."""
    plain = re.sub(r"^[A-Z_]+=\S+ ", "", command)
    return next((why for words, why in NOT_RUN.items() if plain.startswith(words)), None)


def smaller(words: list[str]) -> list[str]:
    """Return the words of a command with simulations reduced to the size of a test.

    >>> smaller(["power", "three-analyses", "--replicates", "20000", "--out", "x"])
    ['power', 'three-analyses', '--replicates', '20', '--out', 'x']
    """
    found = list(words)
    largest = LARGEST | LARGEST_OF.get(words[0], {})
    for place, option in enumerate(words[:-1], 1):
        if option in largest:
            found[place] = str(min(int(words[place]), largest[option]))
    added = ADDED.get(words[0], [])
    given = {place for place, each in enumerate(added) if each[:2] == "--" and each in words}
    return found + [each for place, each in enumerate(added) if not {place, place - 1} & given]


def run_command(command: str) -> int:
    """Run a command line of a page; return its exit code, 0 if too few replicates fail a check."""
    words = shlex.split(command, comments=True)
    settings = dict(word.split("=", 1) for word in words[:1] if re.match(r"[A-Z_]+=", word))
    assert words[len(settings)] == "pretese", command
    words = words[len(settings) + 1 :]
    with mock.patch.dict(os.environ, settings):
        code = run(smaller(words))
    return 0 if code == EXIT_CHECK_FAILED and words[0] in CHECKS else code


def lay_down(found: list[Block]) -> None:
    """Write the files that a page shows; the first text of each."""
    for block in reversed(found):
        if block.file:
            Path(block.file).write_text(block.body, encoding="utf-8")


def play_page(found: list[Block]) -> int:
    """Run every command and cell of a page in order; return how many ran."""
    names: dict[str, Any] = {}
    count = 0
    lay_down(found)
    for block in found:
        commands = [each for each in block.commands() if not reason_not_run(each)]
        for command in commands:
            assert run_command(command) == 0, command
        if block.kind == "python":
            code = block.body
            for written, used in SMALLER.items():
                code = code.replace(written, used)
            played(code, names)
        count += len(commands) + (block.kind == "python")
    return count
