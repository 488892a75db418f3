import numpy as np
import pytest

from protocol.errors import InputError
from protocol.regimen.load import load_regimen
from simulate.cohort.draw import draw_cohort
from simulate.hormones.decision_lookup import answers, dose_calendar, lookup
from simulate.scenario.load import load_scenario

GUIDED = load_regimen("fsh-guided")
PHASE = GUIDED.tables["phase"]


def fired(**columns):
    return [PHASE.rules[i].id for i in np.ravel(lookup(PHASE.proved, columns))]


def test_missing_values_and_both_ends_of_a_range_are_found():
    fsh = [0.69, 0.7, 11.1, 11.11, np.nan]
    assert fired(month=2, previous_phase=1, fsh_iu_l=fsh) == ["P3", "P2", "P2", "P3", "P6"]


def test_columns_broadcast():
    months = np.array([[2], [3], [4]])
    rules = lookup(PHASE.proved, {"month": months, "previous_phase": [1, 2], "fsh_iu_l": 5.0})
    assert rules.shape == (3, 2)


def test_a_missing_phase_is_minus_one_or_nan():
    assert fired(month=2, previous_phase=-1, fsh_iu_l=5.0) == ["P2"]
    assert fired(month=2, previous_phase=np.nan, fsh_iu_l=5.0) == ["P2"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"month": 2, "previous_phase": 1}, "fsh_iu_l: it is missing"),
        ({"month": 2, "previous_phase": 1, "fsh_iu_l": -0.1}, "fsh_iu_l: -0.1 is not allowed"),
        ({"month": 13, "previous_phase": 1, "fsh_iu_l": 1.0}, "give whole numbers from 1 to 12"),
        ({"month": 1.5, "previous_phase": 1, "fsh_iu_l": 1.0}, "month: 1.5 is not allowed"),
        ({"month": np.nan, "previous_phase": 1, "fsh_iu_l": 1.0}, "month: nan is not allowed"),
        ({"month": 2, "previous_phase": 9, "fsh_iu_l": 1.0}, "give codes 0 to 3 (none, hcg"),
        ({"month": 2, "previous_phase": ["hcg"], "fsh_iu_l": 1.0}, "give numbers, enums as codes"),
    ],
)
def test_an_invalid_column_is_refused(columns, message):
    with pytest.raises(InputError) as caught:
        lookup(PHASE.proved, columns)
    assert message in str(caught.value)


def test_a_missing_value_of_a_required_state_is_refused():
    grid = GUIDED.tables["eligibility"].proved
    assert lookup(grid, {"criteria": [0, 1, 2]}).tolist() == [0, 1, 2]
    for absent in (-1, np.nan):
        with pytest.raises(InputError, match=r"criteria: (-1|nan) is not allowed"):
            lookup(grid, {"criteria": absent})


def test_an_empty_table_of_patients_is_looked_up():
    assert fired(month=2, previous_phase=1, fsh_iu_l=np.zeros(0)) == []


def test_rules_lead_to_phases_and_rules_without_answer_to_minus_one():
    codes = answers(PHASE, [phase.name for phase in GUIDED.phases])
    by_rule = {rule.id: code for rule, code in zip(PHASE.rules, codes, strict=True)}
    assert by_rule == {
        "P1": 0,
        "P2": 1,
        "P3": 0,
        "P4": 0,
        "P5": 1,
        "P6": -1,
        "P7": -1,
        "P8": -1,
        "P9": 2,
        "P10": -1,
        "P11": -1,
        "P12": -1,
    }


def test_month_one_is_thirty_thousand_units_of_hcg():
    doses = dose_calendar(GUIDED)
    assert doses.shape == (3, 3, 3, 2, 30)
    assert doses[0, 0, 0].sum(axis=-1).tolist() == [30000, 0]


def test_alternation_continues_over_the_end_of_a_month():
    doses = dose_calendar(GUIDED)[1, 0]
    both = (doses > 0).swapaxes(0, 1).reshape(2, -1)
    assert np.flatnonzero(both[1])[:3].tolist() == [0, 4, 8]
    assert np.flatnonzero(both[0])[:3].tolist() == [2, 6, 10]
    assert np.flatnonzero(both.any(axis=0))[:60].tolist() == list(range(0, 90, 2))
    assert not both.all(axis=0).any()
    assert doses[:2].sum(axis=(0, 2)).tolist() == [15 * 2000, 15 * 150]


def test_three_times_a_week_is_days_0_2_and_4():
    regimen = load_regimen("ufsh-only")
    doses = dose_calendar(regimen)[regimen.phase("ufsh").code, 0]
    assert np.flatnonzero(doses[0, 0])[:6].tolist() == [0, 2, 4, 7, 9, 11]
    assert doses.sum() == 39 * 150


def test_nothing_is_injected_after_therapy():
    for name in ("fsh-guided", "hcg-only", "ufsh-only", "no-therapy"):
        regimen = load_regimen(name)
        assert dose_calendar(regimen)[regimen.phase("stopped").code].sum() == 0


@pytest.mark.parametrize("name", ["clomiphene-first", "salvage-hcg-rfsh"])
def test_a_regimen_beyond_the_simulation_is_refused_in_words(name):
    scenario = load_scenario("paper")
    arms = {
        **scenario.arms,
        "treated": scenario.arms["treated"].model_copy(update={"regimen": name}),
    }
    with pytest.raises(InputError, match=f"{name}: (months|drugs)"):
        draw_cohort(scenario.model_copy(update={"arms": arms}), seed=1, replicates=1, patients=5)
