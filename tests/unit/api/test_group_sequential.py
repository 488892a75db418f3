"""`pretese.boundaries` gives what the command prints, takes all its options, and stays light."""

import inspect
import json
import subprocess
import sys

import numpy as np
import pytest

import pretese as pt
from pretese.cli import run
from pretese.commands.boundaries import command

CASES = [
    ({"information": 3, "spending": "OF"}, ["--analyses", "3", "--spending", "OF"]),
    (
        {"information": [0.3, 0.7, 1], "spending": "KD", "rho": 2, "power": 0.9},
        ["--analyses", "0.3,0.7,1", "--spending", "KD", "--rho", "2", "--power", "0.9"],
    ),
    (
        {"information": np.array([0.5, 1]), "spending": "user", "cumulative": [0.001, 0.025]},
        ["--analyses", "0.5,1", "--spending", "user", "--cumulative", "0.001,0.025"],
    ),
    (
        {"information": 2, "shape": "WT", "delta": 0.25, "sides": 2, "alpha": 0.05},
        ["--analyses", "2", "--shape", "WT", "--delta", "0.25", "--sides", "2", "--alpha", "0.05"],
    ),
    (
        {"information": 3, "shape": "HP", "z": 3.5},
        ["--analyses", "3", "--shape", "HP", "--z", "3.5"],
    ),
    (
        {"information": 2, "spending": "HSD", "gamma": -4, "futility": "HSD",
         "futility_gamma": -2, "binding": True, "control_risk": 0.2, "treated_risk": 0.4},
        ["--analyses", "2", "--spending", "HSD", "--gamma", "-4", "--futility", "HSD",
         "--futility-gamma", "-2", "--binding", "--treated-risk", "40%", "--control-risk", "20%"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), CASES)
def test_interface_and_command_agree(arguments, words, capsys):
    found = pt.boundaries(**arguments)
    assert run(["boundaries", *words, "--json"]) == 0
    assert found.to_dict() == json.loads(capsys.readouterr().out)
    assert run(["boundaries", *words]) == 0
    assert f"{found}\n" == capsys.readouterr().out


def test_every_option_has_its_argument():
    other = {
        "analyses": {"information"},
        "as_json": set(),
    }
    options = {param.name for param in command.params}
    expected = set().union(*(other.get(name, {name}) for name in options))
    assert set(inspect.signature(pt.boundaries).parameters) == expected


def test_the_table_has_one_row_per_analysis():
    table = pt.boundaries(3, futility="OF", control_risk=0.195, treated_risk=0.359).table()
    assert table["analysis"].tolist() == [1, 2, 3]
    assert table["alpha_spent"].iloc[-1] == pytest.approx(0.025)
    assert table["power_spent"].iloc[-1] == pytest.approx(0.8, abs=1e-6)
    assert table["beta_spent"].iloc[-1] == pytest.approx(0.2, abs=1e-6)
    assert table["participants_per_arm"].tolist() == [43, 86, 128]


def test_an_analysis_without_a_boundary_is_missing_in_the_table():
    table = pt.boundaries(2).to_frame()
    assert np.isnan(table["lower"].iloc[0])
    assert table["beta_spent"].isna().all()
    assert "participants_per_arm" not in table


def test_repr_is_one_short_line_and_a_notebook_shows_the_table():
    found = pt.boundaries(3, shape="WT", delta=0.25)
    assert repr(found) == "<Boundaries: Wang-Tsiatis, 3 analyses, alpha 0.025>"
    assert "<table" in found._repr_html_()


@pytest.mark.parametrize("sides", [1, 2])
def test_the_figure_shows_each_boundary(sides):
    axes = pt.boundaries([0.5, 1], sides=sides).plot().axes[0]
    upper = axes.get_lines()[0]
    assert list(upper.get_xdata()) == [0.5, 1]
    assert len(axes.get_lines()) == (2 if sides == 1 else 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"information": 0}, "boundaries: information: 0 analyses are not allowed"),
        ({"information": "3"}, "boundaries: information: '3' is not allowed"),
        ({"information": True}, "boundaries: information: true is not allowed"),
        ({"information": [0.5, 0.4, 1]}, "do not rise"),
        ({"information": [0.5, None]}, "give a sequence of numbers"),
        ({"spending": "OBF"}, "boundaries: spending: 'OBF' is not known"),
        ({"shape": "of"}, "boundaries: shape: 'of' is not known"),
        ({"futility": "user"}, "boundaries: futility: 'user' is not known"),
        ({"spending": "user"}, "boundaries: cumulative: user needs it"),
        ({"futility_rho": 2}, "boundaries: futility_rho: no futility has no such parameter"),
        ({"alpha": "5 %"}, "boundaries: alpha: '5 %' is not a number"),
        ({"power": float("nan")}, "boundaries: power: nan is not a number"),
        ({"sides": -(10**400)}, "boundaries: sides: a whole number of about 401 digits is not"),
        ({"information": [10**400, 1]}, "boundaries: information: "),
        ({"sides": 3}, "sides"),
        ({"control_risk": 0.2}, "boundaries: treated_risk: only the other risk was given"),
        ({"treated_risk": 0.2}, "boundaries: control_risk: only the other risk was given"),
    ],
)
def test_bad_input_names_the_argument(arguments, message):
    with pytest.raises(pt.InputError) as caught:
        pt.boundaries(**{"information": 2, **arguments})
    assert message in str(caught.value)
    assert "--" not in str(caught.value)


#: Run in a separate process, because imports of one command would hide those of the next.
LIGHT = """
import sys
from pretese.cli import run
heavy = {"pandas", "pyarrow", "matplotlib", "statsmodels", "scipy.stats", "numpy", "scipy"}
for name in ("boundaries", "power", "monitor", "report"):
    run([name, "--help"])
    assert not heavy & set(sys.modules), (name, heavy & set(sys.modules))
run(["boundaries", "--analyses", "0.5,1", "--treated-risk", "40%", "--control-risk", "20%"])
loaded = (heavy - {"numpy", "scipy"}) & set(sys.modules)
assert not loaded, loaded
"""


def test_no_numerical_library_is_loaded():
    done = subprocess.run(
        [sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
