"""Every endpoint of the same trials, analysed side by side when the last of them is known."""

import numpy as np

from estimate.arrays import Floats
from estimate.result import RATIOS, Estimate
from pretese.trial.analyse import analyse, signed_statistic
from pretese.trial.conduct import Trials
from pretese.trial.design import Design
from pretese.trial.multiplicity import rejections
from pretese.trial.observe import observe
from pretese.trial.truth import truths


def answers_of(design: Design, trials: Trials, men: int, effect: float) -> list[Estimate]:
    """Return what each endpoint of trials of this size shows, the primary first."""
    return [
        analyse(observe(design, trials, effect, k).cut(men)) for k in range(len(design.questions))
    ]


def statistics(answers: list[Estimate]) -> Floats:
    """Return (replicate, endpoint) statistics, positive in favour of treatment."""
    return np.stack([signed_statistic(answer) for answer in answers], -1)


def claims(design: Design, z: Floats) -> Floats:
    """Return (replicate, endpoint) 1 where an endpoint may be claimed, in either direction."""
    plan = design.monitoring
    alpha = plan.alpha_percent / 100
    return rejections(design.graph(), z, alpha, plan.sides).astype(float)


def several(
    design: Design, trials: Trials, men: int, effect: float, without: Floats
) -> dict[str, Floats]:
    """Return the arrays of `Outcomes` that have an endpoint axis.

    Parameters
    ----------
    without
        (replicate, endpoint) statistics of the same trials without any effect.
    """
    answers = answers_of(design, trials, men, effect)
    true = [truths(design, trials.people, men, effect, k) for k in range(len(answers))]
    z = statistics(answers)

    def numbers(name: str) -> Floats:
        with np.errstate(divide="ignore"):
            columns = [
                np.log(getattr(answer, name)) if answer.scale in RATIOS else getattr(answer, name)
                for answer in answers
            ]
        return np.stack(columns, -1).astype(float)

    return {
        "endpoint_z": z,
        "endpoint_z_without": without,
        "endpoint_claimed": claims(design, z),
        "endpoint_estimate": numbers("estimate"),
        "endpoint_conf_low": numbers("conf_low"),
        "endpoint_conf_high": numbers("conf_high"),
        "endpoint_std_error": np.stack([answer.std_error for answer in answers], -1),
        "endpoint_analysed": np.stack([answer.n for answer in answers], -1).astype(float),
        "endpoint_risk_control": np.stack([each[0] for each in true], -1),
        "endpoint_risk_treated": np.stack([each[1] for each in true], -1),
        "endpoint_target": np.stack([each[2] for each in true], -1),
    }
