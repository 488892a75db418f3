"""The p-value of a trial is below 0.05 if and only if its interval excludes no effect."""

import numpy as np
import pytest

from estimate.core.result import RATIOS
from estimate.methods.registry import METHODS
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.design.design_reader import parse_design
from pretese.trial.simulation.arm_comparison import analyse_trials

TRIALS, SIZE = 300, 44

FILE = """
id: small
title: Small trials
question: Do p-value and interval agree?
participants: 44
scenario: rct-two-arm
sites:
  - {name: a, from_month: [0], recruitment_per_year: [60]}
  - {name: b, from_month: [0], recruitment_per_year: [60]}
  - {name: c, from_month: [0], recruitment_per_year: [60]}
endpoint: {variable: VARIABLE, endpoint_month: 4}
analysis: {ANALYSIS}
"""
ADJUSTED = "covariates: [age_years], strata: [site]"
PROPORTIONS = (
    "method: unadjusted",
    "method: risk-ratio",
    "method: fisher",
    "method: fisher-mid-p",
    "method: barnard",
    "method: boschloo",
    "method: mantel-haenszel, strata: [site]",
    f"method: g-computation-randomised, {ADJUSTED}",
    f"method: g-computation-randomised, scale: risk ratio, {ADJUSTED}",
    f"method: g-computation-randomised, scale: odds ratio, {ADJUSTED}",
    f"method: g-computation-randomised, test: wald, {ADJUSTED}",
    f"method: logistic, {ADJUSTED}",
    f"method: logistic, test: wald, {ADJUSTED}",
    "method: mixed",
    "method: site-robust",
)
TIMES = (
    "method: log-rank", "method: log-rank, strata: [site]", "method: cox", "method: rmst",
)  # fmt: skip


def small_trials(analysis, variable="any_sperm"):
    """Draw trials of 22 participants per arm, in which 25 and 55 % have the event."""
    text = FILE.replace("ANALYSIS", analysis).replace("VARIABLE", variable)
    design = parse_design(text, "small.yaml")
    rng, shape = np.random.default_rng(11), (TRIALS, SIZE)
    arm = rng.permuted(np.tile([0.0, 1.0], (TRIALS, SIZE // 2)), axis=1)
    site, age = rng.integers(0, 3, shape), rng.normal(size=shape)
    event = rng.random(shape) < 0.15 + 0.3 * arm + 0.1 * (site == 1) + 0.1 * (age > 0)
    last = design.endpoint.horizon_days
    day = np.where(event, 1 + (rng.random(shape) * (last - 2)).astype(np.int64), last)
    everyone = np.ones(shape, bool)
    return Data(
        design=design, outcome=event.astype(float), arm=arm, present=everyone, include=everyone,
        operated=everyone, site=site, diagnosis=np.zeros(shape, np.int64),
        baseline={"age_years": age}, day=day,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("analysis", "variable"),
    [(each, "any_sperm") for each in PROPORTIONS]
    + [(each, "time_to_live_birth") for each in TIMES],
)
def test_p_value_and_interval_agree_in_every_trial(analysis, variable):
    answer = analyse_trials(small_trials(analysis, variable))
    null = 1 if answer.scale in RATIOS else 0
    outside = (answer.conf_low > null) | (answer.conf_high < null)
    tested = answer.converged
    assert (outside == (answer.p_value < 0.05))[tested].all()
    assert (answer.conf_low < answer.conf_high)[tested].all()
    inside = (answer.conf_low <= answer.estimate) & (answer.estimate <= answer.conf_high)
    assert inside[tested & np.isfinite(answer.estimate)].all()
    assert 0.1 * TRIALS < (answer.p_value[tested] < 0.05).sum() < 0.95 * TRIALS


def test_every_method_of_a_trial_is_tried():
    tried = {each.split(",")[0].removeprefix("method: ") for each in (*PROPORTIONS, *TIMES)}
    assert tried == {name for name, method in METHODS.items() if "power" in method.offered}
