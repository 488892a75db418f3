"""Trials per second, simulate and fit: batched here, against a hand-written loop.

Each trial: 600 participants, randomised treatment, six normal covariates, a logistic outcome; then
logistic regression with 8 coefficients. The peer draws with numpy and fits with statsmodels, one by
one.
"""

import numpy as np
import statsmodels.api as sm
from scipy.special import expit

from benchmarks.timing import best_of
from estimate.regression.logistic import fit_logistic
from simulate.core.random_streams import RandomStreams

PARTICIPANTS, COEFFICIENTS, TRIALS = 600, 8, 200
TRUE = np.array([-1.0, 0.45, 0.3, -0.2, 0.1, 0.0, 0.25, -0.15])


def batched() -> np.ndarray:
    streams = RandomStreams(1, PARTICIPANTS, TRIALS)
    design = np.empty((TRIALS, PARTICIPANTS, COEFFICIENTS))
    design[..., 0] = 1
    design[..., 1] = streams.uniform("arm") < 0.5
    design[..., 2:] = streams.normal("covariates", width=COEFFICIENTS - 2)
    outcome = streams.uniform("outcome") < expit(design @ TRUE)
    return fit_logistic(design, outcome).coef


def loop() -> np.ndarray:
    found = []
    for trial in range(TRIALS):
        random = np.random.default_rng([1, trial])
        design = np.ones((PARTICIPANTS, COEFFICIENTS))
        design[:, 1] = random.random(PARTICIPANTS) < 0.5
        design[:, 2:] = random.standard_normal((PARTICIPANTS, COEFFICIENTS - 2))
        outcome = random.random(PARTICIPANTS) < expit(design @ TRUE)
        found.append(sm.Logit(outcome, design).fit(disp=0).params)
    return np.array(found)


def main() -> None:
    means = [work().mean(axis=0) for work in (batched, loop)]
    error = 4 * np.sqrt(2 * 0.2**2 / TRIALS)
    assert np.abs(means[0] - means[1]).max() < error, "the two estimates differ"
    seconds = best_of(5, {"pretese, batched": batched, "numpy + statsmodels loop": loop})
    for name, took in seconds.items():
        print(f"{name:28s} {TRIALS / took:8.0f} trials/s on one core")
    ratio = seconds["numpy + statsmodels loop"] / seconds["pretese, batched"]
    print(f"ratio {ratio:.1f}")
