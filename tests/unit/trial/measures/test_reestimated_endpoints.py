"""Trials of several endpoints whose sample size is re-estimated from the primary endpoint."""

import numpy as np
import pytest

from estimate.comparison.risk_difference import score_z
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.measures.familywise import family_errors
from pretese.trial.simulation.engine import simulate_design
from pretese.trial.simulation.multiple_endpoints import analyse_endpoints, observe_all
from pretese.trial.simulation.reestimation import largest
from protocol.errors import InputError
from protocol.reading.documents import validate

N, TRIALS = 160, 400


def design(**changes):
    rule = {"at_analysis": 1, "assume": "observed", "min_percent": 50, "max_percent": 300}
    monitoring = {"analyses_percent": [50, 100], "alpha_percent": 2.5, "sides": 1,
                  "reestimation": rule}  # fmt: skip
    fields = read_design("three-endpoints")[0].model_dump()
    return validate({**fields, "monitoring": monitoring, **changes}, DesignFile, "test")


DESIGN = design()


@pytest.fixture(scope="module")
def drawn():
    return draw_trials(DESIGN, scenario_of(DESIGN), 4, largest(DESIGN, N), 8, 0)


@pytest.fixture(scope="module")
def results():
    points = [(N, 0.0), (N, 1.0)]
    return simulate_design(DESIGN, scenario_of(DESIGN), points, seed=9, replicates=TRIALS)


def own_score(data, trial, first, last):
    """Return the score statistic of participants ``first`` to ``last`` - 1 of one trial."""
    some = slice(first, last)
    arm, outcome = data.arm[trial, some], data.outcome[trial, some]
    counted = [(arm == a) & data.include[trial, some] for a in (1, 0)]
    counts = [each.sum() for each in counted]
    events = [outcome[each].sum() for each in counted]
    return float(score_z(events[0], counts[0], events[1], counts[1]))


def test_each_endpoint_combines_both_stages_with_planned_weights_at_the_sizes_of_the_primary(drawn):
    data = observe_all(DESIGN, drawn, 1.0)
    analyses = analyse_endpoints(data, N)
    sizes = analyses[0].participants
    assert len(set(sizes[:, 1])) > 2
    for each, own in zip(analyses, data, strict=True):
        assert np.array_equal(each.participants, sizes)
        for trial in range(8):
            z = [own_score(own, trial, 0, N // 2), own_score(own, trial, N // 2, sizes[trial, 1])]
            assert each.z[trial, 0] == pytest.approx(z[0])
            assert each.z[trial, 1] == pytest.approx((z[0] + z[1]) / np.sqrt(2))


def test_the_primary_endpoint_is_that_of_a_trial_without_others(results):
    alone = validate({**DESIGN.model_dump(), "secondary": [], "multiplicity": None}, DesignFile, "")
    one = simulate_design(alone, scenario_of(alone), [(N, 1.0)], seed=9, replicates=30)[N, 1.0]
    several = results[N, 1.0]
    assert np.array_equal(several.z[:30], one.z, equal_nan=True)
    assert np.array_equal(several.final_size[:30], one.final_size)


def test_without_an_effect_every_statistic_has_the_sizes_chosen_without_it(results):
    null = results[N, 0.0]
    for name in ("path", "path_null_size", "path_without_planned_size"):
        assert np.array_equal(
            getattr(null, f"endpoint_{name}"), null.endpoint_path_without, equal_nan=True
        ), name


def test_a_secondary_endpoint_without_effect_is_standard_normal_at_the_sizes_of_an_effect(results):
    planned = results[N, 1.0]
    path = planned.endpoint_path_without_planned_size.reshape(TRIALS, 2, 3)
    assert not np.array_equal(path, planned.endpoint_path_without.reshape(TRIALS, 2, 3))
    for k in (1, 2):
        z = path[:, 1, k]
        assert abs(z.mean()) < 4 / np.sqrt(TRIALS)
        assert abs(z.std() - 1) < 4 / np.sqrt(2 * TRIALS)


def test_family_errors_use_the_sizes_of_their_null_hypotheses(results):
    errors = {each.nulls: each.error for each in family_errors(DESIGN, results[N, 1.0])}
    assert len(errors) == 7
    for nulls, error in errors.items():
        assert error.value <= 0.025 + 4 * np.sqrt(0.025 * 0.975 / TRIALS), nulls


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"multiplicity": {"method": "holm"}}, "all alpha to the primary endpoint"),
        ({"monitoring": {"analyses_percent": [50, 100], "sides": 1, "alpha_percent": 2.5,
                         "futility": "OF", "binding": True}}, "binding futility"),
    ],
)  # fmt: skip
def test_designs_without_a_valid_procedure_are_refused(changes, reason):
    with pytest.raises(InputError, match=reason):
        design(**changes)


def test_a_secondary_endpoint_tested_for_equivalence_is_refused():
    secondary = read_design("three-endpoints")[0].model_dump()["secondary"]
    secondary[0]["analysis"] |= {"margin_percent": 10, "hypothesis": "equivalence"}
    with pytest.raises(InputError, match="no two one-sided tests"):
        design(secondary=secondary)
