"""A plan as an .ics calendar (RFC 5545) that calendar programs import."""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Calendar, Event

from pretese.io.output.versions import program_version
from protocol.bedside.schedule import Item, Plan
from protocol.dates import FIRST_YEAR, LAST_YEAR
from protocol.errors import InputError
from protocol.safe_text import one_line

#: Names of things are turned into the same identifiers whenever a calendar is written, so that
#: importing a new version of a plan replaces the old events.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pretese.invalid/calendar")
INJECTION_TIME = dt.timedelta(minutes=15)


def calendar_of(
    plan: Plan,
    *,
    time: dt.time | None = None,
    timezone: str | None = None,
    patient: str = "",
) -> bytes:
    """Return the calendar of a plan.

    Parameters
    ----------
    time, timezone
        The local time of injections and visits, and the IANA name of its zone; the time stays the
        same on the wall clock when daylight saving begins or ends. Without them events take the
        whole day.
    patient
        Told apart in the identifiers of events, and shown nowhere.
    """
    if (time is None) != (timezone is None):
        raise InputError.of("calendar", "", "time and zone come together", "give both, or none")
    calendar = Calendar()
    calendar.add("prodid", f"-//pretese//{program_version()}//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{plan.regimen_id} from {plan.start}")
    zone = _zone(timezone)
    if zone is not None and not FIRST_YEAR <= plan.start.year <= LAST_YEAR:
        problem = f"time zones are not known in the year {plan.start.year}"
        cure = f"start from {FIRST_YEAR} to {LAST_YEAR}, or give no time and no zone"
        raise InputError.of("timezone", "", problem, cure)
    for number, item in enumerate(plan.items):
        calendar.add_component(_event(plan, item, number, time, zone, patient))
    if zone is not None:
        calendar.add_missing_timezones(
            dt.date(plan.start.year - 1, 1, 1), dt.date(plan.start.year + 2, 1, 1)
        )
    return bytes(calendar.to_ical())


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones is an OSError
        raise InputError.of(
            "timezone", "", f"{name!r} is no time zone", "give an IANA name: Europe/Berlin"
        ) from None


def _event(
    plan: Plan, item: Item, number: int, time: dt.time | None, zone: ZoneInfo | None, patient: str
) -> Event:
    event = Event()
    label = patient.encode("utf-8", "backslashreplace").decode()  # a shell may pass on any byte
    key = f"{label}/{plan.regimen_id}/{plan.start}/{item.kind}/{item.day}/{number}"
    event.add("uid", f"{uuid.uuid5(NAMESPACE, key)}@pretese.invalid")
    # The stamp is the plan's own day, so that the same plan is the same bytes.
    event.add("dtstamp", dt.datetime.combine(plan.start, dt.time(), dt.UTC))
    event.add("summary", one_line(item.text))
    if item.measure:
        event.add("description", f"measure: {', '.join(item.measure)}")
    event.add("categories", [item.kind])
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
