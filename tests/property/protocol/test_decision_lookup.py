"""The explanation of one recommendation and the simulation of cohorts use the same table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.bedside.decide import decide
from protocol.regimen.load import list_regimens, load_regimen
from simulate.hormones.decision_lookup import lookup

BOUNDARIES = [0.0, 0.7, 11.1, 200.0, np.nextafter(0.7, 0), np.nextafter(11.1, 12), np.nan]


def draw(axis, size, rng):
    if axis.kind == "number":
        values = rng.uniform(axis.low, 15, size)
        edge = rng.random(size) < 0.3
        return np.where(edge, rng.choice(BOUNDARIES, size), values)
    if axis.kind == "integer":
        return rng.integers(int(axis.low), int(axis.high) + 1, size)
    return rng.integers(-1, len(axis.values), size)


def scalar(axis, code):
    if np.isnan(code) or (axis.kind == "enum" and code == -1):
        return None
    return axis.values[int(code)] if axis.kind == "enum" else float(code)


@pytest.mark.parametrize("name", list_regimens())
def test_scalar_and_array_lookup_agree_on_a_hundred_thousand_patients(name):
    rng = np.random.default_rng(20220101)
    grid = load_regimen(name).tables["phase"].proved
    columns = {axis.name: draw(axis, 100_000, rng) for axis in grid.axes}
    fired = lookup(grid, columns)
    for patient in range(100_000):
        values = {axis.name: scalar(axis, columns[axis.name][patient]) for axis in grid.axes}
        assert grid.rule_at(values) == fired[patient]


@given(
    month=st.integers(1, 12),
    before=st.sampled_from([None, "none", "hcg", "hcg-ufsh", "stopped"]),
    fsh=st.none() | st.floats(0, 200) | st.sampled_from([0.7, 11.1]),
)
def test_decide_gives_the_rule_that_lookup_finds(month, before, fsh):
    regimen = load_regimen("fsh-guided")
    table = regimen.tables["phase"]
    values = regimen.inputs["previous_phase"].values
    columns = {
        "month": month,
        "previous_phase": -1 if before is None else values.index(before),
        "fsh_iu_l": np.nan if fsh is None else fsh,
    }
    decision = decide(regimen, "phase", {"month": month, "previous_phase": before, "fsh_iu_l": fsh})
    assert table.rules[int(lookup(table.proved, columns))].id == decision.rule_id
