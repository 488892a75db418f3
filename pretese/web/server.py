"""Run the application with uvicorn until interrupted."""

import socket
import webbrowser

from pretese.screen.terminal import echo
from pretese.web.security.settings import ServerSettings, is_loopback
from protocol.errors import InputError


def bound_socket(settings: ServerSettings) -> socket.socket:
    """Return a socket that listens at the address, before slow libraries are imported.

    Raises
    ------
    InputError
        The address does not belong to this machine, or its port is in use.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        problem = f"{settings.host}:{settings.port} cannot be used ({reason})"
        cure = "give another --port, 0 for a free one, or an address of this machine"
        raise InputError.of("serve", "--port", problem, cure) from None
    listener.listen(128)
    return listener


def serve(settings: ServerSettings, *, open_browser: bool) -> None:
    """Serve pages until Ctrl-C or SIGTERM."""
    listener = bound_socket(settings)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/"
    echo(f"Serving {address} (stop with Ctrl-C). Nothing is stored.")
    if not is_loopback(host):
        echo("Requests are not encrypted: put a proxy with TLS in front, and give users the token.")
    import uvicorn

    from pretese.web.application import create_application

    config = uvicorn.Config(
        create_application(settings),
        access_log=False,  # access logs would contain entries of the form
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,
        limit_concurrency=200,
    )
    if open_browser:
        webbrowser.open(address)
    uvicorn.Server(config).run(sockets=[listener])
