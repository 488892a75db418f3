"""Sizes for the effects that have been published, by closed form, enumeration and simulation.

Two-sided 5 %, 1:1, pooled variance, from the counts of the article (any sperm, retrieval, adjusted
odds ratios) and from the meta-analysis by Boulos (risk ratio 1.10 for retrieval).
"""

import numpy as np
import pytest

from estimate.planning.closed_form import size_two_proportions
from pretese.trial.design import Design
from pretese.trial.rail import exact_rail
from pretese.trial.run import simulate_design
from protocol.documents import validate

#: Risks in percent (control, treated), men per arm at 80 % and at 90 % power.
SIZES = [
    (19.5, 31.2, 216, 289),
    (19.5, 27.8, 410, 549),
    (19.5, 30.4, 248, 332),
    (19.5, 35.9, 116, 155),
    (45.0, 65.0, 96, 128),
    (27.5, 30.25, 4262, 5705),
]


@pytest.mark.parametrize(("control", "treated", "at80", "at90"), SIZES)
def test_the_closed_form_gives_the_published_size(control, treated, at80, at90):
    for power, size in ((0.8, at80), (0.9, at90)):
        found = size_two_proportions(treated / 100, control / 100, power=power)
        # Risks are printed to a tenth of a percent, which moves a size by up to one part in 100.
        assert abs(int(np.ceil(found.arm1)) - size) <= max(1, 0.01 * size)


@pytest.mark.parametrize(("control", "treated", "at80", "at90"), SIZES[:1] + SIZES[3:5])
def test_simulated_trials_of_that_size_have_about_that_power(control, treated, at80, at90):
    for power, size in ((0.8, at80), (0.9, at90)):
        design = validate(
            {
                "id": "published",
                "title": "a published effect",
                "question": "",
                "men": 2 * size,
                "risks": {"control_percent": control, "treated_percent": treated},
                "randomisation": {"repeats": [1]},
                "sites": [{"name": "one", "at_months": [0], "men_in_12_months": [60]}],
                "endpoint": {"known_after_months": 4},
            },
            Design,
            "test",
        )
        out = simulate_design(design, None, [(2 * size, 1.0)], seed=size, replicates=800)
        rail = exact_rail(design, 2 * size, out[2 * size, 1.0], (control / 100, treated / 100))
        assert abs(rail.z) < 3.3
        assert rail.power == pytest.approx(power, abs=0.015)


def test_z_against_the_rail_looks_standard_normal():
    rng, z = np.random.default_rng(11), []
    for trial in range(16):
        looks, men = int(rng.integers(1, 4)), 4 * int(rng.integers(10, 40))
        low = float(rng.uniform(5, 70))
        risks = {"control_percent": low, "treated_percent": low + float(rng.uniform(0, 25))}
        at = (100 * np.arange(1, looks + 1) / looks).tolist()
        design = validate(
            {
                "id": "random",
                "title": "",
                "question": "",
                "men": men,
                "risks": risks,
                "randomisation": {"repeats": [1]},
                "sites": [{"name": "one", "at_months": [0], "men_in_12_months": [60]}],
                "endpoint": {"known_after_months": 4},
                "monitoring": {"looks_percent": at, "efficacy": str(rng.choice(["OF", "Pocock"]))},
            },
            Design,
            "test",
        )
        out = simulate_design(design, None, [(men, 1.0)], seed=trial, replicates=600)[men, 1.0]
        z.append(exact_rail(design, men, out, (low / 100, risks["treated_percent"] / 100)).z)
    assert abs(np.mean(z)) < 3.3 / np.sqrt(16)
    assert 0.5 < np.std(z, ddof=1) < 1.6
    assert np.abs(z).max() < 4
