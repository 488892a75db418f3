"""Checks of every request: token, origin, size, time; and content that responses never have."""

import asyncio
import base64
import logging
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pretese.cli import run
from pretese.web.application import create_application
from pretese.web.security.protection import AT_ONCE, HEADERS, Protection
from pretese.web.security.settings import MAX_BODY_BYTES, ServerSettings, is_loopback
from pretese.web.server import bound_socket
from protocol.errors import InputError
from tests.support.faults.disk_faults import counted

TOKEN = "a-token-of-enough-characters"


def small(app, **limits):
    return TestClient(Protection(app, ServerSettings(**limits)))


async def answer(send, words=b"yes"):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": words})


def test_every_response_has_the_security_headers_and_no_cookie(client):
    for response in (client.get("/"), client.get("/nothing"), client.get("/static/pretese.css"),
                     client.post("/", data={"month": "x"})):  # fmt: skip
        for name, value in HEADERS.items():
            assert response.headers[name] == value
        assert "set-cookie" not in response.headers


def test_pages_load_nothing_from_another_server(client):
    page = client.get("/").text + client.get("/static/pretese.css").text
    assert re.findall(r"(?:src|href|action|url)\s*[=(]\s*[\"']?(?:https?:)?//", page) == []
    assert "style=" not in client.get("/").text  # the policy forbids styles in the page
    assert not re.search(r"\son\w+=", client.get("/").text)


def test_a_token_is_required_and_compared_in_full():
    guarded = TestClient(create_application(ServerSettings(token=TOKEN, max_seconds=60)))
    assert guarded.get("/").status_code == 401
    assert "basic" in guarded.get("/").headers["www-authenticate"].lower()
    assert guarded.get("/", headers={"authorization": f"Bearer {TOKEN[:-1]}"}).status_code == 401
    assert guarded.get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    basic = base64.b64encode(f"nurse:{TOKEN}".encode()).decode()
    assert guarded.get("/", headers={"authorization": f"Basic {basic}"}).status_code == 200
    assert guarded.get("/", headers={"authorization": "Basic ???"}).status_code == 401


def test_forms_of_other_sites_are_refused(client):
    entries = {"month": "1"}
    assert (
        client.post("/", data=entries, headers={"origin": "https://evil.example"}).status_code
        == 403
    )
    crossed = client.post("/", data=entries, headers={"sec-fetch-site": "cross-site"})
    assert crossed.status_code == 403
    own = client.post("/", data=entries, headers={"origin": "http://testserver"})
    assert own.status_code == 200
    # A browser sends no origin with a form of these pages, whose referrer policy hides it.
    plain = {"origin": "null", "sec-fetch-site": "same-origin"}
    assert client.post("/", data=entries, headers=plain).status_code == 200
    assert client.post("/", data=entries, headers={"origin": "null"}).status_code == 403


def test_a_large_request_is_refused_whether_or_not_it_declares_its_size(client):
    assert client.post("/", content=b"a=" + b"x" * 1_100_000).status_code == 413

    def parts():
        for _ in range(12):
            yield b"x" * 100_000

    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/", content=parts(), headers=kind).status_code == 413


def test_a_request_that_takes_too_long_is_abandoned():
    async def slow(scope, receive, send):
        await asyncio.sleep(60)

    assert small(slow, max_seconds=0.01).get("/").status_code == 503


def test_concurrent_computations_are_limited_and_all_requests_are_answered():
    running, most = 0, []

    async def slow(scope, receive, send):
        nonlocal running
        running += 1
        most.append(running)
        for _ in range(5):
            await asyncio.sleep(0)
        running -= 1
        await answer(send)

    async def all_at_once():
        app = Protection(slow, ServerSettings())
        statuses = []

        async def send(message):
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        await asyncio.gather(*(app(scope, receive, send) for _ in range(9)))
        return statuses

    assert asyncio.run(all_at_once()) == [200] * 9
    assert max(most) == AT_ONCE


def server_log(caplog) -> str:
    """Return the log of the server; the client of the tests logs its own requests."""
    return "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("pretese")
    )


def test_a_failure_shows_entered_values_neither_to_the_reader_nor_in_the_log(caplog):
    async def broken(scope, receive, send):
        raise ValueError("FSH of Mr Smith is 9.5")

    with caplog.at_level(logging.INFO, "pretese.web"):
        response = small(broken).get("/?name=Smith")
    assert response.status_code == 500
    assert "Smith" not in response.text + server_log(caplog)
    assert "ValueError at test_protection.py" in server_log(caplog)


def test_the_log_names_routes_and_no_values(client, caplog):
    with caplog.at_level(logging.INFO, "pretese.web"):
        client.get("/?fsh=9.5")
        client.get("/secret-path-7")
    assert "9.5" not in server_log(caplog)
    assert "secret" not in server_log(caplog)
    assert "GET / 200" in server_log(caplog)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "clinic.example"])
def test_a_server_reachable_from_other_machines_needs_a_token(host, capsys):
    assert not is_loopback(host)
    assert run(["serve", "--host", host]) == 2
    assert "give --token" in capsys.readouterr().err
    assert ServerSettings(host, token=TOKEN).host == host


def test_an_empty_address_does_not_mean_every_address():
    with pytest.raises(InputError, match="--host: it is empty"):
        ServerSettings("", token=TOKEN)


def test_a_short_token_and_a_used_port_are_refused():
    with pytest.raises(InputError, match="at least 16"):
        ServerSettings(token="short")
    with bound_socket(ServerSettings(port=0)) as listener:
        used = listener.getsockname()[1]
        with pytest.raises(InputError, match="cannot be used"):
            bound_socket(ServerSettings(port=used))


def ask_for_everything(client):
    """Ask for pages, a decision, a calendar, and send the largest upload."""
    form = {"month": "2", "previous_phase": "hcg", "fsh": "9", "decision_date": "2022-03-31"}
    for path in ("/", "/trial", "/cds-services", "/static/pretese.css"):
        assert client.get(path).status_code == 200
    for path in ("/", "/decision.json", "/therapy.ics"):
        answered = client.post(path, data={**form, "pseudonym": "17", "start": "2022-03-01"})
        assert answered.status_code == 200
    upload = client.post("/", data=form, files={"file": b"x" * (MAX_BODY_BYTES - 2000)})
    assert upload.status_code == 400


@pytest.mark.parametrize("text", ["a" * 201, "two\nlines"])
def test_a_contact_of_several_lines_or_many_characters_is_refused(text):
    with pytest.raises(InputError, match=r"--contact.*one line of at most 200 characters"):
        ServerSettings(contact=text)


def test_no_request_writes_anything_to_the_disk(client):
    """Neither a page, a calendar nor the largest upload, which a library might write to disk."""
    ask_for_everything(client)  # libraries that draw make folders for their settings as they load
    with counted(Path("/")) as steps:
        ask_for_everything(client)
    assert steps == []
