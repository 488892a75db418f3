"""Decisions per second: arrays, one patient explained, and zen-engine on an equivalent table.

zen-engine (a Rust engine with Python bindings) gets the phase table without its missing cells,
because it returns `{}` for a missing value. Both decide for the same patients and must agree.
"""

import datetime as dt
import json

import numpy as np
import zen

from benchmarks.our_tests import support
from benchmarks.timing import best_of
from pretese.bedside.dmn import feel
from protocol.audit.judge import audit
from protocol.bedside.decide import decide
from protocol.regimen.load import load_regimen
from protocol.regimen.rules import Regimen
from simulate.hormones.decision_lookup import lookup

logs = support("adherent_log")
adherent_events, parse_log, write_log = logs.adherent_events, logs.parse_log, logs.write_log

MANY, SOME, LOGS = 1_000_000, 2_000, 10_000
OTHERS = {"lh_iu_l": 3.0, "testosterone_nmol_l": 20.0, "estradiol_pmol_l": 120.0}


def main() -> None:
    regimen = load_regimen("fsh-guided")
    grid = regimen.tables["phase"].proved
    rng = np.random.default_rng(1)
    columns = {
        "month": rng.integers(2, 4, MANY),
        "previous_phase": rng.integers(1, 3, MANY),
        "fsh_iu_l": rng.lognormal(2.3, 0.9, MANY).clip(0, 200),
    }
    one_month = {**columns, "month": 2}
    phases = regimen.inputs["previous_phase"].values
    patients = [
        {"month": int(m), "previous_phase": phases[b], "fsh_iu_l": float(f)}
        for m, b, f in zip(*(column[:SOME] for column in columns.values()), strict=True)
    ]
    peer = zen_decision(regimen)
    rule_ids = [rule.id for rule in regimen.tables["phase"].rules]
    ours = [rule_ids[i] for i in lookup(grid, columns)[:SOME]]
    assert [peer.evaluate(patient)["result"]["rule"] for patient in patients] == ours
    seconds = best_of(
        5,
        {
            "array lookup, three columns": lambda: lookup(grid, columns),
            "array lookup, one month for all": lambda: lookup(grid, one_month),
            "one patient at a time, rule only": lambda: [
                grid.rule_at(patient) for patient in patients
            ],
            "one patient at a time, explained": lambda: [
                decide(regimen, "phase", m) for m in patients
            ],
            "zen-engine, answer only": lambda: [peer.evaluate(patient) for patient in patients],
            "zen-engine, with trace": lambda: [
                peer.evaluate(patient, {"trace": True}) for patient in patients
            ],
        },
    )
    slow = SOME / seconds["zen-engine, answer only"]
    for name, took in seconds.items():
        speed = (MANY if name.startswith("array") else SOME) / took
        print(f"{name:34s} {speed:14,.0f} decisions/s {speed / slow:10,.2f} x zen-engine")
    time_audit(regimen, rng)


def zen_decision(regimen: Regimen) -> zen.ZenDecision:
    """Return the phase table as zen-engine reads it, hit policy first (it knows no unique)."""
    table = regimen.tables["phase"]
    rows = []
    for rule in table.rules:
        row = {"_id": rule.id, "out": f'"{rule.id}"'}
        for name in table.inputs:
            condition = rule.conditions.get(name)
            tests = [] if condition is None else feel(condition).split(", ")
            if tests == ["null"]:
                break  # a rule about missing values
            row[name] = ", ".join(test for test in tests if test != "null")
        else:
            rows.append(row)
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": name, "name": name, "field": name} for name in table.inputs],
        "outputs": [{"id": "out", "name": "rule", "field": "rule"}],
        "rules": rows,
    }
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in"},
        {"id": "table", "type": "decisionTableNode", "name": "table", "content": content},
        {"id": "end", "type": "outputNode", "name": "end"},
    ]
    edges = [
        {"id": "1", "type": "edge", "sourceId": "in", "targetId": "table"},
        {"id": "2", "type": "edge", "sourceId": "table", "targetId": "end"},
    ]
    return zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))


def time_audit(regimen: Regimen, rng: np.random.Generator) -> None:
    """Time reading and judging the logs of many patients."""
    start = dt.date(2022, 3, 1)
    patients = {}
    for number in range(LOGS):
        monthly = [{"fsh_iu_l": float(fsh), **OTHERS} for fsh in rng.uniform(0, 25, 3)]
        baseline = {**monthly[0], "prolactin_ng_ml": 9.0}
        patients[f"patient {number}"] = adherent_events(
            regimen, start, monthly, baseline=baseline, semen="no sperm"
        )
    text = write_log(patients)
    log = parse_log(text, regimen, "log")
    assert not any(patient.deviations for patient in audit(log, regimen).patients)
    seconds = best_of(
        2,
        {
            "read a log": lambda: parse_log(text, regimen, "log"),
            "audit it": lambda: audit(log, regimen),
        },
    )
    rows = text.count("\n") - 1
    for name, took in seconds.items():
        print(
            f"{name:34s} {LOGS / took:14,.0f} patients/s "
            f"({LOGS:,} patients, {rows:,} rows, {took:.2f} s)"
        )
