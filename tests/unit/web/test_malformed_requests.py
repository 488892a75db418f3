"""Five hundred malformed requests: each is refused or answered, none breaks the server."""

import json
import random

import pytest

from tests.unit.web.hooks.hook_requests import bundle, medication_order, prefetch, request

#: Values that no form expects.
ODD = [
    "", " ", "nan", "inf", "-1", "1e309", "0x1f", "9" * 400, "1,5", "<script>", "\x00", "\ud7ff",
    "' OR 1=1", "../../etc/passwd", "%s%n", "{{7*7}}", "true", "2022-02-30", "٣", "💉", "[]",
]  # fmt: skip

GET = {
    "/": ("regimen", "fsh", "start", "lang", "decision_date", "limit.fsh_high"),
    "/trial": ("control_percent", "analyses", "spending", "source", "treatments", "lang"),
    "/trial.json": ("treated_percent", "alpha_percent", "futility", "margin_percent"),
    "/trial/simulation": ("blocks", "rejected", "source"),
    "/trial/compare": ("a.analyses", "b.source", "b.margin_percent"),
    "/cohort": ("scenario", "patients", "seed", "set.x", "table", "page"),
    "/cohort.json": ("set.fertility.willing_share", "patients"),
    "/cohort.zip": ("format", "seed"),
    "/docs": ("lang",),
    "/regimens/fsh-guided": ("lang", "x"),
    "/fhir/Library": ("_id",),
}
POST = {
    "/": ("month", "fsh", "fsh_unit", "previous_phase", "start", "decision_date", "phase.1",
          "result.fsh.1", "range.fsh.low", "finding.semen", "unit.lh_iu_l", "pseudonym"),
    "/decision.json": ("month", "fsh", "limit.x", "course_unit.fsh", "start"),
    "/therapy.ics": ("pseudonym", "start", "month", "phase.2"),
    "/audit.json": ("log", "regimen", "dates"),
}  # fmt: skip
PROGRAMS = ("/cds-services/fsh-guided-patient-view", "/cds-services/fsh-guided-order-sign",
            "/cds-services/x", "/fhir/$patient-file", "/fhir/$bundle")  # fmt: skip
NO_JSON = [b"", b"{", b"[]", b"null", b"\xff\xfe{", b'{"a":' * 3000, b'"x"', b"1" * 999]
LEAVES = [None, [], {}, "", 0, -1, 1e300, True, "2022-13-40", ["x"], {"coding": "x"}, "\x00"]


def malformed(value, draw):
    """Return a JSON value in which one part is something else."""
    if draw.random() < 0.25 or not value:
        return draw.choice(LEAVES)
    if isinstance(value, dict):
        key = draw.choice(sorted(value))
        return {**value, key: malformed(value[key], draw)}
    if isinstance(value, list):
        place = draw.randrange(len(value))
        return [*value[:place], malformed(value[place], draw), *value[place + 1 :]]
    return draw.choice(LEAVES)


def entries(names, draw):
    chosen = draw.sample(names, draw.randint(1, min(3, len(names))))
    return {name: draw.choice(ODD) for name in chosen}


def ask(client, draw):
    """Send one malformed request."""
    kind = draw.randrange(4)
    if kind == 0:
        path = draw.choice(sorted(GET))
        return client.get(path, params=entries(GET[path], draw))
    if kind == 1:
        path = draw.choice(sorted(POST))
        return client.post(path, data=entries(POST[path], draw))
    path = draw.choice(PROGRAMS)
    if kind == 2:
        body = draw.choice(
            [b"", b"{", b"[]", b"null", b"\xff\xfe{", b'{"a":' * 3000, b'"x"', b"1" * 999]
        )
        return client.post(path, content=body)
    hook = "order-sign" if "order" in path else "patient-view"
    whole = request(prefetch(), hook, [medication_order("hCG", 2000, 4)])
    sent = whole if path.startswith("/cds") else bundle(*prefetch()["administrations"]["entry"])
    return client.post(path, content=json.dumps(malformed(sent, draw)).encode())


@pytest.mark.parametrize("seed", range(5))
def test_malformed_requests_cause_no_server_error(client, seed):
    draw = random.Random(seed)
    statuses = [ask(client, draw).status_code for _ in range(100)]
    assert set(statuses) <= {200, 303, 400, 404, 405, 412, 422}
    assert statuses.count(400) > 20
