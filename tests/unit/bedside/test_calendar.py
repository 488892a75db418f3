"""Calendars of a plan, read by two parsers: names of events, versions, and cancellations."""

import datetime as dt

import icalendar
import pytest
import vobject

from pretese.bedside.ics import calendar_of
from protocol.bedside.schedule import plan_of_phases
from protocol.errors import InputError
from protocol.regimen.load import load_regimen

GUIDED = load_regimen("fsh-guided")
START = dt.date(2024, 9, 30)
FIRST = plan_of_phases(GUIDED, START, ["hcg"])
HCG = plan_of_phases(GUIDED, START, ["hcg", "hcg"])
BOTH = plan_of_phases(GUIDED, START, ["hcg", "hcg-ufsh"])


def calendar(plan, **more) -> bytes:
    return calendar_of(plan, **{"pseudonym": "P-17", **more})


def by_icalendar(data: bytes) -> dict[str, tuple]:
    """Return the fields of each event as read by the first parser."""
    events = icalendar.Calendar.from_ical(data).walk("VEVENT")
    read = {
        str(e["UID"]): (
            e["DTSTART"].dt, str(e["SUMMARY"]), int(e["SEQUENCE"]), str(e["STATUS"]),
            e["DTSTAMP"].dt.date(),
        )
        for e in events
    }  # fmt: skip
    assert len(read) == len(events)
    return read


def by_vobject(data: bytes) -> dict[str, tuple]:
    """Return the fields of each event as read by the second parser."""
    (found,) = vobject.readComponents(data.decode())
    return {
        e.uid.value: (
            e.dtstart.value, e.summary.value, int(e.sequence.value), e.status.value,
            e.dtstamp.value.date(),
        )
        for e in found.vevent_list
    }  # fmt: skip


def read(data: bytes) -> dict[str, tuple]:
    """Return the events as read by both parsers."""
    assert by_icalendar(data) == by_vobject(data)
    return by_icalendar(data)


def of_status(events, status) -> list[tuple]:
    return [event for event in events.values() if event[3] == status]


def test_two_icalendar_parsers_read_every_event_of_a_plan():
    events = read(calendar(BOTH))
    assert len(events) == len(BOTH.items)
    assert [event[0] for event in events.values()] == [item.date for item in BOTH.items]
    assert {event[2:4] for event in events.values()} == {(0, "CONFIRMED")}


def test_times_in_a_time_zone_are_equal_for_both_parsers():
    data = calendar(BOTH, time=dt.time(8, 30), timezone="Europe/Berlin")
    moments = [
        {uid: event[0].astimezone(dt.UTC) for uid, event in parsed(data).items()}
        for parsed in (by_icalendar, by_vobject)
    ]
    assert moments[0] == moments[1]
    assert {moment.hour for moment in moments[0].values()} == {6, 7}  # summer time ends


def test_events_of_two_patients_never_share_an_identifier():
    assert read(calendar(BOTH)).keys().isdisjoint(read(calendar(BOTH, pseudonym="P-18")))
    later = plan_of_phases(GUIDED, START + dt.timedelta(days=1), ["hcg", "hcg-ufsh"])
    assert read(calendar(BOTH)).keys().isdisjoint(read(calendar(later)))


def test_the_timestamp_is_the_day_of_the_last_decision_unless_given():
    assert {event[4] for event in read(calendar(FIRST)).values()} == {START}
    decided = START + dt.timedelta(days=30)
    assert {event[4] for event in read(calendar(BOTH)).values()} == {decided}
    issued = dt.date(2024, 11, 2)
    assert {event[4] for event in read(calendar(BOTH, issued=issued)).values()} == {issued}


def test_a_continued_plan_keeps_its_events_and_adds_new_ones():
    before = read(calendar(FIRST))
    after = read(calendar(BOTH, previous=calendar(FIRST)))
    assert before.keys() <= after.keys()
    assert {after[uid][2] for uid in before} == {0}
    assert of_status(after, "CANCELLED") == []


def test_a_corrected_plan_updates_what_changed_and_cancels_what_it_drops():
    old = calendar(BOTH)
    after = read(calendar(HCG, previous=old))
    kept = read(calendar(HCG))
    changed = {uid for uid in kept if uid in read(old) and read(old)[uid][1] != kept[uid][1]}
    assert changed  # uFSH became hCG on the same day
    assert {after[uid][2] for uid in changed} == {1}
    assert {after[uid][2] for uid in kept if uid not in changed} == {0}
    assert of_status(after, "CANCELLED") == []  # both plans have injections on the same days
    shorter = read(calendar(FIRST, previous=old, issued=START + dt.timedelta(days=40)))
    dropped = of_status(shorter, "CANCELLED")
    assert len(dropped) == len(BOTH.items) - len(FIRST.items)
    assert {(event[2], event[4]) for event in dropped} == {(1, START + dt.timedelta(days=40))}


def test_a_cancelled_event_stays_cancelled_or_returns_as_a_newer_version():
    issued = START + dt.timedelta(days=40)
    short = calendar(FIRST, previous=calendar(BOTH), issued=issued)
    again = calendar(FIRST, previous=short, issued=issued)
    assert read(again) == read(short)
    back = read(calendar(BOTH, previous=short, issued=issued))
    assert of_status(back, "CANCELLED") == []
    returned = {uid for uid, event in read(short).items() if event[3] == "CANCELLED"}
    assert {back[uid][2] for uid in returned} == {2}


def test_a_moved_start_cancels_all_old_events():
    moved = plan_of_phases(GUIDED, START + dt.timedelta(days=3), ["hcg"])
    after = read(calendar(moved, previous=calendar(FIRST)))
    assert len(of_status(after, "CANCELLED")) == len(FIRST.items)
    assert len(of_status(after, "CONFIRMED")) == len(moved.items)


@pytest.mark.parametrize(
    ("previous", "message"),
    [
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "it is the calendar of another patient"),
        (calendar(FIRST, pseudonym="P-18"), "it is the calendar of another patient"),
        (b"no calendar", "it is not a calendar that this program wrote"),
        (calendar(FIRST).replace(b"SEQUENCE:0", b"SEQUENCE:x"), "it is not a calendar that this"),
        (calendar(FIRST, issued=dt.date(2030, 1, 1)), "it was issued on 2030-01-01, later than"),
    ],
)
def test_a_previous_calendar_that_cannot_be_replaced_is_refused(previous, message):
    with pytest.raises(InputError, match=message):
        calendar(FIRST, previous=previous)


def test_the_pseudonym_is_not_in_the_file():
    assert b"P-17" not in calendar(BOTH)
