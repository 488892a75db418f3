"""Every command that writes, killed and on a full disk: no earlier result is lost.

`make soak` does every step of every command.
"""

from pathlib import Path

import pytest

from tests.support.faults.survival import FILES, FOLDERS, Case, fill, inputs, kill, prepare


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return inputs(tmp_path_factory.mktemp("inputs"))


def cases(group: tuple[Case, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", group, ids=lambda case: case.name)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes longest and is tested elsewhere: what is drawn, and the report."""
    monkeypatch.setattr("pretese.trial.run_power.draw_all", lambda designs, folder: {})
    monkeypatch.setattr("pretese.article.run.reproduction_run.draw_reproduction", lambda *_: {})
    monkeypatch.setattr("pretese.article.run.reproduction_run.render_reproduction", lambda *_: "")
    monkeypatch.setattr("pretese.trial.report.power_report.render_report", lambda _: "page")


@pytest.mark.usefixtures("quick")
@cases(FOLDERS)
def test_a_folder_killed_in_the_swap_or_on_a_full_disk_loses_nothing(case, given, tmp_path):
    """`tests/unit/io/test_result_folder.py` does every step of the swap itself."""
    ready = prepare(case, given, tmp_path)
    between = max(number for number, step in enumerate(ready.steps) if step == "rename")
    assert kill(ready, tmp_path / "kill", between) == 0
    assert fill(ready, tmp_path / "full", between // 2) == 0


@pytest.mark.usefixtures("quick")
@cases(FILES)
def test_a_file_killed_or_on_a_full_disk_loses_nothing(case, given, tmp_path):
    """`tests/unit/io/test_atomic_file.py` does every step of writing a file."""
    ready = prepare(case, given, tmp_path)
    assert ready.steps.count("replace") == 1
    assert kill(ready, tmp_path / "kill", ready.steps.index("replace")) == 0
    assert fill(ready, tmp_path / "full", ready.steps.index("fsync")) == 0
