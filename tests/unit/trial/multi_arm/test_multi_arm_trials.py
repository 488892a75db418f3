"""Trials of several treatments against one control: files, simulation, exact power, results."""

import json

import numpy as np
import pytest
import yaml
from scipy.stats import binom, norm

import pretese as pt
from pretese.cli import run
from pretese.trial.multi_arm.adaptation import HARM, SELECTION, apportion, probability_best
from pretese.trial.multi_arm.design.configurations import arm_configurations
from pretese.trial.multi_arm.design.design_file import is_multi_arm, parse_multi_arm
from pretese.trial.multi_arm.patient_draws import draw_patients
from pretese.trial.multi_arm.results.exact_arms import exact_power, why_not_exact
from pretese.trial.multi_arm.results.measures import summarise_arms
from pretese.trial.multi_arm.simulate_arms import simulate_arms
from protocol.errors import InputError

PLAIN = {
    "id": "example",
    "title": "Three treatments",
    "question": "Which of them helps?",
    "participants": 400,
    "risks_percent": {"placebo": 40, "hcg": 45, "ufsh": 50, "guided": 58},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [120]}],
    "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
    "monitoring": {"alpha_percent": 2.5, "sides": 1},
}
TWO_ANALYSES = {"analyses_percent": [50, 100], "alpha_percent": 2.5, "sides": 1}
SCENARIO = {
    **{name: value for name, value in PLAIN.items() if name != "risks_percent"},
    "participants": 120,
    "scenario": "rct-two-arm",
    "arms": {
        "none": {"regimen": "no-therapy"},
        "placebo": {"regimen": "no-therapy"},
        "guided": {"regimen": "fsh-guided"},
    },
}


def read(base=PLAIN, **changes):
    return parse_multi_arm(yaml.safe_dump({**base, **changes}, sort_keys=False), "file.yaml")


def rejections(design, trials):
    return trials.rejected.reshape(-1, len(design.comparisons), len(design.labels))[..., 0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"control": "none"}, "control names no arm; choose from placebo"),
        ({"scenario": "paper"}, "give a scenario or risks_percent"),
        ({"allocation": {"placebo": 2}}, "allocation must name every arm"),
        ({"allocation": {"x": 2}}, "there is no arm 'x'"),
        ({"dropping": {"futility_z": [0]}}, "need an interim analysis"),
        ({"power_of": "best"}, "power_of is any, all, or one of hcg, ufsh, guided"),
        ({"testing": {"procedure": "fixed sequence"}}, "fixed sequence needs testing.order"),
        ({"testing": {"procedure": "holm", "order": ["hcg"]}}, "no other procedure allows it"),
        ({"secondary": [{"name": "x"}]}, "have one endpoint and no baseline values"),
        ({"monitoring": {**TWO_ANALYSES, "futility": "OF"}}, "use dropping"),
        ({"monitoring": TWO_ANALYSES, "adaptive_allocation": {}}, "needs testing.procedure comb"),
        ({"monitoring": TWO_ANALYSES, "dropping": {"keep_best": [1, 1, 1]}}, "one per interim"),
        ({"factorial": {"first": "hcg", "second": "ufsh", "both": "guided"}}, "choose holm"),
        ({"monitoring": {"analyses_percent": [20, 40, 60, 80, 100]}}, "at most 4, or choose holm"),
        ({"randomisation": {"block_sizes": [6]}}, "multiples of 4"),
        ({"risks_percent": {"placebo": 40}}, "from 2 to 6 arms"),
    ],
)
def test_files_that_cannot_be_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        read(**changes)


def test_which_files_are_read_as_several_arms():
    assert is_multi_arm(PLAIN)
    assert is_multi_arm(SCENARIO)
    assert not is_multi_arm({"arms": {"control": {}, "treated": {}}})
    assert type(pt.design("three-analyses")).__name__ == "Design"
    assert pt.design("three-arms-live-birth").id == "three-arms-live-birth"


def test_exact_power_of_one_treatment_is_that_of_two_arms():
    # Enumerated by hand: 150 in each arm, 55 against 40 %, one-sided 2.5 %, pooled z.
    design = read(risks_percent={"placebo": 40, "hcg": 55}, participants=300)
    planned, null = arm_configurations(design)
    assert exact_power(design, planned, 300).each[0] == pytest.approx(0.7589822, abs=1e-7)
    assert exact_power(design, null, 300).familywise_error == pytest.approx(0.0258668, abs=1e-7)


@pytest.mark.parametrize("procedure", ["closed dunnett", "holm"])
def test_exact_power_is_the_sum_over_all_counts(procedure):
    design = read(
        risks_percent={"placebo": 40, "hcg": 60, "ufsh": 75}, participants=36,
        randomisation={"block_sizes": [6]}, testing={"procedure": procedure},
        allocation={"placebo": 1, "hcg": 1, "ufsh": 1},
    )  # fmt: skip
    x = np.arange(13)
    x0, x1, x2 = (each.ravel() for each in np.meshgrid(x, x, x, indexing="ij"))
    mass = binom.pmf(x0, 12, 0.4) * binom.pmf(x1, 12, 0.6) * binom.pmf(x2, 12, 0.75)

    def z(xk):
        pooled = (xk + x0) / 24
        variance = np.where(pooled * (1 - pooled) > 0, pooled * (1 - pooled) / 6, 1.0)
        return (xk - x0) / 12 / np.sqrt(variance)

    rejected = design.tests.decide(np.stack([z(x1), z(x2)], -1)[:, None, :, None])[..., 0]
    found = exact_power(design, arm_configurations(design)[0], 36)
    assert found.each == pytest.approx(mass @ rejected, abs=1e-12)
    assert found.any_effective == pytest.approx(mass @ rejected.any(1), abs=1e-12)
    assert found.all_effective == pytest.approx(mass @ rejected.all(1), abs=1e-12)


def test_counts_patients_and_enumeration_agree():
    design = read()
    counts = simulate_arms(design, 400, seed=3, size=20_000)
    patients = simulate_arms(design, 400, seed=3, size=400, patient_level=True)
    for each in arm_configurations(design)[:3]:
        exact = exact_power(design, each, 400)
        error = np.sqrt(exact.each * (1 - exact.each))
        share = rejections(design, counts[each.name]).mean(0)
        assert (np.abs(share - exact.each) < 4 * error / np.sqrt(20_000)).all()
        share = rejections(design, patients[each.name]).mean(0)
        assert (np.abs(share - exact.each) < 4 * error / np.sqrt(400)).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"monitoring": TWO_ANALYSES}, "several analyses"),
        ({"dropout_percent": {"hcg": 5}}, "dropout"),
        ({"analysis": {"method": "logistic"}}, "more than the counts"),
        ({"participants": 405}, "inside a block"),
    ],
)
def test_why_there_is_no_exact_power(changes, message):
    design = read(**changes)
    assert message in why_not_exact(design, design.participants)


def test_dropped_arms_recruit_no_further_participants():
    at_once = {
        "variable": "any_sperm",
        "endpoint_month": 0,
    }  # no recruitment while endpoints are awaited
    design = read(
        monitoring=TWO_ANALYSES, dropping={"keep_best": [1]}, participants=480, endpoint=at_once
    )
    found = simulate_arms(design, 480, seed=1, size=2000)["as planned"]
    assert (found.reason == SELECTION).sum(1).max() == 2
    kept = found.participants[:, 1:].max(1)
    assert set(np.unique(kept)) <= {60.0, 120.0}
    assert (found.participants.sum(1) < 480).all()
    went_on = found.analyses == 2
    assert (found.participants[went_on, 0] == 120).all()


@pytest.mark.parametrize("patient_level", [False, True])
def test_shared_places_keep_the_size_of_the_trial(patient_level):
    design = read(
        monitoring=TWO_ANALYSES, dropping={"keep_best": [1], "places": "shared"}, participants=480,
        testing={"procedure": "combination"},
    )  # fmt: skip
    found = simulate_arms(design, 480, seed=1, size=60, patient_level=patient_level)
    trials = found["as planned"]
    went_on = trials.analyses == 2
    assert went_on.sum() > 30
    assert (trials.participants[went_on].sum(1) == 480).all()
    assert (trials.participants[went_on, 0] > 130).all()


def test_a_harmful_treatment_is_dropped_for_harm():
    design = read(
        risks_percent={"placebo": 60, "hcg": 20, "ufsh": 65},
        monitoring={**TWO_ANALYSES, "harm": "OF", "harm_alpha_percent": 5},
    )
    found = simulate_arms(design, 408, seed=1, size=500)["as planned"]
    assert (found.reason[:, 0] == HARM).mean() > 0.95
    assert (found.reason[:, 1] == HARM).mean() < 0.05


@pytest.mark.parametrize("rule", ["thompson", "doubly adaptive"])
def test_response_adaptive_allocation_controls_the_type_i_error(rule):
    design = read(
        risks_percent={"placebo": 30, "hcg": 30, "ufsh": 60},
        monitoring=TWO_ANALYSES, participants=240, testing={"procedure": "combination"},
        adaptive_allocation={"rule": rule, "exponent": 1},
    )  # fmt: skip
    found = simulate_arms(design, 240, seed=2, size=4000)
    null = found["no treatment works"]
    assert rejections(design, null).any(1).mean() < 0.025 + 3 * 0.0025
    on = (found["as planned"].at_analysis == 2).all(1)
    better = found["as planned"].participants[on].mean(0)
    assert better[2] > better[1] + 5
    assert better[0] == pytest.approx(80, abs=1.5)


def test_a_planned_change_of_the_allocation():
    design = read(
        monitoring=TWO_ANALYSES, testing={"procedure": "combination"},
        allocation_changes=[
            {"after_analysis": 1,
             "allocation": {"placebo": 1, "hcg": 1, "ufsh": 1, "guided": 1}},
        ],
    )  # fmt: skip
    other = read(
        monitoring=TWO_ANALYSES, testing={"procedure": "combination"},
        allocation_changes=[
            {"after_analysis": 1,
             "allocation": {"placebo": 2, "hcg": 1, "ufsh": 1, "guided": 4}},
        ],
    )  # fmt: skip
    same = simulate_arms(design, 400, seed=1, size=40)["no treatment works"]
    moved = simulate_arms(other, 400, seed=1, size=40)["no treatment works"]
    assert same.participants.mean(0) == pytest.approx([100] * 4, abs=2)
    assert moved.participants.mean(0) == pytest.approx([100, 75, 75, 150], abs=3)


def test_allocations_are_whole_numbers_and_favour_the_best_treatment():
    shares = np.array([[0.25, 0.5, 0.25], [0.0, 1.0, 0.0]])
    assert apportion(shares, 7).tolist() == [[2, 3, 2], [0, 7, 0]]
    best = probability_best(
        np.array([[10.0, 10.0, 20.0]]), np.full((1, 3), 40.0), np.array([[True, False, True]])
    )
    assert best[0, 1] == 0
    # Two beta posteriors, Beta(11, 31) and Beta(21, 21): P(second larger) by numerical integration.
    assert best[0, 2] == pytest.approx(0.9904, abs=0.004)


def test_main_effects_of_a_factorial_trial():
    design = read(
        risks_percent={"none": 40, "hcg": 48, "ufsh": 50, "both": 68},
        factorial={"first": "hcg", "second": "ufsh", "both": "both"},
        testing={"procedure": "holm"}, participants=600,
    )  # fmt: skip
    found = simulate_arms(design, 600, seed=1, size=4000)
    names = [each.name for each in arm_configurations(design)]
    assert names == ["as planned", "no treatment works", "only hcg works", "only ufsh works"]
    planned = found["as planned"]
    assert planned.truth[0] == pytest.approx([0.13, 0.15])
    assert planned.estimate.mean(0) == pytest.approx([0.13, 0.15], abs=0.003)
    null = rejections(design, found["no treatment works"]).any(1).mean()
    assert null == pytest.approx(0.025, abs=3 * 0.0025)
    # Interaction 68 - 48 - 50 + 40 = 10 points with 150 in each arm: SE 8.0 points.
    rows = summarise_arms(design, arm_configurations(design)[0], planned)
    assert rows["interaction"]["value"] == pytest.approx(0.24, abs=0.03)


def test_patients_have_one_outcome_in_every_arm_and_a_placebo_does_nothing():
    design = read(SCENARIO)
    drawn = draw_patients(design, None, 120, 1, 0, 3)
    control, placebo, guided = drawn.success[0]
    assert (control == placebo).all()
    assert (guided & ~control).sum() > (control & ~guided).sum()
    assert arm_configurations(design)[0].nulls == (True, False)
    assert drawn.arm.shape == (1, 3, 120)
    assert (np.bincount(drawn.arm[0, 0]) == 40).all()


def test_later_hypotheses_and_eligibility():
    long = {"name": "long", "variable": "infertility_duration_years", "above": 3}
    design = read(
        SCENARIO, eligibility={"name": "young", "variable": "age_years", "up_to": 33},
        secondary=[
            {"name": "long infertility", "population": long},
            {"name": "birth", "endpoint": {"variable": "live_birth", "endpoint_month": 24}},
        ],
        monitoring=TWO_ANALYSES,
    )  # fmt: skip
    drawn = draw_patients(design, None, 120, 1, 0, 2)
    assert (drawn.baseline["age_years"] <= 33).all()
    assert 0.2 < drawn.member[1].mean() < 0.95
    assert design.delayed == (False, False, True)
    found = simulate_arms(design, 120, seed=1, size=30)["as planned"]
    primary, of_long, birth = np.moveaxis(found.rejected.reshape(30, 2, 3), -1, 0)
    assert (of_long <= primary).all()
    assert (birth <= of_long).all()
    assert (found.months > 24).all()


@pytest.mark.parametrize(
    ("analysis", "effect"),
    [
        ({"method": "g-computation-randomised", "covariates": ["fsh_iu_l"]}, 0.11),
        ({"method": "logistic", "covariates": ["fsh_iu_l"]}, 0.63),
    ],
)
def test_treatments_are_compared_by_the_analysis_of_the_design(analysis, effect):
    design = read(
        SCENARIO, analysis=analysis, participants=300, monitoring=TWO_ANALYSES,
        testing={"procedure": "combination"}, dropping={"keep_best": [1], "places": "shared"},
    )  # fmt: skip
    found = simulate_arms(design, 300, seed=1, size=60)["as planned"]
    kept = found.reason[:, 1] != SELECTION
    assert found.estimate[kept, 1].mean() == pytest.approx(effect, abs=0.35 * effect)
    assert found.estimate[:, 0].mean() < effect / 2
    assert (found.at_analysis[~kept, 1] == 1).all()


def test_a_rare_population_is_refused():
    design = read(SCENARIO, eligibility={"name": "none", "variable": "age_years", "above": 200})
    with pytest.raises(InputError, match="fewer than 1 in 40 patients are eligible"):
        draw_patients(design, None, 120, 1, 0, 1)


def test_the_command_prints_writes_continues_and_reports(tmp_path, capsys):
    file, out = tmp_path / "arms.yaml", tmp_path / "out"
    fields = {**PLAIN, "monitoring": TWO_ANALYSES, "dropping": {"futility_z": [0]}}
    file.write_text(yaml.safe_dump(fields, sort_keys=False))
    words = ["power", str(file), "--out", str(out)]
    assert run([*words, "--replicates", "50"]) == 0
    page = capsys.readouterr().out
    assert "Testing: closed dunnett" in page
    assert "only guided works" in page
    assert run([*words, "--replicates", "80", "--resume", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "pretese/multi-arm-power/1"
    assert document["sizes"][0]["configurations"][0]["comparisons"][0]["rejection"]["any_sperm"][
        "n"
    ] == 80  # fmt: skip
    assert run(["report", str(out)]) == 0
    assert "Family-wise" in (out / "report.html").read_text().replace("family", "Family")


def test_sample_size_is_searched_exactly_where_counts_can_be_enumerated():
    trial = pt.design({**PLAIN, "power_of": "guided"})
    study = trial.power(target_power=0.8, replicates=20, progress=False)
    found = study.to_dict()["sample_size_search"]
    tried = {row["participants"]: row["power"] for row in found["tried"]}
    assert found["exact"]
    assert tried[found["participants"]] >= 0.8
    assert tried[found["participants"] - 8] < 0.8
    assert study.required_participants == found["participants"]
    assert study.plot().axes
    assert "example" in study.report()


@pytest.mark.parametrize("name", ["effects"])
def test_options_of_two_arm_designs_are_refused_by_name(name):
    given = {"effects": [50]}[name]
    with pytest.raises(InputError, match="several arms do not take it"):
        pt.design(PLAIN).power(**{name: given})


def test_large_trials_are_enumerated_by_critical_counts():
    design = read(participants=20_000, risks_percent={"placebo": 40, "hcg": 40, "ufsh": 42.5})
    found = exact_power(design, arm_configurations(design)[0], 19_998)
    # Normal theory: 6,666 in each arm, 2.5 points, SE 0.85 points: 2.94 beyond 1.96 to 2.21.
    assert 0.76 < found.each[1] < 0.84
    # The other one is null: z above 2.2121 (0.0135), or above 1.96 while the first passes 2.2121,
    # which it does with 0.96 given so high a z of correlation 1/2.
    expected = norm.sf(2.2121) + 0.96 * (norm.sf(1.96) - norm.sf(2.2121))
    assert found.familywise_error == pytest.approx(expected, abs=0.0006)


def test_the_report_has_the_chapters_of_a_simulation_study_and_example_trials():
    fields = {**PLAIN, "monitoring": TWO_ANALYSES, "dropping": {"futility_z": [0]}}
    study = pt.design(fields).power(replicates=60, progress=False)
    document, page = study.to_dict(), study.report()
    for chapter in (
        "Aims",
        "Estimands",
        "Methods",
        "Verification",
        "Example trials",
        "Conclusions",
    ):
        assert f"{chapter}</h2>" in page
    assert "any_sperm" not in page.replace("variable: any_sperm", "")  # named only in the file
    assert "any sperm: comparison of two proportions without covariates" in page
    courses = {each["course"]: each for each in document["examples"]}
    assert len({each["trial"] for each in document["examples"]}) == len(courses)
    design = parse_multi_arm(yaml.safe_dump(fields, sort_keys=False), "file.yaml")
    drawn = simulate_arms(design, 400, seed=1, size=60)["as planned"]
    won = rejections(design, drawn) > 0
    for course, each in courses.items():
        k = each["trial"]
        assert [bool(row["rejected"]) for row in each["comparisons"]] == won[k].tolist()
        assert [row["analysis"] for row in each["comparisons"]] == drawn.at_analysis[k].tolist()
        if "no success" in course:
            assert not won[k].any()
        if "success at an interim analysis" in course.replace("a success", "success"):
            assert any(r["ended"] == "success" and r["analysis"] == 1 for r in each["comparisons"])
