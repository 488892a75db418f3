from pathlib import Path

from docs.generate.scenario_page import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "scenario.md"


def test_the_reference_page_is_written_from_the_scenarios():
    assert PAGE.read_text(encoding="utf-8") == page() + "\n", (
        "write it again: python -m docs.generate.scenario_page > docs/reference/scenario.md"
    )
