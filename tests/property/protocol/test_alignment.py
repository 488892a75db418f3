"""The alignment of injections is optimal: it is compared with every possible alignment."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.audit.alignment import (
    ALONE,
    COST,
    DISTANCE,
    REACH_DAYS,
    align,
    total_cost,
    wrong_with,
)
from protocol.audit.log.events import Event
from protocol.regimen.paths import Injection

WINDOW, DOSE_PERCENT = 1, 10.0

drugs = st.sampled_from(["hcg", "ufsh"])
doses = st.sampled_from([150.0, 160.0, 2000.0])
days = st.integers(0, 14)
dues = st.lists(st.builds(Injection, days, drugs, doses, st.just("im")), max_size=4)
givens = st.lists(st.tuples(days, drugs, doses), max_size=4)


def cheapest_of_all(due, injected) -> float:
    """Return the least cost over every alignment that keeps the order, by trying each."""
    if not due or not injected:
        return ALONE * (len(due) + len(injected))
    best = ALONE + min(cheapest_of_all(due[1:], injected), cheapest_of_all(due, injected[1:]))
    if abs(injected[0].date - due[0].day) <= REACH_DAYS:
        wrong = wrong_with(due[0], injected[0], 0, WINDOW, DOSE_PERCENT)
        apart = abs(injected[0].date - due[0].day)
        here = sum(COST[difference] for difference in wrong) + DISTANCE * apart
        best = min(best, here + cheapest_of_all(due[1:], injected[1:]))
    return best


@given(dues, givens)
def test_no_alignment_is_cheaper_and_nothing_is_lost(due, injected):
    due = sorted(due, key=lambda dose: dose.day)
    events = [Event(day, "injection", drug, dose) for day, drug, dose in sorted(injected)]
    pairs = align(due, events, 0, WINDOW, DOSE_PERCENT)
    assert [pair.due for pair in pairs if pair.due] == due
    assert [pair.given for pair in pairs if pair.given] == events
    assert abs(total_cost(pairs, 0) - cheapest_of_all(due, events)) < 1e-9


@given(dues, st.integers(-1, 1))
def test_the_recommendation_is_aligned_without_deviation_inside_the_window(due, late):
    due = sorted(due, key=lambda dose: dose.day)
    events = [Event(dose.day + late, "injection", dose.drug, dose.dose) for dose in due]
    assert all(not pair.wrong for pair in align(due, events, 0, WINDOW, DOSE_PERCENT))


def test_the_tolerance_of_a_dose_is_closed():
    due = Injection(0, "hcg", 2000.0, "im")
    for dose, wrong in ((2200.0, ()), (1800.0, ()), (2201.0, ("dose",)), (1799.0, ("dose",))):
        assert wrong_with(due, Event(0, "injection", "hcg", dose), 0, WINDOW, 10.0) == wrong
