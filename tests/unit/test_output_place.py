"""An unusable output location is refused before anything is computed."""

import json
import os
from pathlib import Path

import pytest

from pretese.io.output import place as places
from pretese.io.output.result_folder import result_folder
from protocol.errors import InputError
from tests.small_result import leftovers, word_of, write
from tests.support.faults.disk_faults import snapshot


def edit(out: Path) -> None:
    (out / "table.csv").write_text("edited")


def add(out: Path) -> None:
    (out / "NOTES.md").write_text("mine")


def add_folder(out: Path) -> None:
    (out / "scratch").mkdir()


def add_link(out: Path) -> None:
    (out / "link").symlink_to(out / "table.csv")


def link_instead(out: Path) -> None:
    (out / "table.csv").rename(out.parent / "moved.csv")
    (out / "table.csv").symlink_to(out.parent / "moved.csv")


def foreign_manifest(out: Path) -> None:
    (out / "manifest.json").write_text('{"name": "a web app", "icons": []}')


def broken_manifest(out: Path) -> None:
    (out / "manifest.json").write_text("{")


def no_manifest(out: Path) -> None:
    (out / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (edit, "table.csv (changed)"),
        (add, "NOTES.md"),
        (add_folder, "scratch/"),
        (add_link, "link (a link)"),
        (link_instead, "table.csv (a link)"),
        (foreign_manifest, "was not written by pretese"),
        (broken_manifest, "was not written by pretese"),
        (no_manifest, "was not written by pretese"),
    ],
)
def test_foreign_files_are_named_before_anything_is_computed(tmp_path, change, named):
    out = tmp_path / "thesis"
    write(out, "old")
    change(out)
    before = snapshot(tmp_path)
    with pytest.raises(InputError) as error, result_folder(out):
        pytest.fail("something was computed")
    assert named in str(error.value)
    assert snapshot(tmp_path) == before


def test_a_manifest_cannot_name_files_elsewhere(tmp_path):
    out, precious = tmp_path / "thesis", tmp_path / "precious.txt"
    precious.write_text("old")  # the exact content of the table: its hash is known
    write(out, "old")
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["files"]["../precious.txt"] = manifest["files"]["table.csv"]
    manifest["files"][str(precious)] = manifest["files"]["table.csv"]
    (out / "manifest.json").write_text(json.dumps(manifest))
    write(out, "new")
    assert precious.read_text() == "old"
    assert word_of(out) == "new"


def test_deleted_files_of_an_earlier_result_are_replaced(tmp_path):
    write(tmp_path / "thesis", "old")
    (tmp_path / "thesis" / "table.csv").unlink()
    write(tmp_path / "thesis", "new")
    assert word_of(tmp_path / "thesis") == "new"


def test_an_empty_folder_is_accepted(tmp_path):
    (tmp_path / "thesis").mkdir()
    write(tmp_path / "thesis", "new")
    assert word_of(tmp_path / "thesis") == "new"
    assert not leftovers(tmp_path)


def test_missing_parent_folders_are_made_and_removed_if_the_run_fails(tmp_path):
    out = tmp_path / "a" / "b" / "thesis"
    with pytest.raises(ZeroDivisionError), result_folder(out):
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())
    write(out, "new")
    assert word_of(out) == "new"


def test_places_where_no_folder_can_be_replaced_are_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "nothing").symlink_to(tmp_path / "gone")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "below")
    before = snapshot(tmp_path)
    for out, message in {
        tmp_path / "file": "it is a file",
        tmp_path / "file" / "x": "is not a folder",
        tmp_path / "link": "it is a link",
        tmp_path / "nothing": "it is a link",
        tmp_path / "circle": "it is a link",
        tmp_path / "circle" / "x": "",
        tmp_path / "nul\0": "",
        tmp_path / ("x" * 300): "name too long",
        tmp_path / "\udcff": "not UTF-8 text",
        Path("~"): "~ stands for the home folder only where the shell replaces it",
        Path("~/thesis"): "~ stands for the home folder only where the shell replaces it",
        Path(): "it is the current folder",
        Path(".."): "a folder that holds the current one",
        tmp_path / "here": "a folder that holds the current one",
        Path("/"): "a folder that holds the current one",
    }.items():
        with pytest.raises(InputError) as error, result_folder(out):
            pytest.fail("something was computed")
        assert message in str(error.value), out
    assert snapshot(tmp_path) == before


def test_a_mount_point_is_refused_before_anything_is_computed(tmp_path, monkeypatch):
    write(tmp_path / "thesis", "old")
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path).name == "thesis")
    with (
        pytest.raises(InputError, match="a disk is mounted there"),
        result_folder(tmp_path / "thesis"),
    ):
        pytest.fail("something was computed")
    assert word_of(tmp_path / "thesis") == "old"


def test_a_read_only_folder_is_refused_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match="is read-only"), result_folder(tmp_path / "thesis"):
        pytest.fail("something was computed")


def test_a_disk_without_room_is_refused_before_anything_is_computed(tmp_path, monkeypatch):
    full = type("Usage", (), {"total": 100, "free": 0})
    monkeypatch.setattr(places.shutil, "disk_usage", lambda path: full)
    with pytest.raises(InputError, match="No space left"), result_folder(tmp_path / "thesis"):
        pytest.fail("something was computed")
