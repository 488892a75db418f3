"""Recovery studies: whether an analysis recovers an effect that is known by construction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.argument_ranges import number_within, whole_within
from pretese.api.display import Shown
from protocol.errors import InputError

if TYPE_CHECKING:  # each takes a while to load, and `pretese recover --help` needs none
    import pandas as pd
    from matplotlib.figure import Figure

    from pretese.api.analyses import Plan
    from pretese.jobs.blocks import Store
    from pretese.recovery.design.study_spec import StudyPlan
    from pretese.recovery.results.assess import Assessment
    from pretese.recovery.run_recovery import PreparedStudy
    from pretese.recovery.temporary_blocks import TemporaryBlocks

#: Largest seed: it fits the whole numbers of every format that is written.
MAX_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True, repr=False)
class Recovery(Shown):
    """Bias, coverage and verdicts of every method in every scenario; made by `pretese.recover`.

    Attributes
    ----------
    replicates
        Simulated studies per scenario.
    study, store, assessment
        What was run, where its finished blocks stand, and what was found, as the engine has them.
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
            f"{len(judgements)} verdicts, {len(self.assessment.surprises)} unexpected"
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

        Truth, bias, coverage, their Monte Carlo standard errors, the verdict, what the library
        claims, and the reason. Bias is on the scale of the standard error (logarithms of ratios).
        """
        import pandas as pd

        return pd.DataFrame(self.to_dict()["verdicts"])

    @property
    def unexpected(self) -> "pd.DataFrame":
        """The rows of `verdicts` that contradict what the library claims."""
        table = self.verdicts
        return table[table["surprise"]].reset_index(drop=True)

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
        """Draw one figure; None is the first: bias and coverage in the first scenario.

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

        return recovery_text(self.assessment.judgements, self.replicates)


def recover(
    scenarios: str | Path | Sequence[str | Path] = (),
    plan: "str | Path | Mapping[str, Any] | Plan | None" = None,
    *,
    replicates: int = 1000,
    mcse: float | None = None,
    truth_patients: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    workers: int = 2,
    scheduler: str | None = None,
    figures: bool = True,
    progress: bool = True,
) -> Recovery:
    """Simulate studies whose true effect is known, analyse each, and judge every method.

    Parameters
    ----------
    scenarios
        Cases and grids of the recovery library, shipped scenarios, or files; none is the whole
        library.
    plan
        Analysis plan in place of the library's: a YAML file, a mapping, or what `pretese.plan`
        returns. Nothing is claimed of its methods.
    replicates
        Simulated studies per scenario, from 2 to 100,000,000.
    mcse
        Continue until coverage and rejection have this Monte Carlo standard error everywhere.
    truth_patients
        Patients over whom true effects are averaged; None takes the library's.
    seed
        Base seed of all random numbers; None takes the library's.
    out
        Folder for finished blocks, estimates, tables and figures, which ``resume`` continues or
        extends. None works in a temporary folder, which goes with the result.
    workers
        Processes; the result does not depend on it. In a script, call `recover` below
        ``if __name__ == "__main__":`` if there are several.
    scheduler
        Address of a Dask scheduler in place of ``workers``.
    figures
        Whether ``out`` gets figures.
    progress
        Show how far the study is, on a terminal or in a notebook.

    Returns
    -------
    Recovery
        ``verdicts``, ``performance``, ``unexpected``; ``plot``, ``write``.

    Raises
    ------
    InputError
        An argument, a scenario or the plan is not allowed, or ``out`` holds another study.

    Examples
    --------
    >>> import pretese as pt
    >>> plan = {"covariates": ["fsh_iu_l"], "methods": ["crude", "adjusted"]}
    >>> found = pt.recover("constant-effect", plan, replicates=20, truth_patients=1000,
    ...                    workers=1, progress=False)
    >>> found
    <Recovery: 1 scenario x 20 replicates, 3 verdicts, 0 unexpected>
    >>> found.verdicts[["method", "scale"]].to_string(index=False).splitlines()[1].split()
    ['crude', 'risk', 'difference']
    """
    from pretese.recovery.design.library import choose_study
    from pretese.recovery.run_recovery import prepare_recovery

    whole_within(replicates, "replicates", 2, 100_000_000)
    whole_within(workers, "workers", 1, 256)
    if mcse is not None:
        number_within(mcse, "mcse", 0.00005, 0.1)
    if truth_patients is not None:
        whole_within(truth_patients, "truth_patients", 1000, 1_000_000_000)
    if seed is not None:
        whole_within(seed, "seed", 0, MAX_SEED)
    if resume and out is None:
        raise InputError.of("resume", "", "there is no folder to continue", "name it as out")
    spec = choose_study(_names(scenarios), _study_plan(plan), seed, truth_patients)
    study = prepare_recovery(spec)
    asked = _Asked(replicates, mcse, workers, scheduler, figures, progress)
    if out is None:
        return _in_temporary_folder(study, asked)
    return _in_folder(study, asked, Path(out), resume)


@dataclass(frozen=True, slots=True)
class _Asked:
    """How a study is to be run."""

    replicates: int
    mcse: float | None
    workers: int
    scheduler: str | None
    figures: bool
    progress: bool


def _in_folder(study: "PreparedStudy", asked: _Asked, out: Path, resume: bool) -> Recovery:
    """Run a study whose finished blocks are kept, and write its results."""
    from pretese.jobs.execute import resumable, study_crew
    from pretese.jobs.folder import study_folder
    from pretese.recovery.run_recovery import run_study, write_results
    from pretese.screen.optional_progress import optional_progress

    with (
        study_crew("recovery", asked.workers, asked.scheduler) as crew,
        study_folder(study.record(), out, resume) as store,
        resumable(out, "finished blocks"),
        optional_progress("recovery", asked.progress) as tell,
    ):
        done = run_study(study, store, asked.replicates, asked.mcse, crew, tell)
        tell(0, 1, "tables and figures")
        found = write_results(study, store, done, out, asked.figures)
    return Recovery(done, study, store, found)


def _in_temporary_folder(study: "PreparedStudy", asked: _Asked) -> Recovery:
    """Run a study whose blocks live as long as its result."""
    from pretese.jobs.execute import study_crew
    from pretese.recovery.run_recovery import assess_blocks, run_study
    from pretese.screen.optional_progress import optional_progress

    with (
        _temporary_blocks() as temporary,
        study_crew("recovery", asked.workers, asked.scheduler) as crew,
        optional_progress("recovery", asked.progress) as tell,
    ):
        store = temporary.store
        done = run_study(study, store, asked.replicates, asked.mcse, crew, tell)
        found = assess_blocks(study, store, done)
    return Recovery(done, study, store, found, temporary)


@contextmanager
def _temporary_blocks() -> "Iterator[TemporaryBlocks]":
    """Give a temporary folder; it goes at once if the block fails."""
    from pretese.recovery.temporary_blocks import TemporaryBlocks

    temporary = TemporaryBlocks()
    try:
        yield temporary
    except BaseException:
        temporary.remove()
        raise


def _names(scenarios: Any) -> tuple[str, ...]:
    several = (scenarios,) if isinstance(scenarios, str | Path) else scenarios
    if not isinstance(several, Sequence) or not all(isinstance(n, str | Path) for n in several):
        problem = f"{type(scenarios).__name__} is not allowed"
        raise InputError.of("scenarios", "", problem, "give names or files, or a list of them")
    return tuple(map(str, several))


def _study_plan(plan: Any) -> "StudyPlan | None":
    """Read a plan as the simulated studies take it."""
    from pretese.api.analyses import Plan
    from pretese.io.text.json_text import plain
    from pretese.recovery.design.study_spec import StudyPlan
    from protocol.reading.documents import read_document, validate

    if plan is None:
        return None
    if isinstance(plan, str | Path):
        return read_document(Path(plan), StudyPlan)
    if not isinstance(plan, Mapping | Plan):
        problem = f"{type(plan).__name__} is not a plan"
        raise InputError.of("plan", "", problem, "give a YAML file, or a mapping")
    try:
        said = plan.to_dict() if isinstance(plan, Plan) else plain(plan)
    except TypeError as error:
        raise InputError.of("plan", "", str(error), "give plain values") from None
    return validate(said, StudyPlan, where="plan")


def _rounded(table: "pd.DataFrame") -> "pd.DataFrame":
    from pretese.io.text.rounding_rule import rounded_table

    return rounded_table(table)
