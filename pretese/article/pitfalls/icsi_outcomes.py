"""Outcomes: clustered oocytes, couples who stop, missing hormones, significant studies."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimate.comparison.clustered import naive_test, rate_difference, rates
from estimate.core.arrays import Floats
from estimate.core.complete_cases import analysis_set
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

FERTILISATION = Estimand("couples at ICSI", "gonadotropin_therapy 1 vs 0", "oocytes fertilised", "")

#: Chained equations: enough for means over studies.
IMPUTATIONS, ITERATIONS = 5, 5


def embryos_as_units(replicates: int, seed: int) -> Pitfall:
    """Analyse oocytes of one couple as if they were independent."""
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
        "Therapy has no effect. How often does the fertilisation rate differ significantly "
        f"between the arms, in {many} studies?",
        (
            share_of(
                "chi-square test of oocytes, P below 0.05", naive_test(data).p_value < 0.05
            ),
            share_of(
                "the same rates, clustered by couple, P below 0.05",
                rate_difference(data, FERTILISATION).p_value < 0.05,
            ),
        ),
        "Oocytes of one couple share patient, partner and laboratory. Treating them as independent "
        "inflates the type I error.",
    )  # fmt: skip


def couples_who_stop(replicates: int, seed: int) -> Pitfall:
    """Show cumulative live birth under two conventions for couples who stop."""
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
        "Cumulative live birth depends on the convention for couples who stop",
        ("paper",),
        "Some couples stop before a live birth or their last embryo. Do they count as without a "
        "live birth, or as censored?",
        (
            mean_of("couples with a live birth", unadjusted, "percent"),
            mean_of(
                "conservative: at risk until the last transfer",
                delivered("conservative"),
                "percent",
            ),
            mean_of("optimistic: censored when they stop", delivered("censored"), "percent"),
        ),
        "Both are called cumulative live birth rate. State the convention, and report both.",
    )


def significant_studies(replicates: int, seed: int) -> Pitfall:
    """Select the studies with P below 0.05."""
    drawn = Drawn.of("paper", replicates, seed)
    answer = given_all(drawn.operated({"diagnosis": EVERYTHING["diagnosis"]}))
    hit = answer.p_value < 0.05
    return Pitfall(
        "significant-studies",
        "A significant study of this size overestimates the effect",
        ("paper",),
        "The same study is repeated many times. What do the significant replicates report?",
        (
            mean_ratio(
                "odds ratio of retrieval, adjusted for diagnosis, all studies", answer.estimate
            ),
            share_of("of them significant at 5 %", hit),
            mean_ratio("odds ratio, significant studies", answer.estimate[hit]),
            mean_ratio("odds ratio, other studies", answer.estimate[~hit]),
        ),
        "With moderate power, significance selects studies with a positive random error (type M "
        "error). Plan the next trial for a smaller effect than a significant study reported.",
    )


def missing_values(replicates: int, seed: int) -> Pitfall:
    """Analyse complete cases when missingness depends on treatment and outcome."""
    few = min(replicates, 40)  # chained equations are slow
    drawn = Drawn.of("missing-at-random", few, seed)
    full = given_all(drawn.data(covariates=EVERYTHING)).estimate
    table = {**drawn.columns, **drawn.cohort.baseline}
    complete = drawn.data(covariates=EVERYTHING, columns=table)
    alone = unadjusted_odds_ratio(complete).estimate / unadjusted_odds_ratio(drawn.data()).estimate
    left = 100 * complete.n / drawn.gonadotropin_therapy.shape[-1]
    return Pitfall(
        "missing-values",
        "Patients with a missing hormone are excluded",
        ("missing-at-random",),
        "Hormones of treated patients and of patients with sperm are missing more often. Does a "
        "complete-case analysis bias the estimate?",
        (
            mean_ratio("covariate-adjusted odds ratio, no missing values", full),
            mean_of("complete cases", left, "percent"),
            mean_ratio(
                "ratio of complete cases to no missing values", given_all(complete).estimate / full
            ),
            mean_ratio("the same ratio, unadjusted odds ratio", alone),
            mean_ratio(
                "ratio of multiple imputation to no missing values",
                _imputed(drawn, table, seed) / full,
            ),
        ),
        "Excluding patients changes the population of the analysis. Imputation with treatment and "
        "outcome among the predictors keeps all patients.",
    )  # fmt: skip


def missing_not_at_random(replicates: int, seed: int) -> Pitfall:
    """Show that missingness that depends on the value itself cannot be detected."""
    drawn = Drawn.of("missing-not-at-random", replicates, seed)
    name = "testosterone_nmol_l"
    seen = drawn.cohort.baseline[name]
    difference = np.nanmean(seen, -1) - drawn.cohort.patients.baseline[name].mean(-1)
    scale = drawn.cohort.patients.baseline[name].std(-1)
    return Pitfall(
        "missing-not-at-random",
        "Missingness that depends on the value itself cannot be detected",
        ("missing-not-at-random",),
        "High hormone values are missing more often. What do the observed values show?",
        (
            mean_of("observed values missing", 100 * np.isnan(seen).mean(-1), "percent"),
            mean_of(
                "mean observed testosterone minus true mean", difference / scale,
                "standard deviations",
            ),
        ),
        "Imputation from observed values cannot correct this. Vary the assumption (a shift of the "
        "imputed values, delta adjustment) and report at which shift the conclusion changes.",
    )  # fmt: skip


def _imputed(drawn: Drawn, table: Mapping[str, NDArray[Any]], seed: int) -> Floats:
    """Return covariate-adjusted odds ratios, pooled over imputations."""
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
