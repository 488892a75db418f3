"""Checks of every request (token, origin, size, time) and headers of every response.

Nothing is stored, no cookie is set, and no value of a request is logged.
"""

import asyncio
import base64
import binascii
import hmac
import logging
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from pretese.web.security.settings import ServerSettings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger("pretese.web")

#: Content security policy: resources of this server, and inline images.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}

#: Number of requests processed concurrently; others wait.
AT_ONCE = 2

#: Paths that programs of other origins may call; they use no cookies and change nothing.
OPEN_TO_PROGRAMS = ("/cds-services", "/fhir")


class Protection:
    """ASGI middleware around the whole application."""

    def __init__(self, app: App, settings: ServerSettings) -> None:
        self.app = app
        self.settings = settings
        self.turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            WeakKeyDictionary()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Process a request, or refuse it before it reaches the application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        refusal = self._refusal(scope, headers)
        if refusal:
            await _plain(send, *refusal)
            return
        body = await self._body(receive)
        if body is None:
            await _plain(send, 413, f"A request may have {self.settings.max_body_bytes:,} bytes.")
            return
        await self._answer(scope, _replayed(body, receive), send)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Return status and message for a refused request.

        Services with trusted issuers check their tokens themselves.
        """
        own = self.settings.trusted is not None and scope["path"].startswith("/cds-services")
        if self.settings.token is not None and not own and not self._knows_token(headers):
            return (
                401,
                "This server asks for a token: give it as the password, or as a bearer token.",
            )
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self.settings.max_body_bytes:
            return 413, f"A request may have {self.settings.max_body_bytes:,} bytes."
        if scope["method"] == "POST" and not scope["path"].startswith(OPEN_TO_PROGRAMS):
            return _foreign(headers)
        return None

    def _knows_token(self, headers: dict[str, str]) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return False
        elif kind.lower() != "bearer":
            return False
        return hmac.compare_digest(given.encode(), (self.settings.token or "").encode())

    async def _body(self, receive: Receive) -> bytes | None:
        """Read the body of a request; None if it exceeds the limit."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.settings.max_body_bytes:
                return None
        return body

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = _with_own(message["headers"])
                logger.info("%s %s %d", scope["method"], _route(scope), message["status"])
            await send(message)

        try:
            async with self._turn():  # waiting time does not count towards the limit
                await asyncio.wait_for(
                    self.app(scope, receive, with_headers), self.settings.max_seconds
                )
        except TimeoutError:
            await self._late(send, started, 503, "The request takes too long: reduce its size.")
        # The message of any error may contain values of a patient: log only its type and location.
        except Exception as error:  # noqa: BLE001  last handler before the network
            where = traceback.extract_tb(error.__traceback__)[-1]
            kind = type(error).__name__
            logger.error("%s %s: %s at %s:%d", scope["method"], _route(scope), kind,
                         Path(where.filename).name, where.lineno)  # fmt: skip
            await self._late(send, started, 500, "The server failed; see its log.")

    def _turn(self) -> asyncio.Semaphore:
        """Return the semaphore that limits concurrent requests.

        Only one thread computes at a time; many concurrent requests would all exceed the time
        limit.
        """
        loop = asyncio.get_running_loop()
        return self.turns.setdefault(loop, asyncio.Semaphore(AT_ONCE))

    async def _late(self, send: Send, started: bool, status: int, words: str) -> None:
        if not started:
            await _plain(send, status, words)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Pass the body that has been read to the application, then later messages."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay


def _foreign(headers: dict[str, str]) -> tuple[int, str] | None:
    """Refuse a form sent by a page of another site.

    Browsers send the site in ``sec-fetch-site``, which pages cannot set. Without this header the
    origin is compared; under the referrer policy of these pages it is ``null`` for their own forms.
    """
    refused = 403, "This form was sent by a page of another site."
    site = headers.get("sec-fetch-site")
    if site is not None:
        return None if site in ("same-origin", "none") else refused
    origin = headers.get("origin")
    foreign = bool(origin) and (origin or "").partition("://")[2] != headers.get("host", "")
    return refused if foreign else None


def _with_own(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    present = {key.lower() for key, _ in headers}
    own = [(key.encode(), value.encode()) for key, value in HEADERS.items()]
    return [*headers, *(pair for pair in own if pair[0] not in present)]


def _route(scope: Scope) -> str:
    """Return the pattern of a path, which contains no value of a user."""
    route = scope.get("route")
    return str(getattr(route, "path", "(no such page)"))


async def _plain(send: Send, status: int, words: str) -> None:
    body = (words + "\n").encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    headers.append((b"content-length", str(len(body)).encode()))
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="pretese", charset="UTF-8"'))
    await send({"type": "http.response.start", "status": status, "headers": _with_own(headers)})
    await send({"type": "http.response.body", "body": body})
