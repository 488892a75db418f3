import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimate.sample_size.graphs import Graph, adjusted_p, fallback, fixed_sequence, holm, reject
from protocol.errors import InputError

NAMES = ("any sperm", "retrieval", "live birth")
p_values = st.lists(st.floats(0, 1), min_size=3, max_size=3)


def test_fixed_sequence_stops_at_the_first_hypothesis_not_rejected():
    assert reject(fixed_sequence(NAMES), [0.01, 0.20, 0.001], 0.025).tolist() == [
        True,
        False,
        False,
    ]
    assert adjusted_p(fixed_sequence(NAMES), [0.01, 0.20, 0.001]) == pytest.approx([0.01, 0.2, 0.2])


def test_holm_by_hand():
    assert adjusted_p(holm(NAMES), [0.01, 0.02, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert adjusted_p(holm(("one",)), [0.04]) == pytest.approx([0.04])


def test_fallback_passes_its_weight_to_the_next_hypothesis():
    graph = fallback(NAMES, (0.5, 0.3, 0.2))
    assert adjusted_p(graph, [0.01, 0.02, 0.03]) == pytest.approx([0.02, 0.025, 0.03])


def test_a_hypothesis_without_weight_cannot_be_rejected_first():
    assert adjusted_p(fixed_sequence(NAMES), [0.9, 0.0, 0.0]) == pytest.approx([0.9, 0.9, 0.9])
    stuck = Graph(NAMES, (1.0, 0.0, 0.0), ((0, 0, 0), (0, 0, 0), (0, 0, 0)))
    assert adjusted_p(stuck, [0.01, 0.0, 0.0])[1:] == pytest.approx([1.0, 1.0])


def test_a_test_without_an_estimate_does_not_reject():
    assert adjusted_p(holm(NAMES), [0.01, np.nan, 0.001]) == pytest.approx([0.02, 1.0, 0.003])


def test_replicates_are_leading_axes():
    p = np.random.default_rng(1).random((4, 5, 3)) ** 3
    graph = holm(NAMES)
    together = adjusted_p(graph, p)
    for index in np.ndindex(4, 5):
        assert together[index] == pytest.approx(adjusted_p(graph, p[index]))


@given(p_values)
def test_holm_is_the_closed_test_with_bonferroni(p):
    closed = [
        max(
            min(1.0, len(group) * min(p[j] for j in group))
            for size in (1, 2, 3)
            for group in itertools.combinations(range(3), size)
            if i in group
        )
        for i in range(3)
    ]
    assert adjusted_p(holm(NAMES), p) == pytest.approx(closed)


@given(p_values, st.integers(0, 2), st.floats(0, 1))
def test_adjusted_p_values_are_monotone(p, which, factor):
    smaller = list(p)
    smaller[which] *= factor
    graph = fallback(NAMES, (0.5, 0.3, 0.2))
    assert (adjusted_p(graph, smaller) <= adjusted_p(graph, p) + 1e-12).all()


def test_the_family_wise_error_holds_under_the_null():
    p, alpha = np.random.default_rng(9).random((100_000, 3)), 0.05
    for graph in (holm(NAMES), fallback(NAMES, (0.5, 0.3, 0.2)), fixed_sequence(NAMES)):
        rate = reject(graph, p, alpha).any(-1).mean()
        assert rate <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / len(p))


@pytest.mark.parametrize(
    ("weights", "transitions", "message"),
    [
        ((0.7, 0.7), ((0, 1), (1, 0)), "sum to 1.4"),
        ((0.5, 0.5), ((0, 1.5), (1, 0)), "exceeds 1"),
        ((0.5, 0.5), ((0.5, 0.5), (1, 0)), "diagonal"),
        ((0.5, 0.5), ((0, 1),), "sizes differ"),
    ],
)
def test_an_impossible_graph_is_refused_with_a_reason(weights, transitions, message):
    with pytest.raises(InputError, match=message):
        Graph(("a", "b"), weights, transitions)


def test_repeated_names_and_missing_p_values_are_refused():
    with pytest.raises(InputError, match="not distinct"):
        holm(("a", "a"))
    with pytest.raises(InputError, match="2 hypotheses"):
        adjusted_p(holm(("a", "b")), [0.1, 0.2, 0.3])
