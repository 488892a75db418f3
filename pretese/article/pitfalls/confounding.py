"""Confounding: what weighting and matching remove, and what conditioning changes."""

import numpy as np
from scipy.special import ndtr

from estimate.causal.balance import balance
from estimate.causal.matched_effects import matched
from estimate.causal.matching import Focal, match_nearest
from estimate.causal.propensity import PropensityScore, propensity
from estimate.causal.weighting import iptw, weights
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats
from estimate.core.result import Estimate
from pretese.article.pitfalls.pitfall_result import (
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
    """Compare odds ratios with and without covariates in the absence of confounding."""
    drawn = Drawn.of("rct-two-arm", replicates, seed)
    alone = unadjusted_odds_ratio(drawn.data())
    given = given_all(drawn.data(covariates=EVERYTHING))
    ratio = given.estimate / alone.estimate
    return Pitfall(
        "conditional-is-not-marginal",
        "A conditional odds ratio is not a marginal one",
        ("rct-two-arm",),
        "Treatment is randomised, so there is no confounding. Do the unadjusted and the "
        "covariate-adjusted odds ratio agree?",
        (
            mean_ratio("true marginal odds ratio", drawn.truth()),
            mean_ratio("unadjusted odds ratio", alone.estimate),
            mean_ratio("covariate-adjusted odds ratio", given.estimate),
            mean_ratio("ratio of the adjusted to the unadjusted odds ratio, within studies", ratio),
        ),
        "Adjusting for prognostic covariates moves the odds ratio away from 1 even without "
        "confounding (noncollapsibility). A weighted (marginal) and a regression (conditional) "
        "odds ratio have different estimands; their agreement or disagreement does not test "
        "robustness.",
    )


def strong_confounding(replicates: int, seed: int) -> Pitfall:
    """Show the bias from measured confounders, and that adjustment removes it."""
    drawn = Drawn.of("strong-confounding", replicates, seed)
    data, truth = drawn.data(covariates=EVERYTHING), drawn.truth()
    weighted = iptw(data, score := propensity(data), weights(data, score, "ate"))[2]
    return Pitfall(
        "strong-confounding",
        "Patients with a good prognosis choose therapy",
        ("strong-confounding",),
        "How biased is the unadjusted odds ratio, and does weighting by measured covariates help?",
        (
            mean_ratio("true odds ratio of any sperm", truth),
            mean_ratio("unadjusted odds ratio", unadjusted_odds_ratio(data).estimate),
            mean_ratio("weighted by the estimated propensity", weighted.estimate),
            mean_ratio(
                "ratio of weighted to true, within studies", weighted.estimate / truth
            ),
        ),
        "Weighting removes most of the bias here because all confounders were measured. The next "
        "section shows the case with an unmeasured confounder.",
    )  # fmt: skip


def hidden_confounder(replicates: int, seed: int) -> Pitfall:
    """Show that adjustment for measured covariates does not remove unmeasured confounding."""
    drawn = Drawn.of("hidden-confounder", replicates, seed)
    data, truth = drawn.data(covariates=EVERYTHING), drawn.truth()
    weighted = iptw(data, score := propensity(data), weights(data, score, "ate"))[2]
    imbalance = balance(data, weights(data, score, "ate").value).worst
    known = _by_true_propensity(drawn)
    return Pitfall(
        "hidden-confounder",
        "Balance of measured covariates does not exclude unmeasured confounding",
        ("hidden-confounder",),
        "An unmeasured factor favours both therapy and sperm. Does the balance after weighting "
        "reveal it?",
        (
            mean_ratio("true odds ratio of any sperm", truth),
            mean_ratio("weighted by the estimated propensity", weighted.estimate),
            mean_of(
                "largest standardised difference after weighting", imbalance,
                "standard deviations",
            ),
            mean_ratio("weighted by the true propensity (unknown in practice)", known),
        ),
        "Every measured covariate is balanced and the odds ratio is still biased. Report how "
        "strong an unmeasured confounder would have to be (E-value) in addition to the balance.",
    )  # fmt: skip


def default_matching(replicates: int, seed: int) -> Pitfall:
    """Match the larger arm to the smaller one."""
    few = min(replicates, 40)  # matching is done one study at a time
    drawn = Drawn.of("paper", few, seed)
    data, truth = drawn.data(covariates=EVERYTHING), drawn.truth()
    score = propensity(data)
    larger, smaller = _pairs(data, score, "treated"), _pairs(data, score, "untreated")
    return Pitfall(
        "default-matching",
        "One-to-one matching when the treated are the majority",
        ("paper",),
        "Twice as many patients are treated as untreated. Which arm is matched?",
        (
            mean_ratio("true odds ratio of any sperm", truth),
            mean_ratio("odds ratio, treated matched in order of propensity", larger[0].estimate),
            mean_of(
                "largest standardised difference after treated were matched", larger[1],
                "standard deviations",
            ),
            mean_ratio("odds ratio, untreated matched", smaller[0].estimate),
            mean_of(
                "largest standardised difference after untreated were matched", smaller[1],
                "standard deviations",
            ),
        ),
        "There are fewer untreated than treated patients. Matching treated patients in descending "
        "order of propensity, a common default, keeps those who are least similar to untreated "
        "ones. Matching the untreated works; the estimand is then the effect in patients like the "
        "untreated (ATC), which must be stated.",
    )  # fmt: skip


def fragile_significance(replicates: int, seed: int, published: PublishedStudy) -> Pitfall:
    """Count how often the Wald and the likelihood-ratio test disagree at 5 %."""
    drawn = Drawn.of("paper", replicates, seed)
    answer = given_all(drawn.operated({"diagnosis": EVERYTHING["diagnosis"]}))
    printed = given_diagnosis(published)
    verdicts = _wald_p(answer) < 0.05, answer.p_value < 0.05
    return Pitfall(
        "fragile-significance",
        "Significance that depends on the choice of test",
        ("paper",),
        "Retrieval adjusted for diagnosis: do the Wald and the likelihood-ratio test agree at 5 %?",
        (
            Figure("printed counts: P, Wald test", float(_wald_p(printed)), "probability"),
            Figure(
                "printed counts: P, likelihood-ratio test", float(printed.p_value), "probability"
            ),
            share_of("simulated studies in which they disagree", verdicts[0] != verdicts[1]),
        ),
        "The two tests rarely disagree; for the printed counts they do, which means that the "
        "evidence is borderline. Report the interval and specify the test in advance.",
    )


def _wald_p(answer: Estimate) -> Floats:
    z = np.log(answer.estimate) / answer.std_error
    return np.asarray(2 * ndtr(-np.abs(z)))


def _pairs(data: AnalysisSet, score: PropensityScore, focal: Focal) -> tuple[Estimate, Floats]:
    pairs = match_nearest(data, score, focal, accept_shortage=True)
    return matched(data, pairs), balance(data, pairs.weights).worst


def _by_true_propensity(drawn: Drawn) -> Floats:
    """Return odds ratios of risks weighted by the true probability of treatment."""
    gonadotropin_therapy, yes = drawn.gonadotropin_therapy, drawn.cohort.observed("any_sperm")
    chance = drawn.cohort.propensity
    odds = []
    for arm, weight in (
        (gonadotropin_therapy, 1 / chance),
        (~gonadotropin_therapy, 1 / (1 - chance)),
    ):
        risk = (weight * arm * yes).sum(-1) / (weight * arm).sum(-1)
        odds.append(risk / (1 - risk))
    return np.asarray(odds[0] / odds[1])
