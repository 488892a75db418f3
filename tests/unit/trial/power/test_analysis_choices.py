"""Analyses of a design by counts and by marginal ratios: exact, simulated, monitored, refused."""

import numpy as np
import pytest

from pretese.trial.design.design_reader import parse_design
from pretese.trial.measures.exact_power import exact_size_power
from pretese.trial.measures.summary import summarise_point
from pretese.trial.power import required_size
from pretese.trial.power.required_size import solve_size
from pretese.trial.simulation.engine import simulate_design
from protocol.errors import InputError

FILE = """
id: choices
title: t
question: q
participants: 100
risks: {control_percent: 40, treated_percent: 70}
sites: [{name: a, from_month: [0], recruitment_per_year: [200]}]
endpoint: {variable: any_sperm, endpoint_month: 4}
"""
PLANS = {
    1: "monitoring: {analyses_percent: [50, 100], alpha_percent: 2.5, sides: 1, futility: z(0)}\n",
    2: "monitoring: {alpha_percent: 5, sides: 2}\n",
}


def _design(analysis: str, sides: int = 2, file: str = FILE):
    return parse_design(file + PLANS[sides] + f"analysis: {{{analysis}}}\n", "choices.yaml")


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("method", ["risk-ratio", "fisher", "barnard", "boschloo"])
def test_simulated_and_exact_power_agree(method: str, sides: int) -> None:
    design = _design(f"method: {method}", sides)
    points = [(100, 0.0), (100, 1.0)]
    for (size, effect), found in simulate_design(
        design, None, points, seed=3, replicates=16_384
    ).items():
        point = summarise_point(design, size, effect, found)
        assert abs(point["exact"]["z"]) < 3.5
        if effect == 0:
            assert point["exact"]["power"] < (0.05 if sides == 2 else 0.025) * 1.09


def test_counts_and_patients_are_analysed_alike() -> None:
    design = _design("method: fisher", 1)
    runs = [
        simulate_design(design, None, [(100, 1.0)], seed=5, replicates=n, patient_level=level)
        for level, n in ((False, 16_384), (True, 1500))
    ]
    counts, patients = (run[100, 1.0] for run in runs)
    for name in ("rejected", "estimate", "std_error"):
        one, other = (getattr(each, name)[np.isfinite(getattr(each, name))] for each in
                      (counts, patients))  # fmt: skip
        assert abs(one.mean() - other.mean()) < 4 * other.std() / np.sqrt(other.size)


def test_the_smallest_size_is_searched_exactly() -> None:
    design = _design("method: fisher")
    found = solve_size(design, None, 0.8, seed=1, replicates=100)
    assert found.stays_from is not None
    assert exact_size_power(design, found.participants) >= 0.8
    assert exact_size_power(design, found.participants - 4) < 0.8


def test_a_marginal_odds_ratio_has_the_truth_of_the_risks() -> None:
    design = _design("method: g-computation-randomised, scale: odds ratio")
    found = simulate_design(design, None, [(100, 1.0)], seed=2, replicates=400)[100, 1.0]
    point = summarise_point(design, 100, 1.0, found)
    odds = np.log(0.7 / 0.3) - np.log(0.4 / 0.6)
    assert point["truth"]["on_scale"]["value"] == pytest.approx(odds, abs=0.05)
    assert abs(found.estimate.mean() - odds) < 0.12  # bias of order 1 / n
    assert design.analysis.summary == "marginal odds ratio"


@pytest.mark.parametrize(
    ("analysis", "more", "words"),
    [
        ("method: barnard, margin_percent: 10", "", "a margin is a risk difference"),
        ("method: fisher, strata: [site]", "", "fisher takes neither covariates nor strata"),
        ("method: logistic, scale: odds ratio", "", "scale is only for g-computation-randomised"),
        ("method: boschloo", "participants: 1200", "computed for up to 1,000 participants"),
    ],
)
def test_what_cannot_be_is_refused_by_name(analysis: str, more: str, words: str) -> None:
    file = FILE.replace("participants: 100", more) if more else FILE
    with pytest.raises(InputError, match=words):
        _design(analysis, file=file)


def test_an_exact_test_refuses_re_estimation() -> None:
    rule = "reestimation: {at_analysis: 1, max_percent: 200}"
    plan = f"monitoring: {{analyses_percent: [50, 100], sides: 1, {rule}}}\n"
    with pytest.raises(InputError, match="re-estimation takes no exact test"):
        parse_design(FILE + plan + "analysis: {method: fisher}\n", "choices.yaml")


def test_a_variance_clustered_by_site_needs_sites_and_no_covariates() -> None:
    with pytest.raises(InputError, match="site-robust needs two sites"):
        _design("method: site-robust")
    two = FILE.replace(
        "sites: [", "sites: [{name: b, from_month: [0], recruitment_per_year: [200]}, "
    )
    design = _design("method: site-robust", file=two)
    found = simulate_design(design, None, [(100, 1.0)], seed=2, replicates=50)[100, 1.0]
    assert np.isfinite(found.estimate).all()
    assert design.analysis.summary == "marginal risk difference"


def test_the_search_for_a_size_ends_where_the_exact_test_does(monkeypatch) -> None:
    """Doubling from 10 participants passes the limit before the answer is enclosed."""
    design = _design("method: barnard")
    free = solve_size(design, None, 0.8, seed=1, replicates=100).participants
    monkeypatch.setattr(required_size, "LARGEST_UNCONDITIONAL", free + 8)
    assert solve_size(design, None, 0.8, seed=1, replicates=100).participants == free
    monkeypatch.setattr(required_size, "LARGEST_UNCONDITIONAL", free - 8)
    with pytest.raises(InputError, match=f"{free - 8} participants do not suffice"):
        solve_size(design, None, 0.8, seed=1, replicates=100)
