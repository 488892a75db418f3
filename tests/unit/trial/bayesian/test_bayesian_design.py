"""Bayesian designs from their file to the printed, written and monitored result."""

import json

import numpy as np
import pytest
import yaml

import pretese as pt
from estimate.bayesian.decision_rules import OUTCOMES
from pretese.cli import run
from pretese.trial.bayesian.design.design_file import is_bayesian
from pretese.trial.bayesian.design.read_bayesian import parse_bayesian
from pretese.trial.bayesian.design.trial_parts import bayesian_parts, treated_risk_at
from pretese.trial.bayesian.trial_engine import engine_at
from protocol.errors import InputError

PLAIN = {
    "id": "plain", "title": "Plain", "question": "Does it help?", "participants": 80,
    "allocation": [1, 1], "risks": {"control_percent": 30, "treated_percent": 60},
    "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [120]}],
    "bayes": {
        "analyses_percent": [50, 100],
        "control": {"mixture": [{"alpha": 3, "beta": 7}]},
        "success": {"probability_percent": [99, 97.5]},
        "harm": {"probability_percent": [95]},
        "futility": {"predictive_percent": [10]},
    },
}  # fmt: skip

HISTORY = {"studies": [{"events": 20, "participants": 70}, {"events": 9, "participants": 40}],
           "robust_percent": 20, "between_study_sd_log_odds": 0.5}  # fmt: skip


def read(**changes):
    fields = {**PLAIN, **{k: v for k, v in changes.items() if k != "bayes"}}
    fields["bayes"] = {
        k: v for k, v in {**PLAIN["bayes"], **changes.get("bayes", {})}.items() if v is not None
    }
    return fields


def engine_of(**changes):
    design = parse_bayesian(yaml.safe_dump(read(**changes)), "design")
    return engine_at(design, bayesian_parts(design), design.participants, 400, 1)


def study_of(**changes):
    return pt.design(read(**changes)).power(progress=False)


def test_which_files_are_read_as_bayesian():
    assert is_bayesian(PLAIN)
    assert not is_bayesian({"risks": {}})
    assert type(pt.design(PLAIN)).__name__ == "BayesianTrial"


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"bayes": {"success": {}}}, "probability_percent or max_type_i_error_percent"),
     ({"bayes": {"success": {"probability_percent": [90, 95, 97]}}}, "one probability, or 2"),
     ({"bayes": {"success": {"probability_percent": [90], "odds_ratio": 1.2,
                             "risk_difference_percent": 5}}}, "one of the two"),
     ({"bayes": {"success": {"probability_percent": [90], "at_control_percent": [20]}}},
      "at_control_percent goes with"),
     ({"bayes": {"analyses_percent": [50, 90]}}, "rise from above 0 to 100"),
     ({"bayes": {"analyses_percent": [100], "success": {"probability_percent": [99]}}},
      "futility needs an interim"),
     ({"bayes": {"futility": {}}}, "predictive_percent or both"),
     ({"bayes": {"treated": {"mixture": [{"alpha": 1, "beta": 1}]},
                 "effect": {"source": "evidence"}}}, "a prior of treated or of effect"),
     ({"bayes": {"control": {"mixture": [{"alpha": 1, "beta": 1, "weight_percent": 60}]}}},
      "sum to 60, not 100"),
     ({"bayes": {"control": {}}}, "mixture, history or studies"),
     ({"bayes": {"control": {"mixture": [{"alpha": 1, "beta": 1}], "robust_percent": 5}}},
      "add a component instead"),
     ({"bayes": {"control": {"studies": [{"events": 5, "participants": 3}]}}}, "5 events among 3"),
     ({"bayes": {"control": {"history": "before-second-retrieval", "endpoint": "live birth"}}},
      "no control arm with counts"),
     ({"bayes": {"effect": {"log_odds": [{"mean_log_odds": 0, "sd_log_odds": 0.005}]}}},
      "between 0 and 0"),
     ({"bayes": {"effect": {"source": "nowhere"}}}, "neither a topic"),
     ({"bayes": {"success": {"probability_percent": [90], "risk_difference_percent": 70}}},
      "risk of 100 % under treatment"),
     ({"participants": 10, "allocation": [1, 8], "bayes": {"analyses_percent": [2, 100]}},
      "leave an arm without new ones")],
)  # fmt: skip
def test_files_that_cannot_be_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        pt.design(read(**changes))


def test_study_holds_all_probabilities_and_they_sum_to_one():
    found = study_of().to_dict()
    size = found["sizes"][0]
    assert size["method"] == "exact"
    for row in size["effects"]:
        assert sum(each["value"] for each in row["outcome"].values()) == pytest.approx(1)
        assert sum(sum(each.values()) for each in row["stop"]) == pytest.approx(1)
    none, planned = (row for row in size["effects"] if row["effect_percent"] in (0, 100))
    assert none["outcome"]["success"]["value"] < 0.03 < planned["outcome"]["success"]["value"]
    assert planned["expected_months"]["value"] < size["analyses"][1]["months"] == 12
    harmed = next(row for row in size["effects"] if row["effect_percent"] == -50)
    assert harmed["outcome"]["harm"]["value"] > 0.1


def test_limits_of_the_decision_table_are_those_of_the_rules():
    engine = engine_of()
    size = study_of().to_dict()["sizes"][0]
    for k, each in enumerate(size["analyses"]):
        code = engine.exact.analyses[k].decision
        for row in each["decisions"]:
            column = code[:, row["control_events"]]
            assert column[row["success_from"]] == 1 != column[row["success_from"] - 1]
            assert column[row["harm_up_to"]] == 3 != column[row["harm_up_to"] + 1]


def test_success_is_calibrated_over_control_risks():
    stated = {"max_type_i_error_percent": 2.5, "at_control_percent": [20, 30, 40]}
    size = study_of(bayes={"success": stated, "control": HISTORY}).to_dict()["sizes"][0]
    calibrated = size["rules"]["calibrated"]
    errors = {round(100 * r["risk_control"]): r["type_i_error"] for r in size["by_control_risk"]}
    assert max(errors[20], errors[30], errors[40]) == pytest.approx(calibrated["type_i_error"])
    assert calibrated["type_i_error"] <= 0.025
    assert len(set(size["rules"]["success"]["probability"])) == 1


def test_borrowing_gains_power_with_concordant_controls_and_inflates_the_error_with_better_ones():
    rows = study_of(bayes={"control": HISTORY}).to_dict()["sizes"][0]["by_control_risk"]
    at = {row["points"]: row for row in rows}
    assert at[0]["power"] > at[0]["power_not_borrowed"]
    assert at[20]["type_i_error"] > at[20]["type_i_error_not_borrowed"] + 0.01
    weights = [at[points]["informative_weight"] for points in (0, 10, 20)]
    assert weights == sorted(weights, reverse=True)  # borrowing decreases as the controls disagree
    assert weights[0] > 0.8


def test_the_effective_sample_size_of_the_control_prior():
    prior = study_of().to_dict()["priors"]["control"]
    assert prior["effective_sample_size"]["elir"] == pytest.approx(10)
    assert prior["effective_sample_size"]["moment"] == pytest.approx(10)
    assert prior["mean"] == pytest.approx(0.3)


@pytest.mark.parametrize(
    "effect",
    [{"source": "evidence"},
     {"log_odds": [{"weight_percent": 30, "mean_log_odds": 0, "sd_log_odds": 0},
                   {"weight_percent": 70, "mean_log_odds": 0.5, "sd_log_odds": 0.6}]},
     {"risk_difference": [{"mean_percent": 10, "sd_percent": 15}]}],
)  # fmt: skip
def test_a_prior_of_the_effect_shrinks_the_estimate(effect):
    changes = {"effect": effect, "control": HISTORY}
    size = study_of(bayes=changes).to_dict()["sizes"][0]
    planned = next(row for row in size["effects"] if row["effect_percent"] == 100)
    assert 0 < planned["posterior_mean_difference"]["value"] < planned["true_difference"]
    averaged = size["averaged"]
    total = averaged["effective"]["value"] * averaged["success_given_effective"]["value"]
    total += (1 - averaged["effective"]["value"]) * (
        averaged["success_given_not_effective"]["value"]
    )
    assert total == pytest.approx(averaged["outcome"]["success"]["value"], abs=1e-6)


def test_a_design_prior_changes_the_average_and_no_decision():
    believed = {"control": {"mixture": [{"alpha": 30, "beta": 70}]},
                "effect": {"log_odds": [{"mean_log_odds": 0, "sd_log_odds": 0}]}}  # fmt: skip
    own, other = study_of().to_dict(), study_of(bayes={"design_prior": believed}).to_dict()
    assert own["sizes"][0]["effects"] == other["sizes"][0]["effects"]
    averaged = other["sizes"][0]["averaged"]
    assert averaged["effective"]["value"] == 0
    assert averaged["misleading_success"]["value"] == 1
    assert averaged["outcome"]["success"]["value"] < 0.05


def test_large_trials_are_simulated_with_their_error(monkeypatch):
    changes = {"bayes": {"futility": {"probability_percent": [20]}}}
    exact = study_of(**changes).to_dict()["sizes"][0]
    monkeypatch.setattr("pretese.trial.bayesian.trial_engine.MOST_PAIRS", 10)
    trial = pt.design(read(**changes))
    found = trial.power(replicates=4000, progress=False).to_dict()["sizes"][0]
    assert found["method"] == "simulated"
    for one, other in zip(found["effects"], exact["effects"], strict=True):
        for name in OUTCOMES:
            drawn = one["outcome"][name]
            gap = abs(drawn["value"] - other["outcome"][name]["value"])
            assert gap <= 4 * drawn["mcse"] + 1e-3
    assert found["averaged"]["outcome"]["success"]["value"] == pytest.approx(
        exact["averaged"]["outcome"]["success"]["value"], abs=0.04
    )
    calibrated = {"success": {"max_type_i_error_percent": 2.5}, "futility": None}
    with pytest.raises(InputError, match="too many to calibrate"):
        study_of(bayes=calibrated)


def test_the_required_size_reaches_the_power_and_the_next_smaller_does_not():
    study = pt.design(read()).power(target_power=0.8, progress=False)
    needed = study.required_participants
    tried = {
        row["participants"]: row["value"] for row in study.to_dict()["sample_size_search"]["tried"]
    }
    assert tried[needed] >= 0.8 > tried[needed - 2]


@pytest.mark.parametrize(
    "prior", [{}, {"effect": {"log_odds": [{"mean_log_odds": 0.3, "sd_log_odds": 0.6}]}}]
)
def test_monitoring_decides_as_the_tables_behind_the_error_rates(prior):
    engine = engine_of(bayes=prior)
    trial = pt.design(read(bayes=prior))
    random = np.random.default_rng(11)
    for _ in range(2):
        x = [int(each) for each in random.binomial(20, [0.6, 0.35])]
        y = [int(each) for each in random.binomial(20, [0.6, 0.35])]
        counts = [x, [a + b for a, b in zip(x, y, strict=True)]]
        rows = [
            {"treated_events": a, "treated_participants": n, "control_events": b,
             "control_participants": n}
            for (a, b), n in zip(counts, (20, 40), strict=True)
        ]  # fmt: skip
        for row, found in zip(rows, trial.monitor(rows).to_dict()["analyses"], strict=False):
            tables = engine.exact.analyses[found["analysis"] - 1]
            at = row["treated_events"], row["control_events"]
            code = int(tables.decision[at])
            assert found["decision"] == (OUTCOMES[code - 1] if code else "continue")
            assert found["predictive_success"] == pytest.approx(tables.predictive[at], abs=1e-6)
            assert found["probability_of_effect"] == pytest.approx(
                tables.success_probability[at], abs=1e-6
            )
            assert found["difference_low"] < found["median_difference"] < found["difference_high"]


def test_monitoring_of_other_sizes_than_planned_and_its_faults():
    trial = pt.design(PLAIN)
    row = {"treated_events": 9, "treated_participants": 18, "control_events": 8,
           "control_participants": 22}  # fmt: skip
    going = trial.monitor([row])
    assert going.to_dict()["stopped"] is False
    assert "continue" in going.summary()
    ended = trial.monitor([row], final=True).to_dict()["analyses"][0]
    assert ended["decision"] == "inconclusive"
    for rows, message in (
        ([row, {k: 2 * v for k, v in row.items()}, {k: 3 * v for k, v in row.items()}], "planned"),
        ([{"estimate": 0.1, "std_error": 0.05}], "needs counts"),
        ([{k: 3 * v for k, v in row.items()}], "leave nobody"),
    ):
        with pytest.raises(InputError, match=message):
            trial.monitor(rows)
    with pytest.raises(InputError, match="do not take it"):
        trial.monitor([row], overrunning=True)


def test_the_effect_keeps_its_scale_as_the_control_risk_moves():
    odds = {"success": {"probability_percent": [97.5], "odds_ratio": 1}}
    design = parse_bayesian(yaml.safe_dump(read(bayes=odds)), "design")
    threshold = bayesian_parts(design).rules.success.threshold
    treated = treated_risk_at(design, np.array([0.2, 0.3]), 1.0, threshold)
    ratio = treated / (1 - treated) / (np.array([0.2, 0.3]) / np.array([0.8, 0.7]))
    assert ratio == pytest.approx([3.5, 3.5])


def test_the_command_prints_writes_and_reports(tmp_path, capsys):
    path = tmp_path / "plain.yaml"
    path.write_text(yaml.safe_dump(read(bayes={"control": HISTORY})), encoding="utf-8")
    out = tmp_path / "out"
    assert run(["power", str(path), "--out", str(out), "--effect", "50"]) == 0
    assert "Averaged over the prior" in capsys.readouterr().out
    names = {each.name for each in (out / "results").iterdir()}
    assert {"power.json", "power.svg", "control_risk.png", "success.svg", "plain.yaml"} <= names
    written = json.loads((out / "results" / "power.json").read_text(encoding="utf-8"))
    assert run(["power", str(path), "--out", str(out), "--effect", "50", "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == written
    assert run(["report", str(out)]) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Probability of success at an interim analysis" in page
    interim = tmp_path / "interim.csv"
    interim.write_text(
        "control_events,control_participants,treated_events,treated_participants\n6,20,15,20\n",
        encoding="utf-8",
    )
    assert run(["monitor", str(path), str(interim), "--plot", str(tmp_path / "m.svg")]) == 0
    assert "Decision at analysis 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["--tornado"], ["--mcse", "0.01"], ["--prior", "evidence"], ["--worlds", "3"],
              ["--sensitivity", "dropout=0,10"], ["--patient-level"], ["--interpolate"]]
)  # fmt: skip
def test_options_of_other_designs_are_refused_by_name(words, tmp_path, capsys):
    path = tmp_path / "plain.yaml"
    path.write_text(yaml.safe_dump(PLAIN), encoding="utf-8")
    assert run(["power", str(path), *words]) == 2
    assert words[0].removeprefix("--") in capsys.readouterr().err
