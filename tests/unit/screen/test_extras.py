"""Libraries of extras: a command that needs a missing library is refused before it starts."""

import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

import pretese
from pretese.cli import run
from pretese.screen.endings import EXIT_BAD_INPUT
from pretese.screen.extras import EXTRA_OF, need_extra
from protocol.errors import InputError

PROJECT = Path(pretese.__file__).parents[1] / "pyproject.toml"

#: Distribution to the name under which its library is imported, where they differ.
IMPORTED = {"python-docx": "docx", "python-multipart": "multipart", "pyjwt[crypto]": "jwt"}


@pytest.fixture
def without(monkeypatch):
    """Hide a library as if it were not installed."""

    def remove(*libraries):
        for name in [*sys.modules]:
            if name.partition(".")[0] in libraries:
                monkeypatch.delitem(sys.modules, name)
        for library in libraries:
            monkeypatch.setitem(sys.modules, library, None)

    return remove


def test_every_library_of_an_extra_is_known_and_no_other():
    extras = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["optional-dependencies"]
    brought = {
        IMPORTED.get(name, name): extra
        for extra, requirements in extras.items()
        for name in (each.partition(">")[0].strip() for each in requirements)
        if extra != "all"
    }
    assert brought == EXTRA_OF
    assert all(find_spec(library) for library in EXTRA_OF)


def test_what_is_installed_is_not_refused():
    need_extra("plots", "plot")


def test_the_message_names_library_extra_and_alternative(without):
    without("matplotlib")
    with pytest.raises(InputError) as caught:
        need_extra("plots", "plot", otherwise="read the table")
    assert str(caught.value) == (
        "plot: matplotlib is not installed; install it: pip install 'pretese[plots]', "
        "or read the table"
    )


@pytest.mark.parametrize(
    ("words", "libraries", "extra"),
    [
        ("simulate paper --patients 20 --format csv,xlsx --out x", ("openpyxl",), "files"),
        ("simulate paper --patients 20 --format sav --out x", ("pyreadstat",), "files"),
        ("power placebo-ufsh --replicates 20 --out x", ("matplotlib",), "plots"),
        ("recover no-effect --replicates 4 --out x", ("matplotlib",), "plots"),
        ("serve", ("uvicorn",), "web"),
        ("recover no-effect --scheduler tcp://10.0.0.5:1 --out x", ("distributed",), "cluster"),
    ],
)
def test_a_command_names_the_extra_and_writes_nothing(
    words, libraries, extra, without, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    without(*libraries)
    assert run(words.split()) == EXIT_BAD_INPUT
    assert f"pip install 'pretese[{extra}]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_is_missed_while_a_command_runs_is_one_message(monkeypatch, capsys):
    def fail(*_, **__):
        raise ModuleNotFoundError("No module named 'pyreadstat'", name="pyreadstat")

    monkeypatch.setattr("pretese.regimen", fail)
    monkeypatch.setattr("pretese.api.protocols.read_regimen.regimen", fail)
    assert run(["regimen", "verify", "fsh-guided"]) == EXIT_BAD_INPUT
    assert "pretese[files]" in capsys.readouterr().err


def test_the_protocol_alone_asks_for_no_more_than_pretese_and_has_its_version():
    whole = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    alone = PROJECT.parent / "distributions" / "protocol" / "pyproject.toml"
    part = tomllib.loads(alone.read_text("utf-8"))["project"]
    assert part["version"] == whole["version"]
    assert set(part["dependencies"]) <= set(whole["dependencies"])
    assert part["requires-python"] == whole["requires-python"]
