"""The study of `pretese recover`: the shipped library, parts of it, or a user's scenario."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from pretese.recovery.design.study_cases import Case
from pretese.recovery.design.study_spec import StudyPlan, StudySpec
from protocol.errors import InputError
from protocol.reading.documents import read_document

LIBRARY = Path(__file__).with_name("library.yaml")

#: Plan of the library by which a user's scenario is analysed.
DEFAULT_PLAN = "measured"

#: Name of a plan given by the user.
OWN_PLAN = "own"


def load_library() -> StudySpec:
    """Read the shipped study.

    >>> sorted(load_library().grids)
    ['confounding-by-effect']
    """
    return read_document(LIBRARY, StudySpec)


def choose_study(
    names: Sequence[str], plan: StudyPlan | None, seed: int | None, truth_patients: int | None
) -> StudySpec:
    """Return the study of the named cases, grids and scenarios.

    Parameters
    ----------
    names
        Cases and grids of the library, shipped scenarios, or files; none means the whole library.
        A scenario is refused if its results would have the name of another case.
    plan
        Replaces the plans of the library; then no verdict is expected of any method, and grids
        are not simulated.
    seed, truth_patients
        None: those of the library.
    """
    library = load_library()
    known = {*library.cases, *library.grids}
    spec = library.only(names) if names else library
    cases = dict(spec.cases)
    for name in dict.fromkeys(names):
        if name not in known:
            _refuse_second(name, known | set(cases))
            cases[_slug(name)] = _own_case(name, library)
    update: dict[str, object] = {"cases": cases}
    if plan is not None:
        bare = {"plans": (OWN_PLAN,), "biased": (), "no_expectation": {OWN_PLAN: plan.steps}}
        update = {
            "plans": {OWN_PLAN: plan},
            "cases": {name: case.model_copy(update=bare) for name, case in cases.items()},
            "grids": {},
        }
    given = {"seed": seed, "truth_patients": truth_patients}
    update |= {field: value for field, value in given.items() if value is not None}
    return spec.model_copy(update=update)


def _refuse_second(name: str, known: Collection[str]) -> None:
    """Refuse a scenario whose results would have the name of another case."""
    slug = _slug(name)
    if slug in known:
        problem = f"its results would be called {slug!r}, which is another case"
        raise InputError.of(name, "", problem, "give the file another name")


def _own_case(name: str, library: StudySpec) -> Case:
    steps = library.plans[DEFAULT_PLAN].steps
    return Case(scenario=name, plans=(DEFAULT_PLAN,), no_expectation={DEFAULT_PLAN: steps})


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-") or "scenario"
