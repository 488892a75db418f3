import datetime as dt

import pytest

from protocol.bedside.patient import patient_record
from protocol.bedside.patient_file import PatientFile
from protocol.bedside.recommend import recommend
from protocol.errors import InputError
from protocol.reading.documents import parse_document
from protocol.regimen.load import load_regimen

GUIDED = load_regimen("fsh-guided")
ENTRY = """
entry:
  azoospermic_samples: 2
  centrifuge_g: 3000
  centrifuge_minutes: 30
  karyotype: normal
  azf: none
  radio_or_chemotherapy: no
  hypogonadotropic_hypogonadism: no
"""
TREATED = """
patient: p-17
started: 2022-03-01
phases: [hcg]
measurements:
  - {date: 2022-02-20, name: testosterone, value: 12, unit: nmol/L}
  - {date: 2022-03-30, name: fsh, value: 11.1, unit: mIU/mL, source: report 4711}
  - {date: 2022-03-30, name: testosterone, value: 900, unit: ng/dL}
"""


def recommended(text: str, on: str, regimen=GUIDED):
    known = patient_record(
        parse_document(text, PatientFile, "patient.yaml").as_patient(), regimen, "patient.yaml"
    )
    return recommend(known, regimen, dt.date.fromisoformat(on))


def test_a_patient_file_gives_a_recommendation():
    made = recommended(TREATED, "2022-03-31")
    assert (made.month, made.outcome, made.recommendation) == (
        2,
        "recommendation",
        "uFSH and hCG, alternating",
    )
    (decision,) = made.decisions
    fsh = {item.name: item for item in decision.inputs}["fsh_iu_l"]
    assert (fsh.value, fsh.unit, fsh.date) == (11.1, "[IU]/L", dt.date(2022, 3, 30))
    assert (fsh.source, fsh.note) == ("report 4711", "given as 11.1 mIU/mL")


def test_the_month_ends_after_thirty_days():
    assert recommended(TREATED, "2022-03-30").month == 1
    assert recommended(TREATED, "2022-03-31").month == 2
    assert recommended(TREATED, "2022-02-01").month == 1


def test_a_stale_value_is_missing_and_the_note_states_it():
    old = TREATED.replace("date: 2022-03-30, name: fsh", "date: 2022-03-20, name: fsh")
    made = recommended(old, "2022-03-31")
    assert made.outcome == "insufficient data"
    fsh = made.decisions[-1].inputs[-1]
    assert fsh.value is None
    assert fsh.note == "the last one, of 2022-03-20, is 11 days old; at most 10 are allowed"
    fresh = TREATED.replace("date: 2022-03-30, name: fsh", "date: 2022-03-21, name: fsh")
    assert recommended(fresh, "2022-03-31").outcome == "recommendation"


def test_a_value_measured_after_today_is_not_used():
    assert recommended(TREATED.replace("2022-03-30", "2022-04-02"), "2022-03-31").outcome == (
        "insufficient data"
    )
    assert (
        recommended(TREATED.replace("2022-03-30", "2022-04-02"), "2022-04-03").outcome
        == "recommendation"
    )


def test_entry_is_judged_before_therapy():
    made = recommended("patient: a\n" + ENTRY, "2022-03-01")
    assert [decision.table for decision in made.decisions] == ["eligibility", "phase"]
    assert (made.outcome, made.decisions[-1].action) == ("recommendation", "hcg")


def test_every_failed_criterion_is_listed():
    text = "patient: a\n" + ENTRY.replace("normal", "klinefelter").replace("3000", "1500")
    made = recommended(text, "2022-03-01")
    failed = [result.name for result in made.criteria if result.verdict == "failed"]
    assert (made.outcome, failed) == ("out of scope", ["pellet-speed", "karyotype"])
    assert len(made.decisions) == 1


def test_an_unknown_criterion_is_requested():
    made = recommended("patient: a\n" + ENTRY.replace("  azf: none\n", ""), "2022-03-01")
    assert made.outcome == "insufficient data"
    assert made.decisions[-1].missing_inputs == ("azf",)


def test_without_results_before_therapy_data_are_insufficient():
    made = recommended("patient: a", "2022-03-01")
    assert made.outcome == "insufficient data"
    assert len(made.decisions[-1].missing_inputs) == 7


END = TREATED.replace("phases: [hcg]", "phases: [hcg, hcg-ufsh, hcg-ufsh]")


@pytest.mark.parametrize(
    ("more", "tables", "outcome", "then"),
    [
        ("", ["phase", "end-of-therapy"], "insufficient data", None),
        (
            "  - {date: 2022-05-30, name: semen, value: sperm}",
            None,
            "recommendation",
            "icsi-ejaculated",
        ),
        (
            "  - {date: 2022-05-30, name: semen, value: no sperm}",
            None,
            "recommendation",
            "micro-tese",
        ),
        (
            "  - {date: 2022-05-30, name: semen, value: no sperm}\n"
            "  - {date: 2022-06-03, name: micro_tese, value: sperm}\ncouple_ready: yes",
            ["phase", "end-of-therapy", "sperm-use"],
            "recommendation",
            "icsi-testicular",
        ),
    ],
)
def test_after_three_months_semen_and_then_surgery_decide(more, tables, outcome, then):
    made = recommended(END + more + "\n", "2022-06-05")
    assert (made.outcome, made.decisions[-1].action) == (outcome, then)
    assert made.decisions[0].outcome == "no action required"
    if tables:
        assert [decision.table for decision in made.decisions] == tables


def test_therapy_has_ended_also_years_later():
    assert recommended(END, "2025-01-01").decisions[0].action == "stopped"


def test_the_age_of_a_semen_analysis_is_judged_on_the_day_of_surgery():
    more = (
        "  - {date: 2022-05-30, name: semen, value: no sperm}\n"
        "  - {date: 2022-06-03, name: micro_tese, value: no sperm}\n"
    )
    made = recommended(END + more, "2022-09-01")
    assert [d.outcome for d in made.decisions] == [
        "no action required",
        "recommendation",
        "no action required",
    ]


def test_flags_are_raised_and_those_without_data_are_listed():
    made = recommended(TREATED.replace("900", "1100"), "2022-03-31")
    assert [flag.action for flag in made.flags.raised] == ["watch-testosterone"]
    assert "F2" in [flag.rule_id for flag in made.flags.not_assessed]
    weak = recommended(
        TREATED.replace("value: 900, unit: ng/dL", "value: 12.5, unit: nmol/L"), "2022-03-31"
    )
    assert [flag.action for flag in weak.flags.raised] == ["no-response"]


def test_untreated_patients_need_no_semen_analysis():
    made = recommended("patient: a\n" + ENTRY, "2022-03-01", load_regimen("no-therapy"))
    assert (made.outcome, made.decisions[-1].action) == ("recommendation", "micro-tese")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patient: a\nphases: [hcg]", "started: it is missing though phases were given"),
        ("patient: a\nstarted: 2022-03-01\nphases: [hgc]", "phases.0: there is no phase 'hgc'"),
        (TREATED.replace("mIU/mL", "ng/mL"), "measurements.1: fsh: unit: 'ng/mL' cannot be"),
        (TREATED.replace(", unit: mIU/mL", ""), "measurements.1.unit: the unit is missing"),
        (TREATED.replace("11.1,", "-1,"), "measurements.1.value: -1 is outside the plausible"),
        (TREATED.replace("11.1,", "high,"), "measurements.1.value: 'high' is not a number"),
        (TREATED.replace("name: fsh", "name: fhs"), "does not use 'fhs'; known: fsh"),
        (TREATED.replace("2022-03-30, name: fsh", "soon, name: fsh"), "measurements.1.date"),
        ("patient: a\nentry: {karyotyp: normal}", "entry.karyotyp: no criterion asks for this"),
        ("patient: a\nentry: {karyotype: xxy}", "entry.karyotype: 'xxy' is not one of its names"),
        ("patient: a\ncouple_ready: maybe", "couple_ready: 'maybe' is not allowed"),
        (
            "patient: a\nmeasurements: [{date: 2022-03-01, name: semen, value: sperm, unit: '%'}]",
            "measurements.0.unit: this finding has no unit",
        ),
    ],
)
def test_an_invalid_file_is_refused_with_field_and_remedy(text, message):
    with pytest.raises(InputError) as caught:
        recommended(text, "2022-03-31")
    assert message in str(caught.value)
