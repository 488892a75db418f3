"""Time alternatives in turn, so that a slower machine affects all of them.

Times are CPU seconds of this process and of the processes that it waited for: elapsed time would
depend on other load of the machine.
"""

import os
import time
from collections.abc import Callable, Mapping


def best_of(rounds: int, work: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the minimum time of each task in seconds, after one unmeasured round."""
    best = dict.fromkeys(work, float("inf"))
    for lap in range(rounds + 1):
        for name, call in work.items():
            begin = cpu_seconds()
            call()
            if lap:
                best[name] = min(best[name], cpu_seconds() - begin)
    return best


def cpu_seconds() -> float:
    """Return the CPU seconds of this process so far, and of its processes that have ended."""
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system
