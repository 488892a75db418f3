"""``pretese serve``: pages for the bedside and a CDS Hooks service, on this machine."""

from pathlib import Path

import click

from pretese.commands.output_types import InputPath
from pretese.screen.extras import need_extra


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address on which the server listens."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
    help="Port; 0 selects a free one.",
)  # fmt: skip
@click.option(
    "--token", envvar="PRETESE_TOKEN", metavar="TEXT",
    help="Password of every request; required if other machines can reach the address. "
    "Also from the environment variable PRETESE_TOKEN.",
)  # fmt: skip
@click.option(
    "--trusted-issuers", type=InputPath(), metavar="FILE",
    help="YAML file of issuers and their public keys: the CDS Hooks services then "
         "require a token (JWT) of one of them.",
)  # fmt: skip
@click.option(
    "--feedback", is_flag=True,
    help="Accept feedback on CDS Hooks cards; each is printed as a line of JSON.",
)  # fmt: skip
@click.option(
    "--contact", default="", metavar="TEXT",
    help="How staff reach the clinic, such as a telephone number: shown and printed with a hold.",
)  # fmt: skip
@click.option("--open", "open_browser", is_flag=True, help="Open the page in a browser.")
def command(
    host: str,
    port: int,
    token: str | None,
    trusted_issuers: Path | None,
    feedback: bool,
    contact: str,
    open_browser: bool,
) -> None:
    """Serve the bedside page, the explorers and the CDS Hooks services.

    The server accepts connections from this machine only, unless --host is given. It stores
    nothing, sets no cookie, and does not log the content of requests.
    """
    need_extra("web", "serve")
    from pretese.web.security.settings import ServerSettings
    from pretese.web.server import serve

    trusted = None
    if trusted_issuers is not None:
        from pretese.web.security.trusted_clients import read_trusted_clients

        trusted = read_trusted_clients(trusted_issuers)
    settings = ServerSettings(host, port, token, trusted, feedback, contact)
    serve(settings, open_browser=open_browser)
