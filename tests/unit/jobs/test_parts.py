"""Parts of a study: together they contain each block once, and joined they give the same bytes."""

import pyarrow as pa
import pytest

from pretese.jobs.execute import finish, finish_part
from pretese.jobs.storage.blocks import Job
from pretese.jobs.storage.parts import Part, parts_folder, read_part
from pretese.jobs.storage.study_folder import part_of_study, study_folder
from protocol.errors import InputError
from tests.support.faults.disk_faults import KilledError, counted, killed_at, snapshot

RECORD = {"study": "x", "seed": 1}


def count(first, size):
    """A substitute for a simulation."""
    return pa.table({"n": list(range(first, first + size))})


BLOCKS = list(Job("count", count, {}, 10).blocks(70))


def silent(done, total, doing=""):
    """Show no progress."""


def compute_part(out, text):
    part = read_part(text)
    with part_of_study(RECORD, out, part) as store:
        return finish_part(part, BLOCKS, store, None, silent)


def join(out):
    with study_folder(RECORD, out, resume=True) as store:
        finish(BLOCKS, store, None, silent, "blocks")


@pytest.mark.parametrize("total", [1, 2, 3, 7, 9])
def test_each_block_is_in_exactly_one_part(total):
    held = [block for number in range(1, total + 1) for block in Part(number, total).of(BLOCKS)]
    assert len(held) == len(BLOCKS)
    assert {block.first for block in held} == {block.first for block in BLOCKS}


def test_joined_parts_have_the_bytes_of_one_run(tmp_path, monkeypatch):
    join(tmp_path / "whole")
    done = [compute_part(tmp_path / "study", f"{number}/3") for number in (3, 1, 2)]
    assert [each.blocks for each in done] == [2, 3, 2]
    assert done[0].total == 7
    monkeypatch.setattr("pretese.jobs.execute.compute_all", lambda missing, pool, resume: missing)
    join(tmp_path / "study")  # nothing is computed again
    assert snapshot(tmp_path / "study") == snapshot(tmp_path / "whole")


def test_blocks_missing_from_all_parts_are_computed(tmp_path):
    join(tmp_path / "whole")
    compute_part(tmp_path / "study", "2/3")
    join(tmp_path / "study")
    assert snapshot(tmp_path / "study") == snapshot(tmp_path / "whole")


def test_a_part_killed_at_any_step_continues(tmp_path):
    with counted(tmp_path) as steps:
        compute_part(tmp_path / "count" / "study", "2/3")
    whole = snapshot(parts_folder(tmp_path / "count" / "study"))
    for number in range(0, len(steps), 3):
        out = tmp_path / str(number) / "study"
        with killed_at(tmp_path, number), pytest.raises(KilledError):
            compute_part(out, "2/3")
        compute_part(out, "2/3")
        assert snapshot(parts_folder(out)) == whole, steps[number]


def test_joining_killed_at_any_step_continues(tmp_path):
    def parts(out):
        for text in ("1/2", "2/2"):
            compute_part(out, text)

    parts(tmp_path / "count" / "study")
    with counted(tmp_path) as steps:
        join(tmp_path / "count" / "study")
    whole = snapshot(tmp_path / "count" / "study")
    for number in range(0, len(steps), 7):
        out = tmp_path / str(number) / "study"
        parts(out)
        with killed_at(tmp_path, number), pytest.raises(KilledError):
            join(out)
        join(out)
        assert snapshot(out) == whole, steps[number]


def test_a_changed_block_of_a_part_is_refused(tmp_path):
    compute_part(tmp_path / "study", "1/2")
    block = next(parts_folder(tmp_path / "study").rglob("*.parquet"))
    block.write_bytes(block.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="changed after it was written"):
        join(tmp_path / "study")


def test_a_part_of_another_study_is_refused(tmp_path):
    compute_part(tmp_path / "study", "1/2")
    with pytest.raises(InputError, match="seed: was 1 and is 2 now"):  # noqa: SIM117  the inner one raises
        with study_folder({**RECORD, "seed": 2}, tmp_path / "study", resume=True):
            pytest.fail("it was opened")


def test_a_study_with_parts_is_not_computed_without_them(tmp_path):
    compute_part(tmp_path / "study", "1/2")
    with pytest.raises(InputError, match="join them with `resume`"):  # noqa: SIM117  the inner one raises
        with study_folder(RECORD, tmp_path / "study", resume=False):
            pytest.fail("it was opened")


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1/99999"])
def test_text_other_than_a_part_is_refused(text):
    with pytest.raises(InputError, match=r"write I/N .* such as 3/16"):
        read_part(text)
