"""Audit cases: the shipped ones pass, and a failed one states the result."""

import pytest

import pretese
from protocol.audit.cases import (
    SUFFIX,
    AuditCaseFile,
    load_audit_cases,
    run_audit_cases,
)
from protocol.audit.deviations import KINDS, QUERY_KINDS
from protocol.errors import InputError
from protocol.reading.documents import parse_document
from protocol.regimen.load import SHIPPED, list_regimens, load_regimen

GUIDED = load_regimen("fsh-guided")
PATIENT = (SHIPPED / f"fsh-guided{SUFFIX}").read_text().split("cases:\n")[0]


def results(*cases: str):
    file = parse_document(PATIENT + "cases:\n" + "".join(cases), AuditCaseFile, "c.yaml")
    return run_audit_cases(GUIDED, file)


def test_every_shipped_case_passes_and_is_reported_once():
    file = load_audit_cases("fsh-guided")
    assert [result.wrong for result in run_audit_cases(GUIDED, file) if not result.holds] == []
    assert len({case.statement for case in file.cases}) == len(file.cases) > 30


def test_the_cases_name_most_kinds_of_deviations_and_queries():
    cases = load_audit_cases("fsh-guided").cases
    kinds = {kind for case in cases for kind in case.deviations}
    queries = {kind for case in cases for kind in case.queries}
    assert set(KINDS) - kinds == {"drug", "early surgery", "surgery before semen analysis"}
    assert len(set(QUERY_KINDS) & queries) >= 6


def test_a_file_of_audit_cases_is_not_a_regimen():
    assert not any("audit" in name for name in list_regimens())


@pytest.mark.parametrize(
    ("case", "wrong"),
    [
        (
            "  - {statement: a, changes: [{event: injection, day: 44, how: remove}]}\n",
            "deviations: missed dose, not none",
        ),
        (
            "  - {statement: a, deviations: [dose], eligibility: violated}\n",
            "deviations: none, not dose",
        ),
        (
            "  - {statement: a, changes: [{event: injection, day: 45, how: remove}]}\n",
            "0 rows of injection are on day 45",
        ),
    ],
)
def test_a_failed_case_states_the_result(case, wrong):
    (result,) = results(case)
    assert not result.holds
    assert wrong in result.wrong[0]


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match=r"cases.0.deviations.0: 'late' is not allowed"):
        results("  - {statement: a, deviations: [late]}\n")


OWN = "id: mine\nversion: 1.0.0\nextends: fsh-guided\n"
CASES = "regimen: mine\ncases:\n  - {statement: a, table: phase, given: {month: 1}, then: hcg}\n"


def test_a_users_regimen_may_have_audit_cases_in_the_same_folder(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(OWN)
    (tmp_path / "mine.cases.yaml").write_text(CASES)
    assert len(pretese.regimen(path).test().results) == 1
    beside = tmp_path / f"mine{SUFFIX}"
    own = PATIENT.replace("regimen: fsh-guided", "regimen: mine")
    beside.write_text(own + "cases:\n  - {statement: nothing deviates}\n")
    found = pretese.regimen(path).test()
    assert (found.passed, found.failed) == (2, 0)
    assert list(found.to_frame()["table"]) == ["phase", "audit"]
    beside.write_text(PATIENT + "cases:\n  - {statement: nothing deviates}\n")
    with pytest.raises(InputError, match="the cases are those of 'fsh-guided'"):
        pretese.regimen(path).test()
