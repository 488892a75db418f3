"""Thirty invalid regimen files: each is refused with file, field, value and remedy."""

from copy import deepcopy
from functools import cache

import pytest
import yaml

from protocol.bedside.cases import CaseFile, run_cases
from protocol.errors import InputError, ProofError
from protocol.reading.documents import parse_document
from protocol.regimen.load import load_regimen, parse_regimen, plain_regimen

WHERE = "mine.yaml"
FAST_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@cache
def usual():
    return plain_regimen("fsh-guided")


def changed(*steps):
    """Return fsh-guided with changes: (path, value); DELETE removes, a callable transforms."""
    plain = deepcopy(usual())
    for path, value in steps:
        *way, last = path.split("/")
        here = plain
        for part in way:
            here = here[int(part)] if isinstance(here, list) else here[part]
        key = int(last) if isinstance(here, list) else last
        if value is DELETE:
            del here[key]
        else:
            here[key] = value(here[key]) if callable(value) else value
    return yaml.dump(plain, Dumper=FAST_DUMPER, sort_keys=False)


DELETE = object()
RULES = "tables/phase/rules"
BAD = {
    "nothing at all": ("", "mine.yaml: it holds nothing; write fields"),
    "a list": ("- 1", "mine.yaml: it holds a list; write fields"),
    "broken yaml": ("id: [x", "mine.yaml: line 1, column 7: this is not valid YAML"),
    "a key twice": ("id: a\nid: b", "the key 'id' is given twice"),
    "no phases": (changed(("phases", DELETE)), "mine.yaml: phases: it is missing; add it"),
    "a misspelt field": (
        changed(("tittle", "x")),
        "tittle: there is no such field; did you mean 'title'?",
    ),
    "a version that is none": (changed(("version", "one")), "version: 'one' is not allowed"),
    "months too many": (changed(("months", 99)), "months: 99 is not allowed"),
    "a negative dose": (
        changed(("phases/hcg/orders/0/dose_iu", -2000)),
        "phases.hcg.orders.0.dose_iu: -2000 is not allowed; input should be greater than",
    ),
    "an endless interval": (
        changed(("phases/hcg/orders/0/interval_days", 0)),
        "phases.hcg.orders.0.interval_days: 0 is not allowed",
    ),
    "a route nobody knows": (
        changed(("phases/hcg/orders/0/route", "oral")),
        "phases.hcg.orders.0.route: 'oral' is not allowed; input should be 'im', 'sc' or 'po'",
    ),
    "a drug not declared": (
        changed(("phases/hcg/orders/0/drug", "hmg")),
        "phases.hcg.orders.0.drug: there is no drug 'hmg'; declared: hcg, ufsh",
    ),
    "a source not declared": (
        changed((f"{RULES}/0/source", "hearsay")),
        "tables.phase.rules.P1.source: there is no source 'hearsay'; declared: paper, y-micro",
    ),
    "a rule without source": (
        changed((f"{RULES}/0/source", DELETE)),
        "tables.phase.rules.0.source: it is missing",
    ),
    "a phase not declared": (
        changed((f"{RULES}/0/then", "hgc")),
        "tables.phase.rules.P1.then: there is no phase 'hgc'; declared: hcg, hcg-ufsh, stopped",
    ),
    "a recommendation of nothing": (
        changed((f"{RULES}/0/then", DELETE)),
        "tables.phase.rules.P1.then: it is missing; a recommendation must name what to do",
    ),
    "an answer without a recommendation": (
        changed((f"{RULES}/5/then", "hcg")),
        "rules.P6.then: 'hcg' is named though the outcome is 'insufficient data'; remove it",
    ),
    "an unknown outcome": (
        changed((f"{RULES}/0/outcome", "maybe")),
        "tables.phase.rules.0.outcome: 'maybe' is not allowed; input should be 'recommendation'",
    ),
    "a rule number twice": (
        changed((f"{RULES}/1/id", "P1")),
        "tables.phase.rules: the id 'P1' is given twice; number rules apart",
    ),
    "an input not looked at": (
        changed((f"{RULES}/0/when/lh_iu_l", "above 5")),
        "rules.P1.when.lh_iu_l: this is not an input of the table; add it to tables.phase",
    ),
    "an input not declared": (
        changed(("tables/phase/inputs", ["month", "previous_phase", "fsh"])),
        "tables.phase.inputs: there is no input 'fsh'",
    ),
    "a condition not understood": (
        changed((f"{RULES}/1/when/fsh_iu_l", "[0.7, 11.1]")),
        "rules.P2.when.fsh_iu_l: '[0.7, 11.1]' is not understood; write for example '0.7 to 11.1'",
    ),
    "a condition that is a list": (
        changed((f"{RULES}/1/when/fsh_iu_l", [0.7, 11.1])),
        "rules.1.when.fsh_iu_l: [0.7, 11.1] is not allowed",
    ),
    "a range that runs backwards": (
        changed((f"{RULES}/1/when/fsh_iu_l", "11.1 to 0.7")),
        "'11.1 to 0.7' runs backwards; write the smaller number first",
    ),
    "a parameter in another unit": (
        changed((f"{RULES}/1/when/fsh_iu_l", "below testosterone_high")),
        "the parameter 'testosterone_high' is in nmol/L, the input in [IU]/L",
    ),
    "a number nobody uses": (
        changed(("parameters/spare", plain_regimen("fsh-guided")["parameters"]["fsh_low"])),
        "mine.yaml: parameters.spare: no condition names it; name it, or remove it",
    ),
    "a limit nobody can pass": (
        changed(("parameters/fsh_high/value", 500)),
        "500 is not inside the plausible range 0 to 200; no patient could be on its other side",
    ),
    "a missing value that cannot be": (
        changed((f"{RULES}/0/when/month", "missing")),
        "rules.P1.when.month: this input is never missing; drop the word 'missing'",
    ),
    "a name that is not a value": (
        changed((f"{RULES}/0/when/previous_phase", "hgc")),
        "'hgc' is none of its values; write one of: none, hcg, hcg-ufsh, stopped, missing",
    ),
    "a number without unit": (
        changed(("inputs/fsh_iu_l/unit", DELETE)),
        "inputs.fsh_iu_l.unit: a number has no unit; write its UCUM unit",
    ),
    "a plausible range without width": (
        changed(("inputs/fsh_iu_l/plausible", [5, 5])),
        "inputs.fsh_iu_l.plausible: (5.0, 5.0) is not a range; write [lowest, highest]",
    ),
    "phases that the state does not list": (
        changed(("inputs/previous_phase/values", ["none", "hcg"])),
        "inputs.previous_phase.values: ['none', 'hcg'] does not match the phases; write [none,",
    ),
    "no phase that ends": (
        changed(("phases/stopped/ends_therapy", False)),
        "phases: not exactly one phase ends therapy; give one `ends_therapy: true`",
    ),
    "injections after the end": (
        changed(("phases/stopped/orders", [
            {"drug": "hcg", "dose_iu": 1, "route": "im", "interval_days": 2}])),
        "phases.stopped.orders: therapy has ended; remove the orders",
    ),
    "no semen table": (
        changed(("tables/end-of-therapy", DELETE)),
        "tables.end-of-therapy: it is missing; add the table",
    ),
    "a phase table that collects": (
        changed(("tables/phase/hit", "collect")),
        "tables.phase.hit: it collects; this table must be unique",
    ),
    "a parent nobody ships": (
        "id: mine\nextends: fsh-guide\n",
        "mine.yaml: extends: 'fsh-guide' is neither a shipped regimen nor a .yaml file",
    ),
}  # fmt: skip


def test_there_are_thirty_cases():
    assert len(BAD) >= 30


@pytest.mark.parametrize("name", BAD)
def test_an_invalid_regimen_file_is_refused_with_the_remedy(name):
    text, message = BAD[name]
    with pytest.raises(InputError) as caught:
        parse_regimen(text, WHERE)
    assert not isinstance(caught.value, ProofError)
    assert message in str(caught.value)
    for fault in caught.value.faults:
        assert fault.where == WHERE
        assert fault.cure


UNPROVED = {
    "a hole": (
        changed((f"{RULES}/5", DELETE)),
        "tables.phase: no rule fires for a patient with month 2, previous_phase hcg, fsh_iu_l",
    ),
    "a hole at one number": (
        changed((f"{RULES}/1/when/fsh_iu_l", "above fsh_low and at most fsh_high")),
        "no rule fires for a patient with month 2, previous_phase hcg, fsh_iu_l 0.7",
    ),
    "two answers": (
        changed((f"{RULES}/2/when/fsh_iu_l", "at most fsh_low or above fsh_high")),
        "rules P2 and P3 both fire for a patient with month 2, previous_phase hcg, fsh_iu_l 0.7;",
    ),
    "a rule that never fires": (
        changed((f"{RULES}/3/when/fsh_iu_l", "below 0.7 and above 11.1")),
        "rule P4 can never fire",
    ),
    "therapy without end": (
        changed((f"{RULES}/8/outcome", "recommendation"), (f"{RULES}/8/then", "hcg")),
        "therapy of a patient with month 4, previous_phase hcg-ufsh (always) goes on too long",
    ),
    "a way out of scope": (
        changed((f"{RULES}/4/then", DELETE), (f"{RULES}/4/outcome", "out of scope")),
        "therapy of a patient with month 3, previous_phase hcg-ufsh (always) leads out of scope",
    ),
    "a phase that nobody reaches": (
        changed((f"{RULES}/1/then", "hcg")),
        "no path reaches the phase hcg-ufsh",
    ),
}


@pytest.mark.parametrize("name", UNPROVED)
def test_an_incomplete_regimen_is_refused_with_a_counterexample(name):
    text, message = UNPROVED[name]
    with pytest.raises(ProofError) as caught:
        parse_regimen(text, WHERE)
    assert message in str(caught.value)


def test_all_faults_are_reported_at_once():
    text = changed(
        (f"{RULES}/1/when/fsh_iu_l", "about 7"), (f"{RULES}/0/when/previous_phase", "hgc")
    )
    with pytest.raises(InputError) as caught:
        parse_regimen(text, WHERE)
    assert len(caught.value.faults) == 2


def test_a_file_of_your_own_may_extend_a_shipped_one(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "id: mine\nversion: 0.1.0\nextends: fsh-guided\nparameters:\n  fsh_high: {value: 12, "
        "unit: '[IU]/L', status: assumed, source: authors, locator: our laboratory}\n"
    )
    own = load_regimen(path)
    assert own.parameters["fsh_high"].value == 12
    assert own.title == load_regimen("fsh-guided").title
    assert own.sha256 != load_regimen("fsh-guided").sha256


def test_a_failed_case_names_the_result():
    text = (
        "regimen: fsh-guided\ncases:\n"
        "  - {statement: wrong, table: phase, given: {month: 1}, then: hcg-ufsh, rule: P1}\n"
        "  - {statement: unreadable, table: phase, given: {month: 99}, outcome: recommendation}\n"
        "  - {statement: nowhere, table: fase, outcome: recommendation}\n"
    )
    results = run_cases(load_regimen("fsh-guided"), parse_document(text, CaseFile, "c.yaml"))
    assert [result.wrong for result in results] == [
        ("then is hcg, not hcg-ufsh",),
        (
            "given: month: 99 is outside the plausible range; give a whole number from 1 to 12"
            " month",
        ),
        (
            "given: table: there is no table 'fase'; there are: eligibility, phase, "
            "end-of-therapy, sperm-use, flags",
        ),
    ]
