"""Pages for the browser: one file each, with nothing to load from elsewhere."""

from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from protocol.safe_text import lines, xml_text

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # not needed for tables only

    return Environment(
        loader=PackageLoader("pretese"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
    )


def _shown(value: Any) -> Any:
    """Return a value without the control characters that HTML forbids; figures of ours stay."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return xml_text(lines(value))
    return value


def render_page(template: str, **values: Any) -> str:
    """Return a page made from a template of `pretese/templates`, which extend ``base.html``.

    Text is escaped, control characters included; a value that the template names and nobody gives
    is an error, not a gap.
    """
    return _templates().get_template(template).render(**values)
