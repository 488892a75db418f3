"""Printed Monte Carlo standard errors equal standard deviations over independent studies."""

import numpy as np
import pytest

from benchmarks.trial.mcse_ratios import mcse_ratios
from pretese.trial.design.design_reader import parse_design

DESIGN = """
id: three-analyses
title: three analyses
question: are the printed errors those of repetition?
participants: 360
risks: {control_percent: 40, treated_percent: 55}
sites: [{name: one, from_month: [0], recruitment_per_year: [120]}]
endpoint: {variable: any_sperm, endpoint_month: 4}
monitoring:
  analyses_percent: [33, 67, 100]
  futility: HSD(-2)
  alpha_percent: 2.5
  sides: 1
"""


@pytest.mark.parametrize("effect", [0.0, 1.0])
def test_printed_errors_are_the_spread_over_independent_studies(effect):
    ratios = mcse_ratios(parse_design(DESIGN, "design"), effect, studies=100, replicates=200)
    assert {"measures.empirical_se", "measures.power"} <= set(ratios)
    # The ratio of one measure has a standard error of 7 % at 100 studies; all together have less.
    assert 0.93 < np.exp(np.mean(np.log(list(ratios.values())))) < 1.07
    for name, ratio in ratios.items():
        assert 0.75 < ratio < 1.3, (name, ratio)
