"""The courses of therapy in one patient's log: each is audited separately.

Courses are divided by pauses of more than 180 days. A part of a log is a course if it has a start
with a dose, or five doses: fewer are treated as typing errors in a date.
"""

from collections.abc import Sequence
from itertools import pairwise

from protocol.audit.log.events import PLAIN_EVENTS, Event
from protocol.regimen.rules import Regimen, facts_asked

#: After a longer pause, therapy is another course or has a wrong date.
COURSE_GAP_DAYS = 180
#: Doses of a course without a logged start.
MIN_DOSES = 5
#: Results up to this many days after the last event of a course belong to it.
AFTER_COURSE_DAYS = 90


def parts_of(events: Sequence[Event]) -> list[Sequence[Event]]:
    """Return events in order of date, divided by long pauses."""
    if not events or events[-1].date - events[0].date <= COURSE_GAP_DAYS:
        return [events] if events else []
    ends = [
        at + 1 for at, (a, b) in enumerate(pairwise(events)) if b.date - a.date > COURSE_GAP_DAYS
    ]
    return [events[a:b] for a, b in pairwise((0, *ends, len(events)))]


def doses_in(events: Sequence[Event]) -> int:
    """Return the number of doses among events."""
    return sum(event.name == "injection" for event in events)


def courses_of(events: Sequence[Event], regimen: Regimen) -> list[list[Event]]:
    """Return the events of each course, in order of date; all events where there is one course.

    Results belong to the course that they follow, or else to the next one; facts for entry criteria
    also count for later courses.
    """
    therapy = [event for event in events if event.name in PLAIN_EVENTS]
    courses = [part for part in parts_of(therapy) if _is_course(part)]
    if len(courses) < 2 or not regimen.months:
        return [list(events)]
    ends = [_end_of(one, other) for one, other in pairwise(courses)]
    bounds = [events[0].date, *(end + 1 for end in ends), events[-1].date + 1]
    facts = facts_asked(regimen)
    return [
        [
            event
            for event in events
            if first <= event.date < end or (event.date < first and event.name in facts)
        ]
        for first, end in pairwise(bounds)
    ]


def _is_course(events: Sequence[Event]) -> bool:
    doses = doses_in(events)
    return doses >= MIN_DOSES or (doses > 0 and any(event.name == "start" for event in events))


def _end_of(course: Sequence[Event], following: Sequence[Event]) -> int:
    """Return the last day of a course, before the next one begins."""
    return min(course[-1].date + AFTER_COURSE_DAYS, following[0].date - 1)
