"""A power study: designs, sample sizes, effects, required size, comparisons."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pretese.jobs.storage.blocks import Job
from pretese.jobs.storage.code_hash import code_version
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import check_sites
from pretese.trial.design.alternatives import Axes, settings_of, with_settings
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.performance import largest_mcse
from pretese.trial.power.power_curve import (
    PowerCurve,
    chosen_sizes,
    power_curve,
    why_no_line,
    without_line,
)
from pretese.trial.power.required_size import Solution, solve_size
from pretese.trial.power.runner import Runner, common_jobs, simulation_record, trial_job
from pretese.trial.power.sensitivity_grid import (
    SensitivityGrid,
    grid_points,
    grid_settings,
    study_grid,
)
from pretese.trial.power.tornado import Tornado, study_tornado
from pretese.trial.power.trial_tables import Recorded
from pretese.trial.simulation.trial_results import Point
from protocol.errors import InputError
from protocol.reading.stored import content_hash
from protocol.regimen.load import load_regimen
from simulate.scenario import Scenario

#: Maximum number of replicates, and the factor by which it increases in one step.
MOST_REPLICATES, GROWTH = 10_000_000, 8

#: Version of the JSON document of a power study.
POWER_SCHEMA = "pretese/power/3"

#: The same for trials with several arms.
MULTI_ARM_SCHEMA = "pretese/multi-arm-power/1"

#: The same for Bayesian trials.
BAYESIAN_SCHEMA = "pretese/bayesian-power/1"


@dataclass(frozen=True, slots=True)
class Request:
    """The options of a power study.

    Attributes
    ----------
    participants
        Sample sizes; empty: that of the file.
    effects
        Fractions of the planned effect, in addition to 0 and 1.
    overrides
        Numbers of the scenario that replace those of its file.
    sensitivity
        Axes of the sensitivity grid, in addition to those of the design file.
    tornado
        Whether one assumption at a time is varied over its range.
    patient_level
        Whether participants are simulated although counts suffice.
    mcse
        Target Monte Carlo standard error, for which replicates are added; None: ``replicates`` are
        simulated.
    interpolate
        Whether a few of many sizes are simulated, and the power of the others is read from a line.
    """

    participants: tuple[int, ...]
    effects: tuple[float, ...]
    target_power: float | None
    replicates: int
    seed: int
    overrides: dict[str, float] = field(default_factory=dict)
    sensitivity: Axes = field(default_factory=dict)
    tornado: bool = False
    patient_level: bool = False
    mcse: float | None = None
    interpolate: bool = False

    def record(self) -> dict[str, Any]:
        """Return all options except those on replicates, which may increase, as plain values."""
        return {
            "participants": sorted(set(self.participants)),
            "effects": sorted(set(self.effects)),
            "target_power": self.target_power,
            "seed": self.seed,
            "changed": self.overrides,
            "sensitivity": {path: list(values) for path, values in self.sensitivity.items()},
            "tornado": self.tornado,
            "patient_level": self.patient_level,
            "interpolate": self.interpolate,
        }


@dataclass(frozen=True, slots=True)
class Planned:
    """A design that has been read and checked.

    ``text`` is the content of its file at that time: the file may change during the run.
    ``regimens`` contains version and hash of the regimens of the arms.
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
    """Results of one design; ``results`` reads its replicates point by point.

    ``patient_level``: participants were simulated on request, whether or not counts suffice.
    """

    planned: Planned
    results: Recorded
    solution: Solution | None
    grid: SensitivityGrid | None
    tornado: Tornado | None
    patient_level: bool
    curve: PowerCurve | None = None

    @property
    def design(self) -> DesignFile:
        """The design."""
        return self.planned.design


def prepare_designs(designs: Sequence[tuple[DesignFile, str]], request: Request) -> list[Planned]:
    """Check designs, each with the text of its file, and read their scenarios.

    Raises
    ------
    InputError
        A scenario cannot be read, a sensitivity axis is invalid, or two designs have the same id.
    """
    found = []
    for design, text in designs:
        if design.scenario is None and request.overrides:
            problem = f"{design.id} has fixed event rates and no scenario to change"
            raise InputError.of("changes", "", problem, "leave it out, or use `sensitivity`")
        check_sites(design)
        scenario = scenario_of(design, request.overrides)
        axes = {**design.sensitivity, **request.sensitivity}
        for at in settings_of(axes):
            with_settings(design, scenario, at)
        found.append(Planned(design, text, _regimens(scenario), scenario, axes))
    if len({each.design.id for each in found}) < len(found):
        raise InputError.of("power", "DESIGN", "two designs have the same id", "rename one of them")
    return found


def study_record(planned: list[Planned], request: Request) -> dict[str, Any]:
    """Return everything that determines the results except the number of replicates."""
    designs = {
        each.design.id: {
            **simulation_record(each.design, each.scenario),
            "sha256": each.sha256,
            "sensitivity": {path: list(values) for path, values in each.axes.items()},
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
    """Simulate one design at all points of the request."""
    design, scenario, solution = planned.design, planned.scenario, None
    seed, replicates = request.seed, request.replicates
    if request.target_power is not None:
        solution = solve_size(
            design, scenario, request.target_power, seed=seed, replicates=replicates,
            simulate=runner.simulate,
        )  # fmt: skip
    sizes = {*request.participants} or (
        {solution.participants} if solution else {design.participants}
    )
    if solution:
        sizes.add(solution.participants)
    points, always = _points(design, request, sizes), {solution.participants} if solution else set()
    results, curve = _curve(planned, request, runner, points, always)
    main = solution.participants if solution else max(sizes)
    grid, tornado = None, None
    if planned.axes:
        grid = study_grid(design, scenario, planned.axes, main, seed, replicates, runner)
    if request.tornado:
        tornado = study_tornado(design, scenario, planned.axes, main, seed, replicates, runner)
    return StudiedDesign(planned, results, solution, grid, tornado, runner.patient_level, curve)


def _curve(
    planned: Planned, request: Request, runner: Runner, points: list[Point], always: set[int]
) -> tuple[Recorded, PowerCurve | None]:
    """Simulate all points, or those of a few sizes with a line through them if that is valid."""

    def simulate(chosen: list[Point]) -> Recorded:
        return runner.simulate(
            planned.design, planned.scenario, chosen, seed=request.seed,
            replicates=request.replicates,
        )  # fmt: skip

    if not request.interpolate:
        return simulate(points), None
    sizes = {size for size, _ in points}
    if reason := why_no_line(planned.design, points):
        return simulate(points), without_line(reason, sizes)
    few = sorted({*chosen_sizes(sizes), *always})
    results = simulate([point for point in points if point[0] in few])
    curve = power_curve(results, few, sorted(sizes - set(few)))
    return (simulate(points) if curve.unavailable else results), curve


def enough_replicates(planned: Sequence[Planned], request: Request, runner: Runner) -> int:
    """Return the number of replicates for the target Monte Carlo error.

    It is the same for all designs, so that they can be compared; only sample sizes known in advance
    are used.
    """
    replicates = request.replicates
    while request.mcse is not None and replicates < MOST_REPLICATES:
        wanted = max(_wanted(each, request, runner, replicates) for each in planned)
        if wanted <= replicates:
            break
        replicates = min(wanted, GROWTH * replicates, MOST_REPLICATES)
    return replicates


def _wanted(planned: Planned, request: Request, runner: Runner, replicates: int) -> int:
    """Return the number of replicates that a design needs, from the error of those simulated."""
    design = planned.design
    points = _points(design, request, {*request.participants} or {design.participants})
    if request.interpolate and why_no_line(design, points) is None:
        few = chosen_sizes(request.participants)
        points = [point for point in points if point[0] in few]
    found = runner.simulate(
        design, planned.scenario, points, seed=request.seed, replicates=replicates
    )
    largest = max(largest_mcse(design, *point, found[point]) for point in points)
    return math.ceil(replicates * (largest / (request.mcse or largest)) ** 2)


def study_jobs(planned: Planned, request: Request) -> list[Job]:
    """Return the jobs of a design whose sample sizes and assumptions are all known in advance.

    Raises
    ------
    InputError
        Later simulations depend on earlier results, so that the study cannot be divided into parts.
    """
    for name, asked in (("target_power", request.target_power), ("tornado", request.tornado)):
        if asked:
            problem = "later simulations depend on earlier results"
            raise InputError.of("part", name, problem, "run it without parts")
    design, scenario, seed = planned.design, planned.scenario, request.seed
    sizes = {*request.participants} or {design.participants}
    points, apart = _points(design, request, sizes), request.patient_level
    jobs = [trial_job(design, scenario, points, seed, patient_level=apart)]
    if planned.axes:
        settings = grid_settings(design, scenario, planned.axes)
        jobs += common_jobs(settings, grid_points(max(sizes)), seed, patient_level=apart)
    return jobs


def _points(design: DesignFile, request: Request, sizes: Iterable[int]) -> list[Point]:
    """Return the sample sizes and effects that are simulated; sizes are checked."""
    prior = {each.effect_percent / 100 for each in design.beliefs}
    effects = {0.0, 1.0, *request.effects, *prior}
    for participants in sizes:
        design.analyses_at(participants)
    return [(participants, effect) for participants in sorted(sizes) for effect in sorted(effects)]


def _regimens(scenario: Scenario | None) -> dict[str, dict[str, str]]:
    """Return version and hash of the regimens of the arms."""
    names = [] if scenario is None else [arm.regimen for arm in scenario.arms.values()]
    found = {name: load_regimen(name) for name in names}
    return {
        name: {"version": regimen.version, "sha256": regimen.sha256}
        for name, regimen in found.items()
    }
