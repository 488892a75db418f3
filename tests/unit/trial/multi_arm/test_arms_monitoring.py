"""Interim data of several arms: decisions, boundaries, adjusted p-values, conditional power."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

import pretese as pt
from estimate.comparison.risk_difference import score_z
from estimate.multi_arm.combination_test import stage_z
from estimate.multi_arm.set_boundaries import Observed, observed_boundary
from estimate.sequential.boundary_shapes import WangTsiatis
from estimate.sequential.spending import Spending
from pretese.trial.multi_arm.monitoring import future_power
from pretese.trial.multi_arm.monitoring.arm_boundaries import ArmsAsked
from pretese.trial.multi_arm.monitoring.arm_data import parse_arm_data
from pretese.trial.multi_arm.monitoring.later_analyses import LaterAnalyses
from pretese.trial.multi_arm.monitoring.ongoing_arms import monitor_arms
from protocol.errors import InputError

SITES = [{"name": "first", "from_month": [0], "recruitment_per_year": [120]}]
RISKS = {"none": 40, "hcg": 50, "fsh": 60}
MONITORING = {"analyses_percent": [50, 100], "alpha_percent": 2.5, "sides": 1}
OF = Spending("OF")


def trial(participants=540, risks=RISKS, monitoring=MONITORING, **others):
    return pt.design({
        "id": "arms", "title": "Arms", "question": "Which one?", "participants": participants,
        "risks_percent": risks, "sites": SITES, "monitoring": monitoring,
        "endpoint": {"variable": "any_sperm", "endpoint_month": 4}, **others,
    })  # fmt: skip


def rows(*analyses, arms=("none", "hcg", "fsh")):
    """Return rows from (events, participants) of each arm."""
    return [
        {f"{arm}_{what}": value for arm, pair in zip(arms, each, strict=True)
         for what, value in zip(("events", "participants"), pair, strict=True)}
        for each in analyses
    ]  # fmt: skip


FIRST = ((36, 90), (41, 90), (50, 90))


def monitored(design, data, **asked):
    return design.monitor(rows(*data), **asked).to_dict()


def test_one_treatment_has_the_numbers_of_two_arms():
    sizes = {"analyses_percent": [33.333333, 66.666667, 100], "alpha_percent": 2.5, "sides": 1}
    one = trial(360, {"none": 40, "therapy": 55}, sizes)
    two = pt.design({
        "id": "two", "title": "Two", "question": "Better?", "participants": 360, "sites": SITES,
        "risks": {"control_percent": 40, "treated_percent": 55}, "monitoring": sizes,
        "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
    })  # fmt: skip
    data = [((20, 54), (27, 54)), ((48, 126), (66, 124))]
    found = one.monitor(rows(*data, arms=("none", "therapy")), effects=[50]).to_dict()
    other = two.monitor(rows(*data, arms=("control", "treated")), effects=[50]).to_dict()
    for mine, theirs in zip(found["analyses"], other["analyses"], strict=True):
        own = mine["comparisons"][0]
        assert mine["fraction"] == theirs["fraction"]
        for name in ("z", "estimate", "std_error"):
            assert own[name] == pytest.approx(theirs[name], abs=1e-9)
        assert own["boundary"] == pytest.approx(theirs["boundaries"]["upper"], abs=1e-7)
        assert own["adjusted"] == pytest.approx(theirs["repeated"], abs=1e-6)
        own_power, their_power = own["future_power"], theirs["future_power"]
        for mine_each, each in zip(own_power["planned"], their_power["planned"], strict=True):
            assert mine_each["power"] == pytest.approx(each["power"], abs=1e-7)
            assert (mine_each["mcse"], mine_each["power_method"]) == (None, "exact")
        for name in ("observed", "no_effect", "predictive_flat"):
            assert own_power[name]["power"] == pytest.approx(their_power[name], abs=1e-6)
    assert found["next"]["boundaries"][0]["boundary"] == pytest.approx(
        other["next"]["upper"], abs=1e-7
    )
    assert found["state"]["stopped"] == other["state"]["stopped"] is False


def test_the_boundary_of_a_treatment_falls_when_the_other_is_rejected():
    """Dunnett's boundaries of two treatments, and those of one, over two equal stages."""
    both, one = (observed_boundary((0.5, 1.0), OF, ratios, 0.025, Observed((0.5, 1.0), True))
                 for ratios in ((1.0, 1.0), (1.0,)))  # fmt: skip
    found = monitored(trial(), [FIRST, ((70, 180), (90, 180), (104, 180))])
    last = {each["comparison"]: each for each in found["analyses"][1]["comparisons"]}
    assert last["fsh"]["boundary"] == pytest.approx(both[1]) == pytest.approx(2.2213, abs=1e-4)
    assert last["hcg"]["boundary"] == pytest.approx(one[1]) == pytest.approx(1.9685, abs=1e-4)
    assert one[1] < last["hcg"]["z"] < both[1]  # rejected because the other one is
    assert [each["rejected"] for each in last.values()] == [True, True]
    assert found["state"]["stopped"]
    assert found["state"]["comparisons"][0]["reason"] == "efficacy"


def test_a_rejected_treatment_stays_rejected_and_the_others_continue():
    early = ((30, 90), (41, 90), (54, 90))  # z of fsh is 3.6
    found = monitored(trial(), [early])
    states = {each["comparison"]: each for each in found["state"]["comparisons"]}
    assert states["fsh"]["rejected"]
    assert states["fsh"]["reason"] == "efficacy"
    assert not states["hcg"]["ended"]
    sizes = {each["arm"]: each["new"] for each in found["next"]["participants"]}
    assert sizes == {"none": 90, "hcg": 90, "fsh": 0}
    bound = found["next"]["boundaries"]
    assert [each["comparison"] for each in bound] == ["hcg"]
    assert bound[0]["boundary"] == pytest.approx(1.9685, abs=1e-4)
    later = monitored(trial(), [early, ((62, 180), (88, 180), (54, 90))])
    assert later["analyses"][1]["comparisons"][0]["comparison"] == "hcg"
    assert later["state"]["comparisons"][1]["analysis"] == 1


@pytest.mark.parametrize("procedure", ["closed dunnett", "dunnett", "holm", "combination"])
def test_a_treatment_is_rejected_where_its_adjusted_p_is_at_most_alpha(procedure):
    design = trial(testing={"procedure": procedure})
    for events in ((70, 88, 104), (70, 90, 92), (70, 80, 91)):
        second = tuple((x, 180) for x in events)
        found = monitored(design, [FIRST, second])
        for each in found["analyses"][1]["comparisons"]:
            assert (each["adjusted"]["p_value"] <= 0.025) == each["rejected"]


def test_boundaries_follow_the_observed_fractions():
    found = monitored(trial(), [((30, 81), (33, 80), (45, 82))])
    fraction = 243 / 540
    assert found["analyses"][0]["fraction"] == pytest.approx(fraction)
    expected = observed_boundary((0.5, 1.0), OF, (1.0, 1.0), 0.025, Observed((fraction, 1.0)))
    assert found["analyses"][0]["comparisons"][0]["boundary"] == pytest.approx(expected[0])
    assert found["next"]["boundaries"][0]["boundary"] == pytest.approx(expected[1])
    late = monitored(trial(), [FIRST, ((76, 195), (90, 194), (100, 196))])
    assert late["state"]["all_error_spent"]
    assert late["analyses"][1]["fraction"] > 1
    under = monitored(trial(), [FIRST], final=True)["analyses"][0]["comparisons"][1]
    # All alpha is spent at the only analysis: Dunnett's test, 2.2121; fsh has z 2.09.
    assert under["boundary"] == pytest.approx(2.2121, abs=1e-4)
    assert under["recommendation"] == "final analysis: do not reject"


def test_fixed_boundaries_refuse_other_fractions_and_spend_the_rest():
    fixed = trial(monitoring={**MONITORING, "efficacy": "WT(0.25)"})
    with pytest.raises(InputError, match=r"information fraction 0\.450, planned 0\.500"):
        fixed.monitor(rows(((30, 81), (33, 80), (45, 82))))
    rest = observed_boundary(
        (0.5, 1.0), WangTsiatis(0.25), (1.0, 1.0), 0.025, Observed((0.5,), True)
    )
    assert rest == pytest.approx([2.2121], abs=1e-4)


def test_a_dropped_treatment_counts_at_its_end_and_recruits_no_more():
    design = trial(dropping={"futility_z": [0.5]})
    first = ((36, 90), (37, 90), (50, 90))
    found = monitored(design, [first, ((70, 180), (37, 90), (100, 180))])
    state = found["state"]["comparisons"]
    assert (state[0]["reason"], state[0]["analysis"]) == ("futility", 1)
    # The set of both treatments still has to be rejected: the boundary is that of two.
    assert found["analyses"][1]["comparisons"][0]["boundary"] == pytest.approx(2.2213, abs=1e-4)
    assert found["analyses"][1]["fraction"] == 1.0
    more = [first, ((70, 180), (41, 98), (100, 180))]
    with pytest.raises(InputError, match=r"8 more participants of hcg, which ended at analysis 1"):
        monitored(design, more)
    late = monitored(design, more, overrunning=True)
    assert late["overrunning"]["comparisons"][0]["new"] == 8
    assert late["overrunning"]["comparisons"][0]["z"] is None  # the control is not concurrent
    assert late["state"] == found["state"]
    went_on = monitored(design, [first, ((70, 180), (80, 180), (100, 180))], continued=["hcg"])
    assert went_on["analyses"][0]["comparisons"][0]["recommendation"].startswith("continued")
    assert len(went_on["analyses"][1]["comparisons"]) == 2


def test_a_treatment_without_new_participants_is_closed():
    found = monitored(trial(), [FIRST, ((70, 180), (41, 90), (100, 180))])
    assert found["state"]["comparisons"][0]["reason"] == "closed"
    assert any("read as closed" in remark for remark in found["remarks"])


def test_data_after_the_stop_need_overrunning_and_change_no_decision():
    design = trial(stop_at_first_success=True)
    first, late = ((30, 90), (41, 90), (54, 90)), ((33, 96), (45, 97), (58, 97))
    with pytest.raises(InputError, match="follows the end of the trial at analysis 1"):
        monitored(design, [first, late])
    found = monitored(design, [first, late], overrunning=True)
    assert [each["reason"] for each in found["state"]["comparisons"]] == [
        "first success", "efficacy",
    ]  # fmt: skip
    each = found["overrunning"]["comparisons"][1]
    assert each["z"] == pytest.approx(score_z(58, 97, 33, 96), abs=1e-6)
    with pytest.raises(InputError, match="no data follow the end"):
        monitored(trial(), [FIRST], overrunning=True)


def test_harm_and_selection_drop_treatments():
    harmed = trial(monitoring={**MONITORING, "harm": "OF"})
    found = monitored(harmed, [((50, 90), (27, 90), (55, 90))])
    assert found["analyses"][0]["harm_boundary"] == pytest.approx(-2.9626, abs=1e-4)
    assert found["state"]["comparisons"][0]["reason"] == "harm boundary"
    one = monitored(trial(dropping={"keep_best": [1]}), [FIRST])
    assert [each["reason"] for each in one["state"]["comparisons"]] == ["selection", None]


def test_a_combination_test_combines_the_stages_by_the_planned_weights():
    design = trial(testing={"procedure": "combination"})
    found = monitored(design, [FIRST, ((68, 170), (41, 90), (112, 200))])
    second = found["analyses"][1]["comparisons"][0]
    stages = [score_z(50, 90, 36, 90), score_z(62, 110, 32, 80)]
    together = [float(stage_z(np.array([stages[0]]), 2, 1.0)[0]), stages[1]]
    alone = np.sum(stages) / np.sqrt(2)
    assert second["statistic"] == pytest.approx(min(alone, np.sum(together) / np.sqrt(2)), abs=1e-6)
    assert second["boundary"] == pytest.approx(1.9686, abs=1e-4)
    low, high = (second["adjusted"][name] for name in ("conf_low", "conf_high"))
    level = observed_boundary((0.5, 1.0), OF, (1.0,), 0.0125, Observed((0.5, 1.0), True))[1]
    for limit, wanted in ((low, level), (high, -level)):
        z = [score_z(50, 90, 36, 90, null=limit), score_z(62, 110, 32, 80, null=limit)]
        assert np.sum(z) / np.sqrt(2) == pytest.approx(wanted, abs=1e-5)


def small_view(dropped=False, **others):
    """Return the first analysis of a tiny trial, with four more participants in every arm."""
    design = trial(
        36, RISKS, {**MONITORING, "analyses_percent": [66.6666667, 100], "alpha_percent": 20},
        randomisation={"block_sizes": [3]}, **others,
    )  # fmt: skip
    hcg = 2 if dropped else 5
    header = ",".join(f"{arm}_{what}" for arm in RISKS for what in ("events", "participants"))
    csv = f"{header}\n3,8,{hcg},8,5,8\n"
    data = parse_arm_data(csv.encode(), "a.csv", design._file)
    return LaterAnalyses(monitor_arms(design._file, data, ArmsAsked()), 0)


@pytest.mark.parametrize("procedure", ["closed dunnett", "holm", "fixed sequence"])
def test_conditional_power_enumerates_the_counts_of_the_last_analysis(procedure):
    order = {"order": ["fsh", "hcg"]} if procedure == "fixed sequence" else {}
    view = small_view(testing={"procedure": procedure, **order})
    risks = np.array([0.4, 0.5, 0.6])
    found = future_power.future_powers(view, ()).planned[1.0]
    expected = np.zeros(2)
    for more in product(range(5), repeat=3):
        chance = np.prod([_binomial(x, 4, p) for x, p in zip(more, risks, strict=True)])
        x = np.array([3, 5, 5]) + np.array(more)
        z = np.array([score_z(each, 12, x[0], 12) for each in x[1:]])
        crossed = view.tests.crossed(z[None, :, None], 1)
        expected += chance * view.tests.rejected(crossed)[0, :, 0]
    assert found.method == "exact"
    assert found.mcse is None
    assert found.value == pytest.approx(expected, abs=1e-12)


def _binomial(x, n, p):
    from math import comb

    return comb(n, x) * p**x * (1 - p) ** (n - x)


def test_simulated_conditional_power_agrees_with_the_exact_value(monkeypatch):
    for dropped in (False, True):
        view = small_view(dropped, dropping={"futility_z": [0]})
        assert view.running.tolist() == [not dropped, True]
        exact = future_power.future_powers(view, ()).planned[1.0]
        assert exact.method == "exact"
        found = future_power._shares(
            future_power._continue_counts(view, np.array([0.4, 0.5, 0.6])), "simulated counts"
        )
        assert (np.abs(found.value - exact.value) <= 4 * found.mcse + 1e-12).all()
        drifts = np.array([0.5, 1.0])
        closed = future_power._under_drifts(view, drifts)
        many = np.repeat(drifts[None], future_power.REPLICATES, axis=0)
        normal = future_power._continue_statistics(view, many).mean(0)
        if dropped:
            assert closed.method == "normal approximation"
        assert normal == pytest.approx(closed.value, abs=0.01)


def test_a_table_of_participants_gives_the_same_counts():
    design = trial()
    table = [
        {"arm": arm, "event": int(k < events), "analysis": 1}
        for arm, (events, size) in zip(RISKS, FIRST, strict=True)
        for k in range(size)
    ]
    table.append({"arm": "hcg", "event": None, "analysis": 1})
    frame = pd.DataFrame(table).astype({"event": "Int64"})
    found, counts = design.monitor(frame), design.monitor(rows(FIRST))
    assert (
        found.to_dict()["analyses"][0]["comparisons"]
        == (counts.to_dict()["analyses"][0]["comparisons"])
    )
    assert "1 without an observed endpoint are excluded" in found.assumptions[-1]
    bad = pd.DataFrame([{"arm": "LH", "event": 2, "analysis": 0}])
    with pytest.raises(InputError) as caught:
        design.monitor(bad)
    assert [fault.field for fault in caught.value.faults] == [
        "row 2, arm", "row 2, event", "row 2, analysis",
    ]  # fmt: skip


def test_estimates_of_an_adjusted_analysis():
    design = trial(monitoring=MONITORING)
    row = {f"{arm}_participants": 90 for arm in RISKS} | {
        "hcg_estimate": 0.05, "hcg_std_error": 0.07, "fsh_estimate": 0.2, "fsh_std_error": 0.07,
    }  # fmt: skip
    found = design.monitor([row]).to_dict()["analyses"][0]["comparisons"]
    assert [each["z"] for each in found] == pytest.approx([0.05 / 0.07, 0.2 / 0.07], abs=1e-6)
    low, high = (found[1]["adjusted"][name] for name in ("conf_low", "conf_high"))
    assert (low, high) == pytest.approx((0.2 - 3.1625 * 0.07, 0.2 + 3.1625 * 0.07), abs=1e-4)
    assert found[0]["future_power"]["planned"][0]["power_method"] == "simulated statistics"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hcg_events": 91}, "91 events of 90 participants"),
        ({"lh_events": 3}, "there is no such column; did you mean 'hcg_events'"),
        ({"hcg_participants": None}, "is not allowed"),
        ({"analysis": 2}, "analysis 1 is expected"),
    ],
)
def test_errors_of_the_data_name_row_and_column(change, words):
    data = [{**rows(FIRST)[0], **change}]
    with pytest.raises(InputError, match=words):
        trial().monitor(data)


def test_counts_do_not_decrease_and_the_control_recruits():
    with pytest.raises(InputError, match="80 after 90: it decreases"):
        monitored(trial(), [FIRST, ((70, 180), (41, 80), (100, 180))])
    with pytest.raises(InputError, match="the control has no more participants"):
        monitored(trial(), [FIRST, ((36, 90), (80, 180), (100, 180))])


def test_arguments_and_designs_that_are_refused():
    for arguments, words in (
        ({"continued": ["lh"]}, "there is no treatment 'lh'"),
        ({"arm_risks": {"none": 0.4}}, "the design has risks of its own"),
        ({"control_risk": 0.4, "treated_risk": 0.5}, "designs with several arms do not take it"),
    ):
        with pytest.raises(InputError, match=words):
            trial().monitor(rows(FIRST), **arguments)
    with pytest.raises(InputError, match="two populations"):
        pt.design("enrichment-long-infertility").monitor(rows(FIRST))
    scenario = pt.design("three-arms-live-birth")
    data = rows(((30, 142), (41, 142), (50, 142)), arms=("no-therapy", "hcg", "fsh-guided"))
    found = scenario.monitor(data).to_dict()
    assert found["analyses"][0]["comparisons"][0]["future_power"]["planned"] == []
    assert any("--arm-risk" in remark for remark in found["remarks"])
    risks = {"no-therapy": 0.2, "hcg": 0.28, "fsh-guided": 0.34}
    known = scenario.monitor(data, arm_risks=risks).to_dict()
    assert known["analyses"][0]["comparisons"][0]["future_power"]["planned"][0]["power"] > 0
    with pytest.raises(InputError, match="hcg has none"):
        scenario.monitor(data, arm_risks={"no-therapy": 0.2})
