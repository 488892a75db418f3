"""Decisions for simulated patients use the values that the timeline of one patient gives."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from protocol.bedside.known.timed_rule import Moment, results_for, rule_on
from protocol.bedside.known.timeline import Observation, Timeline
from protocol.errors import InputError
from protocol.reading.quantities import convert
from protocol.regimen.load import load_regimen, plain_regimen
from simulate.cohort.draw import draw_cohort
from simulate.hormones.known_values import deciding_hormones, known_values
from simulate.scenario.load import load_scenario
from simulate.tables.study_tables import tables

#: hCG by the change of testosterone: every kind of computed input, in another unit.
COMPUTED = (Path(__file__).parents[2] / "support" / "regimens" / "hcg-by-change.yaml").read_text()


def under(regimen):
    scenario = load_scenario("paper")
    treated = scenario.arms["treated"].model_copy(update={"regimen": str(regimen)})
    return scenario.model_copy(update={"arms": {**scenario.arms, "treated": treated}})


def written(tmp_path, text):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("own", [False, True], ids=["hcg-titrated", "computed inputs"])
def test_each_simulated_phase_is_the_one_that_a_timeline_of_the_visits_gives(tmp_path, own):
    name = written(tmp_path, COMPUTED) if own else "hcg-titrated"
    regimen = load_regimen(str(name))
    cohort = draw_cohort(under(name), 3, patients=60)
    course, table = cohort.paths[1].course, regimen.tables["phase"]
    assert len(np.unique(course.phase)) > 1
    visits = tables(cohort)["visits"]
    treated = np.flatnonzero(cohort.gonadotropin_therapy[0])
    steps = cohort.scenario.measurement.rounded_to
    for patient in treated:
        rows = visits[visits.patient_id == patient + 1]
        timeline = Timeline(
            Observation(name, value, 1000 + int(day), 1000 + int(day))
            for hormone in ("lh_iu_l", "testosterone_nmol_l", "fsh_iu_l")
            for day, value in zip(rows.day, rows[hormone], strict=True)
            for name, value in fed(regimen, hormone, value, day, cohort, patient, steps)
        )
        for month in range(3):
            before = "none" if month == 0 else phase_at(course, month - 1, patient)
            state = {"month": month + 1.0, "previous_phase": before}
            due = 1000 + 30 * month
            timed = rule_on(regimen, table, timeline, state, due=due, as_of=due, start=1000)
            assert timed.rule.then == phase_at(course, month, patient)


def fed(regimen, hormone, value, day, cohort, patient, steps):
    """Return the inputs that depend on a result; the baseline also if it is not recorded."""
    if day == 0:
        per_unit = round(1 / steps[hormone].value)
        own = cohort.patients.baseline[hormone][0, patient]
        value = float(np.rint(own * per_unit) / per_unit)
    analyte = next(a for a in regimen.analytes.values() if a.input == hormone)
    key = next(k for k, a in regimen.analytes.items() if a is analyte)
    for name in regimen.inputs_of(key):
        unit = regimen.inputs[name].unit or "1"
        yield name, convert(analyte, float(value), analyte.unit, unit, name)


def phase_at(course, month, patient):
    return course.regimen.phases[course.phase[month, 0, patient]].name


def test_every_known_value_is_the_one_of_the_timeline(tmp_path):
    regimen = load_regimen(str(written(tmp_path, COMPUTED)))
    reported = {
        "testosterone_nmol_l": [10.4, np.nan, 17.3, 21.0],
        "lh_iu_l": [7.0, 1.2, np.nan, 0.5],
        "prolactin_ng_ml": [9.9],
    }
    results = {name: [np.array([x]) for x in values] for name, values in reported.items()}
    timeline = Timeline(
        Observation(name, value, 500 + 30 * visit, 500 + 30 * visit)
        for hormone, values in reported.items()
        for visit, number in enumerate(values)
        if not np.isnan(number)
        for name, value in converted(regimen, hormone, number)
    )
    for name in ("total_t", "t_change", "lh_ratio", "t_before", "prolactin_ng_ml"):
        for month in range(4):
            due = 500 + 30 * month
            found = results_for(regimen, name, timeline, Moment(due, due, 500))
            here = {k: values[: month + 1] for k, values in results.items()}
            value = known_values(regimen, name, here, month)[0]
            assert value == found[0].value if found else np.isnan(value), (name, month)


def converted(regimen, hormone, number):
    for key, analyte in regimen.analytes.items():
        if analyte.input == hormone:
            for name in regimen.inputs_of(key):
                unit = regimen.inputs[name].unit or "1"
                yield name, convert(analyte, number, analyte.unit, unit, name)


def test_a_hormone_that_decides_is_never_missing_at_monthly_visits():
    cohort = draw_cohort(under("hcg-titrated"), 3, patients=200)
    visits = tables(cohort)["visits"]
    later = visits[visits.month > 0]
    assert later.testosterone_nmol_l.notna().all()
    assert later.estradiol_pmol_l.isna().any()
    assert deciding_hormones([load_regimen("hcg-titrated")]) == {"fsh_iu_l", "testosterone_nmol_l"}


def test_an_end_of_therapy_that_is_not_simulated_is_refused_by_its_rule(tmp_path):
    plain = plain_regimen("fsh-guided")
    for rule in plain["tables"]["end-of-therapy"]["rules"]:
        if rule["when"].get("semen") == "no sperm":
            rule["then"], rule["when"] = "repeat-semen", {"semen": "no sperm"}
    plain["actions"]["repeat-semen"] = "Repeat the semen analysis."
    plain["actions"].pop("micro-tese")
    path = written(tmp_path, yaml.safe_dump(plain))
    with pytest.raises(InputError, match="after no sperm it asks for repeat-semen"):
        draw_cohort(under(path), 3, patients=5)


def test_a_regimen_that_decides_on_what_is_not_simulated_is_refused_by_name(tmp_path):
    text = COMPUTED.replace("t_before, prolactin_ng_ml]", "t_before, hematocrit_percent]")
    with pytest.raises(InputError, match="phases depend on hematocrit_percent, which simulated"):
        draw_cohort(under(written(tmp_path, text)), 3, patients=5)
