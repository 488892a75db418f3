"""Command lines for tests: cheap valid ones of every command, and hostile values for any option."""

import contextlib
import functools
import io
import json
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

import click

from pretese.cli import app, run

#: Hostile values: unlimited numbers, empty and very long text, markup,
#: mathematics, control characters, paths out of the folder, formulas, other scripts, no text.
HOSTILE = (
    "nan", "inf", "-inf", "1e308", "-1e308", "1e-320", "-1", "0", "1", "0.5", str(10**30),
    "-" + "9" * 400, "", " ", "[red]", "[/red]", ":smile:", "$x^", "$\\frac{$", "\x1b[31m", "\x07",
    "a\nb", "../..", "..", ".", "/", "~", "~/x", "=cmd()", "@SUM(A1)", "w" * 5000, "名前\U0001f600",
    "\u202eabc", "\udcff", "a,b", "a=b", "a=nan", "a=1e308", "=1", "fsh=1e308 IU/L", "0.3,nan",
    "9999-12-31", "0001-01-01", "2022-02-30", "24:00", "None", "null", "true", "-", "--",
    "paper", "fsh-guided", "<script>alert(1)</script>", "%s%n{0}", "CON", "\x00",
)  # fmt: skip

#: A scheduler runs in another process and has its own tests.
NOT_TRIED = {"scheduler", "help"}

PLAN = """\
treatment: gonadotropin_therapy
outcome: sperm_retrieved
covariates: {age_years: numeric}
methods: [unadjusted]
"""
INTERIM = "control_events,control_participants,treated_events,treated_participants\n22,60,30,60\n"
LOG = """\
patient,date,event,drug,amount,unit,value
a,2022-03-01,injection,hcg,2000,IU,
a,2022-03-03,injection,hcg,2000,IU,
"""

#: A fast valid call of every command, in a folder with the files above.
VALID = {
    "analyse": ("patients.csv", "--plan", "plan.yaml"),
    "audit": ("log.csv",),
    "boundaries": ("--analyses", "2"),
    "calibrate": ("paper", "--check", "--replicates", "50"),
    "clinic": ("paper", "--clinic", "unlimited", "--patients", "20", "--replicates", "1",
               "--no-figures", "--workers", "1", "--out", "clinic"),
    "design list": (),
    "design show": ("placebo-ufsh",),
    "decide": ("--month", "2", "--fsh", "9.8", "--decision-date", "2026-01-05"),
    "evidence": ("before-first-retrieval", "--pool", "sperm retrieved"),
    "fit": ("patients.csv", "--resamples", "20"),
    "monitor": ("three-analyses", "interim.csv"),
    "picture": ("patient", "paper", "--out", "patient.svg"),
    "power": ("three-analyses", "--replicates", "20", "--participants", "60", "--workers", "1"),
    "recover": ("paper", "--plan", "study.yaml", "--replicates", "2", "--truth-patients", "1000",
                "--workers", "1", "--no-figures", "--out", "recover"),
    "regimen list": (),
    "regimen show": ("fsh-guided",),
    "regimen test": ("fsh-guided",),
    "regimen verify": ("fsh-guided",),
    "report": ("power", "--out", "page.html"),
    "reproduce": ("--replicates", "2", "--workers", "1", "--out", "reproduce"),
    "schedule": ("--start", "2026-01-05"),
    "serve": ("--port", "0"),
    "schema": ("decision",),
    "simulate": ("paper", "--patients", "12", "--out", "patients"),
    "validate": ("two-by-two tables",),
    "truth": ("paper", "--patients", "50"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of a command line: exit code and both outputs."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    def faults(self) -> Iterator[str]:
        """Yield violations of the rules that hold for every command line."""
        if self.code not in (0, 2, 3):
            yield f"exit code {self.code}"
        if self.code and not self.err:
            yield "it fails in silence"
        for name, text in (("output", self.out), ("error", self.err)):
            if "Traceback" in text:
                yield f"a traceback in standard {name}"
            if control := {c for c in text if (c < " " or "\x7f" <= c < "\xa0") and c != "\n"}:
                yield f"{control} in standard {name}"
        if self.code == 0 and "--json" in self.words:
            yield from _json_faults(self.out)


def _json_faults(text: str) -> Iterator[str]:
    try:
        json.loads(text, parse_constant=_refused)
    except ValueError as error:
        yield f"no strict JSON: {error}"


def _refused(word: str) -> NoReturn:
    raise ValueError(word)


def answer(*words: str) -> Answer:
    """Run a command line in this process, in the current folder; a server ends at once."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _no_requests() if words[:1] == ("serve",) else contextlib.nullcontext(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run(list(words))
    return Answer(words, code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _no_requests() -> Iterator[None]:
    """Let a server listen, open no browser, and end at once."""

    def end(self: object, sockets: list[socket.socket]) -> None:
        for each in sockets:
            each.close()

    with patch("uvicorn.Server.run", end), patch("webbrowser.open", lambda _: True):
        yield


@contextlib.contextmanager
def folder_of_files(name: str = "") -> Iterator[Path]:
    """Enter a new folder, deep enough for ``../..``, that holds the files of `VALID`.

    The result of a power study is included if command ``name`` reads it.
    """
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top, "one", "two", "three")
        folder.mkdir(parents=True)
        rows = "\n".join(f"{i % 2},{i % 3 % 2},{20 + i}" for i in range(40))
        (folder / "patients.csv").write_text(
            f"gonadotropin_therapy,sperm_retrieved,age_years\n{rows}\n"
        )
        (folder / "plan.yaml").write_text(PLAN)
        (folder / "study.yaml").write_text(PLAN)
        (folder / "interim.csv").write_text(INTERIM)
        (folder / "log.csv").write_text(LOG)
        if name == "report":
            for path, data in _power_study().items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


@functools.cache
def _power_study() -> dict[str, bytes]:
    with folder_of_files():
        answer("power", *VALID["power"], "--out", "power")
        files = [path for path in Path("power").rglob("*") if path.is_file()]
        return {path.as_posix(): path.read_bytes() for path in files}


def command_of(name: str) -> click.Command:
    """Return the command of a name such as ``regimen show``."""
    found: Any = app
    for word in name.split():
        found = found.get_command(click.Context(found), word)
    return found


def parameters_of(name: str) -> list[click.Parameter]:
    """Return the options and arguments of a command that may be tried with any value."""
    return [each for each in command_of(name).params if each.name not in NOT_TRIED]


def names() -> list[str]:
    """Return the names of all commands, those of groups in full."""
    found = []
    for name in app.list_commands(click.Context(app)):
        command = command_of(name)
        if isinstance(command, click.Group):
            found += [f"{name} {each}" for each in command.list_commands(click.Context(command))]
        else:
            found.append(name)
    return found


def paths(*kinds: type[click.Path]) -> Iterator[tuple[str, click.Parameter]]:
    """Yield the names of all commands with their parameters of certain types."""
    for name in names():
        for parameter in command_of(name).params:
            if isinstance(parameter.type, kinds):
                yield name, parameter


def corrupted(name: str, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """Return the valid call of a command with another value of one parameter."""
    given = list(VALID[name])
    if isinstance(parameter, click.Argument):
        arguments = [i for i, word in enumerate(given) if not _is_of_an_option(given, i)]
        place = [each for each in command_of(name).params if isinstance(each, click.Argument)]
        at = place.index(parameter)
        if at < len(arguments):
            given[arguments[at]] = value
        else:
            given.append(value)
        return tuple(given)
    assert isinstance(parameter, click.Option)
    flag = parameter.opts[0]
    if parameter.is_flag:
        return (*given, flag)
    if flag in given:
        given[given.index(flag) + 1] = value
        return tuple(given)
    return (*given, flag, value)


def _is_of_an_option(given: list[str], i: int) -> bool:
    flags = ("--no-figures", "--check")
    return given[i].startswith("--") or (i > 0 and given[i - 1] not in flags
                                         and given[i - 1].startswith("--"))  # fmt: skip


def hostile_call(name: str, chance: random.Random) -> tuple[str, ...]:
    """Return the valid call of a command with one or two hostile values, at times as JSON."""
    parameters = parameters_of(name)
    first = chance.choice(parameters)
    words = corrupted(name, first, chance.choice(HOSTILE))
    second = chance.choice(parameters)
    if isinstance(second, click.Option) and second is not first and chance.random() < 0.3:
        flag = second.opts[0]
        words = (*words, flag) if second.is_flag else (*words, flag, chance.choice(HOSTILE))
    has_json = any("--json" in each.opts for each in parameters)
    return (*words, "--json") if has_json and chance.random() < 0.5 else words
