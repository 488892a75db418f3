"""Hormones under therapy."""

from pydantic import Field, field_validator, model_validator

from protocol.reading.documents import Document
from protocol.reading.fields import Name
from simulate.core.coding import ASSAYED
from simulate.scenario.sections.field_checks import exactly
from simulate.scenario.sections.parameter import NotNegative, Parameter, Positive, Probability

#: Days between injections of the reference schedule.
MAX_INTERVAL_DAYS = 30

MAX_EXPONENT = 10


class Kinetics(Document):
    """One-compartment kinetics with first-order absorption, and variation between patients.

    ``area_h_per_l`` is the area under the curve per IU injected; half-life and area are log-normal
    between patients with the means given.
    """

    absorption_half_life_h: Positive
    elimination_half_life_h: Positive
    elimination_log_sd: NotNegative
    area_h_per_l: Positive
    area_log_sd: NotNegative


class DrugAction(Document):
    """Action of one IU of a drug other than hCG and uFSH.

    ``fsh`` is its kinetics as serum FSH; ``hcg_iu_per_iu`` its equivalent in IU of hCG on the
    Leydig cells. A drug with neither action, such as a placebo, has ``inert: true``.
    """

    fsh: Kinetics | None = None
    hcg_iu_per_iu: Positive | None = None
    inert: bool = False

    @model_validator(mode="after")
    def _acts_or_is_inert(self) -> "DrugAction":
        if self.inert == bool(self.fsh or self.hcg_iu_per_iu):
            raise ValueError("give fsh, hcg_iu_per_iu or both; or only inert: true")
        return self


class ResponsePoint(Document):
    """A vertex of the testosterone curve after one injection: hours, and fraction of the peak."""

    after_h: NotNegative
    share: Probability


class Physiology(Document):
    """Hormones under therapy. No source gives monthly curves; see ``docs/explanation``.

    ``kinetics`` declares drugs besides hCG and uFSH, by the name that regimens give them.
    Testosterone under hCG saturates: its odds against ``testosterone_ceiling_nmol_l`` are
    multiplied by ``leydig_stimulation`` at the peak of the reference dose. A measured value varies
    by the assay (``assay_log_sd``) and, independently, within the patient
    (``within_patient_log_sd``). Intratesticular testosterone is a latent quantity: it multiplies by
    ``intratesticular_testosterone_ratio`` at the same peak.
    """

    hcg: Kinetics
    ufsh: Kinetics
    hcg_response: tuple[ResponsePoint, ...] = Field(min_length=2)
    hcg_half_effect_iu: Positive
    hcg_reference_iu: Positive
    hcg_reference_interval_days: Positive
    leydig_stimulation: Positive
    leydig_stimulation_log_sd: NotNegative
    testosterone_ceiling_nmol_l: Positive
    intratesticular_testosterone_ng_ml: Positive
    intratesticular_testosterone_log_sd: NotNegative
    intratesticular_testosterone_ratio: Positive
    response_per_month: Probability
    suppressible_share: Probability
    suppressed_fsh_iu_l: Positive
    suppressed_lh_iu_l: Positive
    suppressed_log_sd: NotNegative
    unsuppressed_ratio: Positive
    unsuppressed_ratio_log_sd: NotNegative
    estradiol_per_testosterone_exponent: Parameter
    assay_log_sd: NotNegative
    within_patient_log_sd: dict[str, NotNegative]
    draw_delay_days: NotNegative
    normal_fsh_low_iu_l: Positive
    normal_fsh_high_iu_l: Positive
    kinetics: dict[Name, DrugAction] = Field(default_factory=dict)

    @field_validator("within_patient_log_sd")
    @classmethod
    def _every_assayed_hormone(cls, given: dict[str, Parameter]) -> dict[str, Parameter]:
        return exactly(given, ASSAYED, "hormone measured at visits")

    @field_validator("kinetics")
    @classmethod
    def _other_drugs(cls, given: dict[str, DrugAction]) -> dict[str, DrugAction]:
        for name in ("hcg", "ufsh"):
            if name in given:
                raise ValueError(f"{name} has a section of its own; change physiology.{name}")
        return given

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
        if given.value != round(given.value) or not 1 <= given.value <= MAX_INTERVAL_DAYS:
            raise ValueError(
                f"injections come on whole days; give a whole number, 1 to {MAX_INTERVAL_DAYS}"
            )
        return given

    @field_validator("estradiol_per_testosterone_exponent")
    @classmethod
    def _a_gentle_power(cls, given: Parameter) -> Parameter:
        if abs(given.value) > MAX_EXPONENT:
            raise ValueError(
                f"value {given.value:g} is not an allowed exponent; "
                f"give one from {-MAX_EXPONENT} to {MAX_EXPONENT}"
            )
        return given
