"""Settings shared by all tests: hypothesis profiles, signals, and a guard on the random state."""

import gc
import os
import random
import signal
import threading
from collections.abc import Iterator

from pretese.jobs.threads import limit_threads

limit_threads()  # before numpy loads: idle threads of linear algebra use a whole core

import numpy as np
import pytest
import rich.console  # noqa: F401  it draws link numbers as it loads: before the guard
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import none

from pretese.screen.console import SafeConsole
from tests.support.console_words import recording

# The time of an example depends on the load of the machine: no test fails because of it.
settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "search", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@given(none())
def _a_property(_: None) -> None:
    """A property."""


def pytest_collection_finish() -> None:
    """Exclude collected tests from garbage collection: they exist until the end."""
    _a_property()  # older hypothesis searches references to its random numbers
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _signals_are_not_ignored() -> Iterator[None]:
    """Handle signals that the caller ignores (`nohup`, background jobs): tests send them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.getsignal(number) for number in usual}
    for number, old in before.items():
        if old == signal.SIG_IGN:
            signal.signal(number, usual[number])
    yield
    for number, old in before.items():
        signal.signal(number, old)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests need no durable writes; on a busy disk each synchronisation takes as long as a test."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(autouse=True)
def _global_random_state_is_untouched() -> Iterator[None]:
    before = np.random.get_state(), random.getstate()  # noqa: NPY002  the guard must read it
    yield
    after = np.random.get_state(), random.getstate()  # noqa: NPY002  and again
    assert before[1] == after[1], "the test touched the state of `random`"
    assert all(np.array_equal(a, b) for a, b in zip(before[0], after[0], strict=True)), (
        "the test touched numpy's global random state"
    )


@pytest.fixture(autouse=True)
def _tables_fit_the_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every table that a test prints fits 80 columns without cutting a word."""
    faults: list[str] = []
    monkeypatch.setattr(SafeConsole, "print", recording(SafeConsole.print, faults))
    yield
    assert not faults, "words cut, or lines too wide, in 80 columns"
