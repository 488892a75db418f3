"""What is measured: embryos, couples who stop, gaps in the laboratory, and lucky studies."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimate.comparison.clustered import naive_test, rate_difference, rates
from estimate.core.analysis_set import analysis_set
from estimate.core.arrays import Floats
from estimate.core.estimand import Estimand
from estimate.imputation.chain import Column, impute
from estimate.imputation.rubins_rules import pool_estimates
from estimate.survival.cumulative_live_birth import (
    Convention,
    kaplan_meier,
    life_table,
    transfer_times,
)
from pretese.article.pitfalls.pitfall_result import MORE, Pitfall, mean_of, mean_ratio, share_of
from pretese.article.pitfalls.simulated_studies import (
    EVERYTHING,
    Drawn,
    given_all,
    unadjusted_odds_ratio,
)
from simulate.cohort.births import births_of, couples_of
from simulate.core.coding import BASELINE, DIAGNOSES

FERTILISED = Estimand("couples at ICSI", "gonadotropin_therapy 1 vs 0", "oocytes fertilised", "")

#: Chained equations: enough for means over studies.
IMPUTATIONS, ITERATIONS = 5, 5


def embryos_as_units(replicates: int, seed: int) -> Pitfall:
    """Count embryos of one couple as if they were strangers."""
    many = MORE * replicates
    drawn = Drawn.of("null", many, seed)
    couples = couples_of(drawn.cohort)
    reached = couples.reaches_icsi & drawn.cohort.observed("any_sperm")
    trials = np.where(reached, couples.cycle.mii_oocytes, 0)
    events = np.where(reached, couples.cycle.two_pronuclear_zygotes, 0)
    data = rates(events, trials, drawn.gonadotropin_therapy)
    return Pitfall(
        "embryos-as-units",
        "Oocytes of one couple are not independent",
        ("null",),
        "Therapy changes nothing. How often does the fertilisation rate differ between the arms, "
        f"in {many} studies?",
        (
            share_of(
                "chi-square of oocytes, P below 0.05", naive_test(data).p_value < 0.05
            ),
            share_of(
                "the same rates with couples as units",
                rate_difference(data, FERTILISED).p_value < 0.05,
            ),
        ),
        "A couple's oocytes share eggs, sperm and laboratory. Counting each as a couple of its own "
        "makes the evidence look larger than it is.",
    )  # fmt: skip


def couples_who_stop(replicates: int, seed: int) -> Pitfall:
    """Show cumulative live birth under two readings of couples who stop."""
    drawn = Drawn.of("paper", replicates, seed)
    pair = births_of(drawn.cohort)
    transfers = np.where(
        drawn.gonadotropin_therapy, *(b.transferred.sum(-1) for b in reversed(pair))
    )
    born = drawn.cohort.in_chosen_arm(*(b.delivered for b in pair))
    had = transfers > 0
    last = int(transfers.max())

    def delivered(convention: Convention) -> Floats:
        time = transfer_times(np.maximum(transfers, 1), born, convention)
        curve = kaplan_meier(life_table(time, born, had, last=last))
        return 100 * (1 - curve.survival[..., -1])

    unadjusted = 100 * (born & had).sum(-1) / had.sum(-1)
    return Pitfall(
        "couples-who-stop",
        "Cumulative live birth depends on what is assumed of couples who stop",
        ("paper",),
        "Couples stop before they have a child or run out of embryos. Are they without a child "
        "for good, or would they have gone on like the others?",
        (
            mean_of("share of couples with a live birth", unadjusted, "percent"),
            mean_of("at risk to the last transfer", delivered("conservative"), "percent"),
            mean_of("censored when they stop", delivered("censored"), "percent"),
        ),
        "Both curves are called cumulative live birth. Name the convention, and show both.",
    )


def lucky_studies(replicates: int, seed: int) -> Pitfall:
    """Look only at studies with P below 0.05."""
    drawn = Drawn.of("paper", replicates, seed)
    answer = given_all(drawn.operated({"diagnosis": EVERYTHING["diagnosis"]}))
    hit = answer.p_value < 0.05
    return Pitfall(
        "lucky-studies",
        "A significant study of this size tends to overstate",
        ("paper",),
        "The same nature, studied again and again: what do the significant studies report?",
        (
            mean_ratio("odds ratio of retrieval given diagnosis, all studies", answer.estimate),
            share_of("of them significant at 5 %", hit),
            mean_ratio("odds ratio, significant studies", answer.estimate[hit]),
            mean_ratio("odds ratio, other studies", answer.estimate[~hit]),
        ),
        "With moderate power, significance selects studies whose error went the right way. Plan "
        "the next trial on something smaller than what a significant study found.",
    )


def missing_values(replicates: int, seed: int) -> Pitfall:
    """Leave men with gaps out, where gaps depend on treatment and outcome."""
    few = min(replicates, 40)  # chains go slowly
    drawn = Drawn.of("missing-at-random", few, seed)
    full = given_all(drawn.men(covariates=EVERYTHING)).estimate
    table = {**drawn.columns, **drawn.cohort.baseline}
    complete = drawn.men(covariates=EVERYTHING, columns=table)
    alone = unadjusted_odds_ratio(complete).estimate / unadjusted_odds_ratio(drawn.men()).estimate
    left = 100 * complete.n / drawn.gonadotropin_therapy.shape[-1]
    return Pitfall(
        "missing-values",
        "Men with a missing hormone are left out",
        ("missing-at-random",),
        "Hormones of treated men and of men with sperm are missing more often. Does it matter who "
        "is left?",
        (
            mean_ratio("odds ratio given all covariates, nothing missing", full),
            mean_of("men left with every value", left, "percent"),
            mean_ratio("complete men over nothing missing", given_all(complete).estimate / full),
            mean_ratio("unadjusted odds ratio of complete men over that of all men", alone),
            mean_ratio(
                "multiple imputation over nothing missing", _imputed(drawn, table, seed) / full
            ),
        ),
        "Leaving men out changes whom the analysis is about. Imputation with treatment and outcome "
        "among the predictors keeps them all.",
    )  # fmt: skip


def missing_because_high(replicates: int, seed: int) -> Pitfall:
    """Show that values missing because of themselves leave no trace."""
    drawn = Drawn.of("missing-not-at-random", replicates, seed)
    name = "testosterone_nmol_l"
    seen = drawn.cohort.baseline[name]
    difference = np.nanmean(seen, -1) - drawn.cohort.patients.baseline[name].mean(-1)
    scale = drawn.cohort.patients.baseline[name].std(-1)
    return Pitfall(
        "missing-because-high",
        "Values missing because of themselves leave no trace",
        ("missing-not-at-random",),
        "High hormones are missing more often because they are high. What do the others say?",
        (
            mean_of("observed values missing", 100 * np.isnan(seen).mean(-1), "percent"),
            mean_of(
                "mean observed testosterone minus true mean", difference / scale,
                "standard deviations",
            ),
        ),
        "No imputation from what was observed can know this. Vary what is assumed of the missing "
        "(a shift of imputed values) and say when the answer changes.",
    )  # fmt: skip


def _imputed(drawn: Drawn, table: Mapping[str, NDArray[Any]], seed: int) -> Floats:
    """Return odds ratios given all covariates, pooled over imputations."""
    names = (*BASELINE, "diagnosis")
    gonadotropin_therapy, sperm = drawn.gonadotropin_therapy, drawn.cohort.observed("any_sperm")
    values = np.stack(
        [gonadotropin_therapy, sperm, *(np.asarray(table[name], float) for name in names)], -1
    )
    described = [
        Column("gonadotropin_therapy", 2),
        Column("any_sperm", 2),
        *(Column(name) for name in BASELINE),
    ]
    described.append(Column("diagnosis", len(DIAGNOSES)))
    generator = np.random.default_rng([seed, len(described)])
    done = impute(
        values, described, generator, imputations=IMPUTATIONS, iterations=ITERATIONS
    ).completed
    filled = {name: done[..., place + 2] for place, name in enumerate(names)}
    filled["diagnosis"] = filled["diagnosis"].astype(int)

    data = analysis_set(
        {**filled, "gonadotropin_therapy": done[..., 0], "any_sperm": done[..., 1]},
        treatment="gonadotropin_therapy", outcome="any_sperm", covariates=EVERYTHING,
    )  # fmt: skip
    return pool_estimates(given_all(data)).estimate
