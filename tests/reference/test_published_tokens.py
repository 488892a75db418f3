"""No numeral of the article is missing from the published numbers, and none is invented."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from pretese.published import PublishedStudy, load_published
from pretese.shipped import published_path

NAME = "rbe-2022-00934"
ARTICLE = json.loads((Path(__file__).parent / "published_tokens.json").read_text(encoding="utf-8"))
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


def test_table_1_has_its_130_numerals() -> None:
    per_quantity = 3 * 3 + 1
    diagnosis = 4 * 3 * 2 + 1
    retrieval = 3 * 2 + 1
    assert len(PARTS["Table 1"]) == 9 * per_quantity + diagnosis + retrieval + 3 + 5 == 130


def test_parts_without_numerals_are_the_same_in_both(study: PublishedStudy) -> None:
    assert set(PARTS) == set(study.parts) - {"Figure 1"}


def test_decimals_are_those_written_in_the_file(study: PublishedStudy) -> None:
    # The base loader keeps text as written: 6.20 stays "6.20".
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
