"""The shipped scenario `paper`, loaded once for tests."""

from functools import cache

from simulate.cohort.draw import Cohort, draw_cohort
from simulate.scenario import Scenario
from simulate.scenario.load import load_scenario


@cache
def paper() -> Scenario:
    return load_scenario("paper")


@cache
def drawn(replicates: int = 40, seed: int = 11) -> Cohort:
    return draw_cohort(paper(), seed, replicates=replicates)
