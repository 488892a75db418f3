"""Every way through therapy: which rules fire month by month, and what is injected in all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from protocol.regimen.conditions import Value
from protocol.regimen.grid import spoken
from protocol.regimen.rules import DecisionTable, Phase, Regimen, Rule

MONTH_DAYS = 30
BEFORE_THERAPY = "none"


@dataclass(frozen=True, slots=True)
class Injection:
    """One dose. ``day`` counts from the first day of therapy, 0."""

    day: int
    drug: str
    dose_iu: float
    route: str


@dataclass(frozen=True, slots=True)
class Step:
    """The rule that fires at the start of a month, and the phase that the month is spent in."""

    month: int
    rule_id: str
    condition: str
    outcome: str
    phase: str | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What injections add up to, per drug; a vial that is opened is a vial used."""

    iu: Mapping[str, float]
    injections: Mapping[str, int]
    vials: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Path:
    """One way through therapy, and what is injected up to where it ends.

    ``ends`` is ``therapy complete`` or ``waits for data``; a path that ``leads out of scope`` or
    ``goes on too long`` is a fault, which `load_regimen` refuses.
    """

    steps: tuple[Step, ...]
    ends: str
    totals: Totals

    @property
    def phases(self) -> tuple[str, ...]:
        """The phase of each month of therapy."""
        return tuple(
            step.phase for step in self.steps if step.phase and step.outcome == "recommendation"
        )


def injections_of(
    regimen: Regimen, phases: tuple[str, ...], month_starts: Sequence[int] = ()
) -> tuple[Injection, ...]:
    """Return every injection of patients who spend their months in ``phases``, by day.

    An order's days count from the first day of the run of months in its phase, so alternation
    runs on over month ends.

    Parameters
    ----------
    month_starts
        The first day of each month and the day after the last one; months of 30 days if empty.

    Examples
    --------
    >>> from protocol.regimen.load import load_regimen
    >>> done = injections_of(load_regimen("fsh-guided"), ("hcg", "hcg-ufsh", "hcg-ufsh"))
    >>> [(dose.day, dose.drug) for dose in done if 26 <= dose.day <= 36]
    [(26, 'hcg'), (28, 'hcg'), (30, 'ufsh'), (32, 'hcg'), (34, 'ufsh'), (36, 'hcg')]
    """
    starts = month_starts or [MONTH_DAYS * month for month in range(len(phases) + 1)]
    due: list[Injection] = []
    begun = 0
    for month, name in enumerate(phases):
        first, end = starts[month], starts[month + 1]
        if month and phases[month - 1] != name:
            begun = first
        due += _in_month(regimen.phase(name), begun, first, end)
    return tuple(sorted(due, key=lambda dose: (dose.day, dose.drug)))


def _in_month(phase: Phase, begun: int, first: int, end: int) -> Iterator[Injection]:
    for order in phase.orders:
        start = begun + order.offset_day
        if start < first:
            start += ceil((first - start) / order.interval_days) * order.interval_days
        for day in range(start, end, order.interval_days):
            yield Injection(day, order.drug, order.dose_iu, order.route)


def paths_of(regimen: Regimen) -> tuple[Path, ...]:
    """Return every path through the months, in the order of the file's rules."""
    return tuple(_walk(regimen, 1, BEFORE_THERAPY, ()))


def _walk(regimen: Regimen, month: int, before: str, steps: tuple[Step, ...]) -> Iterator[Path]:
    for rule, condition in _branches(regimen, month, before):
        step = Step(month, rule.id, condition, rule.outcome, rule.then)
        walked = (*steps, step)
        if rule.outcome == "insufficient data":
            yield _path(regimen, walked, "waits for data")
        elif rule.outcome == "out of scope" or rule.then is None:
            yield _path(regimen, walked, "leads out of scope")
        elif regimen.phase(rule.then).ends_therapy:
            yield _path(regimen, walked, "therapy complete")
        elif month > regimen.months:
            yield _path(regimen, walked, "goes on too long")
        else:
            yield from _walk(regimen, month + 1, rule.then, walked)


def _branches(regimen: Regimen, month: int, before: str) -> Iterator[tuple[Rule, str]]:
    """Yield each rule that can fire for a man in this state, with its condition on the rest."""
    table = regimen.tables["phase"]
    state: dict[str, Value] = {"month": float(month), "previous_phase": before}
    seen: set[str] = set()
    for rule in _reachable(table, {k: v for k, v in state.items() if k in table.inputs}):
        if rule.id not in seen:
            seen.add(rule.id)
            rest = {k: c for k, c in rule.conditions.items() if k not in state}
            said = ", ".join(f"{name} {wanted.text}" for name, wanted in rest.items())
            yield rule, said or "always"


def _reachable(table: DecisionTable, state: Mapping[str, Value]) -> list[Rule]:
    """Return the rules that fire in the cells of this state, in the table's order."""
    found = _fire(table, dict(state), [a.name for a in table.proved.axes if a.name not in state])
    return [table.rules[i] for i in sorted(found)]


def _fire(table: DecisionTable, values: dict[str, Value], open_axes: list[str]) -> set[int]:
    if not open_axes:
        return {table.proved.rule_at(values)}
    axis = next(axis for axis in table.proved.axes if axis.name == open_axes[0])
    found: set[int] = set()
    for example in axis.examples:
        found |= _fire(table, {**values, axis.name: example}, open_axes[1:])
    return found


def _path(regimen: Regimen, steps: tuple[Step, ...], ends: str) -> Path:
    phases = tuple(s.phase for s in steps if s.phase and not regimen.phase(s.phase).ends_therapy)
    return Path(steps, ends, totals_of(regimen, injections_of(regimen, phases)))


def totals_of(regimen: Regimen, injections: Sequence[Injection]) -> Totals:
    """Return what injections add up to; a drug that is not injected counts 0."""
    doses = {
        drug: [dose.dose_iu for dose in injections if dose.drug == drug] for drug in regimen.drugs
    }
    return Totals(
        iu={drug: float(sum(iu)) for drug, iu in doses.items()},
        injections={drug: len(iu) for drug, iu in doses.items()},
        vials={
            drug: sum(ceil(dose / regimen.drugs[drug].vial_iu) for dose in iu)
            for drug, iu in doses.items()
        },
    )


def faults_of_paths(regimen: Regimen) -> tuple[str, ...]:
    """Say what is wrong with the paths: dead ends, therapy without end, phases nobody reaches."""
    paths = paths_of(regimen)
    faults = []
    for path in paths:
        if path.ends in {"leads out of scope", "goes on too long"}:
            last = path.steps[-1]
            before = path.steps[-2].phase if len(path.steps) > 1 else BEFORE_THERAPY
            man = spoken({"month": float(last.month), "previous_phase": before})
            faults.append(f"therapy of a man with {man} ({last.condition}) {path.ends}")
    if not any(path.ends == "therapy complete" for path in paths):
        faults.append("no path completes therapy")
    reached = {step.phase for path in paths for step in path.steps}
    faults += [
        f"no path reaches the phase {phase.name}"
        for phase in regimen.phases
        if phase.name not in reached
    ]
    return tuple(faults)
