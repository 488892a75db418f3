"""Display of the objects of the public interface: one line, a table, plain values."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # pandas is slow to load and not always needed
    import pandas as pd

#: Rows of a table that a notebook shows.
ROWS_SHOWN = 20


class Shown(ABC):
    """A result: ``repr`` is one line, a notebook shows a table, `to_dict` holds plain values.

    Subclasses define the line (`summary`), the plain values (`to_dict`) and, if they have rows, the
    table (`to_frame`).
    """

    __slots__ = ()

    @abstractmethod
    def summary(self) -> str:
        """Return a one-line description of at most 80 characters, without the class."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the whole result as plain values, as printed by ``--json``."""

    def to_frame(self) -> "pd.DataFrame":
        """Return the main table of the result, one row per entry.

        Raises
        ------
        TypeError
            The answer has no table.
        """
        raise TypeError(f"{type(self).__name__} has no table; use to_dict()")

    def to_json(self) -> str:
        """Return `to_dict` as one strict JSON document."""
        from pretese.io.text.json_text import to_json

        return to_json(self.to_dict())

    def __repr__(self) -> str:
        """Return the class and the summary, never the data."""
        return f"<{type(self).__name__}: {self.summary()}>"

    def _repr_html_(self) -> str:
        """Return the HTML shown in notebooks: the summary, and the first rows of the table."""
        import html

        head = f"<p>{html.escape(self.summary())}</p>"
        try:
            table = self.to_frame()
        except TypeError:
            return head
        more = f"<p>{len(table)} rows</p>" if len(table) > ROWS_SHOWN else ""
        return head + str(table.head(ROWS_SHOWN).to_html(index=False, border=0)) + more
