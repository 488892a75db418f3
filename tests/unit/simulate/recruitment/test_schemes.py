"""The registry of randomisation schemes: designs, conduct and reports read one list."""

from pathlib import Path

import numpy as np
import pytest

from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.design.design_file import DesignFile
from pretese.trial.report.design_words import described
from protocol.errors import InputError
from protocol.reading.documents import validate
from simulate.recruitment.schemes import SCHEMES, Arrivals, Scheme, joint_strata

RNG = np.random.default_rng(3)
SHAPE = (40, 96)
FACTORS = ((RNG.integers(0, 3, SHAPE), 3), (RNG.integers(0, 2, SHAPE), 2))


def arrivals(scheme, **changes):
    factors = FACTORS if scheme.factors else ()
    return Arrivals(
        **({"uniform": RNG.random(SHAPE), "size_uniform": None, "allocation": (1, 2)} | changes),
        factors=factors,
    )


def design(**randomisation):
    message = {
        "id": "one", "title": "t", "question": "q", "participants": 120, "scenario": "rct-two-arm",
        "randomisation": randomisation,
        "sites": [
            {"name": "one", "from_month": [0], "recruitment_per_year": [60]},
            {"name": "two", "from_month": [0], "recruitment_per_year": [30]},
        ],
        "endpoint": {"endpoint_month": 4},
    }  # fmt: skip
    return validate(message, DesignFile, "design")


@pytest.mark.parametrize("name", SCHEMES)
def test_every_scheme_keeps_the_allocation(name):
    arms = SCHEMES[name].assign(arrivals(SCHEMES[name]))
    assert arms.shape == SHAPE
    assert abs(arms.mean() - 2 / 3) < 4 * np.sqrt(2 / 9 / arms.size)


def test_blocks_within_strata_balance_each_combination_of_the_factors():
    arms = SCHEMES["stratified"].assign(arrivals(SCHEMES["stratified"], allocation=(1, 1)))
    place, count = joint_strata(FACTORS, SHAPE)
    assert count == 6
    for stratum in range(count):
        here = place == stratum
        off = np.abs((here & (arms == 1)).sum(1) - (here & (arms == 0)).sum(1))
        assert off.max() <= 2  # half of a block of 4


@pytest.mark.parametrize("name", SCHEMES)
def test_every_scheme_runs_in_a_trial_and_is_named_in_its_report(name):
    by = {"by": ["site", "diagnosis"]} if SCHEMES[name].factors else {}
    plan = design(method=name, **by)
    trials = draw_trials(plan, scenario_of(plan), 2, 120, 3)
    assert set(np.unique(trials.arm)) == {0, 1}
    words = dict(described(plan))["Randomisation"]
    assert words.startswith(name)
    assert ("blocks of 4" in words) == (SCHEMES[name].blocks is not None)
    page = Path(__file__).parents[4] / "docs" / "reference" / "design-file.md"
    assert f"`{name}`" in page.read_text()


def test_an_unknown_scheme_is_refused_with_the_list():
    with pytest.raises(InputError, match="choose from simple, blocks, stratified, minimisation"):
        design(method="coin")


def test_a_new_scheme_is_one_entry_of_the_registry(monkeypatch):
    """Register alternation; a design may name it, and trials are run by it."""
    turn = Scheme("in-turn", lambda given: np.broadcast_to(
        np.arange(given.uniform.shape[-1]) % 2, given.uniform.shape
    ))  # fmt: skip
    monkeypatch.setitem(SCHEMES, turn.name, turn)
    plan = design(method="in-turn")
    assert (draw_trials(plan, scenario_of(plan), 2, 120, 1).arm[0, :4] == [0, 1, 0, 1]).all()
