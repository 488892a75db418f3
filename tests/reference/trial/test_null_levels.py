"""The shipped minimised design controls the type I error; an unadjusted analysis is conservative.

`docs/explanation/exact-power.md` shows how to run this with 100,000 trials.
"""

import numpy as np
import pytest

from estimate.performance.measures import proportion_mcse
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.design_reader import read_design
from pretese.trial.simulation.engine import simulate_design

PARTICIPANTS, TRIALS = 300, 500


@pytest.fixture(scope="module")
def statistics():
    """Return the statistics of the same trials, with and without the balanced factors."""
    design = read_design("minimisation-eight-sites")[0]
    scenario, found = scenario_of(design), {}
    analyses = {"planned": {}, "unadjusted": {"analysis": {"method": "unadjusted"}}}
    for name, change in analyses.items():
        other = type(design).model_validate({**design.model_dump(mode="json"), **change})
        point = (PARTICIPANTS, 0.0)
        out = simulate_design(other, scenario, [point], seed=5, replicates=TRIALS)
        found[name] = out[point].z
    return found


def test_the_planned_analysis_controls_the_type_i_error(statistics):
    level = (np.abs(statistics["planned"]) > 1.959964).mean()
    assert abs(level - 0.05) < 3 * proportion_mcse(0.05, TRIALS)
    assert statistics["planned"].std(ddof=1) == pytest.approx(1, abs=3.3 / np.sqrt(2 * TRIALS))


def test_an_analysis_that_ignores_balanced_factors_is_conservative(statistics):
    """In the same trials its statistic varies less than a standard normal one."""
    planned, plain = statistics["planned"], statistics["unadjusted"]
    assert np.corrcoef(planned, plain)[0, 1] > 0.8
    assert plain.std(ddof=1) < 0.985 * planned.std(ddof=1)
    assert (np.abs(plain) > 1.959964).mean() <= (np.abs(planned) > 1.959964).mean()
