"""Assurance of a design under the prior of the odds ratio that its file names."""

from collections.abc import Sequence
from typing import Any

from pretese.literature.forecast import success_probability
from pretese.literature.prior_source import prior_source
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.forecast_plan import forecast_plan
from pretese.trial.measures.expected_size import expected_under_prior
from simulate.scenario import Scenario


def named_assurance(
    design: DesignFile, name: str, scenario: Scenario | None, sizes: Sequence[int]
) -> list[dict[str, Any]]:
    """Return probability of success and expected size at each sample size.

    The numbers are those of `pretese power --prior`: power is the normal approximation of the score
    test, averaged over the prior by quadrature, harm included. Nothing but the control risk of a
    scenario is simulated.

    Parameters
    ----------
    name
        ``evidence``, a topic of it, or a file.
    scenario
        Of the design, with its changes; None for fixed event rates.
    """
    source = prior_source(name)
    plan = forecast_plan(design, source.control_risks, scenario=scenario)
    prior = source.prior.mixture()
    expected = expected_under_prior(design, plan, prior, sizes)
    return [
        {
            "participants": size,
            **_computed(success_probability(prior, plan, size)),
            "expected_participants": _computed(
                expected[size]["expected_participants"] if size in expected else float(size)
            ),
        }
        for size in sizes
    ]


def _computed(value: float) -> dict[str, Any]:
    return {"value": float(value), "mcse": None, "n": None}
