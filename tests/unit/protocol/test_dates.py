"""Dates at both ends of the calendar: accepted, or refused with a clear error."""

import datetime as dt

import pytest
from icalendar import Calendar

from pretese.bedside.ics import calendar_of
from pretese.cli import run
from pretese.clinic.clinic_files import load_clinic
from protocol.bedside.schedule import plan_of_phases
from protocol.dates import date_of, day_from, nearest_day
from protocol.errors import InputError
from protocol.regimen.load import load_regimen
from simulate.clinic.setup.referrals import patients_to_simulate
from simulate.core.shipped import shipped_folder

FIRST, LAST = dt.date.min, dt.date.max


def test_days_beyond_the_calendar_are_refused():
    assert nearest_day(FIRST, -1) == FIRST
    assert nearest_day(LAST, 10**9) == LAST
    assert date_of(LAST.toordinal() + 1) == LAST
    assert day_from(FIRST, 1, "--decision-date") == dt.date(1, 1, 2)
    assert day_from(LAST, -1, "--decision-date") == dt.date(9999, 12, 30)
    with pytest.raises(InputError, match="9999-12-31 is less than 1 days from the end"):
        day_from(LAST, 1, "--decision-date")
    with pytest.raises(InputError, match="beginning of the calendar"):
        day_from(FIRST, -1, "--decision-date")


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["schedule", "--fsh", "9.8"], "--start"),
        (["decide", "--month", "2", "--fsh", "9.8"], "--decision-date"),
    ],
)
def test_options_accept_the_years_1900_to_2199(capsys, command, option, day):
    assert run([*command, option, day]) == 2
    assert (
        f"{option}: {day} is not allowed; give a date in the years 1900" in capsys.readouterr().err
    )


@pytest.mark.parametrize("day", ["1900-01-01", "2199-12-31"])
def test_the_first_and_last_day_are_accepted(capsys, day):
    assert run(["schedule", "--fsh", "9.8", "--start", day]) == 0
    assert run(["decide", "--month", "3", "--previous-phase", "hcg", "--decision-date", day]) == 0
    assert "not a medical device" in capsys.readouterr().out


@pytest.mark.parametrize("started", ["0001-01-01", "9999-12-01"])
def test_a_patient_file_accepts_the_same_years(capsys, tmp_path, started):
    file = tmp_path / "patient.yaml"
    file.write_text(f"patient: a\nstarted: {started}\nphases: [hcg]\n")
    assert run(["decide", "--patient", str(file), "--decision-date", "2022-04-01"]) == 2
    assert "give a date from 1900-01-01 to 2199-12-31" in capsys.readouterr().err


def test_a_log_at_the_end_of_the_calendar_is_audited(capsys, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(
        "patient,date,event,drug,amount,unit,value\n"
        "a,9999-12-20,injection,hcg,2000,IU,\n"
        "a,9999-12-31,injection,hcg,9000,IU,\n"
    )
    assert run(["audit", str(log)]) == 0
    assert "1 patient, " in capsys.readouterr().out


def test_a_calendar_without_times_reaches_the_last_day():
    plan = plan_of_phases(load_regimen("fsh-guided"), LAST - dt.timedelta(days=30), ["hcg"])
    events = Calendar.from_ical(calendar_of(plan, pseudonym="17")).walk("VEVENT")
    assert max(event["dtstart"].dt for event in events) == LAST


@pytest.mark.parametrize("zone", ["Europe", "", "../../etc/passwd", "/etc/passwd", "Europe/B\x00"])
def test_an_unknown_time_zone_is_refused(zone):
    plan = plan_of_phases(load_regimen("fsh-guided"), dt.date(2026, 1, 5), [])
    with pytest.raises(InputError, match="is not a time zone"):
        calendar_of(plan, pseudonym="17", time=dt.time(8), timezone=zone)


@pytest.mark.parametrize("year", [1, 1899, 2200, 9999])
def test_times_of_day_in_far_years_are_refused(year):
    plan = plan_of_phases(load_regimen("fsh-guided"), dt.date(year, 1, 5), [])
    with pytest.raises(InputError, match="time zones are not known"):
        calendar_of(plan, pseudonym="17", time=dt.time(8), timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("opens: ", "opens: 9999-12-01 # "),
        ("opens: ", "opens: 0001-01-01 # "),
        ("horizon_days: ", "horizon_days: 1000000000000000000 # "),
        ("value: 2.73", "value: 1.0e+300"),
    ],
)
def test_a_clinic_beyond_the_calendar_is_refused(capsys, tmp_path, old, new):
    text = (shipped_folder() / "clinics" / "one-centre.yaml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "clinic.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    out = tmp_path / "out"
    assert run(["clinic", "paper", "--clinic", str(file), "--out", str(out), "--workers", "1"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not out.exists()


def test_an_infinite_rate_is_refused():
    clinic, _ = load_clinic("one-centre")
    rate = clinic.referrals.patients_per_week
    assert rate is not None
    many = rate.model_copy(update={"value": 1e308})
    busy = clinic.model_copy(
        update={"referrals": clinic.referrals.model_copy(update={"patients_per_week": many})}
    )
    with pytest.raises(InputError, match="patients_per_week"):
        patients_to_simulate(busy, 569)
