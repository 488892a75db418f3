"""The design file: shipped files are valid, and faults are reported."""

import pytest

import pretese
from pretese.trial.design.design_reader import read_design
from protocol.errors import InputError

GOOD = """
id: plain
title: A plain trial
question: Does it work?
participants: 300
risks: {control_percent: 40, treated_percent: 55}
sites: [{name: one, from_month: [0], recruitment_per_year: [60]}]
endpoint: {endpoint_month: 4}
"""

YE = "method: g-computation-randomised"

RESIZED = "monitoring: {{analyses_percent: [50, 100], reestimation: {{{}}}}}"

SEVERAL = GOOD.replace("risks: {control_percent: 40, treated_percent: 55}", "scenario: rct-two-arm")
SEVERAL += "secondary: [{endpoint: {variable: live_birth, endpoint_month: 24}}]\n"

STRATUM = GOOD.replace("risks: {control_percent: 40, treated_percent: 55}", "scenario: rct-two-arm")
STRATUM = STRATUM.replace(
    "{endpoint_month",
    "{variable: sperm_retrieved, sperm_in_ejaculate: principal stratum, endpoint_month",
)


def read(tmp_path, text):
    path = tmp_path / "design.yaml"
    path.write_text(text)
    return read_design(path)[0]


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


#: Designs of other kinds than one comparison of two arms.
OTHERS = {"three-arms-live-birth", "enrichment-long-infertility", "bayesian-borrowed-controls"}


@pytest.mark.parametrize("name", sorted(set(pretese.shipped().designs) - OTHERS))
def test_shipped_designs_are_valid_and_named_like_their_files(name):
    design, sha256 = read_design(name)
    assert design.id == name
    assert len(sha256) == 64


def test_the_shipped_designs_are_complete():
    assert set(pretese.shipped().designs) == {
        "superiority-any-sperm",
        "superiority-retrieval-only",
        "placebo-ufsh",
        "clomiphene-second-tese",
        "three-analyses",
        "minimisation-eight-sites",
        "re-estimation",
        "three-endpoints",
        "four-estimands",
        "time-to-live-birth",
        "who-benefits",
        *OTHERS,
    }


def test_analyses_fall_on_whole_blocks(tmp_path):
    analyses = "monitoring: {analyses_percent: [33, 66, 100]}"
    assert read(tmp_path, GOOD + analyses).analyses_at(300) == (100, 200, 300)
    blocks_of_six = "randomisation: {block_sizes: [6]}\n"
    assert read(tmp_path, GOOD + blocks_of_six + analyses).analyses_at(300) == (96, 198, 300)


@pytest.mark.parametrize(("sides", "errors"), [(1, "0.1, 1, 2.5"), (2, "0.2,2,5")])
def test_cumulative_alpha_may_be_a_list(tmp_path, sides, errors):
    # rpact 3.3.4: user spending of 0.001, 0.01, 0.025 (one side) at analyses of 30, 60, 100 %;
    # computed by tests/reference/r/inline_constants.R.
    alpha = errors.split(",")[-1]
    analyses = (
        f"monitoring: {{analyses_percent: [30, 60, 100], sides: {sides}, alpha_percent: {alpha}, "
        f"efficacy: 'user({errors})'}}"
    )
    upper = read(tmp_path, GOOD + analyses).monitoring.plan().upper
    assert upper == pytest.approx([3.0902323, 2.3448247, 2.0553247], abs=2e-6)


def test_the_estimand_names_every_event_and_its_strategy(tmp_path):
    words = str(read(tmp_path, GOOD).estimand)
    assert "risk difference of any sperm" in words
    assert "sperm in the ejaculate, no operation: composite variable" in words
    excluded = str(read_design("superiority-retrieval-only")[0].estimand)
    assert "among operated participants" in excluded
    assert "no operation: excluded from the analysis" in excluded


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GOOD + "monitoring: {analyses_percent: [60, 50, 100]}",
            "give percentages above 0 in rising order",
        ),
        (GOOD + "monitoring: {analyses_percent: [50, 120]}", "after the end"),
        (GOOD + "monitoring: {analyses_percent: [50, 90]}", "give 100 as the last"),
        (GOOD + "monitoring: {analyses_percent: []}",
         "analyses_percent: [] is not allowed; give"),
        (GOOD + "allocation: [1, 500]", "exceeds the sample size"),
        (GOOD + "monitoring: {analyses_percent: [50.1, 50.2, 100]}", "coincide"),
        (GOOD + f"monitoring: {{analyses_percent: {list(range(101))}}}", "at most 100 items"),
        (GOOD + "monitoring: {alpha_percent: 200}", "less than 50"),
        (GOOD + "monitoring: {alpha_percent: 0}", "greater than"),
        (GOOD + "monitoring: {futility: OF}", "one side"),
        (GOOD + "monitoring: {efficacy: OBF}", "'OBF' is not understood"),
        (GOOD + "monitoring: {efficacy: HSD}", "monitoring.efficacy or futility: HSD needs it"),
        (GOOD + "monitoring: {analyses_percent: [50, 100], efficacy: 'user(1,4)'}",
         "does not spend all of 5 percent"),
        (GOOD + "monitoring: {analyses_percent: [50, 100], efficacy: 'user(1,2,5)'}",
         "give 2 numbers in rising order, the last 5"),
        (GOOD + "monitoring: {analyses_percent: [50, 100], efficacy: 'user(6,5)'}", "falls"),
        (GOOD + "monitoring: {analyses_percent: [50, 100], sides: 1, futility: 'user(1,5)'}",
         "does not spend all of beta, 20 percent"),
        (SEVERAL + "monitoring: {analyses_percent: [50, 100], efficacy: 'user(1,5)'}",
         "which several endpoints need"),
        (GOOD + "monitoring: {sides: 1, futility: HP(3)}", "is not an error-spending function"),
        (GOOD + RESIZED.format("at_analysis: 2, max_percent: 200"), "no analysis follows"),
        (GOOD + RESIZED.format("at_analysis: 1, max_percent: 50"), "min_percent exceeds"),
        (GOOD + RESIZED.format("at_analysis: 1, max_percent: 0"), "greater than"),
        (GOOD + RESIZED.format("at_analysis: 1"), "max_percent"),
        (GOOD + RESIZED.format("at_analysis: 1, max_percent: 200, assume: {control_percent: 40, "
                               "treated_percent: 40}"), "the assumed risks have no effect"),
        (changed("risks: {control_percent: 40, treated_percent: 55}", "scenario: rct-two-arm")
         + RESIZED.format("at_analysis: 1, max_percent: 200"), "no planned risks"),
        (SEVERAL + "monitoring: {analyses_percent: [50, 100], efficacy: WT(0.25)}",
         "which several endpoints need"),
        (SEVERAL + "multiplicity: {method: holm}\n"
         + RESIZED.format("at_analysis: 1, max_percent: 200, assume: observed"),
         "all alpha to the primary endpoint"),
        (SEVERAL
         + "monitoring: {analyses_percent: [50, 100], sides: 1, futility: OF, binding: true}",
         "do not allow binding futility"),
        (SEVERAL.replace("live_birth", "any_sperm"), "the same name"),
        (GOOD + "multiplicity: {method: holm}", "needs secondary endpoints"),
        (GOOD + SEVERAL.splitlines()[-1], "have one endpoint"),
        (SEVERAL + "multiplicity: {method: fallback}", "fallback has no weights"),
        (SEVERAL + "multiplicity: {method: holm, weights_percent: [50, 50]}", "give no weights"),
        (SEVERAL + "multiplicity: {method: fallback, weights_percent: [80, 30]}", "sum to 1.1"),
        (SEVERAL + "multiplicity: {method: fallback, weights_percent: [80]}", "sizes differ"),
        (SEVERAL + "multiplicity: {method: graph, weights_percent: [50, 50], "
         "transitions_percent: [[100, 0], [0, 0]]}", "the diagonal is not 0"),
        (GOOD + "allocation: [1, 0]", "greater than or equal to 1"),
        (changed("recruitment_per_year: [60]", "recruitment_per_year: [0]"),
         "the site never opens"),
        (changed("from_month: [0]", "from_month: [0, 3]"), "one rate per knot"),
        (changed("[{name: one, from_month: [0], recruitment_per_year: [60]}]", "[]"), "at least 1"),
        (GOOD + "randomisation: {method: stratified}", "name factors in `by`"),
        (GOOD + "randomisation: {method: simple, by: [site]}", "leave `by` out"),
        (GOOD + "analysis: {method: mantel-haenszel}", "takes strata"),
        (GOOD + f"analysis: {{{YE}, covariates: [age]}}", "is not a baseline value"),
        (GOOD + f"analysis: {{{YE}, strata: [diagnosis]}}", "fixed event rates"),
        (GOOD + "analysis: {method: standardised}", "did you mean 'g-computation-randomised'?"),
        (GOOD + "analysis: {method: aipw}", "`pretese analyse` and `pretese recover` alone offer"),
        (STRATUM.replace("principal stratum", "principal stratum, missing: failure"),
         "cannot count participants as failures"),
        (STRATUM.replace("principal stratum", "principal stratum, treatment_switching: composite"),
         "cannot count participants"),
        (STRATUM + "analysis: {method: logistic}", "needs the method unadjusted"),
        (GOOD + "analysis: {method: mixed}", "mixed needs two sites"),
        (GOOD + "analysis: {method: mixed, strata: [site]}", "leave site out of strata"),
        (GOOD + "scenario: paper", "one of the two"),
        (GOOD + "prior: [{effect_percent: 0, weight_percent: 50}]", "do not sum to 100"),
        (changed("participants: 300", "particpants: 300"), "did you mean 'participants'?"),
        (changed("endpoint_month: 4", "variable: sperm_retrieved, endpoint_month: 4"),
         "is a strategy for sperm_retrieved"),
    ],
)  # fmt: skip
def test_a_bad_design_states_what_is_wrong(tmp_path, text, message):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
    assert "design.yaml" in str(caught.value)


def test_a_fault_is_reported_once(tmp_path):
    with pytest.raises(InputError) as caught:
        read(tmp_path, changed("recruitment_per_year: [60]", "recruitment_per_year: [0]"))
    assert len(caught.value.faults) == 1
    twice = "[{name: one, from_month: [0], recruitment_per_year: [60]}]"
    twice = changed(twice, f"{twice[:-1]}, {twice[1:]}")
    with pytest.raises(InputError, match="its fields do not agree; two sites have the same name"):
        read(tmp_path, twice)


def test_more_strata_than_participants_are_refused(tmp_path):
    sites = ", ".join(
        f"{{name: s{i}, from_month: [0], recruitment_per_year: [6]}}" for i in range(20)
    )
    text = changed("[{name: one, from_month: [0], recruitment_per_year: [60]}]", f"[{sites}]")
    text = text.replace(
        "risks: {control_percent: 40, treated_percent: 55}", "scenario: rct-two-arm"
    )
    text = text.replace("participants: 300", "participants: 100")
    text += "randomisation: {method: stratified, by: [site, diagnosis]}"
    with pytest.raises(InputError, match="80 strata are too many for 100 participants"):
        read(tmp_path, text)
