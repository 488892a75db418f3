"""Thresholds of a design file: met, not met, or inconclusive given Monte Carlo error."""

import numpy as np
import pytest

from pretese.trial.design.decision_rule import DecisionRule
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.power.decision_verdict import decision_words, verdict_document
from pretese.trial.power.runner import simulation_record, trial_job
from protocol.errors import InputError
from protocol.reading.documents import validate


def share(value, n=10_000):
    return {"value": value, "mcse": (value * (1 - value) / n) ** 0.5, "n": n}


def study(
    power=0.85,
    level=0.05,
    participants=None,
    months=None,
    cells=None,
    family=None,
    assured=None,
    wrong=0.0,
):
    def point(effect, rejection):
        return {
            "participants": 200,
            "effect_percent": effect,
            "measures": {
                "rejection": rejection,
                "wrong_direction": share(wrong),
                "recruited": participants or {"value": 180.0, "mcse": 0.5, "n": 10_000},
                "duration_months": months or {"value": 30.0, "mcse": 0.1, "n": 10_000},
            },
            "family": family,
        }

    return {
        "points": [point(0.0, share(level)), point(100.0, share(power))],
        "sample_size_search": None,
        "sensitivity": None if cells is None else {"cells": cells, "worst": {}},
        "assurance": [] if assured is None else [{"participants": 200, **assured}],
    }


def decide(document, **thresholds):
    return verdict_document(DecisionRule(**thresholds), document)


@pytest.mark.parametrize(
    ("power", "verdict", "overall"),
    [
        # 10,000 trials: the interval reaches about 0.8 points to either side of 80 %.
        (0.81, "met", "go"),
        (0.807, "inconclusive", "inconclusive"),
        (0.80, "inconclusive", "inconclusive"),
        (0.793, "inconclusive", "inconclusive"),
        (0.79, "not met", "no-go"),
    ],
)
def test_power_is_compared_with_its_threshold_given_monte_carlo_error(power, verdict, overall):
    found = decide(study(power=power), min_power_percent=80)
    (part,) = found["parts"]
    assert (part["verdict"], found["verdict"], found["participants"]) == (verdict, overall, 200)
    assert (part["threshold"], part["value"], part["n"]) == (0.8, power, 10_000)
    assert part["low"] == pytest.approx(power - 1.96 * part["mcse"], abs=2e-4)
    assert part["high"] == pytest.approx(power + 1.96 * part["mcse"], abs=2e-4)


@pytest.mark.parametrize(
    ("level", "verdict"), [(0.05, "met"), (0.0545, "inconclusive"), (0.061, "not met")]
)
def test_a_type_i_error_must_be_below_its_threshold(level, verdict):
    (part,) = decide(study(level=level), max_type_i_error_percent=5.5)["parts"]
    assert (part["verdict"], part["at"]) == (verdict, "no effect")


def test_the_type_i_error_is_the_maximum_of_plan_cells_and_family():
    def cell(dropout, power, level):
        return {"at": {"dropout": dropout}, "power": share(power), "type_one_error": share(level)}

    cells = [cell(0, 0.85, 0.049), cell(20, 0.78, 0.07)]
    parts = {"max_type_i_error_percent": 5.5, "min_worst_case_power_percent": 75}
    found = decide(study(cells=cells), **parts)
    power, level = found["parts"]
    assert (power["value"], power["at"], power["verdict"]) == (0.78, "dropout 20", "met")
    assert (level["value"], level["at"], level["verdict"]) == (
        0.07,
        "no effect, dropout 20",
        "not met",
    )
    errors = [{"nulls": ["birth"], **share(0.09)}]
    family = {"method": "holm", "errors": errors}
    (level,) = decide(study(cells=cells, family=family), max_type_i_error_percent=5.5)["parts"]
    assert (level["value"], level["at"]) == (0.09, "no effect on birth")
    # Without a shared alpha the family-wise error is not controlled, and not part of the rule.
    alone = {"method": "none", "errors": errors}
    (level,) = decide(study(family=alone), max_type_i_error_percent=5.5)["parts"]
    assert level["at"] == "no effect"


def test_means_are_compared_with_limits_and_a_fixed_number_may_equal_its_limit():
    fixed = {"value": 200.0, "mcse": 0.0, "n": 10_000}
    for limit, verdict in ((200, "met"), (199, "not met"), (201, "met")):
        (part,) = decide(study(participants=fixed), max_expected_participants=limit)["parts"]
        assert part["verdict"] == verdict
    for limit, verdict in ((30.1, "inconclusive"), (30.25, "met"), (29.75, "not met")):
        (part,) = decide(study(), max_duration_months=limit)["parts"]
        assert part["verdict"] == verdict
        assert (part["low"], part["high"]) == pytest.approx((29.804, 30.196), abs=1e-3)


def test_all_trials_rejecting_do_not_make_a_power_of_exactly_one():
    few = study(power=1.0)
    few["points"][1]["measures"]["rejection"] = share(1.0, 20)
    (part,) = decide(few, min_power_percent=90)["parts"]
    # Wilson: n / (n + z^2) = 20 / 23.84.
    assert part["low"] == pytest.approx(20 / (20 + 1.959964**2), abs=1e-6)
    assert part["verdict"] == "inconclusive"
    assert part["replicates_to_settle"] == 35  # 0.9 x 0.1 x (1.96 / 0.1)^2 = 34.6


def test_the_proposed_number_of_replicates_settles_the_verdict():
    (part,) = decide(study(power=0.807), min_power_percent=80)["parts"]
    assert part["replicates_to_settle"] == pytest.approx(0.8 * 0.2 * (1.96 / 0.007) ** 2, rel=1e-3)
    for scale, verdict in ((1.02, "go"), (0.98, "inconclusive")):
        more = study()
        count = int(scale * part["replicates_to_settle"])
        more["points"][1]["measures"]["rejection"] = share(0.807, count)
        assert decide(more, min_power_percent=80)["verdict"] == verdict
    assert decision_words(decide(study(power=0.807), min_power_percent=80)) == (
        "Decision: inconclusive. Power: inconclusive; about 12,544 replicates would settle it "
        "at the "
        "current estimate."
    )
    (part,) = decide(study(power=0.80001), min_power_percent=80)["parts"]
    assert part["replicates_to_settle"] is None  # about 10^9 replicates


def test_one_threshold_not_met_makes_the_decision_no_go():
    thresholds = {
        "min_power_percent": 80,
        "max_duration_months": 30,
        "max_expected_participants": 100,
    }
    found = decide(study(), **thresholds)
    assert [part["verdict"] for part in found["parts"]] == ["met", "not met", "inconclusive"]
    assert found["verdict"] == "no-go"
    assert decision_words(found) == (
        "Decision: no-go. Expected participants: not met; 95 % interval 179.0 to 181.0, maximum "
        "100.0. Expected duration, months: inconclusive; more replicates may not settle it."
    )


def test_rejection_in_favour_of_control_does_not_count_as_power():
    (part,) = decide(study(power=0.9, wrong=0.6), min_power_percent=80)["parts"]
    assert (part["value"], part["verdict"]) == (pytest.approx(0.3), "not met")
    assert part["mcse"] == pytest.approx((0.3 * 0.7 / 10_000) ** 0.5)


def test_a_measure_that_was_not_simulated_is_inconclusive():
    found = decide(study(), min_worst_case_power_percent=70)
    (part,) = found["parts"]
    assert (part["verdict"], part["at"], part["value"]) == ("inconclusive", "not simulated", None)
    assert decision_words(found) == "Decision: inconclusive. Worst-case power: not simulated."
    assured = {"value": 0.5, "mcse": 0.005, "n": 10_000}
    (part,) = decide(study(assured=assured), min_assurance_percent=45)["parts"]
    assert (part["verdict"], part["at"]) == ("met", "prior")
    assert verdict_document(None, study()) is None


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        ({}, "give at least one of min_power_percent"),
        ({"min_power_percent": 120}, "less than 100"),
        ({"max_type_i_error_percent": 0}, "greater than"),
        ({"max_duration_months": -3}, "greater than"),
        ({"power": 80}, "allowed here"),
        ({"max_type_i_error_percent": "low"}, "write a number"),
        ({"min_assurance_percent": 40}, "assurance needs a prior"),
    ],
)
def test_an_invalid_decision_rule_is_bad_input(decision, message):
    plain = read_design("three-analyses")[0].model_dump(exclude_defaults=True)
    with pytest.raises(InputError, match=message):
        validate({**plain, "decision": decision}, DesignFile, "test")


def test_a_decision_rule_does_not_change_the_simulation():
    design = read_design("re-estimation")[0]
    with_one = design.model_copy(update={"decision": DecisionRule(min_power_percent=80)})
    assert simulation_record(with_one, None) == simulation_record(design, None)
    points = [(360, 0.0)]
    assert trial_job(with_one, None, points, 1).spec == trial_job(design, None, points, 1).spec
    assert np.isclose(
        read_design("superiority-any-sperm")[0].decision.max_type_i_error_percent, 5.5
    )
