"""The pages on trials agree with the program."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[4] / "docs"


@pytest.mark.parametrize("page", ["reference/sequential.md", "explanation/exact-power.md"])
def test_examples_on_the_page_are_correct(page):
    result = doctest.testfile(str(DOCS / page), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0
