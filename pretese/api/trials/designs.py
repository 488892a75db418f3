"""Planned trials of two arms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import number_in_range, sequence_of, whole_of
from pretese.api.display import Shown
from pretese.api.trials.trial_arguments import (
    effect_shares,
    interim_data_of,
    planned_risks_of,
    power_request,
)
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load; imported where needed
    import pandas as pd

    from pretese.api.trials.ensemble_power import PowerBands
    from pretese.api.trials.forecasts import TrialForecast
    from pretese.api.trials.monitoring import InterimReport
    from pretese.api.trials.power import Power
    from pretese.trial.design.design_file import DesignFile
    from pretese.trial.monitoring.interim_data import InterimData


@dataclass(frozen=True, slots=True, repr=False)
class Design(Shown):
    """A planned two-arm trial, read and checked."""

    _file: "DesignFile" = field(hash=False)
    text: str

    @property
    def id(self) -> str:
        """Identifier of the design, the name of its files."""
        return self._file.id

    @property
    def title(self) -> str:
        """Title of the trial."""
        return self._file.title

    def summary(self) -> str:
        """Return identifier and size in one line."""
        words = f", {self._file.participants} participants, {self._file.endpoint.label}"
        return f"{self._file.id[: max(10, 80 - len(words))]}{words}"[:80]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields of the design file that are not at their defaults."""
        return self._file.model_dump(mode="json", exclude_defaults=True)

    def power(
        self,
        participants: Sequence[int] | None = None,
        effects: Sequence[float] | None = None,
        *,
        target_power: float | None = None,
        replicates: int = 2000,
        mcse: float | None = None,
        seed: int = 1,
        sensitivity: Mapping[str, Sequence[float]] | None = None,
        tornado: bool = False,
        changes: Mapping[str, float] | None = None,
        patient_level: bool = False,
        compare: Sequence["Design | str | Path | Mapping[str, Any]"] | None = None,
        out: str | Path | None = None,
        resume: bool = False,
        workers: int = 1,
        scheduler: str | None = None,
        progress: bool = True,
    ) -> "Power":
        """Simulate the trial; the case without effect is always included.

        Parameters
        ----------
        participants
            Sample sizes, both arms together; that of the design by default.
        effects
            Percentages of the planned effect, 0 to 100, in addition to 0 and 100.
        target_power
            Find the sample size for this power, such as 0.9; see `Power.required_participants`.
        replicates, seed
            Simulated trials at each size and effect, and the base seed of all random numbers.
        mcse
            Add replicates until power and type I error at every size and effect have this Monte
            Carlo standard error, such as 0.002; with the control variate where there is one.
        sensitivity
            Values of assumptions by path, such as ``{"dropout": [0, 10, 20]}``: all combinations.
        tornado
            Vary one assumption at a time over its range.
        changes
            Numbers of the scenario to replace, by path.
        patient_level
            Simulate patients even where counts suffice. Always on when designs are compared.
        compare
            Other designs, simulated on the same participants, so that differences are paired.
        out, resume
            Folder for finished blocks, tables and figures; whether to continue it.
        workers, scheduler
            Processes, or the address of a Dask scheduler; the result does not depend on them.
        progress
            Whether to show progress.

        Raises
        ------
        InputError
            Names the argument, or the field of the design, and what is allowed.

        Examples
        --------
        >>> import pretese as pt
        >>> design = pt.design("placebo-ufsh")
        >>> study = design.power([100], replicates=20, progress=False)
        >>> study.to_frame()[["participants", "effect_percent"]].to_numpy().tolist()
        [[100.0, 0.0], [100.0, 100.0]]
        """
        from pretese.api.trials.power import Power
        from pretese.trial.run_power import run_power

        if resume and out is None:
            problem = "there is nothing to resume without `out`"
            raise InputError.of("resume", "", problem, "name the folder of the study")
        others = [_compared(each) for each in sequence_of(compare, "compare")]
        request = power_request(
            participants, effects, target_power, replicates, seed, sensitivity, changes, tornado,
            patient_level=patient_level or bool(others), mcse=mcse,
        )  # fmt: skip
        run = run_power(
            [(each._file, each.text) for each in (self, *others)],
            request,
            out=None if out is None else Path(out),
            resume=resume,
            workers=whole_of(workers, "workers", 1, 256),
            scheduler=scheduler,
            show_progress=progress,
        )
        return Power(run)

    def show(self, form: str = "synopsis") -> str:
        """Return the trial for others.

        ``synopsis`` is Markdown in the order of section 1.1 of ICH M11, ``usdm`` JSON of CDISC
        USDM 4.0; another ``form`` raises `InputError`. What a design does not hold is absent.
        """
        from pretese.trial.exchange.forms import show_design

        return show_design(self._file, form)

    def forecast(
        self,
        prior: str | Path = "evidence",
        participants: Sequence[int] | None = None,
        *,
        pilot: int = 60,
        worlds: int | None = None,
        workers: int = 1,
    ) -> "TrialForecast":
        """Return the probability that the trial succeeds, under published evidence or a prior.

        Nothing is simulated: power is the normal approximation of the score test with one
        analysis, averaged over the prior of the odds ratio, harm included.

        Parameters
        ----------
        prior
            ``"evidence"`` (studies before a first retrieval), another shipped topic, or a prior
            file, such as `EffectPrior.write` writes.
        participants
            Sample sizes of both arms together, the main one first; by default that of the design,
            half and twice as many.
        pilot
            Participants of a pilot trial that is evaluated.

        Raises
        ------
        InputError
            There is no such prior, a size is too small, or the endpoint has no control risk.

        Examples
        --------
        >>> import pretese as pt
        >>> found = pt.design("superiority-any-sperm").forecast("evidence", [200])
        >>> found.to_frame()["participants"].tolist()
        [200]
        """
        from pretese.api.trials.forecasts import forecast_of

        sizes = _sizes(participants)
        return forecast_of(
            self._file, self.text, prior, sizes, whole_of(pilot, "pilot", 8, 100_000),
            worlds, workers,
        )  # fmt: skip

    def power_bands(
        self,
        worlds: int = 200,
        participants: Sequence[int] | None = None,
        *,
        replicates: int = 2000,
        seed: int = 1,
        workers: int = 1,
        progress: bool = True,
    ) -> "PowerBands":
        """Return power over parameter sets that all reproduce the published numbers.

        Binomial counts are simulated where they describe the trial, else patients.

        Parameters
        ----------
        worlds
            Parameter sets: the first so many of the scenario's ensemble.
        participants
            Sample sizes of both arms together, the main one first; that of the design by default.
        replicates, seed
            Simulated trials per set, size and effect, and their base seed.
        workers, progress
            As in `power`.

        Raises
        ------
        InputError
            The design has fixed event rates, or its scenario no ensemble.
        """
        from pretese.api.trials.ensemble_power import power_bands_of

        return power_bands_of(
            self._file, worlds, _sizes(participants), replicates, seed, workers, progress=progress
        )

    def monitor(
        self,
        analyses: "str | Path | pd.DataFrame | Sequence[Mapping[str, float]] | InterimData",
        *,
        final: bool = False,
        overrunning: bool = False,
        planned: float | None = None,
        control_risk: float | None = None,
        treated_risk: float | None = None,
        effects: Sequence[float] | None = None,
    ) -> "InterimReport":
        """Compare the analyses of the ongoing trial with its plan.

        Parameters
        ----------
        analyses
            CSV file, table or list of rows, one per analysis, cumulative
            (or what `interim_data.read_interim_data` has read of a file): ``control_events``,
            ``control_participants``, ``treated_events``, ``treated_participants`` for an unadjusted
            comparison; or ``estimate``, ``std_error`` by any other method (risk differences, or
            natural logarithms of odds ratios).
        final
            The last row is the final analysis although more were planned: spend all remaining
            alpha.
        overrunning
            The last row holds data that arrived after the trial had stopped.
        planned
            Patients at the final analysis or, for estimates, its information 1 / std_error^2; that
            of the design by default.
        control_risk, treated_risk
            Planned probabilities of the event, where the design names a scenario: for conditional
            power.
        effects
            Conditional power under these percents of the planned effect too.

        Raises
        ------
        InputError
            Names the argument, or row and column of the data, and what is allowed.

        Examples
        --------
        >>> import pretese as pt
        >>> rows = [{"control_events": 30, "control_participants": 90, "treated_events": 45,
        ...          "treated_participants": 90}]
        >>> report = pt.design("re-estimation").monitor(rows)
        >>> round(report.to_dict()["analyses"][0]["z"], 3)
        2.268
        """
        from pretese.api.trials.monitoring import InterimReport
        from pretese.io.output.versions import versions
        from pretese.io.text.rounding_rule import rounded_document
        from pretese.trial.monitoring.monitoring_answer import monitoring_document
        from pretese.trial.monitoring.ongoing_trial import Asked, monitor
        from protocol.reading.stored import content_hash

        shares = effect_shares(effects)
        if planned is not None:
            planned = number_in_range(planned, "planned", 1e-12, 1e12)
        asked = Asked(
            final, overrunning, planned, planned_risks_of(control_risk, treated_risk), shares
        )
        data = interim_data_of(analyses)
        document = rounded_document(monitoring_document(monitor(self._file, data, asked)))
        return InterimReport({
            **document,
            "design_sha256": content_hash(self.text),
            "interim_data_sha256": data.sha256,
            "data_assumptions": list(data.assumptions),
            "versions": versions(),
        })  # fmt: skip


def design_text(source: str | Path | Mapping[str, Any]) -> tuple[str, str]:
    """Return the text of a design, and where it stands for messages; see `read_design.design`."""
    from pretese.trial.design.design_reader import design_path
    from protocol.reading.documents import read_text

    if isinstance(source, Mapping):
        import yaml

        from pretese.io.text.json_text import plain

        return yaml.safe_dump(plain(source), sort_keys=False, allow_unicode=True), "design"
    if not isinstance(source, str | Path):
        cure = "give the name of a shipped design, a path, or a mapping of fields"
        raise InputError.of("design", "", f"{source!r} is not allowed", cure)
    path = design_path(source)
    return read_text(path), str(path)


def two_arm_design(text: str, where: str) -> Design:
    """Read a design of two arms from its text."""
    from pretese.trial.design.design_reader import parse_design

    return Design(parse_design(text, where), text)


def _compared(source: "Design | str | Path | Mapping[str, Any]") -> Design:
    """Return a design that is compared with another one: of two arms."""
    found = source if isinstance(source, Design) else two_arm_design(*design_text(source))
    if type(found) is not Design:
        problem = f"{found.id} has several treatments"
        raise InputError.of("compare", "", problem, "compare designs with two arms")
    return found


def _sizes(participants: Sequence[int] | None) -> tuple[int, ...]:
    return tuple(
        whole_of(each, "participants", 8, 1_000_000)
        for each in sequence_of(participants, "participants")
    )
