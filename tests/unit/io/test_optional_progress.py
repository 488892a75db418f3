"""Progress shows where somebody watches, and nowhere else."""

import io
import sys
import types

import pytest

from pretese.screen.optional_progress import optional_progress


class Terminal(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self):
        return True


def told(monkeypatch, stream, wanted=True):
    monkeypatch.setattr(sys, "stderr", stream)
    with optional_progress("analysing", wanted) as tell:
        tell(0, 4, "reading")
        tell(2, 4, "crude")
    return stream.getvalue()


def notebook(monkeypatch, name):
    shell = type(name, (), {})()
    module = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", module)


def test_nothing_is_shown_in_a_file_or_when_unwanted(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert told(monkeypatch, io.StringIO()) == ""
    assert told(monkeypatch, Terminal(), wanted=False) == ""


def test_a_terminal_shows_a_bar(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setenv("TERM", "xterm")
    assert "crude" in told(monkeypatch, Terminal())


def test_a_notebook_shows_one_line_that_is_cleared(monkeypatch):
    notebook(monkeypatch, "ZMQInteractiveShell")
    shown = told(monkeypatch, io.StringIO())
    assert "\n" not in shown
    steps = shown.split("\r")
    assert steps[1].startswith("reading: [..............................] 0/4")
    assert steps[2].startswith("crude: [###############...............] 2/4")
    assert steps[3].strip() == ""


def test_a_notebook_line_is_cleared_after_a_fault(monkeypatch):
    notebook(monkeypatch, "ZMQInteractiveShell")
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)

    def fail():
        with optional_progress("analysing", True) as tell:
            tell(1, 2)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert stream.getvalue().endswith("\r")


def test_ipython_in_a_pipe_shows_nothing(monkeypatch):
    notebook(monkeypatch, "TerminalInteractiveShell")
    assert told(monkeypatch, io.StringIO()) == ""
