"""Feedback on cards is accepted only with the option of the server, and contains no identity."""

import json

import pytest
from starlette.testclient import TestClient

from pretese.web.application import create_application
from pretese.web.security.settings import ServerSettings

ADDRESS = "/cds-services/fsh-guided-patient-view/feedback"
CARD = "0f6f4f0e-6a0f-4b0e-9a53-0c1d2e3f4a5b"
ACCEPTED = {"card": CARD, "outcome": "accepted", "acceptedSuggestions": [{"id": CARD}],
         "outcomeTimestamp": "2022-03-31T10:00:00Z"}  # fmt: skip
SET_ASIDE = {
    "card": CARD,
    "outcome": "overridden",
    "overrideReason": {
        "reason": {"code": "clinical-judgement", "system": "https://pretese.invalid/x"},
        "userComment": "Mr Smith was seen today",
    },
    "outcomeTimestamp": "2022-03-31T10:00:00Z",
}


@pytest.fixture(scope="module")
def taking():
    return TestClient(create_application(ServerSettings(feedback=True, max_seconds=60)))


def test_feedback_is_off_by_default(client):
    assert client.post(ADDRESS, json={"feedback": [ACCEPTED]}).status_code == 404


def test_outcomes_are_printed_without_free_text(taking, capsys):
    answer = taking.post(ADDRESS, json={"feedback": [ACCEPTED, SET_ASIDE]})
    assert answer.status_code == 200
    printed = capsys.readouterr().out
    first, second = (json.loads(line) for line in printed.splitlines())
    assert (first["card"], first["outcome"], first["accepted"]) == (CARD, "accepted", [CARD])
    assert second["reason"] == "clinical-judgement"
    assert "Smith" not in printed


@pytest.mark.parametrize(
    "body",
    [{}, {"feedback": []}, {"feedback": [{**ACCEPTED, "card": "x"}]},
     {"feedback": [{**ACCEPTED, "outcome": "ignored"}]},
     {"feedback": [{k: v for k, v in ACCEPTED.items() if k != "outcomeTimestamp"}]}],
)  # fmt: skip
def test_faulty_feedback_is_refused(taking, body):
    answer = taking.post(ADDRESS, json=body)
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert taking.post("/cds-services/nothing/feedback", json=body).status_code == 404
