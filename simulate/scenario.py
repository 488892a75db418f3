"""All a scenario file may say. Every number of the mechanism is a `Parameter`."""

from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from protocol.documents import Document, content_hash, parse_document, read_text
from simulate.nouns import ARMS, BASELINE, DIAGNOSES, HORMONES
from simulate.parameter import Correlation, NotNegative, Parameter, Positive, Probability

T = TypeVar("T")
Parameters = dict[str, Parameter]


class Marginal(Document):
    """Distribution of one baseline variable: a normal score stretched differently on each side.

    With z a standard normal, the value is ``median + spread·z`` (split-normal) or
    ``median·exp(spread·z)`` (split-lognormal), where spread is ``spread_low`` below the median
    and ``spread_high`` above it. Three parameters meet three published quartiles.
    """

    form: Literal["split-normal", "split-lognormal"]
    median: Positive
    spread_low: Positive
    spread_high: Positive


class Pair(Document):
    """Correlation of the normal scores of two baseline variables."""

    between: tuple[str, str]
    correlation: Correlation


class Population(Document):
    """Who is enrolled, before anyone chooses a therapy."""

    diagnosis_log_odds: dict[str, Parameter]
    marginals: dict[str, Marginal]
    correlations: tuple[Pair, ...]
    partner_age_years: Marginal

    @field_validator("diagnosis_log_odds")
    @classmethod
    def _every_diagnosis_but_the_reference(
        cls, given: dict[str, Parameter]
    ) -> dict[str, Parameter]:
        return _exactly(given, DIAGNOSES[1:], "diagnosis")

    @field_validator("marginals")
    @classmethod
    def _every_variable(cls, given: dict[str, Marginal]) -> dict[str, Marginal]:
        return _exactly(given, BASELINE, "baseline variable")

    @field_validator("correlations")
    @classmethod
    def _possible_correlations(cls, pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
        for pair in pairs:
            for name in pair.between:
                if name not in BASELINE:
                    raise ValueError(f"{name!r} is unknown; choose from {', '.join(BASELINE)}")
        smallest = float(np.linalg.eigvalsh(correlation_matrix(pairs))[0])
        if smallest <= 0:
            raise ValueError(
                "no men can have all of these correlations at once "
                f"(smallest eigenvalue {smallest:.3f}); bring some of them closer to 0"
            )
        return pairs


class ChoiceTerm(Document):
    """Log odds of choosing therapy along the normal score z of a variable, z held in [-2.5, 2.5].

    The three Hermite polynomials z, z²-1 and z³-3z are uncorrelated, so each coefficient has a
    meaning of its own: the chosen arm is shifted, spread or skewed against the other.
    """

    linear: Parameter
    quadratic: Parameter
    cubic: Parameter


class Choice(Document):
    """How men come to be treated: their own choice, or a coin."""

    intercept: Parameter
    diagnosis: dict[str, Parameter]
    terms: dict[str, ChoiceTerm]

    @field_validator("diagnosis")
    @classmethod
    def _every_diagnosis_but_the_reference(
        cls, given: dict[str, Parameter]
    ) -> dict[str, Parameter]:
        return _exactly(given, DIAGNOSES[1:], "diagnosis")

    @field_validator("terms")
    @classmethod
    def _known_variables(cls, given: dict[str, ChoiceTerm]) -> dict[str, ChoiceTerm]:
        return _among(given, BASELINE, "baseline variable")


class Arm(Document):
    """One way to go: which regimen, and whether semen is checked again before surgery."""

    regimen: str
    semen_check: bool


class Physiology(Document):
    """Monthly hormones under therapy. No source gives these curves; see ``docs/explanation``."""

    response_per_month: Probability
    hcg_half_effect_iu_week: Positive
    hcg_reference_iu_week: Positive
    testosterone_gain: Positive
    testosterone_gain_log_sd: NotNegative
    suppressible_share: Probability
    suppressed_fsh_iu_l: Positive
    suppressed_lh_iu_l: Positive
    suppressed_log_sd: NotNegative
    unsuppressed_ratio: Positive
    unsuppressed_ratio_log_sd: NotNegative
    estradiol_per_testosterone_exponent: Parameter
    fsh_rise_per_ufsh_iu_week: NotNegative
    assay_log_sd: NotNegative
    normal_fsh_low_iu_l: Positive
    normal_fsh_high_iu_l: Positive


class Prognosis(Document):
    """Log odds of finding sperm per unit of a baseline variable, counted from ``centre``."""

    per_unit: Parameter
    centre: Parameter


class Treatment(Document):
    """How therapy raises the reserve, in log odds; each route can be switched off by a 0."""

    direct: Parameter
    long_infertility: Parameter
    long_infertility_over_years: Parameter
    through_fsh_normalised: Parameter
    through_testosterone_per_log: Parameter


class Spermatogenesis(Document):
    """A man's persistent reserve on the log-odds scale, and what it takes to see sperm."""

    reserve: dict[str, Parameter]
    prognosis: dict[str, Prognosis]
    treatment: Treatment
    ejaculate_cut: dict[str, Parameter]
    spontaneous_share: Probability

    @field_validator("reserve", "ejaculate_cut")
    @classmethod
    def _every_diagnosis(cls, given: Parameters) -> Parameters:
        return _exactly(given, DIAGNOSES, "diagnosis")

    @field_validator("prognosis")
    @classmethod
    def _known_variables(cls, given: dict[str, Prognosis]) -> dict[str, Prognosis]:
        return _among(given, BASELINE, "baseline variable")


class Fertility(Document):
    """From sperm to live birth, per couple."""

    icsi_share: Probability
    transfer_intercept: Parameter
    transfer_per_partner_year: Parameter
    partner_age_centre_years: Positive
    transfer_azfc: Parameter
    couple_log_odds_sd: NotNegative
    transfers_available: tuple[Probability, ...] = Field(min_length=1)
    miscarriage: Probability

    @field_validator("transfers_available")
    @classmethod
    def _shares_of_one(cls, shares: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
        total = sum(share.value for share in shares)
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares add up to {total:g}; make them add up to 1")
        return shares


class Measurement(Document):
    """What the clinic writes down of the truth."""

    rounded_to: dict[str, Positive]
    missing: dict[str, Probability]
    missing_correlation: Probability

    @field_validator("rounded_to")
    @classmethod
    def _every_variable(cls, given: Parameters) -> Parameters:
        return _exactly(given, BASELINE, "baseline variable")

    @field_validator("missing")
    @classmethod
    def _every_hormone(cls, given: Parameters) -> Parameters:
        return _exactly(given, HORMONES, "hormone")


class Scenario(Document):
    """One question about synthetic men, and all that is needed to draw them."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    question: str
    expected_finding: str
    men: int = Field(ge=2, le=100_000_000)
    population: Population
    choice: Choice
    arms: dict[str, Arm]
    physiology: Physiology
    spermatogenesis: Spermatogenesis
    fertility: Fertility
    measurement: Measurement
    published: str
    targets: tuple[str, ...] = ()
    notes: dict[str, str] = Field(default_factory=dict)
    not_modelled: dict[str, str] = Field(default_factory=dict)

    @field_validator("arms")
    @classmethod
    def _both_arms(cls, given: dict[str, Arm]) -> dict[str, Arm]:
        return _exactly(given, ARMS, "arm")

    @model_validator(mode="after")
    def _no_target_twice(self) -> "Scenario":
        twice = {target for target in self.targets if self.targets.count(target) > 1}
        if twice:
            raise ValueError(f"targets given twice: {', '.join(sorted(twice))}")
        return self


def correlation_matrix(pairs: tuple[Pair, ...]) -> NDArray[np.float64]:
    """Return the correlation matrix of the normal scores, in the order of `BASELINE`."""
    matrix = np.eye(len(BASELINE))
    for pair in pairs:
        row, column = (BASELINE.index(name) for name in pair.between)
        matrix[row, column] = matrix[column, row] = pair.correlation.value
    return matrix


def read_scenario(path: Path) -> tuple[Scenario, str]:
    """Read a scenario file; return it with the hash of its text."""
    text = read_text(path)
    return parse_document(text, Scenario, where=str(path)), content_hash(text)


def _exactly(given: dict[str, T], names: tuple[str, ...], kind: str) -> dict[str, T]:
    missing = [name for name in names if name not in given]
    if missing:
        raise ValueError(f"the {kind} {', '.join(missing)} is missing; add it")
    return _among(given, names, kind)


def _among(given: dict[str, T], names: tuple[str, ...], kind: str) -> dict[str, T]:
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no {kind}; choose from {', '.join(names)}")
    return given
