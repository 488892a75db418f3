import numpy as np
import pytest

from protocol.errors import InputError
from simulate.recruitment.accrual import Site, combine, draw_arrivals
from simulate.recruitment.analysis_timing import schedule_analyses


def test_an_analysis_waits_for_endpoints_not_for_enrolment():
    # The second patient drops out: the analysis of two endpoints waits for the third patient.
    analyses = schedule_analyses([0.0, 1.0, 2.0, 5.0], [3.0, np.inf, 3.0, 3.0], [1, 2, 3])
    assert analyses.months.tolist() == [3.0, 5.0, 8.0]
    assert analyses.recruited.tolist() == [3, 4, 4]  # arrivals on its day count
    assert analyses.overrunning.tolist() == [1, 1, 0]
    assert analyses.known[1].tolist() == [True, False, True, False]


def test_an_analysis_that_never_takes_place_is_at_infinity():
    analyses = schedule_analyses([0.0, 1.0, np.inf], [1.0, np.inf, 1.0], [1, 2])
    assert analyses.months.tolist() == [1.0, np.inf]
    assert analyses.known[1].tolist() == [True, False, False]
    assert analyses.recruited.tolist() == [2, 2]
    assert analyses.overrunning.tolist() == [0, 0]


def test_endpoints_may_overtake_one_another():
    analyses = schedule_analyses([0.0, 1.0], [5.0, 1.0], [1])
    assert analyses.months.tolist() == [2.0]
    assert analyses.known[0].tolist() == [False, True]


def test_replicates_are_leading_axes_and_overrunning_is_rate_times_delay():
    gap, place = np.random.default_rng(3).random((2, 2000, 120))
    months, _ = draw_arrivals(combine([Site((0.0,), (6.0,))]), gap, place)
    analyses = schedule_analyses(months, 3.0, [40, 60])
    assert analyses.months.shape == (2000, 2)
    assert (analyses.known.sum(-1) == [40, 60]).all()
    # Six patients a month for three months are enrolled without endpoint.
    assert analyses.overrunning.mean(0) == pytest.approx([18, 18], abs=4 * np.sqrt(18 / 2000))
    alone = schedule_analyses(months[7], 3.0, [40, 60])
    assert alone.months == pytest.approx(analyses.months[7])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.0, 1.0], 1.0, [2, 1]), "rise from 1"),
        (([0.0, 1.0], 1.0, [0]), "rise from 1"),
        (([0.0, 1.0], 1.0, [0.5]), "whole numbers"),
        (([0.0, 1.0], -1.0, [1]), "months from 0"),
        (([0.0, 1.0], 1.0, [3]), "3 endpoints are wanted of 2 patients"),
    ],
)
def test_impossible_analyses_are_refused_with_the_reason(arguments, message):
    with pytest.raises(InputError, match=message):
        schedule_analyses(*arguments)
