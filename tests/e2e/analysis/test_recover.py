"""`pretese recover` from the command line: killed, stopped, resumed, extended, parallel."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from pretese.cli import run
from pretese.jobs.storage.blocks import Store
from tests.support.output.folder_contents import hashes

PLAN = """
outcome: any_sperm
covariates: {fsh_iu_l: numeric, diagnosis: {categorical: [idiopathic, azfc]}}
methods: [g-computation, unadjusted]
"""

REPLICATES = 200


def words(folder: Path, out: Path, *more: str) -> list[str]:
    plan = folder / "plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    return [
        "recover", "constant-effect", "no-effect", "--plan", str(plan), "--out", str(out),
        "--truth-patients", "40000", "--replicates", str(REPLICATES), "--no-figures", *more,
    ]  # fmt: skip


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
    assert run(words(folder, out, "--workers", "4")) == 0
    assert hashes(out) == hashes(whole)


KILLED = """
import os, signal
from pretese.cli import run
from pretese.jobs.storage.blocks import Store
from pretese.jobs.storage.blocks import Store
write = Store.write
def write_and_die(self, block, table):
    write(self, block, table)
    if block.job.name.endswith("-effect"):
        os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    Store.write = write_and_die
    run({words!r})
"""


def test_two_workers_killed_and_resumed_end_with_the_same_bytes(whole, folder):
    out = folder / "killed"
    program = KILLED.format(words=words(folder, out, "--workers", "2"))
    killed = subprocess.run(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, check=False,
        env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    # The return shows that the workers have ended: they hold standard error too.
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not (out / "results").exists()
    done = {path: path.stat().st_mtime_ns for path in (out / "blocks").rglob("*.parquet")}
    assert len([path for path in done if path.parent.name.endswith("-effect")]) == 1
    assert run(words(folder, out, "--workers", "2", "--resume")) == 0
    assert all(path.stat().st_mtime_ns == when for path, when in done.items())
    assert hashes(out) == hashes(whole)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=lambda each: getattr(each, "name", str(each)),
)
def test_a_signal_keeps_finished_blocks_and_states_how_to_continue(
    whole, folder, tmp_path, monkeypatch, capsys, number, code
):
    out, write = tmp_path / "stopped", Store.write

    def write_and_stop(self, block, table):
        write(self, block, table)
        signal.raise_signal(number)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", write_and_stop)
        assert run(words(folder, out, "--workers", "2")) == code
    output = " ".join(capsys.readouterr().err.split())
    assert f"finished blocks are kept in {out}; continue with --resume" in output
    assert len(list((out / "blocks").rglob("*.parquet"))) == 1
    assert run(words(folder, out, "--workers", "1", "--resume")) == 0
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
def test_another_study_is_refused_and_no_file_is_changed(whole, folder, capsys, change, field):
    before = hashes(whole)
    assert run(words(folder, whole, "--workers", "1", "--resume", *change)) == 2
    assert field in capsys.readouterr().err
    assert hashes(whole) == before


def test_a_folder_with_a_study_needs_resume(whole, folder, capsys):
    assert run(words(folder, whole)) == 2
    assert "continue it with --resume" in capsys.readouterr().err


def test_a_folder_with_other_files_is_not_changed(folder, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("years of work")
    assert run(words(folder, tmp_path)) == 2
    assert "name a new folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_requested_precision_is_reached(folder, tmp_path):
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
    assert {each["method"] for each in verdicts} == {"g-computation", "unadjusted"}
    assert {each["expected"] for each in verdicts} == {"none"}
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
    ],
)
def test_bad_input_is_one_clear_message(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
