"""``pretese serve``: pages for the bedside and a CDS Hooks service, on this machine."""

import click

from pretese.screen.extras import need_extra


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
    help="Port; 0 takes a free one.",
)  # fmt: skip
@click.option(
    "--token", envvar="PRETESE_TOKEN", metavar="TEXT",
    help="Password of every request; required if other machines can reach the address. "
    "Also from the environment variable PRETESE_TOKEN.",
)  # fmt: skip
@click.option("--open", "open_browser", is_flag=True, help="Open the page in a browser.")
def command(host: str, port: int, token: str | None, open_browser: bool) -> None:
    """Serve the bedside page and the CDS Hooks service.

    The server accepts connections from this machine only, unless --host is given. It stores
    nothing, sets no cookie, and logs no value of a request.
    """
    need_extra("web", "serve")
    from pretese.web.server import serve
    from pretese.web.settings import ServerSettings

    serve(ServerSettings(host, port, token), open_browser=open_browser)
