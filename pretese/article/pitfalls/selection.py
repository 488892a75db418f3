"""Selection: excluded responders, patients who stop, outcomes ascertained in one arm only."""

from estimate.causal.hidden_bias.sensitivity import (
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

OPERATED = Estimand("patients operated on", "gonadotropin_therapy 1 vs 0", "sperm_retrieved", "")
STARTED = Estimand("patients who started", "gonadotropin_therapy 1 vs 0", "any_sperm", "")


def counts(published: PublishedStudy) -> tuple[TwoByTwo, TwoByTwo, int]:
    """Return retrieval in operated patients, any sperm in all patients, and responders."""
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


def responders_excluded(replicates: int, seed: int, published: PublishedStudy) -> Pitfall:
    """Condition on surgery, which therapy prevents in some patients."""
    drawn, again = (
        Drawn.of(name, replicates, seed) for name in ("responders-removed", "retest-controls")
    )
    answer = unadjusted_odds_ratio(drawn.operated())
    operated, _, responders = counts(published)
    bounds = never_responder_bounds(operated, responders)
    return Pitfall(
        "responders-excluded",
        "Responders are excluded from the denominator",
        ("responders-removed", "retest-controls"),
        "Therapy has no effect on sperm and treatment is randomised. What does retrieval in "
        "operated patients show if only treated patients have a semen analysis before surgery?",
        (
            mean_ratio("true odds ratio of any sperm", drawn.truth()),
            mean_ratio("odds ratio of retrieval in operated patients", answer.estimate),
            share_of("of them significant at 5 %", answer.p_value < 0.05),
            mean_ratio(
                "odds ratio of any sperm, all patients",
                unadjusted_odds_ratio(drawn.data()).estimate,
            ),
            mean_ratio(
                "odds ratio in operated patients, semen analysis in both arms",
                unadjusted_odds_ratio(again.operated()).estimate,
            ),
            Figure(
                "printed counts: risk difference in patients who would not respond before "
                "surgery, lower bound",
                100 * float(bounds.low),
                "percentage points",
            ),
            Figure("the same, upper bound", 100 * float(bounds.high), "percentage points"),
        ),
        "Surgery follows therapy and depends on it, so operated patients are not comparable "
        "between the arms: the treated arm lacks those with the best prognosis. Analyse all "
        "patients who started, ascertain the outcome alike in both arms, or bound the effect in "
        "the principal stratum of patients who would be operated on under both.",
    )


def several_estimands(published: PublishedStudy) -> Pitfall:
    """Show that one cohort has several estimands, from printed counts only."""
    operated, started, _ = counts(published)
    given = given_diagnosis(published)
    return Pitfall(
        "several-estimands",
        "One cohort, several odds ratios",
        (),
        "Which effects follow from the printed counts, by population, outcome and adjustment?",
        (
            Figure(
                "odds ratio of retrieval in operated patients",
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
        "They differ because their estimands differ: population, outcome, adjustment. With sperm "
        "in a fifth of untreated patients, an odds ratio is far from the risk ratio. State the "
        "estimand, and report absolute risks first.",
    )  # fmt: skip


def unequal_ascertainment(published: PublishedStudy) -> Pitfall:
    """Count the undetected outcomes in the untreated arm that would remove significance."""
    _, started, _ = counts(published)
    tipping = ascertainment_tipping_point(started, STARTED)
    missed = int(started.untreated_no) if tipping is None else int(tipping)
    half = ascertainment(started, missed // 2, STARTED)
    return Pitfall(
        "unequal-ascertainment",
        "An outcome ascertained in one arm only",
        (),
        "Any sperm includes all who started, but untreated patients had no second semen analysis. "
        "How sensitive is the effect to that?",
        (
            Figure(
                "odds ratio of any sperm as counted",
                float(odds_ratio(started, STARTED).estimate), "ratio",
            ),
            Figure(
                f"the same, if {missed // 2} of the {int(started.untreated_no)} untreated patients "
                "counted as without sperm had sperm",
                float(half.estimate), "ratio",
            ),
            Figure(
                "proportion of them with sperm at which the 95 % interval reaches 1",
                100 * missed / float(started.untreated_no), "percent",
            ),
        ),
        "Azoospermia can resolve spontaneously. The figures show how fast the effect shrinks if a "
        "few untreated patients had sperm; only a semen analysis in both arms settles it.",
    )  # fmt: skip


def completers(replicates: int, seed: int) -> Pitfall:
    """Count only completers as treated."""
    drawn = Drawn.of("completers-only", replicates, seed)
    finished = drawn.cohort.paths[1].course.completed
    stayed = unadjusted_odds_ratio(drawn.data(include=~drawn.gonadotropin_therapy | finished))
    everyone = unadjusted_odds_ratio(drawn.data())
    return Pitfall(
        "completers-only",
        "Only completers are counted as treated",
        ("completers-only",),
        "Therapy has no effect and is randomised, but patients with a poor prognosis stop early. "
        "What if they are excluded?",
        (
            mean_ratio("true odds ratio", drawn.truth()),
            mean_ratio("odds ratio, completers against untreated", stayed.estimate),
            share_of("of them significant at 5 %", stayed.p_value < 0.05),
            mean_ratio("odds ratio, all who started", everyone.estimate),
            share_of("of them significant at 5 %, all who started", everyone.p_value < 0.05),
        ),
        "Completion depends on therapy and prognosis. Follow-up starts at the treatment decision "
        "in both arms; patients who stop remain in their arm.",
    )


def given_diagnosis(published: PublishedStudy) -> Estimate:
    """Return the odds ratio of retrieval adjusted for diagnosis, from totals."""
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
