import datetime as dt
from zoneinfo import ZoneInfo

import icalendar
import pytest

from pretese.bedside.ics import calendar_of
from protocol.bedside.schedule import plan, plan_of_phases
from protocol.errors import InputError
from protocol.regimen.load import list_regimens, load_regimen
from protocol.regimen.paths import injections_of, paths_of

GUIDED = load_regimen("fsh-guided")
START = dt.date(2022, 3, 1)
#: Totals of paths are counted from a Monday, which matters to orders on weekdays.
MONDAY = dt.date(2022, 2, 28)


def fsh(*values):
    return [{"fsh_iu_l": value} for value in values]


def test_month_one_is_planned_and_the_rest_waits_for_fsh():
    made = plan(GUIDED, START)
    assert (made.phases, made.next_decision_date) == (("hcg",), dt.date(2022, 3, 31))
    assert [(branch.phase, branch.condition) for branch in made.next_options] == [
        ("hcg-ufsh", "fsh_iu_l 0.7 to 11.1"),
        ("hcg", "fsh_iu_l below 0.7 or above 11.1"),
        (None, "fsh_iu_l missing"),
    ]
    assert made.totals.injections == {"hcg": 15, "ufsh": 0}
    assert made.next_options[0].totals is not None
    assert made.next_options[0].totals.injections == {"hcg": 22, "ufsh": 8}


def test_a_complete_course_is_planned_up_to_the_semen_analysis():
    made = plan(GUIDED, START, fsh(11.1))
    assert made.phases == ("hcg", "hcg-ufsh", "hcg-ufsh")
    assert (made.next_decision_date, made.next_options) == (None, ())
    assert made.totals.amount == {"hcg": 60000, "ufsh": 2250}
    assert made.totals.packs == {"hcg": 30, "ufsh": 30}
    last = [item for item in made.items if item.day == 90]
    assert [item.kind for item in last] == ["visit", "visit", "decision"]
    assert last[1].measure == ("semen",)


def test_blood_is_drawn_before_the_decision_and_the_injection():
    day_30 = [item.kind for item in plan(GUIDED, START, fsh(9.0)).items if item.day == 30]
    assert day_30 == ["visit", "decision", "injection"]


@pytest.mark.parametrize("name", list_regimens())
def test_plans_and_paths_have_the_same_injections(name):
    regimen = load_regimen(name)
    for path in paths_of(regimen):
        if path.ends == "therapy complete":
            made = plan_of_phases(regimen, MONDAY, path.phases)
            assert made.totals == path.totals
            assert made.next_options == ()


def test_the_paths_of_the_guided_regimen_are_enumerated():
    paths = [(path.phases, path.ends, dict(path.totals.amount)) for path in paths_of(GUIDED)]
    assert paths == [
        (("hcg", "hcg-ufsh", "hcg-ufsh"), "therapy complete", {"hcg": 60000, "ufsh": 2250}),
        (("hcg", "hcg", "hcg-ufsh"), "therapy complete", {"hcg": 74000, "ufsh": 1200}),
        (("hcg", "hcg", "hcg"), "therapy complete", {"hcg": 90000, "ufsh": 0}),
        (("hcg", "hcg"), "waits for data", {"hcg": 60000, "ufsh": 0}),
        (("hcg",), "waits for data", {"hcg": 30000, "ufsh": 0}),
    ]


def test_an_injection_falls_on_every_second_day_over_month_ends():
    days = [dose.day for dose in injections_of(GUIDED, ("hcg", "hcg-ufsh", "hcg-ufsh"))]
    assert days == list(range(0, 90, 2))


@pytest.mark.parametrize(
    ("findings", "message"),
    [
        ([{"fsh": 5.0}], "findings at the end of month 1: fsh: the regimen does not use it"),
        (fsh(-1.0), "findings at the end of month 1: fsh_iu_l: -1 is outside"),
        ([{}, {"fsh_iu_l": 5.0}], "findings at the end of month 1: fsh_iu_l: it is missing"),
    ],
)
def test_impossible_findings_are_refused(findings, message):
    with pytest.raises(InputError) as caught:
        plan(GUIDED, START, findings)
    assert message in str(caught.value)


def test_phases_that_start_no_path_are_refused():
    with pytest.raises(InputError, match="hcg-ufsh begins no path of fsh-guided"):
        plan_of_phases(GUIDED, START, ["hcg-ufsh"])


def events(made, **more):
    calendar = icalendar.Calendar.from_ical(calendar_of(made, **{"pseudonym": "17", **more}))
    return calendar.walk("VEVENT")


@pytest.mark.parametrize("start", [dt.date(2022, 3, 1), dt.date(2022, 10, 1)])
def test_the_calendar_has_every_item_on_its_day_across_a_change_of_the_clock(start):
    made = plan(GUIDED, start, fsh(9.0))
    read = events(made, time=dt.time(8, 30), timezone="Europe/Berlin")
    assert len(read) == len(made.items)
    for event, item in zip(read, made.items, strict=True):
        begins = event["DTSTART"].dt
        assert (begins.date(), begins.time()) == (item.date, dt.time(8, 30))
        assert event["DTEND"].dt - begins == dt.timedelta(minutes=15)
    offsets = {event["DTSTART"].dt.utcoffset() for event in read}
    assert offsets == {dt.timedelta(hours=1), dt.timedelta(hours=2)}


def test_the_calendar_declares_the_zone_that_it_uses():
    made = plan(GUIDED, START, fsh(9.0))
    data = calendar_of(made, pseudonym="17", time=dt.time(8, 30), timezone="Europe/Berlin")
    calendar = icalendar.Calendar.from_ical(data)
    (zone,) = calendar.walk("VTIMEZONE")
    assert zone["TZID"] == "Europe/Berlin"
    own = zone.to_tz()
    berlin = ZoneInfo("Europe/Berlin")
    for item in made.items:
        moment = dt.datetime.combine(item.date, dt.time(8, 30))
        assert moment.replace(tzinfo=own).utcoffset() == moment.replace(tzinfo=berlin).utcoffset()


def test_without_a_time_events_take_the_whole_day():
    made = plan(GUIDED, START, fsh(9.0))
    read = events(made)
    assert [event["DTSTART"].dt for event in read] == [item.date for item in made.items]
    assert {event["DTEND"].dt - event["DTSTART"].dt for event in read} == {dt.timedelta(days=1)}


def test_the_same_plan_gives_the_same_bytes_and_every_event_has_a_unique_name():
    made = plan(GUIDED, START, fsh(9.0))
    assert calendar_of(made, pseudonym="17") == calendar_of(made, pseudonym="17")
    names = [str(event["UID"]) for event in events(made)]
    assert len(set(names)) == len(names)
    other = {str(event["UID"]) for event in events(made, pseudonym="18")}
    assert other.isdisjoint(names)


def test_every_line_of_the_calendar_conforms_to_the_standard():
    lines = calendar_of(plan(GUIDED, START, fsh(9.0)), pseudonym="17").split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert lines[-1] == b""


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"time": dt.time(8), "timezone": "Europe/Berln"}, "'Europe/Berln' is not a time zone"),
        ({"time": dt.time(8)}, "time and zone come together"),
        ({"pseudonym": " "}, "a calendar needs a name of its patient"),
    ],
)
def test_a_calendar_needs_an_existing_time_zone(more, message):
    with pytest.raises(InputError, match=message):
        calendar_of(plan(GUIDED, START), **{"pseudonym": "17", **more})
