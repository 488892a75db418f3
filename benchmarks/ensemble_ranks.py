"""Simulation-based calibration of the ensemble of `paper`: ranks of true values.

Parameters are drawn from their priors, one study of the article is simulated at them, and members
are drawn for its targets as `pretese calibrate --worlds` draws them. If the method is right, each
true value has a uniform rank among its members (Talts and co-workers 2018, arXiv 1804.06788).

``python -m benchmarks.ensemble_ranks linear 300 19`` draws 300 data sets of the linearised model,
with the priors of the shipped ensemble, and 19 members each. ``... simulated 60 4 40`` simulates 60
studies and solves 4 members each by simulation, with 40 studies behind an expected value; there the
priors of the calibrated numbers are normal with the standard deviations of their posterior, since a
study far from the article has no neighbourhood in which the model is linear. Members are drawn and
solved, not tested: the test of acceptance truncates the posterior on purpose.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chisquare, kstest

from pretese.article.calibration.draws import draw_targets
from pretese.article.calibration.problem import pose
from pretese.article.ensemble.linearised import linearise
from pretese.article.ensemble.randomised_likelihood import (
    LinearModel,
    draw_member,
)
from pretese.article.ensemble.simulated_targets import SimulatedTargets, open_numbers
from pretese.article.published import load_published
from pretese.jobs.worker_pool import in_order, local_pool
from protocol.errors import InputError
from simulate.scenario.load import load
from simulate.truth import population_effects

Floats = NDArray[np.float64]

#: Patients behind a true risk difference.
PATIENTS = 16_384

WORKERS = 2

#: Base seed of the simulated data sets; members are solved with the seed of the calibration.
SEED = 77_000_000


def real_problem(workers: int) -> tuple[SimulatedTargets, LinearModel]:
    """Return the targets of `paper` as functions of its numbers, and their linear model."""
    loaded = load("paper")
    published = load_published(loaded.scenario.published)
    problem = pose(loaded.scenario, published, loaded.free, str(loaded.path))
    model = SimulatedTargets(problem, tuple(open_numbers(loaded.scenario)))
    with local_pool(workers, (__name__,)) as pool:
        *_, linear = linearise(model, pool)
    assert isinstance(linear, LinearModel)
    return model, linear


@dataclass(frozen=True, slots=True)
class LinearRanks:
    """Task of one process: ranks of all numbers in one data set of the linear model."""

    linear: LinearModel
    members: int

    def __call__(self, data_set: int) -> NDArray[np.int_]:
        """Return (number,) ranks of the true calibrated and open values."""
        linear, random = self.linear, np.random.default_rng([1, data_set])
        calibrated, opened = _prior_draw(linear, random)
        root = np.linalg.cholesky(linear.covariance + 1e-12 * np.diag(linear.scale**2))
        mean = _linear_mean(linear, calibrated, opened)
        data = replace(linear, observed=mean + root @ random.standard_normal(len(mean)))
        drawn = [
            draw_member(data, lambda c, o: _linear_mean(linear, c, o), lambda o: o, random)
            for _ in range(self.members)
        ]
        values = np.array([[*each.calibrated, *each.open_values] for each in drawn])
        return np.asarray((values < np.array([*calibrated, *opened])).sum(0))


@dataclass(frozen=True, slots=True)
class SimulatedRanks:
    """Task of one process: ranks of the open numbers and of the risk difference in one study."""

    model: SimulatedTargets
    linear: LinearModel
    members: int

    def __call__(self, data_set: int) -> NDArray[np.int_] | None:
        """Return (number,) ranks, the risk difference last; None if no study can be simulated."""
        model, random = self.model, np.random.default_rng([2, data_set])
        calibrated, opened = _prior_draw(self.linear, random)
        settled = model.settle(opened)
        if settled is None:
            return None
        try:
            scenario = model.scenario_at(calibrated, settled)
        except InputError:  # the priors ignore that some values exclude each other
            return None
        observed = draw_targets(scenario, tuple(model.problem.targets), 1, SEED + data_set)[0]
        if not np.isfinite(observed).all():
            return None
        linear = replace(self.linear, observed=observed)
        truth = np.array([*settled, self._difference(calibrated, settled)])
        drawn = np.array([self._member(linear, random) for _ in range(self.members)])
        ties = random.uniform(size=drawn.shape) < 0.5
        return np.asarray(((drawn < truth) | ((drawn == truth) & ties)).sum(0))

    def _member(self, linear: LinearModel, random: np.random.Generator) -> Floats:
        member = draw_member(linear, self.model.mean_at, self.model.settle, random)
        opened = member.open_values
        return np.array([*opened, self._difference(member.calibrated, opened)])

    def _difference(self, calibrated: Floats, opened: Floats) -> float:
        scenario = self.model.scenario_at(calibrated, opened)
        effect = population_effects(scenario, 1, PATIENTS)["any_sperm.everyone"]
        return float(effect.risk_treated - effect.risk_untreated)


def posterior_sd(linear: LinearModel) -> Floats:
    """Return (calibrated,) standard deviations in the linear model at the open point."""
    stacked = linear.stacked_slope
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(stacked.T @ stacked))))


def _prior_draw(linear: LinearModel, random: np.random.Generator) -> tuple[Floats, Floats]:
    calibrated = linear.prior_mean + linear.prior_sd * random.standard_normal(len(linear.point))
    return calibrated, random.uniform(linear.open_low, linear.open_high)


def _linear_mean(linear: LinearModel, calibrated: Floats, opened: Floats) -> Floats:
    moved = linear.slope @ (calibrated - linear.point)
    return np.asarray(linear.mean + moved + linear.open_slope @ (opened - linear.open_point))


def p_values(ranks: NDArray[np.int_], members: int, bins: int = 5) -> Floats:
    """Return (number,) the chi-square p of uniform ranks in equal bins."""
    width = (members + 1) // bins
    counts = [np.bincount(column // width, minlength=bins) for column in ranks.T]
    return np.array([chisquare(each).pvalue for each in counts])


def describe(ranks: NDArray[np.int_], members: int, names: list[str]) -> Iterator[str]:
    """Yield a summary of the ranks, and the numbers with the smallest p."""
    found = p_values(ranks, members)
    pooled = np.bincount((ranks // ((members + 1) // 5)).ravel(), minlength=5)
    yield f"{len(ranks)} data sets, {members} members, {ranks.shape[1]} numbers"
    yield f"all ranks together, fifths: {pooled / pooled.sum()}"
    yield f"smallest p {found.min():.2g}, times numbers {min(1, found.min() * len(found)):.2g}"
    yield f"p-values uniform (Kolmogorov-Smirnov): p {kstest(found, 'uniform').pvalue:.2g}"
    for place in np.argsort(found)[:5]:
        yield f"  {names[place]}: p {found[place]:.2g}, ranks {np.bincount(ranks[:, place])}"


def main(kind: str, data_sets: str, members: str, studies: str = "120") -> None:
    """Print the ranks of one kind of check."""
    model, linear = real_problem(WORKERS)
    if kind == "simulated":
        linear = replace(linear, prior_sd=posterior_sd(linear))
    run(kind, replace(model, studies=int(studies)), linear, int(data_sets), int(members))


def run(
    kind: str, model: SimulatedTargets, linear: LinearModel, data_sets: int, members: int
) -> None:
    """Compute and print the ranks."""
    opened = list(model.open_paths)
    work: LinearRanks | SimulatedRanks
    if kind == "linear":
        work, names = LinearRanks(linear, members), [*model.problem.free, *opened]
    else:
        work = SimulatedRanks(model, linear, members)
        names = [*opened, "true risk difference of any sperm"]
    found, failed = [], 0
    with local_pool(WORKERS, (__name__,)) as pool:
        for ranks in in_order(work, range(data_sets), pool):
            failed += ranks is None
            found += [] if ranks is None else [ranks]
            print(f"{len(found)} of {data_sets}, {failed} without a study", flush=True)
    table = np.array(found)
    for line in describe(table, members, names):
        print(line)
    if kind != "linear":
        print(f"risk difference: p {p_values(table[:, -1:], members)[0]:.2g}")


if __name__ == "__main__":
    main(*sys.argv[1:])
