"""Group-sequential boundaries and sample sizes: `pretese.boundaries`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import number_of
from pretese.api.display import Shown

if TYPE_CHECKING:  # slow to load and not needed for the numbers
    import pandas as pd
    from matplotlib.figure import Figure

    from estimate.sequential.design import SequentialDesign
    from pretese.api.trials.multi_arm_boundaries import MultiArmBoundaries


@dataclass(frozen=True, slots=True, repr=False)
class Boundaries(Shown):
    """A group-sequential design: critical values, error spent, inflation, expected sizes.

    ``str`` is the page that ``pretese boundaries`` prints, `to_dict` its ``--json``.
    """

    _document: Mapping[str, Any] = field(hash=False)

    def summary(self) -> str:
        """Return family, number of analyses and errors in one line."""
        design = self._document
        count = len(design["analyses"])
        words = f"{design['name'].split(';')[0].split(',')[0]}, {count} "
        words += f"{'analysis' if count == 1 else 'analyses'}, alpha {design['alpha']:g}"
        return words[:80]

    def to_dict(self) -> dict[str, Any]:
        """Return the design as plain values, as ``pretese boundaries --json`` prints them."""
        return dict(self._document)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per analysis.

        Returns
        -------
        pandas.DataFrame
            ``analysis``, ``information_fraction``, boundaries of z ``upper`` and ``lower`` (NaN
            where there is none), one- or two-sided ``nominal_p`` at the upper one, ``alpha_spent``
            and ``power_spent`` up to the analysis, ``beta_spent`` (NaN without futility), and with
            risks ``participants_per_arm``.
        """
        import pandas as pd

        from pretese.trial.group_sequential.boundary_view import power_spent

        analyses = self._document["analyses"]
        columns: dict[str, Any] = {
            "analysis": [row["analysis"] for row in analyses],
            "information_fraction": [row["information_rate"] for row in analyses],
        }
        for name in ("upper", "lower", "nominal_p", "alpha_spent"):
            columns[name] = pd.array([row[name] for row in analyses], dtype="Float64")
        columns["power_spent"] = power_spent(self.to_dict())
        columns["beta_spent"] = pd.array([row["beta_spent"] for row in analyses], dtype="Float64")
        table = pd.DataFrame(columns).astype(dict.fromkeys(
            ("upper", "lower", "nominal_p", "alpha_spent", "beta_spent"), float))  # fmt: skip
        if "participants" in self._document:
            table["participants_per_arm"] = self._document["participants"]["per_arm_at_analysis"]
        return table

    def table(self) -> "pd.DataFrame":
        """Return one row per analysis, as `to_frame` does."""
        return self.to_frame()

    def plot(self) -> "Figure":
        """Return a figure of the boundaries, z over the information fraction."""
        from pretese.trial.group_sequential.boundary_figure import draw_boundaries

        return draw_boundaries(self.to_dict())

    def __str__(self) -> str:
        """Return the design as a page of text."""
        from pretese.trial.group_sequential.boundary_view import boundary_page

        return boundary_page(self.to_dict())


def boundaries(
    information: int | Sequence[float],
    spending: str | None = None,
    shape: str | None = None,
    *,
    gamma: float | None = None,
    rho: float | None = None,
    cumulative: Sequence[float] | None = None,
    delta: float | None = None,
    z: float | None = None,
    alpha: float = 0.025,
    sides: int = 1,
    power: float = 0.8,
    futility: str | None = None,
    futility_gamma: float | None = None,
    futility_rho: float | None = None,
    futility_analyses: Sequence[int] = (),
    efficacy_analyses: Sequence[int] = (),
    harm: str | None = None,
    harm_alpha: float | None = None,
    binding: bool = False,
    control_risk: float | None = None,
    treated_risk: float | None = None,
    margin: float | None = None,
    hypothesis: str | None = None,
    treatment_arms: int = 1,
    allocation_ratio: float = 1.0,
    futility_z: Sequence[float] = (),
    prior: str | Path | None = None,
) -> "Boundaries | MultiArmBoundaries":
    """Make a group-sequential design, and with two risks its sample size.

    Parameters
    ----------
    information
        Increasing information fractions of the analyses, the last 1; or a number of equally spaced
        analyses.
    spending
        Alpha spending: ``"OF"`` (Lan-DeMets O'Brien-Fleming, the default), ``"Pocock"``,
        ``"HSD"`` (Hwang-Shih-DeCani, with ``gamma``), ``"KD"`` (Kim-DeMets, with ``rho``) or
        ``"user"`` (with ``cumulative``).
    shape
        Instead of spending, a classical shape: ``"OF"``, ``"Pocock"``, ``"WT"`` (Wang-Tsiatis, with
        ``delta``) or ``"HP"`` (Haybittle-Peto, with ``z``).
    gamma, rho
        Parameter of HSD (negative values spend late) and of KD (above 0).
    cumulative
        Cumulative alpha at each analysis, per side, for ``spending="user"``.
    delta, z
        Parameter of WT (0 is OF, 0.5 is Pocock); interim critical value of HP (default 3).
    alpha, sides, power
        Type I error (both sides together), 1 or 2 sides, power; probabilities.
    futility, futility_gamma, futility_rho
        Futility boundaries (one side): beta spending with its parameter, or a rule with one value
        or one per interim analysis: ``"z(0)"``, ``"effect(20)"`` (percent of the planned effect),
        ``"CP(10)"`` and ``"CPobserved(10)"`` (conditional power in percent under the planned and
        the observed effect), ``"PP(5)"`` (predictive power, percent).
    futility_analyses, efficacy_analyses
        Interim analyses, from 1, at which each is judged; none given is all of them.
    harm, harm_alpha
        Boundaries of harm (one side): spending function ``"OF"``, ``"Pocock"``, ``"HSD(-4)"`` or
        ``"KD(2)"``, and its one-sided error, by default ``alpha``.
    binding
        Stopping for futility is obligatory, which lowers the efficacy boundaries.
    control_risk, treated_risk
        Probabilities of the event, both or neither: adds participants per arm and exact power.
    margin, hypothesis
        Margin as a risk difference above 0, and its hypothesis: ``"non-inferiority"`` (the
        default with a margin) or ``"superiority"``. The score test of Farrington and Manning.

    treatment_arms
        Treatments compared with one control. From 2 on the boundaries control the family-wise type
        I error (one analysis: Dunnett's test), ``power`` refers to a single effective treatment,
        and at most four analyses are supported.
    allocation_ratio
        With several treatments: participants of each per participant of the control.
    futility_z
        With several treatments: z at each interim analysis below which a treatment is dropped.
    prior
        With risks: what `Design.forecast` takes, such as ``"evidence"``. Adds the probability of
        success and the expected sample size, averaged over the prior of the odds ratio.

    Raises
    ------
    InputError
        Names the argument, its value and the allowed values.

    Examples
    --------
    >>> import pretese as pt
    >>> design = pt.boundaries([0.5, 1], spending="OF")
    >>> design
    <Boundaries: Lan-DeMets O'Brien-Fleming spending, 2 analyses, alpha 0.025>
    >>> [round(row["upper"], 4) for row in design.to_dict()["analyses"]]
    [2.9626, 1.9686]
    """
    from estimate.sequential.boundaries import plan_sequential
    from pretese.io.text.rounding_rule import rounded_document
    from pretese.trial.group_sequential import boundary_choice as choice
    from pretese.trial.group_sequential.boundary_document import describe_boundaries

    numbers = {"gamma": gamma, "rho": rho, "delta": delta, "z": z}
    _check_numbers({
        **numbers, "alpha": alpha, "sides": sides, "power": power, "futility_gamma": futility_gamma,
        "futility_rho": futility_rho, "control_risk": control_risk, "treated_risk": treated_risk,
        "margin": margin, "allocation_ratio": allocation_ratio, "harm_alpha": harm_alpha,
    })  # fmt: skip
    futility_z = choice.one_or_several("futility_z", futility_z)
    futility_analyses = choice.one_or_several("futility_analyses", futility_analyses)
    efficacy_analyses = choice.one_or_several("efficacy_analyses", efficacy_analyses)
    arms = choice.treatment_arms_of(treatment_arms, allocation_ratio, futility_z)
    if arms > 1:
        _alone(
            futility, futility_gamma, futility_rho, margin, hypothesis, harm, harm_alpha,
            *(list(each) or None for each in (futility_analyses, efficacy_analyses)),
        )  # fmt: skip
        from pretese.api.trials.multi_arm_boundaries import multi_arm_boundaries

        if prior is not None:
            raise _fault("prior", "several treatments do not take it", "leave it out")
        return multi_arm_boundaries(
            choice.information_fractions(information),
            choice.choose_shape(spending, shape, numbers, cumulative),
            arms, allocation_ratio=allocation_ratio, futility_z=tuple(futility_z), alpha=alpha,
            sides=sides, power=power, binding=binding,
            risks=_both_risks(control_risk, treated_risk),
        )  # fmt: skip
    if futility is None and len(futility_analyses):
        raise _fault("futility_analyses", "it was given without futility", "give futility too")
    fractions = choice.information_fractions(information)
    count = len(fractions)
    design = plan_sequential(
        fractions, choice.choose_shape(spending, shape, numbers, cumulative), alpha=alpha,
        sides=sides, power=power, binding=binding,
        futility=choice.choose_futility(futility, futility_gamma, futility_rho, count - 1),
        efficacy_at=choice.chosen_analyses("efficacy_analyses", efficacy_analyses, count),
        futility_at=choice.chosen_analyses("futility_analyses", futility_analyses, count),
        harm=choice.choose_harm(harm, harm_alpha, alpha, sides),
    )  # fmt: skip
    size = _sample_size(design, _both_risks(control_risk, treated_risk), margin, hypothesis, prior)
    return Boundaries(rounded_document({**describe_boundaries(design), **size}))


def _sample_size(
    design: "SequentialDesign", risks: tuple[float, float] | None, margin: float | None,
    hypothesis: str | None, prior: str | Path | None,
) -> dict[str, Any]:  # fmt: skip
    """Return the field of participants; without risks nothing."""
    from pretese.trial.group_sequential.boundary_choice import null_difference
    from pretese.trial.group_sequential.boundary_document import (
        describe_sample_size,
        describe_under_prior,
    )

    if risks is not None:
        control, treated = risks
        null = null_difference(margin, hypothesis)
        size = describe_sample_size(design, treated, control, null)
        if prior is not None:
            size["under_prior"] = describe_under_prior(design, size, prior)
        return {"participants": size}
    given = (("margin", margin), ("hypothesis", hypothesis), ("prior", prior))
    for argument, value in given:
        if value is not None:
            cure = "give control_risk and treated_risk too"
            raise _fault(argument, "it was given without risks", cure)
    return {}


def _both_risks(
    control_risk: float | None, treated_risk: float | None
) -> tuple[float, float] | None:
    """Return the risks of control and treatment; None without any."""
    if control_risk is not None and treated_risk is not None:
        return control_risk, treated_risk
    if control_risk is not None or treated_risk is not None:
        missing = "control_risk" if control_risk is None else "treated_risk"
        raise _fault(missing, "only the other risk was given", "give both risks, or neither")
    return None


def _alone(*values: object) -> None:
    """Refuse arguments that plans of several treatments do not support."""
    names = (
        "futility", "futility_gamma", "futility_rho", "margin", "hypothesis", "harm", "harm_alpha",
        "futility_analyses", "efficacy_analyses",
    )  # fmt: skip
    for name, value in zip(names, values, strict=True):
        if value is not None:
            cure = "leave it out; treatments are dropped by futility_z"
            raise _fault(name, "several treatments do not take it", cure)


def _check_numbers(values: Mapping[str, object]) -> None:
    """Refuse non-finite numbers with a clear message."""
    for name, value in values.items():
        if value is not None:
            number_of(value, "boundaries", name)


def _fault(argument: str, problem: str, cure: str) -> Exception:
    from protocol.errors import InputError

    return InputError.of("boundaries", argument, problem, cure)
