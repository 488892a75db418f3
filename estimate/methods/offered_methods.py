"""The commands that offer a method, and messages for unknown names."""

import difflib
from collections.abc import Mapping, Sequence

from estimate.methods.method import Door, Method
from estimate.methods.registry import METHODS

#: Synonyms of methods in the literature: messages give the name used here.
SYNONYMS = {
    "crude": "unadjusted",
    "standardised": "g-computation",
    "standardized": "g-computation",
}


def methods_of(door: Door, methods: Mapping[str, Method] = METHODS) -> tuple[str, ...]:
    """Return the names of the methods that a command offers.

    >>> methods_of("power")  # doctest: +NORMALIZE_WHITESPACE
    ('unadjusted', 'risk-ratio', 'fisher', 'fisher-mid-p', 'barnard', 'boschloo',
    'g-computation-randomised', 'mantel-haenszel', 'logistic', 'site-robust',
    'log-rank', 'cox', 'rmst', 'mixed')
    """
    return tuple(name for name, method in methods.items() if door in method.offered)


def check_method(name: str, door: Door) -> str:
    """Return the name of a method that a command offers; raise ValueError for another name.

    >>> check_method("unadjusted", "analyse")
    'unadjusted'
    """
    offered = methods_of(door)
    if name in offered:
        return name
    meant = SYNONYMS.get(name, name)
    near = [each for each in (meant, f"{meant}-randomised") if each in offered]
    near = near or difflib.get_close_matches(name, offered, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    cure = f"{guess}choose from {', '.join(offered)}"
    if name not in METHODS:
        raise ValueError(f"there is no such method; {cure}")
    others = [f"`pretese {each}`" for each in sorted(METHODS[name].offered)]
    verb = "offers" if len(others) == 1 else "offer"
    reason = METHODS[name].reason or "a planned trial is analysed by other methods"
    raise ValueError(f"{' and '.join(others)} alone {verb} it, because {reason}; {cure}")


def check_clustered_methods(methods: Sequence[str], *, clustered: bool) -> None:
    """Raise ValueError if methods need clusters that are not named, or cannot allow for them."""
    needy = [name for name in methods if "clusters" in METHODS[name].needs]
    if needy and not clustered:
        raise ValueError(f"`{needy[0]}` needs it; name the column of the clusters")
    unable = [name for name in methods if not METHODS[name].clusters]
    if unable and clustered:
        able = [name for name in methods_of("analyse") if METHODS[name].clusters]
        raise ValueError(f"`{unable[0]}` takes rows as independent; choose from {', '.join(able)}")
