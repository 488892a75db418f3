import concurrent.futures

import pyarrow as pa
import pytest

from pretese.study import execute
from pretese.study.blocks import Block, Job, Store
from pretese.study.execute import StrangeCodeError, compute, compute_all
from protocol.errors import InputError


def squares(first, size):
    return pa.table({"square": [n * n for n in range(first, first + size)]})


def job(**changes):
    return Job(**{"name": "squares", "task": squares, "spec": {"power": 2}, "block": 10} | changes)


def test_blocks_are_whole_so_that_a_run_can_grow():
    assert [block.first for block in job().blocks(21)] == [0, 10, 20]
    assert list(job().blocks(10)) == list(job().blocks(1))


@pytest.mark.parametrize(
    "other",
    [
        Block(job(spec={"power": 3}), 0),
        Block(job(name="cubes"), 0),
        Block(job(block=20), 0),
        Block(job(), 10),
    ],
)
def test_another_question_has_another_key(other):
    assert other.key != Block(job(), 0).key


def test_the_order_of_a_spec_does_not_matter():
    one, two = Block(job(spec={"a": 1, "b": 2}), 0), Block(job(spec={"b": 2, "a": 1}), 0)
    assert one.key == two.key


def test_other_code_has_another_key(monkeypatch):
    before = Block(job(), 0).key
    monkeypatch.setattr("pretese.study.blocks.code_version", lambda: "next release")
    assert Block(job(), 0).key != before


def test_a_block_that_is_read_is_the_block_that_was_written(tmp_path):
    store, block = Store(tmp_path), Block(job(), 20)
    assert not store.has(block)
    store.write(block, squares(20, 10))
    assert store.has(block)
    assert store.read(block) == squares(20, 10)
    assert not list(tmp_path.rglob("*.partial"))


def test_a_block_half_written_is_no_block(tmp_path, monkeypatch):
    store, block = Store(tmp_path), Block(job(), 0)
    monkeypatch.setattr("pretese.study.blocks.os.fsync", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.write(block, squares(0, 10))
    assert not store.has(block)


def test_the_same_table_gives_the_same_bytes(tmp_path):
    paths = []
    for name in "ab":
        store = Store(tmp_path / name)
        store.write(Block(job(), 0), squares(0, 10))
        paths.append(store.path(Block(job(), 0)))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_no_more_blocks_are_handed_out_than_asked_for():
    running, most = set(), []

    class Watched(concurrent.futures.ThreadPoolExecutor):
        def submit(self, call, /, *words):
            future = super().submit(call, *words)
            running.add(future)
            most.append(sum(not each.done() for each in running))
            return future

    with Watched(2) as pool:
        done = {block.first for block, _ in compute_all(job(block=1).blocks(40), (pool, 5))}
    assert done == set(range(40))
    assert max(most) <= 5


def test_a_worker_with_other_code_refuses():
    with pytest.raises(StrangeCodeError):
        compute(squares, 0, 1, "another release")


def test_other_code_on_a_worker_is_bad_input(monkeypatch):
    monkeypatch.setattr(execute, "compute", lambda *_: (_ for _ in ()).throw(StrangeCodeError))
    with (
        concurrent.futures.ThreadPoolExecutor(1) as pool,
        pytest.raises(InputError, match="another version of the program"),
    ):
        list(compute_all(job().blocks(5), (pool, 2)))
