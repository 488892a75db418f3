"""Time alternatives in turn, so that a machine that slows down slows all of them."""

import time
from collections.abc import Callable, Mapping


def best_of(rounds: int, work: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the shortest time of each piece of work in seconds, after one unmeasured round."""
    best = dict.fromkeys(work, float("inf"))
    for lap in range(rounds + 1):
        for name, call in work.items():
            begin = time.perf_counter()
            call()
            if lap:
                best[name] = min(best[name], time.perf_counter() - begin)
    return best
