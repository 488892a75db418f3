"""The answer of one decision table for one patient, with its rationale."""

from collections.abc import Mapping
from functools import lru_cache

from protocol.bedside.decision import Decision, DoseOrder, InputValue, ParameterUsed
from protocol.bedside.explain import changes, missing_inputs, nearest_boundary, rules_not_met
from protocol.bedside.known.plausible import value_problem
from protocol.errors import Fault, InputError
from protocol.reading.numbers import plain_value
from protocol.regimen.conditions import Value
from protocol.regimen.rules import DecisionTable, Regimen, Rule

#: Number of rules and phases whose descriptions are cached.
REMEMBERED = 1024


def decide(
    regimen: Regimen, table_name: str, values: Mapping[str, Value], *, where: str = "decide"
) -> Decision:
    """Return the answer of a unique table for one patient, with its rationale.

    Parameters
    ----------
    values
        Inputs by name, in the declared units; an input that is absent, or None, is missing. Months
        count from 1, ``previous_phase`` is the phase of the month before, and FSH is that measured
        at the end of the month before. Ranges written ``a to b`` are closed.
    where
        The source of the values, as named in messages.

    Raises
    ------
    InputError
        For an unknown table or input, a value of the wrong kind or outside its plausible range,
        and a missing input that is required.

    Examples
    --------
    >>> from protocol.regimen.load import load_regimen
    >>> regimen = load_regimen("fsh-guided")
    >>> def month_2(fsh):
    ...     given = {"month": 2, "previous_phase": "hcg", "fsh_iu_l": fsh}
    ...     return decide(regimen, "phase", given)
    >>> month_2(11.1).action, month_2(11.2).action
    ('hcg-ufsh', 'hcg')
    >>> month_2(11.2).nearest_change.to
    'at most 11.1'
    >>> month_2(None).outcome, month_2(None).missing_inputs
    ('insufficient data', ('fsh_iu_l',))
    """
    table = table_of(regimen, table_name, where)
    checked = check_values(regimen, table, values, where)
    cell = table.proved.locate(checked)
    rule = table.rules[table.proved.rule_in(cell)]
    found = changes(regimen, table, checked, cell)
    return Decision(
        regimen_id=regimen.id,
        regimen_version=regimen.version,
        regimen_sha256=regimen.sha256,
        table=table.name,
        question=table.question,
        outcome=rule.outcome,
        action=rule.then,
        recommendation=wording(regimen, table, rule),
        orders=orders_of(regimen, rule.then) if table.name == "phase" else (),
        rule_id=rule.id,
        rationale=rule.rationale,
        citation=rule.citation,
        status=rule.status,
        origin=rule.origin,
        parameters=_parameters(regimen, table, rule.id),
        inputs=tuple(input_value(regimen, name, checked[name]) for name in table.inputs),
        missing_inputs=missing_inputs(table, checked, cell),
        boundary=nearest_boundary(regimen, checked, found),
        nearest_change=found[0].nearest_change if found else None,
        rules_not_met=rules_not_met(table, checked, cell),
    )


def table_of(regimen: Regimen, name: str, where: str) -> DecisionTable:
    """Return a table by name."""
    if name not in regimen.tables:
        known = ", ".join(regimen.tables)
        raise InputError.of(where, "table", f"there is no table {name!r}", f"there are: {known}")
    return regimen.tables[name]


def check_values(
    regimen: Regimen, table: DecisionTable, values: Mapping[str, Value], where: str
) -> dict[str, Value]:
    """Return every input of the table by name, None where missing; faults as in `decide`."""
    faults = [
        Fault(where, name, "it is not an input of this table", f"inputs: {', '.join(table.inputs)}")
        for name in values
        if name not in table.inputs
    ]
    checked: dict[str, Value] = {name: plain_value(values.get(name)) for name in table.inputs}
    for name, value in checked.items():
        if problem := value_problem(regimen.inputs[name], value):
            faults.append(Fault(where, name, *problem))
    if faults:
        raise InputError(faults)
    return checked


def input_value(regimen: Regimen, name: str, value: Value) -> InputValue:
    """Return an input with its label and unit."""
    spec = regimen.inputs[name]
    return InputValue(name=name, label=spec.label, value=value, unit=spec.unit)


def wording(regimen: Regimen, table: DecisionTable, rule: Rule) -> str:
    """Return the answer of a rule in words."""
    if rule.then is None:
        return rule.rationale
    return (
        regimen.phase(rule.then).label
        if table.name == "phase"
        else regimen.actions[rule.then].label
    )


@lru_cache(maxsize=REMEMBERED)
def orders_of(regimen: Regimen, phase_name: str | None) -> tuple[DoseOrder, ...]:
    """Return the orders of a phase, each with its status, source and file; none without a phase."""
    if phase_name is None:
        return ()
    phase = regimen.phase(phase_name)
    return tuple(
        DoseOrder(
            drug=order.drug,
            label=regimen.drugs[order.drug].name,
            dose=order.dose,
            unit=order.unit,
            route=order.route,
            every=order.rhythm,
            interval_days=order.interval_days,
            offset_day=order.offset_day,
            weekdays=order.weekdays,
            status=phase.status,
            citation=phase.citation,
            origin=phase.origin,
        )
        for order in phase.orders
    )


@lru_cache(maxsize=REMEMBERED)
def _parameters(regimen: Regimen, table: DecisionTable, rule_id: str) -> tuple[ParameterUsed, ...]:
    """Return the parameters that a rule names, in the order of the file."""
    named = {
        name
        for rule in table.rules
        if rule.id == rule_id
        for condition in rule.conditions.values()
        for name in condition.parameters
    }
    return tuple(
        ParameterUsed(
            name=name,
            value=spec.value,
            unit=spec.unit,
            status=spec.status,
            citation=f"{regimen.sources[spec.source].title}; {spec.locator}",
            origin=regimen.origins.get(f"parameters.{name}", regimen.id),
        )
        for name, spec in regimen.parameters.items()
        if name in named
    )
