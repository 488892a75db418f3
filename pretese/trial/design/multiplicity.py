"""Multiplicity: testing procedures for several endpoints."""

from typing import Annotated, Literal

from pydantic import Field

from estimate.sample_size.graphs import Graph, fallback, fixed_sequence, holm
from protocol.errors import InputError
from protocol.reading.documents import Document
from protocol.reading.fields import Number

Percent = Annotated[Number, Field(ge=0, le=100)]


class Multiplicity(Document):
    """The procedure by which several endpoints share alpha, in the order of the file.

    ``fixed sequence`` tests each at the full level until one fails; ``fallback`` passes weights on
    in order; ``holm`` divides them equally; ``graph`` takes ``weights`` and ``transitions`` (row i:
    the fractions of the weight of endpoint i that the others receive once it is rejected).
    """

    method: Literal["fixed sequence", "fallback", "holm", "graph"]
    weights_percent: tuple[Percent, ...] = ()
    transitions_percent: tuple[tuple[Percent, ...], ...] = ()

    def graph(self, names: tuple[str, ...]) -> Graph:
        """Return the procedure as a graph.

        Raises
        ------
        InputError
            Weights or transitions are missing, superfluous or invalid.
        """
        wants = {"fallback": (True, False), "graph": (True, True)}.get(self.method, (False, False))
        given = (bool(self.weights_percent), bool(self.transitions_percent))
        if given != wants:
            problem = f"{self.method} has {_words(*given)}"
            raise InputError.of("multiplicity", "method", problem, f"give {_words(*wants)}")
        weights = tuple(each / 100 for each in self.weights_percent)
        match self.method:
            case "fixed sequence":
                return fixed_sequence(names)
            case "holm":
                return holm(names)
            case "fallback":
                return fallback(names, weights)
            case "graph":
                rows = tuple(tuple(x / 100 for x in row) for row in self.transitions_percent)
                return Graph(names, weights, rows)


def _words(weights: bool, transitions: bool) -> str:
    names = [("weights_percent", weights), ("transitions_percent", transitions)]
    return " and ".join(name for name, there in names if there) or "no weights"
