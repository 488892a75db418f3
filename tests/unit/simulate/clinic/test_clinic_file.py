"""Clinic files are read, and every fault of one is reported clearly."""

import datetime as dt
from pathlib import Path

import pytest

from pretese.clinic.clinic_files import clinic_names, load_clinic
from protocol.errors import InputError
from protocol.reading.documents import parse_document
from simulate.clinic.setup.clinic_file import Clinic
from simulate.clinic.setup.durations import GRAIN, on_grain
from simulate.clinic.setup.referrals import Waiting, read_waiting_list
from simulate.clinic.setup.time_units import day_part

HEAD = "id: mine\ntitle: mine\nopens: 2026-01-05\nhorizon_days: 365\n"
MEAN = "mean: {value: 60, unit: min, status: derived, source: test}"
THEATRE = (
    f"theatre:\n  operation: {{{MEAN}}}\n  lists:\n"
    '    - {weekday: monday, start: "08:00", minutes: 300, surgeon: A}\n'
)


def faults(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_document(HEAD + text, Clinic, "mine.yaml")
    return str(caught.value)


@pytest.mark.parametrize("name", clinic_names())
def test_every_shipped_clinic_can_be_read(name):
    clinic, waiting = load_clinic(name)
    assert clinic.id == name
    assert waiting == ()


def test_a_whole_file_is_read():
    clinic = parse_document(HEAD + THEATRE, Clinic, "mine.yaml")
    assert clinic.theatre.operation.mean_days == pytest.approx(1 / 24)
    assert clinic.outpatients is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("outpatients: {slots: {monday: 0}, first_slot: '09:00', minutes: 20}", "no slot on any"),
        ("outpatients: {slots: {}, first_slot: '09:00', minutes: 20}", "no slot on any weekday"),
        ("outpatients: {slots: {monday: 3}, first_slot: '09:00', minutes: -20}", "greater than"),
        ("outpatients: {slots: {monday: -3}, first_slot: '09:00', minutes: 20}", "or equal to 0"),
        ("outpatients: {slots: {moonday: 3}, first_slot: '09:00', minutes: 20}", "'monday'"),
        ("outpatients: {slots: {monday: 3}, first_slot: '25:00', minutes: 20}", "time of day"),
        ("outpatients: {slots: {monday: 9}, first_slot: '23:00', minutes: 20}", "midnight"),
        (
            "outpatients: {slots: {monday: 3}, first_slot: '09:00', minutes: 20, "
            "follow_up_only: 3}",
            "no slot for first visits",
        ),
        (THEATRE.replace(", surgeon: A", ""), "surgeon: it is missing"),
        (THEATRE.replace("surgeon: A", 'surgeon: ""'), "at least 1 character"),
        (THEATRE.replace("minutes: 300", "minutes: -1"), "greater than"),
        (THEATRE.replace("value: 60", "value: -60"), "negative"),
        (THEATRE.replace("unit: min", "unit: fortnight"), "not a time"),
        (
            THEATRE + '    - {weekday: monday, start: "10:00", minutes: 90, surgeon: A}\n',
            "two lists at once",
        ),
        (
            f"theatre: {{lists: [], operation: {{{MEAN}}}}}",
            "at least 1 item",
        ),
        ("embryology: {oocyte_retrievals: {monday: 0}, transfers: {monday: 1}}", "no place on any"),
        ("laboratory: {hormones: {analysers: 0}}", "greater than or equal to 1"),
        ("laboratory: {hormones: {analysers: 2}}", "give `analysers` and `work` together"),
        (f"laboratory: {{semen: {{turnaround: {{{MEAN}, form: lognormal}}}}}}", "give `sd`"),
        ("holidays: [2025-12-25]", "outside the horizon"),
        ("holidays: [2027-01-06]", "outside the horizon"),
        ("warm_up_days: 365", "leaves nothing to measure"),
        ("referrals: {by_month: {january: 2}}", "all twelve months"),
        (
            "referrals: {patients_per_week: {value: 0, unit: 1/wk, status: derived, source: x}}",
            "not positive",
        ),
        ("priorities: [{when: {shoe_size: above 44}, rank: 1, why: x}]", "cannot be looked at"),
        ("priorities: [{when: {age_years: old}, rank: 1, why: x}]", "neither a number"),
        ("priorities: [{when: {diagnosis: flu}, rank: 1, why: x}]", "none of its values"),
        ("theater: {}", "did you mean 'theatre'"),
        (
            "biology: {effect_half_life: {value: 0, unit: d, status: derived, source: x}}",
            "not positive",
        ),
    ],
)
def test_a_bad_clinic_file_is_refused_in_words(text, message):
    assert message in faults(text)


def test_every_fault_is_reported_at_once():
    message = faults(
        "outpatients: {slots: {monday: 0}, first_slot: '9', minutes: 20}\nwarm_up_days: -1"
    )
    assert "slots" in message
    assert "first_slot" in message
    assert "warm_up_days" in message


def test_a_holiday_on_the_last_day_of_the_horizon_is_inside():
    text = HEAD + "holidays: [2026-01-05, 2027-01-05]"
    assert len(parse_document(text, Clinic, "mine.yaml").holidays) == 2


def test_lists_of_one_surgeon_in_alternate_weeks_do_not_clash():
    alternate = 'weekday: monday, start: "08:00", minutes: 300, surgeon: A, every_weeks: 2'
    text = HEAD + THEATRE.replace("surgeon: A", "surgeon: A, every_weeks: 2")
    text += f"    - {{{alternate}, first_week: 1}}\n"
    assert len(parse_document(text, Clinic, "mine.yaml").theatre.lists) == 2


def test_a_clinic_that_does_not_exist_is_named_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'one-centre'"):
        load_clinic("one-center")


def test_times_of_day_and_grains():
    assert day_part("00:00") == 0
    assert day_part("23:59") == pytest.approx(1 - 1 / 1440)
    third = on_grain(1 / 3)
    assert abs(third - 1 / 3) <= 0.5 / GRAIN
    assert (third + 30) - 30 == third


def write_list(folder: Path, text: str) -> Path:
    path = folder / "waiting.csv"
    path.write_text(text)
    return path


def test_a_waiting_list_is_read(tmp_path):
    path = write_list(tmp_path, "waiting_for,days_waited\nfirst visit,3\nmicro-TESE,120.5\n")
    places = [(each.place, each.days_waited) for each in read_waiting_list(path)]
    assert places == [("first visit", 3), ("micro-TESE", 120.5)]


def test_a_waiting_list_of_a_spreadsheet_is_read(tmp_path):
    path = write_list(tmp_path, "\ufeffdays_waited;waiting_for\n120,5;micro-TESE\n;\n")
    remarks = []
    assert read_waiting_list(path, remarks.append) == (Waiting("micro-TESE", 120.5),)
    assert remarks == [
        "columns are split by semicolons",
        "1 blank row is skipped (row 3)",
        "decimal commas are read",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("place,days\nx,3\n", "days_waited, waiting_for"),
        ("waiting_for,days_waited\ncoffee,3\n", "row 2, waiting_for: 'coffee'"),
        ("waiting_for,days_waited\nfirst visit,3\nfirst visit,-3\n", "row 3, days_waited: '-3'"),
        ("waiting_for,days_waited\nfirst visit,soon\n", "'soon' is not allowed"),
        ("waiting_for,days_waited\nfirst visit,nan\n", "'nan' is not allowed"),
        ("waiting_for,days_waited\nfirst visit\n", "row 2: it has 1 cell and the header 2"),
        ("waiting_for;days_waited\nfirst visit;1.234\n", "write 1234 or 1.234: its point may"),
        ("waiting_for,days_waited\n", "it holds no row"),
    ],
)
def test_a_bad_waiting_list_is_refused_line_by_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_waiting_list(write_list(tmp_path, text))


def test_the_waiting_list_is_next_to_the_clinic_file(tmp_path):
    write_list(tmp_path, "waiting_for,days_waited\nmicro-TESE,10\n")
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + "referrals: {waiting_list: waiting.csv}\n")
    clinic, waiting = load_clinic(str(path))
    assert clinic.opens == dt.date(2026, 1, 5)
    assert len(waiting) == 1


RATE = (
    "referrals: {{patients_per_week: {{value: {}, unit: 1/wk, status: derived, source: test}}}}\n"
    "horizon_days: 100000\n"
)
RARE = THEATRE.replace("surgeon: A", "surgeon: A, every_weeks: 52, first_week: 51")
SHORT = HEAD.replace("horizon_days: 365", "horizon_days: {}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SHORT.format(60) + RARE, "no day within horizon_days 60 has a theatre list"),
        (
            SHORT.format(5) + "holidays: [2026-01-05]\n" + THEATRE,
            "has a theatre list apart from holidays",
        ),
        (
            SHORT.format(5)
            + "outpatients: {slots: {sunday: 3}, first_slot: '09:00', minutes: 20}\n",
            "has an outpatient slot for a first visit",
        ),
        (
            SHORT.format(2)
            + "embryology: {oocyte_retrievals: {monday: 1}, transfers: {friday: 1}}\n",
            "has an embryo transfer",
        ),
        (HEAD + "holidays: [2026-02-30]\n", "holidays.0: '2026-02-30' is not allowed; there is no"),
        (HEAD + "holidays: [20260105]\n", "this is not a date"),
        (HEAD.replace("2026-01-05", "9999-12-31"), "give a date from 1900-01-01"),
        (HEAD.replace("365", "1e308"), "horizon_days"),
        (
            HEAD.replace("horizon_days: 365\n", "") + RATE.format(9000),
            "patients would be referred within horizon_days",
        ),
        (HEAD + RARE.replace("52", "520").replace("51", "519"), "every_weeks: 520 is not allowed"),
    ],
)
def test_a_clinic_that_cannot_be_run_is_refused_in_words(text, message):
    with pytest.raises(InputError) as caught:
        parse_document(text, Clinic, "mine.yaml")
    assert message in str(caught.value)


def test_a_rare_list_within_the_horizon_is_a_clinic():
    assert parse_document(SHORT.format(358) + RARE, Clinic, "mine.yaml").theatre is not None
