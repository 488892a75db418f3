"""Inputs and results of a forecast of a trial: plan, unknowns, sizes, influences, pilot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from estimate.core.numeric.normal_mixture import NormalMixture


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """Data of a design for a forecast.

    Attributes
    ----------
    control_risk
        Probability of the event without therapy.
    control_risk_range
        Lowest and highest control risk that is thought possible.
    treated_share
        Share of the participants who are allocated to therapy.
    analysed_share
        Share of the participants who are analysed.
    alpha
        One-sided type I error.
    """

    control_risk: float
    control_risk_range: tuple[float, float]
    treated_share: float
    analysed_share: float
    alpha: float


#: Name of an unknown to its value; those of the prior are handed to the function that makes it.
Values = Mapping[str, float]
PriorMaker = Callable[[Values], NormalMixture]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A quantity that no source settles: the value it has in the forecast, and its range."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SizeForecast:
    """The forecast of one sample size; probabilities from 0 to 1.

    ``band`` is the middle 95 % over all unknowns; the other numbers are those of `Assurance`.
    """

    participants: int
    success: float
    band: tuple[float, float]
    benefit: float
    success_given_benefit: float
    misleading: float
    harm_shown: float


@dataclass(frozen=True, slots=True)
class Influence:
    """Probability of success at both ends of the range of one unknown, the others unchanged."""

    name: str
    low: float
    high: float
    success_low: float
    success_high: float

    @property
    def span(self) -> float:
        """Change in the probability of success."""
        return abs(self.success_high - self.success_low)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Probability of success, and of benefit, if one study is excluded from the evidence."""

    study: str
    success: float
    benefit: float


@dataclass(frozen=True, slots=True)
class PilotForecast:
    """Value of a pilot trial.

    Attributes
    ----------
    participants
        Of the pilot.
    prior_sd, expected_sd
        Standard deviation of the log odds ratio before it, and expected after it.
    success_after
        10th, 50th and 90th percentile of the probability that the main trial succeeds, as it
        would be judged after the pilot.
    """

    participants: int
    prior_sd: float
    expected_sd: float
    success_after: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Forecast:
    """The whole forecast: sizes; influences and exclusions at ``main`` participants; the pilot."""

    sizes: tuple[SizeForecast, ...]
    main: int
    influences: tuple[Influence, ...]
    exclusions: tuple[Exclusion, ...]
    pilot: PilotForecast


@dataclass(frozen=True, slots=True)
class ArmAssurance:
    """What a forecast of several arms has in addition to that of two arms.

    Attributes
    ----------
    prior_of
        Treatment whose effect has the prior.
    planned_risks
        Other treatment to its planned risk at the control risk of the plan.
    any_success
        Sample size to the probability that at least one treatment succeeds, and that at least one
        without benefit does, with one analysis.
    interim
        Simulated probabilities with all interim analyses, one row per size; empty with one
        analysis, or with one treatment.
    """

    prior_of: str
    planned_risks: Mapping[str, float]
    any_success: Mapping[int, dict[str, float]]
    interim: tuple[dict[str, Any], ...]

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "prior_of": self.prior_of,
            "planned_risks": [
                {"treatment": name, "risk": risk} for name, risk in self.planned_risks.items()
            ],
            "any_success": [
                {"participants": size, **found} for size, found in self.any_success.items()
            ],
            "interim": list(self.interim),
        }
