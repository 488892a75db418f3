"""The shipped scenario `paper`, loaded once for tests."""

from functools import cache

from pretese.certificate import load_scenario
from simulate.cohort import Cohort, draw_cohort
from simulate.scenario import Scenario


@cache
def paper() -> Scenario:
    return load_scenario("paper")


@cache
def drawn(replicates: int = 40, seed: int = 11) -> Cohort:
    return draw_cohort(paper(), seed, replicates=replicates)
