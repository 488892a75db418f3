"""Pages for the browser: one file each, with nothing to load from elsewhere."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("pretese"), autoescape=True, undefined=StrictUndefined)


def render_page(template: str, **values: Any) -> str:
    """Return a page made from a template of `pretese/templates`, which extend ``base.html``.

    Text is escaped; a value that the template names and nobody gives is an error, not a gap.
    """
    return _templates().get_template(template).render(**values)
