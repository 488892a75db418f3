"""Drafts with too few replicates, and upper limits of proportions of zero."""

from pretese.trial.power.decision_verdict import draft_words
from pretese.trial.views.measure_words import cell


def document(replicates, exact=None):
    point = {"participants": 90, "replicates": replicates, "exact": exact}
    points = [{**point, "effect_percent": each} for each in (0.0, 100.0)]
    return {"points": points, "sample_size_search": None, "boundaries": {"alpha": 0.05}}


def test_a_study_states_how_many_replicates_a_conclusion_needs():
    assert draft_words(document(160)) == (
        "Draft: 160 replicates are too few for a conclusion (needed: power 1,600, type I error "
        "7,600, coverage 1,900)."
    )
    assert draft_words(document(10_000)) == ""


def test_an_exact_type_one_error_needs_no_replicates():
    exact = {"power": 0.05, "power_mcse": 0.0}
    assert draft_words(document(2000, exact)) == ""
    assert "coverage" in draft_words(document(200, exact))
    simulated = {"power": 0.05, "power_mcse": 0.001}
    assert "type I error" in draft_words(document(2000, simulated))


def test_a_proportion_of_zero_has_an_upper_limit():
    none = {"value": 0.0, "mcse": 0.0, "n": 1000}
    assert cell(none, share=True, counted=True) == "0 (< 0.37)"
    assert cell(none, share=True) == "0"
