import json

import pytest

from pretese.cli import run
from pretese.screen.endings import EXIT_BAD_INPUT


def lines_of(capsys, *words):
    assert run(["boundaries", *words]) == 0
    return capsys.readouterr().out


def test_json_is_one_document_with_the_published_bounds(capsys):
    document = json.loads(lines_of(capsys, "--spending", "OF", "--looks", "3", "--json"))
    assert [look["upper"] for look in document["looks"]] == pytest.approx(
        [3.7103029, 2.5114275, 1.9930475], abs=2e-6
    )
    assert document["inflation"] == pytest.approx(1.0127948, abs=2e-6)
    assert document["looks"][0]["lower"] is None
    assert document["looks"][2]["alpha_spent"] == pytest.approx(0.025)


def test_the_page_says_what_the_design_is(capsys):
    page = lines_of(
        capsys, "--looks", "0.5,1", "--shape", "WT", "--delta", "0.25", "--power", "0.9"
    )
    assert page.startswith("Wang-Tsiatis, delta 0.25; one-sided alpha 0.025, power 0.9")
    assert "inflation" in page


@pytest.mark.parametrize(
    "words",
    [
        ["--shape", "HP", "--looks", "4"],
        ["--shape", "HP", "--z", "3.5", "--looks", "4"],
        ["--shape", "OF", "--looks", "2"],
        ["--shape", "Pocock", "--looks", "2", "--sides", "2", "--alpha", "0.05"],
        ["--spending", "KD", "--rho", "2", "--looks", "0.3,0.7,1"],
        ["--spending", "user", "--cumulative", "0.001,0.025", "--looks", "0.5,1"],
        ["--futility", "HSD", "--futility-gamma", "-2", "--looks", "3", "--binding"],
    ],
)
def test_every_family_has_a_page(capsys, words):
    assert "expected, no effect" in lines_of(capsys, *words)


def test_men_come_with_exact_power_beside_the_closed_form(capsys):
    words = ["--looks", "3", "--futility", "OF", "--risks", "0.359,0.195"]
    men = json.loads(lines_of(capsys, *words, "--json"))["men"]
    assert men["per_arm_fixed"] == 116
    assert men["per_arm_at_look"] == [43, 86, 128]
    assert men["exact_power"] == pytest.approx(0.8, abs=0.02)
    # A futility bound that does not bind is ignored where type I error is concerned.
    assert men["exact_type_1_error"] == pytest.approx(0.025, abs=0.002)
    assert sum(men["exact_rejects_at_look"]) == pytest.approx(men["exact_power"])
    page = lines_of(capsys, *words)
    assert f"exact power                   {men['exact_power']:.4f}" in page


def test_two_sided_men(capsys):
    words = ["--looks", "2", "--sides", "2", "--alpha", "0.05", "--risks", "0.2,0.4", "--json"]
    men = json.loads(lines_of(capsys, *words))["men"]
    assert men["exact_type_1_error"] == pytest.approx(0.05, abs=0.005)
    assert men["exact_power"] == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--looks", "0.5,0.4,1"], "do not rise from above 0"),
        (["--looks", "0.5,1.2"], "after the end"),
        (["--looks", "a,b"], "'a,b' came"),
        (["--looks", "1000"], "give 1 to 100"),
        (["--looks", "2", "--alpha", "2"], "alpha: 2.0 is not allowed"),
        (["--looks", "2", "--spending", "HSD"], "give a number for gamma"),
        (["--looks", "2", "--gamma", "2"], "OF does not take it"),
        (["--looks", "2", "--shape", "WT"], "WT came without it"),
        (["--looks", "2", "--shape", "OF", "--spending", "OF"], "give one of the two"),
        (["--looks", "2", "--futility-rho", "2"], "no futility does not take it"),
        (["--looks", "2", "--binding"], "there is no futility bound"),
        (["--looks", "2", "--sides", "2", "--futility", "OF"], "one side"),
        (["--looks", "2", "--risks", "0.3"], "give TREATED,CONTROL"),
        (["--looks", "2", "--risks", "0.3,0.3"], "lies on the null"),
        (["--looks", "2", "--risks", "0.3001,0.3"], "too many to enumerate"),
        (["--looks", "9", "--risks", "0.98,0.02"], "the same look"),
        (["--spending", "OF"], "Missing option '--looks'"),
        (["--looks", "2", "--spending", "OBF"], "'OBF' is not one of"),
    ],
)
def test_bad_input_is_one_message_and_exit_2(capsys, words, says):
    assert run(["boundaries", *words]) == EXIT_BAD_INPUT
    out, err = capsys.readouterr()
    assert says in err
    assert "Traceback" not in err
    assert out == ""
