"""Power of adjusted analyses with a control variate, and the number of replicates."""

import numpy as np
import pytest

import pretese
from estimate.performance.control_variate import controlled_share
from pretese.cli import run
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.enumeration import why_no_control_variate
from pretese.trial.measures.exact_power import controlled_rejections
from pretese.trial.measures.summary import summarise_point
from pretese.trial.simulation.engine import simulate_design
from protocol.errors import InputError
from protocol.reading.documents import validate

BY_SITE = {
    "id": "by-site", "title": "Two sites", "question": "Does it work?", "participants": 80,
    "risks": {"control_percent": 30, "treated_percent": 55},
    "sites": [
        {"name": "one", "from_month": [0], "recruitment_per_year": [60]},
        {"name": "two", "from_month": [0], "recruitment_per_year": [60]},
    ],
    "randomisation": {"method": "blocks", "block_sizes": [4]},
    "endpoint": {"endpoint_month": 4},
    "analysis": {"method": "mantel-haenszel", "strata": ["site"]},
}  # fmt: skip


def design(**changes):
    return validate(BY_SITE | changes, DesignFile, "test")


def test_the_error_of_the_control_variate_corrects_the_proportion():
    """Ten of forty have both events, and the expected number of control events is 12."""
    control = np.repeat([1.0, 0.0], [10, 30])
    same = controlled_share(control, control, 0.3)
    assert float(same.measure.value) == pytest.approx(0.3)
    assert 0 < float(same.measure.mcse) < 0.06  # the next replicate may differ
    values = np.repeat([1.0, 0.0, 1.0, 0.0], [5, 5, 5, 25])
    # The covariance is 1/16 and the variance of the control 3/16, so a third of 0.05 is added.
    half = controlled_share(values, control, 0.3)
    assert float(half.measure.value) == pytest.approx(0.25 + 0.05 / 3)
    constant = controlled_share(values, np.zeros(40), 0.5)
    assert (float(constant.measure.value), constant.variance_ratio) == (0.25, pytest.approx(1.0))


@pytest.fixture(scope="module")
def studies():
    """A hundred independent studies of 200 trials: they have no participant in common."""
    points = [(80, 0.0), (80, 1.0)]
    found = [
        simulate_design(design(), None, points, seed=seed, replicates=200) for seed in range(100)
    ]
    risks = {0.0: (0.3, 0.3), 1.0: (0.3, 0.55)}
    return {
        effect: [
            controlled_rejections(design(), 80, each[80, effect], risks[effect]) for each in found
        ]
        for effect in risks
    }, {effect: np.array([each[80, effect].rejected.mean() for each in found]) for effect in risks}


@pytest.mark.parametrize(("effect", "name"), [(0.0, "rejection"), (1.0, "power")])
def test_type_i_error_and_coverage_are_unbiased_over_a_hundred_seeds(studies, effect, name):
    controlled, plain = studies[0][effect], studies[1][effect]
    value = np.array([float(each[name].measure.value) for each in controlled])
    error = np.array([float(each[name].measure.mcse) for each in controlled])
    apart = plain - value
    assert abs(apart.mean()) < 3.3 * apart.std(ddof=1) / 10
    assert value.std(ddof=1) < 0.75 * plain.std(ddof=1)
    assert (np.abs(value - value.mean()) < 1.96 * error).mean() > 0.85
    # an expectation that is wrong by two percentage points would be detected
    shifted = value + 0.02
    assert abs((plain - shifted).mean()) > 3.3 * apart.std(ddof=1) / 10


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"analysis": {"method": "unadjusted"}}, "the analysis is unadjusted"),
        (
            {"randomisation": {"method": "minimisation", "by": ["site"]}},
            "arm sizes are random",
        ),
        (
            {"dropout": {"control_percent": 5, "treated_percent": 5},
             "endpoint": {"endpoint_month": 4, "missing": "complete case"}},
            "participants drop out of the analysis, or are excluded",
        ),
        ({}, None),
    ],
)  # fmt: skip
def test_a_control_variate_with_unknown_mean_is_refused(changes, reason):
    changed = design(**changes)
    assert why_no_control_variate(changed) == reason
    found = simulate_design(changed, None, [(80, 1.0)], seed=1, replicates=20, patient_level=True)
    point = summarise_point(changed, 80, 1.0, found[80, 1.0])
    assert point["control_variate"]["unavailable"] == reason
    assert ("controlled_power" in point["measures"]) == (reason is None)


def test_replicates_are_added_until_the_error_is_small_enough():
    planned = pretese.design(BY_SITE)
    words = {"replicates": 40, "progress": False}
    document = planned.power(mcse=0.02, **words).to_dict()
    assert document["replicates"] > 40
    (found,) = document["designs"]
    errors = [
        point["measures"][name]["mcse"]
        for point in found["points"]
        for name in ("controlled_power", "controlled_rejection")
    ]
    assert max(errors) <= 0.02 * 1.05
    again = planned.power(replicates=document["replicates"], progress=False).to_dict()
    assert again == document
    assert "It divides the variance of power by" in " ".join(str(planned.power(**words)).split())


def test_the_target_monte_carlo_error_has_limits(capsys):
    with pytest.raises(InputError, match=r"mcse: 0\.5 is not allowed"):
        pretese.design(BY_SITE).power(mcse=0.5)
    assert run(["power", "placebo-ufsh", "--mcse", "0.5"]) == 2
    assert "--mcse" in capsys.readouterr().err
