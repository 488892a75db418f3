"""Peers in Python: statsmodels, scipy and Ciw."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import sizes
from served import serve

Work = Callable[[], object]


def logistic() -> Work:
    import statsmodels.api as sm

    design, y = sizes.logistic_data()
    return lambda: [sm.Logit(b, a).fit(disp=0) for a, b in zip(design, y, strict=True)]


def fitted() -> Work:
    """Draw with numpy and fit with statsmodels, trial by trial."""
    import statsmodels.api as sm
    from scipy.special import expit

    def trial(number: int) -> object:
        random = np.random.default_rng([1, number])
        design = np.ones((sizes.PARTICIPANTS, len(sizes.TRUE)))
        design[:, 1] = random.random(sizes.PARTICIPANTS) < 0.5
        design[:, 2:] = random.standard_normal((sizes.PARTICIPANTS, len(sizes.TRUE) - 2))
        outcome = random.random(sizes.PARTICIPANTS) < expit(design @ sizes.TRUE)
        return sm.Logit(outcome, design).fit(disp=0).params

    return lambda: [trial(number) for number in range(sizes.TRIALS)]


def fisher() -> Work:
    """Ten thousand random tables, as scipy has no exact test of 2 x 4 tables."""
    from scipy import stats

    peer = stats.random_table(sizes.FISHER_TABLE.sum(1), sizes.FISHER_TABLE.sum(0))
    return lambda: peer.rvs(10_000, random_state=np.random.default_rng(1))


def clinic() -> Work:
    """Run the small pathway in Ciw, which keeps a record of every service."""
    import ciw

    def run() -> object:
        network = ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(sizes.RATE), None],
            service_distributions=[
                ciw.dists.Exponential(1 / sizes.TEST_DAYS), ciw.dists.Deterministic(0),
            ],
            number_of_servers=[sizes.ANALYSERS, float("inf")],
            routing=[[0.0, 1.0], [0.0, 0.0]],
        )  # fmt: skip
        ciw.seed(1)
        simulation = ciw.Simulation(network)
        simulation.simulate_until_max_customers(sizes.CLINIC_PATIENTS, method="Finish")
        return simulation.get_all_records()

    return run


PEERS: dict[str, Callable[[], Work]] = {
    "logistic": logistic,
    "fitted": fitted,
    "fisher": fisher,
    "clinic": clinic,
}


if __name__ == "__main__":
    serve(PEERS)
