"""Family-wise type I error of procedures for several treatments, by 100,000 trials of each.

``python -m benchmarks.trial.multi_arm_error`` prints, for every procedure and adaptation, the
error under the global null hypothesis and the largest under a partial one (one treatment works),
with its Monte Carlo error. Participants are binomial counts of three treatments and a control with
event rates of 40 %, 60 % for a treatment that works.
"""

import sys
from typing import Any

import numpy as np

from pretese.trial.multi_arm.design.configurations import arm_configurations
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.results.measures import summarise_arms
from pretese.trial.multi_arm.simulate_arms import simulate_arms
from pretese.trial.simulation.engine import COUNTED_AT_ONCE
from protocol.reading.documents import validate

#: Trials of every design.
REPLICATES = 100_000

_PLAIN: dict[str, Any] = {
    "id": "error", "title": "error", "question": "error", "participants": 800,
    "risks_percent": {"control": 40, "a": 60, "b": 60, "c": 60},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [400]}],
    "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
}  # fmt: skip
_ONE = {"alpha_percent": 2.5, "sides": 1}
_THREE = {**_ONE, "analyses_percent": [33.3, 66.7, 100]}
_TWO = {**_ONE, "analyses_percent": [50, 100]}
_COMBINED = {"procedure": "combination"}
_CHANGE = {"after_analysis": 1, "allocation": {"control": 1, "a": 1, "b": 2, "c": 4}}

#: Procedures and adaptations by name.
CASES: dict[str, dict[str, Any]] = {
    **{
        f"{name}, {words}": {"testing": {"procedure": name}, "monitoring": plan}
        for words, plan in (("1 analysis", _ONE), ("2 analyses", _TWO))
        for name in ("closed dunnett", "dunnett", "holm", "bonferroni", "unadjusted")
    },
    "fixed sequence, 2 analyses": {
        "testing": {"procedure": "fixed sequence", "order": ["b", "a", "c"]}, "monitoring": _TWO,
    },
    "closed dunnett, 3 analyses": {"monitoring": _THREE},
    "closed dunnett, allocation 2:1:1:1": {
        "allocation": {"control": 2, "a": 1, "b": 1, "c": 1}, "monitoring": _TWO,
    },
    "closed dunnett, z below 0 dropped": {"monitoring": _TWO, "dropping": {"futility_z": [0]}},
    "closed dunnett, best one kept": {"monitoring": _TWO, "dropping": {"keep_best": [1]}},
    "combination, nothing changed": {"testing": _COMBINED, "monitoring": _TWO},
    "combination, best one kept, places shared": {
        "testing": _COMBINED, "monitoring": _TWO,
        "dropping": {"keep_best": [1], "places": "shared"},
    },
    "combination, thompson": {
        "testing": _COMBINED, "monitoring": _THREE, "adaptive_allocation": {"rule": "thompson"},
    },
    "combination, doubly adaptive": {
        "testing": _COMBINED, "monitoring": _THREE,
        "adaptive_allocation": {"rule": "doubly adaptive", "exponent": 2},
    },
    "combination, planned change to 1:1:2:4": {
        "testing": _COMBINED, "monitoring": _TWO, "allocation_changes": [_CHANGE],
    },
}  # fmt: skip


def errors(name: str, replicates: int = REPLICATES) -> list[tuple[str, float, float]]:
    """Return configuration, family-wise error and its Monte Carlo error."""
    design = validate({**_PLAIN, **CASES[name]}, MultiArmDesign, name)
    null, *partial = arm_configurations(design)[1:]
    blocks = [
        (simulate_arms(design, 800, seed=1, size=min(COUNTED_AT_ONCE, replicates - first),
                       first=first), min(COUNTED_AT_ONCE, replicates - first))
        for first in range(0, replicates, COUNTED_AT_ONCE)
    ]  # fmt: skip
    found = []
    for each in (null, *partial):
        hits = sum(
            size * summarise_arms(design, each, block[each.name])["familywise_error"]["value"]
            for block, size in blocks
        )
        share = hits / replicates
        found.append((each.name, share, float(np.sqrt(share * (1 - share) / replicates))))
    return found


def main(names: list[str]) -> None:
    """Print a row of each case."""
    for name in names or list(CASES):
        (_, null, error), *partial = errors(name)
        words, share, _ = max(partial, key=lambda row: row[1])
        sys.stdout.write(
            f"{name:44s} {100 * null:6.3f} ({100 * error:.3f})  {100 * share:6.3f} {words}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
