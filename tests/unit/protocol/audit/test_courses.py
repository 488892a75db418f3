"""A second course of therapy is audited separately, and doses in mg are judged as those in IU."""

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import pytest

import pretese
from protocol.audit.judge import audit
from protocol.audit.log.adherent import adherent_events
from protocol.audit.log.courses import courses_of
from protocol.audit.log.events import Event
from protocol.errors import InputError
from protocol.reading.quantities import quantity
from protocol.regimen.load import load_regimen, parse_regimen, plain_regimen
from tests.support.adherent_log import parse_log, write_log

GUIDED = load_regimen("fsh-guided")
OTHERS = {"lh_iu_l": 3.0, "testosterone_nmol_l": 20.0, "estradiol_pmol_l": 120.0}
ONE = dt.date(2021, 9, 14)


def course(start: dt.date, *fsh: float) -> list[Event]:
    return adherent_events(
        GUIDED,
        start,
        [{"fsh_iu_l": value, **OTHERS} for value in fsh],
        baseline={"fsh_iu_l": 21.0, "prolactin_ng_ml": 8.0, **OTHERS},
        semen="no sperm",
    )


def judged(*courses: list[Event]):
    events = sorted((event for each in courses for event in each), key=lambda event: event.date)
    return audit({"a": events}, GUIDED)


def test_each_course_has_its_own_day_0_phases_and_deviations():
    second = course(ONE + dt.timedelta(days=400), 20.0, 20.0, 20.0)
    at = next(i for i, event in enumerate(second) if event.drug and i > 20)
    found = judged(course(ONE, 9.0, 9.0, 9.0), [*second[:at], *second[at + 1 :]])
    first, other = found.patients
    assert (first.name, other.name) == ("a, course 1", "a, course 2")
    assert first.phases == ("hcg", "hcg-ufsh", "hcg-ufsh")
    assert other.phases == ("hcg", "hcg", "hcg")
    assert other.start == ONE + dt.timedelta(days=400)
    assert [d.kind for d in first.deviations] == []
    assert [d.kind for d in other.deviations] == ["eligibility", "missed dose"]
    assert other.deviations[0].observed == f"course 2 begins on {other.start}"
    assert not first.queries
    assert not other.queries
    assert found.number_of_patients() == 1
    assert found.patients_with()["missed dose"] == 1


def test_a_patient_with_two_courses_is_listed_once_in_every_view():
    log = write_log({"a": [*course(ONE, 9.0, 9.0, 9.0), *course(dt.date(2023, 5, 2), 9, 9, 9)]})
    found = pretese.audit(log.encode())
    assert "1 patient, 2 courses of therapy" in str(found)
    assert "patients: 1" in repr(found)
    assert [p["course"] for p in found.to_dict()["patients"]] == [1, 2]
    assert "a, course 2" in found.to_html()


def test_facts_of_the_first_course_apply_to_the_second_but_results_do_not():
    fact = Event(ONE.toordinal() - 20, "karyotype", value="normal")
    late_semen = Event(ONE.toordinal() + 95, "semen", value="no sperm")
    events = sorted(
        [fact, late_semen, *course(ONE, 9.0, 9.0, 9.0), *course(dt.date(2023, 5, 2), 9, 9, 9)],
        key=lambda event: event.date,
    )
    first, second = courses_of(events, GUIDED)
    assert fact in first
    assert fact in second
    assert late_semen in first
    assert late_semen not in second


def test_a_few_doses_with_a_wrong_year_are_not_a_course():
    events = course(ONE, 9.0, 9.0, 9.0)
    doses = [at for at, event in enumerate(events) if event.name == "injection"]
    for at in doses[3:7]:
        events[at] = replace(events[at], date=events[at].date + 730)
    events.sort(key=lambda event: event.date)
    assert len(courses_of(events, GUIDED)) == 1
    fifth = replace(events[doses[9]], date=events[doses[9]].date + 730)
    assert len(courses_of([*events, fifth], GUIDED)) == 2


def test_a_second_course_within_the_regimen_is_not_a_deviation():
    plain = plain_regimen("fsh-guided")
    for rule in plain["tables"]["phase"]["rules"]:
        if rule["id"] == "P1":
            rule["when"]["previous_phase"] = "none or stopped or missing"
        if rule["id"] == "P10":
            rule["when"]["previous_phase"] = "hcg or hcg-ufsh"
    import yaml

    again = parse_regimen(yaml.safe_dump(plain), "again.yaml")
    events = sorted(
        [*course(ONE, 9.0, 9.0, 9.0), *course(dt.date(2023, 5, 2), 9, 9, 9)],
        key=lambda event: event.date,
    )
    assert [p.deviations for p in audit({"a": events}, again).patients] == [(), ()]


#: Letrozole by mouth, every day for three months.
LETROZOLE = """
id: letrozole-first
version: 1.0.0
extends: hcg-only
title: Letrozole for three months
drugs:
  letrozole: {label: Letrozole, tablet_mg: 2.5}
phases:
  hcg:
    label: Letrozole
    orders: [{drug: letrozole, dose_mg: 2.5, route: po, interval_days: 1}]
    source: authors
    locator: x
"""


@pytest.mark.parametrize(
    ("regimen", "drug", "dose", "brand"),
    [
        (load_regimen("clomiphene-first"), "clomiphene", 50.0, "Clomid"),
        (None, "letrozole", 2.5, "Femara"),
    ],
    ids=["clomiphene", "letrozole"],
)
def test_a_log_of_tablets_is_judged_in_mg(regimen, drug, dose, brand, tmp_path):
    if regimen is None:
        path = tmp_path / "own.yaml"
        path.write_text(LETROZOLE)
        regimen = load_regimen(str(path))
    months = [{"fsh_iu_l": 40.0, **OTHERS, "testosterone_nmol_l": 25.0}] * regimen.months
    baseline = {"fsh_iu_l": 21.0, "prolactin_ng_ml": 8.0, **OTHERS}
    events = adherent_events(regimen, ONE, months, baseline=baseline, semen="no sperm")
    text = write_log({"a": events})
    assert f"{drug},{dose:g},mg" in text

    def kinds(changed: str) -> list[str]:
        log = parse_log(changed, regimen, "log")
        return [d.kind for patient in audit(log, regimen).patients for d in patient.deviations]

    assert kinds(text) == []
    assert kinds(text.replace(f"{drug},{dose:g},mg", f"{brand},{dose:g},MG")) == []
    assert kinds(text.replace(f"{drug},{dose:g},mg", f"{drug},{2 * dose:g},mg", 1)) == ["dose"]
    (adherence,) = audit(parse_log(text, regimen, "log"), regimen).adherence()
    assert (adherence.drug, adherence.unit, adherence.percent) == (drug, "mg", 100.0)
    with pytest.raises(InputError, match="give doses in mg"):
        parse_log(text.replace(f"{dose:g},mg", f"{dose:g},IU", 1), regimen, "log")


def test_milli_international_units_are_refused_with_the_reason():
    with pytest.raises(InputError) as caught:
        quantity("fsh", 9.8, "mIU/L")
    message = str(caught.value)
    assert "it is a thousandth of IU/L, while mIU/mL equals IU/L" in message
    log = b"patient,date,event,drug,amount,unit,value\na,2022-03-01,injection,hcg,2000,IU,\n"
    rows = b"a,2022-03-30,fsh,,9.8,mIU/L,\na,2022-03-30,prolactin,,210,mIU/L,\n"
    fsh, prolactin = pretese.audit(log + rows).unused
    assert "mIU/mL equals IU/L" in fsh.reason
    assert "depend on the assay's standard" in prolactin.reason


def test_events_of_a_log_stay_in_order_of_date():
    events = sorted(
        [*course(ONE, 9.0, 9.0, 9.0), *course(dt.date(2023, 5, 2), 9, 9, 9)],
        key=lambda event: event.date,
    )
    for part in courses_of(events, GUIDED):
        assert all(a.date <= b.date for a, b in pairwise(part))
