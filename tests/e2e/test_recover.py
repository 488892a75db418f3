"""`pretese recover` as a user runs it: killed, resumed, extended, spread over machines."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from pretese.cli import run

PLAN = """
outcome: any_sperm
covariates: {fsh_iu_l: numeric, diagnosis: {categorical: [idiopathic, azfc]}}
methods: [standardised, crude]
"""

REPLICATES = 200

#: One thread of linear algebra, as our workers have: the machine is shared with other tests.
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


def words(folder: Path, out: Path, *more: str) -> list[str]:
    plan = folder / "plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    return [
        "recover", "constant-effect", "no-effect", "--plan", str(plan), "--out", str(out),
        "--truth-men", "40000", "--replicates", str(REPLICATES), "--no-figures", *more,
    ]  # fmt: skip


def start(arguments: list[str]) -> "subprocess.Popen[bytes]":
    """Start the program in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from pretese.cli import main; main()", *arguments],
        start_new_session=True, env=ENVIRONMENT,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(process: "subprocess.Popen[bytes]") -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()


def wait_for_blocks(out: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(list((out / "blocks").glob("*-effect/*.parquet"))) < count:
        assert time.monotonic() < deadline, "no block was finished in a minute"
        time.sleep(0.02)


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recover")


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    out = folder / "whole"
    assert run(words(folder, out, "--workers", "1")) == 0
    return out


def test_four_workers_write_the_same_bytes_as_one_process(whole, folder):
    out = folder / "four"
    finish(start(words(folder, out, "--workers", "4")))
    assert hashes(out) == hashes(whole)


def test_two_workers_killed_and_resumed_end_with_the_same_bytes(whole, folder):
    out = folder / "killed"
    process = start(words(folder, out, "--workers", "2"))
    wait_for_blocks(out, 1)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (out / "results").exists()
    done = {path.stat().st_mtime_ns for path in (out / "blocks").rglob("*.parquet")}
    assert run(words(folder, out, "--workers", "2", "--resume")) == 0
    assert done < {path.stat().st_mtime_ns for path in (out / "blocks").rglob("*.parquet")}
    for partial in out.rglob("*.partial"):
        partial.unlink()
    assert hashes(out) == hashes(whole)


def test_replicates_grow_to_the_same_bytes_as_a_run_of_that_size(whole, folder):
    out = folder / "grown"
    assert run(words(folder, out, "--workers", "1", "--replicates", "130")) == 0
    few = pd.read_parquet(out / "results/estimates/no-effect.parquet")
    assert few["replicate"].max() == 129
    assert run(words(folder, out, "--workers", "1", "--resume")) == 0
    assert hashes(out) == hashes(whole)
    many = pd.read_parquet(out / "results/estimates/no-effect.parquet")
    first = many[many["replicate"] < 130]
    order = ["replicate", "method", "scale"]
    few, first = (t.astype({"method": str, "scale": str}).sort_values(order) for t in (few, first))
    assert (few["estimate"].to_numpy() == first["estimate"].to_numpy()).all()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("--seed", "5"), "jobs.no-effect.seed: was 2024 and is 5 now"),
        (("paper",), "jobs.paper"),
    ],
)
def test_another_study_is_refused_and_nothing_is_touched(whole, folder, capsys, change, field):
    before = hashes(whole)
    assert run(words(folder, whole, "--workers", "1", "--resume", *change)) == 2
    assert field in capsys.readouterr().err
    assert hashes(whole) == before


def test_a_folder_with_a_study_needs_resume(whole, folder, capsys):
    assert run(words(folder, whole)) == 2
    assert "continue it with --resume" in capsys.readouterr().err


def test_a_folder_with_other_files_is_left_alone(folder, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("years of work")
    assert run(words(folder, tmp_path)) == 2
    assert "name a new folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_precision_is_reached_and_not_missed(folder, tmp_path):
    out = tmp_path / "precise"
    arguments = words(folder, out, "--workers", "1", "--replicates", "100", "--mcse", "0.04")
    assert run(arguments) == 0
    performance = pd.read_csv(out / "results/performance.csv")
    shares = performance[performance["measure"].isin(["coverage", "rejection"])]
    assert 100 < shares["n"].max() < 400
    assert shares["mcse"].max() <= 0.04


def test_json_holds_every_verdict_and_figures_may_come_later(whole, folder, tmp_path, capsys):
    out = tmp_path / "drawn"
    shutil.copytree(whole, out)
    assert run(words(folder, out, "--workers", "1", "--resume", "--figures", "--json")) == 0
    verdicts = json.loads(capsys.readouterr().out)
    assert {each["method"] for each in verdicts} == {"standardised", "crude"}
    assert {each["claim"] for each in verdicts} == {"none"}
    before, after = hashes(whole), hashes(out)
    assert {name for name in before if before[name] != after[name]} == {"results/manifest.json"}
    names = ("lollipops-constant-effect", "zip-constant-effect-own", "lollipops-no-effect",
             "zip-no-effect-own")  # fmt: skip
    figures = {f"results/{name}.{kind}" for name in names for kind in ("png", "svg")}
    assert set(after) - set(before) == figures


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recover", "papr", "--out", "x"], "did you mean 'paper'"),
        (["recover", "--mcse", "0"], "--mcse"),
        (["recover", "paper", "--plan", "no.yaml"], "there is no such file"),
        (["recover", "paper", "--scheduler", "nowhere"], "no Dask scheduler answers"),
    ],
)
def test_bad_input_is_one_clear_message(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pretese.study.execute.PATIENCE", 1)
    assert run(arguments) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


class Cluster:
    """A Dask scheduler and two workers, each a process of its own, on the loopback address."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.folder = folder
        host = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(self.file)]
        self.processes = [self._start("scheduler", *host, "--port", "0")]
        deadline = time.monotonic() + 60
        while not self.file.exists():
            assert time.monotonic() < deadline, "the scheduler did not start"
            time.sleep(0.05)
        for _ in range(2):
            self.add_worker()

    def _start(self, what: str, *arguments: str) -> "subprocess.Popen[bytes]":
        program = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments]
        return subprocess.Popen(
            program, cwd=self.folder, env=ENVIRONMENT,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def add_worker(self) -> None:
        self.processes.append(
            self._start(
                "worker", "--scheduler-file", str(self.file), "--nthreads", "1", "--no-nanny",
                "--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(self.folder),
            )
        )  # fmt: skip

    @property
    def address(self) -> str:
        address = json.loads(self.file.read_text())["address"]
        assert isinstance(address, str)
        return address

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    started = Cluster(tmp_path)
    yield started
    started.stop()


def test_a_cluster_writes_the_same_bytes_though_a_worker_is_killed(whole, folder, cluster):
    out = folder / "cluster"
    process = start(words(folder, out, "--scheduler", cluster.address))
    wait_for_blocks(out, 1)
    cluster.processes[-1].send_signal(signal.SIGKILL)
    finish(process)
    assert hashes(out) == hashes(whole)
