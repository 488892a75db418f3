"""All pitfalls in order."""

from collections.abc import Callable

from pretese.article.pitfalls import confounding as adjustment
from pretese.article.pitfalls import icsi_outcomes as outcomes
from pretese.article.pitfalls import selection
from pretese.article.pitfalls import weights_and_scores as weighting
from pretese.article.pitfalls import who_benefits as heterogeneity
from pretese.article.pitfalls.pitfall_result import Pitfall
from pretese.article.published import load_published

#: The article whose design is analysed.
ARTICLE = "rbe-2022-00934"


def all_pitfalls(
    replicates: int, seed: int, tell: Callable[[int, int], None] = lambda done, of: None
) -> list[Pitfall]:
    """Return every pitfall with its figures.

    Parameters
    ----------
    replicates
        Simulated studies per scenario, at least 2; imputation, matching and mediation use at most
        40 or 100 of them, and their errors show it.
    tell
        Called with the number of pitfalls done, and their total.
    """
    published = load_published(ARTICLE)
    steps: tuple[Callable[[], Pitfall], ...] = (
        lambda: selection.responders_excluded(replicates, seed, published),
        lambda: selection.unequal_ascertainment(published),
        lambda: selection.several_estimands(published),
        lambda: selection.completers(replicates, seed),
        lambda: adjustment.strong_confounding(replicates, seed),
        lambda: adjustment.hidden_confounder(replicates, seed),
        lambda: adjustment.conditional_is_not_marginal(replicates, seed),
        lambda: weighting.naive_weighted_error(replicates, seed),
        lambda: weighting.weights_and_covariates(replicates, seed),
        lambda: weighting.score_beside_covariates(replicates, seed),
        lambda: adjustment.default_matching(replicates, seed),
        lambda: adjustment.fragile_significance(replicates, seed, published),
        lambda: heterogeneity.one_average(replicates, seed),
        lambda: heterogeneity.many_subgroups(replicates, seed),
        lambda: heterogeneity.mediation_is_not_moderation(replicates, seed),
        lambda: outcomes.missing_values(replicates, seed),
        lambda: outcomes.missing_not_at_random(replicates, seed),
        lambda: outcomes.embryos_as_units(replicates, seed),
        lambda: outcomes.couples_who_stop(replicates, seed),
        lambda: outcomes.significant_studies(replicates, seed),
    )
    found = []
    for step in steps:
        found.append(step())
        tell(len(found), len(steps))
    return found
