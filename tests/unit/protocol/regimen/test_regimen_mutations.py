"""Any single change of a shipped table is detected by the proof or by its cases."""

import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest

from protocol.bedside.cases import load_cases, run_case
from protocol.errors import InputError
from protocol.regimen.compile import compile_regimen
from protocol.regimen.load import list_regimens, plain_regimen

NUMBER = re.compile(r"(?<![\w.])\d+(\.\d+)?(?![\w.])")


def numbers_shifted(text: str, step) -> Iterator[str]:
    for found in NUMBER.finditer(text):
        for sign in (-1, 1):
            moved = f"{float(found.group()) + sign * step(float(found.group())):.12g}"
            yield text[: found.start()] + moved + text[found.end() :]


def mutants(plain: dict) -> Iterator[tuple[str, str, dict]]:
    """Yield (kind, place, mutant) for every single change of a rule, criterion or parameter."""
    for name, table in plain["tables"].items():
        for i, rule in enumerate(table["rules"]):
            place = f"{name}.{rule['id']}"
            yield from in_rules(plain, name, place, "deleted", lambda rules, i=i: rules.pop(i))
            yield from in_rules(
                plain,
                name,
                place,
                "duplicated",
                lambda rules, rule=rule: rules.append({**rule, "id": f"{rule['id']}-again"}),
            )
            for key, condition in rule.get("when", {}).items():
                for changed in conditions_changed(str(word(condition))):
                    yield from in_rules(
                        plain,
                        name,
                        f"{place}.{key}={changed}",
                        "shifted",
                        lambda rules, i=i, key=key, changed=changed: rules[i]["when"].update(
                            {key: changed}
                        ),
                    )
                yield from in_rules(
                    plain,
                    name,
                    f"{place}.{key}",
                    "condition dropped",
                    lambda rules, i=i, key=key: rules[i]["when"].pop(key),
                )
            for other in {other.get("then") for other in table["rules"]} - {rule.get("then")}:
                if other:
                    yield from in_rules(
                        plain,
                        name,
                        f"{place}.then={other}",
                        "answer changed",
                        lambda rules, i=i, other=other: rules[i].update({"then": other}),
                    )
    used = str(plain["tables"]) + str(plain["criteria"])
    for name, parameter in plain["parameters"].items():
        for factor in (0.99, 1.01):
            mutant = deepcopy(plain)
            mutant["parameters"][name]["value"] = parameter["value"] * factor
            if re.search(rf"\b{name}\b", used):
                yield "shifted", f"parameters.{name}*{factor}", mutant
    for name, criterion in plain["criteria"].items():
        mutant = deepcopy(plain)
        del mutant["criteria"][name]
        yield "deleted", f"criteria.{name}", mutant
        for key, condition in criterion["met_when"].items():
            step = (lambda x: 1) if "samples" in key else (lambda x: x * 0.01)
            for changed in numbers_shifted(str(word(condition)), step):
                mutant = deepcopy(plain)
                mutant["criteria"][name]["met_when"][key] = changed
                yield "shifted", f"criteria.{name}={changed}", mutant


def word(value):
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def in_rules(plain, name, place, kind, change):
    rules = deepcopy(plain["tables"][name]["rules"])  # the rest is shared: it is not changed
    change(rules)
    tables = {**plain["tables"], name: {**plain["tables"][name], "rules": rules}}
    yield kind, place, {**plain, "tables": tables}


def conditions_changed(text: str) -> Iterator[str]:
    yield from numbers_shifted(text, lambda x: 1)
    parts = text.split(" or ")
    if len(parts) > 1:
        for i in range(len(parts)):
            yield " or ".join(parts[:i] + parts[i + 1 :])


def outcome_of(plain: dict, cases) -> str:
    try:
        regimen = compile_regimen("mutant", "", plain, {}, {})
    except InputError:
        return "proof"
    return "survives" if all(run_case(regimen, case).holds for case in cases.cases) else "cases"


@cache
def tally(name: str) -> tuple[Counter, tuple[tuple[str, str], ...]]:
    """Return the number of mutants of each kind by how they were detected, and the survivors."""
    plain, cases = plain_regimen(name), load_cases(name)
    outcomes, survivors = Counter(), []
    for kind, place, mutant in mutants(plain):
        found = outcome_of(mutant, cases)
        outcomes[kind, found] += 1
        if found == "survives":
            survivors.append((kind, place))
    return outcomes, tuple(survivors)


@pytest.mark.parametrize("name", list_regimens())
def test_every_mutant_of_a_shipped_regimen_is_caught(name):
    outcomes, survivors = tally(name)
    assert survivors == ()
    for kind in ("deleted", "duplicated", "shifted"):
        assert outcomes[kind, "proof"] + outcomes[kind, "cases"] >= 4


def test_the_page_about_the_engine_gives_current_figures():
    total = sum((tally(name)[0] for name in list_regimens()), Counter())
    page = (Path(__file__).parents[4] / "docs/explanation/protocol-engine.md").read_text()
    for kind in ("deleted", "duplicated", "shifted", "condition dropped", "answer changed"):
        by_proof, by_cases = total[kind, "proof"], total[kind, "cases"]
        assert f"| {kind} | {by_proof + by_cases} | {by_proof} | {by_cases} | 0 |" in page


def test_the_unchanged_regimen_passes():
    for name in list_regimens():
        assert outcome_of(plain_regimen(name), load_cases(name)) == "survives"
