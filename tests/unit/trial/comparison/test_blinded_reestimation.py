"""A blinded re-estimation chooses the size from all events, and keeps the level of one test."""

import numpy as np
import pytest
import yaml
from scipy.stats import binom

import pretese as pt
from estimate.comparison.risk_difference import score_z
from pretese.trial.design.design_reader import parse_design
from pretese.trial.report.design_words import described
from pretese.trial.simulation.engine import simulate_design
from pretese.trial.simulation.reestimation import blinded_size, largest
from protocol.errors import InputError

FILE = """
id: blinded
title: Blinded re-estimation
question: How many participants?
participants: 80
risks: {control_percent: 20, treated_percent: 45}
randomisation: {method: blocks, block_sizes: [2]}
sites:
  - {name: one, from_month: [0], recruitment_per_year: [120]}
endpoint: {variable: any_sperm, endpoint_month: 4}
monitoring:
  analyses_percent: [50, 100]
  alpha_percent: 2.5
  sides: 1
  reestimation: {at_analysis: 1, blinded: true, min_percent: 50, max_percent: 200OPTIONS}
"""


def design_of(options="", text=FILE):
    return parse_design(text.replace("OPTIONS", options), "blinded.yaml")


def test_the_size_is_that_of_a_hand_computation():
    # 7 of 40: risks of 5 and 30 %; variances 0.5775 of no effect, 0.515 of the assumed one
    root = (1.959964 * np.sqrt(0.5775) + 1.281552 * np.sqrt(0.515)) / 0.25
    assert root**2 == pytest.approx(92.9, abs=0.1)
    sizes = blinded_size(design_of(), 80, [0, 0, 7, 20], [0, 40, 40, 40])
    assert sizes.tolist() == [80, 60, 94, 120]  # none known; the least; whole blocks; the most
    assert largest(design_of(), 80) == 120
    assert blinded_size(design_of(), 80, 4, 20) == blinded_size(design_of(), 80, 8, 40)


def exact_rejection(design, p1, p0):
    """Return the exact probability of rejection by both stages' counts."""
    total = 0.0
    for x1 in range(21):
        for x0 in range(21):
            here = binom.pmf(x1, 20, p1) * binom.pmf(x0, 20, p0)
            later = (int(blinded_size(design, 80, x1 + x0, 40)) - 40) // 2
            y1, y0 = np.meshgrid(np.arange(later + 1), np.arange(later + 1), indexing="ij")
            n = 20 + later
            with np.errstate(invalid="ignore"):
                z = np.nan_to_num(score_z(x1 + y1, n, x0 + y0, n))
            chance = binom.pmf(y1, later, p1) * binom.pmf(y0, later, p0)
            total += here * chance[z >= 1.959963984540054].sum()
    return total


@pytest.mark.parametrize("effect", [0.0, 1.0])
def test_simulated_rejections_are_those_of_an_enumeration(effect):
    design = design_of()
    found = simulate_design(design, None, [(80, effect)], seed=4, replicates=3000)[80, effect]
    p0 = 0.20
    exact = exact_rejection(design, p0 + 0.25 * effect, p0)
    error = np.sqrt(exact * (1 - exact) / 3000)
    assert found.rejected.mean() == pytest.approx(exact, abs=4 * error)
    assert set(found.analysis) == {2.0}  # no arms are compared before
    assert set(found.final_size) <= set(range(60, 121, 2))


def test_the_exact_type_i_error_is_that_of_a_fixed_size():
    worst = max(exact_rejection(design_of(), p, p) for p in (0.2, 0.35, 0.5))
    assert 0.015 < worst < 0.029  # discrete counts: the fixed test has up to 2.9 %


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("OPTIONS", ", assume: observed", "observes no effect"),
        ("OPTIONS", ", combination: naive", "combines no stages"),
        ("[50, 100]", "[30, 60, 100]", "one test at the end"),
        ("  sides: 1", "  sides: 1\n  futility: OF", "one test at the end"),
    ],
)
def test_what_a_blinded_rule_cannot_mean_is_refused(old, new, message):
    with pytest.raises(InputError, match=message):
        design_of(text=FILE.replace(old, new))


def test_the_report_states_it_and_no_arms_are_monitored():
    words = dict(described(design_of()))
    assert any("from the events of both arms together" in each for each in words.values())
    trial = pt.design(yaml.safe_load(FILE.replace("OPTIONS", "")))
    with pytest.raises(InputError, match="compares no arms before the end"):
        trial.monitor([{"control_events": 4, "control_participants": 20,
                        "treated_events": 9, "treated_participants": 20}])  # fmt: skip
    assert trial.blinded_size(7, 40) == 94
    with pytest.raises(InputError, match="41 events of 40"):
        trial.blinded_size(41, 40)
    with pytest.raises(InputError, match="no blinded re-estimation"):
        pt.design("re-estimation").blinded_size(3, 40)
