"""The printed figures agree with one another: sums, percentages, quartiles, whole numbers."""

import math
from itertools import product

import pytest

from pretese.article.published import PublishedStudy, load_published
from simulate.core.coding import BASELINE

ARMS = ("untreated", "treated")
GROUPS = ("overall", *ARMS)
DIAGNOSES = ("idiopathic", "cryptorchidism", "orchitis", "azfc")
QUANTITIES = BASELINE


@pytest.fixture(scope="module")
def study() -> PublishedStudy:
    return load_published("rbe-2022-00934")


def test_the_flow_adds_up(study: PublishedStudy) -> None:
    def flow(name: str) -> float:
        return study.number(f"flow.{name}").value

    assert flow("noa_seen") == flow("proposed_micro_tese") + flow("donor_sperm") == 1318
    assert flow("enrolled") == flow("treated") + flow("untreated") == 569
    assert flow("treated") == flow("sperm_in_ejaculate") + flow("treated_micro_tese") == 395
    assert flow("micro_tese") == flow("treated_micro_tese") + flow("untreated") == 542
    assert flow("retrieved") == flow("icsi") + flow("no_icsi") == 149


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("table1.n.overall", "flow.micro_tese"),
        ("table1.n.treated", "flow.treated_micro_tese"),
        ("table1.n.untreated", "flow.untreated"),
        ("table1.retrieved.overall.count", "flow.retrieved"),
        ("ejaculate.count", "flow.sperm_in_ejaculate"),
        ("table2.iptw.n", "flow.micro_tese"),
        ("table2.matched.treated", "matched.pairs"),
        ("table2.matched.untreated", "matched.pairs"),
    ],
)
def test_a_figure_printed_twice_has_one_value(study: PublishedStudy, one: str, other: str) -> None:
    assert study.number(one).value == study.number(other).value


def test_the_arms_of_table_1_add_up_to_the_whole(study: PublishedStudy) -> None:
    rows = ["n.{}", "retrieved.{}.count", *(f"diagnosis.{dx}.{{}}.count" for dx in DIAGNOSES)]
    for row in rows:
        overall, untreated, treated = (
            study.number("table1." + row.format(group)).value for group in GROUPS
        )
        assert overall == untreated + treated, row


@pytest.mark.parametrize("group", GROUPS)
def test_diagnoses_add_up_to_the_patients(study: PublishedStudy, group: str) -> None:
    counts = [study.number(f"table1.diagnosis.{dx}.{group}.count").value for dx in DIAGNOSES]
    assert sum(counts) == study.number(f"table1.n.{group}").value


def test_ejaculates_by_diagnosis_add_up_to_27(study: PublishedStudy) -> None:
    counts = [study.number(f"ejaculate.diagnosis.{dx}.count").value for dx in DIAGNOSES]
    assert sorted(counts) == [2, 2, 8, 15]
    assert sum(counts) == study.number("ejaculate.count").value


def shares() -> list[tuple[str, str, str]]:
    """Return every printed percentage with its numerator and denominator."""
    table_1 = [
        (f"table1.diagnosis.{dx}.{group}", f"table1.n.{group}")
        for dx, group in product(DIAGNOSES, GROUPS)
    ] + [(f"table1.retrieved.{group}", f"table1.n.{group}") for group in GROUPS]
    sperm = (
        [("ejaculate", "flow.treated")]
        + [(f"ejaculate.diagnosis.{dx}", "ejaculate.count") for dx in DIAGNOSES]
        + [(f"retrieved.diagnosis.{dx}", "flow.retrieved") for dx in DIAGNOSES if dx[0] != "c"]
    )
    return [
        *((f"{row}.percent", f"{row}.count", whole) for row, whole in table_1 + sperm),
        ("delivery.percent", "flow.live_birth", "flow.icsi"),
        ("flow.no_icsi_percent", "flow.no_icsi", "flow.retrieved"),
    ]


@pytest.mark.parametrize(("percent", "count", "whole"), shares())
def test_a_percentage_follows_from_its_counts(
    study: PublishedStudy, percent: str, count: str, whole: str
) -> None:
    exact = 100 * study.number(count).value / study.number(whole).value
    assert study.number(percent).agrees_with(exact)


def test_every_printed_percentage_is_checked_or_has_no_counts(study: PublishedStudy) -> None:
    printed = {name for name, number in study.printed.items() if number.unit == "percent"}
    without_counts = {
        "method.confidence_percent",
        "mediation.proportion_percent",
        "delivery.treated.percent",
        "delivery.untreated.percent",
        "literature.retrieval_percent",
        "literature.live_birth_percent",
    }
    assert printed - without_counts == {percent for percent, _, _ in shares()}


@pytest.mark.parametrize(("quantity", "group"), list(product(QUANTITIES, GROUPS)))
def test_quartiles_are_ordered(study: PublishedStudy, quantity: str, group: str) -> None:
    q1, median, q3 = (
        study.number(f"table1.{quantity}.{group}.{point}").value for point in ("q1", "median", "q3")
    )
    assert 0 < q1 <= median <= q3


@pytest.mark.parametrize(("quantity", "point"), list(product(QUANTITIES, ("q1", "median", "q3"))))
def test_a_pooled_quantile_lies_between_those_of_the_arms(
    study: PublishedStudy, quantity: str, point: str
) -> None:
    # A value below the quantile p of both arms is also below the quantile p of the pooled sample.
    whole, *arms = (study.number(f"table1.{quantity}.{group}.{point}") for group in GROUPS)
    rounding = 2 * whole.half_width
    assert min(n.value for n in arms) - rounding <= whole.value
    assert whole.value <= max(n.value for n in arms) + rounding


def test_estradiol_quartiles_are_those_of_496_whole_numbers(study: PublishedStudy) -> None:
    n = study.number("flow.micro_tese").value
    n -= study.number("table1.missing.estradiol_pmol_l.count").value
    for point, p in (("q1", 0.25), ("q3", 0.75)):
        quartile = study.number(f"table1.estradiol_pmol_l.overall.{point}").value
        assert quartile % 1 == pytest.approx((n - 1) * p % 1)


def test_only_one_solution_fits_the_delivery_rates(study: PublishedStudy) -> None:
    couples, births = (int(study.number(f"flow.{name}").value) for name in ("icsi", "live_birth"))
    treated, untreated = (
        study.number(f"delivery.{arm}.percent") for arm in ("treated", "untreated")
    )
    # All splits of couples and births are tried, without the limits of 115 and 34 retrievals.
    found = [
        (b, n, births - b, couples - n)
        for n, b in product(range(1, couples), range(births + 1))
        if treated.agrees_with(100 * b / n)
        and untreated.agrees_with(100 * (births - b) / (couples - n))
    ]
    derived = tuple(
        study.number(f"derived.delivery.{arm}.{what}").value
        for arm, what in product(("treated", "untreated"), ("births", "couples"))
    )
    assert found == [derived] == [(54, 107, 14, 31)]
    assert derived[1] <= study.number("table1.retrieved.treated.count").value
    assert derived[3] <= study.number("table1.retrieved.untreated.count").value


RATIOS = (
    "table2.unadjusted",
    "table2.iptw",
    "table2.matched",
    "subgroup.duration_over_3",
    "subgroup.duration_up_to_3",
)


@pytest.mark.parametrize("analysis", RATIOS)
def test_an_odds_ratio_is_near_the_geometric_middle_of_its_limits(
    study: PublishedStudy, analysis: str
) -> None:
    low, ratio, high = (
        study.number(f"{analysis}.{part}").value for part in ("conf_low", "odds_ratio", "conf_high")
    )
    # Exact for Wald limits; profile limits and rounding move the middle by about 1 %.
    assert low < ratio < high
    assert math.log(ratio) == pytest.approx(math.log(low * high) / 2, abs=0.015)


def test_published_significance_agrees_with_the_limits(study: PublishedStudy) -> None:
    for analysis in RATIOS[:3]:
        assert study.number(f"{analysis}.conf_low").value > 1
        assert study.number(f"{analysis}.p_value").value < 0.05


@pytest.mark.parametrize(
    ("statement", "is_significant"),
    [("balance.others", False), ("balance.prolactin", True), ("balance.diagnosis", True)],
)
def test_a_verdict_on_baseline_agrees_with_its_p_values(
    study: PublishedStudy, statement: str, is_significant: bool
) -> None:
    about = study.statements[f"statement.{statement}"].about
    assert about
    level = study.number("method.significance_level").value
    assert {study.number(name).value < level for name in about} == {is_significant}
