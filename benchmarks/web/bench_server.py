"""Response times of `pretese serve`, with fifty concurrent users for a minute.

The server is a process of its own on this machine; each user requests the next page three seconds
after the last response. The load of the machine is stated, because times depend on it.
"""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median, quantiles

import httpx2

DECIDE = {"month": "2", "previous_phase": "hcg", "fsh": "9.8", "decision_date": "2022-03-31"}
DESIGN = {"analyses": "3", "futility": "HSD", "prior_sd_percent": "40"}

#: Requests of users: how often in ten, method, address, entries.
MIX = (
    (5, "POST", "/", DECIDE), (2, "GET", "/trial", DESIGN), (1, "GET", "/regimens/fsh-guided", {}),
    (1, "POST", "/decision.json", DECIDE), (1, "GET", "/cohort", {"patients": "200"}),
)  # fmt: skip

USERS, SECONDS, PAUSE = 50, 60, 3.0


@contextmanager
def server() -> Iterator[tuple[str, int]]:
    """Yield the address of a server that ends with the block, and its process."""
    words = [sys.executable, "-m", "pretese", "serve", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        line = running.stdout.readline() if running.stdout else ""
        found = re.search(r"http://\S+", line)
        assert found, line
        try:
            yield found.group(0).rstrip("/"), running.pid
        finally:
            running.terminate()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process (Linux)."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(client: httpx2.Client, method: str, path: str, entries: dict[str, str]) -> int:
    sent = {"params": entries} if method == "GET" else {"data": entries}
    return client.request(method, path, **sent).status_code


def answer_times(address: str, pid: int, name: str, count: int, *asked: object) -> None:
    """Print median and 95th percentile of the response times of one request, and CPU time."""
    with httpx2.Client(base_url=address, timeout=60) as client:
        for _ in range(5):
            assert ask(client, *asked) == 200  # type: ignore[arg-type]  # each is a method, a path and its fields
        times, before = [], cpu_seconds(pid)
        for _ in range(count):
            start = time.perf_counter()
            assert ask(client, *asked) == 200  # type: ignore[arg-type]  # each is a method, a path and its fields
            times.append(1000 * (time.perf_counter() - start))
    spent = 1000 * (cpu_seconds(pid) - before) / count
    p95 = quantiles(times, n=20)[-1]
    print(f"{name:34} median {median(times):5.0f} ms, p95 {p95:5.0f} ms, CPU {spent:4.0f} ms")


def one_user(address: str, number: int, until: float) -> Counter[int]:
    """Request pages until a given time; return the count of each status."""
    turns = [each[1:] for each in MIX for _ in range(each[0])]
    statuses: Counter[int] = Counter()
    with httpx2.Client(base_url=address, timeout=60) as client:
        place = number
        while time.monotonic() < until:
            statuses[ask(client, *turns[place % len(turns)])] += 1
            place += 1
            time.sleep(PAUSE)
    return statuses


def main() -> None:
    """Print response times, then the results of fifty users in a minute."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before the run")
    with server() as (address, pid):
        answer_times(address, pid, "decision, page", 200, "POST", "/", DECIDE)
        answer_times(address, pid, "decision, JSON", 200, "POST", "/decision.json", DECIDE)
        answer_times(address, pid, "trial, exact curve of 25 points", 100, "GET", "/trial", DESIGN)
        answer_times(address, pid, "cohort of 500 patients", 20, "GET", "/cohort", {})
        until, before = time.monotonic() + SECONDS, cpu_seconds(pid)
        with ThreadPoolExecutor(USERS) as pool:
            parts = list(pool.map(lambda n: one_user(address, n, until), range(USERS)))
        spent = cpu_seconds(pid) - before
    statuses = sum(parts, Counter())
    print(f"{USERS} users for {SECONDS} s: answers by status {dict(statuses)}, CPU {spent:.0f} s")


if __name__ == "__main__":
    main()
