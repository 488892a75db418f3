import pickle

import pytest

from protocol.bedside.decide import decide
from protocol.errors import InputError
from protocol.regimen.load import list_regimens, load_regimen

GUIDED = load_regimen("fsh-guided")


def phase(name: str = "fsh-guided", **given):
    return decide(load_regimen(name), "phase", given)


def test_every_shipped_regimen_is_proved():
    assert len(list_regimens()) == 10
    for name in list_regimens():
        regimen = load_regimen(name)
        assert regimen.id == name
        assert all(table.grid for key, table in regimen.tables.items() if key != "flags")


@pytest.mark.parametrize(
    ("fsh", "then", "rule"),
    [(0.69, "hcg", "P3"), (0.7, "hcg-ufsh", "P2"), (11.1, "hcg-ufsh", "P2"), (11.11, "hcg", "P3")],
)
@pytest.mark.parametrize("month", [2, 3])
def test_the_normal_range_is_closed_at_both_ends(fsh, then, rule, month):
    decision = phase(month=month, previous_phase="hcg", fsh_iu_l=fsh)
    assert (decision.outcome, decision.action, decision.rule_id) == ("recommendation", then, rule)


def test_combination_therapy_continues_whatever_the_fsh():
    assert phase(month=3, previous_phase="hcg-ufsh", fsh_iu_l=30).action == "hcg-ufsh"
    assert phase(month=3, previous_phase="hcg-ufsh").action == "hcg-ufsh"


def test_a_missing_fsh_is_requested():
    decision = phase(month=2, previous_phase="hcg")
    assert (decision.outcome, decision.action, decision.orders) == ("insufficient data", None, ())
    assert decision.missing_inputs == ("fsh_iu_l",)


def test_the_four_outcomes_are_distinct():
    assert phase(month=1).outcome == "recommendation"
    assert phase(month=4, previous_phase="hcg").outcome == "no action required"
    assert phase(month=2).outcome == "insufficient data"
    assert phase(month=1, previous_phase="hcg").outcome == "out of scope"


def test_the_boundary_and_the_smallest_change_are_named():
    decision = phase(month=2, previous_phase="hcg", fsh_iu_l=11.3)
    assert decision.boundary is not None
    assert (decision.boundary.limit, decision.boundary.distance) == (11.1, 0.2)
    assert decision.nearest_change is not None
    assert (
        decision.nearest_change.input,
        decision.nearest_change.to,
        decision.nearest_change.action,
    ) == (
        "fsh_iu_l",
        "at most 11.1",
        "hcg-ufsh",
    )
    on_the_edge = phase(month=2, previous_phase="hcg", fsh_iu_l=11.1)
    assert on_the_edge.boundary is not None
    assert on_the_edge.boundary.distance == 0
    assert on_the_edge.nearest_change is not None
    assert on_the_edge.nearest_change.to == "above 11.1"


def test_no_change_alters_the_recommendation_of_month_1():
    decision = phase(month=1, fsh_iu_l=5)
    assert (decision.boundary, decision.nearest_change) == (None, None)


def test_rejected_rules_name_the_failed_condition():
    decision = phase(month=2, previous_phase="hcg", fsh_iu_l=11.3)
    failed = {rule.rule_id: rule.failed for rule in decision.rules_not_met}
    assert failed["P2"] == ("fsh_iu_l is 11.3, not 0.7 to 11.1",)
    assert decision.rule_id not in failed
    assert all(failed.values())


def test_the_semen_analysis_decides_between_surgery_and_ejaculated_sperm():
    made = [
        decide(GUIDED, "end-of-therapy", {"semen": s}).action for s in ("sperm", "no sperm", None)
    ]
    assert made == ["icsi-ejaculated", "micro-tese", None]


def test_readings_of_the_protocol_differ_only_where_declared():
    low = {"month": 2, "previous_phase": "hcg", "fsh_iu_l": 0.5}
    high_again = {"month": 3, "previous_phase": "hcg", "fsh_iu_l": 20}
    assert phase(**low).action == "hcg"
    assert phase("fsh-guided-suppressed-adds-fsh", **low).action == "hcg-ufsh"
    assert phase(**high_again).action == "hcg"
    assert phase("fsh-guided-one-more-month", **high_again).action == "stopped"
    each = phase("fsh-guided-each-drug-every-second-day", month=2, previous_phase="hcg", fsh_iu_l=5)
    assert {order.interval_days for order in each.orders} == {2}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"month": 0}, "month: 0 is outside the plausible range; give a whole number from 1 to 12"),
        ({"month": 1.5}, "month: 1.5 is not whole"),
        ({}, "month: it is missing; give it"),
        ({"month": 2, "fsh_iu_l": -1}, "fsh_iu_l: -1 is outside the plausible range"),
        ({"month": 2, "fsh_iu_l": 201}, "give a number from 0 to 200"),
        ({"month": 2, "fsh_iu_l": float("nan")}, "fsh_iu_l: nan is not a number"),
        ({"month": 2, "fsh_iu_l": "high"}, "fsh_iu_l: 'high' is not a number"),
        ({"month": 2, "fsh_iu_l": 10**400}, "fsh_iu_l: a whole number of about 401 digits is not"),
        ({"month": 2, "previous_phase": "HCG"}, "give one of: none, hcg, hcg-ufsh, stopped"),
        (
            {"month": 2, "fsh": 5},
            "fsh: it is not an input of this table; inputs: month, previous_phase",
        ),
    ],
)
def test_impossible_values_are_refused_with_the_reason(given, message):
    with pytest.raises(InputError) as caught:
        phase(**given)
    assert message in str(caught.value)


def test_a_clinic_may_set_its_own_limit_and_the_hash_shows_it():
    wider = load_regimen("fsh-guided", {"fsh_high": 12.0})
    given = {"month": 2, "previous_phase": "hcg", "fsh_iu_l": 11.5}
    assert decide(wider, "phase", given).action == "hcg-ufsh"
    assert wider.sha256 != GUIDED.sha256
    with pytest.raises(InputError, match="there is no such parameter"):
        load_regimen("fsh-guided", {"fsh_hihg": 12.0})


def test_an_unknown_regimen_lists_the_shipped_ones():
    with pytest.raises(InputError, match="take one of clomiphene-first, fsh-guided"):
        load_regimen("fsh-guide")


def test_a_regimen_can_be_sent_to_worker_processes():
    there_and_back = pickle.loads(pickle.dumps(GUIDED))
    assert there_and_back.sha256 == GUIDED.sha256
    given = {"month": 2, "previous_phase": "hcg", "fsh_iu_l": 11.1}
    assert decide(there_and_back, "phase", given) == decide(GUIDED, "phase", given)


def test_a_table_that_collects_has_no_grid():
    with pytest.raises(TypeError, match="the table flags collects"):
        GUIDED.tables["flags"].proved  # noqa: B018  looking is enough to fail


def test_a_file_is_read_again_when_it_has_changed(tmp_path):
    path = tmp_path / "mine.yaml"
    for title in ("one", "two"):
        path.write_text(f"id: mine\nversion: 1.0.0\nextends: fsh-guided\ntitle: {title}\n")
        assert load_regimen(path).title == title
