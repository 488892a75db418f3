"""A run that fails changes no byte, whatever exists in and around the output location."""

import errno
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import strategies as st

from pretese.io.output.atomic_file import write_file
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import result_folder
from protocol.errors import InputError
from tests.support.faults.disk_faults import snapshot

#: Names of result files, names similar to them, and unusual names.
NAMES = st.sampled_from(
    [
        "manifest.json", "table.csv", "figures", "NOTES.md", ".git", "thesis", "thesis.partial",
        "thesis.partial-0123456789abcdef", "thesis.earlier-0123456789abcdef", ".thesis.lock",
        ".pretese-partial-0123456789abcdef", "ä ö", "a\nb", "-rf", "*", "\udc80",
    ]
)  # fmt: skip
CONTENTS = st.sampled_from(
    [b"", b"mine", b"old", b"{}", b'{"name": "a web app", "files": {}}', b"\xff\x00"]
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
TREES = st.dictionaries(PATHS, st.one_of(CONTENTS, st.sampled_from(["folder", "link"])), max_size=6)
ENDINGS = st.sampled_from(["succeeds", "fails", "full disk", "interrupted"])


def grow(root: Path, tree: dict[tuple[str, ...], bytes | str]) -> None:
    """Create files, folders and links, skipping paths that already exist."""
    for parts, what in tree.items():
        path = root.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if what == "folder":
                path.mkdir()
            elif what == "link":
                path.symlink_to("../elsewhere")
            elif not path.is_symlink():
                path.write_bytes(what if isinstance(what, bytes) else what.encode())
        except OSError:
            continue


def write(out: Path, word: str, ending: str) -> bool:
    """Write a result and return whether it was written."""
    try:
        with result_folder(out) as folder:
            (folder / "table.csv").write_text(word)
            (folder / "figures").mkdir()
            (folder / "figures" / "table.csv").write_text(word)
            write_manifest(folder, {"word": word})
            if ending == "full disk":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if ending != "succeeds":
                raise KeyboardInterrupt if ending == "interrupted" else ZeroDivisionError
    except (InputError, ZeroDivisionError, KeyboardInterrupt):
        return False
    return True


@given(around=TREES, inside=TREES, earlier=st.booleans(), ending=ENDINGS)
@example(around={}, inside={}, earlier=True, ending="succeeds")
@example(around={}, inside={("NOTES.md",): b"mine"}, earlier=True, ending="succeeds")
@example(around={}, inside={("manifest.json",): b"{}"}, earlier=False, ending="succeeds")
def test_a_result_replaces_only_an_earlier_result(around, inside, earlier, ending):
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        grow(root, around)
        out = root / "thesis"
        if earlier and not os.path.lexists(out):
            assert write(out, "old", "succeeds")
        grow(out, inside)
        before = snapshot(root)
        ours = set()
        if write(out, "new", ending):
            assert json.loads((out / "manifest.json").read_text())["word"] == "new"
            ours = {name for name in before if name == "thesis" or name.startswith("thesis/")}
            was = {name.removeprefix("thesis/") for name in ours} - {"thesis"}
            assert was <= {"manifest.json", "table.csv", "figures", "figures/table.csv"}
            assert all(before[name] == b"old" for name in ours if name.endswith(".csv"))
            after = {n: w for n, w in snapshot(root).items() if not n.startswith("thesis/")}
            assert after == {
                n: w
                for n, w in {**before, "thesis": "folder"}.items()
                if n not in ours or n == "thesis"
            }
        else:
            assert snapshot(root) == before


@given(around=TREES, name=NAMES)
def test_a_file_replaces_only_that_file(around, name):
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "a" / "b"
        root.mkdir(parents=True)
        grow(root, around)
        target = root / name
        before = snapshot(root.parent.parent)
        try:
            write_file(target, "new")
        except InputError:
            assert snapshot(root.parent.parent) == before
            return
        after = snapshot(root.parent.parent)
        real = Path(os.path.realpath(target)).relative_to(root.parent.parent).as_posix()
        assert after == {**before, real: b"new"}
