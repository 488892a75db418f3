"""The published study and its simulation, number by number, as `pretese.reproduce` gives them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import seed_of, whole_of
from pretese.api.arguments.argument_values import choice_of
from pretese.api.display import Shown
from protocol.shorten import shorten_text
from simulate.scenario.ensemble import MAX_MEMBERS
from simulate.scenario.load import load

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from pretese.article.run.reproduction_run import ReproductionRun


def reproduce(
    scenario: str | Path = "paper",
    *,
    replicates: int = 200,
    seed: int = 1,
    workers: int = 1,
    bias_analysis: bool = False,
    worlds: int | None = None,
    out: str | Path | None = None,
    progress: bool = True,
) -> "Reproduction":
    """Simulate studies, analyse each as the article does, and compare number by number.

    Parameters
    ----------
    scenario
        A shipped scenario, or the path of your own file; it names the published study.
    replicates
        Simulated studies, at least 2.
    seed
        Base seed of all random numbers.
    workers
        Processes; the result does not depend on it. A script with more than 1 needs
        ``if __name__ == "__main__":``.
    bias_analysis
        Also analyse each source of bias of the design in patients with known true effects.
    worlds
        Parameter sets of the scenario's ensemble over which bands are given; they share
        ``replicates`` more studies, two each at least.
    out
        Folder to write as `Reproduction.write` does; it is checked before anything is simulated.
    progress
        Whether to show how far it is, on a terminal or in a notebook.

    Raises
    ------
    InputError
        An argument is out of range, a file cannot be used, or ``out`` cannot be written.

    Examples
    --------
    >>> import pretese
    >>> found = pretese.reproduce(replicates=20, seed=1)
    >>> found
    <Reproduction: paper, 20 replicates, seed 1, 87 of 87 calibration targets met>
    >>> found.comparison.loc[found.comparison["id"] == "flow.treated", "published"].item()
    '395'
    """
    from pretese.article.run.reproduction_run import reproduce_article, write_reproduction
    from pretese.io.output.result_folder import optional_result_folder
    from pretese.screen.progress import optional_progress

    asked = whole_of(replicates, "replicates", 2, 1_000_000), seed_of(seed)
    processes = whole_of(workers, "workers", 1, 256)
    sets = None if worlds is None else whole_of(worlds, "worlds", 2, MAX_MEMBERS)
    loaded = load(scenario)
    bar = partial(optional_progress, wanted=progress)
    with optional_result_folder(out) as folder:
        run = reproduce_article(loaded, *asked, processes, bias_analysis, bar, sets)
        if folder is not None:
            write_reproduction(run, folder)
    return Reproduction(run)


@dataclass(frozen=True, slots=True, repr=False)
class Reproduction(Shown):
    """Published numbers compared with simulated ones; returned by `pretese.reproduce`.

    ``run`` holds the values of every replicate.
    """

    run: "ReproductionRun"

    @property
    def comparison(self) -> "pd.DataFrame":
        """One row per published number.

        ``published`` is as printed; ``simulated_mean`` with ``mcse``, and their 2.5th and
        97.5th percentile; ``percentile`` is that of the published number among them;
        ``status`` is whether the scenario is calibrated to it; ``z`` is the distance in Monte
        Carlo standard errors, for calibrated numbers only.
        """
        from pretese.article.report.compare import comparison_frame

        return comparison_frame(self.run.rows)

    @property
    def joint_facts(self) -> "pd.DataFrame":
        """One row per joint fact printed in another source, with the simulated studies.

        ``percentile`` is that of a printed value, empty for a range that is assumed. None of them
        is used for calibration.
        """
        from pretese.article.report.joint_facts import joint_frame

        return joint_frame(self.run.joint)

    @property
    def missed(self) -> tuple[str, ...]:
        """Ids of calibrated numbers that lie beyond 3 Monte Carlo standard errors."""
        from pretese.article.report.compare import missed

        return tuple(row.id for row in missed(self.run.rows))

    @property
    def verdict(self) -> str:
        """The missed calibration targets in a sentence; empty if there are none."""
        return self.run.verdict

    def plot(self, name: str = "one-cohort-several-questions") -> "Figure":
        """Return a figure of the report.

        Parameters
        ----------
        name
            ``one-cohort-several-questions``, ``predictions``, ``table-1`` or
            ``hormones-before-and-after``.
        """
        drawn = self.run.figures(self.run.cohort())
        return drawn[choice_of(name, "name", drawn)]

    def write(self, folder: str | Path) -> None:
        """Write what ``pretese reproduce`` writes: report, tables, figures, a cohort, manifest.

        Parameters
        ----------
        folder
            New, or an unchanged earlier result, which is replaced.
        """
        from pretese.article.run.reproduction_run import write_reproduction
        from pretese.io.output.result_folder import result_folder

        with result_folder(Path(folder), "folder") as place:
            write_reproduction(self.run, place)

    def summary(self) -> str:
        """Return scenario, replicates, seed and the number of calibration targets met."""
        from pretese.article.report.reproduction_page import summary

        counts, run = summary(self.run.rows), self.run
        many = f"{run.replicates:,} replicates, seed {run.seed}"
        found = f"{counts['agree']} of {counts['calibrated']} calibration targets met"
        return f"{shorten_text(run.scenario.id, 20)}, {many}, {found}"

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments, the verdict, and the rows that ``--json`` prints."""
        from pretese.io.text.json_text import plain
        from pretese.io.text.rounding_rule import rounded_document

        return {
            "scenario": self.run.scenario.id,
            "replicates": self.run.replicates,
            "seed": self.run.seed,
            "missed": list(self.missed),
            "comparison": rounded_document(plain(self.comparison)),
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return `comparison`."""
        return self.comparison
