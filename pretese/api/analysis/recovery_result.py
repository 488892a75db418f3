"""Results of `pretese.recover`: verdicts, performance, figures and files."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load, and not needed for `pretese recover --help`
    import pandas as pd
    from matplotlib.figure import Figure

    from pretese.jobs.storage.blocks import Store
    from pretese.recovery.results.assess import Assessment
    from pretese.recovery.run_recovery import PreparedStudy
    from pretese.recovery.temporary_blocks import TemporaryBlocks


@dataclass(frozen=True, slots=True, repr=False)
class Recovery(Shown):
    """Bias, coverage and verdicts of every method in every scenario; made by `pretese.recover`.

    Attributes
    ----------
    replicates
        Simulated studies per scenario.
    study, store, assessment
        The study, the store of its finished blocks, and the assessment.
    """

    replicates: int
    study: "PreparedStudy"
    store: "Store"
    assessment: "Assessment"
    temporary: "TemporaryBlocks | None" = None

    def summary(self) -> str:
        """Return the number of scenarios, replicates, verdicts, and unexpected ones."""
        judgements = self.assessment.judgements
        cases = len(self.study.estimates)
        return (
            f"{cases} scenario{'' if cases == 1 else 's'} x {self.replicates} replicates, "
            f"{len(judgements)} verdicts, {len(self.assessment.unexpected)} unexpected"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the replicates, and as ``verdicts`` what ``pretese recover --json`` prints."""
        from pretese.io.text.json_text import plain
        from pretese.io.text.rounding_rule import rounded_document

        verdicts = rounded_document(plain(self.assessment.judgements))
        return {"replicates": self.replicates, "verdicts": verdicts}

    def to_json(self) -> str:
        """Return the list of verdicts that ``pretese recover --json`` prints."""
        from pretese.io.text.json_text import to_json

        return to_json(self.to_dict()["verdicts"])

    def to_frame(self) -> "pd.DataFrame":
        """Return `verdicts`."""
        return self.verdicts

    @property
    def verdicts(self) -> "pd.DataFrame":
        """One row per scenario, plan, method and scale.

        True effect, bias, coverage, their Monte Carlo standard errors, the verdict, the verdict
        that the library expects, and the reason. Bias is on the scale of the standard error
        (logarithms of ratios).
        """
        import pandas as pd

        return pd.DataFrame(self.to_dict()["verdicts"])

    @property
    def unexpected(self) -> "pd.DataFrame":
        """The rows of `verdicts` that are not what the library expects."""
        table = self.verdicts
        return table[table["unexpected"]].reset_index(drop=True)

    @property
    def performance(self) -> "pd.DataFrame":
        """One row per scenario, plan, method, scale, truth (PATE, SATE) and performance measure.

        ``value`` and ``mcse``, its Monte Carlo standard error; ``n`` replicates with an answer.
        """
        return _rounded(self.assessment.performance)

    @property
    def contrasts(self) -> "pd.DataFrame":
        """Differences between methods, and between scenarios, on common random numbers."""
        return _rounded(self.assessment.contrasts)

    @property
    def truths(self) -> "pd.DataFrame":
        """True effects in the population (PATE), and in the simulated samples (SATE)."""
        return _rounded(self.assessment.truths)

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures that `plot` can draw."""
        return tuple(self._makers())

    def plot(self, name: str | None = None) -> "Figure":
        """Draw one figure.

        Parameters
        ----------
        name
            One of `figures`; None is the first, bias and coverage in the first scenario.

        Raises
        ------
        InputError
            There is no figure of this name.
        """
        makers = self._makers()
        chosen = next(iter(makers)) if name is None else name
        if chosen not in makers:
            cure = f"choose one of: {', '.join(makers)}"
            raise InputError.of("plot", "name", f"there is no figure {chosen!r}", cure)
        figure: Figure = makers[chosen]()
        return figure

    def _makers(self) -> dict[str, Any]:
        from pretese.recovery.results.recovery_figures import recovery_figure_makers
        from pretese.recovery.run_recovery import sources_of

        sources = sources_of(self.study, self.store, self.replicates)
        return {**recovery_figure_makers(self.study.spec, self.assessment, sources)}

    def write(self, folder: str | Path, *, figures: bool = True) -> None:
        """Write the folder that ``pretese recover`` writes as ``OUT/results``.

        Estimates of every replicate, tables, figures, a page of Markdown and a manifest.

        Parameters
        ----------
        folder
            New, or an earlier result without other files: it is replaced as a whole.
        figures
            Whether figures are drawn.

        Raises
        ------
        InputError
            The folder cannot be written to, or holds other files.
        """
        from pretese.io.output.result_folder import result_folder
        from pretese.recovery.run_recovery import fill_results

        with result_folder(Path(folder), "folder") as place:
            fill_results(self.study, self.store, self.replicates, place, figures)

    def __str__(self) -> str:
        """Return the page that ``pretese recover`` prints."""
        from pretese.recovery.results.recovery_view import recovery_text
        from pretese.recovery.work.transported_numbers import transported_of

        note = transported_of(self.study.spec).note
        return recovery_text(self.assessment.judgements, self.replicates, note)


def _rounded(table: "pd.DataFrame") -> "pd.DataFrame":
    from pretese.io.text.rounding_rule import rounded_table

    return rounded_table(table)
