"""A whole power study: designs, sizes, effects, a size solved for, designs compared in pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from estimate.performance.measures import paired_difference
from pretese.jobs.code import code_version
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import check_sites
from pretese.trial.design.alternatives import Axes, settings_of, with_settings
from pretese.trial.design.design_file import DesignFile
from pretese.trial.power.additional_measures import further
from pretese.trial.power.decision_verdict import verdict_document
from pretese.trial.power.required_size import Solution, solve_men
from pretese.trial.power.runner import Runner, nature
from pretese.trial.power.sensitivity_grid import (
    SensitivityGrid,
    Tornado,
    grid_document,
    study_grid,
    study_tornado,
)
from pretese.trial.power.sensitivity_grid import tornado_document as bars_document
from pretese.trial.power.summary import assurance, plain_measure, summarise_point, won
from pretese.trial.power.trial_tables import Recorded
from pretese.trial.simulation.binomial import why_by_men
from pretese.trial.simulation.trial_results import Point
from protocol.errors import InputError
from protocol.reading.documents import content_hash
from protocol.regimen.load import load_regimen
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import mechanism_hash


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of every design.

    Attributes
    ----------
    men
        Sizes; empty takes that of the file.
    effects
        Shares of the planned effect, beside 0 and 1.
    overrides
        Numbers of the scenario that take the place of the file's.
    nuisance
        Axes of a grid of nuisances, beside those of the design file.
    tornado
        Whether each assumption is moved alone from one end of its range to the other.
    by_men
        Whether every man is drawn even where counts would do.
    """

    men: tuple[int, ...]
    effects: tuple[float, ...]
    solve: float | None
    replicates: int
    seed: int
    overrides: dict[str, float] = field(default_factory=dict)
    nuisance: Axes = field(default_factory=dict)
    tornado: bool = False
    by_men: bool = False

    def record(self) -> dict[str, Any]:
        """Return all but the replicates, which may grow, as plain values."""
        return {
            "men": sorted(set(self.men)),
            "effects": sorted(set(self.effects)),
            "solve": self.solve,
            "seed": self.seed,
            "changed": self.overrides,
            "nuisance": {path: list(values) for path, values in self.nuisance.items()},
            "tornado": self.tornado,
            "by_men": self.by_men,
        }


@dataclass(frozen=True, slots=True)
class Planned:
    """A design read and checked, before a man is drawn.

    ``text`` is what its file said when it was read: the file may change during the run.
    ``regimens`` names version and hash of what the arms are given.
    """

    design: DesignFile
    text: str
    regimens: Mapping[str, Mapping[str, str]]
    scenario: Scenario | None
    axes: Axes

    @property
    def sha256(self) -> str:
        """The hash of the design's text."""
        return content_hash(self.text)


@dataclass(frozen=True, slots=True)
class StudiedDesign:
    """What one design does; ``results`` reads its trials one size and effect at a time.

    ``by_men``: they were drawn man by man, whether or not counts would have done.
    """

    planned: Planned
    results: Recorded
    solution: Solution | None
    grid: SensitivityGrid | None
    tornado: Tornado | None
    by_men: bool

    @property
    def design(self) -> DesignFile:
        """The design."""
        return self.planned.design


def prepare_designs(designs: Sequence[tuple[DesignFile, str]], request: Request) -> list[Planned]:
    """Check designs, each with the text of its file, and read their scenarios.

    Raises
    ------
    InputError
        A scenario cannot be read, a nuisance cannot be, or two designs have the same id.
    """
    found = []
    for design, text in designs:
        if design.scenario is None and request.overrides:
            problem = (
                f"{design.id} has plain risks, and no scenario whose numbers could be replaced"
            )
            raise InputError.of("--set", "", problem, "leave it out, or use --nuisance")
        check_sites(design)
        scenario = scenario_of(design, request.overrides)
        axes = {**design.nuisance, **request.nuisance}
        for at in settings_of(axes):
            with_settings(design, scenario, at)
        found.append(Planned(design, text, _regimens(scenario), scenario, axes))
    if len({each.design.id for each in found}) < len(found):
        raise InputError.of("power", "DESIGN", "two designs have the same id", "rename one of them")
    return found


def study_record(planned: list[Planned], request: Request) -> dict[str, Any]:
    """Return what decides every number but how many trials there are, as plain values."""
    designs = {
        each.design.id: {
            **nature(each.design, each.scenario),
            "sha256": each.sha256,
            "nuisance": {path: list(values) for path, values in each.axes.items()},
        }
        for each in planned
    }
    return {
        "study": "power",
        "code": code_version("trials"),
        "asked": request.record(),
        "designs": designs,
    }


def study_design(planned: Planned, request: Request, runner: Runner) -> StudiedDesign:
    """Simulate one design at everything that is asked."""
    design, scenario, solution = planned.design, planned.scenario, None
    seed, replicates = request.seed, request.replicates
    if request.solve is not None:
        solution = solve_men(
            design, scenario, request.solve, seed=seed, replicates=replicates,
            simulate=runner.simulate,
        )  # fmt: skip
    sizes = {*request.men} or ({solution.men} if solution else {design.men})
    if solution:
        sizes.add(solution.men)
    prior = {each.effect_percent / 100 for each in design.prior}
    effects = {0.0, 1.0, *request.effects, *prior}
    for men in sizes:
        design.looks_at(men)
    points = [(men, effect) for men in sorted(sizes) for effect in sorted(effects)]
    results = runner.simulate(design, scenario, points, seed=seed, replicates=replicates)
    main = solution.men if solution else max(sizes)
    grid, tornado = None, None
    if planned.axes:
        grid = study_grid(design, scenario, planned.axes, main, seed, replicates, runner)
    if request.tornado:
        tornado = study_tornado(design, scenario, planned.axes, main, seed, replicates, runner)
    return StudiedDesign(planned, results, solution, grid, tornado, runner.by_men)


def power_document(answer: StudiedDesign) -> dict[str, Any]:
    """Return what one design does as plain values."""
    design, results = answer.design, answer.results
    plan = design.monitoring.plan()
    sizes = sorted({men for men, _ in results})
    drawn = _drawn(answer)
    document: dict[str, Any] = {
        "id": design.id,
        "title": design.title,
        "question": " ".join(design.question.split()),
        "design_sha256": answer.planned.sha256,
        "estimand": str(design.estimand),
        "analysis": design.analysis.method,
        "regimens": answer.planned.regimens,
        "drawn": drawn,
        "bounds": {
            "name": plan.name,
            "alpha": plan.alpha,
            "sides": plan.sides,
            "information_rates": list(plan.information_rates),
            "upper": list(plan.upper),
            "lower": _finite(plan.lower) if plan.sides == 1 else [],
            "ignores_futility": plan.has_futility and not plan.binding,
        },
        "points": [
            _point(design, point, results, by_men=drawn["by"] == "men") for point in sorted(results)
        ],
        "assurance": [_assured(design, results, men) for men in sizes] if design.prior else [],
        "solve": None if answer.solution is None else _solved(answer.solution),
        "nuisance": None if answer.grid is None else grid_document(answer.grid),
        "tornado": None if answer.tornado is None else bars_document(answer.tornado),
    }
    return {**document, "decision": verdict_document(design.decision, document)}


def _finite(bounds: Sequence[float]) -> list[float]:
    """Return futility bounds before the last look; empty if nothing stops for futility."""
    return [float(z) for z in bounds[:-1] if np.isfinite(z)]


def _regimens(scenario: Scenario | None) -> dict[str, dict[str, str]]:
    """Return version and hash of what the arms are given; men of plain risks are given nothing."""
    names = [] if scenario is None else [arm.regimen for arm in scenario.arms.values()]
    found = {name: load_regimen(name) for name in names}
    return {
        name: {"version": regimen.version, "sha256": regimen.sha256}
        for name, regimen in found.items()
    }


def _drawn(answer: StudiedDesign) -> dict[str, str | None]:
    """Return whether trials were drawn man by man or by counts; why the former."""
    why = why_by_men(answer.design, list(answer.results))
    if why is None and answer.by_men:
        why = "so it was asked, or the men of two designs are to be the same"
    return {"by": "counts" if why is None else "men", "why": why}


def _point(design: DesignFile, point: Point, results: Recorded, *, by_men: bool) -> dict[str, Any]:
    found = results[point]
    beyond = further(design, found, by_men=by_men)
    return {**summarise_point(design, *point, found), "further": beyond}


def _assured(design: DesignFile, results: Recorded, men: int) -> dict[str, Any]:
    effects = {each.effect_percent / 100 for each in design.prior}
    here = {(men, effect): results[men, effect] for effect in effects}
    return {"men": men, **plain_measure(assurance(design, here, men))}


def _solved(solution: Solution) -> dict[str, Any]:
    return {
        "men": solution.men,
        "low": solution.low,
        "high": solution.high,
        "sizes": list(solution.sizes),
        "power": solution.power.tolist(),
        "mcse": solution.mcse.tolist(),
    }


def compare_designs(answers: list[StudiedDesign]) -> list[dict[str, Any]]:
    """Return differences in power from the first design, on the same men, at shared points."""
    rows = []
    first = answers[0]
    for other in answers[1:]:
        for men, effect in sorted(set(first.results) & set(other.results)):
            difference = paired_difference(
                won(other.results[men, effect]), won(first.results[men, effect])
            )
            rows.append(
                {
                    "design": other.design.id,
                    "against": first.design.id,
                    "men": men,
                    "effect_percent": 100 * effect,
                    "power_difference": plain_measure(difference),
                }
            )
    return rows


def mechanisms(answers: list[StudiedDesign]) -> Mapping[str, str]:
    """Return the hash of each design's mechanism; men of plain risks have none."""
    return {
        answer.design.id: mechanism_hash(answer.planned.scenario)
        for answer in answers
        if answer.planned.scenario is not None
    }
