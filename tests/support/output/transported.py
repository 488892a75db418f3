"""Check that a page shows transported numbers."""

from html import unescape

from simulate.scenario.transported import Transported


def assert_shown(page: str, found: Transported) -> None:
    """Assert that a page shows every number with populations and doses of source and target."""
    text = " ".join(unescape(page).split())
    for each in found.numbers:
        assert each.number in text
        assert each.from_population in text
        assert each.from_dose in text
    assert found.to_population in text
    assert found.to_dose in text
