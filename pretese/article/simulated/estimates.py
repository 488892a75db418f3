"""Published results of analyses: tests, odds ratios, balance.

The article imputes missing hormones; here, patients with a missing hormone are excluded from
analyses that use it (complete cases), as stated in the labels. The conventions are those that
reproduce the printed digits from the printed counts: profile-likelihood interval, likelihood-ratio
p, Yates.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estimate.causal.balance import balance
from estimate.causal.matched_effects import matched
from estimate.causal.matching import match_nearest
from estimate.causal.propensity import c_statistic, propensity
from estimate.causal.weighting import iptw_adjusted, weights
from estimate.comparison.contingency import count, unadjusted
from estimate.comparison.two_sample import chi_square, wilcoxon
from estimate.core.analysis_set import AnalysisSet
from estimate.core.columns import Categorical, Kind, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.design_matrix import design_matrix
from estimate.core.result import Estimate
from estimate.regression.adjustment import adjusted
from estimate.regression.coefficient_limits import likelihood_ratio
from estimate.regression.logistic import fit_logistic
from estimate.survival.cumulative_live_birth import life_table, log_rank, transfer_times
from pretese.article.simulated.studies import Studies
from simulate.core.coding import BASELINE, DIAGNOSES

Floats = NDArray[np.float64]
Numbers = Iterator[tuple[str, NDArray[Any]]]

#: Covariates of the adjusted analyses, from footnote a of Table 2, which omits volume.
COVARIATES: Mapping[str, Kind] = {
    "diagnosis": Categorical(DIAGNOSES),
    **{name: Numeric() for name in BASELINE if name != "testis_volume_ml"},
}

MODEL_1 = ("age_years",)
MODEL_2 = ("age_years", "infertility_duration_years", "bmi_kg_m2", "diagnosis")

#: Cut-off of duration of infertility in the article, in years; it belongs to the lower group.
LONG_YEARS = 3


def estimate_statistics(studies: Studies) -> dict[str, Floats]:
    """Return every estimated statistic under the id of its published number, shape (replicate,)."""
    everyone = _patients(studies, studies.any_sperm, {}, np.ones_like(studies.gonadotropin_therapy))
    operated = _patients(studies, studies.retrieved, {}, studies.operated)
    complete = _patients(studies, studies.retrieved, COVARIATES, studies.operated)
    parts = (
        _table1_p(studies),
        _unadjusted(operated),
        _any_sperm(studies, everyone),
        _by_diagnosis(studies),
        _published_analyses(complete),
        _models(studies),
        _duration(complete),
        _delivery(studies),
    )
    return {name: np.asarray(numbers) for part in parts for name, numbers in part}


def _patients(
    studies: Studies, outcome: NDArray[np.bool_], covariates: Mapping[str, Kind], who: ArrayLike
) -> AnalysisSet:
    columns = {
        "gonadotropin_therapy": studies.gonadotropin_therapy,
        "sperm": outcome,
        "diagnosis": studies.cohort.patients.diagnosis.astype(int),
        **studies.cohort.baseline,
    }
    return analysis_set(
        columns,
        treatment="gonadotropin_therapy",
        outcome="sperm",
        covariates=covariates,
        include=who,
    )


def _table1_p(studies: Studies) -> Numbers:
    group = np.where(studies.operated, studies.gonadotropin_therapy, -1)
    for name in BASELINE:
        values = np.where(studies.operated, studies.cohort.baseline[name], np.nan)
        yield f"table1.{name}.p_value", wilcoxon(values, np.maximum(group, 0)).p_value
    table = np.stack(
        [
            [(studies.diagnosed(d) & studies.group(g)).sum(-1) for g in ("untreated", "treated")]
            for d in DIAGNOSES
        ]
    )
    p_value = chi_square(np.moveaxis(table, -1, 0)).p_value
    yield "table1.diagnosis.p_value", p_value
    yield "derived.diagnosis.p_value", p_value


def _unadjusted(operated: AnalysisSet) -> Numbers:
    difference, ratio, odds = unadjusted(operated)
    yield from _four("table2.unadjusted", odds)
    yield "derived.odds_ratio.unadjusted", odds.estimate
    yield "derived.odds_ratio.unadjusted.profile_low", odds.conf_low
    yield "derived.odds_ratio.unadjusted.profile_high", odds.conf_high
    yield "derived.odds_ratio.unadjusted.lrt_p_value", odds.p_value
    yield "derived.log_odds_se.unadjusted", odds.std_error
    yield "derived.risk_ratio.unadjusted", ratio.estimate
    yield "derived.risk_difference.unadjusted", 100 * difference.estimate
    table = count(operated).matrix
    yates = chi_square(table).p_value
    yield "table1.retrieved.p_value", yates
    yield "derived.odds_ratio.unadjusted.yates_p_value", yates
    yield "derived.odds_ratio.unadjusted.pearson_p_value", chi_square(table, yates=False).p_value


def _four(stem: str, answer: Estimate) -> Numbers:
    yield f"{stem}.odds_ratio", answer.estimate
    yield f"{stem}.conf_low", answer.conf_low
    yield f"{stem}.conf_high", answer.conf_high
    yield f"{stem}.p_value", answer.p_value


def _any_sperm(studies: Studies, everyone: AnalysisSet) -> Numbers:
    difference, ratio, odds = unadjusted(everyone)
    yield "derived.odds_ratio.any_sperm", odds.estimate
    yield "derived.odds_ratio.any_sperm.profile_low", odds.conf_low
    yield "derived.odds_ratio.any_sperm.profile_high", odds.conf_high
    yield "derived.odds_ratio.any_sperm.lrt_p_value", odds.p_value
    yield "derived.odds_ratio.any_sperm.yates_p_value", chi_square(count(everyone).matrix).p_value
    yield "derived.risk_ratio.any_sperm", ratio.estimate
    yield "derived.risk_difference.any_sperm", 100 * difference.estimate
    found = _patients(studies, studies.retrieved, {}, np.ones_like(studies.gonadotropin_therapy))
    yield "derived.odds_ratio.retrieved_of_enrolled", unadjusted(found)[2].estimate


def _by_diagnosis(studies: Studies) -> Numbers:
    diagnosis = {"diagnosis": COVARIATES["diagnosis"]}
    operated = _patients(studies, studies.retrieved, diagnosis, studies.operated)
    everyone = _patients(
        studies, studies.any_sperm, diagnosis, np.ones_like(studies.gonadotropin_therapy)
    )
    for stem, patients in (
        ("derived.odds_ratio.diagnosis_adjusted", operated),
        ("derived.odds_ratio.any_sperm_diagnosis_adjusted", everyone),
    ):
        answer = adjusted(patients)
        yield stem, answer.estimate
        yield f"{stem}.profile_low", answer.conf_low
        yield f"{stem}.profile_high", answer.conf_high
        yield f"{stem}.lrt_p_value", answer.p_value
    yield "derived.c_statistic.diagnosis", _area(operated)


def _area(patients: AnalysisSet) -> Floats:
    return np.asarray(
        c_statistic(propensity(patients).score, patients.treatment, patients.include).c_statistic
    )


def _published_analyses(complete: AnalysisSet) -> Numbers:
    """Analyse as in the article: naive weighted interval, pairs treated as independent."""
    score = propensity(complete)
    yield "derived.c_statistic.listed_covariates", _area(complete)
    stabilised = weights(complete, score, stabilised=True)
    weighted = iptw_adjusted(complete, score, stabilised)
    yield from _four("table2.iptw", weighted)
    yield "derived.log_odds_se.iptw", weighted.std_error
    yield "propensity.max_smd_after", balance(complete, stabilised.value).worst
    yield "analysis.iptw.n", weighted.n
    pairs = match_nearest(complete, score, "untreated")
    answer = matched(complete, pairs, clustered=False)
    yield from _four("table2.matched", answer)
    yield "derived.log_odds_se.matched", answer.std_error
    yield "analysis.matched.pairs", pairs.weights.sum(-1) / 2
    yield "analysis.propensity_adjusted.odds_ratio", adjusted(complete, score=score.score).estimate


def _models(studies: Studies) -> Numbers:
    """Models 1 to 3, whose odds ratios are in a table that is not available."""
    for number, names in (("1", MODEL_1), ("2", MODEL_2), ("3", tuple(COVARIATES))):
        kinds = {name: COVARIATES[name] for name in names}
        patients = _patients(studies, studies.retrieved, kinds, studies.operated)
        answer = adjusted(patients, method=f"model {number}")
        yield f"analysis.model_{number}.odds_ratio", answer.estimate
        yield f"analysis.model_{number}.n", answer.n
        if names == MODEL_2:  # covariates as interpreted for the printed value
            yield "propensity.c_statistic", _area(patients)


def _duration(complete: AnalysisSet) -> Numbers:
    """Return adjusted odds ratios up to and above three years, and the test of interaction."""
    long = complete.covariates["infertility_duration_years"] > LONG_YEARS
    ratios = {}
    for name, stratum in (("over_3", long), ("up_to_3", ~long)):
        answer = adjusted(complete.keep(stratum, "other duration of infertility"))
        ratios[name] = answer.estimate
        yield f"subgroup.duration_{name}.odds_ratio", answer.estimate
        yield f"subgroup.duration_{name}.conf_low", answer.conf_low
        yield f"subgroup.duration_{name}.conf_high", answer.conf_high
    yield "derived.interaction.duration.ratio", ratios["over_3"] / ratios["up_to_3"]
    yield "interaction.duration.p_value", _interaction_p(complete, long)


def _interaction_p(data: AnalysisSet, stratum: NDArray[np.bool_]) -> NDArray[Any]:
    """Test treatment by stratum in the model with all covariates, by likelihood ratio."""
    inside = np.where(data.include, stratum, False).astype(float)
    product = inside * data.treatment
    design = np.concatenate([design_matrix(data).X, inside[..., None], product[..., None]], axis=-1)
    fit = fit_logistic(design, data.outcome, data.weights)
    last = design.shape[-1] - 1
    return likelihood_ratio(design, data.outcome, fit, last, data.weights)[1]


def _delivery(studies: Studies) -> Numbers:
    """Compare cumulative live birth over transfers; couples who stop stay at risk."""
    transfers = np.stack([births.transferred.sum(-1) for births in studies.births])
    made = np.where(studies.gonadotropin_therapy, transfers[1], transfers[0])
    time = transfer_times(np.maximum(made, 1), studies.delivered, "conservative")
    last = int(made.max())
    arms = [
        life_table(
            time, studies.delivered, studies.icsi & (studies.gonadotropin_therapy == arm), last=last
        )
        for arm in (False, True)
    ]
    yield "delivery.p_value", log_rank(*arms).p_value
