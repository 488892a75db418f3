"""The list of oracles is complete, and every test that it names exists."""

import json
import re
from pathlib import Path

HERE = Path(__file__).parents[1]
PAGE = (HERE / "trial_oracles.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (O\d+) \|.*\| ([^|]*) \|$", PAGE, re.MULTILINE))
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in HERE.rglob("test_*oracles.py"))

#: Oracles whose data may not be distributed.
UNCHECKED = {"O41"}


def test_every_oracle_has_a_row_and_a_test():
    assert list(ROWS) == [f"O{k}" for k in range(1, 53)]
    for oracle, named in ROWS.items():
        tests = re.findall(r"`(test_\w+)`", named)
        assert bool(tests) != (oracle in UNCHECKED), oracle
        for test in tests:
            assert f"def {test}(" in SOURCE, test


def test_every_test_of_an_oracle_is_in_the_list():
    written = set(re.findall(r"^def (test_o\d\w*)\(", SOURCE, re.MULTILINE))
    assert written == {test for row in ROWS.values() for test in re.findall(r"`(test_\w+)`", row)}


def test_every_entry_of_the_file_is_read_by_a_test():
    for entry in json.loads((HERE / "trial_oracles.json").read_text(encoding="utf-8")):
        assert f'"{entry["id"]}"' in SOURCE, entry["id"]
