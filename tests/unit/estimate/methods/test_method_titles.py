"""Every method has a short title of its own for figures."""

from estimate.methods.registry import METHODS

#: Largest number of characters of a title.
LONGEST = 34


def test_titles_are_short_and_methods_of_one_command_have_different_ones():
    assert all(0 < len(each.title) <= LONGEST for each in METHODS.values())
    for command in ("analyse", "recover", "power"):
        titles = [each.title for each in METHODS.values() if command in each.offered]
        assert len(set(titles)) == len(titles)


def test_a_title_is_not_the_code():
    assert [name for name, each in METHODS.items() if each.title == name] == []
