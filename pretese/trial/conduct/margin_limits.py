"""Patients of a scenario whose treatment has an effect at the limit of a null hypothesis.

With a margin the null hypothesis is not the absence of an effect. Its limit is an effect of that
many percentage points against (non-inferiority, equivalence) or in favour of treatment (superiority
by a margin). Under treatment a random part of the patients who would succeed under control fails,
or of those who would fail succeeds. The size of this part follows from the control risk of the
scenario.
"""

from dataclasses import replace
from functools import lru_cache

from estimate.core.arrays import Bools, Floats
from pretese.trial.conduct.participants import EligiblePatients, Potential, draw_eligible
from pretese.trial.design.design_file import DesignFile
from protocol.errors import InputError
from simulate.core.random_streams import RandomStreams
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import mechanism_hash

#: Number of patients from whom the control risk is computed, their seed, and a replicate number
#: that no study uses.
PATIENTS, SEED, FAR = 131_072, 1, 2**40


def at_the_margins(
    design: DesignFile, scenario: Scenario, eligible: EligiblePatients, streams: RandomStreams
) -> EligiblePatients:
    """Return the patients with their outcome under a treatment at the limit of each hypothesis."""
    risks = _control_risks(_Key(design, scenario))
    uniform = streams.uniform("limit of the null hypothesis")
    pairs = zip(design.questions, eligible.endpoints, risks, strict=True)
    return replace(
        eligible, endpoints=tuple(_limited(question, end, risk, uniform)
                                  for question, end, risk in pairs)
    )  # fmt: skip


def _limited(design: DesignFile, endpoint: Potential, risk: float, uniform: Floats) -> Potential:
    if design.analysis.margin_percent is None:
        return endpoint
    null, control = design.analysis.nulls[0], endpoint.success[0]
    return replace(endpoint, at_null=limit_outcomes(control, uniform, risk, null))


def limit_outcomes(control: Bools, uniform: Floats, risk: float, null: float) -> Bools:
    """Return outcomes whose risk is that of the control plus a difference, in expectation.

    >>> import numpy as np
    >>> control, uniform = np.array([True, True, False]), np.array([0.1, 0.9, 0.1])
    >>> limit_outcomes(control, uniform, 0.4, -0.1).tolist()
    [False, True, False]
    >>> limit_outcomes(control, uniform, 0.4, 0.12).tolist()
    [True, True, True]
    """
    if null < 0:
        return control & (uniform >= -null / risk)
    return control | (uniform < null / (1 - risk))


class _Key:
    """A design and its scenario; two are equal if they simulate the same patients."""

    def __init__(self, design: DesignFile, scenario: Scenario) -> None:
        self.design, self.scenario = design, scenario
        plain = [(q.endpoint, q.analysis) for q in design.questions]
        self._plain = (design.id, repr(plain), repr(design.arms), mechanism_hash(scenario))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._plain == other._plain

    def __hash__(self) -> int:
        return hash(self._plain)


@lru_cache(maxsize=32)
def _control_risks(key: _Key) -> tuple[float, ...]:
    """Return the control risk of each endpoint, over many patients of the scenario.

    Raises
    ------
    InputError
        A risk at the margin is outside 0 to 100 %.
    """
    design = key.design
    streams = RandomStreams(SEED, PATIENTS, 1, FAR)
    drawn = draw_eligible(design, key.scenario, streams, None)
    risks = tuple(float(each.success[0].mean()) for each in drawn.endpoints)
    for question, risk in zip(design.questions, risks, strict=True):
        for null in question.analysis.nulls:
            if not 0 < risk + null < 1:
                problem = (
                    f"the margin leads from a control risk of {100 * risk:.1f} % to "
                    f"{100 * (risk + null):.1f} %"
                )
                raise InputError.of(design.id, "analysis.margin_percent", problem,
                                    "give a smaller margin")  # fmt: skip
    return risks
