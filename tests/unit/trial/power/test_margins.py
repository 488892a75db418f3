"""Margins: non-inferiority, equivalence and superiority by a margin, exact and simulated."""

import json

import numpy as np
import pytest
from scipy.stats import binom

from estimate.comparison.risk_difference import hypothesis_z, score_interval, score_z
from estimate.sample_size.closed_form import size_two_proportions
from estimate.sample_size.exact_sequential import exact_sequential
from pretese.cli import run
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.exact_power import exact_size_power
from pretese.trial.measures.summary import summarise_point
from pretese.trial.power.required_size import solve_size
from pretese.trial.simulation.engine import simulate_design
from protocol.errors import InputError
from protocol.reading.documents import validate

PLAIN = {
    "id": "margin", "title": "t", "question": "q", "participants": 300,
    "risks": {"control_percent": 50, "treated_percent": 50},
    "randomisation": {"block_sizes": [2]},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [100]}],
    "endpoint": {"endpoint_month": 4},
    "analysis": {"margin_percent": 15},
    "monitoring": {"sides": 1, "alpha_percent": 2.5},
}  # fmt: skip


def designed(**fields):
    return validate({**PLAIN, **fields}, DesignFile, "here")


def enumerated(n, p1, p0, rejects):
    """Sum binomial probabilities over all tables, one by one."""
    x = np.arange(n + 1)
    table = rejects(x[:, None], n, x[None, :], n)
    return float(binom.pmf(x, n, p1) @ table @ binom.pmf(x, n, p0))


def test_sizes_are_those_of_farrington_and_manning():
    # Stat Med 1990;9:1447-54, table I, and rpact 3.3.4.
    ours = size_two_proportions(0.40, 0.05, alpha=0.05, power=0.8, null=0.2)
    assert ours.total == pytest.approx(159.6876, abs=1e-3)
    assert size_two_proportions(0.40, 0.40, null=-0.1).arm2 == pytest.approx(374.446667, abs=1e-5)
    assert size_two_proportions(0.85, 0.85, power=0.9, null=-0.1).arm2 == pytest.approx(
        275.748113, abs=1e-5
    )


def test_exact_power_sums_over_all_tables_of_the_score_test():
    found = exact_sequential([60], [60], [1.96], 0.5, 0.45, nulls=(-0.15,))
    direct = enumerated(60, 0.5, 0.45, lambda *x: score_z(*x, null=-0.15) >= 1.96)
    assert found.power == pytest.approx(direct, abs=1e-10)
    both = exact_sequential([60], [60], [1.645], 0.5, 0.45, nulls=(-0.2, 0.2))
    direct = enumerated(
        60, 0.5, 0.45,
        lambda *x: (score_z(*x, null=-0.2) >= 1.645) & (score_z(*x, null=0.2) <= -1.645),
    )  # fmt: skip
    assert both.power == pytest.approx(direct, abs=1e-10)


def test_a_hypothesis_is_rejected_where_its_limits_are_outside_the_score_interval():
    low, high = score_interval(47, 100, 50, 100, variance="Farrington-Manning", z=1.7)
    for margin in (0.05, 0.12, 0.16, 0.3):
        z = float(hypothesis_z(47, 100, 50, 100, (-margin, margin)))
        assert (z >= 1.7) == (-margin <= float(low) and float(high) <= margin)


@pytest.mark.parametrize(
    ("analysis", "risks", "monitoring"),
    [
        ({"margin_percent": 15}, (50, 50), {}),
        ({"margin_percent": 15}, (50, 52), {"analyses_percent": [50, 100], "futility": "HSD(-2)"}),
        ({"margin_percent": 5, "hypothesis": "superiority"}, (40, 58), {}),
        ({"margin_percent": 15, "hypothesis": "equivalence"}, (50, 50),
         {"analyses_percent": [50, 100], "alpha_percent": 5}),
    ],
)  # fmt: skip
def test_simulated_trials_agree_with_exact_power_at_the_margin_and_at_the_plan(
    analysis, risks, monitoring
):
    control, treated = risks
    design = designed(
        analysis=analysis,
        risks={"control_percent": control, "treated_percent": treated},
        monitoring={**PLAIN["monitoring"], **monitoring},
    )
    points = [(300, 0.0), (300, 1.0)]
    for patient_level, replicates in ((False, 20_000), (True, 800)):
        found = simulate_design(
            design, None, points, seed=3, replicates=replicates, patient_level=patient_level
        )
        for point in points:
            summary = summarise_point(design, *point, found[point])
            assert abs(summary["exact"]["z"]) < 3.5
            treated_risk = summary["truth"]["risk_treated"]
            assert treated_risk == pytest.approx(design.treated_percent_at(point[1]) / 100)
    null = summarise_point(design, 300, 0.0, found[300, 0.0])["exact"]
    if not design.monitoring.futility:
        assert null["power"] == pytest.approx(design.monitoring.alpha_percent / 100, abs=0.006)


def test_the_required_size_has_the_power_and_the_next_smaller_has_not():
    design = designed()
    found = solve_size(design, None, 0.8, seed=1, replicates=100)
    assert exact_size_power(design, found.participants) >= 0.8
    assert exact_size_power(design, found.participants - 2) < 0.8
    closed = float(size_two_proportions(0.5, 0.5, null=-0.15).total)
    assert found.participants == pytest.approx(closed, abs=14)
    with pytest.raises(InputError, match="null hypothesis"):
        solve_size(designed(risks={"control_percent": 50, "treated_percent": 34}), None, 0.8,
                   seed=1, replicates=100)  # fmt: skip


def test_margins_are_refused_where_they_have_no_meaning():
    cases = {
        "give margin_percent": {"analysis": {"hypothesis": "equivalence"}},
        "risk difference": {"analysis": {"margin_percent": 5, "method": "logistic"}},
        "two one-sided tests": {
            "analysis": {"margin_percent": 5, "hypothesis": "equivalence"},
            "monitoring": {"sides": 2},
        },
        "smaller one": {"analysis": {"margin_percent": 60}},
        "excludes re-estimation": {
            "monitoring": {"sides": 1, "analyses_percent": [50, 100],
                           "reestimation": {"at_analysis": 1, "max_percent": 200}},
        },
    }  # fmt: skip
    for words, fields in cases.items():
        with pytest.raises(InputError, match=words):
            designed(**fields)


@pytest.fixture
def running(tmp_path):
    def write(**fields):
        path = tmp_path / "design.yaml"
        path.write_text(json.dumps({**PLAIN, **fields}))
        data = tmp_path / "interim.csv"
        data.write_text(
            "control_events,control_participants,treated_events,treated_participants\n"
            "36,75,38,75\n74,150,77,150\n"
        )
        return ["monitor", str(path), str(data), "--json"]

    return write


def test_monitoring_tests_the_margin(running, capsys):
    plan = {"sides": 1, "alpha_percent": 2.5, "analyses_percent": [50, 100]}
    assert run(running(monitoring=plan)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["analyses"][0]["z"] == pytest.approx(float(score_z(38, 75, 36, 75, null=-0.15)))
    assert found["state"]["reason"] == "efficacy"
    assert found["final"]["conf_low"] > -0.15  # test and interval agree
    power = found["analyses"][0]["future_power"]["planned"][0]["power"]
    upper = found["analyses"][1]["boundaries"]["upper"]
    wins = 0.0
    for x1 in range(76):  # the second half, one table at a time
        z = score_z(38 + x1, 150, 36 + np.arange(76), 150, null=-0.15)
        wins += binom.pmf(x1, 75, 0.5) * (binom.pmf(np.arange(76), 75, 0.5) * (z >= upper)).sum()
    assert power == pytest.approx(wins, abs=1e-6)


def test_monitoring_of_equivalence_has_repeated_intervals_and_no_order(running, capsys):
    plan = {"sides": 1, "alpha_percent": 5, "analyses_percent": [50, 100]}
    analysis = {"margin_percent": 15, "hypothesis": "equivalence"}
    assert run(running(monitoring=plan, analysis=analysis)) == 0
    found = json.loads(capsys.readouterr().out)
    last = found["analyses"][-1]
    assert found["state"]["reason"] == "efficacy"
    assert -0.15 < last["repeated"]["conf_low"] < last["repeated"]["conf_high"] < 0.15
    assert found["final"] is None


def test_boundaries_size_a_trial_by_its_margin(capsys):
    words = ["boundaries", "--analyses", "1", "--control-risk", "40%", "--treated-risk", "40%",
             "--margin", "10%", "--json"]  # fmt: skip
    assert run(words) == 0
    size = json.loads(capsys.readouterr().out)["participants"]
    assert size["per_arm_at_analysis"] == [375]
    assert size["exact_type_1_error"] == pytest.approx(0.025, abs=0.001)
    assert size["exact_power"] == pytest.approx(0.8, abs=0.005)
    assert run([*words[:-3], "--margin", "10", "--json"]) == 2
    assert "percent sign" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("analysis", "null"),
    [
        ({"method": "g-computation-randomised", "covariates": ["fsh_iu_l"],
          "margin_percent": 12}, -0.12),
        ({"margin_percent": 5, "hypothesis": "superiority"}, 0.05),
        ({"margin_percent": 12, "hypothesis": "equivalence"}, -0.12),
    ],
)  # fmt: skip
def test_patients_of_a_scenario_at_the_limit_of_the_null_hypothesis(analysis, null):
    design = designed(
        risks=None, scenario="rct-two-arm", analysis=analysis, participants=400,
        arms={"control": {"regimen": "no-therapy"}, "treated": {"regimen": "fsh-guided"}},
    )  # fmt: skip
    found = simulate_design(
        design, scenario_of(design), [(400, 0.0), (400, 1.0)], seed=1, replicates=300
    )
    at_limit, planned = found[400, 0.0], found[400, 1.0]
    assert at_limit.target.mean() == pytest.approx(null, abs=0.006)
    assert (at_limit.risk_control == planned.risk_control).all()
    assert planned.target.mean() == pytest.approx(0.11, abs=0.01)
    error = (at_limit.rejected * (at_limit.z > 0)).mean()
    assert error < 0.025 + 3 * np.sqrt(0.025 * 0.975 / 300)
    if null < 0 and len(design.analysis.nulls) == 1:
        assert planned.rejected.mean() > 0.95


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"analysis": {"margin_percent": 40}}, "leads from a control risk of 23"),
        ({"endpoint": {"variable": "sperm_retrieved", "sperm_in_ejaculate": "excluded",
                       "endpoint_month": 4}}, "choose the composite strategy"),
    ],
)  # fmt: skip
def test_margins_that_a_scenario_cannot_have_are_refused(fields, message):
    def simulated():
        design = designed(risks=None, scenario="rct-two-arm", **fields)
        simulate_design(design, scenario_of(design), [(300, 0.0)], seed=1, replicates=2)

    with pytest.raises(InputError, match=message):
        simulated()
