"""METHODS: every analysis method with its estimand, requirements, computation and provenance.

`pretese analyse`, `pretese recover` and `pretese power` read their methods here, so that one name
means one estimator everywhere. A new estimator is one entry, and a line in
``docs/how-to/analyse-your-own-table.md``.
"""

from dataclasses import replace

from estimate.causal.entropy_balancing import EntropyTarget
from estimate.causal.marginal import aipw, tmle
from estimate.causal.matched_effects import matched, matched_effects
from estimate.causal.randomised_g_computation import randomised
from estimate.comparison.contingency import unadjusted
from estimate.comparison.count_tests import CountMethod, compare_by_counts
from estimate.core.estimand import Target
from estimate.core.result import Scale
from estimate.methods import computations
from estimate.methods.method import Door, Method, Need
from estimate.methods.provenance import STANDARD, Provenance
from estimate.regression.firth import firth
from estimate.regression.poisson import modified_poisson

_ODDS: tuple[Scale, ...] = ("odds ratio",)
_ENTROPY: tuple[EntropyTarget, ...] = ("ate", "att", "atc")
_SCORE: frozenset[Need] = frozenset({"covariates", "propensity score"})
_MODEL: frozenset[Need] = frozenset({"covariates", "outcome model"})
_PAIRS: frozenset[Need] = frozenset({"covariates", "propensity score", "pairs"})
_ANALYSE: frozenset[Door] = frozenset({"analyse"})
_RECOVER: frozenset[Door] = frozenset({"recover"})
_POWER: frozenset[Door] = frozenset({"power"})
_EVERYWHERE: frozenset[Door] = _ANALYSE | _RECOVER | _POWER
_SLOW = "it takes a second for each table of hundreds of patients"
_SHOWN_TO_FAIL = "it is included to show that it fails"
_OF_TIMES = "analysis plans of a time to an event choose unadjusted or adjusted"
_OF_TRIALS = "it is computed from the arms, sites and strata of a planned trial"

_WEIGHTED = Provenance(
    "estimate.causal.weighting.iptw", "Li F et al. JASA 2018;113:390-400",
    "`survey::svyglm`, `geepack::geeglm`; WeightIt by formula", "1e-6",
)  # fmt: skip
_WEIGHTED_NAIVELY = Provenance(
    "estimate.causal.weighting.iptw", "Robins JM et al. Epidemiology 2000;11:550-60",
    "`survey::svyglm`, `geepack::geeglm`; WeightIt by formula", "1e-6",
)  # fmt: skip
_WEIGHTED_REGRESSION = Provenance(
    "estimate.causal.weighting.iptw_adjusted", "Robins JM et al. Epidemiology 2000;11:550-60",
    "`glm` with weights", "1e-6",
)  # fmt: skip
_BALANCED = Provenance(
    "estimate.causal.entropy_balancing.entropy_balanced",
    "Zhao Q, Percival D. J Causal Inference 2017;5(1)", "`optim`, stacked equations",
    "1e-8; errors 1e-6",
)  # fmt: skip
_PREDICTED = Provenance(
    "estimate.causal.marginal.g_computation", "Robins J. Math Model 1986;7:1393-512",
    "by formula, as WeightIt", "1e-6",
)  # fmt: skip
_WITH_SCORE = Provenance(
    "estimate.regression.adjustment.adjusted",
    "Rosenbaum PR, Rubin DB. Biometrika 1983;70:41-55", "`glm`", "1e-6",
)  # fmt: skip

#: Populations over which predictions of an outcome model are averaged.
_OVER: dict[EntropyTarget, str] = {
    "ate": "(marginal standardisation) over all patients", "att": "over the treated",
    "atc": "over the untreated",
}  # fmt: skip


def _iptw(target: Target) -> Method:
    name = f"iptw-{target}"
    return Method(
        name, f"inverse-probability weighting ({target.upper()})", _WEIGHTED,
        computations.weighted_by_score(target, name), target=target, needs=_SCORE, clusters=True,
        sampling=True, errors=("M-estimation", "HC0", "HC1", "HC3", "survey", "bootstrap"),
        weighting=lambda work: work.weights(target),
    )  # fmt: skip


def _entropy(target: EntropyTarget) -> Method:
    name = f"entropy-{target}"
    return Method(
        name, f"entropy balancing ({target.upper()})", _BALANCED,
        computations.weighted_by_balance(target, name), target=target, clusters=True,
        sampling=True, errors=("M-estimation", "HC0", "bootstrap"),
        weighting=lambda work: work.entropy(target),
    )  # fmt: skip


def _g_computation(target: EntropyTarget) -> Method:
    name = "g-computation" if target == "ate" else f"g-computation-{target}"
    return Method(
        name, f"g-computation {_OVER[target]}", _PREDICTED,
        computations.averaged_predictions(target, name), target=target, needs=_MODEL,
        clusters=True, sampling=True, errors=("M-estimation", "HC0", "model", "bootstrap"),
    )  # fmt: skip


def _by_counts(
    name: CountMethod,
    label: str,
    scale: Scale,
    offered: frozenset[Door],
    known: tuple[str, str, str],
    reason: str = "",
) -> Method:
    return Method(
        name, label, Provenance("estimate.comparison.count_tests.compare_by_counts", *known),
        lambda work: [compare_by_counts(work.observed, name)], scales=(scale,), needs=frozenset(),
        offered=offered, reason=reason,
    )  # fmt: skip


_ENTRIES = (
    Method("unadjusted",
           "comparison of two proportions without covariates; risk difference with score test and "
           "score interval (Farrington-Manning)",
           Provenance("estimate.comparison.contingency.unadjusted",
                      "Farrington CP, Manning G. Stat Med 1990;9:1447-54",
                      "`prop.test`, `glm`, rpact", "1e-7"),
           lambda work: unadjusted(work.observed), needs=frozenset(), offered=_EVERYWHERE,
           clusters=True, sampling=True),
    _by_counts("risk-ratio", "ratio of two risks without covariates; score test and Koopman's "
               "score interval", "risk ratio", _EVERYWHERE,
               ("Koopman PAR. Biometrics 1984;40:513-7", "`gsDesign::ciBinomial`", "1e-4")),
    _by_counts("fisher", "Fisher's exact test; conditional odds ratio, with the interval of exact "
               "tails that agrees with the p-value",
               "odds ratio", _EVERYWHERE,
               ("Fisher RA. J R Stat Soc 1935;98:39-54", "`fisher.test`, but its limits",
                "1e-6")),
    _by_counts("fisher-mid-p", "Fisher's test with mid-p-value; conditional odds ratio, with the "
               "interval of mid-p tails that agrees with the p-value", "odds ratio", _EVERYWHERE,
               ("Lancaster HO. JASA 1961;56:223-34", "by formula", "1e-9")),
    _by_counts("barnard", "Barnard's exact unconditional test of two proportions, tables ordered "
               "by the pooled z; risk difference, score interval that agrees with p",
               "risk difference", _ANALYSE | _POWER,
               ("Suissa S, Shuster JJ. J R Stat Soc A 1985;148:317-27",
                "Mehta and Senchaudhuri 2003; by formula", "1e-5"), _SLOW),
    _by_counts("boschloo", "Boschloo's exact unconditional test of two proportions, tables "
               "ordered by Fisher's p-value; risk difference, score interval that agrees with p",
               "risk difference", _ANALYSE | _POWER,
               ("Boschloo RD. Stat Neerl 1970;24:1-9", "`scipy.stats.boschloo_exact`", "2e-5"),
               _SLOW),
    Method("adjusted", "logistic regression on treatment and covariates",
           Provenance("estimate.regression.adjustment.adjusted", STANDARD,
                      "`glm`, `confint` (MASS)", "1e-6; limits 1e-4"),
           computations.regression_on_covariates, given="covariates", scales=_ODDS, clusters=True,
           sampling=True, errors=("model", "HC0", "HC1", "HC2", "HC3", "survey", "bootstrap")),
    Method("gee", "logistic regression on treatment and covariates by generalised estimating "
           "equations, exchangeable within clusters",
           Provenance("estimate.regression.estimating_equations.clustered_odds_ratio",
                      "Liang KY, Zeger SL. Biometrika 1986;73:13-22", "`geepack::geeglm`", "1e-6",
                      library="statsmodels"),
           computations.estimating_equations, given="covariates", scales=_ODDS,
           needs=frozenset({"clusters"}), offered=_ANALYSE,
           reason="it fits one data set at a time", clusters=True),
    Method("firth", "logistic regression on treatment and covariates, with Firth's penalty",
           Provenance("estimate.regression.firth.firth", "Firth D. Biometrika 1993;80:27-38",
                      "`logistf`, by formula", "1e-6"),
           lambda work: [firth(work.data)], given="covariates", scales=_ODDS),
    Method("modified-poisson", "Poisson regression with robust errors",
           Provenance("estimate.regression.poisson.modified_poisson",
                      "Zou G. Am J Epidemiol 2004;159:702-6", "`glm`, `sandwich::vcovHC`", "1e-6"),
           lambda work: [
               modified_poisson(work.data, errors=work.errors("modified-poisson", "HC0"))
           ],
           given="covariates", scales=("risk ratio",), clusters=True, sampling=True,
           errors=("HC0", "HC1", "bootstrap")),
    Method("ps-covariate", "logistic regression on treatment, covariates and propensity score",
           _WITH_SCORE, computations.regression_on_score("ps-covariate", None), given="covariates",
           scales=_ODDS, needs=_SCORE, clusters=True),
    Method("ps-covariate-alone", "logistic regression on treatment and propensity score",
           _WITH_SCORE, computations.regression_on_score("ps-covariate-alone", []),
           given="propensity score", scales=_ODDS, needs=_SCORE, clusters=True),
    *(_iptw(target) for target in ("ate", "att", "atc", "ato", "atm")),
    Method("iptw-ate-naive",
           "inverse-probability weighting; unstabilised weights taken as counts of patients",
           _WEIGHTED_NAIVELY, computations.weighted_naively, needs=_SCORE, offered=_RECOVER,
           reason=_SHOWN_TO_FAIL),
    Method("iptw-ate-adjusted", "weighted logistic regression on treatment and covariates",
           _WEIGHTED_REGRESSION, computations.published_weighted_regression, given="covariates",
           scales=_ODDS, needs=_SCORE,
           weighting=lambda work: work.weights("ate", stabilised=True), balanced_as="iptw-ate"),
    Method("iptw-ato-adjusted",
           "logistic regression on treatment and covariates under overlap weights",
           _WEIGHTED_REGRESSION, computations.overlap_weighted_regression("iptw-ato-adjusted"),
           target="ato", given="covariates", scales=_ODDS, needs=_SCORE,
           errors=("M-estimation", "HC0", "HC1", "HC3", "bootstrap"),
           weighting=lambda work: work.weights("ato"), balanced_as="iptw-ato"),
    *(_entropy(target) for target in _ENTROPY),
    Method("matching", "matching on the propensity score; errors clustered by matched set",
           Provenance("estimate.causal.matched_effects.matched_effects",
                      "Abadie A, Spiess J. JASA 2022;117:983-95", "`MatchIt`; `sandwich::vcovCL`",
                      "same pairs; 1e-6"),
           lambda work: matched_effects(work.data, work.pairs),
           target="focal", needs=_PAIRS, weighting=lambda work: work.pairs),
    Method("matching-adjusted", "logistic regression on treatment and covariates in matched pairs",
           Provenance("estimate.causal.matched_effects.matched",
                      "Ho DE et al. Polit Anal 2007;15:199-236", "`MatchIt`; `glm`",
                      "same pairs; 1e-6"),
           lambda work: [matched(work.data, work.pairs, clustered=False)],
           target="focal", given="covariates", scales=_ODDS, needs=_PAIRS,
           weighting=lambda work: work.pairs, balanced_as="matching"),
    Method("matching-conditional", "conditional logistic regression within matched pairs",
           Provenance("estimate.causal.matched_pairs.paired",
                      "Breslow NE, Day NE. Statistical Methods in Cancer Research I, 1980",
                      "`survival::clogit`, `binom.test`", "1e-6"),
           computations.within_pairs, target="focal", given="pair", scales=_ODDS, needs=_PAIRS,
           offered=_ANALYSE, reason="no true effect given the pair is known",
           weighting=lambda work: work.pairs, balanced_as="matching"),
    Method("matching-treated-largest", "pairs as software forms them by default",
           Provenance("estimate.causal.matched_effects.matched_effects",
                      "Ho DE et al. J Stat Softw 2011;42(8)", "`MatchIt`; `sandwich::vcovCL`",
                      "same pairs; 1e-6"),
           computations.match_treated_largest, target="att", needs=_PAIRS, offered=_RECOVER,
           reason=_SHOWN_TO_FAIL),
    *(_g_computation(target) for target in _ENTROPY),
    Method("g-computation-randomised",
           "g-computation with a logistic outcome model over all participants; standard error of "
           "Ye et al., which uses the strata of the randomisation; score test with a permutation "
           "variance, and the interval that agrees with it",
           Provenance("estimate.causal.randomised_g_computation.g_computation_by_arm",
                      "Ye T et al. Stat Theory Relat Fields 2023;7:159-63",
                      "by formula, as beeca", "1e-6"),
           lambda work: randomised(work.data, strata=work.choices.strata, small_sample=True),
           needs=_MODEL, offered=_EVERYWHERE),
    Method("aipw", "augmented inverse-probability weighting",
           Provenance("estimate.causal.marginal.aipw", "Robins JM et al. JASA 1994;89:846-66",
                      "by formula", "1e-6"),
           lambda work: aipw(work.data, work.score, model=work.model), needs=_SCORE | _MODEL,
           clusters=True, errors=("M-estimation", "bootstrap")),
    Method("tmle", "targeted maximum likelihood",
           Provenance("estimate.causal.marginal.tmle",
                      "van der Laan MJ, Rubin D. Int J Biostat 2006;2:11", "by formula", "1e-6"),
           lambda work: tmle(work.data, work.score, model=work.model), needs=_SCORE | _MODEL,
           clusters=True, errors=("M-estimation", "bootstrap")),
    Method("mantel-haenszel",
           "risk difference pooled over strata (Mantel-Haenszel, Sato's standard error); "
           "Cochran-Mantel-Haenszel test and the stratified score interval",
           Provenance("estimate.comparison.stratified.mantel_haenszel",
                      "Mantel N, Haenszel W. J Natl Cancer Inst 1959;22:719-48",
                      "`mantelhaen.test`, by formula", "1e-7"),
           scales=("risk difference",), needs=frozenset({"sites or strata"}), offered=_POWER,
           reason=_OF_TRIALS),
    Method("logistic", "logistic model; score test with a permutation variance, and the interval "
           "that agrees with it",
           Provenance("estimate.regression.logistic.fit_logistic", STANDARD, "`glm`", "1e-6"),
           given="site or strata", scales=_ODDS, offered=_POWER, reason=_OF_TRIALS),
    Method("site-robust", "difference of two proportions; variance clustered by site (CR2), "
           "Student's t with Satterthwaite's degrees of freedom",
           Provenance("estimate.comparison.clusters.cluster_robust.clustered_difference",
                      "Pustejovsky JE, Tipton E. J Bus Econ Stat 2018;36:672-83",
                      "clubSandwich, by formula", "1e-12"),
           scales=("risk difference",), needs=frozenset({"sites or strata"}), offered=_POWER,
           reason=_OF_TRIALS, by_site=True),
    Method("log-rank", "log-rank test, within strata if any are named; hazard ratio of Cox's "
           "model with its score interval",
           Provenance("estimate.survival.two_arm_times.log_rank_of_days",
                      "Mantel N. Cancer Chemother Rep 1966;50:163-70",
                      "`lifelines.statistics.logrank_test`", "1e-9"),
           given="site or strata", scales=("hazard ratio",), needs=frozenset(), offered=_POWER,
           reason=_OF_TIMES,
           times=True),
    Method("cox", "Cox's model; Wald test and interval on the log hazard ratio",
           Provenance("estimate.survival.two_arm_times.cox_two_arms",
                      "Cox DR. J R Stat Soc B 1972;34:187-220", "`survival::coxph`", "1e-8"),
           given="site or strata", scales=("hazard ratio",), offered=_POWER, reason=_OF_TIMES,
           times=True),
    Method("rmst", "difference of restricted mean times (Kaplan-Meier); Wald test and interval, "
           "Greenwood's variance",
           Provenance("estimate.survival.two_arm_times.restricted_means",
                      "Royston P, Parmar MKB. Stat Med 2011;30:2409-21",
                      "`survival::survfit`", "1e-8"),
           scales=("RMST difference",), needs=frozenset(), offered=_POWER, reason=_OF_TIMES,
           times=True),
    Method("mixed", "logistic model with a normal intercept per site; Wald test and interval",
           Provenance("estimate.regression.random_intercept.fit_random_intercept",
                      "Pinheiro JC, Bates DM. J Comput Graph Stat 1995;4:12-35", "`lme4::glmer`",
                      "2e-5"),
           given="site or strata", scales=_ODDS, needs=frozenset({"sites or strata"}),
           offered=_POWER, reason=_OF_TRIALS, by_site=True),
)  # fmt: skip

#: Titles for figures, where a description does not fit and a code is not understood.
_TITLES: dict[str, str] = {
    "unadjusted": "Unadjusted",
    "risk-ratio": "Unadjusted risk ratio",
    "fisher": "Fisher's exact test",
    "fisher-mid-p": "Fisher's test, mid-p",
    "barnard": "Barnard's exact test",
    "boschloo": "Boschloo's exact test",
    "adjusted": "Logistic regression",
    "gee": "GEE, exchangeable",
    "firth": "Logistic regression, Firth",
    "modified-poisson": "Modified Poisson regression",
    "ps-covariate": "Covariates and propensity score",
    "ps-covariate-alone": "Propensity score as covariate",
    "iptw-ate": "IPTW, ATE",
    "iptw-att": "IPTW, ATT",
    "iptw-atc": "IPTW, ATC",
    "iptw-ato": "Overlap weights, ATO",
    "iptw-atm": "Matching weights, ATM",
    "iptw-ate-naive": "IPTW, weights as counts",
    "iptw-ate-adjusted": "IPTW and covariates",
    "iptw-ato-adjusted": "Overlap weights and covariates",
    "entropy-ate": "Entropy balancing, ATE",
    "entropy-att": "Entropy balancing, ATT",
    "entropy-atc": "Entropy balancing, ATC",
    "matching": "Propensity score matching",
    "matching-adjusted": "Matching and covariates",
    "matching-conditional": "Matching, conditional logistic",
    "matching-treated-largest": "Matching, software default",
    "g-computation": "G-computation, ATE",
    "g-computation-att": "G-computation, ATT",
    "g-computation-atc": "G-computation, ATC",
    "g-computation-randomised": "G-computation, randomised",
    "aipw": "AIPW",
    "tmle": "TMLE",
    "mantel-haenszel": "Mantel-Haenszel",
    "logistic": "Logistic regression",
    "site-robust": "Clustered by site",
    "log-rank": "Log-rank test",
    "cox": "Cox regression",
    "rmst": "Restricted mean time",
    "mixed": "Mixed logistic regression",
}

#: Every analysis method by name, in the order in which pages list them.
METHODS: dict[str, Method] = {
    each.name: replace(each, title=_TITLES[each.name]) for each in _ENTRIES
}
