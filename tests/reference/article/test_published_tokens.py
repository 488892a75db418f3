"""No numeral of the article is missing from the published numbers, and none is invented."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from pretese.article.published import PublishedStudy, load_published
from simulate.core.shipped import published_path

NAME = "rbe-2022-00934"
ARTICLE = json.loads(
    (Path(__file__).parents[1] / "published_tokens.json").read_text(encoding="utf-8")
)
PARTS = ARTICLE["parts"]


@pytest.fixture(scope="module")
def study() -> PublishedStudy:
    return load_published(NAME)


def listed(study: PublishedStudy, part: str) -> Counter[str]:
    """Numerals that the published numbers claim to be printed in a part of the article."""
    shown = (
        place.printed or number.digits
        for number in study.printed.values()
        for place in number.at
        if place.part == part
    )
    return Counter(numeral for text in shown for numeral in re.findall(r"\d*\.?\d+", text))


@pytest.mark.parametrize("part", PARTS)
def test_every_numeral_of_the_part_is_a_published_number(study: PublishedStudy, part: str) -> None:
    excused = set(ARTICLE["_meta"]["not_figures"].get(part, {}))
    assert set(PARTS[part]) - excused == set(listed(study, part))


@pytest.mark.parametrize("part", PARTS)
def test_no_numeral_is_claimed_more_often_than_it_is_printed(
    study: PublishedStudy, part: str
) -> None:
    assert not listed(study, part) - Counter(PARTS[part])


@pytest.mark.parametrize("table", ["Table 1", "Table 2"])
def test_a_table_holds_exactly_the_published_numbers(study: PublishedStudy, table: str) -> None:
    assert listed(study, table) == Counter(PARTS[table])


def table_1_in_print_order() -> list[str]:
    """Return the ids of Table 1 in printed order: footnote, header, then row by row."""
    groups = ("overall", "untreated", "treated")
    hormones = ("lh_iu_l", "fsh_iu_l", "testosterone_nmol_l", "estradiol_pmol_l", "prolactin_ng_ml")
    physique = ("age_years", "infertility_duration_years", "bmi_kg_m2", "testis_volume_ml")
    diagnoses = ("idiopathic", "cryptorchidism", "orchitis", "azfc")

    def quantity(name: str) -> list[str]:
        cells = [f"{name}.{group}.{p}" for group in groups for p in ("median", "q1", "q3")]
        return [*cells, f"{name}.p_value"]

    def counted(name: str) -> list[str]:
        return [f"{name}.{group}.{what}" for group in groups for what in ("count", "percent")]

    rows = [
        [f"missing.{name}.count" for name in hormones],
        [f"n.{group}" for group in groups],
        *map(quantity, physique),
        ["diagnosis.p_value"],
        *(counted(f"diagnosis.{name}") for name in diagnoses),
        *map(quantity, hormones),
        [*counted("retrieved"), "retrieved.p_value"],
    ]
    return [f"table1.{cell}" for row in rows for cell in row]


def test_every_cell_of_table_1_has_its_own_value(study: PublishedStudy) -> None:
    assert [study.number(name).digits for name in table_1_in_print_order()] == PARTS["Table 1"]
    assert set(table_1_in_print_order()) == {
        name for name in study.printed if name.startswith("table1.")
    }


@pytest.mark.parametrize(
    ("part", "ids"),
    [
        (
            "Results: ICSI outcomes",
            "flow.retrieved flow.icsi flow.no_icsi flow.live_birth delivery.percent"
            " delivery.treated.percent delivery.untreated.percent delivery.p_value",
        ),
        (
            "Results: Subgroup and mediation analyses",
            "method.spline_knots subgroup.threshold.age_years"
            " subgroup.threshold.infertility_duration_years subgroup.threshold.bmi_kg_m2"
            " subgroup.threshold.testis_volume_ml subgroup.threshold.infertility_duration_years"
            " subgroup.duration_over_3.odds_ratio method.confidence_percent"
            " subgroup.duration_over_3.conf_low subgroup.duration_over_3.conf_high"
            " subgroup.threshold.infertility_duration_years subgroup.duration_up_to_3.odds_ratio"
            " method.confidence_percent subgroup.duration_up_to_3.conf_low"
            " subgroup.duration_up_to_3.conf_high interaction.duration.p_value"
            " mediation.proportion_percent mediation.proportion_p_value mediation.acme_p_value",
        ),
        (
            "Results: Sperm retrieval outcomes",
            "flow.enrolled flow.treated flow.untreated ejaculate.count ejaculate.percent"
            " ejaculate.count flow.treated protocol.total_months"
            " ejaculate.diagnosis.azfc.percent ejaculate.diagnosis.azfc.count ejaculate.count"
            " ejaculate.diagnosis.idiopathic.percent ejaculate.diagnosis.idiopathic.count"
            " ejaculate.count ejaculate.diagnosis.orchitis.percent"
            " ejaculate.diagnosis.orchitis.count ejaculate.count"
            " ejaculate.diagnosis.cryptorchidism.percent ejaculate.diagnosis.cryptorchidism.count"
            " ejaculate.count flow.retrieved flow.micro_tese"
            " retrieved.diagnosis.idiopathic.percent retrieved.diagnosis.idiopathic.count"
            " flow.retrieved retrieved.diagnosis.azfc.percent retrieved.diagnosis.azfc.count"
            " flow.retrieved retrieved.diagnosis.orchitis.percent"
            " retrieved.diagnosis.orchitis.count flow.retrieved table1.retrieved.overall.percent"
            " table1.retrieved.treated.percent table1.retrieved.untreated.percent"
            " table1.retrieved.p_value table2.unadjusted.odds_ratio method.confidence_percent"
            " table2.unadjusted.conf_low table2.unadjusted.conf_high table2.unadjusted.p_value"
            " table2.iptw.odds_ratio method.confidence_percent table2.iptw.conf_low"
            " table2.iptw.conf_high table2.iptw.p_value propensity.max_smd_after"
            " table2.matched.odds_ratio method.confidence_percent table2.matched.conf_low"
            " table2.matched.conf_high table2.matched.p_value",
        ),
    ],
)
def test_the_numerals_of_the_results_are_in_order(
    study: PublishedStudy, part: str, ids: str
) -> None:
    values = [study.number(name).value for name in ids.split()]
    assert values == [float(numeral) for numeral in PARTS[part]]


def test_table_1_has_its_130_numerals() -> None:
    per_quantity = 3 * 3 + 1
    diagnosis = 4 * 3 * 2 + 1
    retrieval = 3 * 2 + 1
    assert len(PARTS["Table 1"]) == 9 * per_quantity + diagnosis + retrieval + 3 + 5 == 130


def test_parts_without_numerals_are_the_same_in_both(study: PublishedStudy) -> None:
    assert set(PARTS) == set(study.parts) - {"Figure 1"}


def test_decimals_are_those_written_in_the_file(study: PublishedStudy) -> None:
    # The base loader does not convert text: 6.20 remains "6.20".
    text = published_path(NAME).read_text(encoding="utf-8")
    written = yaml.load(text, Loader=yaml.BaseLoader)
    for group in ("printed", "derived"):
        for number_id, entry in written[group].items():
            assert study.number(number_id).digits == entry["value"], number_id


def test_a_figure_with_a_point_is_rounded_unless_it_is_a_threshold(study: PublishedStudy) -> None:
    exact = {name for name, n in study.numbers.items() if n.decimals is None and n.value % 1}
    assert exact == {
        "protocol.fsh_low_iu_l",
        "protocol.fsh_high_iu_l",
        "method.significance_level",
        "propensity.max_smd_after",
    }
