"""An ongoing trial compared with its plan, computed by hand."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from estimate.comparison.risk_difference import score_z
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.spending import Spending
from pretese.trial.design.design_file import DesignFile
from pretese.trial.monitoring.interim_data import InterimData
from pretese.trial.monitoring.monitoring_answer import monitoring_document
from pretese.trial.monitoring.ongoing_trial import Asked, monitor
from protocol.errors import InputError
from protocol.reading.documents import parse_document

DESIGN = """\
id: trial
title: A trial
question: does it work?
participants: 400
risks: {control_percent: 40, treated_percent: 55}
sites: [{name: first, from_month: [0], recruitment_per_year: [120]}]
endpoint: {variable: any_sperm, endpoint_month: 4}
"""
SCENARIO = "scenario: rct-two-arm"
TWO = "{analyses_percent: [50, 100], efficacy: OF, alpha_percent: 2.5, sides: 1}"
FUTILE = TWO.replace("}", ", futility: OF}")
BOTH = "{analyses_percent: [50, 100], efficacy: Pocock, alpha_percent: 5, sides: 2}"


def design(monitoring=TWO, more="", **changes):
    text = f"{DESIGN}monitoring: {monitoring}\n{more}"
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    return parse_document(text, DesignFile, where="trial.yaml")


def from_scenario(monitoring=TWO, more=""):
    plain = "risks: {control_percent: 40, treated_percent: 55}"
    return design(monitoring, more, source=(plain, SCENARIO))


def counts(*rows):
    """Rows of control events and participants, treated events and participants."""
    table = np.array(rows).reshape(-1, 2, 2)
    events, participants = table[..., 0], table[..., 1]
    places = tuple(range(2, 2 + len(rows)))
    return InterimData(
        "analyses.csv", places, events, participants, None, None, participants.sum(-1), "0"
    )


def estimates(*rows, participants=None):
    value, error = np.array(rows, float).T
    places = tuple(range(2, 2 + len(rows)))
    total = None if participants is None else np.array(participants)
    return InterimData("analyses.csv", places, None, None, value, error, total, "0")


def reported(plan, interim, **asked):
    return monitoring_document(monitor(plan, interim, Asked(**asked)))


def refused(plan, interim, **asked):
    with pytest.raises(InputError) as caught:
        monitor(plan, interim, Asked(**asked))
    return str(caught.value)


def test_a_trial_with_one_analysis_is_an_ordinary_analysis():
    plan = design("{analyses_percent: [100], alpha_percent: 2.5, sides: 1}")
    found = reported(plan, counts((80, 200, 104, 200)))
    z = 0.12 / np.sqrt(0.46 * 0.54 * 2 / 200)
    row, final = found["analyses"][0], found["final"]
    assert row["z"] == pytest.approx(z)
    assert row["boundaries"]["upper"] == pytest.approx(-ndtri(0.025))
    assert row["recommendation"] == "final analysis: reject"
    assert final["p_value"] == pytest.approx(ndtr(-z)) == final["naive"]["p_value"]
    assert final["median_unbiased"] == pytest.approx(0.12) == final["naive"]["estimate"]
    for limit in ("conf_low", "conf_high"):
        assert final[limit] == pytest.approx(final["naive"][limit])
    assert row["repeated"]["conf_low"] == pytest.approx(final["naive"]["conf_low"])


def test_conditional_and_predictive_power_of_two_analyses_by_hand():
    plan = design(more="prior: [{effect_percent: 0, weight_percent: 40}, "
                       "{effect_percent: 100, weight_percent: 60}]\n")  # fmt: skip
    found = reported(plan, estimates((0.08, 0.1)), planned=200, shares=(0.5,))
    row = found["analyses"][0]
    t, z, last = 0.5, 0.8, plan.monitoring.plan().upper[1]
    assert (row["fraction"], row["z"]) == pytest.approx((t, z))

    def power(drift):
        return ndtr((z * np.sqrt(t) - last) / np.sqrt(1 - t) + drift * np.sqrt(1 - t))

    full = 0.15 * np.sqrt(200)
    future = row["future_power"]
    assert future["no_effect"] == pytest.approx(power(0), abs=1e-9)
    assert future["observed"] == pytest.approx(power(z / np.sqrt(t)), abs=1e-9)
    powers = {each["effect_percent"]: each["power"] for each in future["planned"]}
    assert powers == pytest.approx({100: power(full), 50: power(full / 2)}, abs=1e-9)
    flat = ndtr((z / np.sqrt(t) - last) / np.sqrt((1 - t) / t))
    assert future["predictive_flat"] == pytest.approx(flat, abs=1e-6)
    weights = np.array([0.4, 0.6]) * np.exp(-((z - np.array([0, full]) * np.sqrt(t)) ** 2) / 2)
    mixed = (weights * [power(0), power(full)]).sum() / weights.sum()
    assert future["predictive_prior"] == pytest.approx(mixed, abs=1e-9)


def test_boundaries_are_recomputed_for_early_analyses():
    found = reported(design(), counts((24, 60, 30, 60)))
    row, coming = found["analyses"][0], found["next"]
    spent = 2 * ndtr(ndtri(0.0125) / np.sqrt(0.3))
    assert row["fraction"] == pytest.approx(0.3)
    assert row["boundaries"]["upper"] == pytest.approx(-ndtri(spent))
    assert row["planned_boundaries"]["upper"] == pytest.approx(2.9625880, abs=1e-6)
    assert row["recommendation"] == "continue"
    assert (coming["participants"], coming["last"]) == (400, True)
    assert found["final"] is None
    low, high = row["repeated"]["conf_low"], row["repeated"]["conf_high"]
    edges = [float(score_z(30, 60, 24, 60, null=null)) for null in (low, high)]
    assert edges == pytest.approx([-ndtri(spent), ndtri(spent)], abs=1e-6)


def test_without_alpha_to_spend_there_is_no_boundary_and_no_interval():
    found = reported(design(TWO.replace("OF", "'user(0,2.5)'")), counts((20, 100, 80, 100)))
    row = found["analyses"][0]
    assert row["boundaries"] == {"lower": None, "upper": None}
    assert (row["recommendation"], row["alpha_spent"]) == ("continue", 0)
    assert row["repeated"] == {"conf_low": None, "conf_high": None, "p_value": None}


def test_data_after_the_stop_are_analysed_without_the_stopping_analysis():
    interim = counts((30, 100, 62, 100), (36, 110, 66, 110))
    assert "row 3: analysis 2 follows the end of the trial at analysis 1 (efficacy)" in refused(
        design(), interim
    )
    found = reported(design(), interim, overrunning=True)
    assert [row["analysis"] for row in found["analyses"]] == [1]
    assert found["state"] == {
        "stopped": True, "analysis": 1, "reason": "efficacy", "rejected": True,
        "all_error_spent": False,
    }  # fmt: skip
    first, late = found["analyses"][0]["z"], found["overrunning"]
    assert found["final"]["p_value"] == pytest.approx(ndtr(-first))
    assert late["final"]["p_value"] == pytest.approx(ndtr(-late["z"]))
    assert late["z"] == pytest.approx(float(score_z(66, 110, 36, 110)))
    assert any("Whitehead" in remark for remark in found["remarks"])


def test_overrunning_requires_a_stop_and_is_one_analysis():
    assert "no analysis follows the end" in refused(
        design(), counts((40, 100, 50, 100)), overrunning=True
    )
    many = counts((30, 100, 62, 100), (36, 110, 66, 110), (40, 120, 70, 120))
    assert "row 4: 2 analyses follow the end" in refused(design(), many, overrunning=True)


def test_a_trial_that_ends_early_spends_the_remaining_alpha():
    interim = counts((36, 100, 50, 100))
    running, final = reported(design(), interim), reported(design(), interim, final=True)
    assert running["state"]["stopped"] is False
    row = final["analyses"][0]
    assert row["boundaries"]["upper"] == pytest.approx(-ndtri(0.025))
    assert row["z"] == pytest.approx(0.14 / np.sqrt(0.43 * 0.57 * 2 / 100))
    assert row["recommendation"] == "final analysis: reject"
    assert row["repeated"]["p_value"] == pytest.approx(ndtr(-row["z"]))
    assert running["analyses"][0]["repeated"]["p_value"] > 0.05
    assert any("spends all remaining alpha" in remark for remark in final["remarks"])


def test_the_last_analysis_by_number_is_the_last_if_it_is_nearly_complete():
    early, late = (36, 100, 44, 100), (78, 198, 90, 198)
    found = reported(design(), counts(early, late))
    assert found["state"]["reason"] == "end"
    assert found["analyses"][1]["alpha_spent"] == pytest.approx(0.025)
    further = reported(design(), counts(early, (70, 180, 80, 180)))
    assert further["state"]["stopped"] is False


def test_error_spending_allows_more_analyses_than_planned():
    rows = [(12 * k, 40 * k, 14 * k, 40 * k) for k in range(1, 6)]
    found = reported(design(), counts(*rows))
    assert [row["fraction"] for row in found["analyses"]] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    expected = plan_sequential([0.2, 0.4, 0.6, 0.8, 1], Spending("OF")).upper
    assert [r["boundaries"]["upper"] for r in found["analyses"]] == pytest.approx(
        expected, abs=1e-9
    )
    assert found["analyses"][2]["planned_boundaries"] is None


def test_two_sides_stop_in_both_directions_and_double_the_p_value():
    for events, why in (((40, 70), "efficacy"), ((70, 40), "harm")):
        found = reported(design(BOTH), counts((events[0], 100, events[1], 100)))
        assert found["state"]["reason"] == why
        assert found["final"]["p_value"] == pytest.approx(
            2 * ndtr(-abs(found["analyses"][0]["z"])), abs=1e-12
        )
        assert found["final"]["median_unbiased"] == pytest.approx(found["analyses"][0]["estimate"])
    assert reported(design(BOTH), counts((50, 100, 50, 100)))["state"]["stopped"] is False


def test_final_limits_agree_with_the_adjusted_p_value():
    for events in ((72, 88), (72, 95), (72, 99)):
        rows = (36, 90, 47, 90), (events[0], 180, events[1], 180)
        found = reported(
            design(TWO, participants=("participants: 400", "participants: 360")), counts(*rows)
        )["final"]
        assert (found["conf_low"] > 0) == (found["p_value"] < 0.025)
        assert found["conf_low"] < found["median_unbiased"] < found["conf_high"]


def test_a_non_binding_futility_boundary_may_be_overruled():
    poor = (50, 100, 46, 100)
    found = reported(design(FUTILE), counts(poor))
    row = found["analyses"][0]
    assert row["z"] < row["boundaries"]["lower"]
    assert row["recommendation"] == "futility boundary crossed (non-binding): stop or continue"
    assert found["state"]["stopped"] is False
    went_on = reported(design(FUTILE), counts(poor, (90, 200, 120, 200)))
    assert went_on["state"]["rejected"]
    without = reported(design(TWO), counts(poor, (90, 200, 120, 200)))
    assert went_on["final"]["p_value"] == pytest.approx(without["final"]["p_value"], abs=1e-12)


def test_a_trial_ended_for_futility_spends_no_alpha():
    found = reported(design(FUTILE), counts((50, 100, 46, 100)), final=True)
    assert found["state"]["reason"] == "futility"
    assert found["analyses"][0]["alpha_spent"] < 0.01
    assert found["final"]["p_value"] > 0.5
    assert any("the remaining alpha was not spent" in remark for remark in found["remarks"])


def test_a_binding_futility_boundary_ends_the_trial():
    plan = design(FUTILE.replace("}", ", binding: true}"))
    found = reported(plan, counts((50, 100, 46, 100)))
    assert (found["state"]["reason"], found["analyses"][0]["recommendation"]) == (
        "futility",
        "stop for futility",
    )
    assert found["analyses"][0]["repeated"]["p_value"] is None
    later = counts((50, 100, 46, 100), (90, 200, 120, 200))
    assert "follows the end of the trial at analysis 1 (futility)" in refused(plan, later)


@pytest.mark.parametrize("efficacy", ["WT(0.25)", "HP(3)", "user(0.5,2.5)"])
def test_boundaries_fixed_beforehand_are_valid_only_for_planned_analyses(efficacy):
    plan = design(TWO.replace("OF", f"'{efficacy}'"))
    found = reported(plan, counts((40, 101, 50, 102)))
    assert found["analyses"][0]["boundaries"] == found["analyses"][0]["planned_boundaries"]
    message = refused(plan, counts((30, 80, 36, 80)))
    assert "row 2: analysis 1 has information fraction 0.400, planned 0.500" in message
    assert "within 0.02 of the plan" in message
    early = reported(plan, counts((30, 80, 36, 80)), final=True)
    assert early["analyses"][0]["boundaries"]["upper"] == pytest.approx(-ndtri(0.025))
    many = counts((40, 100, 44, 100), (60, 150, 64, 150), (80, 200, 84, 200))
    assert "row 3: analysis 2 has information fraction 0.750" in refused(plan, many)


def test_the_repeated_p_value_is_the_alpha_at_which_the_boundary_equals_the_statistic():
    found = reported(design(TWO.replace("OF", "WT(0.25)")), counts((40, 100, 54, 100)))
    p = found["analyses"][0]["repeated"]["p_value"]
    at = design(TWO.replace("OF", "WT(0.25)").replace("2.5", f"{100 * p:.10f}"))
    assert at.monitoring.plan().upper[0] == pytest.approx(found["analyses"][0]["z"], abs=1e-6)


def test_dropout_lowers_the_participants_planned_to_be_analysed():
    dropped_out = "dropout: {control_percent: 10, treated_percent: 20}\n"
    assert reported(design(more=dropped_out), counts((4, 10, 5, 10)))["planned"] == pytest.approx(
        340
    )
    assert reported(from_scenario(more=dropped_out), counts((4, 10, 5, 10)))[
        "planned"
    ] == pytest.approx(340)
    failure = (", endpoint_month", ", missing: failure, endpoint_month")
    kept = reported(design(more=dropped_out, rule=failure), counts((4, 10, 5, 10)))
    assert kept["planned"] == pytest.approx(400)
    assert reported(design(), counts((4, 10, 5, 10)), planned=80)["analyses"][0]["fraction"] == 0.25


def test_information_of_estimates_is_computed_from_their_standard_errors():
    found = reported(design(), estimates((0.10, 0.07), (0.12, 0.0491)))
    planned = 200 / (0.4 * 0.6 + 0.55 * 0.45)
    assert (found["information_unit"], found["planned"]) == ("information", pytest.approx(planned))
    assert found["analyses"][1]["fraction"] == pytest.approx(1 / 0.0491**2 / planned)
    assert found["analyses"][1]["repeated"]["conf_low"] == pytest.approx(
        0.12 - found["analyses"][1]["boundaries"]["upper"] * 0.0491
    )


def test_logarithms_of_odds_ratios_are_read_as_such():
    plan = design(more="analysis: {method: logistic}\n")
    found = reported(plan, estimates((0.5, 0.3)))
    assert found["scale"] == "log odds ratio"
    assert found["planned"] == pytest.approx(200 / (1 / 0.24 + 1 / (0.55 * 0.45)))
    assert any("natural logarithms" in remark for remark in found["remarks"])
    drift = (np.log(0.55 / 0.45) - np.log(0.4 / 0.6)) * np.sqrt(found["planned"])
    t = found["analyses"][0]["fraction"]
    assert t == pytest.approx(1 / 0.09 / found["planned"])
    last = plan_sequential([t, 1], Spending("OF")).upper[1]
    expected = ndtr((0.5 / 0.3 * np.sqrt(t) - last) / np.sqrt(1 - t) + drift * np.sqrt(1 - t))
    power = found["analyses"][0]["future_power"]["planned"][0]["power"]
    assert power == pytest.approx(expected, abs=1e-9)


def test_information_is_scaled_from_the_last_analysis_if_participants_are_the_unit():
    plan = from_scenario(
        more="analysis: {method: g-computation-randomised, covariates: [age_years]}\n"
    )
    found = reported(plan, estimates((0.10, 0.07), (0.13, 0.048), participants=(200, 400)))
    assert (found["information_unit"], found["planned"]) == ("participants", 400)
    assert found["analyses"][0]["future_power"]["planned"] == []
    assert any("--control-risk and --treated-risk" in remark for remark in found["remarks"])
    with_risks = reported(plan, estimates((0.10, 0.07), participants=(200,)), risks=(0.23, 0.34))
    information = 2 / 0.07**2
    drift = 0.11 * np.sqrt(information)
    z, last = 0.10 / 0.07, plan.monitoring.plan().upper[1]
    expected = ndtr((z * np.sqrt(0.5) - last) / np.sqrt(0.5) + drift * np.sqrt(0.5))
    assert with_risks["analyses"][0]["future_power"]["planned"][0]["power"] == pytest.approx(
        expected
    )


def test_arms_out_of_balance_are_reported_and_others_are_not():
    message = [
        r for r in reported(design(), counts((40, 60, 50, 140)))["remarks"] if "allocation" in r
    ]
    assert message == [
        "Analysis 1: 60 and 140 participants are not the planned allocation; they carry 84.0% "
        "of the "
        "information of that sample size."
    ]
    assert not any("alloc" in r for r in reported(design(), counts((40, 98, 50, 102)))["remarks"])
    two = design(more="allocation: [1, 2]\n")
    assert not any("alloc" in r for r in reported(two, counts((20, 60, 50, 120)))["remarks"])


RESIZED = (
    "{analyses_percent: [50, 100], efficacy: OF, alpha_percent: 2.5, sides: 1, reestimation: "
    "{at_analysis: 1, max_percent: 400, min_percent: 50}}"
)


def test_after_re_estimation_stages_are_combined_by_the_planned_weights():
    plan = design(RESIZED)
    found = reported(plan, counts((40, 100, 50, 100), (120, 300, 160, 300)))
    first, own = score_z(50, 100, 40, 100), score_z(110, 200, 80, 200)
    last = found["analyses"][1]
    assert last["z"] == pytest.approx((first + own) / np.sqrt(2))
    assert last["fraction"] == 1
    assert last["boundaries"]["upper"] == plan.monitoring.plan().upper[1]
    for limit, sign in (("conf_low", 1), ("conf_high", -1)):
        null = last["repeated"][limit]
        z = score_z(50, 100, 40, 100, null=null) + score_z(110, 200, 80, 200, null=null)
        assert z / np.sqrt(2) == pytest.approx(sign * last["boundaries"]["upper"], abs=1e-7)
    assert found["final"]["median_unbiased"] is None
    assert found["final"]["p_value"] >= ndtr(-last["z"])
    assert any("No median-unbiased estimate" in remark for remark in found["remarks"])


def test_the_new_size_has_the_target_conditional_power():
    found = reported(design(RESIZED), counts((40, 100, 50, 100)))
    sizes = found["resized"]["participants"]
    assert found["next"]["participants"] == sizes[-1] != 400
    assert 300 < sizes[-1] < 1000  # between the limits of the rule
    power = found["analyses"][0]["future_power"]["planned"][0]["power"]
    assert 0.9 <= power < 0.91  # rounded up to a whole block


def test_re_estimation_is_refused_where_no_inference_is_valid():
    plan = design(RESIZED)
    naive = design(RESIZED.replace("50}", "50, combination: naive}"))
    assert "the naive test inflates" in refused(naive, counts((40, 100, 50, 100)))
    two = counts((40, 100, 50, 100), (120, 300, 160, 300))
    assert "overrunning: a trial with re-estimation" in refused(plan, two, overrunning=True)
    assert "row 3, estimate: after re-estimation at analysis 1 stages" in refused(
        plan, estimates((0.1, 0.07), (0.12, 0.04))
    )
    no_participant = counts((40, 100, 50, 100), (40, 100, 80, 160))
    assert "row 3: an arm has no participant after analysis 1" in refused(plan, no_participant)
    third = counts((40, 100, 50, 100), (120, 300, 160, 300), (160, 400, 200, 400))
    assert "row 4: analysis 3 is not allowed; 2 are planned" in refused(plan, third)
    assert "row 2: analysis 1 has information fraction 0.300" in refused(
        plan, counts((20, 60, 30, 60))
    )


def test_analyses_that_need_more_than_counts_are_refused():
    adjusted = from_scenario(more="analysis: {method: mantel-haenszel, strata: [site]}\n")
    message = refused(adjusted, counts((40, 100, 50, 100)))
    assert (
        "analyses.csv: counts do not suffice for an analysis by 'mantel-haenszel'; give estimate"
        in message
    )
    assert "does not state the information" in refused(adjusted, estimates((0.1, 0.05)))
    variable = "variable: any_sperm"
    excluded = "variable: sperm_retrieved, sperm_in_ejaculate: excluded"
    text = f"{DESIGN}monitoring: {TWO}\n".replace(
        "risks: {control_percent: 40, treated_percent: 55}", SCENARIO
    )
    plan = parse_document(text.replace(variable, excluded), DesignFile, where="trial.yaml")
    assert "give --planned, the participants planned" in refused(plan, counts((40, 100, 50, 100)))
    assert reported(plan, counts((40, 100, 50, 100)), planned=400)["planned"] == 400
    stratum = text.replace(variable, excluded.replace("excluded", "principal stratum"))
    plan = parse_document(stratum, DesignFile, where="trial.yaml")
    assert "counts do not suffice for a principal stratum" in refused(
        plan, counts((40, 100, 50, 100))
    )


def test_numbers_on_a_wrong_scale_are_refused():
    assert "row 2, estimate: 12 is not a risk difference" in refused(design(), estimates((12, 5)))
    falls = estimates((0.1, 0.05), (0.1, 0.06))
    assert "row 3, std_error: 0.06 after 0.05: information does not rise" in refused(
        design(), falls
    )


def test_a_primary_endpoint_is_monitored_only_at_full_alpha():
    second = "secondary: [{endpoint: {variable: live_birth, endpoint_month: 24}}]\n"
    analyses = counts((40, 100, 50, 100))
    for method in ("", "multiplicity: {method: fixed sequence}\n"):
        found = reported(from_scenario(more=second + method), analyses)
        assert any("Only the primary endpoint any sperm" in r for r in found["remarks"])
    shared = from_scenario(more=second + "multiplicity: {method: holm}\n")
    assert "the primary endpoint shares alpha" in refused(shared, analyses)


def test_risks_are_not_reported_twice():
    assert "the design has risks of its own" in refused(
        design(), counts((4, 10, 5, 10)), risks=(0.2, 0.3)
    )


def test_counts_without_variance_have_no_final_analysis():
    found = reported(design(), counts((0, 100, 0, 100), (0, 200, 0, 200)))
    assert found["state"]["reason"] == "end"
    assert found["final"] is None
    assert any("have no variance" in remark for remark in found["remarks"])


def test_a_trial_with_an_extreme_opposite_effect_is_analysed_at_its_end():
    rows = (492, 500, 0, 500), (988, 1000, 10, 1000)
    found = reported(
        design(TWO, participants=("participants: 400", "participants: 2000")), counts(*rows)
    )["final"]
    assert found["median_unbiased"] == pytest.approx(-0.978)
    for limit in (
        "conf_low",
        "conf_high",
    ):  # no analysis could have stopped it: an ordinary interval
        assert found[limit] == pytest.approx(found["naive"][limit], abs=1e-9)
    assert found["p_value"] == pytest.approx(1, abs=1e-12)
