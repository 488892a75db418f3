"""A plan as an .ics calendar (RFC 5545) that calendar programs import."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Calendar, Component, Event

from pretese.io.output.versions import program_version
from protocol.bedside.schedule import Item, Plan
from protocol.dates import FIRST_YEAR, LAST_YEAR, MONTH_DAYS, nearest_day
from protocol.errors import InputError
from protocol.safe_text import one_line

#: Identifiers are derived from names, so that a corrected plan replaces the previous events.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pretese.invalid/calendar")
INJECTION_TIME = dt.timedelta(minutes=15)
#: The property of a calendar that identifies the patient without showing the pseudonym.
OWNER = "X-PRETESE-PATIENT"
#: Visible properties of an event: if they differ, the event is a new version.
_SHOWN = ("DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "TRANSP", "STATUS")


def calendar_of(
    plan: Plan,
    *,
    pseudonym: str,
    time: dt.time | None = None,
    timezone: str | None = None,
    issued: dt.date | None = None,
    previous: bytes | None = None,
) -> bytes:
    """Return the calendar of a plan.

    An event has the same UID in every calendar of the patient whose plan starts on the same day.
    One that changed since the previous calendar has the next SEQUENCE number, and one that was
    dropped has STATUS CANCELLED, so that calendar programs update their events.

    Parameters
    ----------
    pseudonym
        Distinguishes the events of patients; it is part of identifiers and not displayed.
    time, timezone
        The local time of injections and visits, and the IANA name of its zone; the time stays the
        same on the wall clock when daylight saving begins or ends. Without them events take the
        whole day.
    issued
        The day on which the calendar is issued, its DTSTAMP; by default the day of the last
        decision in the plan. No clock is read: the same plan is the same bytes.
    previous
        The calendar that this one replaces.

    Raises
    ------
    InputError
        The pseudonym is missing; only one of time and zone is given, or the zone is unknown; or the
        previous calendar cannot be read, belongs to another patient, or was issued later.
    """
    if (time is None) != (timezone is None):
        raise InputError.of("calendar", "", "time and zone come together", "give both, or none")
    if not pseudonym.strip():
        problem = "a calendar needs a name of its patient: events of two would replace one another"
        raise InputError.of("pseudonym", "", problem, "give a pseudonym or number, such as 17")
    zone = _zone(timezone)
    if zone is not None and not FIRST_YEAR <= plan.start.year <= LAST_YEAR:
        problem = f"time zones are not known in the year {plan.start.year}"
        cure = f"start from {FIRST_YEAR} to {LAST_YEAR}, or give no time and no zone"
        raise InputError.of("timezone", "", problem, cure)
    owner = str(uuid.uuid5(NAMESPACE, _printable(pseudonym)))
    stamp = dt.datetime.combine(issued or _last_decision(plan), dt.time(), dt.UTC)
    events = _events(plan, pseudonym, time, zone)
    calendar = _head(plan, owner)
    for event in _versioned(events, _previous(previous, owner, stamp), stamp):
        calendar.add_component(event)
    if zone is not None:
        calendar.add_missing_timezones(
            dt.date(plan.start.year - 1, 1, 1), dt.date(plan.start.year + 2, 1, 1)
        )
    return bytes(calendar.to_ical())


def _head(plan: Plan, owner: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", f"-//pretese//{program_version()}//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{plan.regimen_id} from {plan.start}")
    calendar.add(OWNER, owner)
    return calendar


def _last_decision(plan: Plan) -> dt.date:
    """Return the day of the decision on the last planned month."""
    return nearest_day(plan.start, MONTH_DAYS * max(0, len(plan.phases) - 1))


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()  # a shell may pass arbitrary bytes


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones is an OSError
        raise InputError.of(
            "timezone", "", f"{name!r} is not a time zone", "give an IANA name: Europe/Berlin"
        ) from None


def _events(
    plan: Plan, pseudonym: str, time: dt.time | None, zone: ZoneInfo | None
) -> dict[str, Event]:
    """Return the events of a plan by UID, made of patient, plan, day, kind and order on the day."""
    events: dict[str, Event] = {}
    place: Counter[tuple[int, str]] = Counter()
    for item in plan.items:
        number = place[item.day, item.kind]
        place[item.day, item.kind] += 1
        name = f"{plan.regimen_id}/{plan.start}/{item.kind}/{item.day}/{number}"
        uid = f"{uuid.uuid5(NAMESPACE, f'{_printable(pseudonym)}/{name}')}@pretese.invalid"
        event = _event(item, time, zone)
        event.add("uid", uid)
        events[uid] = event
    return events


def _event(item: Item, time: dt.time | None, zone: ZoneInfo | None) -> Event:
    event = Event()
    event.add("summary", one_line(item.text))
    if item.measure:
        event.add("description", f"measure: {', '.join(item.measure)}")
    event.add("categories", [item.kind])
    event.add("status", "CONFIRMED")
    if time is None:
        event.add("dtstart", item.date)
        if item.date < dt.date.max:  # without an end it lasts the day (RFC 5545, 3.6.1)
            event.add("dtend", item.date + dt.timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    else:
        start = dt.datetime.combine(item.date, time, zone)
        event.add("dtstart", start)
        event.add("dtend", start + INJECTION_TIME)
    return event


def _previous(data: bytes | None, owner: str, stamp: dt.datetime) -> dict[str, Component]:
    """Return the events of the previous calendar, by UID."""
    if data is None:
        return {}
    try:
        calendar = Calendar.from_ical(data)
        events = {str(event["UID"]): event for event in calendar.walk("VEVENT")}
        stamps = [event.decoded("DTSTAMP") for event in events.values()]
        latest = max(stamps, default=stamp)
        later = latest > stamp
        for event in events.values():
            _sequence(event)
    except (ValueError, KeyError, AttributeError, TypeError):
        problem = "it is not a calendar that this program wrote"
        raise InputError.of(
            "previous", "", problem, "give the .ics file of the plan before"
        ) from None
    if calendar.get(OWNER) != owner:
        problem = "it is the calendar of another patient"
        raise InputError.of("previous", "", problem, "check file and pseudonym")
    if later:
        problem = f"it was issued on {latest:%Y-%m-%d}, later than the new one, {stamp:%Y-%m-%d}"
        raise InputError.of("previous", "", problem, "give the day of issue: `issued`")
    return events


def _versioned(
    events: dict[str, Event], previous: dict[str, Component], stamp: dt.datetime
) -> Iterator[Component]:
    """Yield events with SEQUENCE and DTSTAMP, followed by cancelled events."""
    for uid, event in events.items():
        before = previous.get(uid)
        changed = before is not None and _what(before) != _what(event)
        yield _stamped(event, (_sequence(before) if before else 0) + changed, stamp)
    for uid, dropped in previous.items():
        if uid not in events:
            was_cancelled = dropped.get("STATUS") == "CANCELLED"
            dropped.pop("STATUS", None)
            dropped.add("status", "CANCELLED")
            yield _stamped(dropped, _sequence(dropped) + (not was_cancelled), stamp)


def _sequence(event: Component) -> int:
    return int(event.decoded("SEQUENCE"))


def _what(event: Component) -> list[Any]:
    """Return the visible properties of an event."""
    return [event[name].to_ical() if name in event else None for name in _SHOWN]


def _stamped(event: Component, sequence: int, stamp: dt.datetime) -> Component:
    for name, value in (("sequence", sequence), ("dtstamp", stamp)):
        event.pop(name, None)
        event.add(name, value)
    return event
