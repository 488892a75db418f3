"""`pretese.estimators`: stand-alone estimators and sample-size functions, loaded on first use."""

import difflib
import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown
from pretese.api.estimators.catalogue_designs import DESIGNS
from pretese.api.estimators.catalogue_entries import ESTIMATORS, CatalogueEntry
from pretese.api.estimators.catalogue_pooling import POOLING

if TYPE_CHECKING:  # only needed for tables
    import pandas as pd


class Estimators(Shown):
    """Functions by name, each valid without a plan, a design or a command.

    ``estimators.NAME`` is the function: ``help(estimators.NAME)`` documents its arguments and
    result. A notebook shows the list; ``estimators.to_frame()`` is the list as a table, with the
    family, a description, the publication and the module of each.

    Raises
    ------
    AttributeError
        There is no function of this name.

    Examples
    --------
    >>> import pretese as pt
    >>> round(pt.estimators.fisher_exact([[3, 1], [1, 3]]), 4)
    0.4857
    >>> [round(float(limit), 3) for limit in pt.estimators.wilson_interval(8, 10)]
    [0.49, 0.943]
    >>> "schoenfeld_events" in pt.estimators
    True
    """

    __slots__ = ("_entries",)

    def __init__(self, entries: tuple[CatalogueEntry, ...]) -> None:
        self._entries = {each.name: each for each in entries}

    def __getattr__(self, name: str) -> Any:
        """Import the module of a function, and return the function."""
        if name.startswith("_") or name not in self._entries:
            near = difflib.get_close_matches(name, dir(self), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise AttributeError(f"pretese.estimators has no {name!r}{hint}")
        module, _, function = self._entries[name].path.rpartition(".")
        return getattr(importlib.import_module(module), function)

    def __dir__(self) -> list[str]:
        """Return the names of the functions and of the catalogue's own attributes."""
        return [*self._entries, "summary", "to_dict", "to_frame", "to_json"]

    def __iter__(self) -> Iterator[str]:
        """Yield the names, family by family."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return the number of functions."""
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        """Return whether there is a function of this name."""
        return name in self._entries

    def summary(self) -> str:
        """Return the number of functions and of families."""
        families = {each.family for each in self._entries.values()}
        return f"{len(self)} functions in {len(families)} families; to_frame() lists them"

    def to_dict(self) -> dict[str, Any]:
        """Return name to family, description, source and path."""
        from estimate.outcomes.registry import sources_by_function  # loads every method

        of_methods = sources_by_function()
        return {
            name: {
                "family": e.family,
                "about": e.about,
                "source": of_methods[e.path] if e.source is None else e.source,
                "path": e.path,
            }
            for name, e in self._entries.items()
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per function: family, name, about, source, path."""
        import pandas as pd

        columns = ["family", "name", "about", "source", "path"]
        rows = [{"name": name, **each} for name, each in self.to_dict().items()]
        return pd.DataFrame(rows, columns=columns)

    def _repr_html_(self) -> str:
        """Return the whole list, as readers expect."""
        table = self.to_frame().drop(columns="path")
        return f"<p>{self.summary()}</p>" + str(table.to_html(index=False, border=0))


#: The catalogue.
estimators = Estimators(ESTIMATORS + POOLING + DESIGNS)
