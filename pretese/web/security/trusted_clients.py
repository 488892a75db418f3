"""Clients that may call the services: JSON Web Tokens of issuers whose keys are in a file.

Keys are never fetched: the header ``jku`` of a token is not read.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from protocol.errors import InputError
from protocol.reading.documents import Document, read_document

#: Accepted signature algorithms: asymmetric keys only, as CDS Hooks requires.
ALGORITHMS = ("ES256", "ES384", "RS256", "RS384", "PS256", "PS384")

#: Maximum number of token ids that are kept until they expire, to refuse repeated tokens.
REMEMBERED = 10_000


class IssuerEntry(Document):
    """An issuer, and its public keys as a JSON Web Key Set."""

    issuer: Annotated[str, Field(min_length=1, max_length=300)]
    keys: tuple[dict[str, Any], ...] = Field(min_length=1, max_length=50)


class TrustFile(Document):
    """Trusted issuers, and the address at which clients call this server."""

    audience: Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=300)]
    issuers: tuple[IssuerEntry, ...] = Field(min_length=1, max_length=100)


@dataclass(slots=True)
class TrustedClients:
    """Keys by issuer and key id; ``seen`` contains the ids of tokens until they expire."""

    audience: str
    keys: Mapping[tuple[str, str], Any]
    seen: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def refusal(self, authorization: str, path: str) -> str | None:
        """Return the reason why a caller is not trusted; None if it is.

        Parameters
        ----------
        authorization
            Header of the request.
        path
            Path of the endpoint for which the token must be issued.
        """
        import jwt

        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            return "a bearer token (JWT) of a trusted issuer is required"
        try:
            header = jwt.get_unverified_header(token.strip())
            issuer = jwt.decode(token.strip(), options={"verify_signature": False}).get("iss")
            key = self.keys.get((str(issuer), str(header.get("kid"))))
            if key is None:
                return "the issuer or its key is not trusted"
            claims = jwt.decode(
                token.strip(), key.key, algorithms=[a for a in ALGORITHMS if _fits(key, a)],
                audience=self.audience.rstrip("/") + path, issuer=str(issuer), leeway=30,
                options={"require": ["iss", "aud", "exp", "iat", "jti"]},
            )  # fmt: skip
        except jwt.InvalidTokenError as error:
            return f"the token is not valid ({type(error).__name__})"
        return self._again(f"{claims['iss']} {claims['jti']}", float(claims["exp"]))

    def _again(self, name: str, expires: float) -> str | None:
        """Refuse a token that has been used; keep its id until it expires."""
        import time

        now = time.time()
        with self.lock:
            for old in [each for each, end in self.seen.items() if end + 60 < now]:
                del self.seen[old]
            if name in self.seen:
                return "the token has been used before"
            if len(self.seen) >= REMEMBERED:
                return "too many calls; try again in some minutes"
            self.seen[name] = expires
        return None


def read_trusted_clients(path: Path) -> TrustedClients:
    """Read the file of trusted issuers.

    Raises
    ------
    InputError
        The file has faults, or contains a private or an invalid key.
    """
    import jwt

    found = read_document(path, TrustFile)
    keys = {}
    for entry in found.issuers:
        for number, each in enumerate(entry.keys, start=1):
            place = f"{entry.issuer}, key {number}"
            if each.get("kty") not in ("EC", "RSA") or "d" in each:
                problem = "it is not a public key of an EC or RSA pair"
                raise InputError.of(path.name, place, problem, "give the public JWK, without d")
            if not each.get("kid"):
                raise InputError.of(path.name, place, "it has no kid", "give the key's id")
            try:
                keys[entry.issuer, str(each["kid"])] = jwt.PyJWK(each)
            except jwt.PyJWTError as error:
                problem = f"it cannot be used ({error})"
                raise InputError.of(path.name, place, problem, "give a JWK (RFC 7517)") from None
    return TrustedClients(found.audience, keys)


def _fits(key: Any, algorithm: str) -> bool:
    return bool(algorithm.startswith("ES") == (key.key_type == "EC"))
