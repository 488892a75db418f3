"""Any option value gives a result or a clear error, never a traceback; JSON is always strict.

Each example replaces one or two parameters of a valid call by hostile values. The default
profile draws few; ``HYPOTHESIS_PROFILE=search`` draws twenty times as many.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.command_lines import (
    HOSTILE,
    NOT_TRIED,
    VALID,
    answer,
    command_of,
    corrupted,
    folder_of_files,
    names,
    parameters_of,
)
from tests.support.output.without_figures import skip_figures

#: Examples in the default profile: fewer for commands that simulate a study for each.
EXAMPLES = {
    "analyse": 8, "boundaries": 20, "calibrate": 3, "clinic": 4, "picture": 4, "power": 6,
    "recover": 4, "report": 3, "reproduce": 3, "simulate": 10, "truth": 5,
}  # fmt: skip
USUAL = 15
FACTOR = settings.default.max_examples / 50 if settings.default else 1


#: Commands whose options take no value.
NO_VALUES = {"design list", "regimen list"}


def few(name: str) -> int:
    return max(1, round(EXAMPLES.get(name, USUAL) * FACTOR))


def test_every_command_has_a_valid_call():
    assert set(names()) == set(VALID)


@pytest.mark.parametrize("name", sorted(set(VALID) - NO_VALUES))
def test_a_hostile_value_gives_a_result_or_a_clear_error(name, monkeypatch):
    skip_figures(monkeypatch)
    every = parameters_of(name)
    parameters = [each for each in every if not getattr(each, "is_flag", False)]
    has_json = any("--json" in each.opts for each in every)

    @settings(max_examples=few(name), suppress_health_check=[HealthCheck.too_slow])
    @given(data=st.data())
    def search(data):
        parameter = data.draw(st.sampled_from(parameters))
        words = list(corrupted(name, parameter, data.draw(st.sampled_from(HOSTILE))))
        if has_json and data.draw(st.booleans()):
            words.append("--json")
        with folder_of_files(name):
            found = answer(*name.split(), *words)
        assert list(found.faults()) == [], found

    search()


@pytest.mark.parametrize("name", ["analyse", "audit", "boundaries", "decide", "schedule"])
def test_the_valid_call_succeeds_with_strict_json(name):
    with folder_of_files():
        found = answer(*name.split(), *VALID[name], "--json")
    assert found.code == 0
    assert list(found.faults()) == []


@pytest.mark.parametrize("name", sorted(VALID))
def test_every_number_is_finite(name):
    for parameter in command_of(name).params:
        if parameter.name in NOT_TRIED or getattr(parameter, "is_flag", False):
            continue
        if parameter.type.name in ("float", "float range"):
            for value in ("nan", "inf", "-inf", "1e999", "1_000"):
                words = corrupted(name, parameter, value)
                with folder_of_files():
                    found = answer(*name.split(), *words)
                assert found.code == 2
                assert "number" in found.err


@pytest.mark.parametrize("name", sorted(VALID))
def test_a_seed_fits_63_bits(name):
    if any("--seed" in each.opts for each in command_of(name).params):
        with folder_of_files():
            found = answer(*name.split(), *VALID[name], "--seed", str(2**63))
        assert found.code == 2
        assert "--seed" in found.err
