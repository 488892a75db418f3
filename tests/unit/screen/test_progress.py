"""Progress in a terminal, in a notebook, and without either."""

import types

import pytest

from pretese.screen import progress as module
from pretese.screen.progress import optional_progress, progress


@pytest.fixture
def notebook(monkeypatch):
    """Stand in for the kernel of a notebook, whose clock moves one second per reading."""
    shell = type("ZMQInteractiveShell", (), {})()
    ipython = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(module.sys.modules, "IPython", ipython)
    seconds = iter(range(100))
    monkeypatch.setattr(module, "monotonic", lambda: next(seconds))


def test_a_notebook_shows_one_line_that_is_blank_at_the_end(notebook, capsys):
    with progress("simulated studies") as tell:
        tell(50, 200)
        tell(200, 200, "tables")
    first, second, blank, end = capsys.readouterr().err.split("\r")[1:]
    assert first == "simulated studies: 50 of 200, 3 s left"
    assert second.rstrip() == "tables: 200 of 200"
    assert blank.strip() == end == ""
    assert len(second) == len(blank) == len(first)


def test_a_notebook_is_not_flooded(notebook, capsys, monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 10)
    with progress("studies") as tell:
        for done in range(9):
            tell(done, 9)
    assert capsys.readouterr().err == ""


def test_without_a_kernel_a_file_gets_nothing(capsys):
    with progress("studies") as tell:
        tell(1, 2)
    assert capsys.readouterr().err.strip() == ""


def test_progress_that_is_not_wanted_is_silent(notebook, capsys):
    with optional_progress("studies", wanted=False) as tell:
        tell(1, 2)
    assert capsys.readouterr().err == ""


def test_progress_that_nobody_watches_is_silent(capsys):
    with optional_progress("studies", wanted=True) as tell:
        tell(1, 2)
    assert capsys.readouterr().err == ""


def test_progress_that_is_wanted_is_shown_in_a_notebook(notebook, capsys):
    with optional_progress("studies", wanted=True) as tell:
        tell(1, 2)
    assert "studies: 1 of 2" in capsys.readouterr().err
