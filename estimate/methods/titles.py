"""Titles of results in figures."""

from estimate.methods.registry import METHODS


def title_of(name: str) -> str:
    """Return the title of a method; other names are returned as they are.

    Results of one method for several visits or groups have their name after a colon.

    Examples
    --------
    >>> title_of("iptw-ate"), title_of("adjusted: month 3"), title_of("before treatment")
    ('IPTW, ATE', 'Logistic regression: month 3', 'before treatment')
    """
    method, colon, rest = name.partition(":")
    return f"{METHODS[method].title}{colon}{rest}" if method in METHODS else name
