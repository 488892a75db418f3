"""Planned trials of two arms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pretese.api.arguments.argument_numbers import number_in_range, sequence_of, whole_of
from pretese.api.arguments.argument_rows import effect_shares
from pretese.api.display import Shown
from pretese.api.trials.trial_arguments import (
    design_text,
    folder_of,
    interim_data_of,
    planned_risks_of,
    power_request,
    refuse_arguments,
    sizes_of,
)
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load; imported where needed
    import pandas as pd

    from pretese.api.trials.ensemble_power import PowerBands
    from pretese.api.trials.forecasts import TrialForecast
    from pretese.api.trials.interim.monitoring import InterimReport
    from pretese.api.trials.power import Power
    from pretese.trial.design.design_file import DesignFile
    from pretese.trial.monitoring.interim_data import InterimData


#: Largest number of participants of an interim count.
MOST = 1_000_000


@dataclass(frozen=True, slots=True, repr=False)
class Design(Shown):
    """A planned two-arm trial, read and checked."""

    #: Whether it can be compared with other designs.
    comparable: ClassVar[bool] = True

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
        interpolate: bool = False,
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
        interpolate
            Simulate seven of more sizes; read the power of the others, with its error, from a line.
        sensitivity
            Values of assumptions by path, such as ``{"dropout": [0, 10, 20]}``: all combinations.
        tornado
            Vary one assumption at a time over its range.
        changes
            Numbers of the scenario to replace, by path.
        patient_level
            Simulate patients even where counts suffice. Always on when designs are compared.
        compare
            Other designs, simulated on the same participants, so that differences are paired; with
            one of several arms the answer is that of `MultiArmTrial.power`.
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

        folder = folder_of(out, resume=resume)
        others = [compared_design(each) for each in sequence_of(compare, "compare")]
        if any(type(each) is not Design for each in others):
            given = {
                "target_power": target_power, "replicates": replicates, "seed": seed,
                "changes": changes, "workers": workers, "scheduler": scheduler,
                "progress": progress,
            }  # fmt: skip
            refused = {
                "effects": effects, "mcse": mcse, "interpolate": interpolate,
                "sensitivity": sensitivity, "tornado": tornado, "out": out,
            }  # fmt: skip
            several = next(each for each in others if type(each) is not Design)
            return several._compare([self, *others], participants, given, refused)
        request = power_request(
            participants, effects, target_power, replicates, seed, sensitivity, changes, tornado,
            patient_level=patient_level or bool(others), mcse=mcse, interpolate=interpolate,
        )  # fmt: skip
        designs = [(each._file, each.text) for each in (self, *others)]
        return Power(run_power(
            designs, request, out=folder, resume=resume, scheduler=scheduler,
            workers=whole_of(workers, "workers", 1, 256), show_progress=progress,
        ))  # fmt: skip

    def _compare(
        self, designs: Sequence["Design"], participants: Sequence[int] | None,
        given: Mapping[str, Any], refused: Mapping[str, Any],
    ) -> "Power":  # fmt: skip
        """Refuse: a design that is not of two arms compares those of several arms."""
        problem = f"{self.id} is Bayesian"
        raise InputError.of("compare", "", problem, "compare designs with boundaries")

    def show(self, form: str = "synopsis") -> str:
        """Return the trial for others.

        ``synopsis`` is Markdown in the order of section 1.1 of ICH M11, ``usdm`` JSON of CDISC
        USDM 4.0; another ``form`` raises `InputError`. What a design does not hold is absent.
        """
        from pretese.trial.exchange.forms import show_design

        return show_design(self._file, form)

    def forecast(
        self,
        prior: str | Path | None = None,
        participants: Sequence[int] | None = None,
        *,
        prior_of: str | None = None,
        pilot: int = 60,
        replicates: int = 2000,
        seed: int = 1,
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
            file, such as `EffectPrior.write` writes; by default that which the design names, or
            else ``"evidence"``.
        participants
            Sample sizes of both arms together, the main one first; by default that of the design,
            half and twice as many.
        prior_of
            Refused with two arms: there is one treatment.
        pilot
            Participants of a pilot trial that is evaluated.
        replicates, seed
            Of trials that are simulated: those of ``worlds``, or of several arms with interim
            analyses.
        worlds
            Parameter sets of the article of which a second forecast is made.

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

        if prior_of is not None:
            problem = f"{self.id} has one treatment, which the prior concerns"
            raise InputError.of("prior_of", "", problem, "leave it out")
        pilot = whole_of(pilot, "pilot", 8, 100_000)
        every = sizes_of(participants)
        chosen = prior or self._file.named_prior or "evidence"
        return forecast_of(
            self._file, self.text, chosen, every, pilot, worlds, workers, replicates, seed
        )

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

        sizes = sizes_of(participants)
        return power_bands_of(
            self._file, worlds, sizes, replicates, seed, workers, progress=progress
        )  # fmt: skip

    def blinded_size(self, events: int, participants: int) -> int:
        """Return the sample size after a blinded re-estimation.

        Parameters
        ----------
        events, participants
            Events and participants with a known outcome, both arms together.

        Returns
        -------
        int
            Participants of the trial in all, in whole blocks and within the limits of the design.

        Raises
        ------
        InputError
            The design has no blinded re-estimation, or the counts are impossible.

        Examples
        --------
        >>> import pretese as pt
        >>> fields = pt.design("re-estimation").to_dict()
        >>> fields["monitoring"]["reestimation"] |= {"blinded": True}
        >>> pt.design(fields).blinded_size(81, 180)
        900
        """
        from pretese.trial.simulation.reestimation import blinded_size

        rule = self._file.monitoring.reestimation
        if rule is None or not rule.blinded:
            problem = "the design has no blinded re-estimation"
            cure = "set blinded: true in monitoring.reestimation"
            raise InputError.of(self.id, "monitoring.reestimation", problem, cure)
        known = whole_of(participants, "participants", 1, MOST)
        found = whole_of(events, "events", 0, MOST)
        if found > known:
            problem = f"{found} events of {known} participants"
            raise InputError.of("blinded_size", "events", problem, "give both arms together")
        return int(blinded_size(self._file, self._file.participants, found, known))

    def interim_data(self, analyses: Any) -> Any:
        """Return the interim data of the trial, read and checked, for `monitor`.

        Parameters
        ----------
        analyses
            CSV file, table or list of rows, as `monitor` takes them.
        """
        return interim_data_of(analyses)

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
        arm_risks: Mapping[str, float] | None = None,
        continued: Sequence[str] | None = None,
    ) -> "InterimReport":
        """Compare the analyses of the ongoing trial with its plan.

        Parameters
        ----------
        analyses
            CSV file, table or list of rows (or what `interim_data.read_interim_data` has read), one
            per analysis, cumulative: ``control_events``, ``control_participants``,
            ``treated_events``, ``treated_participants`` for an unadjusted comparison; or
            ``estimate``, ``std_error`` (risk differences, or logarithms of odds ratios).
        final
            The last row is the final analysis although more were planned: all alpha is spent.
        overrunning
            The last row holds data that arrived after the trial had stopped.
        planned
            Patients at the final analysis, or its information 1 / std_error^2; by default planned.
        control_risk, treated_risk
            Planned probabilities of the event if the design has a scenario: for conditional power.
        effects
            Conditional power under these percents of the planned effect too.
        arm_risks, continued
            Of designs with several arms only, see `MultiArmTrial.monitor`.

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
        from pretese.api.trials.interim.monitoring import interim_report

        given = {"arm_risks": arm_risks, "continued": continued}
        refuse_arguments(given, "designs with two arms do not take it")
        if planned is not None:
            planned = number_in_range(planned, "planned", 1e-12, 1e12)
        return interim_report(
            self._file, self.text, interim_data_of(analyses), final=final, planned=planned,
            overrunning=overrunning, risks=planned_risks_of(control_risk, treated_risk),
            effects=effect_shares(effects),
        )  # fmt: skip


def two_arm_design(text: str, where: str) -> Design:
    """Read a design of two arms from its text."""
    from pretese.trial.design.design_reader import parse_design

    return Design(parse_design(text, where), text)


def compared_design(source: "Design | str | Path | Mapping[str, Any]") -> Design:
    """Return a design that is compared with another one; one of several arms is read already."""
    from pretese.trial.multi_arm.design.design_file import is_multi_arm
    from protocol.reading.documents import parse_yaml

    if isinstance(source, Design):
        return source
    text, where = design_text(source)
    if is_multi_arm(parse_yaml(text, where)):
        problem = f"{where} has several arms"
        raise InputError.of("compare", "", problem, "read it with `pretese.design` first")
    return two_arm_design(text, where)
