"""An audit depends neither on the order of the rows of a log nor on later rows."""

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from protocol.audit.deviations import PatientAudit
from protocol.audit.judge import audit_patient
from protocol.audit.log.events import Event
from protocol.regimen.load import load_regimen
from tests.support.adherent_log import adherent_events, parse_log, write_log

GUIDED = load_regimen("fsh-guided")
START = dt.date(2024, 1, 8)
DAY0 = START.toordinal()
OTHERS = {"lh_iu_l": 3.0, "testosterone_nmol_l": 20.0, "estradiol_pmol_l": 120.0}

#: Errors of a row: missing, entered twice, late, another dose, or another drug.
changes = st.sampled_from(["lost", "twice", "late", "early", "dose", "drug", "part"])
strays = st.builds(
    lambda day, event: replace(event, date=DAY0 + day),
    st.integers(-40, 110),
    st.sampled_from(
        [
            Event(0, "injection", "hcg", 2000.0),
            Event(0, "injection", "ufsh", 75.0, route="sc"),
            Event(0, "decision", value="hcg"),
            Event(0, "decision", value="hcg-ufsh"),
            Event(0, "fsh_iu_l", value=12.0),
            Event(0, "semen", value="sperm"),
            Event(0, "hematocrit_percent", value=55.0),
            Event(0, "karyotype", value="klinefelter"),
            Event(0, "start"),
        ]
    ),
)


@st.composite
def logs(draw, stray_rows=strays) -> list[Event]:
    """Draw a patient's log with missing, duplicate, changed and unrelated rows."""
    fsh = draw(st.lists(st.sampled_from([0.5, 5.0, 11.1, 20.0]), min_size=3, max_size=3))
    events = adherent_events(
        GUIDED,
        START,
        [{"fsh_iu_l": value, **OTHERS} for value in fsh],
        baseline={"fsh_iu_l": 20.0, "prolactin_ng_ml": 9.0, **OTHERS},
        semen="no sperm",
    )
    wrong = draw(st.dictionaries(st.integers(1, len(events) - 1), changes, max_size=8))
    for at, change in sorted(wrong.items(), reverse=True):
        event = events[at]
        if change == "lost":
            del events[at]
        elif change == "twice":
            events.append(event)
        elif change in ("late", "early"):
            events[at] = replace(event, date=event.date + (3 if change == "late" else -2))
        elif event.name == "injection":
            by = {"dose": {"dose": 1000.0}, "drug": {"drug": "hmg"}}.get(change)
            half = replace(event, dose=event.dose / 2)
            events[at : at + 1] = [replace(event, **by)] if by else [half, half]
    return [*events, *draw(st.lists(stray_rows, max_size=3))]


def judged(events, **options) -> PatientAudit:
    in_order = sorted(events, key=lambda event: event.date)
    return audit_patient("a", in_order, GUIDED, **options)


def without_rows(audit: PatientAudit) -> PatientAudit:
    """Return an audit without row numbers and with sorted queries."""
    return replace(
        audit,
        deviations=tuple(replace(item, rows=()) for item in audit.deviations),
        queries=tuple(
            sorted((replace(q, rows=()) for q in audit.queries), key=lambda q: (q.kind, q.text))
        ),
    )


@given(logs(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(events, random):
    rows = write_log({"a": events}).splitlines()
    shuffled = rows[1:]
    random.shuffle(shuffled)
    once = parse_log("\n".join(rows) + "\n", GUIDED, "log")
    again = parse_log("\n".join([rows[0], *shuffled]) + "\n", GUIDED, "log")
    assert without_rows(judged(once["a"])) == without_rows(judged(again["a"]))


@given(logs(), st.integers(0, 100), strays)
def test_a_row_after_the_cut_off_changes_nothing(events, last, stray):
    known = [event for event in events if event.date <= DAY0 + last]
    cutoff = START + dt.timedelta(days=last)
    before = judged(known, cutoff=cutoff)
    later = replace(stray, date=max(stray.date, DAY0 + last + 1))
    after = judged([*known, later], cutoff=cutoff)
    assert [query.kind for query in after.queries][:1] == ["after the data cut-off"]
    assert replace(after, queries=after.queries[1:]) == before


#: Days before the end of a log whose assessment may still change: those of a gap and of a pair.
OPEN_DAYS = 12
#: Rows that do not change the phases. If a wrong phase has shifted the calendar, later
#: rows may show that the phase was right and the days were wrong.
harmless = strays.filter(lambda event: event.name in ("semen", "hematocrit_percent", "injection"))


@given(logs(harmless), st.integers(20, 100), st.data())
def test_later_rows_do_not_change_earlier_judgements(events, last, data):
    known = [event for event in events if event.date <= DAY0 + last]
    later = [event for event in events if event.date > DAY0 + last]
    more = later[: data.draw(st.integers(0, len(later)))]

    def settled(answer: PatientAudit) -> list:
        return [d for d in answer.deviations if d.day < last - OPEN_DAYS and d.kind in SETTLED]

    assert settled(judged(known)) == settled(judged([*known, *more]))


#: Kinds that a later row cannot change: each depends only on events of its own days.
SETTLED = ("dose", "drug", "route", "missed dose", "extra dose", "omitted test")
