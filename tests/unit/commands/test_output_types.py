"""Checks of output files and folders before a command begins."""

import click
import pytest

from pretese.commands.output_types import OutputFile, OutputFolder
from tests.support.command_lines import VALID, answer, command_of, folder_of_files, paths

OUTPUTS = [(name, each) for name, each in paths(OutputFile, OutputFolder)]
FILES = [(name, each) for name, each in OUTPUTS if isinstance(each.type, OutputFile)]

each_output = pytest.mark.parametrize(
    ("name", "option"), OUTPUTS, ids=lambda each: each if isinstance(each, str) else each.opts[0]
)
each_file = pytest.mark.parametrize(
    ("name", "option"), FILES, ids=lambda each: each if isinstance(each, str) else each.opts[0]
)


def call(name: str, option: click.Parameter, place: str) -> tuple[str, ...]:
    """Return the valid call of a command, with an output at a place."""
    words, flag = list(VALID[name]), option.opts[0]
    if flag in words:
        words[words.index(flag) + 1] = place
        return (*name.split(), *words)
    return (*name.split(), *words, flag, place)


def ending(option: click.Parameter) -> str:
    return (*getattr(option.type, "endings", ()), ".csv")[0]


@pytest.fixture
def never_begun(monkeypatch):
    """Let no command begin."""

    def begin(*args, **named):
        raise AssertionError("it began")

    for name, _ in OUTPUTS:
        monkeypatch.setattr(command_of(name), "callback", begin)


@pytest.mark.usefixtures("never_begun")
@each_output
def test_a_path_that_cannot_be_written_is_refused_before_the_command_begins(name, option):
    with folder_of_files(name) as folder:
        if isinstance(option.type, OutputFile):
            (folder / f"there{ending(option)}").mkdir()
            bad = [f"missing/x{ending(option)}", f"there{ending(option)}", "~/x" + ending(option)]
        else:
            bad = ["plan.yaml", "plan.yaml/x", "~/x"]
            (folder / "link").symlink_to("there")
            bad += [] if option.type.extended else ["link", "."]
        before = sorted(folder.rglob("*"))
        for place in bad:
            found = answer(*call(name, option, place))
            assert found.code == 2, place
            assert found.err.startswith(f"error: {option.opts[0]}: {place}: "), found.err
        assert sorted(folder.rglob("*")) == before


@pytest.mark.usefixtures("never_begun")
@each_file
def test_a_file_that_the_command_reads_or_writes_is_never_replaced(name, option):
    """Also for another spelling of its path, and within a folder that is read."""
    with folder_of_files(name) as folder:
        inputs = [word for word in VALID[name] if (folder / word).exists()]
        others = [
            each
            for owner, each in FILES
            if owner == name
            and each is not option
            and (not each.type.endings or ending(option) in each.type.endings)
        ]
        place = folder / f"new{ending(option)}"
        refused = [(*call(name, option, str(place)), each.opts[0], "./" + place.name)
                   for each in others]  # fmt: skip
        for word in inputs:
            if (folder / word).is_dir():
                place = next(path for path in (folder / word).rglob("*") if path.is_file())
                refused.append(call(name, option, str(place)))
            else:
                (folder / f"link{ending(option)}").unlink(missing_ok=True)
                (folder / f"link{ending(option)}").symlink_to(word)
                refused.append(call(name, option, f"link{ending(option)}"))
        for words in refused:
            found = answer(*words)
            assert (found.code, "is not replaced" in found.err) == (2, True), (words, found)


def test_a_calendar_may_replace_its_previous_version():
    with folder_of_files():
        words = ["--pseudonym", "17", "--ics", "x.ics"]
        assert answer("schedule", *VALID["schedule"], *words).code == 0
        assert answer("schedule", *VALID["schedule"], *words, "--previous", "x.ics").code == 0
        assert answer("schedule", *VALID["schedule"], *words, "--regimen", "x.ics").code == 2


def test_no_result_is_written_into_the_folder_of_another():
    with folder_of_files():
        found = answer("analyse", *VALID["analyse"], "--out", "made", "--report", "made/page.html")
        assert found.code == 2
        assert answer("analyse", *VALID["analyse"], "--out", "made").code == 0
        found = answer("analyse", *VALID["analyse"], "--out", "made", "--report", "made/page.html")
        assert (found.code, "what --out names" in found.err) == (2, True)
