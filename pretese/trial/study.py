"""A whole power study: designs, sizes, effects, a size solved for, designs compared in pairs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from estimate.performance import paired_difference
from pretese.trial.candidates import scenario_of
from pretese.trial.design import Design, read_design
from pretese.trial.run import Results, simulate_design
from pretese.trial.solve import Solution, solve_men
from pretese.trial.summary import assurance, plain, summarise, won
from simulate.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of every design; ``men`` empty takes the size of the file."""

    men: tuple[int, ...]
    effects: tuple[float, ...]
    solve: float | None
    replicates: int
    seed: int
    workers: int
    overrides: dict[str, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one design does."""

    design: Design
    sha256: str
    scenario: Scenario | None
    results: Results
    solution: Solution | None


Tell = Callable[[int, int, str], None]


def study_design(name: str, request: Request, tell: Tell) -> Answer:
    """Simulate one design at everything that is asked."""
    design, sha256 = read_design(name)
    scenario = scenario_of(design, request.overrides)
    total, solution = request.replicates, None
    if request.solve is not None:
        solution = solve_men(
            design, scenario, request.solve, seed=request.seed, replicates=total,
            workers=request.workers, tell=lambda done: tell(done, total, f"{design.id}: size"),
        )  # fmt: skip
    sizes = {*request.men} or ({solution.men} if solution else {design.men})
    if solution:
        sizes.add(solution.men)
    prior = {each.effect_percent / 100 for each in design.prior}
    effects = {0.0, 1.0, *request.effects, *prior}
    for men in sizes:
        design.looks_at(men)
    results = simulate_design(
        design, scenario, [(men, effect) for men in sorted(sizes) for effect in sorted(effects)],
        seed=request.seed, replicates=total, workers=request.workers,
        tell=lambda done: tell(done, total, design.id),
    )  # fmt: skip
    return Answer(design, sha256, scenario, results, solution)


def document_of(answer: Answer) -> dict[str, Any]:
    """Return what one design does as plain values."""
    design, solution = answer.design, answer.solution
    plan = design.monitoring.plan()
    sizes = sorted({men for men, _ in answer.results})
    return {
        "id": design.id,
        "title": design.title,
        "question": " ".join(design.question.split()),
        "design_sha256": answer.sha256,
        "estimand": str(design.estimand),
        "analysis": design.analysis.method,
        "bounds": {
            "name": plan.name,
            "alpha": plan.alpha,
            "sides": plan.sides,
            "information_rates": list(plan.information_rates),
            "upper": list(plan.upper),
        },
        "points": summarise(design, answer.results),
        "assurance": [
            {"men": men, **plain(assurance(design, answer.results, men))} for men in sizes
        ]
        if design.prior
        else [],
        "solve": None
        if solution is None
        else {
            "men": solution.men,
            "low": solution.low,
            "high": solution.high,
            "sizes": list(solution.sizes),
            "power": solution.power.tolist(),
            "mcse": solution.mcse.tolist(),
        },
    }


def compare_designs(answers: list[Answer]) -> list[dict[str, Any]]:
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
                    "power_difference": plain(difference),
                }
            )
    return rows
