"""Progress is shown only where a user can see it."""

import io
import sys
import types

from pretese.screen.progress import optional_progress


class Terminal(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self):
        return True


def reported(monkeypatch, stream, wanted=True):
    monkeypatch.setattr(sys, "stderr", stream)
    with optional_progress("analysing", wanted) as tell:
        tell(0, 4, "reading")
        tell(2, 4, "unadjusted")
    return stream.getvalue()


def notebook(monkeypatch, name):
    shell = type(name, (), {})()
    module = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", module)


def test_nothing_is_shown_in_a_file_or_when_unwanted(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert reported(monkeypatch, io.StringIO()) == ""
    assert reported(monkeypatch, Terminal(), wanted=False) == ""


def test_a_terminal_shows_a_bar(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setenv("TERM", "xterm")
    assert "unadjusted" in reported(monkeypatch, Terminal())


def test_ipython_in_a_pipe_shows_nothing(monkeypatch):
    notebook(monkeypatch, "TerminalInteractiveShell")
    assert reported(monkeypatch, io.StringIO()) == ""
