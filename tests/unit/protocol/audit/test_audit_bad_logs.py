"""Unreadable logs: each is refused with file, row, field, value and remedy."""

from dataclasses import replace

import pytest

from protocol.audit.log.events import Event
from protocol.errors import InputError
from protocol.regimen.load import load_regimen
from tests.support.adherent_log import parse_log, write_log

GUIDED = load_regimen("fsh-guided")
HEAD = "patient,date,event,drug,amount,unit,value\n"
GOOD = "a,2022-03-01,injection,hcg,2000,IU,\n"


def row(text: str) -> str:
    return HEAD + GOOD + text + "\n"


BAD = {
    "nothing at all": ("", "log.csv: it is empty; give a header"),
    "a header alone": (HEAD, "log.csv: it has no events; give one row per event"),
    "no date column": ("patient,event\na,start\n", "date: the column is missing; add it, or map"),
    "a column twice": ("patient,date,date,event\n", "date: two columns have this name"),
    "semicolons": (HEAD.replace(",", ";"), "log.csv: it has no events; give one row per event"),
    "a short row": (row("a,2022-03-01,start"), "row 3: it has 3 cells and the header 7"),
    "a long row": (row(GOOD.strip() + ",,"), "row 3: it has 9 cells and the header 7"),
    "a broken quote": (row('a,"2022-03-01,start,,,,'), "row 3: a quote is opened and not closed"),
    "no patient": (row(",2022-03-03,start,,,,"), "row 3: patient: '' is empty; name the patient"),
    "no date": (row("a,,start,,,,"), "row 3: date: '' is not a date; write year-month-day"),
    "a foreign date": (
        row("a,03/01/2022,start,,,,"),
        "row 3: date: '03/01/2022' may be 2022-01-03 or 2022-03-01; give `dates`",
    ),
    "two orders of dates": (
        row("a,13/03/2022,start,,,,") + "a,03/13/2022,start,,,,\n",
        "row 4: date: 13/03/2022 begins with the day, 03/13/2022 with the month; write all dates",
    ),
    "a year of two digits": (row("a,01.03.22,start,,,,"), "write the year with four digits"),
    "a number that is not a day": (row("a,12345,start,,,,"), "row 3: date: '12345' is not a date"),
    "two columns for one": (
        "ID,Patient No,date,event\na,a,2022-03-01,start\n",
        "patient: the columns ID and Patient No could both be it; name it in `columns`",
    ),
    "a known day that is none": (
        "patient,date,event,amount,unit,known\na,2022-03-03,fsh,5,IU/L,soon\n",
        "row 2: date: 'soon' is not a date",
    ),
    "a day that is not": (row("a,2022-02-30,start,,,,"), "row 3: date: '2022-02-30' is not a date"),
    "no drug": (row("a,2022-03-03,injection,,2000,IU,"), "drug: '' is empty; name the drug"),
    "no dose": (row("a,2022-03-03,injection,hcg,,IU,"), "row 3: amount: '' is not a number"),
    "a dose in words": (row("a,2022-03-03,injection,hcg,two,IU,"), "amount: 'two' is not a number"),
    "a dose that may be two": (
        row('a,2022-03-03,injection,hcg,"2,000",IU,'),
        "amount: '2,000' is not a number; write 2000 or 2.000: its comma may separate thousands",
    ),
    "a dose that may be two, with a point": (
        (HEAD + "a,2022-03-03,injection,hcg,2.000,IU,\n").replace(",", ";"),
        "amount: '2.000' is not a number; write 2000 or 2.000: its point may separate thousands",
    ),
    "NUL": (row("a,2022-03-03,start,,,,\0"), "row 3: it holds a NUL character"),
    "a negative dose": (row("a,2022-03-03,injection,hcg,-5,IU,"), "amount: '-5' is not a dose"),
    "a dose of nothing": (row("a,2022-03-03,injection,hcg,0,IU,"), "amount: '0' is not a dose"),
    "a dose without unit": (
        row("a,2022-03-03,injection,hcg,5,,"),
        "unit: '' is not a unit of a dose",
    ),
    "a dose in mg": (row("a,2022-03-03,injection,hcg,5,mg,"), "'mg' is not a unit of a dose here"),
    "an infinite dose": (
        row("a,2022-03-03,injection,hcg,inf,IU,"),
        "amount: 'inf' is not a number",
    ),
    "a hormone without unit": (row("a,2022-03-03,fsh,,5,,"), "unit: '' is empty; give one, for"),
    "FSH below zero": (row("a,2022-03-03,fsh,,-1,IU/L,"), "row 3: amount: -1 is outside the"),
    "FSH beyond belief": (row("a,2022-03-03,fsh,,999,IU/L,"), "give a number from 0 to 200"),
    "a decision for nothing": (
        row("a,2022-03-03,decision,,,,"),
        "'' is not a phase of the regimen",
    ),
    "a phase of another regimen": (
        row("a,2022-03-03,decision,,,,ufsh"),
        "row 3: value: 'ufsh' is not a phase of the regimen; give one of: hcg, hcg-ufsh, stopped",
    ),
}


def test_there_are_thirty_cases():
    assert len(BAD) >= 30


@pytest.mark.parametrize("name", BAD)
def test_an_unreadable_log_is_refused_with_the_remedy(name):
    text, message = BAD[name]
    with pytest.raises(InputError) as caught:
        parse_log(text, GUIDED, "log.csv")
    assert message in str(caught.value)
    for fault in caught.value.faults:
        assert fault.where.startswith("log.csv")
        assert fault.cure


def test_after_twenty_faults_the_reader_stops():
    text = HEAD + "a,someday,start,,,,\n" * 100
    with pytest.raises(InputError) as caught:
        parse_log(text, GUIDED, "log.csv")
    assert len(caught.value.faults) == 21
    assert "there may be more faults" in str(caught.value.faults[-1])


def test_columns_may_have_their_own_names_and_order():
    text = "When,What,ID,Drug,IU,Unit,Note\n2022-03-01,injection,a,HCG,2000,IU,x\n"
    columns = {
        "patient": "ID",
        "date": "When",
        "event": "What",
        "drug": "Drug",
        "amount": "IU",
        "unit": "Unit",
    }
    log = parse_log(text, GUIDED, "log.csv", columns)
    (event,) = log["a"]
    assert (event.name, event.drug, event.dose, event.row) == ("injection", "hcg", 2000.0, 2)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"person": "ID"}, "column mapping person: this is not a column of a log"),
        ({"patient": "ID"}, "ID: the column is missing"),
    ],
)
def test_a_mapping_must_name_existing_columns(columns, message):
    with pytest.raises(InputError) as caught:
        parse_log(HEAD + GOOD, GUIDED, "log.csv", columns)
    assert message in str(caught.value)


def test_byte_order_marks_and_any_line_ends_are_read():
    text = ("\ufeff" + HEAD + GOOD + "\n").replace("\n", "\r\n")
    assert list(parse_log(text, GUIDED, "log.csv")) == ["a"]


def test_events_are_sorted_by_day_and_otherwise_stay_in_order():
    text = HEAD + "a,2022-03-03,start,,,,\na,2022-03-01,fsh,,5,mIU/mL,\na,2022-03-01,start,,,,\n"
    events = parse_log(text, GUIDED, "log.csv")["a"]
    assert [(event.name, event.row) for event in events] == [
        ("fsh_iu_l", 3), ("start", 4), ("start", 2)
    ]  # fmt: skip


def test_a_log_is_read_back_as_it_was_written():
    events = [
        Event(738215, "start"),
        Event(738215, "injection", "hcg", 2000.0),
        Event(738245, "fsh_iu_l", value=0.1 + 0.2, known=738247),
        Event(738245, "lh_iu_l", value=0.3, qualifier="<"),
        Event(738245, "decision", value="hcg-ufsh"),
        Event(738305, "semen", value="no sperm"),
        Event(738310, "micro-tese", value="sperm"),
    ]
    read = parse_log(write_log({"a": events}), GUIDED, "log.csv")["a"]
    assert [replace(e, row=0) for e in read] == events
