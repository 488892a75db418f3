"""`pretese monitor` from the command line."""

import json

import jsonschema
import numpy as np
import pytest

from estimate.comparison.risk_difference import score_z
from pretese.api.schemas.schema_registry import json_schema
from pretese.cli import run
from pretese.screen.endings import EXIT_BAD_INPUT

HEAD = "control_events,control_participants,treated_events,treated_participants\n"
ANALYSES = f"{HEAD}22,60,30,60\n48,120,66,120\n72,180,99,180\n"
DESIGN = """\
id: three
title: Three analyses
question: does it work?
participants: 360
risks: {control_percent: 40, treated_percent: 55}
sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]
endpoint: {variable: any_sperm, endpoint_month: 4}
monitoring: {analyses_percent: [33.3333333333, 66.6666666667, 100], efficacy: OF, alpha_percent:
2.5,
  sides: 1}
"""
TWO_SIDED = DESIGN.replace("2.5", "5").replace("sides: 1", "sides: 2")


@pytest.fixture
def type_in(tmp_path, capsys):
    """Return standard output and standard error of the command for analyses of a design."""

    def type_words(analyses, *words, design=DESIGN, code=0):
        table = tmp_path / "analyses.csv"
        if analyses is not None:
            table.write_text(analyses)
        name = design
        if "\n" in design:
            (tmp_path / "three.yaml").write_text(design)
            name = str(tmp_path / "three.yaml")
        assert run(["monitor", name, str(table), *words]) == code
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        if code:
            assert out == ""
            return " ".join(err.split())
        return json.loads(out) if "--json" in words else out

    return type_words


def test_o37_a_trial_of_three_analyses(type_in):
    """Values of rpact, as `tests/reference/r/inline_constants.R` prints them.

    At the final analysis rpact multiplies drifts by the unpooled error, although the statistic uses
    the pooled one; here each limit is the risk difference at which the score test has that distance
    in standard errors.
    """
    found = type_in(ANALYSES, "--json")
    analyses, final = found["analyses"], found["final"]
    assert [row["z"] for row in analyses] == pytest.approx(
        [1.4737523, 2.3267002, 2.8496141], abs=1e-6
    )
    assert [row["boundaries"]["upper"] for row in analyses] == pytest.approx(
        [3.7103029, 2.5114275, 1.9930475], abs=2e-6
    )
    assert [row["repeated"]["p_value"] for row in analyses] == pytest.approx(
        [0.2959837, 0.0356598, 0.0022507], abs=1e-4
    )
    third = analyses[2]["repeated"]
    assert (third["conf_low"], third["conf_high"]) == pytest.approx(
        (0.0451986, 0.2515433), abs=1e-4
    )
    assert [row["future_power"]["no_effect"] for row in analyses[:2]] == pytest.approx(
        [0.0871772, 0.4358071], abs=1e-6
    )
    # Enumerated from counts: four million simulated trials give 0.8400 (MCSE 0.0002). The normal
    # approximation of rpact is 0.8307819.
    planned = analyses[0]["future_power"]["planned"][0]["power"]
    assert planned == pytest.approx(0.8403102, abs=1e-6)
    assert planned == pytest.approx(0.8307819, abs=0.01)
    assert analyses[2]["future_power"] is None
    assert [row["recommendation"] for row in analyses] == [
        "continue",
        "continue",
        "final analysis: reject",
    ]
    assert final["p_value"] == pytest.approx(0.0070736, abs=1e-6)
    error = np.sqrt((0.55 * 0.45 + 0.40 * 0.60) / 180)
    for name, rpact in (("conf_low", 0.0291693), ("conf_high", 0.2447032),
                        ("median_unbiased", 0.1393403)):  # fmt: skip
        away = score_z(99, 180, 72, 180, null=final[name])
        assert away == pytest.approx(analyses[2]["z"] - rpact / error, abs=2e-3)
    assert final["naive"]["estimate"] == pytest.approx(0.15)
    assert found["state"] == {
        "stopped": True, "analysis": 3, "reason": "efficacy", "rejected": True,
        "all_error_spent": True,
    }  # fmt: skip


def test_o15_analyses_that_arrived_early_and_late(type_in):
    rows = "40,54,42,54\n90,126,93,126\n130,180,140,180\n"
    found = type_in(HEAD + rows, "--json")
    assert [row["boundaries"]["upper"] for row in found["analyses"]] == pytest.approx(
        [3.928573, 2.438742, 2.000009], abs=2e-6
    )
    late = type_in(HEAD + "40,54,42,54\n90,126,93,126\n140,195,150,198\n", "--json")
    assert late["analyses"][2]["fraction"] > 1
    assert late["analyses"][2]["alpha_spent"] == pytest.approx(0.025)
    under = type_in(HEAD + "40,54,42,54\n90,126,93,126\n", "--final", "--json")
    assert under["analyses"][1]["boundaries"]["upper"] < 1.97
    assert under["state"]["reason"] == "end"


def test_the_keys_are_those_of_the_page(type_in):
    found = type_in(ANALYSES, "--json")
    assert list(found) == [
        "id", "title", "endpoint", "estimand", "analysis_method", "hypothesis", "plan", "scale",
        "statistic", "information_unit",
        "planned", "level", "analyses", "state", "next", "resized", "final", "overrunning",
        "remarks",
        "design_sha256", "interim_data_sha256", "data_assumptions", "versions",
    ]  # fmt: skip
    assert list(found["analyses"][0]) == [
        "analysis", "row", "participants", "fraction", "planned_fraction", "planned_boundaries",
        "boundaries",
        "alpha_spent", "estimate", "std_error", "z", "recommendation", "repeated", "future_power",
    ]  # fmt: skip
    running = type_in(HEAD + "22,60,30,60\n", "--json")
    assert set(running) == set(found)
    assert set(running["analyses"][0]) == set(found["analyses"][0])


def test_the_screen_shows_every_part(type_in):
    page = type_in(ANALYSES, "--effect", "50", "--effect", "0")
    assert "only the independent data monitoring committee and its statistician may see them" in (
        " ".join(page.split())
    )
    for words in (
        "Lan-DeMets O'Brien-Fleming spending; one-sided alpha 0.025, 3 analyses planned",
        "2.5114    2.5114  2.3267  continue",
        "0.1500   0.0452  0.2515      0.0022      0.02500",
        "Conditional and predictive power",
        "At analysis 3, the final one, the null hypothesis is rejected.",
        " adjusted, median-unbiased    0.1410    0.0296  0.2446       0.0071",
        " naive                        0.1500    0.0469  0.2499       0.0022",
        "The naive analysis ignores the interim analyses",
    ):
        assert words in page.replace("\n", " ") or words in page


def test_a_two_sided_trial_may_stop_for_harm(type_in):
    rows = "30,60,22,60\n70,120,44,120\n"
    page = type_in(HEAD + rows, design=TWO_SIDED)
    assert "At analysis 2 the trial stopped: the null hypothesis is rejected in favour of" in page
    found = type_in(HEAD + rows, "--json", design=TWO_SIDED)
    mirrored = type_in(HEAD + "22,60,30,60\n44,120,70,120\n", "--json", design=TWO_SIDED)
    assert found["state"]["reason"] == "harm"
    for name, other in (("conf_low", "conf_high"), ("median_unbiased", "median_unbiased")):
        assert found["final"][name] == pytest.approx(-mirrored["final"][other], abs=1e-9)
    assert found["final"]["p_value"] == pytest.approx(mirrored["final"]["p_value"], abs=1e-9)


def test_a_futility_boundary_is_recomputed_and_reported(type_in):
    rows = "30,100,28,100\n"
    page = type_in(
        HEAD + rows, "--control-risk", "23%", "--treated-risk", "34%", design="three-analyses"
    )
    assert "non-binding" in page
    found = type_in(HEAD + rows, "--json", design="three-analyses")
    assert found["analyses"][0]["boundaries"] == pytest.approx(
        found["analyses"][0]["planned_boundaries"], abs=1e-6
    )
    early = type_in(HEAD + "24,80,22,80\n", "--json", design="three-analyses")
    row = early["analyses"][0]
    assert row["boundaries"]["lower"] < row["planned_boundaries"]["lower"]
    final = type_in(HEAD + rows, "--final", design="three-analyses")
    assert "stopped for futility: the null hypothesis is not rejected" in " ".join(final.split())


def test_overrunning_is_reported_with_the_decision(type_in):
    rows = ANALYSES.replace("48,120,66,120", "44,120,70,120").replace(
        "72,180,99,180", "50,130,76,130"
    )
    page = type_in(rows, "--overrunning")
    assert "At analysis 2 the trial stopped for efficacy: the null hypothesis is rejected." in page
    assert "with overrunning, adjusted" in page


def test_odds_ratios_are_reported_with_their_logarithms(type_in):
    design = DESIGN + "analysis: {method: logistic}\n"
    page = type_in("estimate,std_error\n0.5,0.35\n0.6,0.25\n", "--planned", "25", design=design)
    assert "0.500 (1.65)" in page
    assert "1 / std_error^2, relative to 25 planned" in " ".join(page.split())


def test_a_re_estimated_trial_is_combined(type_in):
    page = type_in(f"{HEAD}36,90,45,90\n110,270,140,270\n", design="re-estimation")
    assert "Re-estimated at analysis 1: 900 participants to randomise, 360 planned." in page
    assert " adjusted, median-unbiased         -         -       -       0.0068" in page


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_boundaries_and_path_are_drawn(type_in, tmp_path, ending):
    file = tmp_path / f"analyses.{ending}"
    type_in(ANALYSES.rsplit("72", 1)[0], "--plot", str(file))
    data = file.read_bytes()
    if ending == "svg":
        assert all(words in data for words in (b">2.33<", b"boundary, observed", b">1.47<"))
    else:
        assert data.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("design", "analyses", "words", "expected_text"),
    [
        ("three-lks", ANALYSES, [], "did you mean 'three-analyses'"),
        (DESIGN, None, [], "analyses.csv: there is no such file"),
        (DESIGN, "", [], "analyses.csv: it is empty"),
        (DESIGN, ANALYSES.replace("treated_participants", "treated_participant"), [],
         "did you mean 'treated_participants'?"),
        (DESIGN, ANALYSES.replace("66", "x"), [], "row 3, treated_events: 'x' is not allowed"),
        (DESIGN, ANALYSES.replace("48,120", "18,120"), [], "row 3, control_events: 18 after 22"),
        (DESIGN, ANALYSES.replace("30,60", "61,60"), [], "row 2, treated_events: 61 events of 60"),
        (DESIGN, ANALYSES + "80,200,110,200\n", [],
         "row 5: analysis 4 follows the end of the trial"),
        (DESIGN.replace("OF", "WT(0.25)"), HEAD + "20,54,24,54\n", [],
         "row 2: analysis 1 has information fraction 0.3"),
        (DESIGN, HEAD + "22,60,30,60\n", ["--overrunning"],
         "no analysis follows the end of the trial"),
        (DESIGN, ANALYSES, ["--control-risk", "40%", "--treated-risk", "55%"],
         "the design has risks of its own"),
        ("three-analyses", ANALYSES, ["--control-risk", "40"],
         "--control-risk: '40' has no percent sign"),
        ("three-analyses", ANALYSES, ["--control-risk", "140%"], "above 0% and below 100%"),
        (DESIGN, ANALYSES, ["--planned", "0"], "0.0 is not in the range"),
        ("three-analyses", ANALYSES, ["--control-risk", "0.23"], "write 23% (the"),
        (DESIGN, ANALYSES, ["--planned", "nan"], "give a finite number"),
        (DESIGN, ANALYSES, ["--effect", "nan"], "give a finite number"),
        (DESIGN, ANALYSES, ["--effect", "-5"], "-5.0 is not in the range"),
        (DESIGN, ANALYSES, ["--plot", "analyses.jpg"], "analyses.jpg: .jpg; end in .png"),
        (DESIGN, ANALYSES, ["--plot", "no-folder/analyses.png"], "there is no folder no-folder"),
        (
            "minimisation-eight-sites", ANALYSES, [],
            "counts do not suffice for an analysis by 'g-computation-randomised'",
        ),
        ("minimisation-eight-sites", "estimate,std_error\n0.1,0.05\n", [], "give --planned"),
        ("superiority-retrieval-only", ANALYSES, [], "participants that the endpoint excludes"),
    ],
)  # fmt: skip
def test_bad_input_is_one_message_and_exit_2(type_in, design, analyses, words, expected_text):
    assert expected_text in type_in(analyses, *words, design=design, code=EXIT_BAD_INPUT)


def test_a_full_disk_gives_a_message_and_no_traceback(type_in, tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    message = type_in(ANALYSES, "--plot", str(tmp_path / "analyses.svg"), code=EXIT_BAD_INPUT)
    assert "it cannot be written (No space left on device)" in message
    assert not list(tmp_path.glob("*.svg"))


ARMS = """\
id: arms
title: Two treatments against none
question: which one works?
participants: 540
risks_percent: {none: 40, hcg: 50, a very long name of a treatment arm: 60}
sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]
endpoint: {variable: any_sperm, endpoint_month: 4}
monitoring: {analyses_percent: [50, 100], efficacy: OF, alpha_percent: 2.5, sides: 1, harm: OF}
dropping: {futility_z: [0]}
"""
LONG = "a very long name of a treatment arm"
ARM_ROWS = (
    f"none_events,none_participants,hcg_events,hcg_participants,{LONG}_events,{LONG}_participants\n"
    "36,90,41,90,50,90\n"
)


def test_several_arms_fit_eighty_columns_and_meet_their_schema(type_in, tmp_path):
    file = tmp_path / "arms.svg"
    page = type_in(ARM_ROWS, "--effect", "50", "--plot", str(file), design=ARMS)
    assert max(map(len, page.splitlines())) <= 80
    for words in ("The trial continues.", "Next: final analysis 2", "· Unblinded results"):
        assert words in page
    assert all(words in file.read_bytes() for words in (b"harm boundary", b"2.09"))
    found = type_in(ARM_ROWS, "--json", design=ARMS)
    jsonschema.validate(found, json_schema("monitor-several-arms"))
    combined = ARMS.replace("dropping: {futility_z: [0]}", "testing: {procedure: combination}")
    page = type_in(ARM_ROWS, design=combined)
    assert max(map(len, page.splitlines())) <= 80


@pytest.mark.parametrize(
    ("rows", "words", "expected_text"),
    [
        (ARM_ROWS, ["--continued", "lh"], "--continued: there is no treatment 'lh'"),
        (ARM_ROWS, ["--arm-risk", "hcg=40"], "--arm-risk: '40' has no percent sign"),
        (ARM_ROWS, ["--arm-risk", "hcg=40%"], "--arm-risk: the design has risks of its own"),
        (ARM_ROWS.replace("hcg_events", "lh_events"), [], "lh_events': there is no such column"),
        (ARM_ROWS + "70,180,80,180,50,90\n72,185,84,185,52,93\n", [],
         "row 4: analysis 3 follows the end of the trial"),
        (ARM_ROWS + "70,180,80,180,100,180\n", ["--overrunning"], "--overrunning: no data follow"),
        (ARM_ROWS.replace("36,90,41,90", "36,90,30,90") + "70,180,80,180,100,180\n", [],
         "if it was continued against the rule, give --continued hcg"),
    ],
)  # fmt: skip
def test_bad_data_of_several_arms_are_one_message(type_in, rows, words, expected_text):
    assert expected_text in type_in(rows, *words, design=ARMS, code=EXIT_BAD_INPUT)


def test_options_of_several_arms_are_refused_by_other_designs(type_in):
    found = type_in(ANALYSES, "--continued", "hcg", code=EXIT_BAD_INPUT)
    assert "--continued: designs with two arms do not take it" in found
