import json

import pytest

from pretese.cli import run
from pretese.screen.endings import EXIT_BAD_INPUT


def lines_of(capsys, *words):
    assert run(["boundaries", *words]) == 0
    return capsys.readouterr().out


def test_json_is_one_document_with_the_published_boundaries(capsys):
    document = json.loads(lines_of(capsys, "--spending", "OF", "--analyses", "3", "--json"))
    assert [analysis["upper"] for analysis in document["analyses"]] == pytest.approx(
        [3.7103029, 2.5114275, 1.9930475], abs=2e-6
    )
    assert document["inflation"] == pytest.approx(1.0127948, abs=2e-6)
    assert document["analyses"][0]["lower"] is None
    assert document["analyses"][2]["alpha_spent"] == pytest.approx(0.025)


def test_the_page_states_what_the_design_is(capsys):
    page = lines_of(
        capsys, "--analyses", "0.5,1", "--shape", "WT", "--delta", "0.25", "--power", "0.9"
    )
    assert page.startswith("Wang-Tsiatis, delta 0.25; one-sided alpha 0.025, power 0.9")
    assert "inflation" in page


@pytest.mark.parametrize(
    "words",
    [
        ["--shape", "HP", "--analyses", "4"],
        ["--shape", "HP", "--z", "3.5", "--analyses", "4"],
        ["--shape", "OF", "--analyses", "2"],
        ["--shape", "Pocock", "--analyses", "2", "--sides", "2", "--alpha", "0.05"],
        ["--spending", "KD", "--rho", "2", "--analyses", "0.3,0.7,1"],
        ["--spending", "user", "--cumulative", "0.001,0.025", "--analyses", "0.5,1"],
        ["--futility", "HSD", "--futility-gamma", "-2", "--analyses", "3", "--binding"],
    ],
)
def test_every_family_has_a_page(capsys, words):
    assert "expected size, no effect" in lines_of(capsys, *words)


def test_sample_size_has_exact_power_next_to_the_closed_form(capsys):
    words = [
        "--analyses",
        "3",
        "--futility",
        "OF",
        "--treated-risk",
        "35.9%",
        "--control-risk",
        "19.5%",
    ]
    participants = json.loads(lines_of(capsys, *words, "--json"))["participants"]
    assert participants["per_arm_fixed"] == 116
    assert participants["per_arm_at_analysis"] == [43, 86, 128]
    assert participants["exact_power"] == pytest.approx(0.8, abs=0.02)
    # A non-binding futility boundary is ignored for the type I error.
    assert participants["exact_type_1_error"] == pytest.approx(0.025, abs=0.002)
    assert sum(participants["exact_rejects_at_analysis"]) == pytest.approx(
        participants["exact_power"]
    )
    page = lines_of(capsys, *words)
    assert f"exact power                   {participants['exact_power']:.4f}" in page


def test_two_sided_participants(capsys):
    words = [
        "--analyses",
        "2",
        "--sides",
        "2",
        "--alpha",
        "0.05",
        "--treated-risk",
        "20%",
        "--control-risk",
        "40%",
        "--json",
    ]
    participants = json.loads(lines_of(capsys, *words))["participants"]
    assert participants["exact_type_1_error"] == pytest.approx(0.05, abs=0.005)
    assert participants["exact_power"] == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--analyses", "0.5,0.4,1"], "do not rise from above 0"),
        (["--analyses", "0.5,1.2"], "after the end"),
        (["--analyses", "a,b"], "'a,b' is not understood"),
        (["--analyses", "1000"], "give 1 to 100"),
        (["--analyses", "2", "--alpha", "2"], "alpha: 2.0 is not allowed"),
        (["--analyses", "2", "--spending", "HSD"], "give a number for gamma"),
        (["--analyses", "2", "--gamma", "2"], "OF has no such parameter"),
        (["--analyses", "2", "--shape", "WT"], "WT needs it"),
        (["--analyses", "2", "--shape", "OF", "--spending", "OF"], "give one of the two"),
        (["--analyses", "2", "--futility-rho", "2"], "no futility has no such parameter"),
        (["--analyses", "2", "--binding"], "there is no futility boundary"),
        (["--analyses", "2", "--sides", "2", "--futility", "OF"], "one side"),
        (["--analyses", "2", "--control-risk", "0.3"], "write 30% (the probability 0.3) or 0.3%"),
        (["--analyses", "2", "--control-risk", "30"], "'30' has no percent sign; write 30%"),
        (["--analyses", "2", "--control-risk", "120%"], "above 0% and below 100%"),
        (["--analyses", "2", "--control-risk", "30%"], "--treated-risk: only the other risk"),
        (["--analyses", "2", "--treated-risk", "30%", "--control-risk", "30%"], "lies on the null"),
        (
            ["--analyses", "2", "--treated-risk", "30.01%", "--control-risk", "30%"],
            "too many to enumerate",
        ),
        (["--analyses", "9", "--treated-risk", "98%", "--control-risk", "2%"], "coincide"),
        (["--spending", "OF"], "Missing option '--analyses'"),
        (["--analyses", "2", "--spending", "OBF"], "'OBF' is not one of"),
    ],
)
def test_bad_input_is_one_message_and_exit_2(capsys, words, message):
    assert run(["boundaries", *words]) == EXIT_BAD_INPUT
    out, err = capsys.readouterr()
    assert message in err
    assert "Traceback" not in err
    assert out == ""
