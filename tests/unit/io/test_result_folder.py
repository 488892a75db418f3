"""A result folder is written completely or not at all, and no existing file is lost."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pretese.io.output.result_folder import optional_result_folder, result_folder
from protocol.errors import InputError
from tests.small_result import leftovers, word_of, write
from tests.support.faults.disk_faults import KilledError, counted, full_from, killed_at, snapshot


def neighbours(folder: Path) -> dict[str, bytes | str]:
    """Create a user's files next to a result, with names like those of temporary folders."""
    for name in ("thesis.partial", "thesis.earlier", "thesis.new-1", "thesis.partial-abc"):
        (folder / name).mkdir(parents=True)
        (folder / name / "chapter.tex").write_text(f"precious {name}")
    (folder / "thesis.lock").write_text("mine")
    (folder / ".thesis.lock").write_text("mine")
    (folder / "NOTES.md").write_text("mine")
    return snapshot(folder)


def without(folder: Path, out: Path) -> dict[str, bytes | str]:
    own = re.compile(r"\.?thesis(\.(partial|earlier)-[0-9a-f]{16}|\.pretese-lock)?(/.*)?")
    return {name: what for name, what in snapshot(folder).items() if not own.fullmatch(name)}


def steps_of(folder: Path, earlier: bool) -> list[str]:
    neighbours(folder)
    if earlier:
        write(folder / "thesis", "old")
    with counted(folder) as steps:
        write(folder / "thesis", "new")
    return list(steps)


@pytest.mark.parametrize("earlier", [False, True])
def test_a_run_killed_at_any_step_loses_nothing_and_the_next_one_goes_on(tmp_path, earlier):
    steps = steps_of(tmp_path / "count", earlier)
    assert steps.count("rename") == 1 + earlier
    assert len(steps) >= 18
    for number in range(len(steps)):
        folder = tmp_path / str(number)
        out = folder / "thesis"
        mine = neighbours(folder)
        if earlier:
            write(out, "old")
        with killed_at(folder, number), pytest.raises(KilledError):
            write(out, "new")
        found = {word_of(each) for each in folder.glob("thesis*") if each.is_dir()}
        assert not earlier or found & {"old", "new"}, (number, steps[number])
        assert without(folder, out) == mine

        with pytest.raises(ZeroDivisionError), result_folder(out):
            raise ZeroDivisionError  # the files of the killed run are cleaned up by now
        assert not leftovers(folder)
        assert word_of(out) in ({"old", "new"} if earlier else {None, "new"})
        assert out.exists() == (word_of(out) is not None)
        write(out, "newest")
        assert word_of(out) == "newest"
        assert not leftovers(folder)
        assert without(folder, out) == mine


@pytest.mark.parametrize("earlier", [False, True])
def test_a_run_killed_again_while_it_goes_on_loses_nothing(tmp_path, earlier):
    number = 0
    first = steps_of(tmp_path / "count", earlier)
    cuts = [k + after for k, step in enumerate(first) if step == "rename" for after in (0, 1, 2)]
    for cut in cuts:
        for again in range(0, 14, 2):
            if cut < len(first):
                number += 1
                folder = tmp_path / str(number)
                out = folder / "thesis"
                mine = neighbours(folder)
                if earlier:
                    write(out, "old")
                with killed_at(folder, cut), pytest.raises(KilledError):
                    write(out, "new")
                with killed_at(folder, again), pytest.raises(KilledError):
                    write(out, "second")
                found = {word_of(each) for each in folder.glob("thesis*") if each.is_dir()}
                assert not earlier or found & {"old", "new"}
                write(out, "newest")
                assert word_of(out) == "newest"
                assert not leftovers(folder)
                assert without(folder, out) == mine


@pytest.mark.parametrize("earlier", [False, True])
def test_a_disk_full_at_any_step_leaves_the_earlier_result(tmp_path, earlier):
    steps = steps_of(tmp_path / "count", earlier)
    for number in range(len(steps)):
        folder = tmp_path / str(number)
        out = folder / "thesis" if earlier else folder / "a" / "b" / "thesis"
        neighbours(folder)
        if earlier:
            write(out, "old")
        before = snapshot(folder)
        message = ""
        with full_from(folder, number):
            try:
                write(out, "new")
            except InputError as error:
                message = str(error)
        if message:
            assert "No space left on device" in message
            assert str(out) in message
            assert "partial" not in message
            assert snapshot(folder) == before
        else:
            assert word_of(out) == "new"
            assert not leftovers(folder)


@pytest.mark.parametrize("step", ["rename of the old", "rename of the new"])
def test_a_result_that_cannot_take_its_place_is_kept_and_named(tmp_path, monkeypatch, step):
    out, calls, rename = tmp_path / "thesis", [], os.rename
    write(out, "old")

    def refuse(source, target):
        calls.append(source)
        if len(calls) == (1 if step == "rename of the old" else 2):
            raise OSError(18, "Invalid cross-device link")
        rename(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", refuse)
        with pytest.raises(InputError, match="the new result is kept in") as error:
            write(out, "new")
    kept = Path(str(error.value).rsplit("kept in ", 1)[1])
    assert word_of(kept) == "new"
    assert word_of(out) == "old"
    write(out, "newest")
    assert word_of(kept) == "new"


def test_a_file_added_to_the_earlier_result_during_the_run_is_not_lost(tmp_path):
    out = tmp_path / "thesis"
    write(out, "old")
    with (
        pytest.raises(InputError, match=r"NOTES.md.*the new result is kept in"),
        result_folder(out),
    ):
        (out / "NOTES.md").write_text("mine")
    assert (out / "NOTES.md").read_text() == "mine"
    assert (out / "table.csv").read_text() == "old"


def test_two_runs_never_write_into_one_place(tmp_path):
    out = tmp_path / "thesis"
    with result_folder(out) as folder:
        (folder / "table.csv").write_text("first")
        with pytest.raises(InputError, match="another run is writing there"):
            write(tmp_path / "." / "thesis", "second")
    assert (out / "table.csv").read_text() == "first"
    assert not leftovers(tmp_path)


def test_another_process_is_kept_out_and_named(tmp_path):
    program = f"""
import os
from pathlib import Path
from pretese.io.output.result_folder import result_folder
try:
    with result_folder(Path({str(tmp_path / "thesis")!r})):
        print("in")
except Exception as error:
    print(error)
"""
    with result_folder(tmp_path / "thesis"):
        reported = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout
    assert f"another run (process {os.getpid()} on " in reported


def test_an_error_of_another_file_is_not_reported_as_one_of_the_result(tmp_path):
    with pytest.raises(FileNotFoundError), result_folder(tmp_path / "thesis"):
        (tmp_path / "input.csv").read_text()
    assert not list(tmp_path.iterdir())


def test_no_folder_is_given_if_none_was_asked_for(tmp_path):
    with optional_result_folder(None) as nothing, optional_result_folder(tmp_path / "x") as folder:
        assert nothing is None
        assert folder is not None
        assert folder.is_dir()


def test_somebody_who_writes_into_the_gap_of_a_killed_swap_loses_nothing(tmp_path):
    out = tmp_path / "thesis"
    write(out, "old")
    steps = steps_of(tmp_path / "count", earlier=True)
    with killed_at(tmp_path, steps.index("rename") + 1), pytest.raises(KilledError):
        write(out, "new")
    assert not out.exists()
    out.mkdir()
    before = snapshot(tmp_path)
    both = pytest.raises(InputError, match=r"inspect .*partial.* and .*earlier")
    with both, result_folder(out):
        pytest.fail("something was computed")
    after = snapshot(tmp_path)
    lock = ".thesis.pretese-lock"  # the refused run has written to the lock
    assert {**after, lock: b""} == {**before, lock: b""}
