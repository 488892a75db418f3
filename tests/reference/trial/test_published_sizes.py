"""Sample sizes for published effects, by closed form, enumeration and simulation.

Two-sided 5 %, 1:1, pooled variance, from the counts of the article (any sperm, retrieval, adjusted
odds ratios) and from the meta-analysis by Boulos (risk ratio 1.10 for retrieval).
"""

import numpy as np
import pytest
from scipy.stats import binom, norm

from estimate.performance.measures import proportion_mcse, z_against
from estimate.sample_size.closed_form import size_two_proportions
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.exact_power import exact_behaviour
from pretese.trial.simulation.engine import simulate_design
from protocol.reading.documents import validate

#: Risks in percent (control, treated), participants per arm at 80 % and at 90 % power.
SIZES = [
    (19.5, 31.2, 216, 289),
    (19.5, 27.8, 410, 549),
    (19.5, 30.4, 248, 332),
    (19.5, 35.9, 116, 155),
    (45.0, 65.0, 96, 128),
    (27.5, 30.25, 4262, 5705),
]

#: Participants per arm at 80 % power with 10 % dropout.
DROPOUT = {
    (19.5, 31.2): 240, (19.5, 27.8): 456, (19.5, 30.4): 276, (19.5, 35.9): 129,
    (45.0, 65.0): 107,
}  # fmt: skip


@pytest.mark.parametrize(("control", "treated", "at80", "at90"), SIZES)
def test_the_closed_form_gives_the_published_size(control, treated, at80, at90):
    for power, size in ((0.8, at80), (0.9, at90)):
        found = size_two_proportions(treated / 100, control / 100, power=power)
        # Risks are printed to a tenth of a percent, which moves a size by up to one part in 100.
        assert abs(int(np.ceil(found.arm1)) - size) <= max(1, 0.01 * size)


def two_arms(participants, control, treated, **changes):
    return validate(
        {
            "id": "published",
            "title": "a published effect",
            "question": "",
            "participants": participants,
            "risks": {"control_percent": control, "treated_percent": treated},
            "randomisation": {"block_sizes": [2]},
            "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [60]}],
            "endpoint": {"endpoint_month": 4},
            **changes,
        },
        DesignFile,
        "test",
    )


def central_power(participants, treated, control):
    """Enumerate counts within 9 standard deviations: pooled z, two-sided 5 %, n per arm."""
    spans = [(p, 9 * np.sqrt(participants * p * (1 - p))) for p in (treated, control)]
    counts = [
        np.arange(
            max(0, int(participants * p - s)), min(participants, int(participants * p + s)) + 1
        )
        for p, s in spans
    ]
    x1, x0 = counts[0][:, None], counts[1]
    pooled = (x1 + x0) / (2 * participants)
    error = np.sqrt(pooled * (1 - pooled) * 2 / participants)
    z = np.divide(x1 - x0, participants * error, out=np.zeros_like(error), where=error > 0)
    masses = [binom.pmf(x, participants, p) for x, (p, _) in zip(counts, spans, strict=True)]
    return float(masses[0] @ (np.abs(z) >= norm.isf(0.025)) @ masses[1])


#: Replicates of every size: power has an MCSE of about 0.3 percentage points.
TRIALS = 20_000


@pytest.mark.parametrize(("control", "treated", "at80", "at90"), SIZES)
def test_simulated_trials_of_that_size_have_about_that_power(control, treated, at80, at90):
    for power, size in ((0.8, at80), (0.9, at90)):
        design = two_arms(2 * size, control, treated)
        out = simulate_design(design, None, [(2 * size, 1.0)], seed=size, replicates=TRIALS)
        found, exact = out[2 * size, 1.0], central_power(size, treated / 100, control / 100)
        assert abs(z_against(found.rejected.mean(), TRIALS, exact)) < 3.3
        assert exact == pytest.approx(power, abs=0.015)
        if size < 1000:  # all pairs of counts are enumerated: seconds at thousands of participants
            whole = exact_behaviour(design, 2 * size, found, (control / 100, treated / 100))
            assert whole.power == pytest.approx(exact, abs=1e-9)
            assert whole.closed_form == pytest.approx(power, abs=0.005)


@pytest.mark.parametrize(("control", "treated", "at80", "at90"), SIZES[:5])
def test_a_tenth_more_participants_compensate_for_ten_percent_dropout(control, treated, at80, at90):
    """The third column of the table, by simulation; `test_planning_oracles.py` has the sizes."""
    size = DROPOUT[control, treated]
    lossy = {"control_percent": 10, "treated_percent": 10}
    design = two_arms(2 * size, control, treated, dropout=lossy)
    out = simulate_design(design, None, [(2 * size, 1.0)], seed=size, replicates=TRIALS)[
        2 * size, 1.0
    ]
    whole = central_power(at80, treated / 100, control / 100)
    assert abs(out.rejected.mean() - whole) < 3.3 * proportion_mcse(whole, TRIALS) + 0.01
    assert out.analysed.mean() == pytest.approx(2 * at80, rel=0.02)
