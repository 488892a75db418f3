"""Surgery, laboratory and transfers."""

from pydantic import field_validator

from protocol.reading.documents import Document
from simulate.scenario.sections.field_checks import count
from simulate.scenario.sections.parameter import NotNegative, Parameter, Positive, Probability


class Surgery(Document):
    """Micro-TESE and handling of sperm.

    Testosterone after surgery is ``testosterone_kept`` times that before, log-normal between
    patients. ``one_side_share`` of patients with sperm need one testis opened; patients without
    have both. A couple whose frozen sperm does not survive thawing has no ICSI.
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
    """From oocytes to embryos: each stage keeps a proportion of the previous stage.

    ``couple_log_odds_sd`` is the variation of fertilisation and embryo quality between couples,
    which makes oocytes of one couple correlated; ``azfc`` is added to the log odds of a
    transferable embryo there. A couple has between 1 and ``max_oocytes`` oocytes, and at least one
    transferable embryo.
    """

    oocytes: Positive
    oocytes_sd: Positive
    max_oocytes: Positive
    oocytes_per_partner_year: Parameter
    maturation: Probability
    fertilisation: Probability
    cleavage: Probability
    transferable_day3: Probability
    blastocyst: Probability
    azfc: Parameter
    couple_log_odds_sd: NotNegative
    two_embryo_share: Probability

    @field_validator("max_oocytes")
    @classmethod
    def _a_count(cls, given: Parameter) -> Parameter:
        return count(given, 100)


class Fertility(Document):
    """From sperm to live birth, per couple.

    ``willing_share`` of couples with sperm proceed to ICSI. The log odds of a clinical pregnancy
    per transfer rise by ``transfer_second_embryo`` if two embryos are transferred.
    """

    willing_share: Probability
    transfer_intercept: Parameter
    transfer_per_partner_year: Parameter
    partner_age_centre_years: Positive
    transfer_azfc: Parameter
    transfer_second_embryo: Parameter
    couple_log_odds_sd: NotNegative
    max_transfers: Positive
    biochemical_loss: Probability
    miscarriage: Probability

    @field_validator("max_transfers")
    @classmethod
    def _a_count(cls, given: Parameter) -> Parameter:
        return count(given, 50)
