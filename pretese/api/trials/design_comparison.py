"""Designs of two and of several arms, simulated with the same random numbers and compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pretese.api.trials.power import Power
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load; each is loaded where it is needed
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console


class Comparable(Protocol):
    """A design that may be compared with others: `pretese.api.trials.designs.Design`."""

    @property
    def id(self) -> str:
        """Identifier of the design."""

    @property
    def comparable(self) -> bool:
        """Whether it can be compared with other designs."""

    @property
    def power(self) -> Callable[..., Power]:
        """Simulates the trial."""


@dataclass(frozen=True, slots=True, repr=False)
class DesignComparison(Power):
    """Operating characteristics of several designs, at least one of them of several arms."""

    _run: dict[str, Any] = field(hash=False)  # type: ignore[assignment]  # a document here
    studies: tuple[Power, ...] = field(hash=False)

    def summary(self) -> str:
        """Return the number of designs and of replicates in one line."""
        return f"{len(self.studies)} designs compared, {self._run['replicates']} replicates"

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values, as ``pretese power --json`` prints it."""
        return dict(self._run)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per design and size: measures, and under ``_mcse`` their errors."""
        import pandas as pd

        rows = []
        for row in self._run["designs"]:
            flat: dict[str, Any] = {}
            for name, value in row.items():
                if isinstance(value, dict):
                    flat |= {name: value["value"], f"{name}_mcse": value["mcse"]}
                else:
                    flat[name] = value
            rows.append(flat)
        return pd.DataFrame(rows)

    @property
    def required_participants(self) -> int | None:
        """Participants that the first design needs for ``target_power``, if it was asked for."""
        return self.studies[0].required_participants

    def plot(self, name: str = "power", design: str | None = None) -> "Figure":
        """Return the figure of power, type I error and expected participants."""
        from pretese.trial.multi_arm.results.design_rows import draw_comparison

        if name != "power":
            cure = "choose power, or plot one of the studies"
            raise InputError.of("plot", "name", f"{name!r} is not a figure of a comparison", cure)
        return draw_comparison(self._run)

    def report(self) -> str:
        """Refuse: each of the ``studies`` has a page of its own."""
        problem = "a comparison with several arms has no page"
        raise InputError.of("report", "", problem, "write the report of each of its `studies`")

    def show(self, console: "Console") -> None:
        """Print what ``pretese power`` prints."""
        from pretese.trial.multi_arm.results.design_rows import show_comparison

        show_comparison(console, self.to_dict())


def compare_several(
    designs: Sequence[Comparable], participants: Sequence[int] | None, given: Mapping[str, Any],
    refused: Mapping[str, Any],
) -> DesignComparison:  # fmt: skip
    """Simulate designs, at least one of several arms, one after another.

    Parameters
    ----------
    given
        Arguments of `Design.power` that all designs take.
    refused
        Arguments by name that a comparison does not take, refused if given.
    """
    from pretese.io.text.rounding_rule import rounded_document
    from pretese.trial.multi_arm.results.design_rows import COMPARISON_SCHEMA, paired_rows

    for each in designs:
        if not each.comparable:
            problem = f"{each.id} is Bayesian"
            raise InputError.of("compare", "", problem, "compare designs with boundaries")
    for name, value in refused.items():
        if value:
            problem = "a comparison with several arms does not take it"
            raise InputError.of(name, "", problem, "study each design by itself")
    if len({each.id for each in designs}) < len(designs):
        raise InputError.of("power", "DESIGN", "two designs have the same id", "rename one of them")
    studies = tuple(each.power(participants, **{**given, "patient_level": True})
                    for each in designs)  # fmt: skip
    document = {
        "schema": COMPARISON_SCHEMA,
        "seed": given["seed"],
        "replicates": given["replicates"],
        "designs": [row for each in studies for row in each.rows()],
        "paired": paired_rows(
            [(each.id, study.wins()) for each, study in zip(designs, studies, strict=True)]
        ),
    }
    return DesignComparison(rounded_document(document), studies)
