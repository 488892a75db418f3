"""Every writing command, killed, on a full disk, with a rival run: no earlier result is lost.

`make soak` tests every step of every command, each page of a small disk, and rivals at any time.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.support.faults.disk_faults import at_step, snapshot
from tests.support.faults.small_disk import fill_disk, pages, small_disk
from tests.support.faults.survival import Prepared, fill, kill, prepare
from tests.support.faults.writers import (
    FILES,
    FOLDERS,
    Case,
    inputs,
    report_in_its_study,
    run_well,
    run_words,
)
from tests.support.output.without_figures import skip_figures


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return inputs(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="module")
def ready_for(given: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Prepared]:
    """Return a function that prepares a case, once for all tests."""
    return cache(lambda case: prepare(case, given, tmp_path_factory.mktemp("ready")))


def cases(group: tuple[Case, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", group, ids=lambda case: case.name)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    skip_figures(monkeypatch)


@pytest.mark.usefixtures("quick")
@cases(FOLDERS)
def test_a_folder_killed_in_the_swap_or_on_a_full_disk_loses_nothing(case, ready_for, tmp_path):
    """`tests/unit/io/test_result_folder.py` tests every step of the swap."""
    ready = ready_for(case)
    swap = "rename" if "rename" in ready.steps else "replace"  # a report adds one file
    between = max(number for number, step in enumerate(ready.steps) if step == swap)
    assert kill(ready, tmp_path / "kill", between) == 0
    assert fill(ready, tmp_path / "full", between // 2) == 0


@pytest.mark.usefixtures("quick")
@cases(FILES)
def test_a_file_killed_or_on_a_full_disk_loses_nothing(case, ready_for, tmp_path):
    """`tests/unit/io/test_atomic_file.py` tests every step of writing a file."""
    ready = ready_for(case)
    assert ready.steps.count("replace") == 1
    assert kill(ready, tmp_path / "kill", ready.steps.index("replace")) == 0
    assert fill(ready, tmp_path / "full", ready.steps.index("fsync")) == 0


@pytest.mark.usefixtures("quick")
@cases(tuple(case for case in FOLDERS if case.words is not report_in_its_study))
def test_a_second_run_into_the_same_place_is_refused(case, given, ready_for, tmp_path):
    """`make soak` starts rivals in separate processes, at random times."""
    ready = ready_for(case)
    place = ready.start(tmp_path / "both")
    rival = case.rival or case.before
    reported = []
    with at_step(tmp_path / "both", ready.steps.index("rename"),
                 lambda: reported.append(run_words(rival(given, place)))):  # fmt: skip
        run_well(case.words(given, place))
    code, message = reported[0]
    assert code == 2
    assert "another run" in message
    assert snapshot(tmp_path / "both") == ready.after


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("share", [0.2, 0.8])
def test_a_real_full_disk_loses_no_earlier_result(share, ready_for, tmp_path):
    """Compiled libraries write these formats and report a full disk in different ways."""
    every_format = next(case for case in FOLDERS if case.name == "simulate --out, every format")
    ready = ready_for(every_format)
    with small_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("no disk may be mounted here")
        assert fill_disk(ready, disk, int(share * pages(ready))) == (0, True)
