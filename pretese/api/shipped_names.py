"""The names of everything that comes with the program."""

import html
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown
from protocol.regimen.load import list_regimens
from simulate.core.shipped import published_names, scenario_names, shipped_folder

if TYPE_CHECKING:
    import pandas as pd


def shipped() -> "Shipped":
    """Return the names of the shipped regimens, scenarios, designs, clinics, published studies.

    Functions of the interface and commands accept these names.

    Examples
    --------
    >>> import pretese
    >>> "fsh-guided" in pretese.shipped().regimens
    True
    >>> pretese.shipped().published
    ('rbe-2022-00934',)
    """
    return Shipped(
        regimens=list_regimens(),
        scenarios=scenario_names(),
        designs=_names("designs"),
        clinics=_names("clinics"),
        published=published_names(),
    )


def _names(folder: str) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (shipped_folder() / folder).glob("*.yaml")))


@dataclass(frozen=True, slots=True, repr=False)
class Shipped(Shown):
    """Names by kind, each sorted."""

    regimens: tuple[str, ...]
    scenarios: tuple[str, ...]
    designs: tuple[str, ...]
    clinics: tuple[str, ...]
    published: tuple[str, ...]

    def summary(self) -> str:
        """Return the number of names of each kind."""
        return ", ".join(f"{len(names)} {kind}" for kind, names in self.to_dict().items())

    def to_dict(self) -> dict[str, Any]:
        """Return the names by kind."""
        return {field.name: list(getattr(self, field.name)) for field in fields(self)}

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per name: its kind, and the name."""
        import pandas as pd

        rows = [(kind, name) for kind, names in self.to_dict().items() for name in names]
        return pd.DataFrame(rows, columns=["kind", "name"])

    def __str__(self) -> str:
        """Return one line per kind."""
        return "\n".join(f"{kind}: {', '.join(names)}" for kind, names in self.to_dict().items())

    def _repr_html_(self) -> str:
        """Return a table with one row per kind."""
        rows = "".join(
            f"<tr><th>{kind}</th><td>{html.escape(', '.join(names))}</td></tr>"
            for kind, names in self.to_dict().items()
        )
        return f"<table>{rows}</table>"
