import pytest

from pretese.recovery.design.library import choose_study, load_library
from pretese.recovery.design.study_spec import StudyPlan, StudySpec
from pretese.recovery.results.verdicts import analysis_keys, expectation_of
from protocol.errors import InputError
from protocol.reading.documents import parse_document, validate
from simulate.core.shipped import scenario_names


def spec(**changes):
    plain = {
        "id": "x",
        "aim": "y",
        "plans": {"bare": {"methods": ["unadjusted"]}},
        "cases": {"one": {"scenario": "paper", "plans": ["bare"]}},
    }
    return validate(plain | changes, StudySpec, "study")


def faults(change):
    with pytest.raises(InputError) as caught:
        change()
    return str(caught.value)


def test_a_plan_for_analyse_is_a_plan_for_a_study():
    plan = parse_document(
        """
treatment: gonadotropin_therapy
outcome: sperm_retrieved
covariates:
  age_years: numeric
  diagnosis: {categorical: [idiopathic, cryptorchidism, orchitis, azfc]}
methods: [unadjusted, adjusted, iptw-ate, iptw-att, iptw-ato, matching, g-computation, aipw]
matching: {focal: untreated}
missing: {method: mice, imputations: 20, iterations: 10}
seed: 20220101
""",
        StudyPlan,
        "plan.yaml",
    )
    assert plan.covariates == ("age_years", "diagnosis")


def test_matching_in_a_study_needs_the_arm_that_is_matched():
    bare = {"methods": ["matching"], "covariates": ["age_years"]}
    assert "matching: {focal: untreated}" in faults(lambda: spec(plans={"bare": bare}))
    wrong = bare | {"matching": {"focal": "untreated", "exact": "age_years"}}
    assert "age_years is not a categorical covariate" in faults(lambda: spec(plans={"bare": wrong}))


def test_a_method_without_a_known_truth_is_refused_by_name():
    bare = {"methods": ["matching-conditional"], "covariates": ["age_years"]}
    output = faults(lambda: spec(plans={"bare": bare}))
    assert "`pretese analyse` alone offers it, because no true effect given the pair" in output


def test_a_case_cannot_name_a_plan_that_is_not_there():
    wrong = {"one": {"scenario": "paper", "plans": ["full"]}}
    assert "there is no plan 'full'" in faults(lambda: spec(cases=wrong))


def test_an_expectation_of_a_method_that_is_not_run_is_refused():
    failure = {"plan": "bare", "methods": ["aipw"], "reason": "z"}
    wrong = {"one": {"scenario": "paper", "plans": ["bare"], "biased": [failure]}}
    assert "bare has no aipw" in faults(lambda: spec(cases=wrong))


def test_adjustment_without_covariates_is_refused():
    wrong = {"bare": {"methods": ["unadjusted", "aipw"]}}
    assert "aipw needs covariates" in faults(lambda: spec(plans=wrong))


def test_the_cells_of_a_grid_are_cases_without_an_expected_verdict():
    axis = {"label": "effect", "path": "a.b", "given": {"0": 0, "1": 1}}
    other = {"label": "patients", "path": "c", "given": {"few": 5, "many": 9, "most": 11}}
    grid = {"scenario": "paper", "plan": "bare", "down": axis, "across": other}
    cases = spec(grids={"g": grid}).all_cases()
    assert list(cases) == ["one", "g-1-1", "g-1-2", "g-1-3", "g-2-1", "g-2-2", "g-2-3"]
    assert cases["g-2-1"].given == {"a.b": 1, "c": 5}
    assert cases["g-2-1"].no_expectation == {"bare": ("unadjusted",)}


def test_without_names_the_whole_library_is_chosen():
    assert choose_study((), None, None, None) == load_library()


def test_named_cases_and_scenarios_of_the_user_are_chosen():
    chosen = choose_study(("no-effect", "my/Own File.yaml"), None, 7, 5000)
    assert list(chosen.cases) == ["no-effect", "own-file"]
    assert chosen.cases["own-file"].scenario == "my/Own File.yaml"
    assert (chosen.seed, chosen.truth_patients, chosen.grids) == (7, 5000, {})


def test_a_case_named_as_a_shipped_scenario_is_that_scenario_unmodified():
    shared = {name: case for name, case in load_library().cases.items() if name in scenario_names()}
    assert shared
    for name, case in shared.items():
        assert (case.scenario, case.given, case.patients) == (name, {}, None), name
    assert not set(load_library().grids) & set(scenario_names())


def test_a_shipped_scenario_by_its_name_is_run_as_it_is_shipped():
    chosen = choose_study(("strong-confounding",), None, None, None).cases["strong-confounding"]
    assert (chosen.scenario, chosen.given, chosen.patients) == ("strong-confounding", {}, None)


@pytest.mark.parametrize("names", [("my/no-effect.yaml",), ("one/mine.yaml", "other/mine.yaml")])
def test_two_cases_cannot_have_one_name(names):
    with pytest.raises(InputError, match="which is another case; give the file another name"):
        choose_study(names, None, None, None)


def test_the_users_plan_has_no_expected_verdict():
    plan = StudyPlan(methods=("unadjusted",))
    chosen = choose_study((), plan, None, None)
    assert chosen.plans == {"own": plan}
    assert all(not case.biased for case in chosen.cases.values())
    assert all(case.no_expectation == {"own": ("unadjusted",)} for case in chosen.cases.values())


@pytest.mark.parametrize(
    ("division", "message"),
    [
        ({"a": {"by": "fsh_iu_l"}}, "fsh_iu_l is a number; give a cut"),
        ({"a": {"by": "bmi_kg_m2", "cut": "> 3"}}, "declare bmi_kg_m2 under covariates first"),
        ({"a": {"by": "diagnosis", "cut": "> 3"}}, "give `groups`"),
        ({"a: b": {"by": "fsh_iu_l", "cut": "> 3"}}, "write it without a colon"),
    ],
)
def test_a_division_must_suit_its_covariate(division, message):
    plan = {
        "methods": ["unadjusted"],
        "covariates": ["fsh_iu_l", "diagnosis"],
        "subgroups": division,
    }
    assert message in faults(lambda: spec(plans={"bare": plan}))


def divided(**expected):
    plan = {
        "methods": ["unadjusted"],
        "covariates": ["fsh_iu_l"],
        "subgroups": {"fsh": {"by": "fsh_iu_l", "cut": "> 9"}},
    }
    case = {"scenario": "paper", "plans": ["bare"], **expected}
    return spec(plans={"bare": plan}, cases={"one": case})


def test_an_expectation_is_of_a_whole_division_or_of_one_group():
    failure = {"plan": "bare", "methods": ["fsh: > 9"], "reason": "of noise"}
    found = divided(biased=[failure])
    expected = {
        answer.method: expectation_of(found.cases["one"], answer)[0]
        for answer in analysis_keys(found, "one", found.cases["one"])
        if answer.scale == "odds ratio"
    }
    assert expected == {
        "unadjusted": "unbiased",
        "fsh: ≤ 9": "unbiased",
        "fsh: > 9": "biased",
        "fsh: > 9 against ≤ 9": "unbiased",
    }
    silent = divided(no_expectation={"bare": ["fsh"]})
    assert {
        expectation_of(silent.cases["one"], answer)[0]
        for answer in analysis_keys(silent, "one", silent.cases["one"])
        if answer.method.startswith("fsh")
    } == {"none"}


def test_an_expectation_of_an_unknown_division_is_refused():
    failure = {"plan": "bare", "methods": ["age: > 9"], "reason": "of noise"}
    assert "bare has no age" in faults(lambda: divided(biased=[failure]))
