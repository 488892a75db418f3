"""Holds are shown first, and the limits of a recommendation are stated in words."""

import datetime as dt

import jsonschema
import pytest

import pretese
from protocol.bedside.patient import patient_record
from protocol.bedside.patient_file import PatientFile
from protocol.bedside.recommend import recommend
from protocol.errors import InputError
from protocol.reading.documents import validate
from protocol.regimen.load import load_regimen, parse_regimen

GUIDED = load_regimen("fsh-guided")
ENTRY = {
    "azoospermic_samples": 2, "centrifuge_g": 3000, "centrifuge_minutes": 30,
    "karyotype": "normal", "azf": "none", "radio_or_chemotherapy": "no",
    "hypogonadotropic_hypogonadism": "no",
}  # fmt: skip


def result(name, value, date, unit=None, **more):
    return {"name": name, "value": value, "date": date, **({"unit": unit} if unit else {}), **more}


def made(on, *results, regimen=GUIDED, **fields):
    plain = {"patient": "p", "started": "2022-03-01", "measurements": list(results), **fields}
    file = validate(plain, PatientFile, "patient")
    return recommend(
        patient_record(file.as_patient(), regimen, "patient"), regimen, dt.date.fromisoformat(on)
    )


NORMAL_FSH = result("fsh", 9.8, "2022-03-30", "IU/L")
HIGH_HEMATOCRIT = result("hematocrit", 56, "2022-03-30", "%")


def test_a_blocking_flag_turns_the_recommendation_into_a_hold():
    found = made("2022-03-31", NORMAL_FSH, HIGH_HEMATOCRIT, phases=["hcg"])
    assert (found.outcome, found.held) == ("hold", "uFSH and hCG, alternating")
    assert found.recommendation.startswith("Hematocrit is too high")
    assert found.next_steps == ()
    (flag,) = found.flags.blocking
    assert (flag.severity, flag.status, flag.origin) == ("critical", "assumed", "fsh-guided")


def test_a_hold_is_shown_first_and_other_flags_before_the_doses():
    guided = pretese.regimen()
    asked = {"month": 2, "previous_phase": "hcg", "fsh": 9.8, "decision_date": "2022-03-31"}
    held = str(guided.decide(**asked, findings=["hematocrit=56 %"])).split("\n")
    assert held[3].startswith("HOLD: Hematocrit is too high")
    assert not any(" IU IM on " in line for line in held)
    silent = guided.decide(**asked, findings=["hematocrit=56 %"])
    assert (silent.action, silent.rule) == (None, "F5")
    assert silent.rationale == "Hematocrit is above the second limit."
    warned = str(guided.decide(**asked, findings=["testosterone=40 nmol/L"]))
    assert warned.index("WARNING: Testosterone") < warned.index("uFSH 150 IU IM on 31 Mar")


def test_a_flag_is_raised_if_either_of_two_results_of_one_day_raises_it():
    found = made(
        "2022-03-31", result("hematocrit", 48, "2022-03-30", "%"), HIGH_HEMATOCRIT, phases=["hcg"]
    )
    assert found.outcome == "hold"


def test_a_month_that_has_begun_stays_decided():
    later = result("fsh", 12.4, "2022-04-04", "IU/L")
    for on in ("2022-04-02", "2022-04-10"):
        found = made(on, NORMAL_FSH, later, phases=["hcg", "hcg-ufsh"])
        assert (found.outcome, found.decisions[-1].action) == ("recommendation", "hcg-ufsh")
    (unused,) = found.not_used
    assert (unused.value, unused.reason) == (
        "12.4 IU/L", "month 2 was decided before; it counts for the next decision"
    )  # fmt: skip


def test_a_late_result_delays_the_decision_and_the_delay_is_stated():
    found = made("2022-04-06", result("fsh", 9.8, "2022-04-06", "IU/L"), phases=["hcg"])
    assert found.outcome == "recommendation"
    assert (found.decision_date, found.decided_on) == (dt.date(2022, 3, 31), dt.date(2022, 4, 6))
    assert "decided 6 days late, on 6 Apr 2022" in found.cautions[0]
    assert min(min(step.dates) for step in found.next_steps) >= dt.date(2022, 4, 6)


def test_a_recorded_phase_outweighs_the_rule_and_the_difference_is_stated():
    found = made("2022-04-02", NORMAL_FSH, phases=["hcg", "hcg"])
    (decision,) = found.decisions
    assert (decision.action, decision.rule_id) == ("hcg", "as recorded")
    assert any("the regimen recommended: uFSH and hCG, alternating" in c for c in found.cautions)


def test_two_tubes_on_both_sides_of_a_limit_are_named():
    tubes = [result("fsh", value, "2022-03-30", "IU/L") for value in (12.4, 10.9)]
    for order in (tubes, tubes[::-1]):
        found = made("2022-03-31", *order, phases=["hcg"])
        assert found.outcome == "insufficient data"
        assert ": 12.4 and 10.9)" in found.recommendation.replace("10.9 and 12.4", "12.4 and 10.9")
        assert found.decisions[-1].missing_inputs == ("fsh_iu_l",)


def test_repeated_fsh_is_the_same_as_repeated_findings():
    guided = pretese.regimen()
    asked = {"month": 2, "previous_phase": "hcg", "decision_date": "2022-03-31"}
    options = guided.decide(**asked, fsh=[9, 12])
    findings = guided.decide(**asked, findings=["fsh=9 IU/L", "fsh=12 IU/L"])
    assert options == findings
    assert options.outcome == "insufficient data"


@pytest.mark.parametrize(
    ("results", "entry", "outcome", "caution"),
    [
        ([NORMAL_FSH], {}, "recommendation", "Eligibility was not assessed"),
        ([NORMAL_FSH], {"azoospermic_samples": 2}, "recommendation", "assessed in part; not known"),
        ([NORMAL_FSH], ENTRY, "recommendation", None),
        ([NORMAL_FSH, result("karyotype", "klinefelter", "2022-02-01")], {}, "out of scope", None),
        ([NORMAL_FSH], ENTRY | {"azf": "azfb"}, "out of scope", None),
    ],
)
def test_eligibility_is_judged_or_missing_criteria_are_listed(results, entry, outcome, caution):
    found = made("2022-03-31", *results, phases=["hcg"], entry=entry)
    assert found.outcome == outcome
    if caution:
        assert any(caution in text for text in found.cautions)


def test_a_state_of_therapy_is_refused_as_a_finding():
    with pytest.raises(InputError, match="it follows from the course of therapy"):
        made("2022-03-31", result("month", 3, "2022-03-30"), phases=["hcg"])


END = {"phases": ["hcg", "hcg-ufsh", "hcg-ufsh"]}


@pytest.mark.parametrize(
    ("semen", "date", "on", "action"),
    [
        ("no sperm", "2022-05-02", "2022-05-30", None),  # day 62: not the end of therapy
        ("no sperm", "2022-05-25", "2022-05-30", "micro-tese"),  # within the visit tolerance
        ("no sperm", "2022-05-30", "2022-08-28", "micro-tese"),  # 90 days old
        ("no sperm", "2022-05-30", "2022-08-29", None),
        ("cryptozoospermia", "2022-05-30", "2022-05-30", "icsi-ejaculated"),
        ("immotile sperm only", "2022-05-30", "2022-05-30", "repeat-semen"),
    ],
)
def test_only_a_recent_semen_analysis_at_the_end_of_therapy_counts(semen, date, on, action):
    found = made(on, result("semen", semen, date), **END)
    assert found.decisions[-1].action == action


def test_an_unrecorded_month_does_not_end_therapy():
    semen = result("semen", "sperm", "2022-04-29")
    found = made("2022-05-30", semen, phases=["hcg", "hcg-ufsh"])
    assert found.decisions[-1].action is None
    assert any("does not record what was given in month 3" in text for text in found.cautions)
    stopped = made("2022-05-30", semen, phases=["hcg", "stopped"])
    assert not any("does not record" in text for text in stopped.cautions)


def test_an_out_of_scope_answer_names_the_failed_criterion():
    found = made("2022-03-31", phases=["hcg"], entry={"azf": "azfb"})
    assert "Not met: No complete AZFa or AZFb deletion." in found.recommendation
    assert "azfb (required: none or azfc)" in found.recommendation


def test_a_later_semen_sample_counts_and_the_earlier_one_is_listed():
    samples = [result("semen", "no sperm", "2022-05-28"), result("semen", "sperm", "2022-05-30")]
    found = made("2022-05-30", *samples, **END)
    assert found.decisions[-1].action == "icsi-ejaculated"
    assert [item.value for item in found.not_used] == ["no sperm"]


def test_a_semen_analysis_during_therapy_is_listed_as_not_used():
    found = made("2022-04-30", result("semen", "sperm", "2022-04-29"), phases=["hcg", "hcg-ufsh"])
    (unused,) = found.not_used
    assert unused.reason == "it is used at the end of therapy, not in month 3"


def test_days_of_a_pause_are_not_counted():
    pauses = [{"first": "2022-03-11", "last": "2022-03-20"}]
    assert made("2022-03-31", NORMAL_FSH, phases=["hcg"], pauses=pauses).month == 1
    found = made("2022-04-10", NORMAL_FSH, phases=["hcg"], pauses=pauses)
    assert (found.month, found.decision_date) == (2, dt.date(2022, 4, 10))
    assert any(text.startswith("10 days of pause") for text in found.cautions)
    still = made("2022-06-01", phases=["hcg"], pauses=[{"first": "2022-03-11"}])
    assert still.month == 1


def test_therapy_begun_elsewhere_and_second_courses_are_decided():
    unknown = made("2022-04-30", NORMAL_FSH, phases=["hcg", "unknown"])
    assert "previous_phase" in unknown.decisions[-1].missing_inputs
    assert any("earlier month is not known" in text for text in unknown.cautions)
    again = made("2022-03-01", earlier_courses=1)
    assert (again.outcome, again.decisions[-1].rule_id) == ("out of scope", "P10")


def test_a_dose_of_the_clinic_carries_its_own_status_and_file():
    own = parse_regimen(
        "id: ours\nversion: 1.0.0\nextends: fsh-guided\nphases:\n  hcg:\n    label: hCG alone\n"
        "    orders: [{drug: hcg, dose_iu: 20000, route: im, interval_days: 2}]\n"
        "    source: authors\n    locator: our clinic\n",
        "ours.yaml",
    )
    (decision,) = made("2022-03-01", regimen=own).decisions
    assert (decision.status, decision.origin) == ("published", "fsh-guided")
    (order,) = decision.orders
    assert (order.dose, order.status, order.origin) == (20000, "assumed", "ours")
    assert "our clinic" in order.citation


def test_a_limit_of_the_user_is_named_as_such():
    wider = load_regimen("fsh-guided", {"fsh_high": 12.4})
    (decision,) = made("2022-03-31", NORMAL_FSH, phases=["hcg"], regimen=wider).decisions
    origins = {limit.name: (limit.status, limit.origin) for limit in decision.parameters}
    assert origins == {
        "fsh_low": ("published", "fsh-guided"), "fsh_high": ("assumed", "set by the user"),
    }  # fmt: skip
    assert wider.phase("hcg").origin == "fsh-guided"


def test_every_kind_of_answer_conforms_to_the_schema():
    guided = pretese.regimen()
    validator = jsonschema.Draft202012Validator(guided.decide(month=1).schema())
    validator.check_schema(validator.schema)
    asked = [
        {"month": 1},
        {"month": 2, "previous_phase": "hcg", "fsh": [9, 12], "findings": ["hematocrit=56 %"]},
        {"month": 2, "previous_phase": "hcg", "fsh": "<0.3", "findings": {"semen": "sperm"}},
        {"month": 4, "previous_phase": "hcg", "findings": {"semen": "no sperm"}},
        {"month": 3, "previous_phase": "stopped"},
    ]
    for question in asked:
        document = guided.decide(**question, decision_date="2022-03-31").to_dict()
        validator.validate(document)
        assert set(document) == set(validator.schema["properties"])
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**document, "outcome": "perhaps"})
