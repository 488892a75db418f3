import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from protocol.audit.deviations import KINDS
from protocol.audit.judge import audit, audit_patient
from protocol.audit.log.events import Event
from protocol.errors import InputError
from protocol.regimen.load import list_regimens, load_regimen
from tests.support.adherent_log import adherent_events, parse_log, write_log
from tests.support.labelled_deviations import deviate

GUIDED = load_regimen("fsh-guided")
START = dt.date(2022, 3, 1)
DAY0 = START.toordinal()
OTHERS = {"lh_iu_l": 3.0, "testosterone_nmol_l": 20.0, "estradiol_pmol_l": 120.0}
BASELINE = {"fsh_iu_l": 18.0, "prolactin_ng_ml": 9.0, **OTHERS}


def adherent(*fsh: float, semen="no sperm", regimen=GUIDED, **more) -> list[Event]:
    monthly = [{"fsh_iu_l": value, **OTHERS} for value in fsh]
    return adherent_events(regimen, START, monthly, baseline=BASELINE, semen=semen, **more)


def kinds(events, regimen=GUIDED) -> list[str]:
    events = sorted(events, key=lambda event: event.date)
    return [deviation.kind for deviation in audit_patient("m", events, regimen).deviations]


SEQUENCES = [(15.0, 15.0, 15.0), (15.0, 9.0, 9.0), (9.0, 15.0, 15.0), (0.7, 11.1, 0.69)]


@pytest.mark.parametrize("name", list_regimens())
@pytest.mark.parametrize("fsh", SEQUENCES)
@pytest.mark.parametrize("semen", ["sperm", "no sperm"])
def test_an_adherent_patient_has_no_deviation_under_any_regimen(name, fsh, semen):
    regimen = load_regimen(name)
    assert kinds(adherent(*fsh, *fsh, semen=semen, regimen=regimen), regimen) == []


@pytest.mark.parametrize("fsh", SEQUENCES)
def test_without_logged_decisions_the_phase_follows_from_the_injections(fsh):
    events = [event for event in adherent(*fsh) if event.name != "decision"]
    assert kinds(events) == []


@pytest.mark.parametrize("last_day", [0, 5, 29, 30, 36, 47, 61, 89, 91])
def test_an_incomplete_log_is_judged_up_to_its_end(last_day):
    events = [e for e in adherent(9.0, 9.0, 9.0) if e.date - DAY0 <= last_day]
    result = audit_patient("m", events, GUIDED)
    assert result.deviations == ()
    assert not result.complete
    assert f"the log ends on day {result.until_day}" in result.note


def test_nothing_is_due_after_withdrawal():
    events = [e for e in adherent(9.0, 9.0, 9.0) if e.date - DAY0 < 40]
    events.append(Event(DAY0 + 40, "withdrawn"))
    result = audit_patient("m", events, GUIDED)
    assert (result.deviations, result.complete) == ((), True)


@pytest.mark.parametrize(("shift", "found"), [(1, []), (-1, []), (2, ["timing"]), (-2, ["timing"])])
def test_the_injection_window_is_closed_on_both_sides(shift, found):
    events = adherent(9.0, 9.0, 9.0)
    at = next(i for i, e in enumerate(events) if e.name == "injection" and e.date - DAY0 == 44)
    events[at] = replace(events[at], date=events[at].date + shift)
    assert kinds(events) == found


@pytest.mark.parametrize(
    ("shift", "found"),
    [(5, []), (-5, []), (6, ["test timing"]), (-6, ["test timing"]), (-15, ["omitted test"])],
)
def test_the_visit_window_is_closed_on_both_sides(shift, found):
    events = adherent(15.0, 15.0, 15.0)
    at = next(i for i, e in enumerate(events) if e.name == "lh_iu_l" and e.date - DAY0 == 60)
    events[at] = replace(events[at], date=events[at].date + shift)
    assert kinds(events) == found


@pytest.mark.parametrize(("dose", "found"), [(2000, []), (2000.1, ["dose"]), (5000, ["dose"])])
def test_the_dose_must_be_that_of_the_order(dose, found):
    events = adherent(15.0, 15.0, 15.0)
    at = next(i for i, e in enumerate(events) if e.name == "injection")
    events[at] = replace(events[at], dose=dose)
    assert kinds(events) == found


def test_a_missed_injection_and_a_gap_are_reported_apart():
    events = adherent(15.0, 15.0, 15.0)

    def without(*days):
        return [e for e in events if e.name != "injection" or e.date - DAY0 not in days]

    assert kinds(without(14)) == ["missed dose"]
    assert kinds(without(14, 16)) == ["missed dose"] * 2
    assert kinds(without(14, 16, 18)) == ["treatment gap"]


def test_a_shifted_calendar_is_one_late_injection_and_not_thirty():
    events = adherent(9.0, 9.0, 9.0)
    shifted = [
        replace(e, date=e.date + 2) if e.name == "injection" and e.date - DAY0 >= 50 else e
        for e in events
    ]
    found = audit_patient("m", sorted(shifted, key=lambda e: e.date), GUIDED).deviations
    assert [(d.kind, d.day, d.observed) for d in found] == [("timing", 50, "each 2 days late")]
    assert found[0].expected == "20 doses from day 50 to day 88"


def test_two_late_injections_apart_are_two_deviations():
    events = adherent(9.0, 9.0, 9.0)
    for day in (44, 60):
        at = next(i for i, e in enumerate(events) if e.name == "injection" and e.date - DAY0 == day)
        events[at] = replace(events[at], date=events[at].date + 2)
    assert kinds(events) == ["timing", "timing"]


def test_a_wrong_decision_is_one_deviation_though_it_is_followed_for_two_months():
    right, wrong = adherent(9.0, 9.0, 9.0), adherent(15.0, 15.0, 15.0)
    chosen = [e for e in wrong if e.name != "fsh_iu_l"]
    chosen += [e for e in right if e.name == "fsh_iu_l"]
    found = audit_patient("m", sorted(chosen, key=lambda e: e.date), GUIDED).deviations
    assert [d.kind for d in found] == ["decision against the rule"] * 2
    assert (found[0].expected, found[0].observed, found[0].rule) == ("hcg-ufsh", "hcg", "P2")


def test_missing_fsh_is_an_omitted_test_and_no_wrong_decision():
    events = [e for e in adherent(9.0, 9.0, 9.0) if e.name != "fsh_iu_l" or e.date - DAY0 != 30]
    assert kinds(events) == ["omitted test"]


def test_a_patient_without_any_therapy_is_not_judged():
    result = audit_patient("m", [Event(DAY0, "fsh_iu_l", value=9.0)], GUIDED)
    assert (result.complete, result.until_day, result.deviations) == (False, -1, ())
    assert "nothing can be judged" in result.note


def test_the_audit_states_the_recommendation_what_was_done_and_where():
    log = {"patient-1": adherent(15.0, 15.0, 15.0)}
    text = write_log(log).replace("2022-03-15,injection,hcg,2000", "2022-03-15,injection,hcg,5000")
    (patient,) = audit(parse_log(text, GUIDED, "log.csv"), GUIDED).patients
    (deviation,) = patient.deviations
    assert deviation.kind == "dose"
    assert (deviation.day, deviation.date) == (14, dt.date(2022, 3, 15))
    assert deviation.expected == "hcg 2000 IU on day 14"
    assert deviation.observed == "hcg 5000 IU on day 14"
    assert (
        text.splitlines()[deviation.rows[0] - 1]
        == "patient-1,2022-03-15,injection,hcg,5000,IU,,im,"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_injected_deviation_is_found_and_nothing_else(kind):
    rng = np.random.default_rng(7)
    for _ in range(60):
        fsh = rng.choice([0.5, 0.7, 5.0, 11.1, 11.2, 25.0], 3)
        events = deviate(adherent(*fsh.tolist()), kind, GUIDED, rng)
        assert events is not None
        if rng.random() < 0.5:
            events = [event for event in events if event.name != "decision"]
        assert set(kinds(events)) == {kind}, (kind, fsh)


def test_a_regimen_without_injections_has_no_injection_deviations():
    nothing = load_regimen("no-therapy")
    events = adherent(regimen=nothing)
    rng = np.random.default_rng(7)
    for kind in ("dose", "drug", "timing", "missed dose", "extra dose", "treatment gap"):
        assert deviate(events, kind, nothing, rng) is None
    assert deviate(events, "therapy after stop", nothing, rng) is None


def with_routes(*routes: str) -> list[Event]:
    """An adherent patient whose first injections were logged with these routes."""
    events = [replace(event, route="") for event in adherent(9.0, 9.0, 9.0)]
    places = [at for at, event in enumerate(events) if event.name == "injection"]
    for at, route in zip(places, routes, strict=False):
        events[at] = replace(events[at], route=route)
    return events


def test_another_route_is_a_deviation_and_an_unknown_one_is_not_judged():
    events = with_routes("im", "sc", "", "im")
    (found,) = audit_patient("m", events, GUIDED).deviations
    assert (found.kind, found.day) == ("route", 2)
    assert found.expected == "hcg 2000 IU on day 2, im"
    assert found.observed == "hcg 2000 IU on day 2, sc"


def test_a_late_half_dose_by_another_route_is_one_injection_with_three_faults():
    events = with_routes(*[""] * 22, "sc")
    at = [place for place, event in enumerate(events) if event.name == "injection"][22]
    events[at] = replace(events[at], dose=1000.0, date=events[at].date + 2)
    assert sorted(kinds(events)) == ["dose", "route", "timing"]


def test_another_drug_is_not_judged_by_its_route():
    events = with_routes("im", "im")
    at = [place for place, event in enumerate(events) if event.name == "injection"][1]
    events[at] = replace(events[at], drug="hmg", route="sc")
    assert kinds(events) == ["drug"]


@pytest.mark.parametrize(
    ("word", "route"),
    [("IM", "im"), ("i.m.", "im"), ("Subcutaneous", "sc"), ("s. c.", "sc"), ("", "")],
)
def test_common_words_for_routes_are_read(word, route):
    text = f"patient,date,event,drug,amount,unit,route\na,2022-03-01,injection,hcg,2000,IU,{word}\n"
    (event,) = parse_log(text, GUIDED, "log.csv")["a"]
    assert event.route == route


def test_an_unknown_route_is_refused():
    text = "patient,date,event,drug,amount,unit,route\na,2022-03-01,injection,hcg,2000,IU,iv\n"
    with pytest.raises(
        InputError, match="row 2: route: 'iv' is not a route that is known; give one"
    ):
        parse_log(text, GUIDED, "log.csv")
