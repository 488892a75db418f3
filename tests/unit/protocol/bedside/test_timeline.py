"""Results have a day of measurement and a day on which they became known."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.bedside.known.timed_rule import rule_on
from protocol.bedside.known.timeline import Observation, Timeline
from protocol.regimen.load import load_regimen

GUIDED = load_regimen("fsh-guided")
PHASE = GUIDED.tables["phase"]
DUE = dt.date(2022, 3, 31).toordinal()
MONTH_2 = {"month": 2.0, "previous_phase": "hcg"}


def fsh(value, measured, known=None, qualifier=""):
    """A result so many days after the decision is due."""
    known = measured if known is None else known
    return Observation("fsh_iu_l", value, DUE + measured, DUE + known, qualifier)


def decided(*results, as_of=0):
    """The decision of month 2 and its day, counted from the day on which it was due."""
    found = rule_on(GUIDED, PHASE, Timeline(results), MONTH_2, due=DUE, as_of=DUE + as_of)
    return (
        found.rule.then,
        None if found.decided is None else found.decided - DUE,
        found.conflicting,
    )


@pytest.mark.parametrize(
    ("results", "as_of", "answer"),
    [
        ([fsh(9.8, -1), fsh(12.4, 4)], 10, ("hcg-ufsh", 0, ())),  # a later value changes nothing
        ([fsh(9.8, -1, known=3)], 2, (None, None, ())),  # measured in time, but not known yet
        ([fsh(9.8, -1, known=3)], 3, ("hcg-ufsh", 3, ())),
        ([fsh(9.8, 6)], 5, (None, None, ())),
        ([fsh(9.8, 6)], 20, ("hcg-ufsh", 6, ())),  # measured late, decided late
        ([fsh(9.8, 20)], 29, (None, None, ())),  # that result counts for the following month
        ([fsh(12.4, -1), fsh(10.9, -1)], 0, ("hcg", None, ("fsh_iu_l",))),  # two samples of one day
        ([fsh(12.4, -1), fsh(13.0, -1)], 0, ("hcg", 0, ())),  # on the same side of the limit
        (
            [fsh(12.4, -1), fsh(10.9, -1), fsh(10.5, 2)],
            2,
            ("hcg-ufsh", 2, ()),
        ),  # and a third sample
        ([fsh(0.3, -1, qualifier="<")], 0, ("hcg", 0, ())),  # entirely below 0.7
        ([fsh(1.0, -1, qualifier="<")], 0, ("hcg", None, ("fsh_iu_l",))),
        ([fsh(11.1, -1, qualifier=">")], 0, ("hcg", 0, ())),
        ([fsh(0.7, -1, qualifier="<")], 0, ("hcg", 0, ())),
    ],
)
def test_a_decision_rests_on_what_was_known_on_its_day(results, as_of, answer):
    found = decided(*results, as_of=as_of)
    assert found[1:] == answer[1:]
    if answer[1] is not None:
        assert found[0] == answer[0]


RESULTS = st.builds(
    fsh,
    st.sampled_from([0.3, 0.7, 5.0, 11.1, 11.2, 30.0]),
    st.integers(-15, 35),
    st.none(),
    st.sampled_from(["", "", "<", ">"]),
)


@given(st.lists(RESULTS, max_size=5), st.lists(RESULTS, max_size=3), st.integers(0, 29), st.data())
def test_later_results_never_change_an_earlier_decision(results, more, as_of, data):
    """Results that become known later, the order of rows and later decisions have no influence."""
    later = [
        Observation(r.input, r.value, r.measured, max(r.known, DUE + as_of + 1), r.qualifier)
        for r in more
    ]
    before = decided(*results, as_of=as_of)
    shuffled = data.draw(st.permutations(results + later))
    assert decided(*shuffled, as_of=as_of) == before
    if before[1] is not None:
        assert decided(*shuffled, as_of=as_of + data.draw(st.integers(0, 60))) == before
