"""Several endpoints of the same trials: each separately, and family-wise errors."""

from dataclasses import replace

import numpy as np
import pytest

from estimate.performance.measures import proportion_mcse
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.design.enumeration import why_not_enumerated
from pretese.trial.measures.familywise import any_and_all, each_endpoint, family_errors
from pretese.trial.measures.summary import summarise_point
from pretese.trial.simulation.claims import decide_claims
from pretese.trial.simulation.engine import simulate_design
from pretese.trial.simulation.trial_results import Outcomes
from protocol.reading.documents import validate

SHIPPED = read_design("three-endpoints")[0]
PARTICIPANTS, TRIALS = 240, 800


def sharing(multiplicity):
    """Return the shipped design with another procedure, or none."""
    return validate({**SHIPPED.model_dump(), "multiplicity": multiplicity}, DesignFile, "test")


def under(design, outcomes):
    """Return the same trials, tested by another procedure."""
    path = outcomes.endpoint_path[:, None, :]
    return replace(outcomes, endpoint_claimed=decide_claims(design, path).claimed.astype(float))


@pytest.fixture(scope="module")
def results():
    points = [(PARTICIPANTS, 0.0), (PARTICIPANTS, 1.0)]
    return simulate_design(SHIPPED, scenario_of(SHIPPED), points, seed=6, replicates=TRIALS)


@pytest.mark.parametrize("endpoint", [0, 1, 2])
def test_each_endpoint_is_that_of_a_trial_with_a_single_endpoint(results, endpoint):
    alone = SHIPPED.questions[endpoint]
    assert not alone.secondary
    one = simulate_design(alone, scenario_of(alone), [(PARTICIPANTS, 1.0)], seed=6, replicates=20)[
        PARTICIPANTS, 1.0
    ]
    several = results[PARTICIPANTS, 1.0]
    for name, own in (
        ("z", one.z), ("estimate", one.estimate), ("std_error", one.std_error),
        ("conf_low", one.conf_low), ("analysed", one.analysed), ("target", one.target),
        ("risk_control", one.risk_control), ("risk_treated", one.risk_treated),
    ):  # fmt: skip
        assert np.array_equal(getattr(several, f"endpoint_{name}")[:20, endpoint], own), name


def test_a_single_trial_equals_that_of_the_batch(results):
    alone = simulate_design(
        SHIPPED, scenario_of(SHIPPED), [(PARTICIPANTS, 1.0)], seed=6, replicates=1
    )
    batch = results[PARTICIPANTS, 1.0].columns()
    for name, values in alone[PARTICIPANTS, 1.0].columns().items():
        assert values[0] == batch[name][0], name


def test_the_statistic_without_an_effect_is_that_of_the_trial_without_one(results):
    none, full = results[PARTICIPANTS, 0.0], results[PARTICIPANTS, 1.0]
    assert np.array_equal(full.endpoint_path_without, none.endpoint_z)
    assert np.array_equal(full.endpoint_path, full.endpoint_z)  # there is one analysis
    assert not np.array_equal(full.endpoint_z, none.endpoint_z)


def test_a_graph_equals_the_named_procedure(results):
    z = results[PARTICIPANTS, 1.0].endpoint_z
    fallback = sharing({"method": "fallback", "weights_percent": [50, 30, 20]})
    graph = sharing(
        {
            "method": "graph",
            "weights_percent": [50, 30, 20],
            "transitions_percent": [[0, 100, 0], [0, 0, 100], [0, 0, 0]],
        }
    )
    one, other = (decide_claims(design, z[:, None]).claimed for design in (fallback, graph))
    assert np.array_equal(one, other)
    assert why_not_enumerated(fallback) == "the primary endpoint shares alpha with others"
    assert why_not_enumerated(SHIPPED) is None


def test_a_fixed_sequence_ends_at_the_first_failure(results):
    claimed = results[PARTICIPANTS, 1.0].endpoint_claimed
    assert (np.diff(claimed, axis=1) <= 0).all()
    assert np.array_equal(results[PARTICIPANTS, 1.0].rejected, claimed[:, 0])
    rows = each_endpoint(SHIPPED, results[PARTICIPANTS, 1.0])
    assert rows[0].claimed.value == rows[0].alone.value
    assert rows[2].claimed.value < rows[2].alone.value
    some, every = any_and_all(results[PARTICIPANTS, 1.0])
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
def test_the_family_wise_error_is_controlled_under_every_null(results, multiplicity):
    design = sharing(multiplicity)
    errors = family_errors(design, under(design, results[PARTICIPANTS, 1.0]))
    assert len(errors) == 7
    for each in errors:
        assert each.error.value < 0.05 + 3 * proportion_mcse(0.05, TRIALS), each.nulls


def test_without_a_procedure_the_family_wise_error_is_inflated(results):
    loose = sharing(None)
    errors = family_errors(loose, under(loose, results[PARTICIPANTS, 1.0]))
    assert errors[0].nulls == ("any sperm", "retrieval", "live birth")
    assert errors[0].error.value > 0.05 + 3 * proportion_mcse(0.05, TRIALS)
    alone = {each.nulls: each.error.value for each in errors}
    assert abs(alone["live birth",] - 0.05) < 3 * proportion_mcse(0.05, TRIALS)


def test_blocks_join_and_columns_are_flat(results):
    out = results[PARTICIPANTS, 1.0]
    assert out.endpoint_z.shape == (TRIALS, 3)
    columns = out.columns()
    assert {values.shape for values in columns.values()} == {(TRIALS,)}
    assert np.array_equal(columns["endpoint_z_3"], out.endpoint_z[:, 2])
    assert np.array_equal(Outcomes.joined([out, out]).endpoint_z[TRIALS:], out.endpoint_z)


def test_a_point_has_a_row_for_each_endpoint_and_the_errors_of_the_family(results):
    point = summarise_point(SHIPPED, PARTICIPANTS, 1.0, results[PARTICIPANTS, 1.0])
    assert [row["name"] for row in point["endpoints"]] == ["any sperm", "retrieval", "live birth"]
    assert all(row["claimed"]["mcse"] > 0 for row in point["endpoints"])
    assert len(point["family"]["errors"]) == 7
    null = summarise_point(SHIPPED, PARTICIPANTS, 0.0, results[PARTICIPANTS, 0.0])
    assert len(null["family"]["errors"]) == 1
    assert null["endpoints"][0]["truth"]["value"] == 0


def test_stopping_depends_only_on_the_primary_endpoint():
    analyses = {"analyses_percent": [40, 70, 100], "efficacy": "HSD(-2)", "sides": 1}
    design = validate({**SHIPPED.model_dump(), "monitoring": analyses}, DesignFile, "test")
    several, one = (
        simulate_design(each, scenario_of(design), [(PARTICIPANTS, 1.0)], seed=9, replicates=60)[
            PARTICIPANTS, 1.0
        ]
        for each in (design, design.questions[0])
    )
    for name in ("analysis", "rejected", "z", "estimate", "analysed"):
        assert np.array_equal(getattr(several, name), getattr(one, name)), name
    assert (several.analysis < 3).any()
    assert several.endpoint_path.shape == (60, 9)
    path = several.endpoint_path.reshape(60, 3, 3)
    at_end = path[np.arange(60), several.analysis.astype(int) - 1]
    assert np.array_equal(at_end, several.endpoint_z)
    # The analysis waits for all endpoints of a participant: 24 months, not 4.
    assert several.months == pytest.approx(one.months + 20)
    assert len(family_errors(design, several)) == 7
    assert why_not_enumerated(design) is None
