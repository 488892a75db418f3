"""Read files of published evidence, the shipped ones or a user's own, and select studies."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pretese.literature.study import EvidenceFile, EvidenceStudy
from protocol.errors import Fault, InputError
from protocol.reading.documents import parse_document, read_text
from protocol.shorten import shorten_text
from simulate.core.shipped import find_shipped, shipped_folder

#: Filters of a search, each with the field of the study that it tests.
FILTERS = ("topic", "design", "fsh_class", "surgery", "drug", "read")


@dataclass(frozen=True, slots=True)
class Published:
    """A study with its topic (the file that contains it)."""

    topic: str
    study: EvidenceStudy

    def matches(self, field: str, wanted: str) -> bool:
        """Return whether a field matches a filter; drugs match by a part of their name."""
        if field == "drug":
            drugs = self.study.therapy.drugs if self.study.therapy else ()
            return any(wanted.lower() in each.drug.lower() for each in drugs)
        return self.value(field) == wanted

    def value(self, field: str) -> str:
        """Return the value of a field that a search may name."""
        if field == "topic":
            return self.topic
        place = self.study.population if field in ("fsh_class", "surgery") else self.study
        return str(getattr(place, field))


def evidence_topics() -> tuple[str, ...]:
    """Return the names of the shipped files of evidence, sorted.

    >>> evidence_topics()[:2]
    ('before-first-retrieval', 'before-second-retrieval')
    """
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def read_evidence(sources: Sequence[str | Path] = ()) -> tuple[Published, ...]:
    """Read studies.

    Parameters
    ----------
    sources
        Shipped topics or paths of a user's own files; none reads all that ships.

    Raises
    ------
    InputError
        A file is faulty, or two studies have one name.
    """
    paths = [
        find_shipped(str(each), _folder(), "topic of evidence")
        for each in sources or evidence_topics()
    ]
    found = [
        Published(path.stem, study)
        for path in paths
        for study in parse_document(read_text(path), EvidenceFile, str(path)).studies
    ]
    twice = [name for name, times in Counter(e.study.name for e in found).items() if times > 1]
    if twice:
        problem = f"two studies are called {twice[0]}"
        raise InputError.of("evidence", "name", problem, "give each study a name of its own")
    return tuple(found)


def select_studies(
    found: Iterable[Published], wanted: dict[str, str], without: Sequence[str] = ()
) -> tuple[Published, ...]:
    """Return the studies that match every filter, less those named in ``without``.

    Raises
    ------
    InputError
        A filter has a value that no study has, or ``without`` names no study that was found.
    """
    everything = tuple(found)
    _check_filters(everything, wanted)
    names = {each.study.name for each in everything}
    unknown = [name for name in without if name not in names]
    if unknown:
        problem = f"there is no study {shorten_text(unknown[0], 60)!r}"
        raise InputError.of(
            "evidence", "without", problem, f"choose from {', '.join(sorted(names))}"
        )
    return tuple(
        each
        for each in everything
        if each.study.name not in without
        and all(each.matches(field, value) for field, value in wanted.items())
    )


def _check_filters(found: tuple[Published, ...], wanted: dict[str, str]) -> None:
    faults = []
    for field, value in wanted.items():
        if any(each.matches(field, value) for each in found):
            continue
        if field == "drug":
            drugs = (e.study.therapy.drugs for e in found if e.study.therapy)
            known = sorted({drug.drug for each in drugs for drug in each})
        else:
            known = sorted({each.value(field) for each in found})
        problem = f"no study has {shorten_text(value, 60)!r}"
        faults.append(Fault("evidence", field, problem, f"choose from {', '.join(known)}"))
    if faults:
        raise InputError(tuple(faults))


def _folder() -> Path:
    return shipped_folder() / "evidence"
