"""Coverage of the intervals of `pretese clinic`: waiting times against queueing theory.

For each queue many experiments of five replicates (`FEWEST`): how often the 95 % interval contains
the theoretical value, the overall mean, and whether the t statistics follow Student's distribution.
"""

import numpy as np
from scipy import stats

from benchmarks.our_tests import support
from simulate.clinic.capacity.replicates import FEWEST

queueing = support("queueing")

EXPERIMENTS, PATIENTS = 60, 1500


def main() -> None:
    print(f"{EXPERIMENTS} experiments of {FEWEST} replicates of {PATIENTS} patients, use 0.7")
    print("queue    theory, days   mean (SE)           in the 95 % interval   KS p")
    for place, (name, model) in enumerate(queueing.models(0.7).items()):
        numbers = range(FEWEST * EXPERIMENTS)
        waits = np.reshape(
            queueing.seen_waits(model, place, numbers, PATIENTS), (EXPERIMENTS, FEWEST)
        )
        errors = waits.std(axis=1, ddof=1) / np.sqrt(FEWEST)
        found = (waits.mean(axis=1) - model.expected_days) / errors
        law = stats.t(FEWEST - 1)
        inside = np.abs(found) < law.ppf(0.975)
        p_value = stats.kstest(law.cdf(found), "uniform").pvalue
        sd = waits.std(ddof=1) / np.sqrt(waits.size)
        print(
            f"{name:8s} {model.expected_days:10.5f}   {waits.mean():.5f} ({sd:.5f})"
            f"   {inside.mean():12.3f} ({inside.std() / np.sqrt(EXPERIMENTS):.3f})"
            f"   {p_value:10.3f}",
            flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
