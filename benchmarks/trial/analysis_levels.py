"""Type I error of the analyses of trials in 100,000 trials without an effect.

``python -m benchmarks.trial.analysis_levels times`` prints one line per analysis: the percentage of
trials that reject at two-sided 5 %, its Monte Carlo standard error, and non-convergence.
Participants are simulated directly, not from a scenario, so that many trials are feasible;
the analyses are those of `pretese power`.
"""

import argparse
from collections.abc import Callable, Iterator

import numpy as np

from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.design.design_reader import parse_design
from pretese.trial.simulation.arm_comparison import analyse_trials

AT_ONCE = 500
SEED = 20_261_201

TIMES = """
id: times
title: t
question: q
participants: 200
scenario: rct-two-arm
sites:
  - {name: a, from_month: [0], recruitment_per_year: [60]}
  - {name: b, from_month: [0], recruitment_per_year: [60]}
endpoint: {variable: time_to_live_birth, endpoint_month: 18}
"""


def draw_times(rng: np.random.Generator, trials: int, analysis: str) -> Data:
    """Draw trials of 200 participants at two sites, 15 and 35 % with the event, 10 % censored."""
    design = parse_design(f"{TIMES}analysis: {{{analysis}}}\n", "times.yaml")
    shape, horizon = (trials, 200), design.endpoint.horizon_days
    site = rng.integers(0, 2, shape)
    day = np.ceil(rng.exponential(np.where(site == 1, 1250.0, 3300.0)))
    left = np.ceil(np.where(rng.random(shape) < 0.1, rng.random(shape) * horizon, horizon))
    event = day <= left
    arm = rng.permuted(np.tile([0.0, 1.0], (trials, 100)), axis=1)
    everyone = np.ones(shape, bool)
    return Data(
        design=design, outcome=event.astype(float), arm=arm, present=everyone, include=everyone,
        operated=everyone, site=site, diagnosis=np.zeros(shape, np.int64),
        baseline={"age_years": rng.normal(size=shape)},
        day=np.minimum(day, left).astype(np.int64),
    )  # fmt: skip


def of_times(trials: int) -> Iterator[tuple[str, float, float]]:
    """Yield analysis, proportion of rejections, non-convergence."""
    plans = (
        "method: log-rank", "method: log-rank, strata: [site]", "method: cox", "method: rmst",
        "method: cox, covariates: [age_years], strata: [site]",
    )  # fmt: skip
    for plan in plans:
        yield plan, *rejections(lambda rng, n, plan=plan: draw_times(rng, n, plan), trials)


def rejections(
    draw: Callable[[np.random.Generator, int], Data], trials: int
) -> tuple[float, float]:
    """Return the proportions of trials that reject, and of non-convergence."""
    rng = np.random.default_rng(SEED)
    found = []
    for _ in range(0, trials, AT_ONCE):
        answer = analyse_trials(draw(rng, AT_ONCE))
        found.append(np.where(answer.converged, answer.p_value, np.nan))
    p = np.concatenate(found)
    return float((p < 0.05).mean()), float(np.isnan(p).mean())


PROPORTIONS = """
id: proportions
title: t
question: q
participants: 200
risks: {control_percent: 40, treated_percent: 60}
dropout: {control_percent: 20, treated_percent: 20}
sites: [{name: a, from_month: [0], recruitment_per_year: [60]}]
endpoint: {variable: any_sperm, endpoint_month: 4, missing: multiple imputation}
"""


def of_imputation(trials: int) -> Iterator[tuple[str, float, float]]:
    """Yield imputation, proportion of rejections, non-convergence: 200 participants, 40 %."""
    for rule in ("copies: 10", "copies: 10, reference: true"):
        design = parse_design(f"{PROPORTIONS}imputation: {{{rule}}}\n", "proportions.yaml")
        found = []
        for first in range(0, trials, AT_ONCE):
            drawn = draw_trials(design, None, SEED, 200, AT_ONCE, first)
            answer = analyse_trials(observe(design, drawn, 0.0))
            found.append(np.where(answer.converged, answer.p_value, np.nan))
        p = np.concatenate(found)
        yield rule, float((p < 0.05).mean()), float(np.isnan(p).mean())


SITES = """
id: sites
title: t
question: q
participants: 160
scenario: rct-two-arm
endpoint: {variable: any_sperm, endpoint_month: 4}
"""


def draw_sites(rng: np.random.Generator, trials: int, analysis: str, sites: int) -> Data:
    """Draw trials of 160 participants, 40 %, with site effects of SD 0.7 in both arms."""
    rows = "".join(
        f"  - {{name: s{k}, from_month: [0], recruitment_per_year: [60]}}\n" for k in range(sites)
    )
    text = f"{SITES}sites:\n{rows}analysis: {{method: {analysis}}}\n"
    design, shape = parse_design(text, "sites.yaml"), (trials, 160)
    site = rng.integers(0, sites, shape)
    level = -0.405 + 0.7 * rng.normal(size=(trials, sites))
    chance = 1 / (1 + np.exp(-np.take_along_axis(level, site, 1)))
    everyone = np.ones(shape, bool)
    return Data(
        design=design, outcome=(rng.random(shape) < chance).astype(float),
        arm=rng.permuted(np.tile([0.0, 1.0], (trials, 80)), axis=1), present=everyone,
        include=everyone, operated=everyone, site=site, diagnosis=np.zeros(shape, np.int64),
        baseline={},
    )  # fmt: skip


def of_sites(trials: int) -> Iterator[tuple[str, float, float]]:
    """Yield analysis and sites, proportion of rejections, non-convergence."""
    for sites in (3, 5, 8, 20):
        for method in ("site-robust", "unadjusted"):
            found = rejections(lambda rng, n, a=method, k=sites: draw_sites(rng, n, a, k), trials)
            yield f"{method}, {sites} sites", *found


STUDIES = {"sites": of_sites, "times": of_times, "imputation": of_imputation}


def main() -> None:
    """Print the type I error of the analyses of a kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--trials", type=int, default=100_000)
    asked = parser.parse_args()
    for words, share, without in STUDIES[asked.study](asked.trials):
        mcse = 100 * (share * (1 - share) / asked.trials) ** 0.5
        level = f"{100 * share:5.2f} % (MCSE {mcse:.2f})"
        print(f"{words:50} {level}, non-convergence {100 * without:.2f} %", flush=True)


if __name__ == "__main__":
    main()
