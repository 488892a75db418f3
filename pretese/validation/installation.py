"""Validation of an installation in the public interface."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown
from pretese.io.text.rounding_rule import rounded_document

if TYPE_CHECKING:  # scipy and pandas are imported where they are needed
    import pandas as pd

    from pretese.validation.comparison import Comparison

#: Version of the JSON document.
VALIDATION_SCHEMA = "pretese/validation/1"


@dataclass(frozen=True, slots=True, repr=False)
class Validation(Shown):
    """An installation compared with reference values; made by `validate`.

    ``str`` is the table that ``pretese validate`` prints, `to_dict` its ``--json``.

    Attributes
    ----------
    comparisons
        A computed and a reference value each, with source and tolerance.
    """

    comparisons: "tuple[Comparison, ...]"

    @property
    def failed(self) -> "tuple[Comparison, ...]":
        """The comparisons whose difference exceeds the tolerance."""
        return tuple(each for each in self.comparisons if not each.passed)

    def summary(self) -> str:
        """Return how many comparisons passed."""
        passed = len(self.comparisons) - len(self.failed)
        return f"{passed:,} of {len(self.comparisons):,} comparisons passed"

    def to_dict(self) -> dict[str, Any]:
        """Return areas, comparisons, versions and machine as plain values."""
        from pretese.validation.run_validation import machine, summaries

        document = {
            "schema": VALIDATION_SCHEMA,
            "passed": not self.failed,
            "areas": [asdict(each) for each in summaries(self.comparisons)],
            "comparisons": [
                {**asdict(each), "difference": each.difference, "passed": each.passed}
                for each in self.comparisons
            ],
            "installation": machine(),
        }
        return dict(rounded_document(document))

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per comparison.

        Returns
        -------
        pandas.DataFrame
            ``area``, ``reference``, ``quantity``, ``source``, ``expected``, ``computed``,
            ``tolerance``, ``relative``, ``difference``, ``passed``.
        """
        import pandas as pd

        return pd.DataFrame(self.to_dict()["comparisons"])

    def write(self, file: str | Path) -> None:
        """Write every comparison, with versions and machine, as one HTML page.

        Raises
        ------
        InputError
            The file cannot be written.
        """
        from pretese.io.output.atomic_file import write_file
        from pretese.validation.validation_view import validation_page

        write_file(Path(file), validation_page(self.to_dict()), "file")

    def __str__(self) -> str:
        """Return the table by area, and each comparison that failed."""
        from pretese.validation.validation_view import validation_text

        return validation_text(self.to_dict())


def validate(areas: str | Sequence[str] = (), *, progress: bool = True) -> Validation:
    """Compare this installation with reference values of R, other programs and publications.

    The values are part of the program: boundaries and sample sizes by rpact, gsDesign and East,
    estimates of tables and logistic models by R, meta-analyses by metafor, exact power by
    enumeration, proofs of the shipped regimens, and the bytes of a simulated cohort.

    Parameters
    ----------
    areas
        Names of areas, or one name; none is all of them.
    progress
        Whether to show a progress bar, on a terminal or in a notebook.

    Raises
    ------
    InputError
        There is no such area.

    Examples
    --------
    >>> import pretese as pt
    >>> pt.validate("two-by-two tables", progress=False)
    <Validation: 78 of 78 comparisons passed>
    """
    from pretese.screen.progress import optional_progress
    from pretese.validation.run_validation import run_validation

    chosen = [areas] if isinstance(areas, str) else list(areas)
    with optional_progress("validation", progress) as tell:
        return Validation(tuple(run_validation(chosen, tell)))
