"""The pages about regimens agree with the regimens.

After a change, for each NAME: ``pretese regimen show NAME --format markdown --out
docs/reference/regimens/NAME.md``
"""

import re
from pathlib import Path

import pytest

from pretese.bedside.regimen_page import markdown
from protocol.regimen.load import list_regimens, load_regimen

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "regimens"


@pytest.mark.parametrize("name", list_regimens())
def test_the_page_of_a_regimen_is_up_to_date(name):
    assert (PAGES / f"{name}.md").read_text() == markdown(load_regimen(name))


def test_there_is_a_page_for_every_regimen_and_no_other():
    assert {path.stem for path in PAGES.glob("*.md")} == set(list_regimens())


@pytest.mark.parametrize("name", list_regimens())
def test_every_table_of_a_page_has_as_many_cells_in_every_row(name):
    for block in markdown(load_regimen(name)).split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) <= 1


def test_readings_point_at_regimens_that_exist():
    for name in list_regimens():
        for reading in load_regimen(name).readings.values():
            assert set(reading.alternatives) <= set(list_regimens())
