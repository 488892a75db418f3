"""Futility rules, harm and selected analyses in `boundaries`: the same as in a design file."""

import json

import pytest

import pretese
from pretese.cli import run
from pretese.screen.endings import EXIT_BAD_INPUT
from pretese.trial.design.interim import Monitoring
from protocol.errors import InputError


def uppers(design):
    return [row["upper"] for row in design.to_dict()["analyses"]]


@pytest.mark.parametrize("rule", ["z(0)", "effect(20)", "CP(10)", "CPobserved(10, 5)", "PP(5)"])
def test_a_rule_gives_the_boundaries_of_a_design_file(rule):
    rows = pretese.boundaries(3, futility=rule).to_dict()["analyses"]
    filed = Monitoring(
        analyses_percent=(100 / 3, 200 / 3, 100), futility=rule, alpha_percent=2.5, sides=1
    ).plan()
    assert [row["lower"] for row in rows] == pytest.approx(filed.lower, abs=1e-6)
    assert [row["upper"] for row in rows] == pytest.approx(filed.upper, abs=1e-6)


def test_boundaries_of_harm_are_efficacy_boundaries_of_their_error_mirrored():
    rows = pretese.boundaries(3, harm="OF", harm_alpha=0.05).to_dict()["analyses"]
    mirrored = [-z for z in uppers(pretese.boundaries(3, alpha=0.05))]
    assert [row["harm"] for row in rows] == pytest.approx([*mirrored[:2], None])
    assert [row["lower"] for row in rows[:2]] == pytest.approx(mirrored[:2])
    assert uppers(pretese.boundaries(3, harm="OF")) == uppers(pretese.boundaries(3))


def test_harm_below_futility_does_not_raise_the_boundary():
    both = pretese.boundaries(3, futility="z(0)", harm="OF").to_dict()["analyses"]
    assert [row["lower"] for row in both[:2]] == [0, 0]
    assert all(row["harm"] < 0 for row in both[:2])


def test_chosen_analyses_spend_the_error_of_the_others():
    chosen = pretese.boundaries(
        3, futility="CP(10)", futility_analyses=[2], efficacy_analyses=[2]
    ).to_dict()["analyses"]
    assert (chosen[0]["upper"], chosen[0]["lower"]) == (None, None)
    two = uppers(pretese.boundaries([2 / 3, 1]))
    assert [row["upper"] for row in chosen[1:]] == pytest.approx(two, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"futility": "what(1)"}, "'what\\(1\\)' is not known"),
        ({"futility": "CP(10,20,30)"}, "3 values for 2 interim analyses"),
        ({"futility": "CP(0)"}, "above 0 and below 100 percent"),
        ({"futility": "other"}, "is not known"),
        ({"harm": "WT"}, "give OF, Pocock"),
        ({"harm": "OF", "sides": 2}, "already stop for harm"),
        ({"harm": "OF", "harm_alpha": 0.6}, "above 0, below 0.5"),
        ({"harm_alpha": 0.1}, "it was given without harm"),
        ({"futility_analyses": [1]}, "it was given without futility"),
        ({"efficacy_analyses": [3]}, "number interim analyses from 1 to 2"),
        ({"efficacy_analyses": [1.5]}, "number interim analyses from 1 to 2"),
        ({"harm": "OF", "treatment_arms": 2}, "several treatments do not take it"),
    ],
)
def test_what_cannot_be_is_refused_by_name(arguments, message):
    with pytest.raises(InputError, match=message):
        pretese.boundaries(3, **arguments)


def test_the_command_gives_the_same_boundaries(capsys):
    words = ["boundaries", "--analyses", "3", "--futility", "z(0,0.5)", "--harm", "OF",
             "--harm-alpha", "0.05", "--efficacy-analyses", "2"]  # fmt: skip
    assert run([*words, "--json"]) == 0
    found = pretese.boundaries(
        3, futility="z(0,0.5)", harm="OF", harm_alpha=0.05, efficacy_analyses=[2]
    )
    assert json.loads(capsys.readouterr().out)["analyses"] == found.to_dict()["analyses"]
    assert run(words) == 0
    assert "harm boundaries               -3.2001, -2.1408" in capsys.readouterr().out
    assert run([*words, "--sides", "2"]) == EXIT_BAD_INPUT
