"""The folder of a study: one run at a time, other files unchanged, and always resumable."""

import pyarrow as pa
import pytest

from pretese.io.output.manifest import write_manifest
from pretese.jobs.storage.blocks import Block, Job, Store
from pretese.jobs.storage.study_folder import study_folder
from protocol.errors import InputError
from tests.support.faults.disk_faults import KilledError, counted, full_from, killed_at, snapshot

RECORD = {"study": "x", "seed": 1}


def count(first, size):
    return pa.table({"n": list(range(first, first + size))})


BLOCKS = list(Job("count", count, {}, 10).blocks(20))


def work(out, resume=False):
    """Compute two blocks of a study, and write substitute results."""
    with study_folder(RECORD, out, resume) as store:
        for block in BLOCKS:
            if not store.has(block):
                store.write(block, count(block.first, block.size))
        return [store.read(block) for block in BLOCKS]


def whole(out):
    return snapshot(out) if out.exists() else {}


@pytest.fixture
def done(tmp_path):
    """Return the files of an undisturbed study."""
    work(tmp_path / "done")
    return whole(tmp_path / "done")


def test_a_study_leaves_no_lock(done):
    assert set(done) == {"study.json", "blocks", "blocks/count"} | {
        f"blocks/count/{block.first:09d}-{block.key[:20]}.{kind}"
        for block in BLOCKS
        for kind in ("parquet", "sha256")
    }


def test_a_study_killed_at_any_step_is_resumed_to_the_same_bytes(tmp_path, done):
    with counted(tmp_path) as steps:
        work(tmp_path / "count")
    assert len(steps) > 25
    for number in range(len(steps)):
        out = tmp_path / str(number) / "study"
        with killed_at(tmp_path, number), pytest.raises(KilledError):
            work(out)
        work(out, resume=True)
        assert whole(out) == done, (number, steps[number])


def test_a_study_on_a_disk_full_at_any_step_is_reported_and_resumed_to_the_same_bytes(
    tmp_path, done
):
    with counted(tmp_path) as steps:
        work(tmp_path / "count")
    message = []
    for number in range(len(steps)):
        out = tmp_path / str(number) / "study"
        with full_from(tmp_path, number):
            try:
                work(out)
            except InputError as error:
                message.append(str(error))
        work(out, resume=True)
        assert whole(out) == done, (number, steps[number])
    assert len(message) > 15
    assert all("No space left on device" in each for each in message)


def test_two_runs_cannot_work_in_one_study(tmp_path, done):
    busy = pytest.raises(InputError, match="another run is writing there")
    with study_folder(RECORD, tmp_path / "x", False), busy:
        work(tmp_path / "x", resume=True)
    work(tmp_path / "x", resume=True)
    assert whole(tmp_path / "x") == done


def test_a_folder_with_other_files_is_refused_and_named(tmp_path):
    (tmp_path / "NOTES.md").write_text("mine")
    (tmp_path / ".pretese-partial-notes.txt").write_text("mine")
    before = snapshot(tmp_path)
    with pytest.raises(InputError, match=r"it holds other files \(.*NOTES.md"):
        work(tmp_path)
    assert snapshot(tmp_path) == before


def test_files_of_a_killed_run_are_removed_and_a_users_files_are_kept(tmp_path, done):
    out = tmp_path / "x"
    work(out)
    for folder in (out, out / "blocks" / "count"):
        (folder / ".pretese-partial-0123456789abcdef").write_text("half")
        (folder / "NOTES.md").write_text("mine")
        (folder / ".pretese-partial-notes.txt").write_text("mine")
    work(out, resume=True)
    assert {name for name in whole(out) if name not in done} == {
        f"{folder}{name}"
        for folder in ("", "blocks/count/")
        for name in ("NOTES.md", ".pretese-partial-notes.txt")
    }


def test_results_that_could_not_be_replaced_are_reported_before_work_begins(tmp_path, monkeypatch):
    out = tmp_path / "x"
    work(out)
    (out / "results").mkdir()
    write_manifest(out / "results", {})
    (out / "results" / "NOTES.md").write_text("mine")
    before = snapshot(out)
    monkeypatch.setattr(Store, "has", lambda *_: pytest.fail("work began"))
    with pytest.raises(InputError, match="in addition to an earlier result it contains NOTES"):
        work(out, resume=True)
    assert snapshot(out) == before


def test_a_file_in_place_of_the_study_folder_is_refused(tmp_path):
    (tmp_path / "x").write_text("mine")
    for out in (tmp_path / "x", tmp_path / "x" / "y"):
        with pytest.raises(InputError, match=r"^out: "):
            work(out)
    assert snapshot(tmp_path) == {"x": b"mine"}


def test_another_study_is_refused_and_no_file_is_changed(tmp_path):
    work(tmp_path / "x")
    before = snapshot(tmp_path)
    other = pytest.raises(InputError, match="seed: was 1 and is 2 now")
    with other, study_folder({**RECORD, "seed": 2}, tmp_path / "x", True):
        pytest.fail("work began")
    with pytest.raises(InputError, match="continue it with `resume`"):
        work(tmp_path / "x")
    assert snapshot(tmp_path) == before


def test_a_block_of_another_job_is_not_used(tmp_path):
    work(tmp_path / "x")
    other = Block(Job("count", count, {"other": 1}, 10), 0, 10)
    assert not Store(tmp_path / "x" / "blocks").has(other)
