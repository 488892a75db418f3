import concurrent.futures
import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pretese.io.input.regimen_files import RegimenFiles
from pretese.jobs.execute import StrangeCodeError, compute, compute_all
from pretese.jobs.storage.blocks import Block, Job, Store
from pretese.jobs.worker_pool import WorkerPool
from protocol.errors import InputError
from protocol.reading.stored import content_hash
from tests.support.faults.disk_faults import KilledError, counted, full_from, killed_at


def squares(first, size):
    return pa.table({"square": [n * n for n in range(first, first + size)]})


def job(**changes):
    return Job(**{"name": "squares", "task": squares, "spec": {"power": 2}, "block": 10} | changes)


def test_blocks_are_complete_so_that_a_run_can_be_extended():
    assert [block.first for block in job().blocks(21)] == [0, 10, 20]
    assert list(job().blocks(10)) == list(job().blocks(1))


def test_a_shortened_last_block_has_a_key_of_its_own():
    cut = list(job(whole=False).blocks(21))
    assert [(block.first, block.size) for block in cut] == [(0, 10), (10, 10), (20, 1)]
    whole = list(job(whole=False).blocks(30))
    assert [a.key == b.key for a, b in zip(cut, whole, strict=True)] == [True, True, False]


def test_a_block_is_written_in_as_many_row_groups_as_its_job_states(tmp_path):
    store, block = Store(tmp_path), Block(job(groups=5), 0, 10)
    store.write(block, squares(0, 10))
    file = pq.ParquetFile(store.path(block))
    assert file.num_row_groups == 5
    assert file.read_row_group(1)["square"].to_pylist() == [4, 9]


@pytest.mark.parametrize(
    "other",
    [
        Block(job(spec={"power": 3}), 0, 10),
        Block(job(name="cubes"), 0, 10),
        Block(job(), 0, 20),
        Block(job(), 10, 10),
    ],
)
def test_another_specification_has_another_key(other):
    assert other.key != Block(job(), 0, 10).key


def test_the_order_of_a_spec_does_not_matter():
    one, two = (Block(job(spec=s), 0, 10) for s in ({"a": 1, "b": 2}, {"b": 2, "a": 1}))
    assert one.key == two.key


def test_other_code_has_another_key(monkeypatch):
    before = Block(job(), 0, 10).key
    monkeypatch.setattr("pretese.jobs.storage.blocks.code_version", lambda kind: "next release")
    assert Block(job(), 0, 10).key != before


def test_a_block_is_read_back_as_it_was_written(tmp_path):
    store, block = Store(tmp_path), Block(job(), 20, 10)
    assert not store.has(block)
    store.write(block, squares(20, 10))
    assert store.has(block)
    assert store.read(block) == squares(20, 10)
    path = store.path(block)
    assert set(path.parent.iterdir()) == {path, path.with_suffix(".sha256")}


def test_a_half_written_block_is_ignored(tmp_path, monkeypatch):
    store, block = Store(tmp_path), Block(job(), 0, 10)
    monkeypatch.setattr("os.fsync", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.write(block, squares(0, 10))
    assert not store.has(block)


def test_the_same_table_gives_the_same_bytes(tmp_path):
    paths = []
    for name in "ab":
        store = Store(tmp_path / name)
        store.write(Block(job(), 0, 10), squares(0, 10))
        paths.append(store.path(Block(job(), 0, 10)))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_no_more_blocks_are_submitted_than_requested():
    running, most = set(), []

    class Watched(concurrent.futures.ThreadPoolExecutor):
        def submit(self, call, /, *words):
            future = super().submit(call, *words)
            running.add(future)
            most.append(sum(not each.done() for each in running))
            return future

    with Watched(2) as pool:
        done = {
            block.first for block, _ in compute_all(job(block=1).blocks(40), WorkerPool(pool, 5))
        }
    assert done == set(range(40))
    assert max(most) <= 5


def test_a_worker_with_other_code_refuses():
    with pytest.raises(StrangeCodeError):
        compute({"recovery": "another release"}, False, Block(job(), 0, 10))


def test_other_code_on_a_worker_is_bad_input(monkeypatch):
    versions = iter(["this release"])
    monkeypatch.setattr(
        "pretese.jobs.execute.code_version", lambda kind: next(versions, "another release")
    )
    with (
        concurrent.futures.ThreadPoolExecutor(1) as pool,
        pytest.raises(InputError, match="another version of the program"),
    ):
        list(compute_all(job().blocks(5), WorkerPool(pool, 2)))


def test_a_changed_block_is_refused_by_name(tmp_path):
    store, block = Store(tmp_path), Block(job(), 0, 10)
    store.write(block, squares(0, 10))
    path = store.path(block)
    pq.write_table(squares(1, 10), path)
    with pytest.raises(InputError, match=r"SHA-256 differs\); delete it and .* `resume`") as error:
        Store(tmp_path).has(block)
    assert error.value.faults[0].where == str(path)
    with pytest.raises(InputError, match="SHA-256 differs"):
        Store(tmp_path).read(block)
    path.unlink()
    assert not Store(tmp_path).has(block)
    Store(tmp_path).write(block, squares(0, 10))
    assert Store(tmp_path).read(block) == squares(0, 10)


@pytest.mark.parametrize("place", [4, 200, -1])
def test_a_single_flipped_bit_is_found(tmp_path, place):
    store, block = Store(tmp_path), Block(job(), 0, 10)
    store.write(block, squares(0, 10))
    data = bytearray(store.path(block).read_bytes())
    data[place] ^= 1
    store.path(block).write_bytes(data)
    with pytest.raises(InputError, match="SHA-256 differs"):
        Store(tmp_path).has(block)


def test_a_block_without_its_checksum_is_computed_again(tmp_path):
    store, block = Store(tmp_path), Block(job(), 0, 10)
    store.write(block, squares(0, 10))
    store.path(block).with_suffix(".sha256").unlink()
    assert not Store(tmp_path).has(block)
    with pytest.raises(InputError, match="the block is missing"):
        Store(tmp_path).read(block)


def test_the_checksum_file_can_be_read_by_sha256sum(tmp_path):
    store, block = Store(tmp_path), Block(job(), 0, 10)
    store.write(block, squares(0, 10))
    path = store.path(block)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.with_suffix(".sha256").read_text() == f"{digest}  {path.name}\n"


def test_a_store_for_a_single_run_keeps_no_checksums(tmp_path):
    store, block = Store(tmp_path, lasting=False), Block(job(), 0, 10)
    store.write(block, squares(0, 10))
    assert store.has(block)
    assert list(store.path(block).parent.iterdir()) == [store.path(block)]


def test_a_block_killed_at_any_step_is_complete_or_absent(tmp_path):
    block = Block(job(), 0, 10)
    with counted(tmp_path) as steps:
        Store(tmp_path / "count").write(block, squares(0, 10))
    assert steps.count("replace") == 2
    for number in range(len(steps)):
        store = Store(tmp_path / str(number))
        with killed_at(tmp_path, number), pytest.raises(KilledError):
            store.write(block, squares(0, 10))
        again = Store(store.folder)
        if not again.has(block):
            again.write(block, squares(0, 10))
        assert Store(store.folder).read(block) == squares(0, 10)


def test_a_block_on_a_full_disk_is_absent_and_leaves_no_files(tmp_path):
    block = Block(job(), 0, 10)
    with counted(tmp_path) as steps:
        Store(tmp_path / "count").write(block, squares(0, 10))
    message = []
    for number in range(len(steps)):
        store = Store(tmp_path / str(number))
        with full_from(tmp_path, number):
            try:
                store.write(block, squares(0, 10))
            except InputError as error:
                message.append(str(error))
                assert not list(store.folder.rglob("*.parquet"))
        Store(store.folder).write(block, squares(0, 10))
        assert Store(store.folder).read(block) == squares(0, 10)
    assert len(message) > 3
    assert all("No space left on device" in each for each in message)
    assert all("continue with `resume`" in each for each in message)


def test_a_block_is_not_kept_if_its_regimen_file_changed(tmp_path):
    regimen = tmp_path / "own.yaml"
    regimen.write_text("months: 3")
    files = RegimenFiles({str(regimen): content_hash("months: 3")})
    store, block = Store(tmp_path / "blocks"), Block(job(files=files), 0, 10)
    store.write(block, squares(0, 10))
    regimen.write_text("months: 4")
    with pytest.raises(InputError, match=r"own\.yaml: it changed during the run"):
        store.write(Block(job(files=files), 10, 10), squares(10, 10))
    assert len(list((tmp_path / "blocks").rglob("*.parquet"))) == 1
