"""Who benefits: many subgroups, chosen cuts, and mediation taken for a difference in effect."""

import numpy as np

from estimate.core.arrays import Bools, Floats
from estimate.heterogeneity.additive import additive_from_data
from estimate.heterogeneity.subgroups import adjust_p_values, interaction_test
from estimate.mediation.effects import EFFECTS
from estimate.mediation.mediation_analysis import mediate
from pretese.article.pitfalls.pitfall_result import Figure, Pitfall, mean_of, mean_ratio, share_of
from pretese.article.pitfalls.simulated_studies import EVERYTHING, Drawn, given_all
from simulate.core.coding import DIAGNOSES

#: Divided at the median, as subgroups usually are; with diagnosis they are the article's eight.
DIVIDED = (
    "age_years", "infertility_duration_years", "bmi_kg_m2", "testis_volume_ml", "lh_iu_l",
    "fsh_iu_l", "testosterone_nmol_l",
)  # fmt: skip

#: Quantiles at which one variable might be cut.
CUTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)

#: Draws of the coefficients per simulated study.
DRAWS = 400


def many_subgroups(replicates: int, seed: int) -> Pitfall:
    """Test eight interactions, and seven cuts of one variable, where there are none."""
    drawn = Drawn.of("mediation-direct", replicates, seed)
    data = drawn.men(covariates=EVERYTHING)
    groups = [
        (drawn.cohort.patients.diagnosis > 0),
        *(_above(drawn, name, 0.5) for name in DIVIDED),
    ]
    p_values = np.stack([_interaction_p(drawn, each) for each in groups], axis=-1)
    additive = np.stack([additive_from_data(data, each).reri.p_value for each in groups], axis=-1)
    some = (p_values < 0.05).any(-1)
    name = "infertility_duration_years"
    cut = np.stack([_interaction_p(drawn, _above(drawn, name, at)) for at in CUTS], axis=-1)
    single = 100 * (p_values < 0.05).mean(-1)
    holm = adjust_p_values(p_values, "Holm")
    return Pitfall(
        "many-subgroups",
        "Eight subgroups, one of them significant",
        ("mediation-direct",),
        "Therapy multiplies everyone's odds alike. How often is some interaction significant?",
        (
            mean_ratio("odds ratio given all covariates", given_all(data).estimate),
            mean_of("a single interaction below 0.05, mean of eight", single, "percent"),
            share_of("at least one of eight below 0.05", some),
            share_of(
                "at least one of these or of eight additive interactions (RERI)",
                some | (additive < 0.05).any(-1),
            ),
            share_of("at least one after Holm's correction", (holm < 0.05).any(-1)),
            share_of("best of seven cuts of one variable below 0.05", (cut < 0.05).any(-1)),
        ),
        "With eight looks a chance finding is no surprise. Name the subgroups and cuts "
        "beforehand, test the interaction and not each group, and correct for their number. Odds "
        "ratios and additive measures cannot both be free of interaction: choose one scale.",
    )


def mediation_is_not_moderation(replicates: int, seed: int) -> Pitfall:
    """Split the effect of a group through uptake, where groups respond alike, and where not."""
    few = min(replicates, 100)
    uptake = Drawn.of("mediation-direct", few, seed)
    response = Drawn.of("effect-by-duration", few, seed)
    cause = uptake.cohort.patients.diagnosis > 0
    years = response.cohort.scenario.spermatogenesis.treatment.long_infertility_over_years.value
    long = response.cohort.patients.baseline["infertility_duration_years"] > years
    alike, unlike = _mediated(uptake, cause, seed), _mediated(response, long, seed)
    return Pitfall(
        "mediation-is-not-moderation",
        "Mediation through therapy is not a better response to it",
        ("mediation-direct", "effect-by-duration"),
        f"Exposure is a group of men, mediator is therapy. First therapy multiplies everyone's "
        f"odds alike, but men with a known cause ({', '.join(DIAGNOSES[1:])}) choose it more "
        "often. Then it helps only men infertile for long, who choose it about as often.",
        (
            _uptake("known cause, responding alike: difference in uptake", uptake, cause),
            mean_of("their effect mediated by therapy", alike[0], "percentage points"),
            share_of("of them significant at 5 %", alike[1] < 0.05),
            share_of("interaction significant at 5 %", _interaction_p(uptake, cause) < 0.05),
            _uptake("long infertility, responding alone: difference in uptake", response, long),
            mean_of("their effect mediated by therapy, too", unlike[0], "percentage points"),
            share_of("of them significant at 5 %, too", unlike[1] < 0.05),
            share_of("interaction significant at 5 %, too", _interaction_p(response, long) < 0.05),
        ),
        "What is mediated is the difference in uptake times what therapy does. A group that "
        "responds better without choosing therapy more often has no mediated effect. Whether a "
        "group responds better is a question for the interaction.",
    )


def one_average(replicates: int, seed: int) -> Pitfall:
    """Average over men who gain much and men who gain nothing."""
    drawn = Drawn.of("effect-by-duration", replicates, seed)
    return Pitfall(
        "one-average",
        "An average effect that nobody has",
        ("effect-by-duration",),
        "Therapy helps men infertile for long and nobody else. What is the average?",
        (
            mean_ratio("true odds ratio, all men", drawn.truth()),
            mean_ratio(
                "true odds ratio, long infertility", drawn.truth("any_sperm.long_infertility")
            ),
            mean_ratio(
                "true odds ratio, infertility not long", drawn.truth("any_sperm.short_infertility")
            ),
        ),
        "The average describes neither group. A planned subgroup with a tested interaction does.",
    )


def _above(drawn: Drawn, name: str, at: float) -> Bools:
    values = drawn.cohort.patients.baseline[name]
    return np.asarray(values > np.quantile(values, at, axis=-1, keepdims=True))


def _interaction_p(drawn: Drawn, group: Bools) -> Floats:
    data = drawn.men(covariates=EVERYTHING)
    return interaction_test(data, group[..., None].astype(float)).p_value


def _uptake(words: str, drawn: Drawn, group: Bools) -> Figure:
    inside, outside = ((drawn.gn & each).sum(-1) / each.sum(-1) for each in (group, ~group))
    return mean_of(words, 100 * (inside - outside), "percentage points")


def _mediated(drawn: Drawn, group: Bools, seed: int) -> tuple[Floats, Floats]:
    """Return the mediated effect in percentage points and its P, without covariates."""
    found = mediate(
        group, drawn.gn, drawn.cohort.observed("any_sperm"),
        np.random.default_rng([seed, len(EFFECTS)]),
        names=("group", "therapy", "any sperm"), draws=DRAWS,
    ).effects["acme"]  # fmt: skip
    return 100 * found.plug_in, found.p_value
