"""The scale-out page as a reader follows it: listening addresses, and lost workers."""

import gc
import importlib
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import dask.config
import psutil
import pytest

from pretese.cli import run
from pretese.jobs.cluster import cluster_pool
from pretese.jobs.storage.blocks import Store
from pretese.jobs.worker_pool import in_order
from pretese.screen.endings import EXIT_BAD_INPUT
from tests.support.output.folder_contents import hashes

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "scale-out.md"

PLAN = """
outcome: any_sperm
covariates: {fsh_iu_l: numeric}
methods: [unadjusted]
"""


def documented() -> list[list[str]]:
    """Return the words of every `dask` command of the page."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = (line for block in blocks for line in block.splitlines())
    return [shlex.split(line) for line in lines if line.startswith("dask ")]


def test_every_documented_command_exists_and_binds_one_address():
    commands = documented()
    assert {words[1] for words in commands} == {"scheduler", "worker"}
    assert any("--tls-ca-file" in words for words in commands)
    for words in commands:
        main = importlib.import_module(f"distributed.cli.dask_{words[1]}").main
        files = [word for word in words if word.endswith((".pem", ".key"))]
        given = [os.devnull if word in files else word for word in words[2:]]
        found = main.make_context(words[1], given).params
        assert found["host"].startswith("10.")
        assert found["dashboard"] is False
        assert found["dashboard_address"] == "127.0.0.1:0"


def test_no_command_on_the_page_listens_on_every_address():
    assert "0.0.0.0" not in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("authority", [None, "none.pem"])
def test_tls_without_tls_certificates_is_refused_before_anything_begins(
    authority, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    importlib.import_module("distributed")  # which sets its configuration as it loads
    files = {"ca-file": authority, "client.cert": authority}
    with dask.config.set({f"distributed.comm.tls.{name}": file for name, file in files.items()}):
        arguments = ["recover", "no-effect", "--scheduler", "tls://10.0.0.5:8786"]
        assert run(arguments) == EXIT_BAD_INPUT
    error = capsys.readouterr().err
    assert "DASK_DISTRIBUTED__COMM__TLS__CA_FILE" in error
    assert ("cannot be read" if authority else "no TLS certificate is configured") in error
    assert list(tmp_path.iterdir()) == []


def test_an_address_without_a_scheduler_is_reported_in_one_message(
    dice, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pretese.jobs.cluster.PATIENCE", 0.1)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and never listens: every connection is refused
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        assert run(["recover", "no-effect", "--scheduler", address]) == EXIT_BAD_INPUT
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith(f"error: --scheduler: {address}: no Dask scheduler answers there")
    assert list(tmp_path.iterdir()) == []
    gc.collect()


class Service:
    """A running command of Dask in its own process group; its messages are read."""

    def __init__(self, words: list[str], ready: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *words], stderr=subprocess.PIPE, text=True,
            start_new_session=True, cwd=folder, env={**os.environ, "TMPDIR": str(folder)},
        )  # fmt: skip
        message = []
        assert self.process.stderr is not None
        for line in self.process.stderr:  # until it is ready, or ends
            message.append(line)
            if ready in line:
                break
        else:
            raise AssertionError("".join(message))
        self.address = message[-1].split()[-1]
        self._reader = threading.Thread(target=self.process.stderr.read)
        self._reader.start()

    @property
    def ended(self) -> bool:
        """Return whether it has been killed."""
        return self.process.poll() is not None

    def kill(self) -> None:
        """End it and all processes that it has started, and wait until they have ended."""
        assert self.process.stderr is not None
        if self.process.stderr.closed:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()  # no process holds its standard error any more
        self.process.stderr.close()

    def listens_at(self) -> set[str]:
        """Return the addresses at which it, or a process that it has started, listens."""
        root = psutil.Process(self.process.pid)
        return {
            found.laddr.ip
            for process in (root, *root.children(recursive=True))
            for found in process.net_connections(kind="inet")
            if found.status == psutil.CONN_LISTEN
        }


def here(words: list[str], scheduler: str = "") -> list[str]:
    """Return a documented command for this machine: only addresses, ports and numbers differ."""
    changed = {"--host": "127.0.0.1", "--port": "0", "--nworkers": "1"}
    found = [changed.get(before, word) for before, word in zip(["", *words], words, strict=False)]
    return [scheduler if word.startswith("tcp://") else word for word in found]


class Cluster:
    """A scheduler and its workers, started as on the page; killed processes are replaced."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        plain = [words for words in documented() if "--tls-ca-file" not in words]
        (self._scheduler,) = (words for words in plain if words[1] == "scheduler")
        (self._worker,) = (words for words in plain if words[1] == "worker")
        self._folder, self._stack = folder, stack
        self.scheduler = self._start(here(self._scheduler), "Scheduler at:")
        self.workers: list[Service] = []

    @property
    def address(self) -> str:
        """Address of the scheduler."""
        return self.scheduler.address

    def with_workers(self, count: int) -> "Cluster":
        """Start a scheduler and this many workers unless they are running."""
        if self.scheduler.ended:
            for worker in self.workers:
                worker.kill()
            self.scheduler = self._start(here(self._scheduler), "Scheduler at:")
        self.workers = [worker for worker in self.workers if not worker.ended]
        for _ in range(count - len(self.workers)):
            self.workers.append(self._start(here(self._worker, self.address), "Registered to:"))
        return self

    def _start(self, words: list[str], ready: str) -> Service:
        service = Service(words, ready, self._folder)
        self._stack.callback(service.kill)
        return service


@pytest.fixture
def dice() -> Iterator[None]:
    """Restore the state of `random`: Dask waits a random time before it reconnects."""
    state = random.getstate()
    yield
    random.setstate(state)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start a scheduler for all tests; each asks for the workers that it needs."""
    with ExitStack() as stack:
        yield Cluster(tmp_path_factory.mktemp("cluster"), stack)


@pytest.fixture
def cluster(services: Cluster, dice: None) -> Cluster:
    return services.with_workers(1)


def words(folder: Path, out: Path, *more: str) -> list[str]:
    plan = folder / "plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    return [
        "recover", "constant-effect", "no-effect", "--plan", str(plan), "--out", str(out),
        "--truth-patients", "120000", "--replicates", "400", "--no-figures", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scale")
    assert run(words(folder, folder / "out", "--workers", "1")) == 0
    return folder / "out"


@contextmanager
def once_a_block_is_kept(*services: Service) -> Iterator[None]:
    """Kill services as soon as the first block is stored, while others are being computed."""
    write, kept = Store.write, []

    def write_and_kill(self: Store, block: object, table: object) -> None:
        write(self, block, table)
        if not kept:
            kept.append(block)
            for service in services:
                service.kill()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "write", write_and_kill)
        yield


def test_the_documented_cluster_listens_only_there_and_survives_a_lost_worker(
    cluster, whole, tmp_path
):
    cluster.with_workers(2)
    services = (cluster.scheduler, *cluster.workers)
    assert set().union(*(each.listens_at() for each in services)) == {"127.0.0.1"}
    out = tmp_path / "out"
    with once_a_block_is_kept(cluster.workers[0]):
        assert run(words(tmp_path, out, "--scheduler", cluster.address)) == 0
    assert hashes(out) == hashes(whole)
    gc.collect()  # connections left open by the client are an error here, not in another test


def test_a_result_whose_worker_is_lost_just_after_it_was_fetched_is_returned(cluster, monkeypatch):
    distributed = importlib.import_module("distributed")
    fetch, lost = distributed.Client._gather, []

    async def fetch_and_lose(
        self: object, futures: object, *more: object, **named: object
    ) -> object:
        found = await fetch(self, futures, *more, **named)
        for future in futures if isinstance(futures, list) else [futures]:
            future._state.lose()  # as the client does when the scheduler reports a lost worker
            lost.append(future.key)
        return found

    monkeypatch.setattr(distributed.Client, "_gather", fetch_and_lose)
    with cluster_pool(cluster.address) as pool:
        assert list(in_order(str.split, ["a b", "a b c d"], pool)) == [
            ["a", "b"],
            ["a", "b", "c", "d"],
        ]
    assert len(lost) == 2
    gc.collect()


def test_a_lost_scheduler_is_reported_in_one_message_and_the_run_continues(
    cluster, whole, tmp_path, capsys
):
    out = tmp_path / "out"
    with once_a_block_is_kept(cluster.scheduler):
        assert run(words(tmp_path, out, "--scheduler", cluster.address)) == EXIT_BAD_INPUT
    (error,) = filter(None, capsys.readouterr().err.splitlines())  # and no traceback of Dask's
    assert error.startswith(f"error: --scheduler: {cluster.address}: the connection")
    assert error.endswith("finished work is kept; run again with --resume")
    assert len(list((out / "blocks").rglob("*.parquet"))) >= 1
    assert run(words(tmp_path, out, "--workers", "1", "--resume")) == 0
    assert hashes(out) == hashes(whole)
    gc.collect()


def test_waiting_for_a_cluster_without_workers_ends(cluster, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pretese.jobs.cluster.WORKER_PATIENCE", 0.01)
    monkeypatch.setattr("pretese.jobs.cluster.CHECK_SECONDS", 0.01)
    out = tmp_path / "out"
    with once_a_block_is_kept(*cluster.workers):
        assert run(words(tmp_path, out, "--scheduler", cluster.address)) == EXIT_BAD_INPUT
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"start workers (dask worker {cluster.address})" in error
    assert error.endswith("run again with --resume")
    assert len(list((out / "blocks").rglob("*.parquet"))) >= 1
    gc.collect()
