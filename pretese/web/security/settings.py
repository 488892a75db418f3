"""Settings of the server: address, access control, and limits."""

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.errors import InputError

if TYPE_CHECKING:
    from pretese.web.security.trusted_clients import TrustedClients

#: Maximum size of a request in bytes; status 413 if exceeded.
MAX_BODY_BYTES = 1_000_000

#: Maximum duration of a response in seconds; status 503 if exceeded.
MAX_SECONDS = 5.0

#: Maximum length of the contact shown with a hold.
MAX_CONTACT = 200

#: Minimum length of a token.
MIN_TOKEN = 16


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Address, token and limits of a server.

    Attributes
    ----------
    host, port
        Address; port 0 means any free port.
    token
        Password of every request; required unless the server listens only to this machine.
    trusted
        Issuers whose tokens the CDS Hooks services require; None: any client may call.
    feedback
        Whether feedback on cards is accepted, and written to standard output.
    contact
        How staff reach the clinic, shown with a hold; at most 200 characters on one line.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    trusted: "TrustedClients | None" = None
    feedback: bool = False
    contact: str = ""
    max_body_bytes: int = MAX_BODY_BYTES
    max_seconds: float = MAX_SECONDS

    def __post_init__(self) -> None:
        """Refuse a server that other machines can reach without a token."""
        if self.token is not None and len(self.token) < MIN_TOKEN:
            problem = f"it has {len(self.token)} characters"
            raise InputError.of("serve", "--token", problem, f"give at least {MIN_TOKEN}")
        if len(self.contact) > MAX_CONTACT or not self.contact.isprintable():
            problem = f"it has {len(self.contact)} characters, or several lines"
            cure = f"give one line of at most {MAX_CONTACT} characters"
            raise InputError.of("serve", "--contact", problem, cure)
        if not self.host.strip():
            problem = "it is empty, which means every address of this machine"
            raise InputError.of("serve", "--host", problem, "give an address such as 127.0.0.1")
        if self.token is None and not is_loopback(self.host):
            problem = f"{self.host} can be reached by other machines"
            cure = "give --token, or listen on 127.0.0.1"
            raise InputError.of("serve", "--host", problem, cure)


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is a loopback address.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
