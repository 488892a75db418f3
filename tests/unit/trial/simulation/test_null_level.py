"""Type I error of each analysis after minimisation over sites and diagnoses.

240 participants, 8 sites of different risk, four diagnoses, a prognostic covariate; minimised with
probability 0.8. Balance of prognostic factors makes the variance of the unadjusted difference
smaller than its standard error suggests, so that an analysis that ignores it is conservative.
"""

from pathlib import Path

import numpy as np
import pytest

from estimate.causal.randomisation_test import randomisation_test
from estimate.causal.randomised_g_computation import g_computation_by_arm
from estimate.comparison.risk_difference import compare_arms
from estimate.comparison.stratified import cochran_mantel_haenszel, count_strata
from estimate.core.estimand import Estimand
from estimate.performance.measures import proportion_mcse
from simulate.recruitment.minimisation import minimise

PARTICIPANTS, SITES, DIAGNOSES = 240, 8, 4
QUESTION = Estimand("randomised participants", "therapy 1 vs 0", "any sperm", "")


def indicators(level, levels):
    return (level[..., None] == np.arange(1, levels)).astype(float)


def null_trials(trials, seed):
    rng = np.random.default_rng(seed)
    shape = (trials, PARTICIPANTS)
    site, x = rng.integers(0, SITES, shape), rng.normal(size=shape)
    diagnosis = rng.choice(DIAGNOSES, p=[0.73, 0.10, 0.10, 0.07], size=shape)
    arm = minimise(rng.random(shape), [site, diagnosis], [SITES, DIAGNOSES], probability=0.8)
    site_effect = np.take_along_axis(rng.normal(0, 0.8, (trials, SITES)), site, 1)
    predictor = -1.4 + site_effect + np.array([0, 0.3, 1.2, 0.5])[diagnosis] + 0.8 * x
    y = (rng.random(shape) < 1 / (1 + np.exp(-predictor))).astype(float)
    return y, arm, site, diagnosis, x


def rejections(trials, seed):
    y, arm, site, diagnosis, x = null_trials(trials, seed)
    factors = [x[..., None], indicators(site, SITES), indicators(diagnosis, DIAGNOSES)]
    full = np.concatenate(factors, -1)
    x1, n1 = (y * arm).sum(1), arm.sum(1)

    def z(risks):
        cov = risks.cov
        error = np.sqrt(cov[..., 0, 0] + cov[..., 1, 1] - 2 * cov[..., 0, 1])
        return np.abs(risks.treated - risks.untreated) / error

    unadjusted = compare_arms(x1, n1, y.sum(1) - x1, PARTICIPANTS - n1, QUESTION)
    joint = site * DIAGNOSES + diagnosis
    plain, corrected = (g_computation_by_arm(y, arm, full, small_sample=s) for s in (False, True))
    return {
        "unadjusted": (unadjusted.p_value < 0.05).mean(),
        "covariate alone": (z(g_computation_by_arm(y, arm, x[..., None])) > 1.959964).mean(),
        "cmh by site": (cmh(y, arm, site, SITES) < 0.05).mean(),
        "cmh by both": (cmh(y, arm, joint, SITES * DIAGNOSES) < 0.05).mean(),
        "g-computation": (z(plain) > 1.959964).mean(),
        "g-computation, small sample": (z(corrected) > 1.959964).mean(),
        "score test": (
            np.abs(randomisation_test(y, arm, full, balanced=10).statistic) > 1.959964
        ).mean(),
        "converged": plain.converged.mean(),
    }


def cmh(y, arm, stratum, strata):
    return cochran_mantel_haenszel(count_strata(y, arm, stratum, strata))[1]


#: Results of 40,000 trials (20 runs of 2,000, seeds 0 to 19); `docs/explanation/exact-power.md`.
FULL_SIZE = {
    "unadjusted": 0.0419,
    "covariate alone": 0.0421,
    "cmh by site": 0.0489,
    "cmh by both": 0.0499,
    "g-computation": 0.0602,
    "g-computation, small sample": 0.0425,
    "score test": 0.0487,
}


@pytest.fixture(scope="module")
def rates():
    return rejections(3000, 100)


@pytest.mark.parametrize("analysis", FULL_SIZE)
def test_sizes_are_those_of_the_full_run(rates, analysis):
    assert abs(rates[analysis] - FULL_SIZE[analysis]) < 4 * proportion_mcse(0.05, 3000)


def test_stratified_tests_control_their_type_i_error(rates):
    for analysis in ("cmh by site", "cmh by both", "score test"):
        assert abs(rates[analysis] - 0.05) < 3 * proportion_mcse(0.05, 3000)


def test_ignoring_what_was_balanced_is_conservative_and_many_coefficients_are_not(rates):
    assert rates["unadjusted"] < rates["cmh by site"]
    assert rates["g-computation, small sample"] < rates["g-computation"]
    assert rates["converged"] == 1.0


def test_the_page_shows_the_full_run():
    page = (Path(__file__).parents[4] / "docs/explanation/exact-power.md").read_text()
    for rate in FULL_SIZE.values():
        assert f"| {100 * rate:.1f} % |" in page
