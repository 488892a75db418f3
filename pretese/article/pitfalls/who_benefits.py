"""Heterogeneity: many subgroups, data-driven cuts, mediation confused with moderation."""

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
    """Test eight interactions and seven cuts of one variable without any true interaction."""
    drawn = Drawn.of("mediation-direct", replicates, seed)
    data = drawn.data(covariates=EVERYTHING)
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
        "Therapy has the same odds ratio in all patients. How often is an interaction significant?",
        (
            mean_ratio("covariate-adjusted odds ratio", given_all(data).estimate),
            mean_of("a single interaction below 0.05, mean of eight", single, "percent"),
            share_of("at least one of eight below 0.05", some),
            share_of(
                "at least one of these or of eight additive interactions (RERI)",
                some | (additive < 0.05).any(-1),
            ),
            share_of("at least one after Holm's correction", (holm < 0.05).any(-1)),
            share_of("best of seven cuts of one variable below 0.05", (cut < 0.05).any(-1)),
        ),
        "With eight tests a chance finding is expected. Specify subgroups and cuts in advance, "
        "test the interaction instead of each group, and correct for multiplicity. Effects cannot "
        "be homogeneous on the odds-ratio and on the additive scale: choose one scale.",
    )


def mediation_is_not_moderation(replicates: int, seed: int) -> Pitfall:
    """Compute the effect of a group mediated by uptake, with and without moderation."""
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
        "The exposure is a patient group, the mediator is therapy. In the first scenario therapy "
        "has the same odds ratio in all patients, but patients with a known cause "
        f"({', '.join(DIAGNOSES[1:])}) choose it more often. In the second it helps only patients "
        "with long infertility, who choose it about equally often.",
        (
            _uptake("known cause, same response: difference in uptake", uptake, cause),
            mean_of("effect mediated by therapy, known cause", alike[0], "percentage points"),
            share_of("mediated effect significant at 5 %, known cause", alike[1] < 0.05),
            share_of(
                "interaction significant at 5 %, known cause", _interaction_p(uptake, cause) < 0.05
            ),
            _uptake("long infertility, only responders: difference in uptake", response, long),
            mean_of("effect mediated by therapy, long infertility", unlike[0], "percentage points"),
            share_of("mediated effect significant at 5 %, long infertility", unlike[1] < 0.05),
            share_of(
                "interaction significant at 5 %, long infertility",
                _interaction_p(response, long) < 0.05,
            ),
        ),
        "The mediated effect is the difference in uptake times the effect of therapy. A group that "
        "responds better but does not choose therapy more often has no mediated effect. Whether a "
        "group responds better is tested by the interaction.",
    )


def one_average(replicates: int, seed: int) -> Pitfall:
    """Average over patients with a large effect and patients with none."""
    drawn = Drawn.of("effect-by-duration", replicates, seed)
    return Pitfall(
        "one-average",
        "An average effect that describes no subgroup",
        ("effect-by-duration",),
        "Therapy helps only patients with long infertility. What is the average effect?",
        (
            mean_ratio("true odds ratio, all patients", drawn.truth()),
            mean_ratio(
                "true odds ratio, long infertility", drawn.truth("any_sperm.long_infertility")
            ),
            mean_ratio(
                "true odds ratio, short infertility", drawn.truth("any_sperm.short_infertility")
            ),
        ),
        "The average describes neither group. Report a prespecified subgroup analysis with its "
        "interaction test.",
    )


def _above(drawn: Drawn, name: str, at: float) -> Bools:
    values = drawn.cohort.patients.baseline[name]
    return np.asarray(values > np.quantile(values, at, axis=-1, keepdims=True))


def _interaction_p(drawn: Drawn, group: Bools) -> Floats:
    data = drawn.data(covariates=EVERYTHING)
    return interaction_test(data, group[..., None].astype(float)).p_value


def _uptake(words: str, drawn: Drawn, group: Bools) -> Figure:
    inside, outside = (
        (drawn.gonadotropin_therapy & each).sum(-1) / each.sum(-1) for each in (group, ~group)
    )
    return mean_of(words, 100 * (inside - outside), "percentage points")


def _mediated(drawn: Drawn, group: Bools, seed: int) -> tuple[Floats, Floats]:
    """Return the mediated effect in percentage points and its P, without covariates."""
    found = mediate(
        group, drawn.gonadotropin_therapy, drawn.cohort.observed("any_sperm"),
        np.random.default_rng([seed, len(EFFECTS)]),
        names=("group", "therapy", "any sperm"), draws=DRAWS,
    ).effects["acme"]  # fmt: skip
    return 100 * found.plug_in, found.p_value
