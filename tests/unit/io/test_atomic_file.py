"""Every writer of a single file writes it completely or leaves it unchanged."""

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from pretese.article.calibration.store import write_calibration_record
from pretese.io.output.atomic_file import check_file, replaced_file, write_file
from pretese.io.output.manifest import add_to_manifest, foreign_files, read_manifest, write_manifest
from pretese.plots.style import new_figure, save
from protocol.errors import InputError
from simulate.scenario.calibration_record import CalibrationRecord
from simulate.scenario.transported import Transported
from tests.support.faults.disk_faults import KilledError, counted, full_from, killed_at, snapshot


def text(path: Path) -> None:
    write_file(path, "new\n")


def by_path(path: Path) -> None:
    with replaced_file(path) as temporary:
        temporary.write_text("new\n")


def picture(path: Path) -> None:
    save(new_figure(1, 1), path)


def record(path: Path) -> None:
    empty = CalibrationRecord(
        scenario="x", mechanism_sha256="", published="x", seed=1, replicates=50, parameters={},
        targets={}, transported=Transported(to_population="x", to_dose="x", numbers=()),
    )  # fmt: skip
    write_calibration_record(path, empty)


WRITERS = [
    (text, "page.html"),
    (by_path, "table.csv"),
    (picture, "figure.png"),
    (picture, "figure.svg"),
    (record, "paper.json"),
]
every_writer = pytest.mark.parametrize(("write", "name"), WRITERS)


def neighbours(folder: Path) -> None:
    folder.mkdir()
    for other in ("page.partial", "page.html.partial", ".pretese-partial-notes.txt"):
        (folder / other).write_text("mine")


def done(write, folder: Path, name: str) -> tuple[bytes, list[str]]:
    """Return what a writer writes, and its steps."""
    folder.mkdir()
    with counted(folder) as steps:
        write(folder / name)
    return (folder / name).read_bytes(), list(steps)


@every_writer
def test_a_kill_at_any_step_leaves_the_old_file_or_the_new_one(tmp_path, write, name):
    new, steps = done(write, tmp_path / "count", name)
    assert steps.count("replace") == 1
    for number in range(len(steps)):
        folder = tmp_path / str(number)
        neighbours(folder)
        (folder / name).write_bytes(b"old")
        before = snapshot(folder)
        with killed_at(folder, number), pytest.raises(KilledError):
            write(folder / name)
        assert (folder / name).read_bytes() in (b"old", new)
        after = snapshot(folder)
        assert {path: after[path] for path in before if path != name} == {
            path: before[path] for path in before if path != name
        }
        write(folder / name)
        assert (folder / name).read_bytes() == new


@every_writer
@pytest.mark.parametrize("old", [b"old", None])
def test_a_disk_full_at_any_step_leaves_the_old_file(tmp_path, write, name, old):
    new, steps = done(write, tmp_path / "count", name)
    for number in range(len(steps)):
        folder = tmp_path / str(number)
        neighbours(folder)
        if old:
            (folder / name).write_bytes(old)
        before = snapshot(folder)
        message = ""
        with full_from(folder, number):
            try:
                write(folder / name)
            except InputError as error:
                message = str(error)
        if message:
            assert f"{folder / name}: it cannot be written (No space left on device)" in message
            assert snapshot(folder) == before
        else:
            assert snapshot(folder) == {**before, name: new}


def test_an_error_in_the_block_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("old")

    def stop_half_way() -> None:
        with replaced_file(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stop_half_way()
    assert snapshot(tmp_path) == {"x.csv": b"old"}


def test_an_error_of_another_file_is_not_reported_as_one_of_this(tmp_path):
    with pytest.raises(FileNotFoundError), replaced_file(tmp_path / "x.csv"):
        (tmp_path / "input.csv").read_text()


def test_the_permissions_of_the_old_file_stay(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(0o640)
    write_file(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "usual").write_text("")
    write_file(tmp_path / "x", "")
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_link_is_followed_and_stays(tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "x.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    write_file(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_receives_the_bytes_and_is_not_replaced(tmp_path):
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, "through")
    reader.join()
    assert got == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_places_where_no_file_can_be_written_are_reported_before_work_begins(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    before = snapshot(tmp_path)
    for path, message in {
        tmp_path / "folder": "this is a folder; name a file",
        tmp_path / "none" / "x": "there is no folder",
        tmp_path / "file" / "x": "there is no folder",
        tmp_path / "circle" / "x": "",
        tmp_path / "nul\0": "",
        tmp_path / ("x" * 300): "name too long",
    }.items():
        with pytest.raises(InputError) as error:
            check_file(path, "--out")
        assert message in str(error.value)
        assert str(error.value).startswith("--out: ")
        with pytest.raises(InputError):
            write_file(path, "new")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    for path in (tmp_path / "file", tmp_path / "new"):
        with pytest.raises(InputError, match="read-only"):
            write_file(path, "new")
    assert snapshot(tmp_path) == before


def test_a_manifest_lists_every_file_and_states_who_wrote_it(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "a" / "x.csv").write_text("")
    write_manifest(tmp_path, {"seed": 1})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest == {
        "schema": "pretese/result/1",
        "seed": 1,
        "empty_folders": ["empty"],
        "files": {"a/x.csv": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    }
    assert read_manifest(tmp_path) == manifest
    assert foreign_files(tmp_path, manifest) == []


def test_a_file_that_is_made_later_can_be_added_to_a_manifest(tmp_path):
    write_manifest(tmp_path, {"seed": 1})
    (tmp_path / "report.html").write_text("page")
    assert foreign_files(tmp_path, read_manifest(tmp_path) or {}) == ["report.html"]
    add_to_manifest(tmp_path, "report.html")
    assert foreign_files(tmp_path, read_manifest(tmp_path) or {}) == []


def test_a_folder_without_a_manifest_of_ours_gets_none(tmp_path):
    (tmp_path / "manifest.json").write_text('{"name": "a web app", "files": {}}')
    (tmp_path / "report.html").write_text("page")
    add_to_manifest(tmp_path, "report.html")
    assert (tmp_path / "manifest.json").read_text() == '{"name": "a web app", "files": {}}'


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff", b'{"schema": "pretese/result/1"}',
        b'{"schema": "pretese/result/1", "files": []}',
        b'{"schema": "pretese/result/1", "files": {"x": 1}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_not_a_manifest_of_ours_is_none(tmp_path, content):
    (tmp_path / "manifest.json").write_bytes(content)
    assert read_manifest(tmp_path) is None
