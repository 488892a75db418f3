"""How confounding is handled: weights and their errors, matching, what conditioning changes."""

import numpy as np
from scipy.special import ndtr

from estimate.causal.balance import balance
from estimate.causal.matching import Focal, match_nearest, matched
from estimate.causal.propensity import PropensityScore, propensity
from estimate.causal.weighting import iptw, iptw_adjusted, weights
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats
from estimate.core.design_matrix import design_matrix
from estimate.core.result import Estimate
from estimate.regression.logistic import fit_logistic
from pretese.article.pitfalls.pitfall_result import (
    MORE,
    Figure,
    Pitfall,
    mean_of,
    mean_ratio,
    share_of,
)
from pretese.article.pitfalls.selection import given_diagnosis
from pretese.article.pitfalls.simulated_studies import (
    EVERYTHING,
    Drawn,
    given_all,
    unadjusted_odds_ratio,
)
from pretese.article.published import PublishedStudy


def conditional_is_not_marginal(replicates: int, seed: int) -> Pitfall:
    """Compare odds ratios with and without covariates where nothing confounds."""
    drawn = Drawn.of("rct-two-arm", replicates, seed)
    alone = unadjusted_odds_ratio(drawn.men())
    given = given_all(drawn.men(covariates=EVERYTHING))
    ratio = given.estimate / alone.estimate
    return Pitfall(
        "conditional-is-not-marginal",
        "An odds ratio given covariates is not the odds ratio of all men",
        ("rct-two-arm",),
        "A coin decides on therapy, so nothing confounds. Do the unadjusted odds ratio and the one "
        "given all covariates agree?",
        (
            mean_ratio("true odds ratio of all men", drawn.truth()),
            mean_ratio("unadjusted odds ratio", alone.estimate),
            mean_ratio("odds ratio given all covariates", given.estimate),
            mean_ratio("the second over the first, study by study", ratio),
        ),
        "Covariates that predict the outcome move the odds ratio away from 1 even without "
        "confounding. A weighted (marginal) and a regression (conditional) odds ratio answer two "
        "questions; that they differ, or agree, is no check of robustness.",
    )


def strong_confounding(replicates: int, seed: int) -> Pitfall:
    """Show what measured confounders do, and that adjusting for them works."""
    drawn = Drawn.of("strong-confounding", replicates, seed)
    data, truth = drawn.men(covariates=EVERYTHING), drawn.truth()
    weighted = iptw(data, score := propensity(data), weights(data, score, "ate"))[2]
    return Pitfall(
        "strong-confounding",
        "Men with good odds choose therapy",
        ("strong-confounding",),
        "How biased is the unadjusted odds ratio, and does weighting by what is measured help?",
        (
            mean_ratio("true odds ratio of any sperm", truth),
            mean_ratio("unadjusted odds ratio", unadjusted_odds_ratio(data).estimate),
            mean_ratio("weighted by the estimated propensity", weighted.estimate),
            mean_ratio(
                "weighted over true, study by study", weighted.estimate / truth
            ),
        ),
        "Weighting by everything measured takes most of it away here because everything that "
        "matters was measured; the next pitfall is the case where it was not.",
    )  # fmt: skip


def hidden_confounder(replicates: int, seed: int) -> Pitfall:
    """Show that adjustment for what is measured cannot remove what is not."""
    drawn = Drawn.of("hidden-confounder", replicates, seed)
    data, truth = drawn.men(covariates=EVERYTHING), drawn.truth()
    weighted = iptw(data, score := propensity(data), weights(data, score, "ate"))[2]
    spread = balance(data, weights(data, score, "ate").value).worst
    known = _by_true_propensity(drawn)
    return Pitfall(
        "hidden-confounder",
        "Good balance of what is measured says nothing of what is not",
        ("hidden-confounder",),
        "Something nobody measures draws men to therapy and gives them sperm. Does weighting show "
        "it?",
        (
            mean_ratio("true odds ratio of any sperm", truth),
            mean_ratio("weighted by the estimated propensity", weighted.estimate),
            mean_of(
                "largest standardised difference left after weighting", spread,
                "standard deviations",
            ),
            mean_ratio("weighted by the true propensity, which no analyst has", known),
        ),
        "Every covariate is balanced and the odds ratio is still too high. Say how strong a hidden "
        "confounder would have to be (E-value) instead of pointing to balance.",
    )  # fmt: skip


def score_beside_covariates(replicates: int, seed: int) -> Pitfall:
    """Put the propensity score into one model with the covariates that it was made of."""
    drawn = Drawn.of("paper", replicates, seed)
    data = drawn.men(covariates=EVERYTHING)
    score = propensity(data)
    design = design_matrix(data)
    both = np.concatenate([design.X, score.score[..., None]], axis=-1)
    alone, doubled = (fit_logistic(X, data.outcome) for X in (design.X, both))
    errors = [np.sqrt(np.einsum("...pp->...p", fit.cov)) for fit in (alone, doubled)]
    inflation = np.exp(np.log(errors[1][..., 2:-1] / errors[0][..., 2:]).mean(-1))
    return Pitfall(
        "score-beside-covariates",
        "The propensity score beside its own covariates",
        ("paper",),
        "One regression holds therapy, the covariates, and the propensity score computed from "
        "these covariates. What does the score add?",
        (
            mean_of(
                "variance of the score explained by a linear model of its covariates",
                100 * _explained(score.score, design.X[..., [0, *range(2, design.X.shape[-1])]]),
                "percent",
            ),
            mean_ratio("odds ratio of therapy given covariates", np.exp(alone.coef[..., 1])),
            mean_ratio("given covariates and score", np.exp(doubled.coef[..., 1])),
            mean_ratio("its standard error, with score over without", errors[1][..., 1]
                       / errors[0][..., 1]),
            mean_ratio("standard errors of the covariates, with score over without", inflation),
        ),
        "The score is a function of the covariates, so it adjusts for them a second time: for "
        "therapy nothing changes. The coefficients of the covariates then compare men who differ "
        "in one of them and yet have the same score, which is no question anybody asked, and "
        "their errors grow. Adjust for the covariates or for the score.",
    )  # fmt: skip


def weights_and_covariates(replicates: int, seed: int) -> Pitfall:
    """Put the covariates into the weighted regression as well."""
    drawn = Drawn.of("strong-confounding", replicates, seed)
    data = drawn.men(covariates=EVERYTHING)
    score = propensity(data)
    w = weights(data, score, "ate", stabilised=True)
    alone, both = iptw(data, score, w)[2], iptw_adjusted(data, score, w)
    given = given_all(data)
    target = float(np.exp(np.log(drawn.truth()).mean()))
    return Pitfall(
        "weights-and-covariates",
        "Stabilised weights with the covariates in the model as well",
        ("strong-confounding",),
        "Men are weighted, and the weighted regression holds the covariates too. Whose odds ratio "
        "is that?",
        (
            mean_ratio("true odds ratio of all men", drawn.truth()),
            mean_ratio("weighted", alone.estimate),
            mean_ratio("weighted, and given the covariates", both.estimate),
            mean_ratio("given the covariates, without weights", given.estimate),
            mean_ratio("the third over the second, study by study", both.estimate / alone.estimate),
            share_of(
                "95 % intervals, weights taken as counts, that hold the true odds ratio of all men",
                (both.conf_low <= target) & (target <= both.conf_high),
            ),
        ),
        "Weights alone estimate the odds ratio of all men. With covariates in the model it becomes "
        "the odds ratio given these covariates, which lies further from 1 for a common outcome "
        "even where both are right. It is the regression's answer, not a second check of the "
        "weighted one.",
    )


def _explained(y: Floats, columns: Floats) -> Floats:
    """Return the share of the variance of y (..., n) explained by columns (..., n, p)."""
    rows = columns.swapaxes(-1, -2)
    coef = np.linalg.solve(rows @ columns, rows @ y[..., None])
    residual = y - np.matmul(columns, coef)[..., 0]
    return np.asarray(1 - residual.var(-1) / y.var(-1))


def naive_weighted_error(replicates: int, seed: int) -> Pitfall:
    """Take weights for counts of men."""
    many = MORE * replicates  # a point or two of coverage show in thousands of studies only
    drawn = Drawn.of("paper", many, seed)
    data = drawn.men(covariates=EVERYTHING)
    score = propensity(data)
    plain, stable = weights(data, score, "ate"), weights(data, score, "ate", stabilised=True)
    target = float(np.exp(np.log(drawn.truth()).mean()))
    ways = (
        ("weights taken as counts of men", iptw(data, score, plain, errors="naive")[2]),
        ("stabilised weights taken as counts", iptw(data, score, stable, errors="naive")[2]),
        ("robust (sandwich) error", iptw(data, score, plain, errors="HC0")[2]),
        ("error that knows the propensity was estimated", iptw(data, score, plain)[2]),
        (
            "the same, residuals enlarged by leverage",
            iptw(data, score, plain, errors="M-estimation HC3")[2],
        ),
    )
    return Pitfall(
        "naive-weighted-error",
        "Weights are not men",
        ("paper",),
        f"How often does the 95 % interval of the weighted odds ratio hold the true one, in "
        f"{many} studies?",
        tuple(
            share_of(words, (each.conf_low <= target) & (target <= each.conf_high))
            for words, each in ways
        ),
        "A man of weight 3 is not three men. Unstabilised weights in an ordinary regression give "
        "intervals that are far too narrow. A sandwich error is the safe choice; the one that "
        "knows the propensity was estimated is shorter, and here, where the heaviest man weighs as "
        "much as sixteen others, by a point or two too short.",
    )


def default_matching(replicates: int, seed: int) -> Pitfall:
    """Match the larger arm to the smaller one."""
    few = min(replicates, 40)  # pairing goes study by study
    drawn = Drawn.of("paper", few, seed)
    data, truth = drawn.men(covariates=EVERYTHING), drawn.truth()
    score = propensity(data)
    larger, smaller = _pairs(data, score, "treated"), _pairs(data, score, "untreated")
    return Pitfall(
        "default-matching",
        "One-to-one matching when the treated are the majority",
        ("paper",),
        "Twice as many men are treated as not. Whose partners are sought first?",
        (
            mean_ratio("true odds ratio of any sperm", truth),
            mean_ratio("odds ratio, treated matched in order of propensity", larger[0].estimate),
            mean_of(
                "largest standardised difference after it", larger[1], "standard deviations"
            ),
            mean_ratio("odds ratio, untreated matched", smaller[0].estimate),
            mean_of(
                "largest standardised difference after that", smaller[1], "standard deviations"
            ),
        ),
        "There are not enough untreated men to go round. Starting from the treated of highest "
        "propensity, a common default, keeps those who are least like anyone untreated. "
        "Starting from the untreated works, and describes men like the untreated: say so.",
    )  # fmt: skip


def fragile_significance(replicates: int, seed: int, published: PublishedStudy) -> Pitfall:
    """Ask how often Wald and likelihood ratio fall on two sides of 5 %."""
    drawn = Drawn.of("paper", replicates, seed)
    answer = given_all(drawn.operated({"diagnosis": EVERYTHING["diagnosis"]}))
    printed = given_diagnosis(published)
    verdicts = _wald_p(answer) < 0.05, answer.p_value < 0.05
    return Pitfall(
        "fragile-significance",
        "Significance that depends on the kind of test",
        ("paper",),
        "Retrieval given diagnosis: do Wald's test and the likelihood ratio agree about 5 %?",
        (
            Figure("printed counts: P of Wald's test", float(_wald_p(printed)), "probability"),
            Figure(
                "printed counts: P of the likelihood ratio", float(printed.p_value), "probability"
            ),
            share_of("simulated studies in which they disagree", verdicts[0] != verdicts[1]),
        ),
        "The two tests rarely disagree, and in these counts they do: the evidence is at the edge. "
        "Give the interval and choose the test before seeing the data.",
    )


def _wald_p(answer: Estimate) -> Floats:
    z = np.log(answer.estimate) / answer.std_error
    return np.asarray(2 * ndtr(-np.abs(z)))


def _pairs(data: AnalysisSet, score: PropensityScore, focal: Focal) -> tuple[Estimate, Floats]:
    pairs = match_nearest(data, score, focal, accept_shortage=True)
    return matched(data, pairs), balance(data, pairs.weights).worst


def _by_true_propensity(drawn: Drawn) -> Floats:
    """Return odds ratios of risks weighted by the probability that nature used."""
    gn, yes = drawn.gn, drawn.cohort.observed("any_sperm")
    chance = drawn.cohort.propensity
    odds = []
    for arm, weight in ((gn, 1 / chance), (~gn, 1 / (1 - chance))):
        risk = (weight * arm * yes).sum(-1) / (weight * arm).sum(-1)
        odds.append(risk / (1 - risk))
    return np.asarray(odds[0] / odds[1])
