"""A clinic's own regimen file must not change while a run reads it."""

import pytest

from pretese.io.input.regimen_files import regimen_files
from protocol.errors import InputError
from protocol.regimen.load import SHIPPED
from tests.support.paper import paper


def with_regimen(name):
    scenario = paper()
    arms = {arm: each.model_copy(update={"regimen": name}) for arm, each in scenario.arms.items()}
    return scenario.model_copy(update={"arms": arms})


def test_shipped_regimens_are_part_of_the_program():
    assert regimen_files(paper()).hashes == {}
    assert regimen_files(None).hashes == {}


def test_an_own_file_that_changes_is_refused_by_name(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text((SHIPPED / "fsh-guided.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    files = regimen_files(with_regimen(str(path)))
    files.check()
    path.write_text("months: 3", encoding="utf-8")
    with pytest.raises(InputError, match=r"own\.yaml: it changed during the run"):
        files.check()
    path.unlink()
    with pytest.raises(InputError, match=r"own\.yaml: it changed during the run"):
        files.check()
