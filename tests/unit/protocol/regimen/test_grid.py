import itertools

import pytest

from protocol.regimen.conditions import parse_number_condition
from protocol.regimen.grid import Axis, fill, grid_of, shape_of, smallest_example, spoken

FSH = Axis("fsh_iu_l", "number", True, 0, 200, cuts=(0.7, 11.1))
MONTH = Axis("month", "integer", False, 1, 3, cuts=(2, 3))


def rules(*texts: str):
    return [{"fsh_iu_l": parse_number_condition(text, {})} for text in texts]


def test_thresholds_are_separate_cells():
    values = [0.0, 0.7, 0.71, 11.1, 200.0, None]
    assert [FSH.locate(value) for value in values] == [0, 1, 2, 3, 4, 5]
    assert [FSH.locate(example) for example in FSH.examples] == list(range(6))


def test_a_complete_and_disjoint_table_becomes_a_grid():
    table = rules("below 0.7 or above 11.1", "0.7 to 11.1", "missing")
    grid = grid_of([FSH], fill([FSH], table))
    assert grid.rules == (0, 1, 1, 1, 0, 2)
    assert grid.rule_at({"fsh_iu_l": 11.1}) == 1


def test_a_grid_refuses_a_gap():
    filled = fill([FSH], rules("below 0.7", "above 0.7"))
    with pytest.raises(ValueError, match="exactly one rule"):
        grid_of([FSH], filled)


def test_the_smallest_counterexample_names_only_relevant_inputs():
    axes = [MONTH, FSH]
    holes = [cell for cell in itertools.product(*map(range, shape_of(axes))) if cell[1] == 1]
    assert smallest_example(axes, holes) == {"fsh_iu_l": 0.7}
    assert spoken(smallest_example(axes, [(1, 5)])) == "month 2, fsh_iu_l missing"


def test_a_table_without_rules_is_refused_with_any_value_as_counterexample():
    axes = [MONTH, FSH]
    cells = itertools.product(*map(range, shape_of(axes)))
    assert spoken(smallest_example(axes, cells)) == "any value"


def test_examples_lie_inside_narrow_cells():
    axis = Axis("x", "number", False, 0, 1, cuts=(0.5, 0.5000001))
    assert [axis.locate(example) for example in axis.examples] == [0, 1, 2, 3, 4]
