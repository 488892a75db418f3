"""Who is counted: responders who leave, men who stop, outcomes looked for in one arm only."""

from estimate.causal.sensitivity import (
    ascertainment,
    ascertainment_tipping_point,
    never_responder_bounds,
)
from estimate.comparison.contingency import TwoByTwo, odds_ratio, risk_difference, risk_ratio
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate
from estimate.published.table_margins import odds_ratio_from_margins
from pretese.article.pitfalls.pitfall_result import Figure, Pitfall, mean_ratio, share_of
from pretese.article.pitfalls.simulated_studies import Drawn, unadjusted_odds_ratio
from pretese.article.published import PublishedStudy
from simulate.core.coding import DIAGNOSES

OPERATED = Estimand("men operated", "gn 1 vs 0", "sperm_retrieved", "")
STARTED = Estimand("men who started", "gn 1 vs 0", "any_sperm", "")


def counts(published: PublishedStudy) -> tuple[TwoByTwo, TwoByTwo, int]:
    """Return retrieval of men operated on, any sperm of all men, and responders before surgery."""
    number = published.number
    treated, untreated = (int(number(f"table1.n.{a}").value) for a in ("treated", "untreated"))
    yes1, yes0 = (
        int(number(f"table1.retrieved.{a}.count").value) for a in ("treated", "untreated")
    )
    anyone = int(number("derived.any_sperm.treated.count").value)
    responders = anyone - yes1
    return (
        TwoByTwo.of(yes1, treated - yes1, yes0, untreated - yes0),
        TwoByTwo.of(anyone, treated - yes1, yes0, untreated - yes0),
        responders,
    )


def responders_leave(replicates: int, seed: int, published: PublishedStudy) -> Pitfall:
    """Condition on surgery, which therapy itself prevents in some men."""
    drawn, again = (
        Drawn.of(name, replicates, seed) for name in ("responders-removed", "retest-controls")
    )
    answer = unadjusted_odds_ratio(drawn.operated())
    operated, _, responders = counts(published)
    bounds = never_responder_bounds(operated, responders)
    return Pitfall(
        "responders-leave",
        "Men whom therapy spares surgery leave the denominator",
        ("responders-removed", "retest-controls"),
        "Therapy changes nobody's sperm and a coin decides who has it. What does retrieval among "
        "operated men say, if only treated men have their semen checked before surgery?",
        (
            mean_ratio("true odds ratio of any sperm", drawn.truth()),
            mean_ratio("odds ratio of retrieval among operated men", answer.estimate),
            share_of("of them significant at 5 %", answer.p_value < 0.05),
            mean_ratio(
                "odds ratio of any sperm, all men", unadjusted_odds_ratio(drawn.men()).estimate
            ),
            mean_ratio(
                "odds ratio among operated men, semen of the untreated checked too",
                unadjusted_odds_ratio(again.operated()).estimate,
            ),
            Figure(
                "printed counts: risk difference in men who would not respond before surgery, "
                "lowest possible",
                100 * float(bounds.low),
                "percentage points",
            ),
            Figure("the same, highest possible", 100 * float(bounds.high), "percentage points"),
        ),
        "Surgery comes after therapy and depends on it, so operated men are not the same men in "
        "both arms: the treated have lost those with the best prospects. Count every man who "
        "started, check both arms alike, or bound the effect in men who would be operated on "
        "either way.",
    )


def several_estimands(published: PublishedStudy) -> Pitfall:
    """Show that one cohort answers several questions, from printed counts alone."""
    operated, started, _ = counts(published)
    given = given_diagnosis(published)
    return Pitfall(
        "several-estimands",
        "One cohort, several odds ratios",
        (),
        "What do the printed counts say, with which men counted and given what?",
        (
            Figure(
                "odds ratio of retrieval among operated men",
                float(odds_ratio(operated, OPERATED).estimate), "ratio",
            ),
            Figure(
                "the same as a risk ratio",
                float(risk_ratio(operated, OPERATED).estimate), "ratio",
            ),
            Figure(
                "the same as a risk difference",
                100 * float(risk_difference(operated, OPERATED).estimate), "percentage points",
            ),
            Figure("odds ratio of retrieval given diagnosis", float(given.estimate), "ratio"),
            Figure(
                "odds ratio of any sperm, all who started",
                float(odds_ratio(started, STARTED).estimate), "ratio",
            ),
        ),
        "They differ because the questions differ: which men, which sperm, given what. With sperm "
        "in a fifth of untreated men an odds ratio is far from the risk ratio. State the estimand, "
        "and give absolute risks first.",
    )  # fmt: skip


def unequal_checks(published: PublishedStudy) -> Pitfall:
    """Ask how many untreated men with unseen sperm would change the answer."""
    _, started, _ = counts(published)
    tipping = ascertainment_tipping_point(started, STARTED)
    missed = int(started.untreated_no) if tipping is None else int(tipping)
    half = ascertainment(started, missed // 2, STARTED)
    return Pitfall(
        "unequal-checks",
        "An outcome looked for in one arm only",
        (),
        "Any sperm counts all who started, but the untreated had no second semen analysis. How "
        "much rests on that?",
        (
            Figure(
                "odds ratio of any sperm as counted",
                float(odds_ratio(started, STARTED).estimate), "ratio",
            ),
            Figure(
                f"the same, had {missed // 2} of the {int(started.untreated_no)} untreated men "
                "counted as without sperm shown some",
                float(half.estimate), "ratio",
            ),
            Figure(
                "share of those men who must show some for the 95 % interval to reach 1",
                100 * missed / float(started.untreated_no), "percent",
            ),
        ),
        "Azoospermia can pass by itself. The count says how fast the effect shrinks if a few "
        "untreated men had been found to have sperm; only a check in both arms settles it.",
    )  # fmt: skip


def completers(replicates: int, seed: int) -> Pitfall:
    """Count as treated only those who finish."""
    drawn = Drawn.of("completers-only", replicates, seed)
    finished = drawn.cohort.paths[1].course.completed
    stayed = unadjusted_odds_ratio(drawn.men(include=~drawn.gn | finished))
    everyone = unadjusted_odds_ratio(drawn.men())
    return Pitfall(
        "completers-only",
        "Only those who finish therapy are counted as treated",
        ("completers-only",),
        "Therapy does nothing and a coin decides, but men with little hope stop early. What if "
        "they are not counted?",
        (
            mean_ratio("true odds ratio", drawn.truth()),
            mean_ratio("odds ratio, finishers against untreated", stayed.estimate),
            share_of("of them significant at 5 %", stayed.p_value < 0.05),
            mean_ratio("odds ratio, all who started", everyone.estimate),
            share_of("of them significant at 5 %, all who started", everyone.p_value < 0.05),
        ),
        "Finishing is a consequence of therapy and of prognosis. Both arms begin at the decision; "
        "who stops stays in his arm.",
    )


def given_diagnosis(published: PublishedStudy) -> Estimate:
    """Return the odds ratio of retrieval given diagnosis, from totals."""
    number = published.number
    treated = [number(f"table1.diagnosis.{d}.treated.count").value for d in DIAGNOSES]
    untreated = [number(f"table1.diagnosis.{d}.untreated.count").value for d in DIAGNOSES]
    # Retrieval in cryptorchidism is not printed; it follows by subtraction.
    names = [f"retrieved.diagnosis.{d}.count" for d in DIAGNOSES]
    derived = [f"derived.retrieved.{d}.count" for d in DIAGNOSES]
    pairs = zip(names, derived, strict=True)
    yes = [number(a if a in published.numbers else b).value for a, b in pairs]
    in_arm = [number(f"table1.retrieved.{a}.count").value for a in ("treated", "untreated")]
    return odds_ratio_from_margins(treated, untreated, yes, (in_arm[0], in_arm[1]), OPERATED)
