"""``pretese schema``: the JSON Schema of a file or of a printed document."""

import click

from pretese.screen.terminal import echo


@click.command()
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """Print the JSON Schema of NAME; without it, list the names.

    Any program that reads JSON Schema (draft 2020-12) can check files with it before they are
    used, or read what the commands print with --json.
    """
    from pretese.api.schemas.schema_registry import DOCUMENTS, FILES, json_schema
    from pretese.io.text.json_text import to_json

    if name is not None:
        echo(to_json(json_schema(name)))
        return
    width = max(map(len, [*FILES, *DOCUMENTS]))
    for heading, entries in (("files", FILES), ("documents", DOCUMENTS)):
        echo(f"{heading}:")
        for each, entry in entries.items():
            echo(f"  {each:{width}}  {entry.title}")
