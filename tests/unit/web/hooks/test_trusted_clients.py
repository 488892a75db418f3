"""Clients of the services: tokens of trusted issuers, each accepted once."""

import time

import pytest
import yaml
from starlette.testclient import TestClient

from pretese.cli import run
from pretese.web.application import create_application
from pretese.web.security.settings import ServerSettings
from tests.unit.web.hooks.hook_requests import prefetch, request

ISSUER, HERE = "https://ehr.example", "https://pretese.example"
VIEW = "/cds-services/fsh-guided-patient-view"

jwt = pytest.importorskip("jwt", reason="the library is in the extra web")


@pytest.fixture(scope="module")
def secret():
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP384R1())


def public_key(secret, **more):
    found = jwt.algorithms.ECAlgorithm.to_jwk(secret.public_key(), as_dict=True)
    return {**found, "kid": "k1", **more}


@pytest.fixture
def guarded(secret, tmp_path):
    from pretese.web.security.trusted_clients import read_trusted_clients

    path = tmp_path / "trust.yaml"
    issuers = [{"issuer": ISSUER, "keys": [public_key(secret)]}]
    path.write_text(yaml.safe_dump({"audience": HERE, "issuers": issuers}))
    settings = ServerSettings(token="a" * 20, trusted=read_trusted_clients(path), max_seconds=60)
    return TestClient(create_application(settings))


def signed(secret, *, algorithm="ES384", headers=None, path=VIEW, **changes):
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": HERE + path, "exp": now + 300, "iat": now,
              "jti": f"{time.monotonic_ns()}", **changes}  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, secret, algorithm, headers={"kid": "k1", **(headers or {})})


def called(client, token):
    headers = {"authorization": f"Bearer {token}"}
    return client.post(VIEW, json=request(prefetch()), headers=headers)


def test_a_token_of_a_trusted_issuer_is_enough_and_counts_once(guarded, secret):
    token = signed(secret)
    assert called(guarded, token).status_code == 200
    again = called(guarded, token)
    assert again.status_code == 401
    assert "used before" in again.json()["issue"][0]["diagnostics"]
    listed = guarded.get(
        "/cds-services",
        headers={"authorization": f"Bearer {signed(secret, path='/cds-services')}"},
    )
    assert listed.status_code == 200
    assert guarded.get("/").status_code == 401  # pages still require the token of the server


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"aud": HERE + "/cds-services/another"},
        {"exp": 1_600_000_000},
        {"jti": None},
        {"exp": None},
        {"iat": None},
        {"headers": {"kid": "k2"}},
        {"headers": {"kid": "k2", "jku": "https://ehr.example/keys"}},
    ],
    ids=lambda changes: ",".join(changes) + str(len(str(changes))),
)
def test_any_other_token_is_refused_and_nothing_is_fetched(guarded, secret, changes, monkeypatch):
    import socket

    def no_network(*_):
        raise AssertionError("nothing may be fetched")

    monkeypatch.setattr(socket, "create_connection", no_network)
    answer = called(guarded, signed(secret, **changes))
    assert answer.status_code == 401
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_unsigned_and_symmetric_tokens_are_refused(guarded, secret):
    from cryptography.hazmat.primitives.asymmetric import ec

    other = ec.generate_private_key(ec.SECP384R1())
    key = "a-password-of-enough-characters-for-hmac"
    tokens = (
        signed("", algorithm="none"),
        signed(key, algorithm="HS256"),
        signed(other),
        "",
        "x.y.z",
    )
    assert [called(guarded, token).status_code for token in tokens] == [401] * 5
    assert guarded.post(VIEW, json=request(prefetch())).status_code == 401


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"audience": "nothing"}, "audience"),
        ({"issuers": []}, "issuers"),
        ({"issuers": [{"issuer": ISSUER, "keys": [{"kty": "oct", "k": "AAAA", "kid": "s"}]}]},
         "not a public key"),
        ({"issuers": [{"issuer": ISSUER, "keys": [{"kty": "EC", "crv": "P-384", "d": "AA"}]}]},
         "not a public key"),
        ({"issuers": [{"issuer": ISSUER, "keys": [{"kty": "EC", "crv": "P-384", "kid": "x"}]}]},
         "cannot be used"),
        ({"issuers": [{"issuer": ISSUER, "keys": [{"kty": "EC", "crv": "P-384"}]}]}, "no kid"),
    ],
)  # fmt: skip
def test_a_faulty_file_of_issuers_is_refused(tmp_path, secret, change, words, capsys):
    path = tmp_path / "trust.yaml"
    good = {"audience": HERE, "issuers": [{"issuer": ISSUER, "keys": [public_key(secret)]}]}
    path.write_text(yaml.safe_dump({**good, **change}))
    assert run(["serve", "--trusted-issuers", str(path), "--port", "0"]) == 2
    assert words in capsys.readouterr().err
