import numpy as np
import pytest

from pretese.article.calibration import solve
from pretese.article.calibration.draws import draw_targets
from pretese.article.calibration.problem import LOG, LOGIT, link, pose
from pretese.article.calibration.solve import _identified, solve_problem
from pretese.article.calibration.verdict import CLOSE, distance
from pretese.article.published import load_published
from protocol.errors import InputError
from simulate.scenario import Target
from simulate.scenario.load import load
from simulate.scenario.parameter_paths import mechanism_hash, parameters, with_values
from simulate.scenario.sections.parameter import Parameter
from tests.support.paper import paper


@pytest.mark.parametrize(
    ("simulated", "half_unit", "error", "expected"),
    [
        (31.24, 0.05, 0.001, 0.0),  # rounds to the printed digits
        (31.5, 0.05, 0.1, 2.5),
        (30.9, 0.05, 0.1, 2.5),
        (31.2, 0.0, 0.0, 0.0),
        (31.3, 0.0, 0.0, float("inf")),
    ],
)
def test_distance_counts_only_what_lies_beyond_the_rounding(simulated, half_unit, error, expected):
    assert distance(simulated, 31.2, half_unit, error) == pytest.approx(expected)


def number(value: float, unit: str) -> Parameter:
    return Parameter(value=value, unit=unit, status="calibrated", source="test")


@pytest.mark.parametrize(
    ("unit", "value"), [("log odds", -0.7), ("1", 0.2), ("kg/m2", 22.0), ("log", 0.3)]
)
def test_every_scale_comes_back_to_the_value(unit, value):
    scale = link(number(value, unit))
    assert scale.back(scale.forward(value)) == pytest.approx(value)


def test_shares_stay_shares_and_amounts_stay_positive():
    assert link(number(0.2, "1")) is LOGIT
    assert link(number(22, "kg/m2")) is LOG
    assert 0 < LOGIT.back(30) <= 1
    assert LOG.back(-30) > 0


def test_parameters_that_only_act_together_are_not_identified():
    together = np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    assert _identified(together).tolist() == [False, False, True]


def test_a_parameter_that_affects_no_target_is_not_identified():
    assert _identified(np.array([[1.0, 0.01], [0.5, 0.0]])).tolist() == [True, False]


def test_the_paper_has_at_least_eighty_targets_and_each_is_published():
    problem = pose(paper(), load_published(paper().published))
    assert len(problem.targets) >= 80
    assert all(parameter.status == "calibrated" for parameter in problem.free.values())


def test_unknown_targets_are_reported_at_their_place_in_the_scenario_file():
    beside = Target(number="truth.joy.everyone.odds_ratio", value=1, half_unit=0.1, source="me")
    wrong = paper().model_copy(
        update={"targets": (*paper().targets, "table1.fsh_iu_l.treated.medain", beside)}
    )
    place = len(paper().targets)
    with pytest.raises(InputError) as reported:
        pose(wrong, load_published(wrong.published), where="mine.yaml")
    first, second = reported.value.faults
    assert (first.where, first.field) == ("mine.yaml", f"targets.{place}")
    assert "'table1.fsh_iu_l.treated.medain' is not a number of 10.1186" in first.problem
    assert "did you mean table1.fsh_iu_l.treated.median" in first.cure
    assert (second.field, second.problem) == (
        f"targets.{place + 1}", "'truth.joy.everyone.odds_ratio' is not simulated",
    )  # fmt: skip


def test_every_number_states_where_it_comes_from():
    for path, each in parameters(paper()).items():
        assert len(each.source) > 5, path
        uncertain = each.status in ("assumed", "transported")
        assert (each.sweep is not None) == uncertain, path


def test_the_hash_sees_numbers_and_not_explanations():
    changed = with_values(paper(), {"fertility.miscarriage": 0.1}, "test")
    reworded = paper().model_copy(update={"question": "Another wording?"})
    assert mechanism_hash(changed) != mechanism_hash(paper())
    assert mechanism_hash(reworded) == mechanism_hash(paper())


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("spermatogenesis.treatment.dircet", "no such number"),
        ("spermatogenesis.treatment", "a section, not a number"),
        ("nowhere", "no such number"),
        ("fertility.transfers_available.9", "no such number"),
    ],
)
def test_an_unknown_path_is_never_ignored(path, complaint):
    with pytest.raises(InputError, match=complaint):
        with_values(paper(), {path: 1.0}, "--set")


@pytest.mark.parametrize("value", [0.399, 1e308, -1, float("nan"), float("inf")])
def test_an_assumption_stays_within_the_range_that_it_declares(value):
    name = "physiology.unsuppressed_ratio"
    assert parameters(paper())[name].sweep == (0.4, 1.0)
    assert parameters(with_values(paper(), {name: 0.4}, "--set"))[name].value == 0.4
    wanted = "from 0.4 to 1" if np.isfinite(value) else "finite number"
    with pytest.raises(InputError, match=wanted):
        with_values(paper(), {name: value}, "--set")


def test_a_range_is_widened_only_where_that_is_asked_for():
    name = "physiology.unsuppressed_ratio"
    wide = with_values(paper(), {name: 0.2}, "test", beyond_sweep=True)
    assert parameters(wide)[name].sweep == (0.2, 1.0)


def test_all_faults_of_several_settings_are_reported_at_once():
    with pytest.raises(InputError) as reported:
        with_values(paper(), {"physiology.unsuppressed_ratio": 2.0, "nowhere": 1.0}, "--set")
    assert [fault.field for fault in reported.value.faults] == [
        "physiology.unsuppressed_ratio", "nowhere",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [1e308, -1e7, 150.0])
def test_no_log_odds_are_beyond_what_any_chance_needs(value):
    with pytest.raises(InputError, match=r"cannot be|than or equal"):
        with_values(paper(), {"choice.intercept": value}, "--set")


def test_a_replaced_number_is_checked_like_the_files():
    with pytest.raises(InputError, match="not a probability"):
        with_values(paper(), {"measurement.missing.fsh_iu_l": 1.4}, "--set")


def test_quartiles_in_whole_units_are_guided_by_exact_ones():
    """A quartile in whole years is a step function of the median; the unrounded one is smooth."""
    problem = pose(paper(), load_published(paper().published))
    name = "table1.infertility_duration_years.treated.median"
    assert name in problem.coarse
    assert "table1.fsh_iu_l.treated.median" not in problem.coarse
    path = "population.marginals.infertility_duration_years.median"
    rounded, exact = [], []
    for years in (3.40, 3.42, 3.44, 3.46):
        moved = with_values(paper(), {path: years}, "test")
        drawn = draw_targets(moved, (name,), 1, 1, exact=(name,))
        rounded.append(drawn[0, 0])
        exact.append(drawn[0, 1])
    assert len(set(rounded)) == 1
    assert exact == sorted(set(exact))


def test_a_start_that_meets_every_target_is_kept(monkeypatch):
    problem = pose(paper(), load_published(paper().published))
    values = [target.value for target in problem.targets.values()]
    guides = [problem.targets[name].value for name in problem.coarse]
    noise = np.random.default_rng(1).normal(0, 1e-3, (50, len(values) + len(guides)))
    drawn = np.array(values + guides) + noise - noise.mean(axis=0)
    monkeypatch.setattr(solve, "draw_targets", lambda *_, **__: drawn)
    point, _, found = solve_problem(problem, lambda *_: None)
    assert problem.values(point) == {name: n.value for name, n in problem.free.items()}
    assert found.shape == (50, len(values))


def test_the_shipped_record_is_the_start_of_its_scenario():
    stored = load("paper").records[0]
    assert all(each.value == each.start for each in stored.parameters.values())
    assert max(each.distance for each in stored.targets.values()) <= CLOSE
