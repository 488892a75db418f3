"""Several endpoints of the same trials: each as if alone, and the errors of the family."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from estimate.performance import share_mcse
from pretese.trial.candidates import scenario_of
from pretese.trial.design import Design, read_design
from pretese.trial.family import any_and_all, each_endpoint, family_errors
from pretese.trial.multiplicity import rejections
from pretese.trial.rail import why_no_rail
from pretese.trial.run import Outcomes, simulate_design
from pretese.trial.several import claims
from pretese.trial.summary import summarise_point
from protocol.documents import validate

SHIPPED = read_design("three-endpoints")[0]
MEN, TRIALS = 240, 800


def sharing(multiplicity):
    """Return the shipped design with another procedure, or none."""
    return validate({**SHIPPED.model_dump(), "multiplicity": multiplicity}, Design, "test")


def under(design, outcomes):
    """Return the same trials, judged by another procedure."""
    return replace(outcomes, endpoint_claimed=claims(design, outcomes.endpoint_z))


@pytest.fixture(scope="module")
def results():
    points = [(MEN, 0.0), (MEN, 1.0)]
    return simulate_design(SHIPPED, scenario_of(SHIPPED), points, seed=6, replicates=TRIALS)


@pytest.mark.parametrize("endpoint", [0, 1, 2])
def test_each_endpoint_is_what_it_would_be_alone(results, endpoint):
    alone = SHIPPED.questions[endpoint]
    assert not alone.secondary
    one = simulate_design(alone, scenario_of(alone), [(MEN, 1.0)], seed=6, replicates=20)[MEN, 1.0]
    several = results[MEN, 1.0]
    for name, own in (
        ("z", one.z), ("estimate", one.estimate), ("std_error", one.std_error),
        ("conf_low", one.conf_low), ("analysed", one.analysed), ("target", one.target),
        ("risk_control", one.risk_control), ("risk_treated", one.risk_treated),
    ):  # fmt: skip
        assert np.array_equal(getattr(several, f"endpoint_{name}")[:20, endpoint], own), name


def test_a_trial_alone_is_that_of_the_batch(results):
    alone = simulate_design(SHIPPED, scenario_of(SHIPPED), [(MEN, 1.0)], seed=6, replicates=1)
    batch = results[MEN, 1.0].columns()
    for name, values in alone[MEN, 1.0].columns().items():
        assert values[0] == batch[name][0], name


def test_the_statistic_without_an_effect_is_that_of_the_trial_without_one(results):
    none, full = results[MEN, 0.0], results[MEN, 1.0]
    assert np.array_equal(full.endpoint_z_without, none.endpoint_z)
    assert not np.array_equal(full.endpoint_z, none.endpoint_z)


def test_procedures_by_hand():
    p = np.array([[0.010, 0.030, 0.200], [0.060, 0.001, 0.001], [0.020, 0.024, 0.049]])
    z = -ndtri(p / 2)
    graphs = {
        "fixed sequence": [[1, 1, 0], [0, 0, 0], [1, 1, 1]],
        "holm": [[1, 0, 0], [0, 1, 1], [0, 0, 0]],  # .0167, .025, .05
    }
    for method, says in graphs.items():
        graph = sharing({"method": method}).graph()
        assert rejections(graph, z, 0.05, 2).astype(int).tolist() == says, method
    each = rejections(None, z, 0.05, 2).astype(int)
    assert each.tolist() == [[1, 1, 0], [0, 1, 1], [1, 1, 1]]
    # One-sided tests look in the direction of treatment alone; no answer is no rejection.
    assert not rejections(None, np.array([[-5.0, np.nan]]), 0.025, 1).any()


def test_a_graph_is_the_procedure_it_spells(results):
    z = results[MEN, 1.0].endpoint_z
    fallback = sharing({"method": "fallback", "weights_percent": [50, 30, 20]})
    graph = sharing(
        {
            "method": "graph",
            "weights_percent": [50, 30, 20],
            "transitions_percent": [[0, 100, 0], [0, 0, 100], [0, 0, 0]],
        }
    )
    assert np.array_equal(claims(fallback, z), claims(graph, z))
    assert why_no_rail(fallback) == "the primary endpoint shares its level with others"
    assert why_no_rail(SHIPPED) is None


def test_a_sequence_goes_no_further_than_its_first_failure(results):
    claimed = results[MEN, 1.0].endpoint_claimed
    assert (np.diff(claimed, axis=1) <= 0).all()
    assert np.array_equal(results[MEN, 1.0].rejected, claimed[:, 0])
    rows = each_endpoint(SHIPPED, results[MEN, 1.0])
    assert rows[0].claimed.value == rows[0].alone.value
    assert rows[2].claimed.value < rows[2].alone.value
    some, every = any_and_all(results[MEN, 1.0])
    assert (some.value, every.value) == (rows[0].claimed.value, rows[2].claimed.value)
    assert [row.bias.z < 3.5 for row in rows] == [True] * 3


@pytest.mark.parametrize(
    "multiplicity",
    [
        {"method": "fixed sequence"},
        {"method": "holm"},
        {"method": "fallback", "weights_percent": [60, 20, 20]},
    ],
    ids=lambda each: each["method"],
)
def test_the_error_of_the_family_is_kept_under_every_null(results, multiplicity):
    design = sharing(multiplicity)
    errors = family_errors(design, under(design, results[MEN, 1.0]))
    assert len(errors) == 7
    for each in errors:
        assert each.error.value < 0.05 + 3 * share_mcse(0.05, TRIALS), each.nulls


def test_without_a_procedure_the_family_errs_too_often(results):
    loose = sharing(None)
    errors = family_errors(loose, under(loose, results[MEN, 1.0]))
    assert errors[0].nulls == ("any sperm", "retrieval", "live birth")
    assert errors[0].error.value > 0.05 + 3 * share_mcse(0.05, TRIALS)
    alone = {each.nulls: each.error.value for each in errors}
    assert abs(alone["live birth",] - 0.05) < 3 * share_mcse(0.05, TRIALS)


def test_blocks_join_and_columns_are_flat(results):
    out = results[MEN, 1.0]
    assert out.endpoint_z.shape == (TRIALS, 3)
    columns = out.columns()
    assert {values.shape for values in columns.values()} == {(TRIALS,)}
    assert np.array_equal(columns["endpoint_z_3"], out.endpoint_z[:, 2])
    assert np.array_equal(Outcomes.joined([out, out]).endpoint_z[TRIALS:], out.endpoint_z)


def test_a_point_has_a_row_for_each_endpoint_and_the_errors_of_the_family(results):
    point = summarise_point(SHIPPED, MEN, 1.0, results[MEN, 1.0])
    assert [row["name"] for row in point["endpoints"]] == ["any sperm", "retrieval", "live birth"]
    assert all(row["claimed"]["mcse"] > 0 for row in point["endpoints"])
    assert len(point["family"]["errors"]) == 7
    null = summarise_point(SHIPPED, MEN, 0.0, results[MEN, 0.0])
    assert len(null["family"]["errors"]) == 1
    assert null["endpoints"][0]["truth"]["value"] == 0
