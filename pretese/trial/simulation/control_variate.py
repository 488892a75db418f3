"""The unadjusted test in the trials of an adjusted design: a control variate of its rejections.

The rejection probability of the unadjusted score test is enumerated. The difference between its
simulated proportion and this value estimates the error that the adjusted test shares.
"""

import numpy as np

from estimate.core.arrays import Floats
from estimate.sequential.trials import follow
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.design.enumeration import why_no_control_variate
from pretese.trial.simulation.arm_comparison import unadjusted_statistic


def unadjusted_rejections(data: Data, participants: int) -> Floats | None:
    """Return (replicate,) 1 or -1 where the unadjusted test rejects, for or against treatment.

    0 otherwise; None if it cannot be a control variate.
    """
    design = data.design
    if why_no_control_variate(design) is not None:
        return None
    z = [unadjusted_statistic(data.cut(count)) for count in design.analyses_at(participants)]
    ends = follow(design.monitoring.plan(), np.stack(z, -1))
    return np.where(ends.rejected, np.sign(ends.z), 0.0)
