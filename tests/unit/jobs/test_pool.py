"""Workers: results do not depend on the worker, no call is lost with one, and none remains."""

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from pretese.jobs.pool import ProcessPool
from pretese.jobs.threads import VARIABLES, limit_threads, single_threaded_children
from pretese.jobs.worker import WORKER_NAME, WorkerDiedError
from pretese.jobs.worker_pool import WorkerPool, in_order, local_pool, results
from protocol.errors import InputError

TESTS = Path(__file__).parents[2] / "support" / "jobs"


@pytest.fixture(scope="module")
def tasks():
    """Calls that workers can import: by a name of their own, for `tests` may be another package."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(TESTS))
        yield importlib.import_module("job_tasks")


@pytest.fixture(scope="module")
def pool(tasks):
    with local_pool(2) as found:
        assert found is not None
        yield found


def test_results_come_with_their_items_and_in_order_on_request(tasks, pool):
    assert dict(results(tasks.square, range(9), pool)) == {n: n * n for n in range(9)}
    assert list(in_order(tasks.square, range(9), pool)) == [n * n for n in range(9)]
    assert list(in_order(tasks.square, range(9), None)) == [n * n for n in range(9)]


def test_one_worker_is_this_process_and_lazy(tasks):
    with local_pool(1) as alone:
        assert alone is None
    given = iter(range(5))
    assert next(results(tasks.square, given, None)) == (0, 0)
    assert next(given) == 1


@pytest.mark.parametrize("workers", [2, 3])
def test_a_worker_killed_once_changes_no_byte(tasks, tmp_path, workers):
    alone = dict(results(tasks.KillsItsWorker(tmp_path, 3), range(8), None))
    with local_pool(workers) as several:
        task = tasks.KillsItsWorker(tmp_path / "flag", 3)
        assert dict(results(task, range(8), several)) == alone
    assert task.flag.exists()


def test_a_call_that_kills_two_workers_is_reported_in_one_message(tasks, pool, tmp_path):
    task = tasks.KillsItsWorker(tmp_path / "flag", 3, often=True)
    done = []
    with pytest.raises(InputError) as reported:
        done += [n for n, _ in results(task, range(8), pool, resume=True)]
    (fault,) = reported.value.faults
    assert (fault.where, fault.field) == ("workers", "2")
    assert "two worker processes died on the same task" in fault.problem
    assert fault.cure.endswith("finished work is kept; run again with `resume`")
    with pytest.raises(InputError) as reported:
        list(results(task, range(8), pool))
    assert "resume" not in str(reported.value)
    assert dict(results(tasks.square, range(4), pool)) == {n: n * n for n in range(4)}


def test_workers_that_end_while_idle_use_up_no_attempt_of_a_call(tasks, tmp_path):
    """Each call may lose one worker: one that had ended before is not counted."""
    with local_pool(2) as pool:
        assert len(list(results(tasks.square, range(20), pool))) == 20
        for worker in multiprocessing.active_children():
            if worker.name == WORKER_NAME:
                worker.kill()
                worker.join()
        task = tasks.KillsItsWorker(tmp_path / "flag", 3)
        assert len(list(results(task, range(8), pool))) == 8


def test_a_worker_short_of_memory_is_reported_in_one_message(tasks, pool):
    with pytest.raises(InputError, match="fewer `workers`, or give more memory"):
        list(results(tasks.run_out_of_memory, range(2), pool))


def test_a_system_that_starts_no_process_is_reported_in_one_message(tasks, monkeypatch):
    def exhausted(_):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.context.ForkServerProcess.start", exhausted)
    monkeypatch.setattr("multiprocessing.context.SpawnProcess.start", exhausted)
    with local_pool(2) as none, pytest.raises(InputError, match="Resource temporarily unavailable"):
        list(results(tasks.square, range(2), none))


def test_an_error_of_a_call_is_raised_unchanged_with_its_location(tasks, pool):
    with pytest.raises(ValueError, match="0 is refused") as refused:
        list(results(tasks.refuse, [0], pool))
    assert "job_tasks.py" in "".join(refused.value.__notes__)
    with pytest.raises(RuntimeError, match="UnreadableError"):
        list(results(tasks.raise_unreadable, [0], pool))
    with pytest.raises(Exception, match="lambda"):
        list(results(lambda n: n, [0], pool))
    assert dict(results(tasks.square, [4], pool)) == {4: 16}


def test_a_silent_pool_is_checked_at_intervals(tasks):
    """The first check lets the call return, so that no clock is involved."""
    from concurrent.futures import ThreadPoolExecutor

    answer = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        watched = WorkerPool(threads, 1, check=lambda: answer.set(), check_seconds=0.001)
        assert list(results(lambda _: answer.wait(), [0], watched)) == [(0, True)]


def test_leaving_a_pool_early_ends_its_workers(tasks, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ProcessPool(2) as pool:
        futures = [pool.submit(tasks.Blocks(pipe), n) for n in range(3)]
        with pipe.open("rb") as reader:
            assert reader.read(2) == b"xx"  # both are running
            pool.shutdown(cancel_futures=True)
            assert reader.read() == b""  # both have ended
    assert futures.pop().cancelled()
    for future in futures:
        with pytest.raises(WorkerDiedError):
            future.result()
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(tasks.square, 1)


PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
import job_tasks
from pretese.jobs.worker_pool import local_pool, results
from pretese.jobs.signals import exit_code, orderly_stop
if __name__ == "__main__":
    try:
        with orderly_stop(), local_pool(2, ["job_interrupts"]) as pool:
            list(results(job_tasks.Blocks(Path({pipe!r})), range(5), pool))
    except KeyboardInterrupt as stop:
        sys.exit(exit_code(stop))
"""


def _let_go(process, pipe):
    """Open the pipe once the program is gone: a test that still waits for it sees its end."""
    process.wait()
    with suppress(OSError):
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))


@pytest.fixture
def program(tmp_path):
    """A program whose two workers are busy for ever, and the pipe that both hold open."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = PROGRAM.format(tests=str(TESTS), pipe=str(pipe))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", text], stderr=subprocess.PIPE, start_new_session=True,
        env=environment,
    ) as process:  # fmt: skip
        watcher = threading.Thread(target=_let_go, args=(process, pipe))
        watcher.start()
        try:
            yield process, pipe
        finally:
            process.kill()
            watcher.join()


@pytest.mark.parametrize("group", [False, True], ids=["parent", "group"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_signal_leaves_a_worker_running(program, number, group):
    process, pipe = program
    with pipe.open("rb") as reader:  # waits until a worker opens it too
        assert reader.read(2) == b"xx"
        (os.killpg if group else os.kill)(process.pid, number)
        assert reader.read() == b""  # the system closes the pipe when both workers have ended
    _, errors = process.communicate()  # ends when no process has standard error open
    stopped = number != signal.SIGKILL
    assert process.returncode == (128 + number if stopped else -number)
    assert errors == b""


@pytest.mark.parametrize("moment", ["fork server loads", "worker begins"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_while_workers_start_leaves_none_running(tmp_path, moment, number):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # without a reader: a worker that opens it waits
    program = PROGRAM.format(tests=str(TESTS), pipe=str(pipe))
    path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, start_new_session=True,
        check=False, env={
            **os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": path,
            "JOB_INTERRUPT_MOMENT": moment, "JOB_INTERRUPT_NUMBER": str(int(number)),
        },
    )  # fmt: skip
    assert done.stderr == b""
    assert done.returncode == 128 + number


ENDS_WHILE_IT_STARTS = """
import os, sys
sys.path.insert(0, {tests!r})
from multiprocessing import {module} as module
import job_tasks
from pretese.jobs.worker_pool import local_pool, results
real = module.{step}
def then_end(*given):
    real(*given)
    os._exit(7)
module.{step} = {call}
if __name__ == "__main__":
    with local_pool(2) as pool:
        list(results(job_tasks.square, range(5), pool))
"""


@pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="there is no fork server"
)
@pytest.mark.parametrize(
    ("module", "step", "call"),
    [
        ("forkserver", "connect_to_new_process", "then_end"),
        ("reduction", "sendfds", "lambda *given: os._exit(7)"),
    ],
    ids=["nothing is said to the worker", "the fork server is connected"],
)
def test_a_program_that_ends_while_it_starts_a_worker_leaves_no_traceback(module, step, call):
    """A second signal, or `kill -9`, may come between any two steps."""
    text = ENDS_WHILE_IT_STARTS.format(tests=str(TESTS), module=module, step=step, call=call)
    done = subprocess.run([sys.executable, "-c", text], stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (7, b"")


def test_workers_have_one_thread_each_and_the_caller_keeps_its_own(tasks, monkeypatch):
    for name in VARIABLES:
        monkeypatch.setenv(name, "7")
    with single_threaded_children():
        assert {os.environ[name] for name in VARIABLES} == {"1"}
    limit_threads()
    assert {os.environ[name] for name in VARIABLES} == {"7"}
    for name in VARIABLES:
        monkeypatch.delenv(name)
    with single_threaded_children():
        pass
    assert not any(name in os.environ for name in VARIABLES)
    limit_threads()
    assert {os.environ.pop(name) for name in VARIABLES} == {"1"}


def test_a_worker_uses_one_thread_whatever_the_user_has_set(tasks, pool):
    found = dict(results(tasks.environment, VARIABLES, pool))
    assert set(found.values()) <= {"1"}


def test_importing_the_program_does_not_change_the_process():
    text = (
        "import os, signal, sys; before = dict(os.environ), signal.getsignal(signal.SIGTERM)\n"
        "import pretese, pretese.cli\n"
        "assert before == (dict(os.environ), signal.getsignal(signal.SIGTERM))\n"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", text], check=True)
