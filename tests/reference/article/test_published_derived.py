"""Recompute every derived figure from the printed ones, with scipy and by independent formulas."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, special, stats

from pretese.article.published import load_published
from simulate.core.coding import BASELINE

DIAGNOSES = ("idiopathic", "cryptorchidism", "orchitis", "azfc")
STUDY = load_published("rbe-2022-00934")
Z = stats.norm.isf(0.025)
Vector = NDArray[np.float64]


def of(number_id: str) -> float:
    return STUDY.number(number_id).value


def by_diagnosis(pattern: str) -> Vector:
    return np.array([of(pattern.format(dx)) for dx in DIAGNOSES])


@dataclass(frozen=True)
class Strata:
    """Margins of 2 x 2 tables, one for each stratum: sufficient for logit(y) ~ arm + stratum."""

    treated: Vector
    untreated: Vector
    successes: Vector
    treated_successes: float

    def intercepts(self, effect: float) -> Vector:
        """Solve the score equation of each stratum at a given log odds ratio."""

        def excess(a: float, k: int) -> float:
            expected = self.treated[k] * special.expit(a + effect)
            return float(expected + self.untreated[k] * special.expit(a) - self.successes[k])

        roots = [
            optimize.brentq(excess, -30, 30, args=(k,), xtol=1e-14)
            for k in range(len(self.successes))
        ]
        return np.array(roots)

    def log_likelihood(self, effect: float) -> float:
        a = self.intercepts(effect)
        linear = self.successes @ a + self.treated_successes * effect
        # log(1 + e^x), without overflow
        cost = self.treated @ np.logaddexp(0, a + effect) + self.untreated @ np.logaddexp(0, a)
        return float(linear - cost)

    def effect(self) -> float:
        def score(b: float) -> float:
            expected = self.treated @ special.expit(self.intercepts(b) + b)
            return float(expected - self.treated_successes)

        return float(optimize.brentq(score, -5, 5, xtol=1e-14))

    def standard_error(self) -> float:
        """Return the information on the effect, adjusted for the intercepts."""
        b = self.effect()
        p1, p0 = special.expit(self.intercepts(b) + b), special.expit(self.intercepts(b))
        w1, w0 = self.treated * p1 * (1 - p1), self.untreated * p0 * (1 - p0)
        return float(np.sum(w1 * w0 / (w1 + w0)) ** -0.5)

    def profile_limits(self) -> tuple[float, float]:
        b, top = self.effect(), self.log_likelihood(self.effect())

        def fall(t: float) -> float:
            return float(2 * (top - self.log_likelihood(t)) - stats.chi2.ppf(0.95, 1))

        return (
            float(optimize.brentq(fall, b - 3, b, xtol=1e-12)),
            float(optimize.brentq(fall, b, b + 3, xtol=1e-12)),
        )

    def averages(self) -> tuple[float, float]:
        """Return the mean rates of the model with and without treatment over all patients."""
        b, patients = self.effect(), self.treated + self.untreated
        a, total = self.intercepts(b), patients.sum()
        return float(patients @ special.expit(a + b) / total), float(
            patients @ special.expit(a) / total
        )

    def figures(self, name: str) -> dict[str, float]:
        b, se, (low, high) = self.effect(), self.standard_error(), self.profile_limits()
        lrt = 2 * (self.log_likelihood(b) - self.log_likelihood(0.0))
        prefix = f"derived.odds_ratio.{name}"
        return {
            prefix: np.exp(b),
            f"{prefix}.profile_low": np.exp(low),
            f"{prefix}.profile_high": np.exp(high),
            f"{prefix}.wald_low": np.exp(b - Z * se),
            f"{prefix}.wald_high": np.exp(b + Z * se),
            f"{prefix}.lrt_p_value": stats.chi2.sf(lrt, 1),
            f"{prefix}.wald_p_value": 2 * stats.norm.sf(abs(b) / se),
        }


def two_arms(y1: float, n1: float, y0: float, n0: float) -> Strata:
    return Strata(np.array([n1]), np.array([n0]), np.array([y1 + y0]), y1)


UNADJUSTED = (
    of("table1.retrieved.treated.count"),
    of("table1.n.treated"),
    of("table1.retrieved.untreated.count"),
    of("table1.n.untreated"),
)
ANY_SPERM = (
    of("table1.retrieved.treated.count") + of("flow.sperm_in_ejaculate"),
    of("flow.treated"),
    of("table1.retrieved.untreated.count"),
    of("flow.untreated"),
)
TREATED = by_diagnosis("table1.diagnosis.{}.treated.count")
UNTREATED = by_diagnosis("table1.diagnosis.{}.untreated.count")
EJACULATES = by_diagnosis("ejaculate.diagnosis.{}.count")
CRYPTORCHIDISM = of("flow.retrieved") - sum(
    of(f"retrieved.diagnosis.{dx}.count") for dx in ("idiopathic", "orchitis", "azfc")
)
RETRIEVED = np.array(
    [
        of("retrieved.diagnosis.idiopathic.count"),
        CRYPTORCHIDISM,
        of("retrieved.diagnosis.orchitis.count"),
        of("retrieved.diagnosis.azfc.count"),
    ]
)
BY_DIAGNOSIS = Strata(TREATED, UNTREATED, RETRIEVED, UNADJUSTED[0])
ANY_BY_DIAGNOSIS = Strata(TREATED + EJACULATES, UNTREATED, RETRIEVED + EJACULATES, ANY_SPERM[0])


def table(y1: float, n1: float, y0: float, n0: float) -> Vector:
    return np.array([[y1, n1 - y1], [y0, n0 - y0]])


def p_values(counts: Vector) -> tuple[float, float, float]:
    """Chi-square with and without Yates' correction, and Fisher's test."""
    return (
        stats.chi2_contingency(counts).pvalue,
        stats.chi2_contingency(counts, correction=False).pvalue,
        stats.fisher_exact(counts).pvalue,
    )


def risks(name: str, y1: float, n1: float, y0: float, n0: float) -> dict[str, float]:
    """Risk ratio with Wald limits, risk difference with Newcombe's (1998, method 10)."""
    p1, p0 = y1 / n1, y0 / n0
    se = np.sqrt((1 - p1) / y1 + (1 - p0) / y0)
    w1 = stats.binomtest(int(y1), int(n1)).proportion_ci(method="wilson")
    w0 = stats.binomtest(int(y0), int(n0)).proportion_ci(method="wilson")
    difference = p1 - p0
    ratio, delta = f"derived.risk_ratio.{name}", f"derived.risk_difference.{name}"
    return {
        ratio: p1 / p0,
        f"{ratio}.wald_low": p1 / p0 * np.exp(-Z * se),
        f"{ratio}.wald_high": p1 / p0 * np.exp(Z * se),
        delta: 100 * difference,
        f"{delta}.newcombe_low": 100 * (difference - np.hypot(p1 - w1.low, w0.high - p0)),
        f"{delta}.newcombe_high": 100 * (difference + np.hypot(w1.high - p1, p0 - w0.low)),
    }


def counts() -> dict[str, float]:
    patients = by_diagnosis("table1.diagnosis.{}.overall.count")
    started = TREATED + EJACULATES
    figures = {
        "derived.flow.not_enrolled.count": of("flow.proposed_micro_tese") - of("flow.enrolled"),
        "derived.retrieved.cryptorchidism.count": CRYPTORCHIDISM,
        "derived.retrieved.cryptorchidism.percent": 100 * CRYPTORCHIDISM / of("flow.retrieved"),
        "derived.any_sperm.treated.count": ANY_SPERM[0],
        "derived.any_sperm.treated.percent": 100 * ANY_SPERM[0] / ANY_SPERM[1],
        "derived.any_sperm.untreated.count": ANY_SPERM[2],
        "derived.any_sperm.untreated.percent": 100 * ANY_SPERM[2] / ANY_SPERM[3],
        "derived.case_mix.treated.percent": 100 * TREATED @ (RETRIEVED / patients) / TREATED.sum(),
        "derived.case_mix.untreated.percent": 100
        * UNTREATED
        @ (RETRIEVED / patients)
        / UNTREATED.sum(),
    }
    for k, dx in enumerate(DIAGNOSES):
        figures[f"derived.retrieval_rate.{dx}.percent"] = 100 * RETRIEVED[k] / patients[k]
        figures[f"derived.started.{dx}.count"] = started[k]
        figures[f"derived.ejaculate_rate.{dx}.percent"] = 100 * EJACULATES[k] / started[k]
    return figures


def delivery() -> dict[str, float]:
    # test_published_counts.py finds the counts by search.
    births_1, couples_1, births_0, couples_0 = 54.0, 107.0, 14.0, 31.0
    contrast = two_arms(births_1, couples_1, births_0, couples_0).figures("delivery")
    yates, pearson, _ = p_values(table(births_1, couples_1, births_0, couples_0))
    return {
        "derived.delivery.treated.births": births_1,
        "derived.delivery.treated.couples": couples_1,
        "derived.delivery.untreated.births": births_0,
        "derived.delivery.untreated.couples": couples_0,
        "derived.delivery.pearson_p_value": pearson,
        "derived.delivery.yates_p_value": yates,
        "derived.delivery.odds_ratio": contrast["derived.odds_ratio.delivery"],
        "derived.delivery.odds_ratio.wald_low": contrast["derived.odds_ratio.delivery.wald_low"],
        "derived.delivery.odds_ratio.wald_high": contrast["derived.odds_ratio.delivery.wald_high"],
    }


def contrasts() -> dict[str, float]:
    yates, pearson, fisher = p_values(table(*UNADJUSTED))
    p1, p0 = BY_DIAGNOSIS.averages()
    enrolled = (UNADJUSTED[0], ANY_SPERM[1], UNADJUSTED[2], ANY_SPERM[3])
    return {
        **two_arms(*UNADJUSTED).figures("unadjusted"),
        **risks("unadjusted", *UNADJUSTED),
        "derived.odds_ratio.unadjusted.yates_p_value": yates,
        "derived.odds_ratio.unadjusted.pearson_p_value": pearson,
        "derived.odds_ratio.unadjusted.fisher_p_value": fisher,
        **BY_DIAGNOSIS.figures("diagnosis_adjusted"),
        "derived.risk_difference.diagnosis_g_computation": 100 * (p1 - p0),
        "derived.risk_ratio.diagnosis_g_computation": p1 / p0,
        "derived.odds_ratio.diagnosis_g_computation": p1 / (1 - p1) * (1 - p0) / p0,
        **two_arms(*ANY_SPERM).figures("any_sperm"),
        **risks("any_sperm", *ANY_SPERM),
        "derived.odds_ratio.any_sperm.yates_p_value": p_values(table(*ANY_SPERM))[0],
        **ANY_BY_DIAGNOSIS.figures("any_sperm_diagnosis_adjusted"),
        **two_arms(*enrolled).figures("retrieved_of_enrolled"),
    }


def log_se(analysis: str) -> float:
    return float(np.log(of(f"{analysis}.conf_high") / of(f"{analysis}.conf_low")) / (2 * Z))


def implied() -> dict[str, float]:
    rate = TREATED / (TREATED + UNTREATED)
    order = np.sign(rate[:, None] - rate[None, :])
    over, up_to = "subgroup.duration_over_3", "subgroup.duration_up_to_3"
    ratio = of(f"{over}.odds_ratio") / of(f"{up_to}.odds_ratio")
    se = np.hypot(log_se(over), log_se(up_to))
    return {
        "derived.diagnosis.p_value": stats.chi2_contingency([TREATED, UNTREATED]).pvalue,
        "derived.c_statistic.diagnosis": (
            TREATED @ ((order + 1) / 2) @ UNTREATED / (TREATED.sum() * UNTREATED.sum())
        ),
        "derived.c_statistic.listed_covariates": of("propensity.c_statistic"),
        "derived.log_odds_se.unadjusted": log_se("table2.unadjusted"),
        "derived.log_odds_se.iptw": log_se("table2.iptw"),
        "derived.log_odds_se.matched": log_se("table2.matched"),
        "derived.interaction.duration.ratio": ratio,
        "derived.interaction.duration.wald_p_value": 2 * stats.norm.sf(abs(np.log(ratio)) / se),
    }


COMPUTED = {**counts(), **delivery(), **contrasts(), **implied()}


def test_every_derived_figure_is_computed_here() -> None:
    assert set(COMPUTED) == set(STUDY.derived)


@pytest.mark.parametrize("number_id", COMPUTED)
def test_a_derived_figure_follows_from_the_printed_ones(number_id: str) -> None:
    assert STUDY.number(number_id).agrees_with(COMPUTED[number_id]), COMPUTED[number_id]


def test_the_unadjusted_odds_ratio_is_the_cross_product() -> None:
    assert COMPUTED["derived.odds_ratio.unadjusted"] == pytest.approx(
        115 * 140 / (253 * 34), rel=1e-12
    )


def test_one_stratum_has_woolfs_standard_error() -> None:
    woolf = np.sqrt(1 / 115 + 1 / 253 + 1 / 34 + 1 / 140)
    assert two_arms(*UNADJUSTED).standard_error() == pytest.approx(woolf, rel=1e-10)


def test_rates_of_a_model_without_effect_follow_the_case_mix() -> None:
    # At no effect of treatment the intercepts are the diagnosis-specific log odds.
    rate = special.expit(BY_DIAGNOSIS.intercepts(0.0))
    assert rate == pytest.approx(RETRIEVED / (TREATED + UNTREATED), rel=1e-10)


@pytest.mark.parametrize(
    ("printed", "computed"),
    [
        ("table2.unadjusted.odds_ratio", "derived.odds_ratio.unadjusted"),
        ("table2.unadjusted.conf_low", "derived.odds_ratio.unadjusted.profile_low"),
        ("table2.unadjusted.conf_high", "derived.odds_ratio.unadjusted.profile_high"),
        ("table2.unadjusted.p_value", "derived.odds_ratio.unadjusted.lrt_p_value"),
        ("table1.retrieved.p_value", "derived.odds_ratio.unadjusted.yates_p_value"),
        ("table1.diagnosis.p_value", "derived.diagnosis.p_value"),
    ],
)
def test_the_conventions_reproduce_the_printed_digits(printed: str, computed: str) -> None:
    assert STUDY.number(printed).agrees_with(COMPUTED[computed])


@pytest.mark.parametrize(
    ("printed", "computed"),
    [
        ("table2.unadjusted.conf_low", "derived.odds_ratio.unadjusted.wald_low"),
        ("table2.unadjusted.conf_high", "derived.odds_ratio.unadjusted.wald_high"),
        ("table2.unadjusted.p_value", "derived.odds_ratio.unadjusted.wald_p_value"),
        ("table1.retrieved.p_value", "derived.odds_ratio.unadjusted.pearson_p_value"),
        ("table1.retrieved.p_value", "derived.odds_ratio.unadjusted.fisher_p_value"),
    ],
)
def test_other_conventions_do_not(printed: str, computed: str) -> None:
    assert not STUDY.number(printed).agrees_with(COMPUTED[computed])


def test_significance_after_adjustment_for_diagnosis_depends_on_the_test() -> None:
    prefix = "derived.odds_ratio.diagnosis_adjusted"
    assert COMPUTED[f"{prefix}.lrt_p_value"] < 0.05 < COMPUTED[f"{prefix}.wald_p_value"]
    assert COMPUTED[f"{prefix}.wald_low"] < 1 < COMPUTED[f"{prefix}.profile_low"]


@pytest.mark.parametrize("analysis", ["unadjusted", "iptw", "matched"])
def test_rounded_limits_change_the_implied_standard_error_as_the_rule_states(
    analysis: str,
) -> None:
    number = STUDY.number(f"derived.log_odds_se.{analysis}")
    low, high = of(f"table2.{analysis}.conf_low"), of(f"table2.{analysis}.conf_high")
    blur = np.log((high + 0.005) / (low - 0.005)) / (2 * Z) - log_se(f"table2.{analysis}")
    assert number.rule is not None
    assert "at most 0.002" in number.rule
    assert 0.001 < blur < 0.002


def test_rounded_figures_change_the_interaction_as_the_rule_states() -> None:
    names = [
        f"subgroup.duration_{stratum}.{part}"
        for stratum in ("over_3", "up_to_3")
        for part in ("odds_ratio", "conf_low", "conf_high")
    ]
    corners = np.array(list(product((-0.005, 0.005), repeat=6))) + [of(name) for name in names]
    o1, l1, h1, o0, l0, h0 = corners.T
    se = np.hypot(np.log(h1 / l1), np.log(h0 / l0)) / (2 * Z)
    blur = 2 * stats.norm.sf(np.log(o1 / o0) / se) - of("derived.interaction.duration.wald_p_value")
    assert 0.002 < np.abs(blur).max() < 0.005
    assert 0.01 < np.abs(o1 / o0 - of("derived.interaction.duration.ratio")).max() < 0.02


def rough_rank_test(quantity: str) -> float:
    """Approximate a rank test by log-normal curves through the quartiles."""
    z = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    curves = []
    for arm in ("treated", "untreated"):
        q1, median, q3 = (
            np.log(of(f"table1.{quantity}.{arm}.{point}")) for point in ("q1", "median", "q3")
        )
        spread = np.where(z < 0, median - q1, q3 - median) / stats.norm.ppf(0.75)
        curves.append(median + spread * z)
    wins = np.searchsorted(curves[1], curves[0]).mean() / 2000
    n1, n0 = of("table1.n.treated"), of("table1.n.untreated")
    return float(2 * stats.norm.sf(abs(wins - 0.5) / np.sqrt((n1 + n0 + 1) / (12 * n1 * n0))))


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        ("bmi_kg_m2", 0.3),
        ("testis_volume_ml", 0.4),
        ("age_years", 0.01),
        ("prolactin_ng_ml", 0.01),
    ],
)
def test_the_finding_on_rank_tests_agrees_with_the_quartiles(quantity: str, message: float) -> None:
    words = STUDY.findings["finding.bmi_p_value"].text
    assert f"{message:g} for" in words
    assert round(rough_rank_test(quantity), 2 if message < 0.1 else 1) == message


def area_of_p(p_value: float) -> float:
    """C-statistic of one variable from its two-sided Wilcoxon P, normal approximation, no ties."""
    m, n = TREATED.sum(), UNTREATED.sum()
    return 0.5 + stats.norm.isf(p_value / 2) * np.sqrt((m + n + 1) / (12 * m * n))


@pytest.mark.parametrize(
    ("names", "area"),
    [
        (("age_years", "infertility_duration_years", "bmi_kg_m2"), 0.620),
        (tuple(name for name in BASELINE if name != "testis_volume_ml"), 0.634),
    ],
)
def test_the_c_statistics_of_the_finding_follow_from_p_values(names, area) -> None:
    """Independent normal scores: distances between the arms add as squares."""
    areas = [of("derived.c_statistic.diagnosis")]
    areas += [area_of_p(of(f"table1.{name}.p_value")) for name in names]
    distance = np.sqrt(2 * (stats.norm.ppf(areas) ** 2).sum())
    assert stats.norm.cdf(distance / np.sqrt(2)) == pytest.approx(area, abs=0.0005)
    assert f"{area:.3f}" in STUDY.findings["finding.c_statistic"].text
