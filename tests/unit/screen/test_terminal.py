"""The command line ends with a message and a documented exit code, on any terminal."""

import errno
import io
import sys

import click
import pytest
from rich.table import Table

from pretese import cli
from pretese.cli import run
from pretese.screen.console import SafeConsole
from pretese.screen.terminal import any_terminal, echo
from protocol.errors import Fault, InputError


class Pipe(io.TextIOWrapper):
    """A text stream with an encoding; every write raises ``failure``."""

    def __init__(self, encoding: str = "utf-8", failure: OSError | None = None) -> None:
        self.bytes = io.BytesIO()
        self.failure = failure
        super().__init__(self.bytes, encoding=encoding, write_through=True)

    def write(self, text: str) -> int:
        if self.failure is not None:
            raise self.failure
        return super().write(text)

    def text(self) -> str:
        self.flush()
        return self.bytes.getvalue().decode(self.encoding)


@pytest.fixture
def command(monkeypatch):
    """Return a function that makes ``pretese audit`` do something else."""

    def replaced(does):
        @click.command()
        def instead() -> None:
            does()

        monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: instead)
        return ["audit"]

    return replaced


def raising(error: BaseException):
    def does():
        raise error

    return does


def test_an_unexpected_error_is_one_line_and_exit_70(command, capsys):
    assert run(command(raising(KeyError("a\x1b[31m\nb")))) == 70
    err = capsys.readouterr().err
    assert err.startswith("internal error: KeyError: ")
    assert err.count("\n") == 1
    assert "\x1b" not in err
    assert "--debug" in err


def test_debug_shows_the_traceback(command, capsys):
    assert run(["--debug", *command(raising(KeyError("a")))]) == 70
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError.of("a.csv", "", "it is bad", "correct it"), 2, "error: a.csv: it is bad"),
        (cli.CheckFailedError("no"), 3, "check failed: no"),
        (MemoryError(), 74, "not enough memory"),
        (OSError(errno.ENOSPC, "No space left on device", "a/b"), 74, "a/b: No space left"),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", "w" * 999),
            2,
            "w...: no file can have this name",
        ),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.UsageError("no \x07"), 2, "no \\x07"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
    ],
)
def test_every_end_has_its_exit_code(command, capsys, error, code, words):
    assert run(command(raising(error))) == code
    err = capsys.readouterr().err
    assert words.replace("w (", "w... (") in err
    assert "Traceback" not in err
    assert (err == "") == (words == "")


def test_many_faults_are_counted_after_the_first(command, capsys):
    faults = InputError(Fault("a.csv", f"row {i}", "bad", "correct it") for i in range(1000))
    assert run(command(raising(faults))) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == cli.MOST_FAULTS + 1
    assert "950 more faults" in err


@pytest.mark.parametrize("words", [["regimen", "list"], ["truth", "paper", "--patients", "20"]])
def test_a_closed_pipe_ends_the_command_quietly(monkeypatch, capsys, words):
    monkeypatch.setattr(sys, "stdout", Pipe(failure=BrokenPipeError(errno.EPIPE, "Broken pipe")))
    assert run(words) == 141
    assert capsys.readouterr().err == ""


def test_a_full_disk_under_standard_output_is_reported(monkeypatch, capsys):
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(sys, "stdout", Pipe(failure=full))
    assert run(["regimen", "list"]) == 74
    assert "No space left on device" in capsys.readouterr().err


def test_closed_standard_streams_are_not_an_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert run(["regimen", "list"]) == 0
    assert run(["decide", "--month", "2", "--fsh", "nan"]) == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_any_encoding_shows_every_command(monkeypatch, encoding):
    out = Pipe(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    assert run(["truth", "paper", "--patients", "200"]) == 0
    assert ("± " if encoding != "ascii" else "+/- ") in out.text()
    assert out.errors == "strict"


def test_letters_without_a_plain_form_are_escaped(monkeypatch):
    out = Pipe("ascii")
    monkeypatch.setattr(sys, "stdout", out)
    with any_terminal():
        table = Table(title="≤ 名")
        table.add_row("a ± b")
        SafeConsole(width=40).print(table)
        sys.stdout.write("°C – …\n")
    assert "<= \\u540d" in out.text()
    assert "a +/- b" in out.text()
    assert out.text().endswith(" degC - ...\n")


def test_text_is_printed_without_what_a_terminal_obeys(capsys):
    echo("a\x1b]0;title\x07b\r\nc", bold=False)
    assert capsys.readouterr().out == "a\\x1b]0;title\\x07b\\r\nc\n"


def test_true_effects_fit_80_columns(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["truth", "paper", "--patients", "200"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)
