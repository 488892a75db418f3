"""A lock lasts as long as its run and tells the next run what a killed run left behind."""

import errno
import json
import os
import platform
import sys
import types

import pytest

from pretese.io.output import folder_lock as locks
from pretese.io.output.folder_lock import folder_lock
from protocol.errors import InputError


@pytest.fixture
def file(tmp_path):
    return tmp_path / ".x.pretese-lock"


def entry(process: int, machine: str = platform.node(), token: str = "0123456789abcdef") -> str:
    return "\n" + json.dumps({"token": token, "process": process, "machine": machine}) + "\n"


#: A number that is too large to be a process ID on any system.
NOBODY = 2**22 + 12345


def test_the_lock_goes_when_its_run_ends(file, tmp_path):
    with folder_lock(file, tmp_path) as first:
        assert file.exists()
        assert first.left == ()
    assert not file.exists()
    with folder_lock(file, tmp_path) as second:
        assert second.token != first.token


def test_the_token_of_a_killed_run_is_handed_on(file, tmp_path):
    file.write_text(entry(NOBODY))
    with folder_lock(file, tmp_path) as lock:
        assert lock.left == ("0123456789abcdef",)
    assert not file.exists()


def test_a_line_cut_by_a_kill_is_passed_over(file, tmp_path):
    file.write_text(entry(NOBODY) + '\n{"token": "fedc')
    with folder_lock(file, tmp_path) as lock:
        assert lock.left == ("0123456789abcdef",)
        assert file.read_text().count("\n") == 5


def test_the_lock_stays_while_something_is_left(file, tmp_path):
    with folder_lock(file, tmp_path, remains=lambda token: True) as first:
        pass
    with folder_lock(file, tmp_path) as second:
        assert second.left == (first.token,)
    assert not file.exists()


@pytest.mark.parametrize("content", ["my notes", "[]", '{"name": "x"}', "\n\nx"])
def test_a_file_of_others_is_not_a_lock_and_stays(file, tmp_path, content):
    file.write_text(content)
    with (
        pytest.raises(InputError, match="is not a lock file of this program"),
        folder_lock(file, tmp_path),
    ):
        pytest.fail("it was taken")
    assert file.read_text() == content


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_a_link_is_not_a_lock(file, tmp_path):
    (tmp_path / "precious").write_text("")
    file.symlink_to(tmp_path / "precious")
    with pytest.raises(InputError, match="cannot be written"), folder_lock(file, tmp_path):
        pytest.fail("it was taken")
    assert (tmp_path / "precious").read_text() == ""


def without_locks(monkeypatch, error=errno.ENOLCK):
    """Simulate a file system without locks."""

    def refuse(handle, how):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(locks, "fcntl", types.SimpleNamespace(lockf=refuse, LOCK_EX=2, LOCK_NB=4))


@pytest.mark.parametrize("system", ["no fcntl", "no locks"])
def test_without_locks_of_the_system_the_process_in_the_file_decides(
    file, tmp_path, monkeypatch, system
):
    if system == "no fcntl":
        monkeypatch.setattr(locks, "fcntl", None)
    else:
        without_locks(monkeypatch)
    file.write_text(entry(NOBODY))
    with folder_lock(file, tmp_path) as lock:
        assert lock.left == ("0123456789abcdef",)
    file.write_text(entry(os.getppid()))
    with pytest.raises(InputError, match=f"process {os.getppid()}"), folder_lock(file, tmp_path):
        pytest.fail("it was taken")
    file.write_text(entry(NOBODY, "elsewhere"))
    reported = pytest.raises(InputError, match=f"on elsewhere.*has stopped, delete {file}")
    with reported, folder_lock(file, tmp_path):
        pytest.fail("it was taken")
    assert file.read_text() == entry(NOBODY, "elsewhere")


def test_an_error_of_the_lock_is_reported(file, tmp_path, monkeypatch):
    without_locks(monkeypatch, errno.EIO)
    with pytest.raises(InputError, match="cannot be written"), folder_lock(file, tmp_path):
        pytest.fail("it was taken")


def test_a_lock_whose_file_was_replaced_meanwhile_is_used_again(file, tmp_path, monkeypatch):
    real, done = locks._locked, []

    def late(handle):
        if not done:
            done.append(handle)
            file.unlink()  # as the previous holder may do between opening and locking
        return real(handle)

    monkeypatch.setattr(locks, "_locked", late)
    with folder_lock(file, tmp_path):
        assert file.exists()
