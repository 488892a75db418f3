"""`pretese power` killed, interrupted, resumed, extended, and run in several processes."""

import hashlib
import json
import pickle
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from pretese.cli import run
from pretese.jobs.storage.blocks import Store
from pretese.jobs.worker_pool import WorkerPool
from pretese.screen.endings import EXIT_BAD_INPUT, EXIT_INTERRUPTED
from pretese.trial.design.design_reader import read_design
from pretese.trial.power.runner import trial_job

DESIGN = """
id: plain
title: fixed event rates
question: Is it found?
participants: 600
risks: {control_percent: 30, treated_percent: 40}
sites: [{name: one, from_month: [0], recruitment_per_year: [120]}]
endpoint: {endpoint_month: 4}
monitoring: {analyses_percent: [50, 100]}
sensitivity: {dropout: [0, 20]}
"""

#: 600 participants at patient level: blocks of 250 trials, the last one smaller.
REPLICATES = 600


@pytest.fixture(scope="module", autouse=True)
def _no_figures():
    """Skip the figures, which are slow and tested in `test_power_command.py`."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "pretese.trial.report.figures.power_figures.draw_all", lambda designs, folder: {}
        )
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("power")


def words(folder, out, *more):
    design = folder / "plain.yaml"
    design.write_text(DESIGN, encoding="utf-8")
    return [
        "power",
        str(design),
        "--out",
        str(out),
        "--replicates",
        str(REPLICATES),
        "--patient-level",
        *more,
    ]


def hashes(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".partial"
    }


@pytest.fixture(scope="module")
def whole(folder):
    out = folder / "whole"
    assert run(words(folder, out)) == 0
    return out


def test_a_killed_run_continues_to_the_same_bytes(whole, folder):
    out = folder / "killed"
    program = f"""
import os, signal
from pretese.cli import run
from pretese.jobs.worker_pool import WorkerPool
from pretese.jobs.storage.blocks import Store
write, done = Store.write, []
def write_and_die(self, block, table):
    if len(done) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(write(self, block, table))
Store.write = write_and_die
run({words(folder, out)!r})
"""
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    done = {path: path.stat().st_mtime_ns for path in (out / "blocks").rglob("*.parquet")}
    assert len(done) == 3
    assert not (out / "results").exists()
    assert run(words(folder, out, "--resume")) == 0
    assert all(path.stat().st_mtime_ns == when for path, when in done.items())
    assert hashes(out) == hashes(whole)


def test_ctrl_c_is_exit_130_and_nothing_finished_is_lost(whole, folder, monkeypatch, capsys):
    out, write, done = folder / "stopped", Store.write, []

    def write_and_stop(self, block, table):
        write(self, block, table)
        done.append(block)
        if len(done) == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", write_and_stop)
        assert run(words(folder, out)) == EXIT_INTERRUPTED
    message = " ".join(capsys.readouterr().err.split())
    assert "continue with --resume" in message
    assert message.endswith("interrupted")
    assert len(list((out / "blocks").rglob("*.parquet"))) == 4
    assert run(words(folder, out, "--resume")) == 0
    assert hashes(out) == hashes(whole)


def test_replicates_grow_to_the_trials_of_a_run_of_that_size(whole, folder):
    out = folder / "grown"
    assert run(words(folder, out, "--replicates", "300")) == 0
    few = pd.read_parquet(out / "results" / "plain.parquet")
    assert few.trial.max() == 299
    assert run(words(folder, out, "--resume")) == 0
    assert hashes(out / "results") == hashes(whole / "results")
    many = pd.read_parquet(out / "results" / "plain.parquet")
    first = many[many.trial < 300].reset_index(drop=True)
    pd.testing.assert_frame_equal(few, first, check_exact=True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("--seed", "5"), "asked.seed: was 1 and is 5 now"),
        (("--participants", "400"), "asked.participants: was [] and is [400] now"),
        (("--sensitivity", "dropout=0,30"), "designs.plain.sensitivity.dropout"),
        (("three-analyses",), "designs.three-analyses"),
    ],
)
def test_another_study_is_refused_and_no_file_is_changed(whole, folder, capsys, change, field):
    before = hashes(whole)
    assert run(words(folder, whole, "--resume", *change)) == EXIT_BAD_INPUT
    assert field in capsys.readouterr().err
    assert hashes(whole) == before


def test_a_folder_with_a_study_needs_resume_and_resume_a_folder(whole, folder, capsys):
    assert run(words(folder, whole)) == EXIT_BAD_INPUT
    assert "continue it with --resume" in capsys.readouterr().err
    assert run(["power", str(folder / "plain.yaml"), "--resume"]) == EXIT_BAD_INPUT
    assert "nothing to resume without --out" in capsys.readouterr().err


def test_a_damaged_folder_is_named_and_not_joined(whole, folder, tmp_path, capsys):
    for name, content in (("study.json", "{"), ("blocks", "no parquet")):
        out = tmp_path / name
        shutil.copytree(whole, out)
        broken = out / name
        broken = next(broken.rglob("*.parquet")) if broken.is_dir() else broken
        broken.write_text(content)
        assert run(words(folder, out, "--resume")) == EXIT_BAD_INPUT
        problem = "it is not valid JSON" if name == "study.json" else "the block was changed"
        assert f"error: {broken}: {problem}" in capsys.readouterr().err


def test_a_cluster_writes_the_same_bytes(whole, folder, monkeypatch):
    asked = []

    @contextmanager
    def cluster(address):
        asked.append(address)
        with ThreadPoolExecutor(2) as pool:
            yield WorkerPool(pool, 3)

    monkeypatch.setattr("pretese.jobs.cluster.cluster_pool", cluster)
    assert run(words(folder, folder / "cluster", "--scheduler", "tcp://there:8786")) == 0
    assert asked == ["tcp://there:8786"]
    assert hashes(folder / "cluster") == hashes(whole)


def test_a_block_travels_to_another_process(folder, whole):
    design = read_design(Path(folder, "plain.yaml"))[0]
    (block,) = trial_job(design, None, [(100, 0.0), (100, 1.0)], seed=1).blocks(5)
    copy = pickle.loads(pickle.dumps(block))
    assert copy.key == block.key
    assert copy.job.task(0, 5) == block.job.task(0, 5)


def test_the_grid_names_its_worst_case(whole):
    (design,) = json.loads((whole / "results" / "power.json").read_text())["designs"]
    grid = design["sensitivity"]
    assert [cell["at"] for cell in grid["cells"]] == [{"dropout": 0.0}, {"dropout": 20.0}]
    planned, lossy = grid["cells"]
    assert planned["power_difference"]["value"] == 0
    assert lossy["power_difference"]["value"] < -2 * lossy["power_difference"]["mcse"]
    # Paired on the same participants: a smaller error than with two independent powers.
    assert lossy["power_difference"]["mcse"] < 0.8 * 2**0.5 * planned["power"]["mcse"]
    assert grid["worst"]["power"] == 1
    for cell in grid["cells"]:
        assert abs(cell["type_one_error"]["value"] - 0.05) < 4 * cell["type_one_error"]["mcse"]


def test_the_design_that_is_stored_is_the_one_that_was_read(whole, folder, monkeypatch):
    out, write = folder / "edited", Store.write
    arguments = words(folder, out)

    def write_and_edit(self, block, table):
        (folder / "plain.yaml").write_text(
            DESIGN.replace("participants: 600", "participants: 90"), encoding="utf-8"
        )
        write(self, block, table)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", write_and_edit)
        assert run(arguments) == 0
    assert hashes(out) == hashes(whole)
    assert (out / "results" / "plain.yaml").read_text(encoding="utf-8") == DESIGN
    assert run(["report", str(out)]) == 0


def test_a_block_whose_numbers_were_changed_is_refused_by_name(whole, folder, tmp_path, capsys):
    out = tmp_path / "changed"
    shutil.copytree(whole, out)
    block = next((out / "blocks").rglob("*.parquet"))
    table = pd.read_parquet(block)
    table.assign(rejected=1.0).to_parquet(block)
    before = hashes(out)
    assert run(words(folder, out, "--resume")) == EXIT_BAD_INPUT
    output = capsys.readouterr().err
    assert f"error: {block}: the block was changed " in output
    assert "delete it and recompute it with --resume" in output
    assert hashes(out) == before
    block.unlink()
    assert run(words(folder, out, "--resume")) == 0
    assert hashes(out) == hashes(whole)


def test_a_study_with_a_report_next_to_its_results_can_be_extended(folder, tmp_path):
    out = tmp_path / "reported"
    assert run(words(folder, out, "--replicates", "20")) == 0
    assert run(["report", str(out / "results")]) == 0
    assert run(["report", str(out / "results")]) == 0
    (out / "results" / "report.html").read_bytes()
    assert run(words(folder, out, "--replicates", "40", "--resume")) == 0
    assert not (out / "results" / "report.html").exists()


def test_an_edited_report_is_not_deleted(folder, tmp_path, capsys):
    out = tmp_path / "annotated"
    assert run(words(folder, out, "--replicates", "20")) == 0
    assert run(["report", str(out / "results")]) == 0
    report = out / "results" / "report.html"
    report.write_text("my comments")
    assert run(words(folder, out, "--replicates", "40", "--resume")) == EXIT_BAD_INPUT
    assert "report.html (changed)" in capsys.readouterr().err
    assert report.read_text() == "my comments"
