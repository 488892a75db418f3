"""Comparisons within matched pairs: the conditional odds ratio, and McNemar's test.

Only discordant pairs contribute: those in which exactly one patient has the outcome. The odds ratio
is conditional on the pair, hence further from 1 than the marginal one of
`estimate.causal.matching.matched`; the two are not comparable.
"""

import numpy as np
from scipy import special

from estimate.causal.matching import Matches
from estimate.comparison.proportion import clopper_pearson_interval
from estimate.comparison.two_sample import Comparison
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats, Ints
from estimate.core.clusters import sum_by_cluster
from estimate.core.result import Estimate, assemble


def discordant(data: AnalysisSet, matches: Matches) -> tuple[Ints, Ints]:
    """Return the pairs (...) in which only the treated, and only the untreated, has the outcome."""
    inside = matches.pair >= 0
    sign = np.where(data.treatment > 0, 1.0, -1.0)
    signed = np.where(inside, sign * data.outcome, 0.0)
    by_pair = sum_by_cluster(signed[..., None], np.maximum(matches.pair, 0))[..., 0]
    return np.count_nonzero(by_pair > 0.5, axis=-1), np.count_nonzero(by_pair < -0.5, axis=-1)


def paired(data: AnalysisSet, matches: Matches) -> Estimate:
    """Return the odds ratio within pairs: conditional logistic regression of 1 : 1 matching.

    It is the ratio of the two kinds of discordant pairs; given their number it is binomial, so that
    interval (Clopper and Pearson's) and p-value (McNemar's) are exact and agree. Breslow NE, Day
    NE. *Statistical Methods in Cancer Research* 1, 1980, section 5.2.
    """
    only_treated, only_untreated = discordant(data, matches)
    total = only_treated + only_untreated
    low, high = clopper_pearson_interval(only_treated, np.maximum(total, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(only_treated / only_untreated)
        error = np.sqrt(1 / only_treated + 1 / only_untreated)
        limits = [np.log(limit / (1 - limit)) for limit in (low, high)]
        z = value / error
    return assemble(
        data.conditional_question(["the pair"], matches.population),
        "matching-conditional",
        "odds ratio",
        value=value,
        std_error=error,
        statistic=z,
        p_value=mcnemar(data, matches, exact=True).p_value,
        low=limits[0],
        high=limits[1],
        n=np.count_nonzero(matches.pair >= 0, axis=-1),
        interval="exact (binomial)",
        converged=np.isfinite(value),
        test="McNemar, exact",
    )


def mcnemar(data: AnalysisSet, matches: Matches, *, exact: bool = False) -> Comparison:
    """Test that discordant pairs are equally frequent in both directions.

    With continuity correction, or ``exact`` by the binomial distribution. McNemar Q.
    *Psychometrika* 1947;12:153-7. NaN without discordant pairs.
    """
    b, c = (np.asarray(count, float) for count in discordant(data, matches))
    total = b + c
    if exact:
        tail: Floats = special.bdtr(np.minimum(b, c), np.maximum(total, 1).astype(int), 0.5)
        p = np.where(total > 0, np.minimum(1.0, 2 * tail), np.nan)
        return Comparison("McNemar, exact", np.minimum(b, c), p)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = (np.abs(b - c) - 1) ** 2 / total
    df = np.ones(statistic.shape)
    return Comparison("McNemar", statistic, np.asarray(special.chdtrc(df, statistic)), df)
