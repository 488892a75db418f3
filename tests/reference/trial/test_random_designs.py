"""Random unadjusted designs, fixed and sequential, simulated against exact enumeration.

`python -m benchmarks.trial.exact_power` does the same with 50 designs and far more trials each.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks.trial.exact_power import describe, score_designs
from pretese.trial.design.enumeration import why_not_enumerated

DOCS = Path(__file__).parents[3] / "docs"


@dataclass(frozen=True)
class Drawn:
    """Trials of each design, their simulation, and an error of power that must be detected."""

    patient_level: bool
    trials: int
    error: float


@pytest.fixture(
    scope="module", params=[Drawn(True, 300, 0.04), Drawn(False, 8_000, 0.008)],
    ids=["participants", "counts"],
)  # fmt: skip
def drawn(request):
    return request.param


@pytest.fixture(scope="module")
def scores(drawn):
    return score_designs(24, drawn.trials, 7, patient_level=drawn.patient_level)


def test_designs_of_every_kind_are_drawn(scores):
    assert {len(each.design.monitoring.analyses_percent) for each in scores} >= {1, 2, 3}
    assert {each.effect for each in scores} == {0.0, 0.5, 1.0}
    assert {each.design.monitoring.sides for each in scores} == {1, 2}
    assert any(each.design.monitoring.futility for each in scores)
    assert any(each.design.dropout.control_percent for each in scores)
    assert all(why_not_enumerated(each.design) is None for each in scores)


def test_scores_against_exact_power_are_standard_normal(scores):
    z = np.array([each.z for each in scores])
    assert stats.kstest(z, "norm").pvalue > 0.001
    assert stats.chi2.sf((z**2).sum(), z.size) > 0.001
    assert abs(z.mean()) < 3.3 / np.sqrt(z.size)
    assert np.abs(z).max() < 4


def test_a_slightly_wrong_power_is_detected(scores, drawn):
    """The test can fail: a slightly wrong simulator gives different scores."""
    off = [
        (each.simulated + drawn.error - each.exact)
        / np.sqrt(each.exact * (1 - each.exact) / drawn.trials)
        for each in scores
    ]
    assert stats.chi2.sf((np.array(off) ** 2).sum(), len(off)) < 1e-6


def test_the_page_and_the_program_describe_scores_alike():
    page = (DOCS / "explanation" / "exact-power.md").read_text(encoding="utf-8")
    words = describe(np.array([0.5, -0.5])).split("; ")
    for part in ("mean", "standard deviation", "Kolmogorov-Smirnov p", "Anderson-Darling"):
        assert part in " ".join(words)
        assert part in page
    assert (DOCS / "images" / "exact-power.png").exists()
