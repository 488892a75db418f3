"""Requirements of real regimens: own units, oral drugs, weekdays, many months."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from protocol.bedside.decide import decide
from protocol.bedside.known.results import Reported, observations_of
from protocol.bedside.schedule import plan, plan_of_phases
from protocol.errors import InputError, ProofError
from protocol.regimen.load import load_regimen, parse_regimen
from protocol.regimen.paths import count_paths, injections_of, paths_of, states_of

HEAD = "id: own\nversion: 1.0.0\n"


def own(text: str, base: str = "fsh-guided"):
    return parse_regimen(f"{HEAD}extends: {base}\n{text}", "own.yaml")


@pytest.mark.parametrize(
    "fsh",
    [
        11.1,
        Decimal("11.1"),
        np.float32(11.1),
        np.float64(11.1),
        Fraction(111, 10),
        11,
        np.int64(11),
    ],
)
def test_numbers_of_every_type_decide_as_floats(fsh):
    given = {"month": np.int8(2), "previous_phase": "hcg", "fsh_iu_l": fsh}
    assert decide(load_regimen("fsh-guided"), "phase", given).action == "hcg-ufsh"


IN_NG_DL = """
parameters:
  estradiol_high: null
  hematocrit_watch: null
  hematocrit_hold: null
  testosterone_rise: null
  testosterone_high: {value: 1000, unit: ng/dL, status: assumed, source: authors, locator: y}
inputs:
  testosterone_ng_dl:
    {kind: number, label: Testosterone, unit: ng/dL, analyte: testosterone, plausible: [0, 6000],
     max_age_days: 10}
tables:
  flags:
    question: q
    hit: collect
    inputs: [testosterone_ng_dl]
    rules:
      - {id: F, when: {testosterone_ng_dl: above testosterone_high}, then: watch-testosterone,
         rationale: r, source: authors, locator: l, status: assumed}
"""


def reported(name, value, unit):
    return Reported(name, value, unit, 30, 30, "file", "measurements.0")


def test_results_are_converted_to_the_unit_of_the_input():
    regimen = own(IN_NG_DL)
    found = {item.input: item.value for item in observations_of(
        reported("testosterone", 32.95, "nmol/L"), regimen
    )}  # fmt: skip
    assert found["testosterone_ng_dl"] == pytest.approx(950.4, abs=0.1)
    assert found["testosterone_nmol_l"] == 32.95


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (IN_NG_DL.replace("testosterone_ng_dl", "testosterone_nmol_l"),
         "inputs.testosterone_nmol_l.unit: the unit is ng/dL, but the name states nmol/L"),
        (IN_NG_DL.replace("analyte: testosterone, ", ""),
         "testosterone_ng_dl.analyte: nothing tells how results in units other than ng/dL"),
        (IN_NG_DL.replace("analyte: testosterone", "analyte: testo"),
         "there is no analyte 'testo'"),
        (IN_NG_DL.replace("unit: ng/dL, analyte", "unit: '[IU]/L', analyte").replace("_ng_dl", ""),
         "Total testosterone cannot be given in [IU]/L"),
        (IN_NG_DL.replace("value: 1000, unit: ng/dL", "value: 35, unit: '[IU]/L'"),
         "the parameter 'testosterone_high' is in [IU]/L, the input in ng/dL"),
        ("drugs:\n  hmg: {label: hMG}\n", "drugs.hmg: it does not have exactly one size of pack"),
        ("phases:\n  hcg:\n    label: x\n    source: authors\n    locator: l\n"
         "    orders: [{drug: hcg, dose_mg: 5, route: po, interval_days: 1}]\n",
         "orders.0.dose_mg: the dose is in mg, the pack in IU"),
        ("phases:\n  hcg:\n    label: x\n    source: authors\n    locator: l\n"
         "    orders: [{drug: hcg, dose_iu: 5, route: im, interval_days: 1, weekdays: [mon]}]\n",
         "orders.0: it does not have exactly one rhythm"),
        ("inputs:\n  phase_before: {kind: enum, label: x, values: [none]}\n",
         "inputs.phase_before: this input is called previous_phase"),
    ],
)  # fmt: skip
def test_comparisons_in_a_wrong_unit_are_refused(text, message):
    with pytest.raises(InputError) as caught:
        own(text)
    assert message in str(caught.value)


def test_swapped_answers_are_refused():
    plain = """
tables:
  end-of-therapy:
    question: Surgery, or ICSI with ejaculated sperm?
    inputs: [semen]
    rules:
      - {id: E1, when: {semen: sperm or cryptozoospermia}, then: micro-tese, rationale: r,
         source: authors, locator: l, status: assumed}
      - {id: E2, when: {semen: no sperm or immotile sperm only}, then: icsi-ejaculated,
         rationale: r, source: authors, locator: l, status: assumed}
      - {id: E3, when: {semen: missing}, outcome: insufficient data, rationale: r,
         source: authors, locator: l, status: assumed}
"""
    with pytest.raises(ProofError, match="E1 recommends 'micro-tese' when semen is sperm, and"):
        own(plain)


def large(months: int = 24) -> str:
    """A regimen of two years with four phases and three analytes."""
    names = ["none", "a", "b", "c", "d", "rest"]
    given = " or ".join(names[1:5])
    rules = [
        f"{{id: S, when: {{month: 1, previous_phase: none or missing}}, then: a, {SOURCE}}}",
        f"{{id: M, when: {{month: 2 to {months}, previous_phase: missing}}, "
        f"outcome: insufficient data, {SOURCE}}}",
        f"{{id: X, when: {{month: 1, previous_phase: {given} or rest}}, "
        f"outcome: out of scope, {SOURCE}}}",
        f"{{id: Y, when: {{month: above 1, previous_phase: none}}, "
        f"outcome: out of scope, {SOURCE}}}",
        f"{{id: Z, when: {{month: 2 to {months}, previous_phase: rest}}, "
        f"outcome: out of scope, {SOURCE}}}",
        f"{{id: E, when: {{month: above {months}, previous_phase: {given} or rest or missing}}, "
        f"outcome: no action required, then: rest, {SOURCE}}}",
    ]
    cells = {
        "a": ("testosterone_nmol_l: below 10 or missing", "b"),
        "b": ("testosterone_nmol_l: 10 to 20, fsh_iu_l: below 5 or missing", "c"),
        "c": (
            "testosterone_nmol_l: 10 to 20, fsh_iu_l: at least 5, lh_iu_l: below 3 or missing",
            "d",
        ),
        "d": ("testosterone_nmol_l: 10 to 20, fsh_iu_l: at least 5, lh_iu_l: at least 3", "a"),
        "e": ("testosterone_nmol_l: above 20", "c"),
    }
    rules += [
        f"{{id: R{key}, when: {{month: 2 to {months}, previous_phase: {given}, {when}}}, "
        f"then: {then}, {SOURCE}}}"
        for key, (when, then) in cells.items()
    ]
    orders = "orders: [{drug: hcg, dose_iu: 2000, route: im, interval_days: 2}]"
    phases = "".join(
        f"  {n}: {{label: {n}, {orders}, source: authors, locator: l}}\n" for n in "abcd"
    )
    return (
        f"months: {months}\ndrugs: {{ufsh: null}}\n"
        "inputs:\n"
        "  month: {kind: integer, role: state, label: Month, unit: month, plausible: [1, 100000],"
        " may_be_missing: false}\n"
        f"  previous_phase: {{kind: enum, role: state, label: p, values: [{', '.join(names)}]}}\n"
        f"phases:\n  hcg: null\n  stopped: null\n{phases}"
        "  rest: {label: rest, ends_therapy: true, source: authors, locator: l}\n"
        "tables:\n  phase:\n    question: q\n"
        "    inputs: [month, previous_phase, testosterone_nmol_l, fsh_iu_l, lh_iu_l]\n"
        "    rules:\n      - " + "\n      - ".join(rules) + "\n"
    )


SOURCE = "rationale: r, source: authors, locator: l, status: assumed"


def test_two_years_of_four_phases_are_proved_by_states_instead_of_paths():
    regimen = own(large(), "hcg-only")
    assert count_paths(regimen) > 10**12
    assert len(states_of(regimen)) <= 24 * 5 + 1
    assert len(paths_of(regimen)) == 100
    assert len(regimen.tables["phase"].proved.rules) == 5 * 7 * 6 * 4 * 4
    given = {"month": 24, "previous_phase": "b", "testosterone_nmol_l": 15.0, "fsh_iu_l": 4.0}
    assert decide(regimen, "phase", given).action == "c"


def test_the_count_of_paths_is_that_of_the_list():
    for name in ("fsh-guided", "hcg-titrated", "clomiphene-first"):
        regimen = load_regimen(name)
        assert count_paths(regimen) == len(paths_of(regimen, 10_000))


def test_weekdays_are_the_same_in_every_phase_and_from_any_start():
    regimen = load_regimen("salvage-hcg-rfsh")
    for start in (dt.date(2022, 2, 28), dt.date(2022, 3, 3)):
        items = plan(regimen, start).items
        days = {item.date.weekday() for item in items if item.kind == "injection"}
        assert days == {0, 2, 4}
    weekly = own(
        "phases:\n  hcg:\n    label: h\n    source: authors\n    locator: l\n    orders:\n"
        "      - {drug: hcg, dose_iu: 2000, route: im, interval_days: 7}\n"
        "  hcg-ufsh:\n    label: u\n    source: authors\n    locator: l\n    orders:\n"
        "      - {drug: ufsh, dose_iu: 75, route: im, interval_days: 14, offset_day: 7}\n"
        "      - {drug: hcg, dose_iu: 2000, route: im, interval_days: 14}\n"
    )
    doses = injections_of(weekly, ("hcg", "hcg-ufsh", "hcg-ufsh"))
    assert [dose.day for dose in doses] == list(range(0, 90, 7))
    assert [dose.drug for dose in doses[5:]] == ["ufsh", "hcg"] * 4


def test_an_oral_drug_is_planned_in_mg():
    made = plan_of_phases(load_regimen("clomiphene-first"), dt.date(2022, 3, 1), ["clomiphene"])
    first = next(item for item in made.items if item.injection)
    assert first.text == "Clomiphene citrate 50 mg by mouth"
    assert (made.totals.amount["clomiphene"], made.totals.packs["clomiphene"]) == (750.0, 30)


def test_a_decision_may_use_fsh_relative_to_its_value_before_therapy():
    regimen = load_regimen("clomiphene-first")
    given = {"month": 4, "previous_phase": "clomiphene-hcg"}
    assert decide(regimen, "phase", given | {"fsh_ratio": 1.49}).action == "clomiphene-hcg-hmg"
    assert decide(regimen, "phase", given | {"fsh_ratio": 1.5}).action == "clomiphene-hcg"


def test_visits_within_a_month_and_extended_files_are_read(tmp_path):
    folder = tmp_path / "regimens"
    folder.mkdir()
    visit = (
        "visits:\n  safety: {label: Safety, when: day 15 of each month, source: authors,"
        " locator: l, measure: [hematocrit_percent]}\n"
    )
    (folder / "base.yaml").write_text(f"id: base\nversion: 1.0.0\nextends: hcg-only\n{visit}")
    (folder / "own.yaml").write_text("id: own\nversion: 1.0.0\nextends: base.yaml\ntitle: Ours\n")
    regimen = load_regimen(str(folder / "own.yaml"))
    assert (regimen.id, regimen.title, regimen.origins["visits.safety"]) == ("own", "Ours", "base")
    days = [item.day for item in plan(regimen, dt.date(2022, 3, 1)).items if item.text == "Safety"]
    assert days == [15, 45, 75]
    (folder / "loop.yaml").write_text("id: loop\nversion: 1.0.0\nextends: loop.yaml\n")
    with pytest.raises(InputError, match="the files extend one another"):
        load_regimen(str(folder / "loop.yaml"))
