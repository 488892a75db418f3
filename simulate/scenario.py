"""All a scenario file may say. Every number of the mechanism is a `Parameter`."""

from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from protocol.documents import Document, validate
from simulate.inheritance import Find, read_plain
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
    """Who is enrolled, before anyone chooses a therapy.

    ``score_by_diagnosis`` shifts the normal score of a variable in men with a diagnosis.
    """

    diagnosis_log_odds: dict[str, Parameter]
    marginals: dict[str, Marginal]
    correlations: tuple[Pair, ...]
    score_by_diagnosis: dict[str, dict[str, Parameter]] = Field(default_factory=dict)
    partner_age_years: Marginal
    recruitment_days: Positive

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

    @field_validator("score_by_diagnosis")
    @classmethod
    def _known_shifts(cls, given: dict[str, Parameters]) -> dict[str, Parameters]:
        for shifts in given.values():
            _among(shifts, DIAGNOSES, "diagnosis")
        return _among(given, BASELINE, "baseline variable")

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
    """How men come to be treated: each by his ``own choice``, or all by a ``coin``.

    ``hidden`` is the log odds of therapy per standard deviation of something that nobody measures
    (see `Spermatogenesis.hidden`). A coin, being blind, knows the intercept alone.
    """

    by: Literal["own choice", "coin"] = "own choice"
    intercept: Parameter
    hidden: Parameter
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


class Kinetics(Document):
    """One compartment with first-order absorption, and how men differ in it.

    ``area_h_per_l`` is the area under the curve per IU injected; half-life and area are log-normal
    between men with the means given.
    """

    absorption_half_life_h: Positive
    elimination_half_life_h: Positive
    elimination_log_sd: NotNegative
    area_h_per_l: Positive
    area_log_sd: NotNegative


class ResponsePoint(Document):
    """A corner of the testosterone curve after one injection: hours, and share of its peak."""

    after_h: NotNegative
    share: Probability


class Physiology(Document):
    """Hormones under therapy. No source gives monthly curves; see ``docs/explanation``."""

    hcg: Kinetics
    ufsh: Kinetics
    hcg_response: tuple[ResponsePoint, ...] = Field(min_length=2)
    hcg_half_effect_iu: Positive
    hcg_reference_iu: Positive
    hcg_reference_interval_days: Positive
    testosterone_gain: Positive
    testosterone_gain_log_sd: NotNegative
    response_per_month: Probability
    suppressible_share: Probability
    suppressed_fsh_iu_l: Positive
    suppressed_lh_iu_l: Positive
    suppressed_log_sd: NotNegative
    unsuppressed_ratio: Positive
    unsuppressed_ratio_log_sd: NotNegative
    estradiol_per_testosterone_exponent: Parameter
    assay_log_sd: NotNegative
    draw_delay_days: NotNegative
    normal_fsh_low_iu_l: Positive
    normal_fsh_high_iu_l: Positive

    @field_validator("response_per_month")
    @classmethod
    def _never_all_the_way(cls, given: Parameter) -> Parameter:
        if given.value >= 1:
            raise ValueError("a steady state is approached and never reached; give less than 1")
        return given

    @field_validator("hcg_response")
    @classmethod
    def _from_nothing_to_nothing(
        cls, points: tuple[ResponsePoint, ...]
    ) -> tuple[ResponsePoint, ...]:
        hours = [point.after_h.value for point in points]
        if hours != sorted(set(hours)):
            raise ValueError("its hours do not rise; order the corners by `after_h`")
        if points[0].share.value or points[-1].share.value:
            raise ValueError("it must begin and end at 0, as a response that comes and goes does")
        return points

    @field_validator("hcg_reference_interval_days")
    @classmethod
    def _whole_days(cls, given: Parameter) -> Parameter:
        if given.value != round(given.value):
            raise ValueError("injections come on whole days; give a whole number")
        return given


class Behaviour(Document):
    """What men do with the therapy they chose; with 0 throughout they do as they are told.

    ``missed_share`` of injections is missed, more by some men than by others
    (``missed_log_odds_sd``). ``dropout_share`` of men stop within the three months, at the end of
    the first or the second; ``dropout_per_reserve`` is the log odds of that per unit of reserve
    above the average man's, so that below 0 men with little hope stop. ``lost_share`` of couples
    are not heard of again after sperm retrieval; ``stop_after_failure`` is the share who give up
    after each failed transfer though embryos are left.
    """

    missed_share: Probability
    missed_log_odds_sd: NotNegative
    dropout_share: Probability
    dropout_per_reserve: Parameter
    lost_share: Probability
    stop_after_failure: Probability


class Prognosis(Document):
    """Log odds of finding sperm per unit of a baseline variable, counted from ``centre``."""

    per_unit: Parameter
    centre: Parameter


class Treatment(Document):
    """How therapy raises the reserve, in log odds; each route can be switched off by a 0.

    The direct route is modified: ``long_infertility`` is added beyond so many years,
    ``by_diagnosis`` for each diagnosis, and ``modifiers`` along baseline variables.
    """

    direct: Parameter
    long_infertility: Parameter
    long_infertility_over_years: Parameter
    by_diagnosis: dict[str, Parameter]
    modifiers: dict[str, Prognosis] = Field(default_factory=dict)
    through_fsh_normalised: Parameter
    through_testosterone_per_log: Parameter

    @field_validator("by_diagnosis")
    @classmethod
    def _every_diagnosis(cls, given: Parameters) -> Parameters:
        return _exactly(given, DIAGNOSES, "diagnosis")

    @field_validator("modifiers")
    @classmethod
    def _known_variables(cls, given: dict[str, Prognosis]) -> dict[str, Prognosis]:
        return _among(given, BASELINE, "baseline variable")


class Spermatogenesis(Document):
    """A man's persistent reserve on the log-odds scale, and what it takes to see sperm.

    ``hidden`` is the reserve per standard deviation of something that nobody measures.
    """

    reserve: dict[str, Parameter]
    prognosis: dict[str, Prognosis]
    hidden: Parameter
    treatment: Treatment
    ejaculate_cut: dict[str, Parameter]
    spontaneous_share: Probability
    semen_check_sensitivity: Probability

    @field_validator("reserve", "ejaculate_cut")
    @classmethod
    def _every_diagnosis(cls, given: Parameters) -> Parameters:
        return _exactly(given, DIAGNOSES, "diagnosis")

    @field_validator("prognosis")
    @classmethod
    def _known_variables(cls, given: dict[str, Prognosis]) -> dict[str, Prognosis]:
        return _among(given, BASELINE, "baseline variable")


class Surgery(Document):
    """Micro-TESE and what becomes of the sperm.

    Testosterone after surgery is ``testosterone_kept`` times that before, log-normal between men.
    ``one_side_share`` of men with sperm need one testis opened; men without have both. A couple
    whose frozen sperm does not survive thawing has no ICSI.
    """

    minutes: Positive
    minutes_sd: Positive
    one_side_share: Probability
    complication_share: Probability
    testosterone_kept: Positive
    testosterone_kept_log_sd: NotNegative
    frozen_share: Probability
    thaw_failure: Probability


class Laboratory(Document):
    """From oocytes to embryos: each stage keeps a share of the stage before.

    ``couple_log_odds_sd`` spreads fertilisation and embryo quality between couples, so that
    oocytes of one couple fare alike; ``azfc`` is added to the log odds of a usable embryo there.
    A couple has between 1 and ``oocytes_most`` oocytes, and at least one usable embryo.
    """

    oocytes: Positive
    oocytes_sd: Positive
    oocytes_most: Positive
    oocytes_per_partner_year: Parameter
    mature: Probability
    fertilised: Probability
    cleaved: Probability
    usable_day3: Probability
    blastocyst: Probability
    azfc: Parameter
    couple_log_odds_sd: NotNegative
    two_embryo_share: Probability


class Fertility(Document):
    """From sperm to live birth, per couple.

    ``willing_share`` of couples with sperm go on to ICSI. The log odds of a clinical pregnancy
    per transfer rise by ``transfer_second_embryo`` if two embryos are transferred.
    """

    willing_share: Probability
    transfer_intercept: Parameter
    transfer_per_partner_year: Parameter
    partner_age_centre_years: Positive
    transfer_azfc: Parameter
    transfer_second_embryo: Parameter
    couple_log_odds_sd: NotNegative
    most_transfers: Positive
    biochemical_loss: Probability
    miscarriage: Probability


#: What, beside baseline variables, may make a hormone go missing.
MISSING_BY = ("gn", "sperm_retrieved", "itself")


class Measurement(Document):
    """What the clinic writes down of the truth.

    ``missing_by`` says what a missing hormone depends on, as a shift of its normal score per
    standard deviation: baseline variables, ``gn``, ``sperm_retrieved``, or the hormone ``itself``.
    The shares in ``missing`` hold about as given, whatever they depend on.
    """

    rounded_to: dict[str, Positive]
    missing: dict[str, Probability]
    missing_correlation: Probability
    missing_by: dict[str, Parameter] = Field(default_factory=dict)

    @property
    def mechanism(self) -> Literal["MCAR", "MAR", "MNAR"]:
        """Completely at random, at random given what is always known, or not at random."""
        acting = {name for name, each in self.missing_by.items() if each.value}
        if acting & {"itself", *HORMONES}:
            return "MNAR"
        return "MAR" if acting else "MCAR"

    @field_validator("missing_by")
    @classmethod
    def _known_causes(cls, given: Parameters) -> Parameters:
        return _among(given, (*BASELINE, *MISSING_BY), "cause of a missing hormone")

    @field_validator("rounded_to")
    @classmethod
    def _every_variable(cls, given: Parameters) -> Parameters:
        return _exactly(given, BASELINE, "baseline variable")

    @field_validator("missing")
    @classmethod
    def _every_hormone(cls, given: Parameters) -> Parameters:
        return _exactly(given, HORMONES, "hormone")


class Target(Document):
    """A number that calibration must meet and that the published study does not print.

    ``number`` names what is simulated: a counted number of the study, or ``truth.`` with an
    estimand and a scale. It is met within ``half_unit``. One that need not match is drawn towards
    its value as far as the others let it, and reported.
    """

    number: str
    value: float
    half_unit: float = Field(ge=0)
    source: str
    weight: float = Field(default=1.0, gt=0)
    must_match: bool = True


class Scenario(Document):
    """One question about synthetic men, and all that is needed to draw them.

    ``extends`` names the scenario from which everything not stated is taken.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    extends: str | None = None
    question: str
    expected_finding: str
    men: int = Field(ge=2, le=100_000_000)
    population: Population
    choice: Choice
    arms: dict[str, Arm]
    physiology: Physiology
    behaviour: Behaviour
    spermatogenesis: Spermatogenesis
    surgery: Surgery
    laboratory: Laboratory
    fertility: Fertility
    measurement: Measurement
    published: str
    targets: tuple[str | Target, ...] = ()
    notes: dict[str, str] = Field(default_factory=dict)
    not_modelled: dict[str, str] = Field(default_factory=dict)

    @field_validator("arms")
    @classmethod
    def _both_arms(cls, given: dict[str, Arm]) -> dict[str, Arm]:
        return _exactly(given, ARMS, "arm")

    @model_validator(mode="after")
    def _no_target_twice(self) -> "Scenario":
        names = [each if isinstance(each, str) else each.number for each in self.targets]
        twice = {name for name in names if names.count(name) > 1}
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


def read_scenario(path: Path, find: Find | None = None) -> tuple[Scenario, str]:
    """Read a scenario file, ``extends`` followed; return it with the hash of the texts.

    Parameters
    ----------
    find
        How to find a scenario by name; None looks beside the file.
    """
    plain, sha256 = read_plain(path, find)
    return validate(plain, Scenario, where=str(path)), sha256


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
