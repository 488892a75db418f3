"""Every method has a short title of its own for figures."""

from estimate.methods.registry import METHODS
from estimate.methods.titles import LONGEST, TITLES


def test_every_method_and_nothing_else_has_a_title():
    assert set(TITLES) == set(METHODS)


def test_titles_are_short_and_methods_of_one_command_have_different_ones():
    assert max(map(len, TITLES.values())) <= LONGEST
    for command in ("analyse", "recover", "power"):
        titles = [TITLES[name] for name, each in METHODS.items() if command in each.offered]
        assert len(set(titles)) == len(titles)


def test_a_title_is_not_the_code():
    assert [name for name, title in TITLES.items() if title == name] == []
