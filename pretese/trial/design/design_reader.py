"""Read a design file: its fields, then the checks of its parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pretese.trial.design.design_file import DesignFile
from protocol.errors import Fault, InputError
from protocol.reading.documents import parse_document, read_text
from protocol.reading.stored import content_hash
from simulate.core.shipped import find_shipped, shipped_folder
from simulate.recruitment.schemes import SCHEMES


def design_path(name: str | Path) -> Path:
    """Return the file of a design, by shipped name or path, as `scenario_path` does."""
    return find_shipped(str(name), _folder(), "design")


def read_design(name: str | Path) -> tuple[DesignFile, str]:
    """Read a design by shipped name or path; return it with the hash of its text.

    Raises
    ------
    InputError
        All faults of the file together, then those of its parts: analyses that are not in rising
        order or follow the end, boundaries that do not exist.
    """
    design, text = read_design_text(name)
    return design, content_hash(text)


def read_design_text(name: str | Path) -> tuple[DesignFile, str]:
    """Read a design as `read_design` does; return it with its text."""
    path = design_path(name)
    text = read_text(path)
    return parse_design(text, str(path)), text


def parse_design(text: str, where: str) -> DesignFile:
    """Read a design from the text of its file, as `read_design` does; ``where`` is for messages."""
    design = parse_document(text, DesignFile, where=where)
    with _part(where, "monitoring"):
        design.monitoring.plan()
        design.analyses_at(design.participants)
        _check_spending(design)
    with _part(where, "multiplicity"):
        design.graph()
    _check_strata(design, where)
    if design.named_prior is not None:
        check_named_prior(design.named_prior, where)
    return design


def check_named_prior(name: str, where: str) -> None:
    """Refuse a prior that is neither a topic of evidence nor a file that can be read."""
    from pretese.literature.prior_source import check_prior_source  # loads scipy

    try:
        check_prior_source(name)
    except InputError as error:
        raise InputError(
            Fault(where, f"prior {each.field}".strip(), each.problem, each.cure)
            for each in error.faults
        ) from None


@contextmanager
def _part(where: str, part: str) -> Iterator[None]:
    """Add file and field to the faults of a part of the design."""
    try:
        yield
    except InputError as error:
        raise InputError(
            Fault(where, f"{part}.{_field(fault.field)}", fault.problem, fault.cure)
            for fault in error.faults
        ) from None


def _check_spending(design: DesignFile) -> None:
    """Refuse boundaries that cannot be shared by several endpoints."""
    plan = design.monitoring
    if design.secondary and len(plan.analyses_percent) > 1 and not plan.spends:
        problem = f"{plan.efficacy!r} has no error spending, which several endpoints need"
        raise InputError.of("monitoring", "efficacy", problem, "give OF, Pocock, HSD(-4) or KD(2)")


def _check_strata(design: DesignFile, where: str) -> None:
    """Refuse more strata than participants can fill."""
    for field, factors in (
        (
            "randomisation.by",
            design.randomisation.by
            if SCHEMES[design.randomisation.method].blocks == "strata"
            else (),
        ),
        ("analysis.strata", design.analysis.strata),
    ):
        strata = int(np.prod([design.level_count(name) for name in factors]))
        if factors and strata * 2 > design.participants:
            problem = f"{strata} strata are too many for {design.participants} participants"
            raise InputError.of(
                where, field, problem, "name fewer factors or recruit more participants"
            )


def _field(name: str) -> str:
    percents = {"analyses", "alpha", "power", "weights", "transitions"}
    if name in ("gamma", "rho", "delta", "z", "cumulative"):
        return "efficacy or futility"  # the field of the design file, in brackets
    return f"{name}_percent" if name in percents else name.removeprefix("monitoring.")


def _folder() -> Path:
    return shipped_folder() / "designs"
